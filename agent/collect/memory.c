/* SPDX-License-Identifier: MIT */
/* /proc/meminfo; see memory.h. */
#include "agent/collect/memory.h"

#include "agent/collect/ratio.h"
#include "agent/collect/span.h"

static const char *const field_names[MEMORY_FIELD_COUNT] = {
    [MEMORY_FIELD_TOTAL] = "MemTotal:",
    [MEMORY_FIELD_FREE] = "MemFree:",
    [MEMORY_FIELD_AVAILABLE] = "MemAvailable:",
    [MEMORY_FIELD_BUFFERS] = "Buffers:",
    [MEMORY_FIELD_CACHED] = "Cached:",
    [MEMORY_FIELD_DIRTY] = "Dirty:",
    [MEMORY_FIELD_SWAP_TOTAL] = "SwapTotal:",
    [MEMORY_FIELD_SWAP_FREE] = "SwapFree:",
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
    *out = (struct memory_reading){0};
    struct span rest = span_of(text, length), line, name;
    uint32_t missing = MEMORY_FIELD_COUNT;
    while (missing > 0 && span_line(&rest, &line)) {
        if (!span_word(&line, &name))
            continue;
        for (uint32_t i = 0; i < MEMORY_FIELD_COUNT; i++) {
            if (out->has[i] || !span_is(name, field_names[i]))
                continue;
            out->has[i] = span_u64(&line, &out->kib[i]);
            missing -= out->has[i];
            break;
        }
    }
    estimate_available(out);
}

int memory_usage(const struct memory_reading *r)
{
    uint64_t total = r->kib[MEMORY_FIELD_TOTAL], available = r->kib[MEMORY_FIELD_AVAILABLE];
    if (!r->has[MEMORY_FIELD_TOTAL] || !r->has[MEMORY_FIELD_AVAILABLE] || total == 0)
        return ERR_MISSING;
    return ratio_percent_x100(available < total ? total - available : 0, total);
}
