#include "messages.h"

/* A letter a field. 1 2 4 8: unsigned, of so many bytes; i: signed, of 4; the others have names for their values:
 * c command, s status, r result, w reason (why), f confirmation, n session, o outputs. */
typedef struct {
    uint8_t type;
    const char *fields;
} layout;

static const layout layouts[] = {
    {IG_HELLO, "4"},        {IG_START, "4444444244"}, {IG_VERDICT, "444c"},   {IG_BEAT, "44o"},
    {IG_CONFIRM, "44"},     {IG_STOP, "4"},          {IG_WELCOME, "44442"},  {IG_STARTED, "44"},
    {IG_TRIGGER, "4484i"},  {IG_ACK, "444cs"},       {IG_OUTCOME, "44rwf84i"}, {IG_HEARTBEAT, "4448i1no4"},
};

static const char *fields_of(uint8_t type)
{
    for (size_t i = 0; i < sizeof layouts / sizeof *layouts; i++) {
        if (layouts[i].type == type) {
            return layouts[i].fields;
        }
    }
    return "";
}

static size_t bytes_of(char field)
{
    switch (field) {
    case '2':
        return 2;
    case '4':
    case 'i':
        return 4;
    case '8':
        return 8;
    default:
        return 1;
    }
}

static bool is_in_range(char field, uint64_t value)
{
    switch (field) {
    case '1':
        return value <= UINT8_MAX;
    case '2':
        return value <= UINT16_MAX;
    case '4':
        return value <= UINT32_MAX;
    case '8':
        return true;
    case 'i':
        return value <= INT32_MAX || value >= (uint64_t)INT64_C(-0x80000000);
    case 'c':
        return value >= IG_PASS && value <= IG_REVIEW;
    case 's':
        return value <= IG_NO_SESSION;
    case 'r':
        return value == IG_PASSED || value == IG_DIVERTED;
    case 'w':
        return value <= IG_CLOSED_ON;
    case 'f':
        return value <= IG_DISAGREES;
    case 'n':
        return value <= IG_SESSION_WATCHDOG;
    case 'o':
        return value <= (IG_RUN_PERMIT | IG_GREEN | IG_AMBER | IG_RED);
    default:
        return false;
    }
}

size_t ig_field_count(uint8_t type)
{
    const char *fields = fields_of(type);
    size_t count = 0;
    while (fields[count] != '\0') {
        count++;
    }
    return count;
}

size_t ig_encode(const ig_message *message, uint8_t payload[IG_PAYLOAD_MAX])
{
    const char *fields = fields_of(message->type);
    if (*fields == '\0') {
        return 0;
    }
    size_t at = 0;
    payload[at++] = IG_VERSION;
    payload[at++] = message->type;
    for (size_t i = 0; fields[i] != '\0'; i++) {
        const uint64_t value = message->field[i];
        if (!is_in_range(fields[i], value)) {
            return 0;
        }
        for (size_t byte = 0; byte < bytes_of(fields[i]); byte++) {
            payload[at++] = (uint8_t)(value >> (8 * byte));
        }
    }
    return at;
}

bool ig_decode(const uint8_t *payload, size_t size, ig_message *message)
{
    if (size < 2 || payload[0] != IG_VERSION) {
        return false;
    }
    const char *fields = fields_of(payload[1]);
    if (*fields == '\0') {
        return false;
    }
    message->type = payload[1];
    size_t at = 2;
    for (size_t i = 0; fields[i] != '\0'; i++) {
        const size_t bytes = bytes_of(fields[i]);
        if (bytes > size - at) {
            return false;
        }
        uint64_t value = 0;
        for (size_t byte = 0; byte < bytes; byte++) {
            value |= (uint64_t)payload[at++] << (8 * byte);
        }
        if (fields[i] == 'i' && value > INT32_MAX) {
            value |= UINT64_C(0xFFFFFFFF00000000);
        }
        if (!is_in_range(fields[i], value)) {
            return false;
        }
        message->field[i] = value;
    }
    return at == size;
}
