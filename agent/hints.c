/* SPDX-License-Identifier: MIT */
/* Levels, and who has reached them; see hints.h. */
#include "agent/hints.h"

#include "platform/base/text.h"

/* A value must come back by a twentieth of the level: 90 % is left at 85.5 %. */
#define RETURN_SHARE 20

static void own(struct hints *h, enum metric metric, uint32_t percent)
{
    if (percent == 0)
        return;
    const struct metric_info *info = metric_info(metric);
    struct hint *it = &h->hints[h->own_count++];
    text_copy(it->metric, sizeof it->metric, info->name);
    it->tag[0] = '\0';
    it->level = (int64_t)percent * info->scale;
    it->below = false;
}

static void forget_slots(struct hints *h)
{
    h->resolved_slots = 0;
    h->watched_count = 0;
}

void hints_init(struct hints *h, uint32_t cpu, uint32_t memory, uint32_t disk)
{
    h->own_count = 0;
    h->unwatched = 0;
    h->reached = 0;
    own(h, METRIC_CPU_USAGE, cpu);
    own(h, METRIC_MEMORY_USAGE, memory);
    own(h, METRIC_DISK_USAGE, disk);
    h->count = h->own_count;
    forget_slots(h);
}

void hints_replace(struct hints *h, const struct wire_settings *m)
{
    h->count = h->own_count;
    for (uint32_t i = 0; i < m->hint_count; i++) {
        struct hint *it = &h->hints[h->count++];
        text_copy(it->metric, sizeof it->metric, m->hints[i].metric);
        text_copy(it->tag, sizeof it->tag, m->hints[i].tag);
        it->level = m->hints[i].level;
        it->below = m->hints[i].below;
    }
    forget_slots(h);
}

static bool is_about(const struct hint *h, const struct wire_series *series)
{
    return text_equal(h->metric, series->metric) && (h->tag[0] == '\0' || text_equal(h->tag, series->tag));
}

/* Series appear now and then, and stay: each is compared with the hints once. */
static void resolve(struct hints *h, const struct series *series)
{
    for (; h->resolved_slots < series->count; h->resolved_slots++) {
        char tag[TAG_SIZE];
        struct wire_series it;
        series_describe(series, h->resolved_slots, tag, &it);
        for (uint32_t i = 0; i < h->count; i++) {
            if (!is_about(&h->hints[i], &it))
                continue;
            if (h->watched_count == WATCHED_MAX)
                h->unwatched++;
            else
                h->watched[h->watched_count++] =
                    (struct watched){.slot = (uint16_t)h->resolved_slots, .hint = (uint8_t)i};
        }
    }
}

/* On the far side of `level`, seen from where values normally are. */
static bool is_beyond(const struct hint *h, int64_t level, int64_t value)
{
    return h->below ? value <= level : value >= level;
}

static int64_t return_level(const struct hint *h)
{
    int64_t part = h->level / RETURN_SHARE, back;
    bool is_over = (part < 0) != h->below ? __builtin_add_overflow(h->level, part, &back)
                                          : __builtin_sub_overflow(h->level, part, &back);
    return is_over ? h->level : back;
}

bool hints_reached(struct hints *h, const struct sample *sample, const struct series *series)
{
    if (h->count == 0)
        return false;
    if (h->resolved_slots < series->count)
        resolve(h, series);
    bool any = false;
    for (uint32_t i = 0; i < h->watched_count; i++) {
        struct watched *w = &h->watched[i];
        const struct hint *it = &h->hints[w->hint];
        if (!sample_has(sample, w->slot))
            continue;
        int64_t value = sample->values[w->slot];
        if (w->is_reached) {
            w->is_reached = is_beyond(it, return_level(it), value);
        } else if (is_beyond(it, it->level, value)) {
            w->is_reached = true;
            any = true;
        }
    }
    h->reached += any;
    return any;
}
