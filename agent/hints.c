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
    it->hold_s = 0;
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
    h->held = 0;
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
        it->hold_s = (uint8_t)(m->hints[i].hold_s < HINT_HOLD_S_MAX ? m->hints[i].hold_s : HINT_HOLD_S_MAX);
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

enum urgency { CAN_WAIT, HELD, REACHED };

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

/* One series with one hint. */
static enum urgency look(struct watched *w, const struct hint *it, int64_t value, uint32_t now_s)
{
    if (w->is_reached) {
        w->is_reached = is_beyond(it, return_level(it), value);
        return w->is_reached && it->hold_s > 0 && now_s <= w->held_until_s ? HELD : CAN_WAIT;
    }
    if (!is_beyond(it, it->level, value))
        return CAN_WAIT;
    w->is_reached = true;
    w->held_until_s = now_s + it->hold_s;
    return REACHED;
}

bool hints_reached(struct hints *h, const struct sample *sample, const struct series *series,
                   struct mono now)
{
    if (h->count == 0)
        return false;
    if (h->resolved_slots < series->count)
        resolve(h, series);
    uint32_t now_s = (uint32_t)(now.ns / NS_PER_S);
    enum urgency most = CAN_WAIT;
    for (uint32_t i = 0; i < h->watched_count; i++) {
        struct watched *w = &h->watched[i];
        if (!sample_has(sample, w->slot))
            continue;
        enum urgency its = look(w, &h->hints[w->hint], sample->values[w->slot], now_s);
        most = its > most ? its : most;
    }
    h->reached += most == REACHED;
    h->held += most == HELD;
    return most != CAN_WAIT;
}
