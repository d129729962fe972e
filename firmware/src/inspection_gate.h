/* A gate controller without its board: the protocol of docs/gate-protocol.md, version 1, as a state machine.
 *
 * Time and the encoder's count are arguments, the line is bytes in and a buffer out, how the gate is to stand is one
 * question (`ig_way`). Nothing is allocated, nothing blocks, nothing is read from a clock. It does what
 * inspection/wire/controller.py does, and is held against it byte for byte (tests/firmware). Not for use from an
 * interrupt: note there what happened and when, and call from the loop.
 *
 *  - It diverts by default, and lets a part through only on a PASS for that part, taken before it is at the gate.
 *  - A divert is never taken back; PASSes are dropped when the station leaves, restarts or makes no progress.
 *  - The gate stays open for one part only, and closes before the next; where the encoder tracks parts it waits with a
 *    belt that stands, but only so long: a belt that stands and an encoder that died look the same.
 *  - Run permit and lights are the station's while its session lasts: without one the permit is off and red is on.
 *  - Each part gets one number, and its outcome is repeated until the station has it on record.
 */
#ifndef INSPECTION_GATE_H
#define INSPECTION_GATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "inspection_gate/framing.h"
#include "inspection_gate/messages.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The figures of the reference. */
#define IG_HEARTBEAT_US 100000u
#define IG_REPEAT_US 250000u
#define IG_LATE_US 10000u /* by time: a part that is looked at so long after it was due is diverted */
#define IG_BELT_CAPACITY 64u  /* parts between sensor and gate that may pass */
#define IG_OUTCOMES_KEPT 64u
#define IG_STALL_US 500000u /* what `stall_us` should be unless there is a reason */

/* Parts beyond IG_BELT_CAPACITY are diverted (untracked), and their outcome is told. The reference notes any number of
 * them; here the part that finds this many on the belt is counted and its TRIGGER told, and its outcome is not. */
#define IG_RIDING_CAPACITY 128u

/* What physically happens to a part now that it is at the gate. */
typedef struct {
    uint32_t epoch;
    uint32_t number;
    bool passes;
    uint8_t way; /* IG_PASS, IG_DIVERT, or IG_REVIEW where there is a review lane */
} ig_gone;

/* So far behind the gate: in microseconds, or in counts where parts are tracked by encoder. */
typedef struct {
    uint32_t us;
    uint32_t counts;
} ig_reach;

typedef struct {
    uint32_t boot;          /* a number that no other power-up had, not 0 */
    uint16_t capabilities;  /* bits IG_CAN_... */
    ig_reach opens;         /* how long the gate stays open for a part, as `ig_way` says; never longer than the smallest
                               gap. With neither, `ig_way` is always IG_DIVERT: `gone` moves the gate */
    ig_reach falls;         /* how long the eject sensor may take to see a part (`ig_ejected`); by encoder not more than
                               from sensor to gate. With neither it agrees at once (a simulator) */
    uint32_t stall_us;      /* by encoder, a gate that is open closes when the count got no further for so long; 0: never.
                               Only for a belt whose drive is proven to stand: where the encoder dies, all that comes
                               passes */
    uint8_t *output;        /* what is to be sent gathers here; a frame that does not fit is dropped and counted */
    size_t output_capacity; /* 2560 hold all that one call says after a long silence */
    void (*gone)(void *context, const ig_gone *part); /* called once a part, at the gate, in their order; or NULL */
    void *context;
} ig_config;

/* A part between sensor and gate; where there is a part sensor at the gate, until its window there is over. */
typedef struct {
    uint64_t due_us; /* unless it is tracked by encoder: */
    int32_t sensed_counts;
    uint32_t travel_counts; /* 0: by time */
    uint32_t window;        /* so much before and after the gate it may be seen there, in microseconds or counts */
    uint32_t opening;       /* so far behind the gate it stays as it was set for this part */
    uint32_t fall;          /* so far behind the gate the eject sensor may see it */
    uint32_t epoch;
    uint32_t number;
    uint32_t seq;
    uint8_t command; /* 0: none */
    uint8_t barred;  /* the reason why it will be diverted whatever is sent; 0: it is not */
    bool reported;   /* it passed the sensor while a station was there, who wants to know what becomes of it */
    uint8_t way;   /* once it is decided */
    bool is_decided;
    bool is_seen;
    bool awaits_sight; /* at the gate */
    bool awaits_fall;  /* into the bin */
} ig_riding;

/* An outcome that the station has not confirmed. */
typedef struct {
    uint64_t time_us; /* since power-up */
    uint64_t next_us;
    uint32_t epoch;
    uint32_t number;
    int32_t encoder;
    uint8_t result;
    uint8_t reason;
    uint8_t confirmation;
    bool was_commanded;
    bool awaits_sight;
    bool awaits_fall;
    bool awaits_closing; /* the gate is open for it, and may close on it yet */
} ig_kept;

/* One controller since its power-up. Its members are its own: use the functions. */
typedef struct {
    ig_config config;
    uint64_t start_us;
    uint32_t station;
    uint32_t epoch;
    uint32_t count;
    uint8_t session;
    uint8_t inputs;
    uint8_t outputs;
    uint32_t strangers;
    bool has_begun;
    bool knows_belt; /* what was on the belt at the first START has gone by */
    uint64_t begun_us;
    int32_t begun_counts;
    bool has_settings;
    ig_message settings; /* the last START that was taken */
    bool has_progress;
    uint32_t progress;
    uint64_t progress_us;
    bool has_sensed;
    uint64_t sensed_us; /* when the last part was at the sensor, and at which count */
    int32_t sensed_counts;
    int32_t encoder;
    uint32_t moves;        /* how often the count was found changed */
    uint32_t sensed_moves; /* the same when the last part was at the sensor */
    bool is_open;
    ig_riding open_for; /* a part with a PASS or a REVIEW that the gate stands for */
    int64_t furthest;      /* behind the gate that part has been, in counts */
    uint64_t furthest_us;  /* since then it got no further */
    uint64_t heartbeat_us;
    ig_riding riding[IG_RIDING_CAPACITY]; /* a ring */
    size_t first;
    size_t riding_count;
    ig_kept kept[IG_OUTCOMES_KEPT]; /* the oldest first */
    size_t kept_count;
    ig_decoder decoder;
    size_t output_size;
    uint32_t dropped_frames;
} ig_gate;

/* Call these with a clock (microseconds since any moment, 64 bits) that never goes back, and the encoder's count
 * (0 without one), which may wrap. */

void ig_init(ig_gate *gate, const ig_config *config, uint64_t now_us);

/* A part has passed the sensor, `age_us` ago (no longer ago than power-up) and at this count; its number. */
uint32_t ig_sense(ig_gate *gate, uint64_t now_us, uint32_t age_us, int32_t encoder);

/* Take bytes from the line. Garbage changes nothing. */
void ig_receive(ig_gate *gate, const uint8_t *data, size_t size, uint64_t now_us, int32_t encoder);

/* Let time pass: parts arrive at the gate, the watchdog looks, outcomes and heartbeats are repeated. */
void ig_tick(ig_gate *gate, uint64_t now_us, int32_t encoder);

/* Something was seen by the part sensor at the gate, `age_us` ago and at this count: the part that is due there, or a
 * stranger. Tell it before the `ig_tick` or `ig_receive` that lets this time pass. */
void ig_at_gate(ig_gate *gate, uint64_t now_us, uint32_t age_us, int32_t encoder);

/* The eject sensor saw something fall into the bin: the oldest diverted part that may still come there; if there is
 * none, one that should have passed. Tell it before the `ig_tick` or `ig_receive` that lets this time pass. */
void ig_ejected(ig_gate *gate, uint64_t now_us);

/* Bits IG_EMERGENCY_STOP … IG_AIR_LOW, as the next heartbeat tells them. */
void ig_set_inputs(ig_gate *gate, uint8_t inputs);

bool ig_in_session(const ig_gate *gate);

/* How the gate is to stand now: IG_PASS, IG_DIVERT, or IG_REVIEW where there is a review lane; ask after each call that
 * lets time pass. */
uint8_t ig_way(const ig_gate *gate);

/* Bits IG_RUN_PERMIT … IG_RED, to be driven now; ask after each call that lets time pass or takes bytes. */
uint8_t ig_outputs(const ig_gate *gate);

/* No part is between sensor and gate. */
bool ig_is_empty(const ig_gate *gate);

/* The first `size` bytes of the output buffer are on the line; at most `gate->output_size`. */
void ig_output_taken(ig_gate *gate, size_t size);

#ifdef __cplusplus
}
#endif

#endif
