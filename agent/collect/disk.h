/* SPDX-License-Identifier: MIT */
/* /proc/diskstats (kernel: Documentation/admin-guide/iostats.rst): whole disks that can be worn or slow.
 *
 * Left out: memory and loop devices, device mapper (its disks are counted), optical and floppy drives,
 * partitions, and devices that nobody has ever read or written. */
#ifndef NEPHOS_COLLECT_DISK_H
#define NEPHOS_COLLECT_DISK_H

#include "agent/limits.h"

struct disk {
    char name[DISK_NAME_SIZE];
    uint64_t reads, read_sectors, writes, written_sectors; /* sectors of 512 bytes, whatever the disk's */
    /* The kernel keeps milliseconds in 32 bits: they begin again after 49 days of them. */
    uint64_t read_ms, write_ms; /* all operations added up */
    uint64_t busy_ms;           /* with at least one operation in flight */
    uint64_t queue_ms;          /* operations in flight, times the time they were */
    uint64_t in_flight;
};

struct disk_reading {
    uint32_t count;
    uint32_t skipped; /* more than DISKS_MAX */
    struct disk disks[DISKS_MAX];
};

/* Of the time between two readings. */
struct disk_rates {
    uint64_t busy_x100;  /* percent, at most 100 */
    uint64_t queue_x100; /* operations in flight, on average */
    /* Milliseconds that an operation took, waiting included, on average; 0 when there was none. */
    uint64_t await_x100, read_await_x100, write_await_x100;
};

void disk_parse(const char *text, uint32_t length, struct disk_reading *out);
/* What after->disks[index] did in the `elapsed_ms` since `before`. False when it was not there before, when
 * no time has passed, or when its counters began anew. */
bool disk_compare(const struct disk_reading *before, const struct disk_reading *after, uint32_t index,
                  int64_t elapsed_ms, struct disk_rates *out);

#endif
