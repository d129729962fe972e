#include "../inspection_gate.h"

#include <string.h>

static void arrive(ig_gate *gate, uint64_t until_us, uint64_t now_us);
static void close_if_over(ig_gate *gate, uint64_t now_us);
static void close_on_part(ig_gate *gate, uint64_t now_us);
static void close_if_the_count_leapt(ig_gate *gate, uint64_t now_us);

/* --- what is told ------------------------------------------------------------------------------------------ */

/* A whole frame or nothing: half a frame would cost the next one as well. */
static void send(ig_gate *gate, const ig_message *message)
{
    uint8_t payload[IG_PAYLOAD_MAX];
    uint8_t frame[IG_FRAME_MAX];
    const size_t size = ig_encode_frame(payload, ig_encode(message, payload), frame);
    if (size > gate->config.output_capacity - gate->output_size) {
        gate->dropped_frames++;
        return;
    }
    memcpy(gate->config.output + gate->output_size, frame, size);
    gate->output_size += size;
}

static void send_welcome(ig_gate *gate)
{
    send(gate, &(ig_message){IG_WELCOME,
                             {gate->config.boot, gate->epoch, gate->count, gate->station, gate->config.capabilities}});
}

static void send_started(ig_gate *gate)
{
    send(gate, &(ig_message){IG_STARTED, {gate->config.boot, gate->epoch}});
}

static void send_ack(ig_gate *gate, const ig_message *verdict, uint8_t status)
{
    const uint64_t *asked = verdict->field;
    send(gate, &(ig_message){IG_ACK,
                             {asked[IG_VERDICT_EPOCH], asked[IG_VERDICT_NUMBER], asked[IG_VERDICT_SEQ],
                              asked[IG_VERDICT_COMMAND], status}});
}

static void send_outcome(ig_gate *gate, const ig_kept *kept, uint64_t now_us)
{
    const uint64_t age_us = now_us - gate->start_us - kept->time_us;
    send(gate, &(ig_message){IG_OUTCOME,
                             {kept->epoch, kept->number, kept->result, kept->reason, kept->confirmation, kept->time_us,
                              age_us < UINT32_MAX ? age_us : UINT32_MAX, (uint64_t)(int64_t)kept->encoder}});
}

static void send_heartbeat(ig_gate *gate, uint64_t now_us)
{
    send(gate, &(ig_message){IG_HEARTBEAT,
                             {gate->config.boot, gate->epoch, gate->count, now_us - gate->start_us,
                              (uint64_t)(int64_t)gate->encoder, gate->inputs, gate->session, gate->outputs,
                              gate->strangers}});
}

/* --- the belt ---------------------------------------------------------------------------------------------- */

static ig_riding *riding_at(ig_gate *gate, size_t position)
{
    return &gate->riding[(gate->first + position) % IG_RIDING_CAPACITY];
}

/* The first reason stays. */
static void bar(ig_riding *part, uint8_t reason)
{
    if (part->barred == 0) {
        part->barred = reason;
    }
}

/* Whatever is on the belt will be diverted. */
static void bar_all(ig_gate *gate, uint8_t reason)
{
    for (size_t i = 0; i < gate->riding_count; i++) {
        bar(riding_at(gate, i), reason);
    }
}

/* Nothing on the belt passes any more; what comes is counted and diverted until another epoch begins. */
static void end_session(ig_gate *gate, uint8_t session, uint8_t reason)
{
    gate->session = session;
    gate->outputs = IG_SAFE;
    bar_all(gate, reason);
}

bool ig_in_session(const ig_gate *gate)
{
    return gate->session == IG_SESSION_RUNNING;
}

uint8_t ig_way(const ig_gate *gate)
{
    return gate->is_open ? gate->open_for.way : (uint8_t)IG_DIVERT;
}

uint8_t ig_outputs(const ig_gate *gate)
{
    return gate->outputs;
}

static bool can(const ig_gate *gate, unsigned capability)
{
    return (gate->config.capabilities & capability) != 0;
}

void ig_init(ig_gate *gate, const ig_config *config, uint64_t now_us)
{
    memset(gate, 0, sizeof *gate);
    gate->config = *config;
    gate->start_us = now_us;
    gate->heartbeat_us = now_us;
    gate->outputs = IG_SAFE;
    gate->sensed_moves = UINT32_MAX; /* none yet */
    ig_decoder_init(&gate->decoder);
}

void ig_set_inputs(ig_gate *gate, uint8_t inputs)
{
    gate->inputs = inputs;
}

void ig_output_taken(ig_gate *gate, size_t size)
{
    gate->output_size -= size;
    memmove(gate->config.output, gate->config.output + size, gate->output_size);
}

/* How far the belt has moved from one count to another, which may have wrapped in between. */
static int32_t travelled(int32_t from, int32_t to)
{
    return (int32_t)((uint32_t)to - (uint32_t)from);
}

/* How far behind the gate it is, in its own unit; below 0: before it. */
static int64_t behind_gate(const ig_riding *part, uint64_t at_us, int32_t encoder)
{
    if (part->travel_counts != 0) {
        return (int64_t)travelled(part->sensed_counts, encoder) - (int64_t)part->travel_counts;
    }
    return (int64_t)(at_us - part->due_us);
}

/* Whether a part at the sensor can be told apart from the one before it. */
static bool is_apart(const ig_gate *gate, uint64_t sensed_us, int32_t encoder)
{
    const uint64_t *settings = gate->settings.field;
    if (settings[IG_START_TRAVEL_COUNTS] != 0) {
        const int64_t counts = travelled(gate->sensed_counts, encoder);
        return (counts < 0 ? -counts : counts) >= (int64_t)settings[IG_START_MIN_GAP_COUNTS];
    }
    return (int64_t)(sensed_us - gate->sensed_us) >= (int64_t)settings[IG_START_MIN_GAP_US];
}

/* Both divert. */
static void bar_if_too_close(ig_gate *gate, ig_riding *part, uint64_t sensed_us, int32_t encoder)
{
    const bool stays = !gate->has_sensed || !gate->has_settings || is_apart(gate, sensed_us, encoder);
    if (gate->has_sensed && gate->has_settings && gate->settings.field[IG_START_TRAVEL_COUNTS] != 0) {
        /* On a belt that ran back a part may come to lie on another one than the last. */
        for (size_t i = 0; i < gate->riding_count; i++) {
            ig_riding *other = riding_at(gate, i);
            const int64_t counts = travelled(other->sensed_counts, encoder);
            if (!other->is_decided && (counts < 0 ? -counts : counts) < (int64_t)gate->settings.field[IG_START_MIN_GAP_COUNTS]) {
                bar(part, IG_TOO_CLOSE);
                bar(other, IG_TOO_CLOSE);
            }
        }
    }
    gate->has_sensed = true;
    gate->sensed_us = sensed_us;
    gate->sensed_counts = encoder;
    if (stays) {
        return;
    }
    bar(part, IG_TOO_CLOSE);
    if (gate->riding_count > 0) {
        bar(riding_at(gate, gate->riding_count - 1), IG_TOO_CLOSE);
    }
}

/* In the unit by which parts are tracked. */
static uint32_t smallest_gap(const ig_gate *gate)
{
    const uint64_t *settings = gate->settings.field;
    const bool by_encoder = settings[IG_START_TRAVEL_COUNTS] != 0;
    return (uint32_t)settings[by_encoder ? IG_START_MIN_GAP_COUNTS : IG_START_MIN_GAP_US];
}

/* Whether all that was on the belt at the first START, counted or not, has gone by the gate. */
static void learn_belt(ig_gate *gate, uint64_t now_us, int32_t encoder)
{
    if (gate->knows_belt || !gate->has_settings || !gate->has_begun) {
        return;
    }
    const uint64_t *settings = gate->settings.field;
    if (settings[IG_START_TRAVEL_COUNTS] != 0) {
        const int64_t way = travelled(gate->begun_counts, encoder);
        gate->knows_belt = way > (int64_t)(settings[IG_START_TRAVEL_COUNTS] + smallest_gap(gate) / 2);
    } else {
        const int64_t since_us = (int64_t)(now_us - gate->begun_us);
        gate->knows_belt = since_us > (int64_t)(settings[IG_START_TRAVEL_US] + smallest_gap(gate) / 2);
    }
}

static uint32_t smaller(uint32_t one, uint32_t other)
{
    return one < other ? one : other;
}

static bool is_reach(ig_reach reach)
{
    return reach.us != 0 || reach.counts != 0;
}

static ig_riding riding_of(const ig_gate *gate, uint64_t sensed_us, int32_t encoder)
{
    ig_riding part = {0};
    uint32_t gap = 0;
    part.due_us = sensed_us;
    part.sensed_counts = encoder;
    if (gate->has_settings) {
        part.due_us += gate->settings.field[IG_START_TRAVEL_US];
        part.travel_counts = (uint32_t)gate->settings.field[IG_START_TRAVEL_COUNTS];
        gap = smallest_gap(gate);
    }
    const bool by_encoder = part.travel_counts != 0;
    const uint32_t opening = by_encoder ? gate->config.opens.counts : gate->config.opens.us;
    part.window = gap / 2;
    part.opening = gap != 0 ? smaller(opening, gap) : opening;
    part.fall = by_encoder ? smaller(gate->config.falls.counts, part.travel_counts) : gate->config.falls.us;
    part.epoch = gate->epoch;
    part.number = gate->count;
    part.reported = ig_in_session(gate);
    part.way = IG_DIVERT;
    part.awaits_sight = can(gate, IG_CAN_SEE_AT_GATE);
    part.awaits_fall = can(gate, IG_CAN_CONFIRM) && is_reach(gate->config.falls);
    return part;
}

/* A second part without a count between them: the belt runs and the encoder is dead. How far anything has come by the
 * time it counts on, nobody knows. The first is no proof: where parts come at even distances one may be at the sensor,
 * again and again, in the count that brought another to the gate. */
static void doubt_if_the_count_stands(ig_gate *gate, uint64_t now_us)
{
    const bool stands = gate->moves == gate->sensed_moves;
    gate->sensed_moves = gate->moves;
    if (!stands) {
        return;
    }
    if (gate->has_settings && gate->settings.field[IG_START_TRAVEL_COUNTS] != 0) {
        bar_all(gate, IG_UNTRACKED);
    }
    if (gate->is_open && gate->open_for.travel_counts != 0) {
        close_on_part(gate, now_us);
    }
}

uint32_t ig_sense(ig_gate *gate, uint64_t now_us, uint32_t age_us, int32_t encoder)
{
    ig_tick(gate, now_us, encoder);
    if (age_us > now_us - gate->start_us) {
        age_us = (uint32_t)(now_us - gate->start_us);
    }
    gate->count++;
    const uint64_t sensed_us = now_us - age_us;
    ig_riding part = riding_of(gate, sensed_us, encoder);
    if (!ig_in_session(gate)) {
        part.barred = IG_SESSION_ENDED;
    } else if (gate->riding_count >= IG_BELT_CAPACITY) {
        part.barred = IG_UNTRACKED;
    }
    bar_if_too_close(gate, &part, sensed_us, encoder);
    if (gate->riding_count < IG_RIDING_CAPACITY) {
        *riding_at(gate, gate->riding_count++) = part;
    }
    doubt_if_the_count_stands(gate, now_us);
    if (ig_in_session(gate)) {
        send(gate, &(ig_message){IG_TRIGGER,
                                 {part.epoch, part.number, sensed_us - gate->start_us, age_us,
                                  (uint64_t)(int64_t)encoder}});
    }
    return part.number;
}

void ig_tick(ig_gate *gate, uint64_t now_us, int32_t encoder)
{
    /* In the order in which it happens: what reaches the gate before the watchdog bites goes by its command. When the
     * encoder reached its count nobody knows: such a part is at the gate now, after the watchdog. */
    if (ig_in_session(gate)) {
        const uint64_t watchdog_us = gate->progress_us + gate->settings.field[IG_START_WATCHDOG_MS] * 1000u;
        if (watchdog_us <= now_us) {
            arrive(gate, watchdog_us, now_us);
            end_session(gate, IG_SESSION_WATCHDOG, IG_WATCHDOG);
        }
    }
    gate->moves += encoder != gate->encoder;
    gate->encoder = encoder;
    close_if_the_count_leapt(gate, now_us);
    learn_belt(gate, now_us, encoder);
    arrive(gate, now_us, now_us);
    close_if_over(gate, now_us);
    for (size_t i = 0; i < gate->kept_count; i++) {
        ig_kept *kept = &gate->kept[i];
        if (kept->next_us <= now_us && !kept->awaits_sight && !kept->awaits_fall && !kept->awaits_closing) {
            kept->next_us = now_us + IG_REPEAT_US;
            send_outcome(gate, kept, now_us);
        }
    }
    if (gate->heartbeat_us <= now_us) {
        gate->heartbeat_us = now_us + IG_HEARTBEAT_US;
        send_heartbeat(gate, now_us);
    }
}

/* --- outcomes ---------------------------------------------------------------------------------------------- */

static void forget_kept(ig_gate *gate, size_t position)
{
    gate->kept_count--;
    memmove(&gate->kept[position], &gate->kept[position + 1],
            (gate->kept_count - position) * sizeof *gate->kept);
}

/* A part that no command was taken for is diverted, and the station knows it without being told. */
static size_t least_needed(const ig_gate *gate)
{
    for (size_t i = 0; i < gate->kept_count; i++) {
        if (!gate->kept[i].was_commanded) {
            return i;
        }
    }
    return 0;
}

static void keep(ig_gate *gate, const ig_riding *part, uint64_t at_us)
{
    const bool passes = part->way == IG_PASS;
    const bool agrees = passes || !part->awaits_fall; /* if nothing is seen to fall */
    ig_kept kept = {0};
    kept.time_us = at_us - gate->start_us;
    kept.next_us = at_us;
    kept.epoch = part->epoch;
    kept.number = part->number;
    kept.encoder = gate->encoder;
    kept.result = passes ? IG_PASSED : IG_DIVERTED;
    kept.reason = part->barred != 0 ? part->barred : part->command == 0 ? IG_NO_COMMAND : IG_COMMANDED;
    kept.confirmation = !can(gate, IG_CAN_CONFIRM) ? IG_NO_SENSOR : agrees ? IG_AGREES : IG_DISAGREES;
    kept.was_commanded = part->command != 0;
    kept.awaits_sight = part->awaits_sight && !part->is_seen;
    kept.awaits_fall = part->awaits_fall;
    kept.awaits_closing = gate->is_open && part->travel_counts != 0; /* just now, for this part */
    if (gate->kept_count == IG_OUTCOMES_KEPT) {
        forget_kept(gate, least_needed(gate));
    }
    gate->kept[gate->kept_count++] = kept;
}

/* It is no longer on the belt; those behind it close up. */
static void take_off(ig_gate *gate, size_t position)
{
    for (size_t i = position; i > 0; i--) {
        *riding_at(gate, i) = *riding_at(gate, i - 1);
    }
    gate->first = (gate->first + 1) % IG_RIDING_CAPACITY;
    gate->riding_count--;
}

/* The outcome of the part that the gate is open for waited for it to close. Where it closed on the part nothing else is
 * waited for: with a dead encoder that would be for ever. What is known by then and is worse stays: that it was not seen,
 * or that something fell into the bin while the gate was to let it through. */
static void release_closing(ig_gate *gate, uint64_t now_us, bool on_part)
{
    for (size_t i = 0; i < gate->kept_count; i++) {
        ig_kept *kept = &gate->kept[i];
        if (!kept->awaits_closing || kept->epoch != gate->open_for.epoch || kept->number != gate->open_for.number) {
            continue;
        }
        kept->awaits_closing = false;
        kept->next_us = now_us;
        if (on_part) {
            kept->awaits_sight = false;
            kept->awaits_fall = false;
            kept->reason = kept->reason == IG_NOT_SEEN ? IG_NOT_SEEN : IG_CLOSED_ON;
            if (kept->result != IG_PASSED || kept->confirmation != IG_DISAGREES) {
                kept->confirmation = IG_NO_SENSOR;
            }
            kept->result = IG_DIVERTED;
        }
    }
}

/* The part that the gate is open for did not get through. It counts as one that is diverted from now on, so that what
 * falls into the bin is rather taken for it than for a later part. */
static void close_on_part(ig_gate *gate, uint64_t now_us)
{
    gate->is_open = false;
    for (size_t i = 0; i < gate->riding_count; i++) {
        ig_riding *part = riding_at(gate, i);
        if (part->is_decided && part->epoch == gate->open_for.epoch && part->number == gate->open_for.number) {
            part->way = IG_DIVERT;
        }
    }
    release_closing(gate, now_us, true);
}

/* The part is at the gate: this is decided once. */
static void go(ig_gate *gate, ig_riding *part, uint64_t at_gate_us, uint64_t now_us)
{
    const bool is_driven = is_reach(gate->config.opens);
    uint8_t way = part->command == 0 || part->barred != 0 ? (uint8_t)IG_DIVERT : part->command;
    if (way == IG_REVIEW && !can(gate, IG_CAN_REVIEW)) {
        way = IG_DIVERT;
    }
    if (way != IG_DIVERT && is_driven && behind_gate(part, now_us, gate->encoder) >= (int64_t)part->opening) {
        way = IG_DIVERT; /* it has gone by: the gate would open for the next */
        part->barred = IG_UNTRACKED;
    }
    if (gate->is_open) {
        release_closing(gate, now_us, false);
    }
    part->way = way;
    gate->is_open = is_driven && way != IG_DIVERT;
    if (gate->is_open) {
        gate->open_for = *part;
        gate->furthest = behind_gate(part, now_us, gate->encoder);
        gate->furthest_us = now_us;
    }
    const ig_gone gone = {part->epoch, part->number, way == IG_PASS, way};
    if (gate->config.gone != NULL) {
        gate->config.gone(gate->config.context, &gone);
    }
    if (part->reported) {
        keep(gate, part, at_gate_us);
    }
}

/* The count leapt past the gate, or fell: another part may be there by now. */
static bool is_lost(const ig_gate *gate, int64_t behind, int64_t travel_counts)
{
    const int64_t slack = gate->has_settings ? (int64_t)gate->settings.field[IG_START_MIN_GAP_COUNTS] : 0;
    return behind > slack || behind < -2 * travel_counts;
}

/* By encoder: over the end of the gap, further than a jerk, in one look. The part may be in the gate still, or others
 * behind it. To be asked before the next one comes and takes the gate over. */
static void close_if_the_count_leapt(ig_gate *gate, uint64_t now_us)
{
    const ig_riding *part = &gate->open_for;
    if (!gate->is_open || part->travel_counts == 0) {
        return;
    }
    const int64_t behind = behind_gate(part, now_us, gate->encoder);
    const int64_t leap = behind - gate->furthest;
    if (is_lost(gate, behind, (int64_t)part->travel_counts) && (leap < 0 ? -leap : leap) > (int64_t)part->window) {
        close_on_part(gate, now_us);
    }
}

/* The outcome of this part waited for the sensor at the gate. `reason`: a new one, or 0. */
static void release_sight(ig_gate *gate, const ig_riding *part, uint64_t now_us, uint8_t reason)
{
    for (size_t i = 0; i < gate->kept_count; i++) {
        ig_kept *kept = &gate->kept[i];
        if (kept->awaits_sight && kept->epoch == part->epoch && kept->number == part->number) {
            kept->awaits_sight = false;
            kept->next_us = now_us;
            kept->reason = reason != 0 ? reason : kept->reason;
        }
    }
}

/* The outcome of this part waited for the eject sensor. `confirmation`: a new one, or IG_NO_SENSOR. */
static void release_fall(ig_gate *gate, const ig_riding *part, uint64_t now_us, uint8_t confirmation)
{
    for (size_t i = 0; i < gate->kept_count; i++) {
        ig_kept *kept = &gate->kept[i];
        if (kept->awaits_fall && kept->epoch == part->epoch && kept->number == part->number) {
            kept->awaits_fall = false;
            kept->next_us = now_us;
            kept->confirmation = confirmation != IG_NO_SENSOR ? confirmation : kept->confirmation;
        }
    }
}

static bool is_late(const ig_gate *gate, const ig_riding *part, uint64_t now_us)
{
    uint64_t late_us = IG_LATE_US;
    if (gate->has_settings && gate->settings.field[IG_START_MIN_GAP_US] > late_us) {
        late_us = gate->settings.field[IG_START_MIN_GAP_US];
    }
    return now_us > part->due_us && now_us - part->due_us > late_us;
}

/* Give up what did not come in its time; false: nothing more is expected of the part. */
static bool watch_behind_gate(ig_gate *gate, ig_riding *part, int64_t behind, uint64_t now_us)
{
    if (part->awaits_sight && behind > (int64_t)part->window) {
        part->awaits_sight = false;
        if (!part->is_seen) {
            release_sight(gate, part, now_us, IG_NOT_SEEN);
        }
    }
    if (part->awaits_fall && behind > (int64_t)part->fall) {
        part->awaits_fall = false;
        release_fall(gate, part, now_us, IG_NO_SENSOR);
    }
    return part->awaits_sight || part->awaits_fall;
}

/* By encoder it closes too when the belt runs back by more than a jerk: what is there then, nobody knows; and when it
 * gets no further for too long. An encoder with one dead wire counts back and forth for ever. */
static void close_if_over(ig_gate *gate, uint64_t now_us)
{
    const ig_riding *part = &gate->open_for;
    const int64_t behind = behind_gate(part, now_us, gate->encoder);
    if (!gate->is_open) {
        return;
    }
    if (behind >= (int64_t)part->opening) {
        release_closing(gate, now_us, false);
        gate->is_open = false;
    } else if (part->travel_counts == 0) {
        return;
    } else if (behind > gate->furthest) {
        gate->furthest = behind;
        gate->furthest_us = now_us;
    } else if (behind < -(int64_t)part->window ||
               (gate->config.stall_us != 0 && now_us - gate->furthest_us >= gate->config.stall_us)) {
        close_on_part(gate, now_us);
    }
}

/* Let the parts go past the gate that the encoder has brought there, or that are due by then. */
static void arrive(ig_gate *gate, uint64_t until_us, uint64_t now_us)
{
    bool one_waits = false;
    size_t position = 0;
    while (position < gate->riding_count) {
        ig_riding *part = riding_at(gate, position);
        const bool by_encoder = part->travel_counts != 0;
        const int64_t behind = behind_gate(part, until_us, gate->encoder);
        bool is_there = behind >= 0;
        if (by_encoder) {
            if (is_lost(gate, behind, (int64_t)part->travel_counts)) {
                bar(part, IG_UNTRACKED);
            }
        } else { /* by time, in the order in which they came */
            is_there = !one_waits && is_there;
            one_waits = !is_there;
            if (is_there && is_late(gate, part, now_us)) {
                bar(part, IG_UNTRACKED); /* the gate would act on what comes behind it */
            }
        }
        if (is_there && !part->is_decided) {
            part->is_decided = true;
            go(gate, part, by_encoder ? until_us : part->due_us, now_us);
        }
        if (part->is_decided && !watch_behind_gate(gate, part, behind, now_us)) {
            take_off(gate, position);
        } else {
            position++;
        }
    }
}

bool ig_is_empty(const ig_gate *gate)
{
    for (size_t i = 0; i < gate->riding_count; i++) {
        if (!gate->riding[(gate->first + i) % IG_RIDING_CAPACITY].is_decided) {
            return false;
        }
    }
    return true;
}

/* Whether what is seen at the gate may be this part. */
static bool is_due(const ig_riding *part, uint64_t seen_us, int32_t encoder)
{
    const int64_t off = behind_gate(part, seen_us, encoder);
    return (off < 0 ? -off : off) <= (int64_t)part->window;
}

void ig_at_gate(ig_gate *gate, uint64_t now_us, uint32_t age_us, int32_t encoder)
{
    if (!can(gate, IG_CAN_SEE_AT_GATE)) {
        return;
    }
    if (age_us > now_us - gate->start_us) {
        age_us = (uint32_t)(now_us - gate->start_us);
    }
    const uint64_t seen_us = now_us - age_us;
    learn_belt(gate, seen_us, encoder);
    bool is_again = false; /* in the window of one that was seen it is that one again */
    for (size_t i = 0; i < gate->riding_count; i++) {
        ig_riding *part = riding_at(gate, i);
        if (!is_due(part, seen_us, encoder)) {
            continue;
        }
        if (part->is_seen) {
            is_again = true;
            continue;
        }
        part->is_seen = true;
        if (part->is_decided) {
            release_sight(gate, part, now_us, 0);
        }
        return;
    }
    if (!is_again && gate->knows_belt && gate->strangers < UINT32_MAX) {
        gate->strangers++;
    }
}

void ig_ejected(ig_gate *gate, uint64_t now_us)
{
    ig_riding *fell = NULL;
    for (size_t i = 0; i < gate->riding_count; i++) {
        ig_riding *part = riding_at(gate, i);
        if (!part->is_decided || !part->awaits_fall) {
            continue;
        }
        if (part->way != IG_PASS) {
            fell = part;
            break;
        }
        fell = fell != NULL ? fell : part;
    }
    if (fell != NULL) {
        fell->awaits_fall = false;
        release_fall(gate, fell, now_us, fell->way != IG_PASS ? IG_AGREES : IG_DISAGREES);
    }
}

/* --- the line ---------------------------------------------------------------------------------------------- */

/* What another station's parts became is of no use to this one, whose numbers may be the same. */
static void forget_unless_of(ig_gate *gate, uint64_t station)
{
    if (station != gate->station) {
        gate->kept_count = 0;
        for (size_t i = 0; i < gate->riding_count; i++) {
            riding_at(gate, i)->reported = false;
        }
    }
}

static void greet(ig_gate *gate, const ig_message *hello)
{
    end_session(gate, IG_SESSION_NONE, IG_SESSION_ENDED);
    forget_unless_of(gate, hello->field[IG_HELLO_STATION]);
    send_welcome(gate);
}

static void begin(ig_gate *gate, const ig_message *start, uint64_t now_us)
{
    const size_t bytes = ig_field_count(IG_START) * sizeof *start->field;
    if (gate->has_settings && ig_in_session(gate) && memcmp(start->field, gate->settings.field, bytes) == 0) {
        send_started(gate); /* it asked again: the answer was lost */
        return;
    }
    const uint64_t *asked = start->field;
    if (asked[IG_START_BOOT] != gate->config.boot || asked[IG_START_FROM_EPOCH] != gate->epoch ||
        asked[IG_START_FROM_COUNT] != gate->count || asked[IG_START_EPOCH] == gate->epoch) {
        send_welcome(gate); /* it stands elsewhere */
        return;
    }
    bar_all(gate, IG_SESSION_ENDED);
    forget_unless_of(gate, asked[IG_START_STATION]);
    gate->settings = *start;
    gate->has_settings = true;
    gate->station = (uint32_t)asked[IG_START_STATION];
    gate->epoch = (uint32_t)asked[IG_START_EPOCH];
    gate->count = 0;
    gate->session = IG_SESSION_RUNNING;
    gate->has_progress = false;
    gate->progress_us = now_us;
    gate->outputs = IG_SAFE;
    if (!gate->knows_belt) {
        gate->has_begun = true;
        gate->begun_us = now_us;
        gate->begun_counts = gate->encoder;
    }
    send_started(gate);
}

static ig_riding *find_riding(ig_gate *gate, uint64_t epoch, uint64_t number)
{
    for (size_t i = 0; i < gate->riding_count; i++) {
        ig_riding *part = riding_at(gate, i);
        if (part->epoch == epoch && part->number == number) {
            return part;
        }
    }
    return NULL;
}

static uint8_t take_verdict(ig_gate *gate, const uint64_t *asked)
{
    const uint8_t command = (uint8_t)asked[IG_VERDICT_COMMAND];
    const uint32_t seq = (uint32_t)asked[IG_VERDICT_SEQ];
    if (!ig_in_session(gate) || asked[IG_VERDICT_EPOCH] != gate->epoch) {
        return IG_NO_SESSION;
    }
    if (asked[IG_VERDICT_NUMBER] == 0 || asked[IG_VERDICT_NUMBER] > gate->count) {
        return IG_UNKNOWN_PART;
    }
    ig_riding *part = find_riding(gate, asked[IG_VERDICT_EPOCH], asked[IG_VERDICT_NUMBER]);
    if (part == NULL || part->is_decided) {
        return IG_LATE;
    }
    if (command != IG_DIVERT && (part->barred != 0 || part->command == IG_DIVERT)) {
        return IG_BARRED;
    }
    if (command == IG_PASS && (part->command == IG_REVIEW || seq < part->seq)) {
        return IG_BARRED;
    }
    part->command = command;
    part->seq = seq;
    return IG_ACCEPTED;
}

static void take_beat(ig_gate *gate, const uint64_t *beat, uint64_t now_us)
{
    const uint32_t progress = (uint32_t)beat[IG_BEAT_PROGRESS];
    if (!ig_in_session(gate) || beat[IG_BEAT_EPOCH] != gate->epoch) {
        return;
    }
    gate->outputs = (uint8_t)beat[IG_BEAT_OUTPUTS];
    if (gate->has_progress && progress == gate->progress) {
        return;
    }
    gate->has_progress = true;
    gate->progress = progress;
    gate->progress_us = now_us;
}

static void forget_outcome(ig_gate *gate, const uint64_t *part)
{
    for (size_t i = gate->kept_count; i-- > 0;) {
        if (gate->kept[i].epoch == part[IG_CONFIRM_EPOCH] && gate->kept[i].number == part[IG_CONFIRM_NUMBER]) {
            forget_kept(gate, i);
        }
    }
}

static void take(ig_gate *gate, const ig_message *message, uint64_t now_us)
{
    switch (message->type) {
    case IG_HELLO:
        greet(gate, message);
        break;
    case IG_START:
        begin(gate, message, now_us);
        break;
    case IG_VERDICT:
        send_ack(gate, message, take_verdict(gate, message->field));
        break;
    case IG_BEAT:
        take_beat(gate, message->field, now_us);
        break;
    case IG_CONFIRM:
        forget_outcome(gate, message->field);
        break;
    case IG_STOP:
        if (message->field[IG_STOP_EPOCH] == gate->epoch) {
            end_session(gate, IG_SESSION_NONE, IG_SESSION_ENDED);
        }
        break;
    default:
        break; /* another direction: nothing to act on */
    }
}

void ig_receive(ig_gate *gate, const uint8_t *data, size_t size, uint64_t now_us, int32_t encoder)
{
    ig_tick(gate, now_us, encoder);
    for (size_t i = 0; i < size; i++) {
        const size_t payload_size = ig_decoder_take(&gate->decoder, data[i]);
        ig_message message;
        if (payload_size > 0 && ig_decode(gate->decoder.pending, payload_size, &message)) {
            take(gate, &message, now_us);
        }
    }
}
