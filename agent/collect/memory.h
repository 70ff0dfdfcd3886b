/* SPDX-License-Identifier: MIT */
/* /proc/meminfo (proc(5)). */
#ifndef NEPHOS_COLLECT_MEMORY_H
#define NEPHOS_COLLECT_MEMORY_H

#include "platform/base/base.h"

enum memory_field {
    MEMORY_FIELD_TOTAL,
    MEMORY_FIELD_FREE,
    MEMORY_FIELD_AVAILABLE, /* before Linux 3.14: free + buffers + cached */
    MEMORY_FIELD_BUFFERS,
    MEMORY_FIELD_CACHED,
    MEMORY_FIELD_DIRTY,
    MEMORY_FIELD_SHMEM,
    MEMORY_FIELD_SLAB,
    MEMORY_FIELD_SLAB_RECLAIMABLE,
    MEMORY_FIELD_COMMITTED,
    MEMORY_FIELD_SWAP_TOTAL,
    MEMORY_FIELD_SWAP_FREE,
    MEMORY_FIELD_COUNT
};

struct memory_reading {
    bool has[MEMORY_FIELD_COUNT];
    uint64_t kib[MEMORY_FIELD_COUNT];
};

void memory_parse(const char *text, uint32_t length, struct memory_reading *out);
/* Memory that is not available, and swap that is in use: KiB, or ERR_MISSING when the text did not tell. */
int64_t memory_used_kib(const struct memory_reading *r);
int64_t memory_swap_used_kib(const struct memory_reading *r);
/* The same of the total, percent x 100; ERR_MISSING when the text did not tell or there is none. */
int memory_usage(const struct memory_reading *r);
int memory_swap_usage(const struct memory_reading *r);

#endif
