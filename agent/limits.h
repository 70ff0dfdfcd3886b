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
/* Temperatures; a small board has one or two, a server more than are worth a series each. The name is that of
 * a chip and the label of one of its sensors. */
#define TEMPERATURES_MAX 8U
#define TEMPERATURE_NAME_SIZE 48U
/* Groups at the top of the cgroup tree: systemd has three, with containers and VMs two more. */
#define SLICES_MAX 8U
#define CGROUP_NAME_SIZE 64U
/* The longest name of a disk (DISK_NAME_LEN) and of an interface (IFNAMSIZ) in Linux. */
#define DISK_NAME_SIZE 32U
#define INTERFACE_NAME_SIZE 16U
/* What follows "mount=" in a tag: the longest of the three. */
#define SERIES_TAG_SIZE (TAG_SIZE - 10U)

/* Hints of our own configuration: CPU, memory, disk. */
#define OWN_HINTS_MAX 3U
/* Series that hints are about; one without a tag is about every mount or device. Beyond that a series is not
 * shipped at once, but with the next batch. */
#define WATCHED_MAX 128U
static_assert(OWN_HINTS_MAX + HINTS_MAX <= 255U, "a watched series names its hint in a byte");
static_assert(HINT_HOLD_S_MAX <= 255U, "a hint has a byte for it");

/* Series that others name: StatsD and *.prom files together. An application with ten timers (seven series
 * each) and some counters fits; each costs the ring as much as one of ours. */
#define CUSTOM_SERIES_MAX 128U
/* Their names and tags, each once: 128 names of 20 bytes and fifty tags of 40. */
#define CUSTOM_WORDS_SIZE 6144U
static_assert(CUSTOM_WORDS_SIZE <= UINT16_MAX, "the place of a word is 16 bits");

/* --- top processes (collect/process_watch.h) --- */

/* First by CPU, and as many by memory. */
#define PROCESSES_RANKED 5U
/* A small VM has 80 to 200. More take turns in being watched. */
#define PROCESSES_WATCHED_MAX 512U
/* Read with every sample: those ranked, and two that come and go. Each takes an open file. */
#define PROCESSES_HELD_MAX 12U
/* Others that are looked at with a sample, 6 us each: 100 processes in 25 s. */
#define PROCESSES_LOOKS 4U
/* The same while CPU time is used by nobody knows whom: 300 processes in 4 s, for half a millisecond each. */
#define PROCESSES_LOOKS_SWEEP 96U
/* A fifth of one CPU that those held do not explain. */
#define PROCESSES_UNEXPLAINED_TICKS 20U
#define PROCESSES_SWEEP_PAUSE_MS 10000U
/* The list of all processes is read so often; when a sweep begins and there were forks, earlier. */
#define PROCESSES_LIST_MS 10000U
#define PROCESSES_LIST_MS_MIN 2000U
static_assert(2 * PROCESSES_RANKED <= PROCESS_TOPS_MAX && 2 * PROCESSES_RANKED < PROCESSES_HELD_MAX &&
                  PROCESSES_HELD_MAX <= 32,
              "all who are ranked are held");

/* What StatsD may name at once. A timer is a histogram of 1 KiB and seven series, a set 1 KiB: an application
 * has a handful of them. */
#define STATSD_ENTRIES_MAX 64U
#define STATSD_TIMERS_MAX 10U
#define STATSD_SETS_MAX 4U

/* --- how often --- */

#define INTERVAL_MS_MIN 1000
#define INTERVAL_MS_MAX 60000
/* What changes slowly or costs much to ask (collect.c tells which) is asked for only so often. */
#define SLOW_MS 10000
/* As node_exporter is scraped, or faster; scripts write such files every minute at best. */
#define TEXTFILE_REFRESH_MS 10000
/* Timers and sets are summed up over so long, as in other StatsD servers. */
#define STATSD_WINDOW_MS 10000
/* A gauge that nobody has set for so long is not told any more: who set it may be gone. */
#define STATSD_STALE_MS 300000
/* So many datagrams are read in one step; then other work has its turn, after a flood a little longer. At
 * most 64,000 a second are taken, for about a tenth of a CPU. */
#define STATSD_DATAGRAMS_MAX 128U
#define STATSD_REST_FLOOD_MS 2
/* Where datagrams come closer together than this, they are read together so often, or more often when more
 * than so many are to be expected: the kernel's buffer holds some 250 small ones. */
#define STATSD_REST_MS 50
#define STATSD_DATAGRAMS_EXPECTED 100
/* Between two health checks. */
#define CHECK_MS_MIN 1000
#define CHECK_MS_MAX 3600000
/* The bytes of the month go to disk so often: a reboot loses no more of them. */
#define TRANSFER_KEEP_MS 300000
/* The service manager is asked so often how many units have failed, and has so long to answer; its answer is
 * some ten kilobytes, more on a machine with a large environment. */
#define UNITS_MS 60000
#define UNITS_PATIENCE_MS 2000
#define UNITS_ANSWER_MAX (256U * 1024U)
/* What the aggregator may ask for, and what is done until it has. */
#define SHIP_INTERVAL_MS_MIN 1000
#define SHIP_INTERVAL_MS_MAX 60000
#define SHIP_INTERVAL_MS_DEFAULT 10000

/* --- bytes --- */

/* Bridges restarts of the aggregator, and outages where no spool can be written: ten samples of a default
 * VM, its 121 series and top processes, take 750 to 1,450 bytes, which makes 15 to 29 minutes. Longer ones
 * are the spool's, which gets the blocks as soon as the aggregator is away. Every page of it is resident. */
#define RING_SIZE (128U * 1024U)
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

/* The spool is made of such pieces: when it is full the oldest one is given up. Large beside the dictionary
 * that each begins with (7 KiB for 150 series), small beside the default of 16 MiB. */
#define SPOOL_SEGMENT_SIZE (128U * 1024U)
#define SPOOL_SEGMENTS_LEAST 8U
#define SPOOL_SIZE_MIN (SPOOL_SEGMENTS_LEAST * SPOOL_SEGMENT_SIZE)
#define SPOOL_SIZE_MAX (32U * 1024U * 1024U)
/* Epochs of which it is remembered what was sent, and stretches of samples that were given up and may have
 * arrived: an agent has a new epoch after each outage, and asks about the oldest when it is connected. */
#define SPOOL_KNOWN_MAX 4U
#define SPOOL_DOUBTS_MAX 16U
/* How many blocks tell how large a block is. */
#define SPOOL_MEASURED_BLOCKS 6U
#define SPOOL_SEGMENTS_MAX (SPOOL_SIZE_MAX / SPOOL_SEGMENT_SIZE)

/* A series that is constant in its block takes 11 bytes at most, a process in one sample 64, so one sample
 * of all series and its processes fits. */
static_assert(SLOTS_MAX * 11U + PROCESS_TOPS_MAX * 64U + 64U <= BLOCK_SIZE_MAX,
              "a block can always be split until it fits");
static_assert(BLOCK_SIZE_MAX <= SCRATCH_SIZE, "a block is encoded in the scratch");
static_assert(WIRE_REPLY_SCRATCH_SIZE <= SCRATCH_SIZE, "a reply is unpacked in the scratch");
static_assert(BLOCK_SIZE_MAX + 16U <= RING_SIZE / 8U, "the ring holds several blocks");
static_assert(DICTIONARY_SERIES_MAX * (METRIC_SIZE + TAG_SIZE + UNIT_SIZE + 24U) + 32U <= TRANSMIT_SIZE,
              "a dictionary message fits in the transmit buffer");

/* A request to a local service: host and path of up to 250 bytes and a few headers. Its answer: the headers,
 * and the word that a metadata service says; of a health check only the first line counts. */
#define HTTP_SIZE 1024U
/* Names in the textfile directory, others included; the path of one file; broken files that are
 * remembered, so that each is said once. */
#define TEXTFILE_NAMES_SIZE 4096U
#define TEXTFILE_SIZE_MAX (SCRATCH_SIZE - TEXTFILE_NAMES_SIZE)
#define TEXTFILE_PATH_SIZE 512U
#define TEXTFILE_BROKEN_MAX 32U

/* --- patience --- */

#define RETRY_MS_MIN 500
#define RETRY_MS_MAX 30000
/* All that the cloud is asked at start. It answers within milliseconds, or there is none. */
#define METADATA_MS_MAX 2500
/* For name look-up, TCP and TLS; for the first answer; for an acknowledgement. To connect may last longer
 * than the parts of it may (platform/linux: 10 s for TCP, 60 for TLS), and than an aggregator lets anybody
 * wait: who gives up first goes to the end of its queue. */
#define CONNECT_MS_MAX 75000
#define ANSWER_MS_MAX 30000
/* At SIGTERM the last samples are sent and their acknowledgement is awaited so long. */
#define GOODBYE_MS_MAX 2000
/* Without a session for so long blocks go to disk: a restart of the aggregator costs no write. */
#define SPOOL_AFTER_MS 30000
/* A disk that is full or fails is tried again so often. */
#define SPOOL_RETRY_MS 60000
/* How fast history follows the live samples: a day of a default VM in some four minutes, while the live
 * batches, a few hundred bytes a second, hardly notice. */
#define HISTORY_BYTES_PER_S (32U * 1024U)
/* So often may the aggregator refuse a session over the same piece of history before that waits an hour. */
#define HISTORY_REFUSALS_MAX 3U
#define HISTORY_PAUSE_MS (3600 * 1000)
/* A certificate is renewed when two thirds of its life have passed. Looked at so often, or after a hundredth
 * of its life; asked for so often, or after a twelfth. The aggregator refuses who asks again within 10 s. */
#define RENEWAL_LOOK_MS (3600 * 1000)
#define RENEWAL_LOOK_PARTS 100
#define RENEWAL_PAUSE_MS (24 * 3600 * 1000)
#define RENEWAL_PAUSE_MS_MIN 15000
#define RENEWAL_PAUSE_PARTS 12

/* --- the sum --- */

#define AGENT_MEMORY_MAX                                                                               \
    (RING_SIZE + SCRATCH_SIZE + TRANSMIT_SIZE + RECEIVE_SIZE +                                         \
     SLOTS_MAX * BLOCK_SAMPLES_MAX * 8U + 1024U +  /* block builder: samples of the open block */      \
     BLOCK_PROCESSES_MAX * 28U +                   /* and its processes */                             \
     BLOCK_SAMPLES_MAX * PROCESS_TOPS_MAX * 12U +  /* with what each sample says of them */            \
     SLOTS_MAX * (SERIES_TAG_SIZE + 2U) + 64U +    /* series: what a slot stands for */                \
     CUSTOM_SERIES_MAX * 24U + CUSTOM_WORDS_SIZE + 16U + /* custom series */                           \
     SLOTS_MAX * 8U + 64U +                        /* sample: the one just taken */                    \
     PROCESS_TOPS_MAX * 28U + 8U +                 /* and its processes */                             \
     35U * 1024U +                                 /* collect: last readings, two of CPUs and disks */ \
     STATSD_ENTRIES_MAX * 48U + STATSD_TIMERS_MAX * 1152U + STATSD_SETS_MAX * 1032U + 256U + /* StatsD */ \
     CUSTOM_SERIES_MAX * 10U + TEXTFILE_BROKEN_MAX * 4U + 128U + /* textfile */                        \
     HTTP_SIZE + 1024U +                           /* health check */                                  \
     HTTP_SIZE + 768U +                            /* metadata of the cloud */                         \
     PROCESSES_WATCHED_MAX * 28U + 1024U +         /* processes: what each has used, and who is held */ \
     SPOOL_SEGMENTS_MAX * 48U + 1024U +            /* spool: what the segments hold */                 \
     (OWN_HINTS_MAX + HINTS_MAX) * (METRIC_SIZE + TAG_SIZE + 16U) + WATCHED_MAX * 8U + 64U + /* hints */ \
     3U * 1024U)                                   /* identity, uplink state, counters */

#endif
