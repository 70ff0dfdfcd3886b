/* SPDX-License-Identifier: MIT */
/* Clocks and chance. Both clocks come from the vDSO: reading them is no system call. */
#include <errno.h>
#include <sys/random.h>
#include <time.h>

#include "platform/platform.h"

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
