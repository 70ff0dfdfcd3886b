/* SPDX-License-Identifier: MIT */
/* A made-up fleet of VMs: 40 series of each host at 1 Hz, the same integers on every machine.
 *
 * Half of the hosts are idle, a third moderate, the rest busy. One level of activity (mean reverting, with
 * a daily wave, bursts and a cron job each minute) moves CPU, memory, disk and network together, so that
 * the values compress as real ones do. Integers only, so a peer that was fed by the same generator
 * can be compared value by value. */
#ifndef NEPHOS_LOADGEN_FLEET_H
#define NEPHOS_LOADGEN_FLEET_H

#include "platform/base/base.h"

#define FLEET_SERIES 40U
#define FLEET_START_S INT64_C(1767225600) /* 2026-01-01T00:00:00Z, the second of the first sample */

struct fleet_series {
    const char *name;
    uint32_t scale; /* value = integer / scale */
    bool counter;
};
extern const struct fleet_series fleet_series[FLEET_SERIES];

enum fleet_class { FLEET_IDLE, FLEET_MODERATE, FLEET_BUSY };

struct fleet_host {
    uint64_t random;
    uint32_t id;
    enum fleet_class class;
    int64_t second;            /* of the newest sample, since 1970 */
    uint32_t phase_ms;         /* of its clock within the second */
    int64_t cpu_count;
    int64_t base, level;       /* activity, in thousandths of one CPU: usual and now */
    int64_t burst_s, burst_height;
    int64_t day_offset_s;
    int64_t memory, free, buffers, cached, dirty, anonymous, swap_free; /* KiB */
    bool leaks;
    int64_t disk_size, disk_used;                                      /* bytes */
    int64_t jiffies_rest[8];   /* thousandths of a jiffy not counted yet */
    int64_t load[3];           /* 1, 5, 15 minutes; 11 bits of fraction */
    int64_t packets_per_s, received_size, sent_size;
    int64_t connections;
    int64_t values[FLEET_SERIES]; /* the newest sample */
};

/* A host before its first sample. */
void fleet_init(struct fleet_host *h, uint64_t seed, uint32_t id);
/* Takes the next sample: one second later, in h->values. */
void fleet_step(struct fleet_host *h);

#endif
