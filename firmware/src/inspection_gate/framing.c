#include "framing.h"

#include <string.h>

/* Polynomial 0x04C11DB7 reflected, four bits at a time: 64 bytes instead of 1024. */
static const uint32_t crc_of_nibble[16] = {
    0x00000000u, 0x1DB71064u, 0x3B6E20C8u, 0x26D930ACu, 0x76DC4190u, 0x6B6B51F4u, 0x4DB26158u, 0x5005713Cu,
    0xEDB88320u, 0xF00F9344u, 0xD6D6A3E8u, 0xCB61B38Cu, 0x9B64C2B0u, 0x86D3D2D4u, 0xA00AE278u, 0xBDBDF21Cu,
};

uint32_t ig_crc32(const uint8_t *data, size_t size)
{
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 0; i < size; i++) {
        crc ^= data[i];
        crc = (crc >> 4) ^ crc_of_nibble[crc & 15u];
        crc = (crc >> 4) ^ crc_of_nibble[crc & 15u];
    }
    return crc ^ 0xFFFFFFFFu;
}

void ig_decoder_init(ig_decoder *decoder)
{
    memset(decoder, 0, sizeof *decoder);
}

/* COBS undone in place; the size of what was stuffed, 0 if it was stuffed badly. */
static size_t unstuff(uint8_t *data, size_t size)
{
    size_t at = 0;
    size_t out = 0;
    while (at < size) {
        const size_t code = data[at]; /* never 0: a zero ends a frame */
        if (at + code > size) {
            return 0;
        }
        if (at > 0) {
            data[out++] = 0;
        }
        memmove(data + out, data + at + 1, code - 1);
        out += code - 1;
        at += code;
    }
    return out;
}

static uint32_t little_endian(const uint8_t *data)
{
    return (uint32_t)data[0] | (uint32_t)data[1] << 8 | (uint32_t)data[2] << 16 | (uint32_t)data[3] << 24;
}

/* The frame has ended: the size of its payload, 0 if there is none. */
static size_t finish(ig_decoder *decoder)
{
    const size_t stuffed = decoder->size;
    const bool too_long = decoder->too_long;
    decoder->too_long = false;
    decoder->spent = true;
    if (stuffed == 0 && !too_long) {
        return 0; /* the zero that ends one frame and the zero that begins the next */
    }
    const size_t size = too_long ? 0 : unstuff(decoder->pending, stuffed);
    if (size > IG_CRC_BYTES) {
        const size_t payload = size - IG_CRC_BYTES;
        if (ig_crc32(decoder->pending, payload) == little_endian(decoder->pending + payload)) {
            return payload;
        }
    }
    decoder->bad_frames++;
    return 0;
}

size_t ig_decoder_take(ig_decoder *decoder, uint8_t byte)
{
    if (decoder->spent) {
        decoder->spent = false;
        decoder->size = 0;
    }
    if (byte == 0) {
        return finish(decoder);
    }
    if (decoder->size == IG_STUFFED_MAX) {
        decoder->too_long = true;
    } else {
        decoder->pending[decoder->size++] = byte;
    }
    return 0;
}

size_t ig_encode_frame(const uint8_t *payload, size_t size, uint8_t frame[IG_FRAME_MAX])
{
    if (size == 0 || size > IG_PAYLOAD_MAX) {
        return 0;
    }
    const uint32_t crc = ig_crc32(payload, size);
    size_t code_at = 1; /* where the distance to the next zero is to be written */
    size_t at = 2;
    uint8_t code = 1;
    frame[0] = 0;
    for (size_t i = 0; i < size + IG_CRC_BYTES; i++) {
        const uint8_t byte = (uint8_t)(i < size ? payload[i] : crc >> (8 * (i - size)));
        if (byte == 0) {
            frame[code_at] = code;
            code_at = at++;
            code = 1;
        } else {
            frame[at++] = byte;
            code++;
        }
    }
    frame[code_at] = code;
    frame[at++] = 0;
    return at;
}
