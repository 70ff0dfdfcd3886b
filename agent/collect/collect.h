/* SPDX-License-Identifier: MIT */
/* One look at the machine: reads the texts of /proc, has them parsed, and puts what they say into a
 * sample. The parsers are pure functions, one file of /proc each; everything that remembers is here.
 *
 * A text that is missing or does not parse leaves its values out of the sample; the others stay. */
#ifndef NEPHOS_COLLECT_H
#define NEPHOS_COLLECT_H

#include "agent/collect/cpu.h"
#include "agent/collect/disk.h"
#include "agent/collect/filesystem.h"
#include "agent/collect/network.h"
#include "agent/collect/process_watch.h"
#include "agent/limits.h"
#include "agent/sample.h"
#include "agent/series.h"
#include "platform/platform.h"

enum collect_source {
    SOURCE_STAT,
    SOURCE_LOADAVG,
    SOURCE_UPTIME,
    SOURCE_MEMINFO,
    SOURCE_NET_DEV,
    SOURCE_DISKSTATS,
    SOURCE_MOUNTINFO,
    SOURCE_COUNT
};

struct collect {
    struct plat *plat;
    struct series *series;
    char *scratch; /* SCRATCH_SIZE bytes, lent: a text while it is parsed */
    int handles[SOURCE_COUNT];
    struct cpu_reading cpu; /* of the sample before: usage is what happened since */
    struct network_reading network;
    struct disk_reading disks;
    struct mount_reading mounts;
    struct plat_filesystem use[MOUNTS_MAX]; /* of mounts[i], refreshed with them */
    bool has_use[MOUNTS_MAX];
    struct mono mounts_at; /* when to look at mounts and their use again */
    bool said_disks, said_interfaces, said_mounts, said_series;
    struct process_watch processes;
};

/* Opens the texts and takes the first CPU reading, so that the first sample has a share to tell. */
void collect_init(struct collect *c, struct plat *p, struct series *series,
                  uint8_t scratch[static SCRATCH_SIZE]);
/* Fills the sample, its time included. */
void collect_take(struct collect *c, struct sample *out, struct mono now);

#endif
