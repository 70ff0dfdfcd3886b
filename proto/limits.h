/* SPDX-License-Identifier: MIT */
/* The limits that agent and aggregator share. Changing one changes the wire (docs/SPEC.md). */
#ifndef NEPHOS_PROTO_LIMITS_H
#define NEPHOS_PROTO_LIMITS_H

#include "platform/base/base.h"

/* Names, terminator included. */
#define INSTANCE_ID_SIZE 64U  /* also the longest common name of X.509 (64) less its terminator */
#define NAME_SIZE 64U
#define METRIC_SIZE 48U
#define TAG_SIZE 80U          /* "mount=/var/lib/postgresql" */
#define UNIT_SIZE 16U
#define FACT_SIZE 64U         /* os, kernel, provider, region, ... */
#define TOKEN_TEXT_SIZE 96U
#define REASON_SIZE 200U

/* Series of one host that are known at once; a slot is a number below this. A small VM has about a hundred
 * and fifty; a machine of 256 cores has a series for each of them, and its disks and mounts besides. */
#define SLOTS_MAX 512U

/* Samples in one block on the wire. Ten seconds at 1 Hz is the habit; a slot or interval change makes
 * shorter ones. */
#define BLOCK_SAMPLES_MAX 16U

/* The longest name of a process (TASK_COMM_LEN) in Linux. */
#define PROCESS_NAME_SIZE 16U
/* Processes that one sample names: five by CPU and five by memory. */
#define PROCESS_TOPS_MAX 10U
/* Processes that one block names in all its samples; with more it is ended early. A quiet machine has ten to
 * fifteen, one that compiles has a few new ones each second. */
#define BLOCK_PROCESSES_MAX 64U
/* The same for the largest section there is, that of a chunk, and its samples. */
#define PROCESSES_MAX 512U
#define PROCESS_SAMPLES_MAX 4096U

/* Blocks in one batch. */
#define BATCH_BLOCKS_MAX 64U

/* Series in one Dictionary message; a longer dictionary takes several. */
#define DICTIONARY_SERIES_MAX 64U

/* Hints that an aggregator may give: more would not be looked at every second for nothing. */
#define HINTS_MAX 16U
/* How long a value beyond a hint may be followed sample by sample: rules that wait longer can wait for a
 * habitual shipment. */
#define HINT_HOLD_S_MAX 60U

/* A frame: one type byte, three length bytes, payload. A block fits in a batch when it is made of so many
 * values: 12 bytes is the worst case of one (an escape). Who has more, and wilder ones, puts fewer samples
 * into a block. */
#define FRAME_HEADER_SIZE 4U
#define FRAME_PAYLOAD_MAX 61440U
#define BLOCK_VALUES_SURE 4096U
#define BLOCK_DATA_MAX (BLOCK_VALUES_SURE * 12U + 1024U)
static_assert(BLOCK_DATA_MAX + 256U <= FRAME_PAYLOAD_MAX, "a block must fit in a frame");
static_assert(SLOTS_MAX <= BLOCK_VALUES_SURE, "one sample always fits");
static_assert(SLOTS_MAX % 64U == 0 && SLOTS_MAX / 8U <= 255U, "words of a sample; length of a bitmap");

/* Scratch that unpacking any one frame may need: copies of its byte strings plus headers. */
#define WIRE_SCRATCH_SIZE 131072U
/* The agent only receives small messages (EnrollReply is the largest). */
#define WIRE_REPLY_MAX 4096U
#define WIRE_REPLY_SCRATCH_SIZE 8192U

#endif
