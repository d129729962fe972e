/* The messages between station and gate controller: messages in, payloads out.
 *
 *     payload: version u8 | type u8 | fields, little-endian, without padding
 */
#ifndef INSPECTION_GATE_MESSAGES_H
#define INSPECTION_GATE_MESSAGES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "framing.h"

#ifdef __cplusplus
extern "C" {
#endif

#define IG_VERSION 1u

/* Types below 0x80 go to the controller, the others to the station. */
enum {
    IG_HELLO = 0x01,
    IG_START = 0x02,
    IG_VERDICT = 0x03,
    IG_BEAT = 0x04,
    IG_CONFIRM = 0x05,
    IG_STOP = 0x06,
    IG_WELCOME = 0x81,
    IG_STARTED = 0x82,
    IG_TRIGGER = 0x83,
    IG_ACK = 0x84,
    IG_OUTCOME = 0x85,
    IG_HEARTBEAT = 0x86
};

enum { IG_PASS = 1, IG_DIVERT = 2, IG_REVIEW = 3 };                                   /* command */
enum { IG_ACCEPTED = 0, IG_LATE, IG_UNKNOWN_PART, IG_BARRED, IG_NO_SESSION };         /* status */
enum { IG_PASSED = 1, IG_DIVERTED = 2 };                                              /* result */
enum {
    IG_COMMANDED = 0,
    IG_NO_COMMAND,
    IG_TOO_CLOSE,
    IG_WATCHDOG,
    IG_SESSION_ENDED,
    IG_UNTRACKED,
    IG_NOT_SEEN,
    IG_CLOSED_ON
}; /* reason */
enum { IG_NO_SENSOR = 0, IG_AGREES, IG_DISAGREES };                                   /* confirmation */
enum { IG_SESSION_NONE = 0, IG_SESSION_RUNNING, IG_SESSION_WATCHDOG };                /* session */

/* Bits of the capabilities. */
enum {
    IG_CAN_CONFIRM = 1,            /* it has an eject sensor */
    IG_CAN_SEE_AT_GATE = 2,        /* and a part sensor at the gate */
    IG_CAN_PERMIT = 4,             /* an output without which the line stands */
    IG_CAN_LIGHT = 8,              /* a stack light */
    IG_CAN_REVIEW = 16,            /* a lane of its own for REVIEW */
    IG_CAN_PERMIT_IN_HARDWARE = 32 /* the permit falls by itself when the controller dies or resets */
};

/* Bits of the outputs. */
enum { IG_RUN_PERMIT = 1, IG_GREEN = 2, IG_AMBER = 4, IG_RED = 8 };

#define IG_SAFE IG_RED /* what is driven without a session */

/* Bits of the inputs. */
enum { IG_EMERGENCY_STOP = 1, IG_GUARD_OPEN = 2, IG_BIN_FULL = 4, IG_AIR_LOW = 8 };

/* Where the fields of a message lie. */
enum { IG_HELLO_STATION };
enum {
    IG_START_EPOCH,
    IG_START_STATION,
    IG_START_BOOT,
    IG_START_FROM_EPOCH,
    IG_START_FROM_COUNT,
    IG_START_TRAVEL_US,
    IG_START_TRAVEL_COUNTS,
    IG_START_WATCHDOG_MS,
    IG_START_MIN_GAP_US,
    IG_START_MIN_GAP_COUNTS
};
enum { IG_VERDICT_EPOCH, IG_VERDICT_NUMBER, IG_VERDICT_SEQ, IG_VERDICT_COMMAND };
enum { IG_BEAT_EPOCH, IG_BEAT_PROGRESS, IG_BEAT_OUTPUTS };
enum { IG_CONFIRM_EPOCH, IG_CONFIRM_NUMBER };
enum { IG_STOP_EPOCH };

#define IG_FIELDS_MAX 10u

/* One message of any type: its fields in the order of the protocol's document. A signed field is sign-extended. */
typedef struct {
    uint8_t type;
    uint64_t field[IG_FIELDS_MAX];
} ig_message;

/* How many fields a type has, 0 for an unknown one. */
size_t ig_field_count(uint8_t type);

/* The payload's size, 0 for an unknown type or a field that is outside its range. */
size_t ig_encode(const ig_message *message, uint8_t payload[IG_PAYLOAD_MAX]);

/* False for another version, an unknown type, a wrong length or a value without a name; `message` is then undefined. */
bool ig_decode(const uint8_t *payload, size_t size, ig_message *message);

#ifdef __cplusplus
}
#endif

#endif
