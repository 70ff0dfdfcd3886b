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
    s->custom_count = 0;
    s->words_size = 0;
}

static bool is_entry(const struct series_entry *e, enum metric metric, const char *tag)
{
    return e->metric == metric && text_equal(e->tag, tag);
}

static int new_slot(struct series *s, uint32_t metric, const char *tag)
{
    if (s->count == SLOTS_MAX) {
        s->refused++;
        return ERR_FULL;
    }
    struct series_entry *e = &s->entries[s->count];
    e->metric = (uint16_t)metric;
    bool fits = text_copy(e->tag, sizeof e->tag, tag);
    ASSERT(fits);
    return (int)s->count++;
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
    if (slot == s->count && new_slot(s, metric, tag) < 0)
        return ERR_FULL;
    s->expected = slot + 1;
    return (int)slot;
}

/* --- custom series --- */

/* FNV-1a (Fowler, Noll, Vo) of both texts. */
static uint32_t hash_of(const char *name, const char *tag)
{
    uint32_t hash = 2166136261U;
    for (; *name != '\0'; name++)
        hash = (hash ^ (uint8_t)*name) * 16777619U;
    for (; *tag != '\0'; tag++)
        hash = (hash ^ (uint8_t)*tag) * 16777619U;
    return hash;
}

/* Where the word stands in the pool, put there if need be; ERR_FULL. A timer's seven series share a tag. */
static int word_at(struct series *s, const char *word)
{
    uint32_t at = 0, size = (uint32_t)strlen(word) + 1;
    for (; at < s->words_size; at += (uint32_t)strlen(s->words + at) + 1)
        if (text_equal(s->words + at, word))
            return (int)at;
    if (size > CUSTOM_WORDS_SIZE - at)
        return ERR_FULL;
    memcpy(s->words + at, word, size);
    s->words_size += size;
    return (int)at;
}

/* A name is one kind of thing: with another tag it may not be the other kind. */
static bool is_other_kind(const struct series *s, const char *name, bool counter)
{
    for (uint32_t i = 0; i < s->custom_count; i++)
        if (s->custom[i].counter != counter && text_equal(s->words + s->custom[i].name, name))
            return true;
    return false;
}

static int new_custom(struct series *s, const char *name, const char *tag, const char *unit, bool counter)
{
    ASSERT(strlen(name) < METRIC_SIZE && strlen(tag) < TAG_SIZE && strlen(unit) < UNIT_SIZE);
    int name_at = word_at(s, name), tag_at = word_at(s, tag);
    if (s->custom_count == CUSTOM_SERIES_MAX || name_at < 0 || tag_at < 0) {
        s->refused++;
        return ERR_FULL;
    }
    int slot = new_slot(s, METRIC_COUNT + s->custom_count, "");
    if (slot < 0)
        return slot;
    s->custom[s->custom_count++] = (struct custom_series){
        .hash = hash_of(name, tag),
        .slot = (uint16_t)slot,
        .name = (uint16_t)name_at,
        .tag = (uint16_t)tag_at,
        .counter = counter,
        .unit = unit,
    };
    return slot;
}

int series_custom(struct series *s, const char *name, const char *tag, const char *unit, bool counter)
{
    uint32_t hash = hash_of(name, tag);
    for (uint32_t i = 0; i < s->custom_count; i++) {
        const struct custom_series *c = &s->custom[i];
        if (c->hash == hash && text_equal(s->words + c->name, name) && text_equal(s->words + c->tag, tag))
            return c->counter == counter ? c->slot : ERR_DENIED;
    }
    int metric = metric_find(name);
    if (metric < 0)
        return is_other_kind(s, name, counter) ? ERR_DENIED : new_custom(s, name, tag, unit, counter);
    const struct metric_info *info = metric_info((enum metric)metric);
    if (!metric_is_told((enum metric)metric) || counter != (info->kind == METRIC_COUNTER))
        return ERR_DENIED;
    return tag[0] == '\0' ? series_slot(s, (enum metric)metric, "")
                          : new_custom(s, name, tag, info->unit, counter);
}

uint32_t series_custom_room(const struct series *s)
{
    uint32_t pool = CUSTOM_SERIES_MAX - s->custom_count, slots = SLOTS_MAX - s->count;
    return pool < slots ? pool : slots;
}

static void describe_custom(const struct series *s, const struct custom_series *c, char tag[static TAG_SIZE],
                            struct wire_series *out)
{
    text_copy(tag, TAG_SIZE, s->words + c->tag);
    *out = (struct wire_series){
        .metric = s->words + c->name,
        .tag = tag,
        .unit = c->unit,
        .scale = CUSTOM_SCALE,
        .counter = c->counter,
    };
}

void series_describe(const struct series *s, uint32_t slot, char tag[static TAG_SIZE],
                     struct wire_series *out)
{
    ASSERT(slot < s->count);
    const struct series_entry *e = &s->entries[slot];
    if (e->metric >= METRIC_COUNT) {
        describe_custom(s, &s->custom[e->metric - METRIC_COUNT], tag, out);
        return;
    }
    const struct metric_info *info = metric_info((enum metric)e->metric);
    struct text t;
    text_init(&t, tag, TAG_SIZE);
    if (e->tag[0] != '\0') {
        text_put_n(&t, info->tag_key, (uint32_t)strcspn(info->tag_key, ","));
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

int series_put_dictionary(const struct series *s, uint64_t epoch, uint32_t first, uint8_t *to, uint32_t size,
                          uint32_t *count)
{
    ASSERT(first < s->count);
    struct wire_dictionary m = {.epoch = epoch, .first_slot = first};
    char tags[DICTIONARY_SERIES_MAX][TAG_SIZE];
    m.count = s->count - first < DICTIONARY_SERIES_MAX ? s->count - first : DICTIONARY_SERIES_MAX;
    for (uint32_t i = 0; i < m.count; i++)
        series_describe(s, first + i, tags[i], &m.series[i]);
    *count = m.count;
    return wire_put_dictionary(to, size, &m);
}

uint32_t series_dictionary_size(const struct series *s)
{
    uint32_t size = 0;
    for (uint32_t slot = 0; slot < s->count; slot++) {
        char tag[TAG_SIZE];
        struct wire_series it;
        series_describe(s, slot, tag, &it);
        size += 12U + (uint32_t)(strlen(it.metric) + strlen(it.tag) + strlen(it.unit));
    }
    return size;
}
