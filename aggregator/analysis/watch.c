/* SPDX-License-Identifier: MIT */
/* Memory, blocks, and what the other files share. */
#include "aggregator/analysis/watch_state.h"

#include <string.h>

struct watch_room *watch_reserve(struct memory_map *map, const struct watch_limits *limits)
{
    struct watch_room *w = memory_reserve(map, "rules: room", 1, sizeof *w, "never full");
    struct watched *hosts = memory_reserve(map, "rules: watched hosts", limits->instances_max, sizeof *hosts,
                                           "further rules of a host are left out and counted");
    struct memory_line *line = memory_last_line(map);
    uint16_t *positions = memory_reserve(map, "rules: series of a block", limits->series_per_instance_max,
                                         sizeof *positions, "never full");
    if (w == NULL)
        return NULL;
    w->limits = *limits; /* the rest is zero */
    w->hosts = hosts;
    w->positions = positions;
    w->line = line;
    return w;
}

void watch_open(struct watch_room *w, struct store *s, const struct rule_book *book, struct mono now,
                struct wall wall)
{
    w->store = s;
    w->book = book;
    w->base_ms = wall_ms(wall) - now.ns / NS_PER_MS;
    w->looked = w->aged = w->kept = now;
    w->looked_wall_ms = wall_ms(wall);
    w->quiet_until = mono_after_ms(now, 60000);
    memset(w->positions, 0xff, w->limits.series_per_instance_max * sizeof *w->positions);
}

const char *watch_tag(const struct watch_room *w, uint32_t instance, const struct watch *x)
{
    for (uint32_t i = 0; i < 2; i++)
        if (x->binding.series[i] != SERIES_NONE)
            return store_series(w->store, instance, x->binding.series[i])->tag;
    return "";
}

/* With a pattern of metrics there may be several of the same tag. */
void watch_rule_key(const struct watch_room *w, uint32_t instance, const struct watch *x,
                    char to[static ALERT_RULE_SIZE])
{
    const struct rule *r = rule_of(w, x);
    struct text t;
    text_init(&t, to, ALERT_RULE_SIZE);
    text_printf(&t, RULE_PREFIX "%s", r->name);
    if (x->binding.series[0] == SERIES_NONE || strpbrk(r->value.a.metric, "*?") == NULL)
        return;
    uint32_t metric = store_series(w->store, instance, x->binding.series[0])->metric_index;
    text_printf(&t, ":%s", store_metric(w->store, metric)->name);
}

int64_t watch_hold_ms(const struct watch *x, const struct rule *r)
{
    return x->returns >= FLAP_RETURNS && r->grace_ms > 0 ? FLAP_HOLD_MS : 0;
}

/* The samples of the block for one watch. */
static void feed(struct watch_room *w, struct watch *x, const struct block_matrix *m,
                 const double facts[static FACT_COUNT])
{
    const struct rule *r = rule_of(w, x);
    uint16_t at[RULE_TERMS];
    for (uint32_t t = 0; t < RULE_TERMS; t++)
        at[t] = x->binding.series[t] == SERIES_NONE ? SERIES_NONE : w->positions[x->binding.series[t]];
    bool is_judged = at[0] != SERIES_NONE || at[1] != SERIES_NONE;
    for (uint32_t k = 0; k < m->count; k++) {
        for (uint32_t t = 0; t < RULE_TERMS; t++)
            if (at[t] != SERIES_NONE)
                evaluate_take(&x->e, t, m->time_ms[k], m->values[at[t]][k]);
        enum rule_level before = x->e.level;
        if (is_judged && evaluate_step(&x->e, r, &x->binding, facts, m->time_ms[k], watch_hold_ms(x, r)))
            watch_note_change(x, before);
    }
}

static void feed_all(struct watch_room *w, uint32_t instance, const struct block_matrix *m, bool is_fresh,
                     int64_t now_ms)
{
    struct watched *h = &w->hosts[instance];
    double facts[FACT_COUNT];
    evaluate_fill_facts(store_instance(w->store, instance), facts);
    for (uint32_t i = 0; i < h->count; i++) {
        struct watch *x = &h->watches[i];
        if (x->binding.series[0] == SERIES_NONE && x->binding.series[1] == SERIES_NONE)
            continue; /* of facts */
        feed(w, x, m, facts);
        if (x->e.level != LEVEL_NORMAL || x->is_told)
            watch_tell(w, instance, x, is_fresh, now_ms);
    }
}

void watch_block(struct watch_room *w, const struct store_feed_block *b, const struct block_matrix *m,
                 const uint16_t *series, struct mono now, struct wall wall)
{
    const struct instance *in = store_instance(w->store, b->instance);
    if (w->book == NULL)
        return;
    if (b->stream != STREAM_HISTORY || in->source == INSTANCE_FROM_AGENT)
        watch_hear(w, b->instance, now);
    if (b->stream == STREAM_HISTORY || m->count == 0)
        return;
    watch_bind(w, b->instance);
    for (uint32_t k = 0; k < m->slot_count; k++)
        if (series[k] != SERIES_NONE)
            w->positions[series[k]] = (uint16_t)k;
    int64_t age_ms = wall_ms(wall) - (m->time_ms[m->count - 1] - in->skew_ms);
    feed_all(w, b->instance, m, age_ms <= FRESH_MS, wall_ms(wall));
    for (uint32_t k = 0; k < m->slot_count; k++)
        if (series[k] != SERIES_NONE)
            w->positions[series[k]] = SERIES_NONE;
}

struct mono watch_step(struct watch_room *w, struct mono now, struct wall wall)
{
    return w->book == NULL ? MONO_NEVER : watch_look(w, now, wall);
}

void watch_close(struct watch_room *w)
{
    if (w->book != NULL)
        watch_keep(w);
}

void watch_stats(const struct watch_room *w, struct watch_stats *out)
{
    *out = w->stats;
}
