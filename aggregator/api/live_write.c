/* SPDX-License-Identifier: MIT */
/* Messages for who follows live. */
#include "aggregator/api/live_write.h"

#include <string.h>

#include "aggregator/api/routes/handlers.h"

/* Slots for whose series there was no room have nothing to show. */
static void drop_refused(struct block_matrix *m, const struct store_feed_block *b)
{
    uint32_t kept = 0;
    for (uint32_t s = 0; s < m->slot_count; s++) {
        if (b->series_of_slot[m->slots[s]] == SERIES_NONE)
            continue;
        if (kept < s) {
            m->slots[kept] = m->slots[s];
            memcpy(m->values[kept], m->values[s], sizeof m->values[s]);
        }
        kept++;
    }
    m->slot_count = kept;
}

bool live_decode(struct live_words *w, const struct store_feed_block *b)
{
    if (block_decode(b->data, b->size, b->count, w->matrix) < 0)
        return false;
    drop_refused(w->matrix, b);
    return true;
}

static const struct store_series *series_of(const struct live_words *w, const struct store_feed_block *b,
                                            uint32_t column)
{
    return store_series(w->world->store, b->instance, b->series_of_slot[w->matrix->slots[column]]);
}

/* --- columns --- */

static void begin_samples(struct json *j, const char *id, uint64_t seq)
{
    text_clear(j->out);
    json_open_object(j, NULL);
    json_text(j, "type", "samples");
    json_u64(j, "seq", seq);
    json_text(j, "instance", id);
    json_open_array(j, "series");
}

/* Samples first..first+count of the block as one message. */
static void write_columns(struct live_words *w, const struct store_feed_block *b, uint64_t seq,
                          uint32_t first, uint32_t count, struct text *out)
{
    const struct block_matrix *m = w->matrix;
    struct json j = {.out = out};
    begin_samples(&j, store_instance(w->world->store, b->instance)->id, seq);
    for (uint32_t s = 0; s < m->slot_count; s++)
        json_u64(&j, NULL, b->series_of_slot[m->slots[s]]);
    json_close_array(&j);
    json_open_array(&j, "t");
    for (uint32_t i = first; i < first + count; i++)
        json_i64(&j, NULL, m->time_ms[i]);
    json_close_array(&j);
    json_open_array(&j, "v");
    for (uint32_t s = 0; s < m->slot_count; s++) {
        uint32_t scale = store_metric(w->world->store, series_of(w, b, s)->metric_index)->scale;
        json_open_array(&j, NULL);
        for (uint32_t i = first; i < first + count; i++)
            json_scaled(&j, NULL, m->values[s][i], scale);
        json_close_array(&j);
    }
    json_close_array(&j);
    json_close_object(&j);
}

/* In as few messages as hold it. */
bool live_write_columns(struct live_words *w, const struct store_feed_block *b, uint64_t number,
                        uint64_t after, struct live_sink *sink)
{
    struct text out;
    text_init(&out, w->message, LIVE_MESSAGE_SIZE);
    uint32_t count = w->matrix->count;
    for (uint32_t first = 0; first < w->matrix->count; first += count) {
        uint32_t left = w->matrix->count - first;
        count = count < left ? count : left;
        uint64_t seq = live_seq(number) + (uint64_t)(first + count) * SLOTS_MAX;
        write_columns(w, b, seq, first, count, &out);
        while (out.truncated && count > 1) {
            count /= 2;
            seq = live_seq(number) + (uint64_t)(first + count) * SLOTS_MAX;
            write_columns(w, b, seq, first, count, &out);
        }
        if (out.truncated)
            w->world->stats.websocket_missed++; /* one sample of hundreds of series with enormous numbers */
        else if (seq > after && !sink->take(sink, seq, &out))
            return false;
    }
    return true;
}

/* --- single points, as the earlier backend sent them --- */

static void begin_update(struct json *j, const char *event)
{
    text_clear(j->out);
    json_open_object(j, NULL);
    json_text(j, "type", "realtime_update");
    json_text(j, "eventType", event);
}

static void end_update(struct live_words *w, struct json *j, const char *key, uint64_t number)
{
    json_iso_ms(j, "timestamp", wall_ms(plat_wall(w->world->plat)));
    json_text(j, "source", "nephos");
    json_u64(j, key, number);
    json_close_object(j);
}

static bool write_point(struct live_words *w, const struct metric_point *point, uint64_t seq,
                        struct live_sink *sink)
{
    struct text out;
    text_init(&out, w->message, LIVE_MESSAGE_SIZE);
    struct json j = {.out = &out};
    begin_update(&j, "INSERT");
    metric_write(&j, "data", w->world->store, point);
    end_update(w, &j, "seq", seq);
    return sink->take(sink, seq, &out);
}

bool live_write_points(struct live_words *w, const struct store_feed_block *b, uint64_t number,
                       uint64_t after, struct live_sink *sink)
{
    const struct block_matrix *m = w->matrix;
    for (uint32_t i = 0; i < m->count; i++) {
        for (uint32_t column = 0; column < m->slot_count; column++) {
            uint64_t seq = live_seq(number) + (uint64_t)i * SLOTS_MAX + column + 1;
            const struct store_series *series = series_of(w, b, column);
            if (seq <= after ||
                !metric_is_classic(store_metric(w->world->store, series->metric_index), series->tag))
                continue;
            struct metric_point point = {b->instance, b->series_of_slot[m->slots[column]], m->time_ms[i],
                                         m->values[column][i]};
            if (!write_point(w, &point, seq, sink))
                return false;
        }
    }
    return true;
}

/* --- the newest values --- */

static bool is_newest(const struct store *s, uint32_t instance, uint32_t series, int64_t newest_ms)
{
    return newest_ms != 0 && store_series(s, instance, series)->last_ms == newest_ms;
}

static void write_newest(struct live_words *w, uint32_t instance, uint64_t seq, int64_t newest_ms,
                         struct text *out)
{
    const struct store *s = w->world->store;
    uint32_t count = store_series_count(s, instance);
    struct json j = {.out = out};
    begin_samples(&j, store_instance(w->world->store, instance)->id, seq);
    for (uint32_t i = 0; i < count; i++)
        if (is_newest(s, instance, i, newest_ms))
            json_u64(&j, NULL, i);
    json_close_array(&j);
    json_open_array(&j, "t");
    json_i64(&j, NULL, newest_ms);
    json_close_array(&j);
    json_open_array(&j, "v");
    for (uint32_t i = 0; i < count; i++) {
        if (!is_newest(s, instance, i, newest_ms))
            continue;
        const struct store_series *series = store_series(s, instance, i);
        json_open_array(&j, NULL);
        json_scaled(&j, NULL, series->last_value, store_metric(s, series->metric_index)->scale);
        json_close_array(&j);
    }
    json_close_array(&j);
    json_bool(&j, "latest", true);
    json_close_object(&j);
}

bool live_write_latest(struct live_words *w, uint32_t instance, bool as_columns, uint64_t seq,
                       struct live_sink *sink)
{
    const struct store *s = w->world->store;
    int64_t newest_ms = store_instance(w->world->store, instance)->last_sample_ms;
    uint32_t count = store_series_count(s, instance), points = 0;
    if (as_columns) {
        struct text out;
        text_init(&out, w->message, LIVE_MESSAGE_SIZE);
        write_newest(w, instance, seq, newest_ms, &out);
        return out.truncated || newest_ms == 0 || sink->take(sink, seq, &out);
    }
    static const uint32_t points_max = LIVE_MESSAGE_SIZE / 1024;
    for (uint32_t i = 0; i < count && points < points_max; i++) {
        const struct store_series *series = store_series(s, instance, i);
        if (!is_newest(s, instance, i, newest_ms) ||
            !metric_is_classic(store_metric(s, series->metric_index), series->tag))
            continue;
        struct metric_point point = {instance, i, series->last_ms, series->last_value};
        points++;
        if (!write_point(w, &point, seq, sink))
            return false;
    }
    return true;
}

/* --- changes of records --- */

bool live_write_change(struct live_words *w, const struct live_change *change, struct text *out)
{
    static const char *const events[] = {
        [LIVE_INSERT] = "INSERT", [LIVE_MODIFY] = "MODIFY", [LIVE_REMOVE] = "REMOVE"};
    struct json j = {.out = out};
    begin_update(&j, events[change->event]);
    switch (change->type) {
    case LIVE_ALERT:
        alert_write(&j, "data", &change->alert);
        break;
    case LIVE_INSIGHT:
        insight_write(&j, "data", &change->insight);
        break;
    default:
        instance_write(&j, "data", w->world->store, change->instance, wall_ms(plat_wall(w->world->plat)));
        break;
    }
    end_update(w, &j, "revision", change->revision);
    return !out->truncated;
}
