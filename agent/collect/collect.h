/* SPDX-License-Identifier: MIT */
/* One look at the machine: reads the texts of /proc, has them parsed, and puts what they say into a
 * sample. The parsers are pure functions, one file of /proc each; everything that remembers is here.
 *
 * Each source has a row in the table of collect.c: what is read, how often, who parses it and who puts its
 * values into the sample. A source that is not read with every sample repeats what it said last, so that the
 * samples of a block have the same series; constant columns cost three bytes a block.
 *
 * A text that is missing or does not parse leaves its values out of the sample; the others stay. */
#ifndef NEPHOS_COLLECT_H
#define NEPHOS_COLLECT_H

#include "agent/collect/clock_watch.h"
#include "agent/collect/collect_folders.h"
#include "agent/collect/cpu.h"
#include "agent/collect/disk.h"
#include "agent/collect/filesystem.h"
#include "agent/collect/load.h"
#include "agent/collect/memory.h"
#include "agent/collect/network.h"
#include "agent/collect/pressure.h"
#include "agent/collect/process_watch.h"
#include "agent/collect/snmp.h"
#include "agent/collect/sockstat.h"
#include "agent/collect/transfer.h"
#include "agent/collect/vmstat.h"
#include "agent/limits.h"
#include "agent/sample.h"
#include "agent/series.h"
#include "platform/platform.h"

/* In the order in which they get their slots: what comes last is left out first when there are too many. */
enum collect_source {
    SOURCE_STAT,
    SOURCE_LOADAVG,
    SOURCE_UPTIME,
    SOURCE_MEMINFO,
    SOURCE_PRESSURE_CPU,
    SOURCE_PRESSURE_MEMORY,
    SOURCE_PRESSURE_IO,
    SOURCE_VMSTAT,
    SOURCE_SNMP,
    SOURCE_NETSTAT,
    SOURCE_SOCKSTAT,
    SOURCE_SOCKSTAT6,
    SOURCE_CLOCKS,
    SOURCE_CLOCK_STATE,
    SOURCE_SELF,
    SOURCE_NET_DEV,
    SOURCE_MOUNTINFO,
    SOURCE_DISKSTATS,
    SOURCE_CORES,
    SOURCE_COUNT
};

/* What only the agent as a whole knows about itself. */
struct collect_agent {
    uint32_t ring_bytes, ring_size; /* size 0: there is no ring */
    uint64_t samples_lost;          /* given up because nowhere was room */
    uint64_t samples_skipped;       /* moments that were missed */
};

struct collect {
    struct plat *plat;
    struct series *series;
    char *scratch; /* SCRATCH_SIZE bytes, lent: a text while it is parsed */
    struct mono now; /* of the sample being taken */
    int handles[SOURCE_COUNT];
    struct mono due_at[SOURCE_COUNT];

    uint64_t sample_count;
    bool said_cores, said_disks, said_interfaces, said_mounts, said_series, said_transfer;

    /* what was read last */
    struct load_reading load;
    int64_t uptime_s; /* or negative */
    struct memory_reading memory;
    struct pressure_reading pressure[3]; /* CPU, memory, I/O */
    struct vmstat_reading vmstat;
    struct snmp_reading snmp;
    struct netstat_reading netstat;
    struct sockstat_reading sockstat, sockstat6;
    struct clock_watch clocks;
    struct plat_clock clock_state;
    bool has_clock_state;
    struct plat_self self;
    struct mono self_at;
    uint64_t self_share_x1000; /* percent of one CPU, times 1000 */
    struct collect_agent agent; /* agent -> here, before each sample */
    bool keeps_transfer;        /* collect_restore() was called */
    struct mono transfer_keep_at;
    uint32_t allowance_gb;      /* of a month; 0: not known */
    enum transfer_counts allowance_counts;
    uint32_t cpu_newest, disks_newest;
    struct mono disks_at;
    int64_t disks_elapsed_ms;

    /* Large: touched only as far as they are used. Of two readings one is of the time before, because what
     * counts is what happened since. */
    struct cpu_reading cpu[2];
    struct disk_reading disks[2];
    struct network_reading network;
    struct transfer transfer;
    struct mount_reading mounts;
    struct plat_filesystem use[MOUNTS_MAX]; /* of mounts[i], refreshed with them */
    bool has_use[MOUNTS_MAX];
    struct folders folders;
    struct process_watch processes;
};

/* Opens the texts and takes the first reading of what is compared with the time before, so that the first
 * sample has something to tell. */
void collect_init(struct collect *c, struct plat *p, struct series *series,
                  uint8_t scratch[static SCRATCH_SIZE]);
/* Fills the sample, its time included. */
void collect_take(struct collect *c, struct sample *out, struct mono now);
/* The bytes of the month go on from what is kept in the state directory. Without this call they are not
 * counted. */
void collect_restore(struct collect *c);
/* Keeps them there: when that is due, or in any case. */
void collect_keep(struct collect *c, struct mono now, bool in_any_case);

#endif
