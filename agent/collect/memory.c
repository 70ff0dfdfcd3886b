/* SPDX-License-Identifier: MIT */
/* /proc/meminfo; see memory.h. */
#include "agent/collect/memory.h"

#include "agent/collect/fields.h"
#include "agent/collect/ratio.h"

static const struct field_name names[MEMORY_FIELD_COUNT] = {
    [MEMORY_FIELD_TOTAL] = {"", "MemTotal:"},
    [MEMORY_FIELD_FREE] = {"", "MemFree:"},
    [MEMORY_FIELD_AVAILABLE] = {"", "MemAvailable:"},
    [MEMORY_FIELD_BUFFERS] = {"", "Buffers:"},
    [MEMORY_FIELD_CACHED] = {"", "Cached:"},
    [MEMORY_FIELD_DIRTY] = {"", "Dirty:"},
    [MEMORY_FIELD_SHMEM] = {"", "Shmem:"},
    [MEMORY_FIELD_SLAB] = {"", "Slab:"},
    [MEMORY_FIELD_SLAB_RECLAIMABLE] = {"", "SReclaimable:"},
    [MEMORY_FIELD_COMMITTED] = {"", "Committed_AS:"},
    [MEMORY_FIELD_SWAP_TOTAL] = {"", "SwapTotal:"},
    [MEMORY_FIELD_SWAP_FREE] = {"", "SwapFree:"},
};

static void estimate_available(struct memory_reading *r)
{
    if (r->has[MEMORY_FIELD_AVAILABLE] || !r->has[MEMORY_FIELD_FREE] || !r->has[MEMORY_FIELD_CACHED])
        return;
    r->has[MEMORY_FIELD_AVAILABLE] = true;
    r->kib[MEMORY_FIELD_AVAILABLE] =
        r->kib[MEMORY_FIELD_FREE] + r->kib[MEMORY_FIELD_BUFFERS] + r->kib[MEMORY_FIELD_CACHED];
}

void memory_parse(const char *text, uint32_t length, struct memory_reading *out)
{
    fields_lines(text, length, names, MEMORY_FIELD_COUNT, out->has, out->kib);
    estimate_available(out);
}

/* What is not left; more left than there is counts as all of it. */
static int64_t used(const struct memory_reading *r, enum memory_field total, enum memory_field left)
{
    if (!r->has[total] || !r->has[left])
        return ERR_MISSING;
    uint64_t kib = r->kib[left] < r->kib[total] ? r->kib[total] - r->kib[left] : 0;
    return kib > INT64_MAX ? INT64_MAX : (int64_t)kib;
}

int64_t memory_used_kib(const struct memory_reading *r)
{
    return used(r, MEMORY_FIELD_TOTAL, MEMORY_FIELD_AVAILABLE);
}

int64_t memory_swap_used_kib(const struct memory_reading *r)
{
    return used(r, MEMORY_FIELD_SWAP_TOTAL, MEMORY_FIELD_SWAP_FREE);
}

static int share(int64_t part, uint64_t whole)
{
    return part < 0 || whole == 0 ? ERR_MISSING : ratio_percent_x100((uint64_t)part, whole);
}

int memory_usage(const struct memory_reading *r)
{
    return share(memory_used_kib(r), r->kib[MEMORY_FIELD_TOTAL]);
}

int memory_swap_usage(const struct memory_reading *r)
{
    return share(memory_swap_used_kib(r), r->kib[MEMORY_FIELD_SWAP_TOTAL]);
}
