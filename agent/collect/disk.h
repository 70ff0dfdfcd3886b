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
    uint64_t busy_ms;
};

struct disk_reading {
    uint32_t count;
    uint32_t skipped; /* more than DISKS_MAX */
    struct disk disks[DISKS_MAX];
};

void disk_parse(const char *text, uint32_t length, struct disk_reading *out);

#endif
