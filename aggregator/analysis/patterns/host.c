/* SPDX-License-Identifier: MIT */
/* One host: which of its series are looked at, and what is in them. */
#include <math.h>
#include <string.h>

#include "aggregator/analysis/patterns/state.h"
#include "aggregator/analysis/words/metric_words.h"
#include "aggregator/analysis/words/moved.h"
#include "aggregator/store/store_alerts.h"

#define HOUR_MS INT64_C(3600000)
#define WEEK_MS (168 * HOUR_MS)
#define TOGETHER_LEAST 0.85
#define ALERTS_AT_ONCE 4U
#define ALERTS_LOOKED_AT 64U
#define RECURRING_LEAST 3U

static uint32_t uses_of(const struct store_metric *m, const char *tag)
{
    static const struct {
        const char *metric;
        uint32_t uses;
    } table[] = {
        {"cpu_usage", USE_SPIKE | USE_PAIR | USE_CPU},
        {"memory_usage_percent", USE_SPIKE | USE_LEAK | USE_MEMORY},
        {"memory_used_bytes", USE_LEAK | USE_PAIR},
        {"swap_used_bytes", USE_LEAK | USE_PAIR},
        {"pressure_cpu_some_avg10", USE_PRESSURE},
        {"pressure_io_some_avg10", USE_SPIKE},
        {"disk_busy_percent", USE_SPIKE | USE_PAIR},
        {"network_rx_bytes", USE_SPIKE | USE_PAIR},
        {"network_tx_bytes", USE_SPIKE},
        {"tcp_established", USE_SPIKE | USE_LEAK | USE_PAIR},
        {"sockets_used", USE_LEAK},
        {"response_time_ms", USE_SPIKE | USE_LEAK | USE_PAIR},
    };
    for (uint32_t i = 0; i < COUNT_OF(table); i++)
        if (text_equal(m->name, table[i].metric))
            return table[i].uses;
    if (text_equal(m->name, "cpu_seconds"))
        return text_equal(tag, "mode=steal") ? USE_STEAL : 0;
    if (metric_find(m->name) < 0 && m->kind == METRIC_GAUGE) /* an application's own */
        return USE_SPIKE | USE_LEAK | USE_PAIR;
    return 0;
}

uint32_t host_select(struct patterns *p)
{
    uint32_t count = store_series_count(p->store, p->instance);
    p->course_count = 0;
    for (uint32_t pass = 0; pass < 2;
         pass++) /* our own first: of applications as many as there is room for */
        for (uint32_t i = 0; i < count && i < SERIES_NONE && p->course_count < PATTERN_SERIES_MAX; i++) {
            const struct store_series *series = store_series(p->store, p->instance, i);
            const struct store_metric *m = store_metric(p->store, series->metric_index);
            uint32_t uses = uses_of(m, series->tag);
            if (uses == 0 || (metric_find(m->name) < 0) != (pass == 1) ||
                p->end_ms - series->last_ms > 24 * HOUR_MS)
                continue;
            p->courses[p->course_count].series = (uint16_t)i;
            p->courses[p->course_count++].uses = uses;
        }
    return p->course_count;
}

static float value_of(const struct store_metric *m, const struct store_cell *c,
                      const struct store_cell *before)
{
    if (c->count == 0)
        return NAN;
    if (m->kind == METRIC_GAUGE)
        return (float)((double)c->sum / c->count / m->scale);
    if (before == NULL || c->last < before->last || c->last_ms <= before->last_ms)
        return NAN;
    return (float)((double)(c->last - before->last) * 1000 / m->scale /
                   (double)(c->last_ms - before->last_ms));
}

static const struct store_metric *metric_at(const struct patterns *p, uint32_t at)
{
    return store_metric(p->store, store_series(p->store, p->instance, p->courses[at].series)->metric_index);
}

void host_read(struct patterns *p)
{
    uint32_t cpus = store_instance(p->store, p->instance)->cpu_count;
    for (uint32_t i = 0; i < p->course_count; i++) {
        struct pattern_course *to = &p->courses[i];
        const struct store_metric *m = metric_at(p, i);
        const struct store_cell *before = store_query_cell(p->store, p->query, i, 0);
        for (uint32_t h = 0; h < COURSE_HOURS; h++) {
            const struct store_cell *c = store_query_cell(p->store, p->query, i, h + 1);
            to->course.v[h] = value_of(m, c, before != NULL && before->count > 0 ? before : NULL);
            if ((to->uses & USE_STEAL) != 0) /* seconds a second, of all CPUs */
                to->course.v[h] *= 100.0F / (float)(cpus == 0 ? 1 : cpus);
            before = c->count > 0 ? c : before;
        }
        if ((to->uses & USE_CPU) != 0)
            groups_note(p, &to->course);
    }
}

static struct pattern_series series_at(const struct patterns *p, uint32_t at)
{
    const struct store_metric *m = metric_at(p, at);
    return (struct pattern_series){.metric = m->name,
                                   .tag = store_series(p->store, p->instance, p->courses[at].series)->tag,
                                   .unit = m->unit,
                                   .is_rate = m->kind == METRIC_COUNTER};
}

static double trifle_of(const struct pattern_series *s)
{
    return moved_trifle(s->unit, s->is_rate);
}

static const struct course *course_for(const struct patterns *p, uint32_t use)
{
    for (uint32_t i = 0; i < p->course_count; i++)
        if ((p->courses[i].uses & use) != 0)
            return &p->courses[i].course;
    return NULL;
}

/* What is told by several metrics at a time. */
static void find_in_host(struct patterns *p)
{
    const struct instance *in = store_instance(p->store, p->instance);
    const struct course *cpu = course_for(p, USE_CPU), *memory = course_for(p, USE_MEMORY);
    const struct course *steal = course_for(p, USE_STEAL);
    struct neighbour n;
    struct insight *out;
    double cpu_mean, memory_mean;
    if (cpu != NULL && steal != NULL && neighbour_find(cpu, steal, course_for(p, USE_PRESSURE), &n) &&
        (out = pattern_next(p)) != NULL)
        tell_neighbour(out, in, &n);
    if (cpu != NULL && memory != NULL && spare_find(cpu, memory, &cpu_mean, &memory_mean) &&
        (out = pattern_next(p)) != NULL)
        tell_spare(out, in, cpu_mean, memory_mean);
}

/* Memory is told once, in bytes where they are measured. */
static bool is_told_in_bytes(const struct patterns *p, uint32_t at)
{
    for (uint32_t i = 0; (p->courses[at].uses & USE_MEMORY) != 0 && i < p->course_count; i++)
        if (text_equal(metric_at(p, i)->name, "memory_used_bytes"))
            return true;
    return false;
}

bool host_find(struct patterns *p)
{
    const struct instance *in = store_instance(p->store, p->instance);
    struct spike spike;
    struct leak leak;
    struct insight *out;
    if (p->at == p->course_count) {
        find_in_host(p);
        return false;
    }
    const struct pattern_course *c = &p->courses[p->at];
    const struct pattern_series s = series_at(p, p->at);
    uint32_t first_hour = (uint32_t)((p->end_ms / HOUR_MS - COURSE_HOURS) % 24);
    if ((c->uses & USE_SPIKE) != 0 && spike_find(&c->course, first_hour, trifle_of(&s), &spike) &&
        (out = pattern_next(p)) != NULL)
        tell_spike(out, in, &s, &spike);
    if ((c->uses & USE_LEAK) != 0 && !is_told_in_bytes(p, p->at) &&
        leak_find(&c->course, trifle_of(&s), &leak) && (out = pattern_next(p)) != NULL)
        tell_leak(out, in, &s, &leak);
    p->at++;
    return true;
}

/* Pairs of one subject, as two disks, say nothing new. */
bool host_find_pairs(struct patterns *p)
{
    const struct instance *in = store_instance(p->store, p->instance);
    uint32_t i = p->at++;
    if (i >= p->course_count)
        return false;
    for (uint32_t k = i + 1; k < p->course_count; k++) {
        const struct pattern_series a = series_at(p, i), b = series_at(p, k);
        enum subject subject = subject_of(a.metric, "", "");
        if ((p->courses[i].uses & p->courses[k].uses & USE_PAIR) == 0 || text_equal(a.metric, b.metric) ||
            (subject != SUBJECT_OTHER && subject == subject_of(b.metric, "", "")))
            continue;
        double r = together(&p->courses[i].course, &p->courses[k].course, trifle_of(&a), trifle_of(&b));
        struct insight *out;
        if ((r >= TOGETHER_LEAST || r <= -TOGETHER_LEAST) && (out = pattern_next(p)) != NULL)
            tell_pair(out, in, &a, &b, r);
    }
    return true;
}

/* --- alerts that come again --- */

static struct pattern_kind *kind_of(struct pattern_kind *kinds, uint32_t *count, const struct alert *a)
{
    for (uint32_t i = 0; i < *count; i++) {
        bool is_same_rule = a->rule[0] != '\0'
                                ? text_equal(a->rule, kinds[i].rule)
                                : kinds[i].rule[0] == '\0' && text_equal(a->type, kinds[i].type);
        if (is_same_rule && text_equal(a->tag, kinds[i].tag))
            return &kinds[i];
    }
    if (*count == PATTERN_KINDS_MAX)
        return NULL;
    struct pattern_kind *k = &kinds[(*count)++];
    *k = (struct pattern_kind){.r.count = 0};
    (void)text_copy(k->rule, sizeof(k->rule), a->rule);
    (void)text_copy(k->tag, sizeof(k->tag), a->tag);
    (void)text_copy(k->type, sizeof(k->type), a->type);
    (void)text_copy(k->metric, sizeof(k->metric), a->metric);
    return k;
}

static void finish(struct pattern_kind *k)
{
    uint32_t n = k->r.count < PATTERN_TIMES_MAX ? k->r.count : PATTERN_TIMES_MAX;
    for (uint32_t i = 1; i < n; i++)
        for (uint32_t at = i; at > 0 && k->durations[at - 1] > k->durations[at]; at--) {
            int64_t it = k->durations[at];
            k->durations[at] = k->durations[at - 1];
            k->durations[at - 1] = it;
        }
    k->r.median_ms = k->durations[(n - 1) / 2];
    for (uint32_t h = 0; h < 24 && !k->r.has_hour; h++)
        if (k->hours[h] + k->hours[(h + 1) % 24] == k->r.count) {
            k->r.has_hour = true;
            k->r.hour = k->hours[h] == 0 ? (h + 1) % 24 : h;
        }
    k->r.rule = k->rule;
    k->r.tag = k->tag;
    k->r.type = k->type;
    k->r.metric = k->metric;
}

int host_find_recurring(struct patterns *p)
{
    const struct instance *in = store_instance(p->store, p->instance);
    struct pattern_kind *kinds = p->kinds;
    struct alert some[ALERTS_AT_ONCE];
    uint32_t count = 0;
    struct alert_filter filter = {
        .status = -1, .instance = in->id, .before_ms = INT64_MAX, .before = INT64_MAX};
    for (uint32_t looked = 0, n = ALERTS_AT_ONCE; looked < ALERTS_LOOKED_AT && n == ALERTS_AT_ONCE;
         looked += n) {
        int answer = store_alert_list(p->store, &filter, some, ALERTS_AT_ONCE);
        if (answer < 0)
            return answer;
        n = (uint32_t)answer;
        for (uint32_t i = 0; i < n; i++) {
            const struct alert *a = &some[i];
            filter.before_ms = a->created_ms;
            filter.before = a->number;
            struct pattern_kind *k =
                a->first_ms < p->now_ms - WEEK_MS || a->first_ms < 0 ? NULL : kind_of(kinds, &count, a);
            if (k == NULL)
                continue;
            if (k->r.count < PATTERN_TIMES_MAX)
                k->durations[k->r.count] = a->last_ms - a->first_ms;
            k->hours[a->first_ms / HOUR_MS % 24]++;
            k->r.count++;
        }
    }
    for (uint32_t i = 0; i < count; i++) {
        struct insight *out;
        if (kinds[i].r.count < RECURRING_LEAST || (out = pattern_next(p)) == NULL)
            continue;
        finish(&kinds[i]);
        tell_recurring(out, in, &kinds[i].r);
    }
    return 0;
}
