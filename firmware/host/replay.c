#include "replay.h"

#include <string.h>

#include "inspection_gate.h"

#define OUTPUT_CAPACITY 65535u

typedef struct {
    const uint8_t *script;
    size_t size;
    size_t at;
    uint8_t *result;
    size_t capacity;
    size_t written;
    bool failed;
    ig_gate gate;
    uint64_t now_us;
    int32_t encoder;
    uint8_t output[OUTPUT_CAPACITY];
} player;

static const uint8_t *take_bytes(player *self, size_t size)
{
    if (size > self->size - self->at) {
        self->failed = true;
        self->at = self->size;
        return NULL;
    }
    self->at += size;
    return self->script + self->at - size;
}

static uint64_t take_number(player *self, size_t bytes)
{
    const uint8_t *data = take_bytes(self, bytes);
    uint64_t value = 0;
    for (size_t i = 0; data != NULL && i < bytes; i++) {
        value |= (uint64_t)data[i] << (8 * i);
    }
    return value;
}

static void put_bytes(player *self, const uint8_t *data, size_t size)
{
    if (size > self->capacity - self->written) {
        self->failed = true;
        return;
    }
    memcpy(self->result + self->written, data, size);
    self->written += size;
}

static void put_number(player *self, uint64_t value, size_t bytes)
{
    uint8_t data[8];
    for (size_t i = 0; i < bytes; i++) {
        data[i] = (uint8_t)(value >> (8 * i));
    }
    put_bytes(self, data, bytes);
}

static void note_gone(void *context, const ig_gone *part)
{
    player *self = context;
    put_number(self, 'G', 1);
    put_number(self, part->epoch, 4);
    put_number(self, part->number, 4);
    put_number(self, part->way, 1);
}

static void put_state(player *self)
{
    put_number(self, 'O', 1);
    put_number(self, self->gate.output_size, 4);
    put_bytes(self, self->output, self->gate.output_size);
    ig_output_taken(&self->gate, self->gate.output_size);
    put_number(self, 'Z', 1);
    put_number(self, self->gate.session, 1);
    put_number(self, self->gate.epoch, 4);
    put_number(self, self->gate.count, 4);
    put_number(self, ig_is_empty(&self->gate), 1);
    put_number(self, ig_outputs(&self->gate), 1);
    put_number(self, self->gate.strangers, 4);
    put_number(self, ig_way(&self->gate), 1);
}

static void power_up(player *self)
{
    ig_config config = {0};
    config.boot = (uint32_t)take_number(self, 4);
    config.capabilities = (uint16_t)take_number(self, 2);
    self->now_us = take_number(self, 8);
    config.opens.us = (uint32_t)take_number(self, 4);
    config.opens.counts = (uint32_t)take_number(self, 4);
    config.falls.us = (uint32_t)take_number(self, 4);
    config.falls.counts = (uint32_t)take_number(self, 4);
    config.stall_us = (uint32_t)take_number(self, 4);
    config.output = self->output;
    config.output_capacity = (size_t)take_number(self, 2);
    config.gone = note_gone;
    config.context = self;
    self->encoder = 0;
    ig_init(&self->gate, &config, self->now_us);
}

static void decode_alone(player *self)
{
    const size_t size = (size_t)take_number(self, 2);
    const uint8_t *data = take_bytes(self, size);
    ig_decoder decoder;
    ig_decoder_init(&decoder);
    put_number(self, 'D', 1);
    const size_t bad_at = self->written;
    put_number(self, 0, 2);
    for (size_t i = 0; data != NULL && i < size; i++) {
        const size_t payload_size = ig_decoder_take(&decoder, data[i]);
        if (payload_size == 0) {
            continue;
        }
        put_number(self, 'P', 1);
        put_number(self, payload_size, 1);
        put_bytes(self, decoder.pending, payload_size);
        ig_message message;
        const bool understood = ig_decode(decoder.pending, payload_size, &message);
        put_number(self, understood ? message.type : 0, 1);
        for (size_t field = 0; understood && field < ig_field_count(message.type); field++) {
            put_number(self, message.field[field], 8);
        }
    }
    if (!self->failed) {
        self->result[bad_at] = (uint8_t)decoder.bad_frames;
        self->result[bad_at + 1] = (uint8_t)(decoder.bad_frames >> 8);
    }
}

static void receive(player *self)
{
    const size_t size = (size_t)take_number(self, 2);
    const uint8_t *data = take_bytes(self, size);
    if (data != NULL) {
        ig_receive(&self->gate, data, size, self->now_us, self->encoder);
    }
}

/* False for what leaves the controller alone: it has nothing to say after that. */
static bool step(player *self, char what)
{
    switch (what) {
    case 'N':
        power_up(self);
        return true;
    case 'T':
        ig_tick(&self->gate, self->now_us, self->encoder);
        return true;
    case 'S':
        ig_sense(&self->gate, self->now_us, (uint32_t)take_number(self, 4), self->encoder);
        return true;
    case 'A':
        ig_at_gate(&self->gate, self->now_us, (uint32_t)take_number(self, 4), self->encoder);
        return true;
    case 'R':
        receive(self);
        return true;
    case 'F':
        ig_ejected(&self->gate, self->now_us);
        return true;
    case 'W':
        self->now_us += take_number(self, 4);
        return false;
    case 'E':
        self->encoder = (int32_t)((uint32_t)self->encoder + (uint32_t)take_number(self, 4));
        return false;
    case 'I':
        ig_set_inputs(&self->gate, (uint8_t)take_number(self, 1));
        return false;
    case 'D':
        decode_alone(self);
        return false;
    default:
        self->failed = true;
        return false;
    }
}

size_t ig_replay(const uint8_t *script, size_t size, uint8_t *result, size_t capacity)
{
    player self = {0};
    self.script = script;
    self.size = size;
    self.result = result;
    self.capacity = capacity;
    while (self.at < self.size && !self.failed) {
        const char what = (char)take_number(&self, 1);
        if (self.gate.config.gone == NULL && what != 'N' && what != 'D') {
            return SIZE_MAX; /* nothing is powered up yet */
        }
        if (step(&self, what)) {
            put_state(&self);
        }
    }
    return self.failed ? SIZE_MAX : self.written;
}
