/* SPDX-License-Identifier: MIT */
/* See predict.h: whose turn it is, and the reading. */
#include "aggregator/analysis/predict_state.h"

#define EVERY_MS (INT64_C(6) * 3600 * 1000)
/* While something is expected, so that an alert goes soon after its reason. */
#define EVERY_OPEN_MS INT64_C(3600000)
#define AT_ONCE_MS INT64_C(1800000) /* not more often, whatever rises */
#define FIRST_MS INT64_C(120000)
#define SCAN_MS 1000
#define PAUSE_MS 20
#define SLICE_MS 4
#define BUSY_MS 200
/* A strong trend: risen by so many percent since the last look, or less where little is left. */
#define RISE 5.0
#define RISE_HIGH 1.5
#define HIGH 80.0

struct predict *predict_reserve(struct memory_map *map, uint32_t instances_max)
{
    struct predict *p = memory_reserve(map, "analysis: predictions", 1, sizeof *p, "one host at a time");
    struct predict_host *h = memory_reserve(map, "analysis: what may be full", instances_max, sizeof *h,
                                            "further series of the host are not predicted");
    if (p != NULL)
        p->hosts = h;
    return p;
}

void predict_open(struct predict *p, struct store *s, struct mono now)
{
    *p = (struct predict){.store = s, .hosts = p->hosts, .query = -1, .scan_at = now};
}

bool predict_is_querying(const struct predict *p)
{
    return p->query >= 0;
}

void predict_close(struct predict *p)
{
    if (p->query >= 0)
        store_query_end(p->store, p->query);
    p->query = -1;
}

void predict_stats(const struct predict *p, struct predict_stats *out)
{
    *out = p->stats;
}

static bool is_predicted(const struct store_metric *m)
{
    static const char *const names[] = {"disk_usage_percent", "disk_inodes_usage_percent",
                                        "memory_usage_percent", "swap_usage_percent",
                                        "transfer_usage_percent"};
    for (uint32_t i = 0; i < COUNT_OF(names); i++)
        if (text_equal(names[i], m->name))
            return m->kind == METRIC_GAUGE && text_equal(m->unit, "percent");
    return false;
}

/* --- whose turn it is --- */

/* Series are found once; those that come later with the next regular look. */
static void find_series(struct predict *p, uint32_t instance)
{
    struct predict_host *h = &p->hosts[instance];
    uint32_t count = store_series_count(p->store, instance);
    for (uint32_t i = h->seen; i < count; i++) {
        const struct store_series *series = store_series(p->store, instance, i);
        if (!is_predicted(store_metric(p->store, series->metric_index)))
            continue;
        if (h->count == PREDICTED_MAX)
            p->stats.surplus++;
        else
            h->series[h->count++] = (struct predicted){.series = (uint16_t)i};
    }
    h->seen = count;
}

static double newest(const struct predict *p, uint32_t instance, uint16_t series)
{
    const struct store_series *s = store_series(p->store, instance, series);
    return s->last_ms == 0 ? 0 : (double)s->last_value / store_metric(p->store, s->metric_index)->scale;
}

static bool rises_strongly(const struct predict *p, uint32_t instance)
{
    const struct predict_host *h = &p->hosts[instance];
    for (uint32_t i = 0; i < h->count; i++) {
        double v = newest(p, instance, h->series[i].series), rise = v - (double)h->series[i].value;
        if (rise >= RISE || (v >= HIGH && rise >= RISE_HIGH))
            return true;
    }
    return false;
}

static bool is_due(struct predict *p, uint32_t instance, struct mono now)
{
    struct predict_host *h = &p->hosts[instance];
    if (store_instance(p->store, instance)->deleted_ms != 0)
        return false;
    if (!h->has_turn) { /* all hosts of a start, or of a morning, take turns */
        h->has_turn = true;
        h->looked_at = (struct mono){now.ns - (EVERY_MS - FIRST_MS) * NS_PER_MS};
    }
    if (h->seen < store_series_count(p->store, instance))
        find_series(p, instance);
    if (h->count == 0)
        return false;
    if (mono_reached(now, mono_after_ms(h->looked_at, h->has_open ? EVERY_OPEN_MS : EVERY_MS)))
        return true;
    bool is_at_once = mono_reached(now, mono_after_ms(h->looked_at, AT_ONCE_MS)) && h->has_value &&
                      rises_strongly(p, instance);
    p->stats.at_once += is_at_once;
    return is_at_once;
}

/* --- one host --- */

static int ask(struct predict *p, int64_t now_ms)
{
    const struct predict_host *h = &p->hosts[p->instance];
    struct store_query_ask ask = {.instance = p->instance, .series_count = h->count,
                                  .step_ms = OUTLOOK_STEP_MS};
    for (uint32_t i = 0; i < h->count; i++)
        ask.series[i] = h->series[i].series;
    ask.to_ms = (now_ms / OUTLOOK_STEP_MS + 1) * OUTLOOK_STEP_MS;
    ask.from_ms = ask.to_ms < OUTLOOK_PAST_MS ? 0 : ask.to_ms - OUTLOOK_PAST_MS;
    p->from_ms = ask.from_ms;
    return store_query_begin(p->store, &ask);
}

static bool find_due(struct predict *p, struct mono now)
{
    uint32_t count = store_instance_count(p->store), each = count / 60 + 1;
    for (uint32_t i = 0; i < each && count > 0; i++) {
        p->instance = p->next++ % count;
        if (is_due(p, p->instance, now))
            return true;
    }
    p->scan_at = mono_on_beat(mono_after_ms(now, SCAN_MS));
    return false;
}

static void finish(struct predict *p, struct mono now)
{
    struct predict_host *h = &p->hosts[p->instance];
    store_query_end(p->store, p->query);
    p->query = -1;
    h->looked_at = now;
    h->has_value = true;
    h->has_open = false;
    for (uint32_t i = 0; i < h->count; i++)
        h->has_open |= h->series[i].is_open;
    p->scan_at = mono_after_ms(now, PAUSE_MS);
}

/* One series: some thousand steps of the models. */
static void look_at_next(struct predict *p, int64_t now_ms)
{
    struct predicted *of = &p->hosts[p->instance].series[p->at];
    const struct store_series *series = store_series(p->store, p->instance, of->series);
    outlook_begin(&p->outlook, store_metric(p->store, series->metric_index), OUTLOOK_FULL_PERCENT);
    for (uint32_t i = 0; i < store_query_points(p->store, p->query); i++)
        outlook_take(&p->outlook, p->from_ms + i * OUTLOOK_STEP_MS,
                     store_query_cell(p->store, p->query, p->at, i));
    of->value = (float)newest(p, p->instance, of->series);
    p->stats.looks++;
    predict_tell(p, of, now_ms);
    p->at++;
}

struct mono predict_step(struct predict *p, struct mono now, struct wall wall, bool may_query)
{
    if (!mono_reached(now, p->scan_at))
        return p->scan_at;
    if (p->query < 0) {
        if (!may_query || !find_due(p, now))
            return p->scan_at = mono_on_beat(mono_after_ms(now, may_query ? SCAN_MS : BUSY_MS));
        p->query = ask(p, wall_ms(wall));
        p->is_read = false;
        p->at = 0;
        if (p->query < 0) { /* all queries are taken: the same host again */
            p->next--;
            return p->scan_at = mono_after_ms(now, BUSY_MS);
        }
    }
    p->scan_at = mono_after_ms(now, SLICE_MS);
    if (!p->is_read) {
        int more = store_query_step(p->store, p->query);
        if (more < 0)
            finish(p, now);
        p->is_read = more == 0;
    } else if (p->at < p->hosts[p->instance].count) {
        look_at_next(p, wall_ms(wall));
    } else {
        finish(p, now);
    }
    return p->scan_at;
}
