/* SPDX-License-Identifier: MIT */
/* The table of slots; see series.h. */
#include "agent/series.h"

#include <string.h>

#include "platform/base/text.h"

void series_init(struct series *s)
{
    s->count = 0;
    s->expected = 0;
    s->refused = 0;
}

static bool is_entry(const struct series_entry *e, enum metric metric, const char *tag)
{
    return e->metric == metric && text_equal(e->tag, tag);
}

int series_slot(struct series *s, enum metric metric, const char *tag)
{
    if (s->expected >= s->count)
        s->expected = 0;
    uint32_t slot = s->expected;
    if (slot >= s->count || !is_entry(&s->entries[slot], metric, tag))
        for (slot = 0; slot < s->count; slot++)
            if (is_entry(&s->entries[slot], metric, tag))
                break;
    if (slot == SLOTS_MAX) {
        s->refused++;
        return ERR_FULL;
    }
    if (slot == s->count) {
        struct series_entry *e = &s->entries[s->count++];
        e->metric = (uint16_t)metric;
        bool fits = text_copy(e->tag, sizeof e->tag, tag);
        ASSERT(fits);
    }
    s->expected = slot + 1;
    return (int)slot;
}

void series_describe(const struct series *s, uint32_t slot, char tag[static TAG_SIZE],
                     struct wire_series *out)
{
    ASSERT(slot < s->count);
    const struct series_entry *e = &s->entries[slot];
    const struct metric_info *info = metric_info((enum metric)e->metric);
    struct text t;
    text_init(&t, tag, TAG_SIZE);
    if (e->tag[0] != '\0') {
        text_put(&t, info->tag_key);
        text_put_char(&t, '=');
        text_put(&t, e->tag);
    }
    ASSERT(!t.truncated);
    *out = (struct wire_series){
        .metric = info->name,
        .tag = tag,
        .unit = info->unit,
        .scale = info->scale,
        .counter = info->kind == METRIC_COUNTER,
    };
}
