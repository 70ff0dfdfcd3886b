/* SPDX-License-Identifier: MIT */
/* POST /metrics: one sample. GET /metrics/{id}: the one of that id, INSTANCE-SERIES-MILLISECONDS. */
#include <string.h>

#include "aggregator/api/routes/handlers.h"
#include "aggregator/api/routes/sample_reader.h"
#include "aggregator/store/store_told.h"
#include "proto/instance_id.h"

#define MOVES_MAX 8U /* milliseconds that a sample without a time of its own gives way to others */

static const char *const required[] = {"instanceId", "metricName", "metricValue", "unit"};
static const struct sample_keys keys = {"metricName", "metricValue"};

struct posted {
    struct metric_point point;
    int64_t number;             /* of the store's query, or -1 */
    uint16_t status;
};

static int produce_point(struct exchange *x)
{
    const struct posted *st = (const struct posted *)x->state;
    metric_write(&x->json, NULL, x->world->store, &st->point);
    return PRODUCE_DONE;
}

/* --- looking it up: the exact millisecond of one series --- */

static void release_posted(struct exchange *x)
{
    struct posted *st = (struct posted *)x->state;
    if (st->number >= 0)
        store_query_end(x->world->store, (int)st->number);
    st->number = -1;
}

static int decide(struct exchange *x)
{
    struct posted *st = (struct posted *)x->state;
    struct store *s = x->world->store;
    if (st->number < 0) {
        const struct store_query_ask ask = {.instance = st->point.instance, .series_count = 1,
                                            .series = {(uint16_t)st->point.series},
                                            .from_ms = st->point.time_ms, .to_ms = st->point.time_ms + 1,
                                            .step_ms = 1};
        st->number = store_query_begin(s, &ask);
        if (st->number < 0)
            return st->number == ERR_FULL ? ERR_BUSY : (int)st->number;
    }
    int more = store_query_step(s, (int)st->number);
    if (more != 0)
        return more > 0 ? ERR_AGAIN : more;
    const struct store_cell *c = store_query_cell(s, (int)st->number, 0, 0);
    bool is_there = store_query_points(s, (int)st->number) == 1 && c->count > 0;
    if (is_there)
        st->point.value = c->last;
    release_posted(x);
    if (is_there)
        respond(x, st->status, "application/json", produce_point);
    else
        respond_error(x, 404, "Metric not found", "no sample has that id, or it is too old to be kept as it"
                      " was");
    return ERR_OK;
}

static void look_up(struct exchange *x, uint32_t instance, uint32_t series, int64_t time_ms, uint16_t status)
{
    struct posted *st = exchange_state(x, sizeof(*st));
    *st = (struct posted){.point = {instance, series, time_ms, 0}, .number = -1, .status = status};
    x->release = release_posted;
    respond_later(x, decide);
}

/* Cuts "-NUMBER" off the end. */
static bool cut_number(char *id, uint64_t *out)
{
    char *dash = strrchr(id, '-');
    if (dash == NULL || !text_to_u64(dash + 1, out))
        return false;
    *dash = 0;
    return true;
}

void handle_metric(struct exchange *x)
{
    struct store *s = x->world->store;
    char id[EXCHANGE_PARAMETER_SIZE];
    uint64_t time_ms, series;
    (void)text_copy(id, sizeof(id), x->parameter);
    bool is_sound = cut_number(id, &time_ms) && cut_number(id, &series) && time_ms < (UINT64_C(1) << 53) - 1;
    int index = is_sound ? store_instance_find(s, id) : ERR_MISSING;
    if (index < 0 || series >= store_series_count(s, (uint32_t)index)) {
        respond_error(x, 404, "Metric not found", "no sample has that id");
        return;
    }
    look_up(x, (uint32_t)index, (uint32_t)series, (int64_t)time_ms, 200);
}

/* --- POST --- */

/* The series that took the sample: of those with its name and tag the one that has its time as newest, else
 * the finest. */
static int find_series(struct store *s, uint32_t instance, const struct push_sample *sample)
{
    int found = ERR_MISSING;
    uint32_t scale = 0;
    for (uint32_t i = 0; i < store_series_count(s, instance); i++) {
        const struct store_series *series = store_series(s, instance, i);
        const struct store_metric *m = store_metric(s, series->metric_index);
        if (!text_equal(m->name, sample->metric) || !text_equal(series->tag, sample->tag))
            continue;
        if (series->last_ms == sample->time_ms)
            return (int)i;
        if (m->scale > scale) {
            scale = m->scale;
            found = (int)i;
        }
    }
    return found;
}

/* After the commit. */
static int respond_posted(struct exchange *x)
{
    struct posted *st = (struct posted *)x->state;
    const struct metric_point p = st->point;
    look_up(x, p.instance, p.series, p.time_ms, 201);
    return ERR_BUSY;
}

/* One pass; true when the sample is good. */
static bool pass(struct exchange *x, enum push_pass which, const char *id, const struct push_sample *sample)
{
    struct push *p = x->world->push;
    struct push_facts facts = {.id = id};
    push_begin(p, which);
    int instance = push_instance(p, &facts);
    int err = instance < 0 ? instance : push_sample(p, instance, sample);
    if (err >= 0)
        return true;
    respond_error(x, 400, NULL, "%s", push_why(p));
    return false;
}

static void answer_result(struct exchange *x, const char *id, const struct push_sample *sample,
                          const struct push_result *result)
{
    struct store *s = x->world->store;
    char words[160];
    struct text why;
    text_init(&why, words, sizeof(words));
    int index = store_instance_find(s, id);
    int series = index < 0 ? ERR_MISSING : find_series(s, (uint32_t)index, sample);
    if (push_left_out(result, &why) > 0 || series < 0) {
        respond_error(x, result->conflicts > 0 || result->agents_own > 0 ? 409 : 503, NULL, "not stored: %s",
                      words);
        return;
    }
    struct posted *st = exchange_state(x, sizeof(*st));
    *st = (struct posted){.point = {(uint32_t)index, (uint32_t)series, sample->time_ms, 0}, .number = -1};
    respond_committed(x, respond_posted);
}

/* Whoever sends samples over the API speaks for an instance that was not there. */
static void note_source(struct store *s, const char *id, bool was_there)
{
    int index = store_instance_find(s, id);
    if (index < 0)
        return;
    const struct instance *in = store_instance(s, (uint32_t)index);
    if (!was_there || in->deleted_ms != 0)
        store_told_source(s, (uint32_t)index, in->agent_version[0] == 0 ? INSTANCE_FROM_API : in->source);
}

void handle_metric_post(struct exchange *x)
{
    char id[INSTANCE_ID_SIZE], words[160];
    struct sample_texts texts;
    struct push_sample sample;
    struct push_result result;
    struct text why;
    text_init(&why, words, sizeof(words));
    yyjson_val *body = json_body(x);
    if (body == NULL || !json_require(x, body, required, COUNT_OF(required)) ||
        !json_take_text(x, body, "instanceId", id, sizeof(id)))
        return;
    if (!sample_read(body, &keys, x->now_ms, &texts, &sample, &why)) {
        respond_error(x, 400, NULL, "%s", words);
        return;
    }
    bool has_time = json_is_present(yyjson_obj_get(body, "timestamp"));
    bool was_there = store_instance_find(x->world->store, id) >= 0;
    int err = ERR_OK;
    for (uint32_t move = 0; move <= MOVES_MAX; move++, sample.time_ms++) {
        if (!pass(x, PUSH_CHECK, id, &sample) || !pass(x, PUSH_STORE, id, &sample))
            return;
        err = push_commit(x->world->push, &result);
        if (err != ERR_OK || result.conflicts == 0 || has_time)
            break;
    }
    note_source(x->world->store, id, was_there);
    if (err != ERR_OK)
        respond_not_stored(x, err);
    else
        answer_result(x, id, &sample, &result);
}
