/* The core as a program on this computer: a gate controller at a serial port or a pseudo-terminal.
 *
 *     gate PORT BOOT
 *
 * PORT `-`: a pseudo-terminal of its own, whose name is the first line on stdout. Each line on stdin is a part at the
 * sensor; the end of stdin is the end. For each part at the gate a line on stdout: `EPOCH NUMBER passed|diverted`.
 * Bytes come and go no faster than at 115200 baud, 8N1.
 */
#define _XOPEN_SOURCE 700

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "inspection_gate.h"

#define BYTES_PER_S 11520u /* of 10 bits */
#define BUFFER_US 20000u
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

static bool make_raw(int port)
{
    struct termios mode;
    if (tcgetattr(port, &mode) != 0) {
        return false;
    }
    mode.c_iflag = 0;
    mode.c_oflag = 0;
    mode.c_lflag = 0;
    mode.c_cflag = CS8 | CREAD | CLOCAL;
    cfsetispeed(&mode, B115200);
    cfsetospeed(&mode, B115200);
    return tcsetattr(port, TCSANOW, &mode) == 0;
}

static int open_port(const char *path)
{
    const int port = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK);
    return port >= 0 && make_raw(port) ? port : -1;
}

/* The far end is kept open, so that a station may come and go. */
static int make_pty(void)
{
    const int port = posix_openpt(O_RDWR | O_NOCTTY);
    if (port < 0 || grantpt(port) != 0 || unlockpt(port) != 0 || fcntl(port, F_SETFL, O_NONBLOCK) != 0) {
        return -1;
    }
    const char *far_end = ptsname(port);
    const int opened = far_end == NULL ? -1 : open(far_end, O_RDWR | O_NOCTTY);
    if (opened < 0 || !make_raw(opened)) {
        return -1;
    }
    printf("%s\n", far_end);
    fflush(stdout);
    return port;
}

/* How many bytes the line has had the time for since `*used_until_us`; at most what a UART's buffer holds. */
static size_t allowance(uint64_t *used_until_us)
{
    const uint64_t now = now_us();
    if (now - *used_until_us > BUFFER_US) {
        *used_until_us = now - BUFFER_US;
    }
    return (size_t)((now - *used_until_us) * BYTES_PER_S / 1000000u);
}

static void use(uint64_t *used_until_us, size_t bytes)
{
    *used_until_us += (uint64_t)bytes * 1000000u / BYTES_PER_S;
}

static void send_paced(ig_gate *gate, int port, uint64_t *sent_until_us)
{
    size_t size = allowance(sent_until_us);
    if (size > gate->output_size) {
        size = gate->output_size;
    }
    const ssize_t written = size > 0 ? write(port, gate->config.output, size) : 0;
    if (written > 0) {
        ig_output_taken(gate, (size_t)written);
        use(sent_until_us, (size_t)written);
    }
}

static void receive_paced(ig_gate *gate, int port, uint64_t *heard_until_us)
{
    uint8_t data[256];
    size_t size = allowance(heard_until_us);
    if (size > sizeof data) {
        size = sizeof data;
    }
    const ssize_t taken = size > 0 ? read(port, data, size) : 0;
    if (taken > 0) {
        use(heard_until_us, (size_t)taken);
        ig_receive(gate, data, (size_t)taken, now_us(), 0);
    }
}

/* False at the end of stdin. */
static bool sense_parts(ig_gate *gate)
{
    char data[64];
    const ssize_t size = read(STDIN_FILENO, data, sizeof data);
    for (ssize_t i = 0; i < size; i++) {
        if (data[i] == '\n') {
            ig_sense(gate, now_us(), 0, 0);
        }
    }
    return size > 0;
}

int main(int count, char **words)
{
    static ig_gate gate;
    static uint8_t output[2560];
    if (count != 3) {
        fputs("usage: gate PORT|- BOOT\n", stderr);
        return 2;
    }
    const int port = strcmp(words[1], "-") == 0 ? make_pty() : open_port(words[1]);
    if (port < 0) {
        perror(words[1]);
        return 1;
    }
    ig_config config = {0};
    config.boot = (uint32_t)strtoul(words[2], NULL, 10);
    config.output = output;
    config.output_capacity = sizeof output;
    config.gone = say_gone;
    ig_init(&gate, &config, now_us());
    uint64_t sent_until_us = now_us();
    uint64_t heard_until_us = now_us();
    struct pollfd parts = {STDIN_FILENO, POLLIN, 0};
    while (poll(&parts, 1, TICK_MS) >= 0) {
        if (parts.revents != 0 && !sense_parts(&gate)) {
            break;
        }
        receive_paced(&gate, port, &heard_until_us);
        ig_tick(&gate, now_us(), 0);
        send_paced(&gate, port, &sent_until_us);
    }
    close(port);
    return 0;
}
