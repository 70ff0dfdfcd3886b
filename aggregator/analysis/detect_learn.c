/* SPDX-License-Identifier: MIT */
/* Learning from the store, one host after the other, a slice at a time: what lies between the checkpoint and
 * what is measured now, or, where there is none, the last days. The cells of a query are the same integers
 * that a minute is made of, so that the models end up as if they had been there. */
#include "aggregator/analysis/detect_state.h"

#define WINDOW_MINUTES_MAX 720
#define CELLS_EACH_STEP 2048U
#define PAUSE_MS 10
#define BUSY_MS 100
#define QUERY_TRIES_MAX 600U /* then it begins with what comes: better than never */

static void finish(struct detect *d)
{
    struct learning *l = &d->learning;
    struct detect_host *h = &d->hosts[l->instance];
    detect_end_minute(d, l->instance, 0);
    /* samples go on after the newest minute that was learnt; where there was none, anywhere */
    h->minute_s = d->shown[l->instance].minute_s;
    if (h->minute_s != 0)
        h->minute_s += MINUTE_S;
    h->behind_s = 0;
    d->behind_count--;
    h->late_minutes = 0;
    detect_resume(d, l->instance);
    d->shown[l->instance].is_catching_up = false;
    l->stage = LEARNING_IDLE;
}

/* All series of the host that take part have a slot before the query is made. */
static void give_slots(struct detect *d, uint32_t instance)
{
    uint32_t count = store_series_count(d->store, instance);
    for (uint32_t i = 0; i < count; i++)
        (void)detect_slot_of(d, instance, (uint16_t)i);
}

static void begin(struct detect *d, uint32_t instance)
{
    struct learning *l = &d->learning;
    struct detect_host *h = &d->hosts[instance];
    const struct instance *in = store_instance(d->store, instance);
    int64_t now_ms = wall_ms(d->now);
    if (h->is_to_be_loaded && checkpoint_load(d, instance) == ERR_OK &&
        d->shown[instance].minute_s >= h->behind_s)
        h->behind_s = d->shown[instance].minute_s + MINUTE_S;
    h->is_to_be_loaded = false;
    give_slots(d, instance);
    h->minute_s = 0;
    *l = (struct learning){.stage = LEARNING_QUERY, .instance = instance, .next = instance + 1, .query = -1,
                           .from_s = h->behind_s};
    if (in->last_sample_ms > now_ms)
        now_ms = in->last_sample_ms;
    l->end_s = now_ms / MS_PER_S / MINUTE_S * MINUTE_S;
    if (d->shown[instance].tracked == 0 || in->deleted_ms != 0)
        l->end_s = l->from_s;
}

static void find(struct detect *d)
{
    struct learning *l = &d->learning;
    for (uint32_t i = 0; d->behind_count > 0 && i < d->board.count; i++) {
        uint32_t instance = (l->next + i) % d->board.count;
        if (d->hosts[instance].behind_s != 0) {
            begin(d, instance);
            return;
        }
    }
}

static int ask(struct detect *d)
{
    struct learning *l = &d->learning;
    const struct detect_slot *slots = slots_of(d, l->instance);
    struct store_query_ask ask = {.instance = l->instance, .series_count = d->shown[l->instance].tracked,
                                  .from_ms = l->from_s * MS_PER_S, .step_ms = MINUTE_S * MS_PER_S};
    int64_t minutes = QUERY_CELLS_MAX / ask.series_count;
    minutes = minutes > WINDOW_MINUTES_MAX ? WINDOW_MINUTES_MAX : minutes;
    l->to_s = l->from_s + minutes * MINUTE_S < l->end_s ? l->from_s + minutes * MINUTE_S : l->end_s;
    ask.to_ms = l->to_s * MS_PER_S;
    for (uint32_t i = 0; i < ask.series_count; i++)
        ask.series[i] = slots[i].series;
    return store_query_begin(d->store, &ask);
}

/* Steps of the query, or its beginning. */
static void read(struct detect *d, struct mono now)
{
    struct learning *l = &d->learning;
    if (l->from_s >= l->end_s) {
        finish(d);
        return;
    }
    int more = 1;
    if (l->query < 0) {
        l->query = ask(d);
        more = l->query < 0 ? l->query : 1;
    } else {
        more = store_query_step(d->store, l->query);
    }
    if (more == 0) {
        l->points = store_query_points(d->store, l->query);
        l->point = 0;
        l->stage = LEARNING_FEED;
    } else if (more < 0) {
        if (l->query >= 0)
            store_query_end(d->store, l->query);
        l->query = -1;
        l->again = mono_after_ms(now, BUSY_MS);
        if (++l->refusals > QUERY_TRIES_MAX)
            l->from_s = l->end_s;
    }
}

static void feed_minute(struct detect *d, uint32_t point)
{
    struct learning *l = &d->learning;
    struct minute *minutes = minutes_of(d, l->instance);
    bool has_any = false;
    for (uint32_t i = 0; i < d->shown[l->instance].tracked; i++) {
        const struct store_cell *cell = store_query_cell(d->store, l->query, i, point);
        has_any |= cell->count > 0;
        if (!minute_take(&minutes[i], cell))
            d->stats.absurd++;
    }
    if (!has_any)
        return;
    d->stats.learnt_minutes++;
    d->hosts[l->instance].minute_s = l->from_s + (int64_t)point * MINUTE_S;
    detect_end_minute(d, l->instance, 0);
}

static void feed(struct detect *d)
{
    struct learning *l = &d->learning;
    uint32_t tracked = d->shown[l->instance].tracked, minutes = CELLS_EACH_STEP / (tracked + 1) + 1;
    d->is_quiet = true;
    for (uint32_t i = 0; i < minutes && l->point < l->points; i++, l->point++)
        feed_minute(d, l->point);
    d->is_quiet = false;
    if (l->point < l->points)
        return;
    store_query_end(d->store, l->query);
    l->query = -1;
    l->from_s = l->to_s;
    l->stage = LEARNING_QUERY;
}

struct mono detect_learn(struct detect *d, struct mono now)
{
    struct learning *l = &d->learning;
    if (!mono_reached(now, l->again))
        return l->again;
    if (l->stage == LEARNING_IDLE)
        find(d);
    if (l->stage == LEARNING_IDLE)
        return MONO_NEVER;
    l->again = mono_after_ms(now, PAUSE_MS);
    if (l->stage == LEARNING_QUERY)
        read(d, now);
    else
        feed(d);
    return l->again;
}
