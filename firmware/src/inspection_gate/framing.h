/* Frames on a serial line: bytes in, payloads out. No port in here.
 *
 *     0x00 | COBS(payload | CRC-32 of payload, little-endian) | 0x00
 *
 * A frame that is too long, badly stuffed or whose CRC does not fit is dropped and counted.
 */
#ifndef INSPECTION_GATE_FRAMING_H
#define INSPECTION_GATE_FRAMING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define IG_PAYLOAD_MAX 64u
#define IG_CRC_BYTES 4u
/* One stuffing byte for each 254 bytes begun; a frame here is always shorter than that. */
#define IG_STUFFED_MAX (IG_PAYLOAD_MAX + IG_CRC_BYTES + 1u)
#define IG_FRAME_MAX (IG_STUFFED_MAX + 2u)

typedef struct {
    uint8_t pending[IG_STUFFED_MAX];
    uint8_t size;
    bool too_long;
    bool spent;          /* `pending` is a payload that was handed out; the next byte clears it */
    uint32_t bad_frames; /* frames dropped so far; noise between two zeros counts as one */
} ig_decoder;

void ig_decoder_init(ig_decoder *decoder);

/* Take one byte. The size of the payload of the frame that ends with it, 0 if none does. The payload lies in
 * `decoder->pending` until the next byte is taken. */
size_t ig_decoder_take(ig_decoder *decoder, uint8_t byte);

/* One frame with a zero at each end; its size, 0 for a payload that is empty or too long. */
size_t ig_encode_frame(const uint8_t *payload, size_t size, uint8_t frame[IG_FRAME_MAX]);

uint32_t ig_crc32(const uint8_t *data, size_t size);

#ifdef __cplusplus
}
#endif

#endif
