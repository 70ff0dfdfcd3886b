/* SPDX-License-Identifier: MIT */
/* Every limit of the agent, with its reason; the sum at the end is checked by the compiler (agent.h) and
 * again, with the platform and the C library, by the linker (budget.ld). */
#ifndef NEPHOS_AGENT_LIMITS_H
#define NEPHOS_AGENT_LIMITS_H

#include "proto/limits.h"

/* --- what is watched --- */

/* More than these are left out, counted and said once. */
#define DISKS_MAX 16U
#define MOUNTS_MAX 32U
#define INTERFACES_MAX 16U
/* CPUs that are watched one by one; and how many of them by mode as well: eight modes of 256 CPUs would take
 * four times the series that there are, and what a small VM's CPUs do differently is seen best by mode. */
#define CORES_MAX 256U
#define CORE_MODES_MAX 8U
/* The longest name of a disk (DISK_NAME_LEN) and of an interface (IFNAMSIZ) in Linux. */
#define DISK_NAME_SIZE 32U
#define INTERFACE_NAME_SIZE 16U
/* What follows "mount=" in a tag: the longest of the three. */
#define SERIES_TAG_SIZE (TAG_SIZE - 10U)

/* Series that others name: StatsD and *.prom files together. An application with ten timers (seven series
 * each) and some counters fits; each costs the ring as much as one of ours. */
#define CUSTOM_SERIES_MAX 128U

/* --- how often --- */

#define INTERVAL_MS_MIN 1000
#define INTERVAL_MS_MAX 60000
/* What changes slowly or costs much to ask (collect.c tells which) is asked for only so often. */
#define SLOW_MS 10000
/* What the aggregator may ask for, and what is done until it has. */
#define SHIP_INTERVAL_MS_MIN 1000
#define SHIP_INTERVAL_MS_MAX 60000
#define SHIP_INTERVAL_MS_DEFAULT 10000

/* --- bytes --- */

/* Holds more than one hour of a default VM, sampled each second: ten samples of its 42 series took 400 to 490
 * bytes on the wire, which makes 85 minutes and more; a machine with 60 busy series has one hour. */
#define RING_SIZE (256U * 1024U)
/* Lent to one use after the other within a step: a text of /proc (/proc/stat of 256 CPUs is 40 KiB), a
 * block while it is encoded, a message while it is unpacked. */
#define SCRATCH_SIZE (64U * 1024U)
/* One frame on its way out. A TLS record holds no more either. */
#define TRANSMIT_SIZE (16U * 1024U)
#define RECEIVE_SIZE (FRAME_HEADER_SIZE + WIRE_REPLY_MAX)
/* Of a batch around its blocks, and of each block around its data: tags, lengths and numbers. */
#define BATCH_OVERHEAD 64U
#define BATCH_BLOCK_OVERHEAD 32U
/* The largest block that is ever put in the ring. A block that would be larger is split. */
#define BLOCK_SIZE_MAX (TRANSMIT_SIZE - BATCH_OVERHEAD - BATCH_BLOCK_OVERHEAD)
/* Sent and not acknowledged: enough for a quick catching-up, little enough to be resent. */
#define WINDOW_SIZE (4U * TRANSMIT_SIZE)

/* A series that is constant in its block takes 11 bytes at most, a process in one sample 64, so one sample
 * of all series and its processes fits. */
static_assert(SLOTS_MAX * 11U + PROCESS_TOPS_MAX * 64U + 64U <= BLOCK_SIZE_MAX,
              "a block can always be split until it fits");
static_assert(BLOCK_SIZE_MAX <= SCRATCH_SIZE, "a block is encoded in the scratch");
static_assert(WIRE_REPLY_SCRATCH_SIZE <= SCRATCH_SIZE, "a reply is unpacked in the scratch");
static_assert(BLOCK_SIZE_MAX + 16U <= RING_SIZE / 8U, "the ring holds several blocks");
static_assert(DICTIONARY_SERIES_MAX * (METRIC_SIZE + TAG_SIZE + UNIT_SIZE + 24U) + 32U <= TRANSMIT_SIZE,
              "a dictionary message fits in the transmit buffer");

/* --- patience --- */

#define RETRY_MS_MIN 500
#define RETRY_MS_MAX 30000
/* For name look-up, TCP and TLS; for the first answer; for an acknowledgement. */
#define CONNECT_MS_MAX 20000
#define ANSWER_MS_MAX 30000
/* At SIGTERM the last samples are sent and their acknowledgement is awaited so long. */
#define GOODBYE_MS_MAX 2000

/* --- the sum --- */

#define AGENT_MEMORY_MAX                                                                               \
    (RING_SIZE + SCRATCH_SIZE + TRANSMIT_SIZE + RECEIVE_SIZE +                                         \
     SLOTS_MAX * BLOCK_SAMPLES_MAX * 8U + 1024U +  /* block builder: samples of the open block */      \
     BLOCK_PROCESSES_MAX * 28U +                   /* and its processes */                             \
     BLOCK_SAMPLES_MAX * PROCESS_TOPS_MAX * 12U +  /* with what each sample says of them */            \
     SLOTS_MAX * (SERIES_TAG_SIZE + 2U) + 64U +    /* series: what a slot stands for */                \
     CUSTOM_SERIES_MAX * (METRIC_SIZE + TAG_SIZE + UNIT_SIZE + 8U) + 8U + /* custom series */          \
     SLOTS_MAX * 8U + 64U +                        /* sample: the one just taken */                    \
     PROCESS_TOPS_MAX * 28U + 8U +                 /* and its processes */                             \
     34U * 1024U +                                 /* collect: last readings, two of CPUs and disks */ \
     2U * 1024U)                                   /* identity, uplink state, counters */

#endif
