/* SPDX-License-Identifier: MIT */
/* GET /insights and its kinds; POST /insights/generate; DELETE /api/v1/insights/{id}. What analysis found
 * out, as it is stored. */
#include <string.h>

#include "aggregator/api/audit.h"
#include "aggregator/api/query_string.h"
#include "aggregator/api/routes/handlers.h"

#define OF_TYPE_MAX 20U
#define FRESH_MS 60000

struct insights_state {
    struct insight_filter filter;
    uint32_t limit, count;
    int heading;               /* type to tell, or -1 */
    bool is_open, is_ended, is_generated, is_paged, has_more, matches_nothing;
};

static int write_all(struct exchange *x, struct insights_state *st)
{
    struct insight in;
    st->filter.instance = "";
    while (st->count < st->limit) {
        int n = store_insight_list(x->world->store, &st->filter, &in, 1);
        if (n <= 0)
            return n;
        struct json_mark m = json_mark(&x->json);
        insight_write(&x->json, NULL, &in);
        if (json_is_full(&x->json)) {
            json_rewind(&x->json, m);
            return PRODUCE_MORE;
        }
        st->filter.before_ms = in.created_ms;
        st->filter.before = in.number;
        st->count++;
    }
    int n = st->is_paged ? store_insight_list(x->world->store, &st->filter, &in, 1) : 0;
    st->has_more = n > 0;
    return n < 0 ? n : PRODUCE_DONE;
}

static int produce_insights(struct exchange *x)
{
    struct insights_state *st = (struct insights_state *)x->state;
    struct json *j = &x->json;
    if (!st->is_open) {
        json_open_object(j, NULL);
        if (st->heading >= 0)
            json_text(j, "type", insight_type_names[st->heading]);
        json_open_array(j, "insights");
        st->is_open = true;
    }
    if (!st->is_ended && !st->matches_nothing) {
        int more = write_all(x, st);
        if (more != PRODUCE_DONE)
            return more;
    }
    st->is_ended = true;
    struct json_mark m = json_mark(j);
    json_close_array(j);
    json_u64(j, "count", st->count);
    if (st->has_more)
        page_write_key(j, "lastEvaluatedKey",
                       &(struct page){.before_ms = st->filter.before_ms, .before = st->filter.before});
    if (st->is_generated)
        json_iso_ms(j, "generatedAt", x->now_ms);
    json_close_object(j);
    return produce_or_rewind(j, m);
}

static struct insights_state *begin(struct exchange *x, uint32_t limit)
{
    struct insights_state *st = exchange_state(x, sizeof(*st));
    *st = (struct insights_state){.filter = {.type = -1, .severity = -1, .before_ms = INT64_MAX,
                                             .before = INT64_MAX},
                                  .limit = limit, .heading = -1};
    return st;
}

/* The word's place in `names`, -1 when it is absent, -2 when it is none of them. */
static int read_word(struct span query, const char *key, const char *const *names, uint32_t count)
{
    char word[16];
    int length = query_text(query, key, word, sizeof(word));
    for (uint32_t i = 0; length > 0 && i < count; i++)
        if (text_equal(word, names[i]))
            return (int)i;
    return length == ERR_MISSING ? -1 : -2;
}

void handle_insights(struct exchange *x)
{
    struct span query = x->request->query;
    struct page page;
    if (!page_read(x, 50, &page))
        return;
    struct insights_state *st = begin(x, page.limit);
    st->is_paged = true;
    st->filter.before_ms = page.before_ms;
    st->filter.before = page.before;
    st->filter.type = read_word(query, "type", insight_type_names, INSIGHT_TYPE_COUNT);
    st->filter.severity = read_word(query, "severity", insight_severity_names, INSIGHT_SEVERITY_COUNT);
    st->matches_nothing = st->filter.type == -2 || st->filter.severity == -2;
    respond_json(x, produce_insights);
}

void handle_insights_of_type(struct exchange *x)
{
    struct insights_state *st = begin(x, OF_TYPE_MAX);
    struct span path = x->request->path;
    st->heading = INSIGHT_PATTERN;
    if (span_equal(path, "/insights/anomalies"))
        st->heading = INSIGHT_ANOMALY;
    else if (span_equal(path, "/insights/predictions"))
        st->heading = INSIGHT_PREDICTION;
    st->filter.type = st->heading;
    respond_json(x, produce_insights);
}

/* Analysis runs by itself, on every sample; what it found within the last minute is what there is. */
void handle_insights_generate(struct exchange *x)
{
    struct insights_state *st = begin(x, 1000);
    st->filter.created_from_ms = x->now_ms - FRESH_MS;
    st->is_generated = true;
    respond_json(x, produce_insights);
}

/* Analysis may find it again as long as it lasts: it stays away all the same. */
void handle_insight_dismiss(struct exchange *x)
{
    struct insight in;
    int err = store_insight_get(x->world->store, x->parameter, &in);
    if (err == 0)
        respond_error(x, 404, NULL, "there is no insight of this id, or it is over");
    if (err == 0 || (err == 1 && !audit(x, "dismissed the insight \"%s\"", in.title)))
        return;
    if (err == 1)
        err = store_insight_dismiss(x->world->store, x->parameter);
    if (err == ERR_OK)
        respond_success(x);
    else
        respond_not_stored(x, err);
}
