/* SPDX-License-Identifier: MIT */
/* Clocks and chance. Both clocks come from the vDSO: reading them is no system call. */
#include <sys/random.h>
#include <sys/timex.h>
#include <time.h>
#include <unistd.h>

#include "platform/linux/plat.h"

static int64_t read_clock_ns(clockid_t which)
{
    struct timespec t;
    int result = clock_gettime(which, &t);
    ASSERT(result == 0);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* Time that the machine slept counts: a sample taken after it is late, and is seen to be. */
struct mono plat_mono(struct plat *p)
{
    (void)p;
    return (struct mono){read_clock_ns(CLOCK_BOOTTIME)};
}

struct wall plat_wall(struct plat *p)
{
    (void)p;
    return (struct wall){read_clock_ns(CLOCK_REALTIME)};
}

int64_t plat_suspended_ms(struct plat *p)
{
    (void)p;
    int64_t ms = (read_clock_ns(CLOCK_BOOTTIME) - read_clock_ns(CLOCK_MONOTONIC)) / NS_PER_MS;
    return ms > 0 ? ms : 0;
}

int plat_clock(struct plat *p, struct plat_clock *out)
{
    (void)p;
    struct timex t = {.modes = 0};
    *out = (struct plat_clock){0};
    int state = adjtimex(&t);
    if (state < 0)
        return errno == EPERM || errno == ENOSYS ? ERR_DENIED : ERR_SYSTEM;
    out->is_synchronized = state != TIME_ERROR && (t.status & STA_UNSYNC) == 0;
    out->offset_us = (t.status & STA_NANO) != 0 ? t.offset / 1000 : t.offset;
    out->error_us = t.maxerror > 0 ? (uint64_t)t.maxerror : 0;
    return ERR_OK;
}

/* The second number of /proc/self/statm, in pages. */
static uint64_t resident_bytes(const struct plat *p)
{
    char text[128];
    ssize_t n = p->statm_fd != NONE ? pread(p->statm_fd, text, sizeof text, 0) : 0;
    const char *at = text, *end = text + (n > 0 ? n : 0);
    uint64_t size, resident;
    if (!text_take_u64(&at, end, &size) || at == end || *at++ != ' ' || !text_take_u64(&at, end, &resident))
        return 0;
    return resident * (uint64_t)sysconf(_SC_PAGESIZE);
}

void plat_self(struct plat *p, struct plat_self *out)
{
    *out = (struct plat_self){.cpu_ns = (uint64_t)read_clock_ns(CLOCK_PROCESS_CPUTIME_ID),
                              .rss_bytes = resident_bytes(p)};
}

void plat_random(struct plat *p, void *to, size_t size)
{
    (void)p;
    uint8_t *at = to;
    while (size > 0) {
        ssize_t n = getrandom(at, size, 0);
        if (n < 0 && errno == EINTR)
            continue;
        ASSERT(n > 0); /* present since Linux 3.17; there is no safe way on without it */
        at += n;
        size -= (size_t)n;
    }
}
