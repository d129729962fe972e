/* `replay` as a program, so that a crash is one of this process alone. Again and again until the end of stdin:
 * size u32 and a script come in, size u32 and its result go out (both little-endian). */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

#include "replay.h"

#define CAPACITY (16u << 20)

static bool read_all(uint8_t *data, size_t size)
{
    return fread(data, 1, size, stdin) == size;
}

int main(void)
{
    uint8_t *script = malloc(CAPACITY);
    uint8_t *result = malloc(CAPACITY);
    uint8_t head[4];
    int code = script == NULL || result == NULL;
    while (code == 0 && read_all(head, sizeof head)) {
        size_t size = (size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 | (size_t)head[3] << 24;
        if (size > CAPACITY || !read_all(script, size)) {
            code = 2;
            break;
        }
        /* A block of its own, so that a sanitizer sees a read past the script's end. */
        uint8_t *exact = malloc(size > 0 ? size : 1);
        if (exact == NULL) {
            code = 1;
            break;
        }
        for (size_t i = 0; i < size; i++) {
            exact[i] = script[i];
        }
        const size_t written = ig_replay(exact, size, result, CAPACITY);
        free(exact);
        if (written == SIZE_MAX) {
            code = 3;
            break;
        }
        for (size_t i = 0; i < sizeof head; i++) {
            head[i] = (uint8_t)(written >> (8 * i));
        }
        if (fwrite(head, 1, sizeof head, stdout) != sizeof head || fwrite(result, 1, written, stdout) != written ||
            fflush(stdout) != 0) {
            code = 4;
        }
    }
    free(script);
    free(result);
    return code;
}
