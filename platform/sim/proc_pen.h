/* SPDX-License-Identifier: MIT */
/* What the files of the simulated /proc share: numbers out of a hash, and a pen that writes them into a text
 * and stops at its end. */
#ifndef NEPHOS_SIM_PROC_PEN_H
#define NEPHOS_SIM_PROC_PEN_H

#include <string.h>

#include "platform/sim/sim.h"

/* --- numbers --- */

static inline uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 32)) * UINT64_C(0xd6e8feb86659fd93);
    return x ^ (x >> 32);
}

/* 0..range-1, range below 2^32; `field` sets one number apart from the others. A multiplication does what
 * a division would, and this is the busiest place of a long run. */
static inline uint64_t wobble(uint64_t key, uint32_t field, uint64_t range)
{
    return (mix(key + field * UINT64_C(0x9e3779b97f4a7c15)) >> 32) * range >> 32;
}

static inline uint64_t counter(uint64_t key, uint32_t field, uint64_t second, uint64_t rate)
{
    return (second + 1) * rate + wobble(key, field, rate);
}

/* --- texts --- */

struct pen {
    char *at;
    const char *end;
};

static inline void put(struct pen *pen, const char *bytes, size_t size)
{
    size_t room = (size_t)(pen->end - pen->at);
    size = size < room ? size : room;
    memcpy(pen->at, bytes, size);
    pen->at += size;
}

static inline void word(struct pen *pen, const char *s)
{
    put(pen, s, strlen(s)); /* known to the compiler, for most */
}

static inline void number(struct pen *pen, uint64_t v)
{
    char digits[20];
    uint32_t first = sizeof digits;
    do
        digits[--first] = (char)('0' + v % 10);
    while ((v /= 10) != 0);
    put(pen, digits + first, sizeof digits - first);
}

static inline void numbers(struct pen *pen, const uint64_t *v, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        word(pen, " ");
        number(pen, v[i]);
    }
}

static inline void fact(struct pen *pen, const char *name, uint64_t v, const char *after)
{
    word(pen, name);
    number(pen, v);
    word(pen, after);
}

static inline void centi(struct pen *pen, uint64_t v)
{
    number(pen, v / 100);
    word(pen, v % 100 < 10 ? ".0" : ".");
    number(pen, v % 100);
    word(pen, " ");
}

/* proc_counts.c: pressure, paging and sockets of one second, and their texts. `resource` is 0 for CPU, 1 for
 * memory, 2 for I/O. */
void proc_counts_at(uint64_t key, uint64_t second, struct sim_proc *out);
void proc_write_pressure(struct pen *pen, const struct sim_proc *v, uint32_t resource);
void proc_write_vmstat(struct pen *pen, const struct sim_proc *v, bool brief);
void proc_write_snmp(struct pen *pen, const struct sim_proc *v, bool brief);
void proc_write_netstat(struct pen *pen, const struct sim_proc *v, bool brief);
void proc_write_sockstat(struct pen *pen, const struct sim_proc *v);
void proc_write_sockstat6(struct pen *pen, const struct sim_proc *v);

#endif
