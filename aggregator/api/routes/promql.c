/* SPDX-License-Identifier: MIT */
/* GET and POST /prometheus/api/v1/query and query_range: what Grafana asks of a Prometheus.
 *
 *     ?query=EXPRESSION &time=SECONDS                     one time, now when it is left out
 *     ?query=EXPRESSION &start= &end= &step=SECONDS|15s   a range, 11,000 steps at most
 *
 * Errors have Prometheus' shape: bad_data with 400 for what cannot be read, execution with 422 for what is
 * not supported or too much, unavailable with 503 when all places are taken. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "aggregator/api/query_string.h"
#include "aggregator/api/routes/handlers.h"
#include "aggregator/api/routes/promql.h"
#include "aggregator/query/promql_words.h"

#define TIME_MS_MAX (INT64_C(1) << 52)

void promql_routes_reserve(struct memory_map *map, struct world *w)
{
    w->promql = promql_reserve(map);
}

/* --- errors and places --- */

static int produce_error(struct exchange *x)
{
    json_open_object(&x->json, NULL);
    json_text(&x->json, "status", "error");
    json_text(&x->json, "errorType", x->error);
    json_text(&x->json, "error", x->message);
    json_close_object(&x->json);
    return PRODUCE_DONE;
}

void promql_error(struct exchange *x, uint16_t status, const char *type, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    (void)vsnprintf(x->message, sizeof(x->message), format, args);
    va_end(args);
    x->error = type;
    respond(x, status, "application/json", produce_error);
}

static void release(struct exchange *x)
{
    struct promql_place *place = (struct promql_place *)x->state;
    promql_give(x->world->promql, place->run);
}

void *promql_state(struct exchange *x, size_t size)
{
    const struct promql_source from = {x->world->store, x->world->catalog};
    struct promql_run *run = promql_take(x->world->promql, &from);
    if (run == NULL) {
        promql_error(x, 503, "unavailable", "all places for queries are taken; try again");
        respond_header(x, "Retry-After: 1");
        return NULL;
    }
    struct promql_place *place = exchange_state(x, size);
    place->run = run;
    x->release = release;
    return place;
}

/* --- parameters --- */

int promql_parameter(const struct exchange *x, const char *name, char *to, uint32_t to_size)
{
    int n = x->body.length > 0 ? query_text(x->body, name, to, to_size) : ERR_MISSING;
    return n == ERR_MISSING ? query_text(x->request->query, name, to, to_size) : n;
}

static bool refuse(struct exchange *x, const char *name, const char *why)
{
    promql_error(x, 400, "bad_data", "invalid parameter \"%s\": %s", name, why);
    return false;
}

/* Seconds with decimals: milliseconds. */
static bool read_seconds(const char *text, int64_t *out_ms)
{
    double seconds;
    const char *at = text, *end = text + strlen(text);
    bool is_negative = *at == '-';
    at += is_negative;
    if (promql_number(&at, end, &seconds) != ERR_OK || at != end || !(seconds <= (double)TIME_MS_MAX / 1000))
        return false;
    *out_ms = llround(is_negative ? -seconds * 1000 : seconds * 1000);
    return true;
}

/* Unix seconds with decimals, or RFC 3339; false when it answered 400. Left out: the `otherwise`. */
static bool time_parameter(struct exchange *x, const char *name, int64_t otherwise_ms, int64_t *out_ms)
{
    char text[48];
    int n = promql_parameter(x, name, text, sizeof(text));
    *out_ms = otherwise_ms;
    if (n == ERR_MISSING)
        return true;
    bool is_date = n > 0 && strchr(text, 'T') != NULL && time_parse(text, x->now_ms, out_ms) == ERR_OK;
    if (!is_date && (n < 0 || !read_seconds(text, out_ms)))
        return refuse(x, name, "cannot parse to a valid timestamp");
    return *out_ms >= 0 || refuse(x, name, "times before 1970 are not supported");
}

static bool read_step(struct exchange *x, int64_t *out_ms)
{
    char text[48];
    int n = promql_parameter(x, "step", text, sizeof(text));
    const char *at = text;
    bool is_duration = n > 0 && promql_duration(&at, text + n, out_ms) == ERR_OK && at == text + n;
    if (!is_duration && (n <= 0 || !read_seconds(text, out_ms)))
        return refuse(x, "step", "cannot parse to a valid duration");
    return *out_ms > 0 || refuse(x, "step", "zero or negative query resolution step widths are not accepted. "
                                            "Try a positive integer");
}

/* --- the work --- */

struct query_state {
    struct promql_place place;
    bool is_range;
};

/* The expression; false when it answered. */
static bool read_expression(struct exchange *x, struct promql *q)
{
    char text[PROMQL_SIZE_MAX + 1], words[224];
    struct text why;
    text_init(&why, words, sizeof(words));
    int n = promql_parameter(x, "query", text, sizeof(text));
    int err = n < 0 ? n : promql_parse(q, text, (uint32_t)n, &why);
    if (n == ERR_MISSING)
        return refuse(x, "query", "1:1: parse error: no expression found in input");
    if (n < 0)
        return refuse(x, "query", n == ERR_FULL ? "longer than 4096 bytes" : "broken percent encoding");
    if (err == ERR_FULL)
        promql_error(x, 422, "execution", "%s", words);
    else if (err < 0)
        refuse(x, "query", words);
    return err == ERR_OK;
}

static int decide(struct exchange *x)
{
    struct query_state *st = (struct query_state *)x->state;
    struct promql_run *run = st->place.run;
    int more = promql_run_step(run);
    if (more == ERR_FULL) {
        promql_error(x, 422, "execution", "%s", promql_run_table(run)->why);
        return ERR_OK;
    }
    if (more != 0)
        return more > 0 ? ERR_AGAIN : more;
    promql_respond(x, run, st->is_range);
    return ERR_OK;
}

static void begin(struct exchange *x, bool is_range, int64_t start_ms, int64_t step_ms, uint32_t points)
{
    struct query_state *st = promql_state(x, sizeof(*st));
    if (st == NULL)
        return;
    st->is_range = is_range;
    struct promql *q = promql_expression(st->place.run);
    if (!read_expression(x, q))
        return;
    if (is_range && q->nodes[q->count - 1].type == PROMQL_STRING) {
        promql_error(x, 400, "bad_data", "invalid expression type \"string\" for range query, must be Scalar "
                                         "or instant Vector");
        return;
    }
    (void)promql_run_begin(st->place.run, start_ms, step_ms, points);
    respond_later(x, decide);
}

void handle_promql_query(struct exchange *x)
{
    int64_t at_ms;
    if (time_parameter(x, "time", x->now_ms, &at_ms))
        begin(x, false, at_ms, 1, 1);
}

void handle_promql_query_range(struct exchange *x)
{
    int64_t start_ms, end_ms, step_ms;
    if (!time_parameter(x, "start", -1, &start_ms) || !time_parameter(x, "end", -1, &end_ms))
        return;
    if (start_ms < 0 || end_ms < 0) {
        refuse(x, start_ms < 0 ? "start" : "end", "cannot parse \"\" to a valid timestamp");
        return;
    }
    if (end_ms < start_ms) {
        refuse(x, "end", "end timestamp must not be before start time");
        return;
    }
    if (!read_step(x, &step_ms))
        return;
    if ((end_ms - start_ms) / step_ms >= PROMQL_POINTS_MAX) {
        promql_error(x, 400, "bad_data", "exceeded maximum resolution of 11,000 points per timeseries. Try "
                                         "decreasing the query resolution (?step=XX)");
        return;
    }
    begin(x, true, start_ms, step_ms, (uint32_t)((end_ms - start_ms) / step_ms) + 1);
}
