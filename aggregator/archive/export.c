/* SPDX-License-Identifier: MIT */
/* `export`: samples as text on standard output, host by host, exactly as they were stored; or, with --step,
 * one value for each step: the mean of a gauge, the last of a counter. */
#include <inttypes.h>
#include <string.h>

#include "aggregator/api/query_string.h"
#include "aggregator/archive/parts.h"
#include "aggregator/archive/sample_text.h"
#include "aggregator/store/walk.h"

#define LINE_VALUES (SAMPLE_VALUES_MAX / 4)
#define STEP_SERIES 16U
#define MEAN_SCALE 1000

struct export {
    struct archive *c;
    struct store *store;
    enum sample_format format;
    int64_t from_ms, to_ms;
    struct text out;
    bool told[STORE_METRICS_MAX]; /* prom: the metric's type stands in the output already */
    uint64_t values;
    int err;                      /* of standard output */
    uint32_t many;                /* jsonl: samples that wait for their line */
    int64_t time_ms[LINE_VALUES], value[LINE_VALUES];
    struct store_query_ask ask;
};

void *export_command_reserve(struct memory_map *map, const struct config *config)
{
    struct export *e = memory_reserve(map, "export", 1, sizeof *e, "there is one");
    struct store *s = room_reserve_store(map, config);
    if (e != NULL)
        e->store = s;
    return e;
}

static void flush(struct export *e)
{
    if (e->out.length > 0 && e->err == ERR_OK)
        e->err = plat_linux_print(1, e->out.at, e->out.length);
    text_clear(&e->out);
}

static void flush_when_full(struct export *e)
{
    if (e->out.size - e->out.length < SAMPLE_LINE_MAX / 2)
        flush(e);
}

static void series_facts(struct export *e, uint32_t instance, uint32_t index, struct sample_series *to)
{
    const struct store_series *series = store_series(e->store, instance, index);
    const struct store_metric *metric = store_metric(e->store, series->metric_index);
    *to = (struct sample_series){.kind = metric->kind, .scale = metric->scale};
    (void)text_copy(to->instance, sizeof to->instance, store_instance(e->store, instance)->id);
    (void)text_copy(to->metric, sizeof to->metric, metric->name);
    (void)text_copy(to->unit, sizeof to->unit, metric->unit);
    (void)text_copy(to->tag, sizeof to->tag, series->tag);
}

/* A name that stands for several metrics is told each time that one of them comes. */
static void put_type(struct export *e, uint32_t instance, uint32_t index, const struct sample_series *s)
{
    uint32_t metric = store_series(e->store, instance, index)->metric_index;
    if (e->format != SAMPLE_PROM || e->told[metric])
        return;
    sample_put_type(&e->out, s);
    for (uint32_t i = 0; i < STORE_METRICS_MAX; i++)
        if (e->told[i] && text_equal(store_metric(e->store, i)->name, s->metric))
            e->told[i] = false;
    e->told[metric] = true;
}

static void end_line(struct export *e, const struct sample_series *s)
{
    if (e->many > 0)
        sample_put_many(&e->out, s, e->time_ms, e->value, e->many);
    e->many = 0;
    flush_when_full(e);
}

static void put_value(struct export *e, const struct sample_series *s, int64_t time_ms, int64_t value)
{
    e->values++;
    if (e->format != SAMPLE_JSONL) {
        sample_put(&e->out, e->format, s, time_ms, value);
        flush_when_full(e);
        return;
    }
    e->time_ms[e->many] = time_ms;
    e->value[e->many++] = value;
    if (e->many == LINE_VALUES)
        end_line(e, s);
}

static bool is_asked(const struct export *e, uint32_t instance, uint32_t index)
{
    const char *patterns = e->c->config->only_metric;
    const struct store_series *series = store_series(e->store, instance, index);
    return patterns[0] == '\0' || glob_match_any(patterns, store_metric(e->store,
                                                                        series->metric_index)->name);
}

static void put_column(struct export *e, struct store_walk *w, uint32_t column)
{
    uint16_t index;
    const int64_t *values;
    const uint16_t *sample_of;
    uint32_t n = store_walk_column(e->store, w, column, &index, &values, &sample_of);
    if (n == 0 || !is_asked(e, w->instance, index))
        return;
    struct sample_series s;
    series_facts(e, w->instance, index, &s);
    put_type(e, w->instance, index, &s);
    for (uint32_t k = 0; k < n; k++) {
        int64_t time_ms = w->time_ms[sample_of != NULL ? sample_of[k] : k];
        if (time_ms >= e->from_ms && time_ms < e->to_ms)
            put_value(e, &s, time_ms, values[k]);
    }
    end_line(e, &s);
}

static int put_samples(struct export *e, uint32_t instance)
{
    struct store_walk w;
    int n;
    store_walk_begin(e->store, &w, instance, e->from_ms, e->to_ms);
    while (e->err == ERR_OK && (n = store_walk_next(e->store, &w)) != 0) {
        for (uint32_t i = 0; n == 1 && i < w.column_count; i++)
            put_column(e, &w, i);
        if (n < 0) {
            store_walk_end(e->store, &w);
            return n;
        }
    }
    store_walk_end(e->store, &w);
    return ERR_OK;
}

/* --- with --step --- */

/* The mean with three more digits, where it has room for them. */
static int64_t mean_of(const struct store_cell *cell)
{
    int64_t whole = cell->sum / (int64_t)cell->count, rest = cell->sum % (int64_t)cell->count, scaled;
    if (__builtin_mul_overflow(whole, (int64_t)MEAN_SCALE, &scaled))
        return whole < 0 ? INT64_MIN : INT64_MAX;
    return scaled + rest * MEAN_SCALE / (int64_t)cell->count;
}

static void put_steps(struct export *e, int query, uint32_t position)
{
    uint32_t instance = e->ask.instance, index = e->ask.series[position];
    uint32_t points = store_query_points(e->store, query);
    struct sample_series s;
    series_facts(e, instance, index, &s);
    bool is_mean = s.kind == METRIC_GAUGE && s.scale <= 1000000;
    put_type(e, instance, index, &s);
    s.scale *= is_mean ? MEAN_SCALE : 1;
    for (uint32_t p = 0; p < points; p++) {
        const struct store_cell *cell = store_query_cell(e->store, query, position, p);
        if (cell->count > 0)
            put_value(e, &s, e->ask.from_ms + (int64_t)p * e->ask.step_ms, is_mean
                      ? mean_of(cell) : cell->last);
    }
    end_line(e, &s);
}

/* Some series of an instance, over a part of the time that one query takes. */
static int put_part(struct export *e)
{
    int query = store_query_begin(e->store, &e->ask), n = 1;
    if (query < 0)
        return query;
    while (n == 1)
        n = store_query_step(e->store, query);
    for (uint32_t i = 0; n == 0 && e->err == ERR_OK && i < e->ask.series_count; i++)
        put_steps(e, query, i);
    store_query_end(e->store, query);
    return n;
}

static int put_group(struct export *e)
{
    int64_t step_ms = e->ask.step_ms, span_ms = step_ms * (QUERY_CELLS_MAX / STEP_SERIES / 2), err = ERR_OK;
    int64_t end_ms = (e->to_ms + step_ms - 1) / step_ms * step_ms;
    for (int64_t at = e->from_ms - e->from_ms % step_ms; err == ERR_OK && e->err == ERR_OK && at < end_ms;
         at += span_ms) {
        e->ask.from_ms = at;
        e->ask.to_ms = at + span_ms < end_ms ? at + span_ms : end_ms;
        err = put_part(e);
    }
    e->ask.series_count = 0;
    return (int)err;
}

static int put_folded(struct export *e, uint32_t instance)
{
    uint32_t count = store_series_count(e->store, instance);
    int err = ERR_OK;
    e->ask = (struct store_query_ask){.instance = instance, .step_ms = e->c->config->step_ms};
    for (uint32_t i = 0; err == ERR_OK && i < count; i++) {
        if (is_asked(e, instance, i))
            e->ask.series[e->ask.series_count++] = (uint16_t)i;
        if (e->ask.series_count == STEP_SERIES || (i + 1 == count && e->ask.series_count > 0))
            err = put_group(e);
    }
    return err;
}

/* --- all of it --- */

static int take_times(struct export *e)
{
    struct archive *c = e->c;
    struct store_stats stats;
    int64_t now_ms = wall_ms(plat_wall(c->plat));
    const char *from = c->config->from, *to = c->config->to;
    e->from_ms = 0;
    e->to_ms = INT64_C(1) << 52;
    if (from[0] != '\0' && time_parse(from, now_ms, &e->from_ms) < 0)
        return archive_fail(c, ARCHIVE_USAGE, "--from %s: not a time; write 2026-01-31T12:00:00Z, -6h or "
                            "now", from);
    if (to[0] != '\0' && time_parse(to, now_ms, &e->to_ms) < 0)
        return archive_fail(c, ARCHIVE_USAGE, "--to %s: not a time; write 2026-01-31T12:00:00Z, -6h or now",
                            to);
    if (c->config->step_ms == 0)
        return ARCHIVE_OK;
    /* A walk over empty steps would take long. */
    store_stats(e->store, &stats);
    if (from[0] == '\0')
        e->from_ms = stats.oldest_sample_ms;
    if (to[0] == '\0')
        e->to_ms = now_ms + 86400000;
    return ARCHIVE_OK;
}

static int put_all(struct export *e)
{
    const struct config *config = e->c->config;
    uint32_t count = store_instance_count(e->store), found = 0;
    sample_put_head(&e->out, e->format);
    for (uint32_t i = 0; i < count && e->err == ERR_OK; i++) {
        if (config->only_instance[0] != '\0' && !glob_match_any(config->only_instance,
                                                                store_instance(e->store, i)->id))
            continue;
        found++;
        int err = config->step_ms > 0 ? put_folded(e, i) : put_samples(e, i);
        if (err < 0)
            return archive_fail(e->c, ARCHIVE_DAMAGED, "%s cannot be read: see `verify`", config->data);
        archive_progress(e->c, "export", i + 1, count);
    }
    flush(e);
    if (e->err < 0)
        return archive_fail(e->c, ARCHIVE_FAILED, "nobody reads standard output any more, or its disk is "
                            "full");
    if (found == 0 && config->only_instance[0] != '\0')
        return archive_fail(e->c, ARCHIVE_NO_INPUT, "no instance is called %s", config->only_instance);
    archive_progress_end(e->c);
    archive_say("%" PRIu64 " values of %u instances", e->values, found);
    return ARCHIVE_OK;
}

int export_command(struct archive *c)
{
    struct export *e = c->room;
    int format = sample_format_of(c->config->format);
    e->c = c;
    if (format < 0)
        return archive_fail(c, ARCHIVE_USAGE, "--format %s: there are csv, prom and jsonl",
                            c->config->format);
    e->format = (enum sample_format)format;
    text_init(&e->out, (char *)c->buffer, ARCHIVE_BUFFER_SIZE);
    int code = snapshot_or_lock(c);
    if (code == ARCHIVE_OK)
        code = room_open_store(c, e->store);
    if (code != ARCHIVE_OK)
        return code;
    code = take_times(e);
    if (code == ARCHIVE_OK)
        code = put_all(e);
    store_close(e->store);
    return code;
}
