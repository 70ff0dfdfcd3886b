/* SPDX-License-Identifier: MIT */
/* The few words that every file of Nephos shares: result codes, the two clocks and ASSERT.
 *
 * A false ASSERT is a bug in Nephos and ends the program, in release builds too. Anything that
 * comes from outside (network, disk, /proc, configuration) is never asserted: it is answered
 * with a negative result and counted. */
#ifndef NEPHOS_BASE_H
#define NEPHOS_BASE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Negative is an error, zero or more is a value (a count, an index, a length). */
enum err {
    ERR_OK = 0,
    ERR_AGAIN = -1,     /* nothing yet; ask again after plat_wait() */
    ERR_CLOSED = -2,    /* the peer or the file is gone */
    ERR_FULL = -3,      /* a fixed capacity is reached */
    ERR_MALFORMED = -4, /* input from outside does not parse */
    ERR_SYSTEM = -5,    /* the operating system refused */
    ERR_MISSING = -6,   /* what was asked for does not exist */
    ERR_DENIED = -7,    /* the peer or the permission is not good enough */
    ERR_BUSY = -8,      /* somebody else holds it */
};

struct mono {
    int64_t ns; /* since an arbitrary start; never jumps, never goes back */
};
struct wall {
    int64_t ns; /* since 1970-01-01 UTC; may jump */
};

#define NS_PER_MS INT64_C(1000000)
#define NS_PER_S INT64_C(1000000000)
#define MS_PER_S INT64_C(1000)

static inline struct mono mono_after_ms(struct mono t, int64_t ms)
{
    return (struct mono){t.ns + ms * NS_PER_MS};
}

/* For work that is done now and then: at most MONO_BEAT_MS later, when other such work is done, too. A
 * program that sleeps is woken for all of it at once. */
#define MONO_BEAT_MS 100
static inline struct mono mono_on_beat(struct mono t)
{
    int64_t beat_ns = MONO_BEAT_MS * NS_PER_MS;
    return (struct mono){(t.ns + beat_ns - 1) / beat_ns * beat_ns};
}

static inline bool mono_reached(struct mono now, struct mono deadline)
{
    return now.ns >= deadline.ns;
}

static inline struct mono mono_earlier(struct mono a, struct mono b)
{
    return a.ns < b.ns ? a : b;
}

static inline int64_t wall_ms(struct wall t)
{
    return t.ns / NS_PER_MS;
}

#define MONO_NEVER ((struct mono){INT64_MAX})

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define ASSERT(cond) ((cond) ? (void)0 : base_assert_failed(#cond, __FILE__, __LINE__))

/* Prints the condition and its place on standard error, then aborts. */
_Noreturn void base_assert_failed(const char *cond, const char *file, int line);

#endif
