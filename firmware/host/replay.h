/* A script of what happens to a controller goes in, what it does comes out: what holds the core against the reference.
 *
 * Numbers are little-endian. A script is a row of
 *     'N' boot u32, capabilities u16, now_us u64, opens us u32 and counts u32, falls us u32 and counts u32,
 *         stall us u32, bytes of output u16
 *                           another controller, from its power-up
 *     'W' us u32            time passes unnoticed          'E' counts i32        the encoder moves
 *     'T'                   tick                           'S' age_us u32        a part at the sensor
 *     'R' size u16, bytes   from the line                  'I' inputs u8
 *     'A' age_us u32        something at the gate
 *     'F'                   something falls into the bin
 *     'D' size u16, bytes   the frames in them, decoded on their own
 *
 * After each of N T S R A F: 'G' epoch u32, number u32, way u8 for each part at the gate; then 'O' size u32, bytes
 * for the line; then 'Z' session u8, epoch u32, count u32, is the belt empty u8, outputs u8, strangers u32,
 * way u8.
 * After D: 'D' bad frames u16; for each payload 'P' size u8, bytes, type u8 (0: not understood), its fields as u64.
 */
#ifndef INSPECTION_GATE_REPLAY_H
#define INSPECTION_GATE_REPLAY_H

#include <stddef.h>
#include <stdint.h>

/* The size of the result; SIZE_MAX if the script is cut off or the result does not fit. */
size_t ig_replay(const uint8_t *script, size_t size, uint8_t *result, size_t capacity);

#endif
