/* The core as a program on this computer: a gate controller at a serial port or a pseudo-terminal.
 *
 *     gate PORT BOOT
 *
 * Each line on stdin is a part at the sensor; the end of stdin is the end. For each part at the gate a line on stdout:
 * `EPOCH NUMBER passed|diverted`. Bytes go out no faster than at 115200 baud, 8N1.
 */
#define _POSIX_C_SOURCE 200809L

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "inspection_gate.h"

#define BYTES_PER_S 11520u /* of 10 bits */
#define TICK_MS 1

static uint64_t now_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000u;
}

static void say_gone(void *context, const ig_gone *part)
{
    (void)context;
    printf("%lu %lu %s\n", (unsigned long)part->epoch, (unsigned long)part->number,
           part->passes ? "passed" : "diverted");
    fflush(stdout);
}

static int open_port(const char *path)
{
    const int port = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
    struct termios mode;
    if (port < 0 || tcgetattr(port, &mode) != 0) {
        return -1;
    }
    mode.c_iflag = 0;
    mode.c_oflag = 0;
    mode.c_lflag = 0;
    mode.c_cflag = CS8 | CREAD | CLOCAL;
    cfsetispeed(&mode, B115200);
    cfsetospeed(&mode, B115200);
    return tcsetattr(port, TCSANOW, &mode) == 0 ? port : -1;
}

/* As many bytes as the line has had the time for since `*sent_until_us`. */
static void send_paced(ig_gate *gate, int port, uint64_t *sent_until_us)
{
    const uint64_t now = now_us();
    const uint64_t longest_us = 20000; /* a UART's buffer: what was not said meanwhile is not caught up with */
    if (now - *sent_until_us > longest_us) {
        *sent_until_us = now - longest_us;
    }
    size_t size = (size_t)((now - *sent_until_us) * BYTES_PER_S / 1000000u);
    if (size > gate->output_size) {
        size = gate->output_size;
    }
    if (size == 0) {
        return;
    }
    const ssize_t written = write(port, gate->config.output, size);
    if (written > 0) {
        ig_output_taken(gate, (size_t)written);
        *sent_until_us += (uint64_t)written * 1000000u / BYTES_PER_S;
    }
}

int main(int count, char **words)
{
    static ig_gate gate;
    static uint8_t output[2560];
    uint8_t data[256];
    if (count != 3) {
        fputs("usage: gate PORT BOOT\n", stderr);
        return 2;
    }
    const int port = open_port(words[1]);
    if (port < 0) {
        perror(words[1]);
        return 1;
    }
    const ig_config config = {(uint32_t)strtoul(words[2], NULL, 10), false, 0, output, sizeof output, say_gone, NULL};
    ig_init(&gate, &config, now_us());
    uint64_t sent_until_us = now_us();
    for (;;) {
        struct pollfd waits[2] = {{STDIN_FILENO, POLLIN, 0}, {port, POLLIN, 0}};
        if (poll(waits, 2, TICK_MS) < 0) {
            return 1;
        }
        if (waits[0].revents != 0) {
            const ssize_t size = read(STDIN_FILENO, data, sizeof data);
            if (size <= 0) {
                break;
            }
            for (ssize_t i = 0; i < size; i++) {
                if (data[i] == '\n') {
                    ig_sense(&gate, now_us(), 0, 0);
                }
            }
        }
        if (waits[1].revents != 0) {
            const ssize_t size = read(port, data, sizeof data);
            if (size > 0) {
                ig_receive(&gate, data, (size_t)size, now_us(), 0);
            }
        }
        ig_tick(&gate, now_us(), 0);
        send_paced(&gate, port, &sent_until_us);
    }
    close(port);
    return 0;
}
