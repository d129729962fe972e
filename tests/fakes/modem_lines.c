/* Modem lines for a process whose ports have none: LD_PRELOAD=modem_lines.so MODEM_LINES=FILE.

   TIOCMGET and TIOCGICOUNT are answered as the kernel's serial drivers do, with the kernel's own structures, from what
   stands in FILE. All else goes to the kernel. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/serial.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct lines {
    int32_t active[4], counts[4]; /* cts, dsr, rng, dcd */
    int32_t restless;             /* this line changes by itself after a question for the counts, */
    int32_t times;                /* so often */
    int32_t lines_errno, counts_errno;
};

static struct lines *lines(void) {
    static struct lines *mapped;
    if (mapped == NULL) {
        int fd = open(getenv("MODEM_LINES"), O_RDWR);
        mapped = mmap(NULL, sizeof *mapped, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        if (mapped == MAP_FAILED) abort();
        close(fd);
    }
    return mapped;
}

static int refuse(int error) {
    errno = error;
    return -1;
}

static int levels(int *told) {
    static const int bits[] = {TIOCM_CTS, TIOCM_DSR, TIOCM_RNG, TIOCM_CAR};
    struct lines *now = lines();
    if (now->lines_errno) return refuse(now->lines_errno);
    *told = TIOCM_DTR | TIOCM_RTS;
    for (int i = 0; i < 4; i++) *told |= now->active[i] ? bits[i] : 0;
    return 0;
}

static int counts(struct serial_icounter_struct *told) {
    struct lines *now = lines();
    if (now->counts_errno) return refuse(now->counts_errno);
    memset(told, 0, sizeof *told);
    told->cts = now->counts[0];
    told->dsr = now->counts[1];
    told->rng = now->counts[2];
    told->dcd = now->counts[3];
    told->rx = told->tx = 4711;
    if (now->times > 0) {
        now->times--;
        now->active[now->restless] ^= 1;
        now->counts[now->restless]++;
    }
    return 0;
}

int ioctl(int fd, unsigned long request, ...) {
    va_list rest;
    va_start(rest, request);
    void *told = va_arg(rest, void *);
    va_end(rest);
    switch (request) {
    case TIOCMGET: return levels(told);
    case TIOCGICOUNT: return counts(told);
    default: return (int)syscall(SYS_ioctl, fd, request, told);
    }
}
