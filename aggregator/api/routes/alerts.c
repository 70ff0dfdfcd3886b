/* SPDX-License-Identifier: MIT */
/* GET /alerts, GET /alerts/{id}. */
#include "aggregator/api/query_string.h"
#include "aggregator/api/routes/handlers.h"

#define AT_ONCE 4U /* read from the store in one go */

struct alerts_state {
    struct alert_filter filter;
    char instance[INSTANCE_ID_SIZE];
    struct page page;
    uint32_t count;
    bool is_open, is_ended, has_more, matches_nothing;
};

static void pass(struct alerts_state *st, const struct alert *a)
{
    st->filter.before_ms = st->page.before_ms = a->created_ms;
    st->filter.before = st->page.before = a->number;
    st->count++;
}

/* Some more of the page: PRODUCE_DONE at its end. */
static int write_some(struct exchange *x, struct alerts_state *st)
{
    struct alert alerts[AT_ONCE];
    uint32_t left = st->page.limit - st->count;
    int n = store_alert_list(x->world->store, &st->filter, alerts, left < AT_ONCE ? left + 1 : AT_ONCE);
    if (n < 0)
        return n;
    for (int i = 0; i < n; i++) {
        if (st->count == st->page.limit) {
            st->has_more = true;
            return PRODUCE_DONE;
        }
        struct json_mark m = json_mark(&x->json);
        alert_write(&x->json, NULL, &alerts[i]);
        if (json_is_full(&x->json)) {
            json_rewind(&x->json, m);
            return PRODUCE_MORE;
        }
        pass(st, &alerts[i]);
    }
    return n == 0 ? PRODUCE_DONE : ERR_AGAIN;
}

static int produce_alerts(struct exchange *x)
{
    struct alerts_state *st = (struct alerts_state *)x->state;
    struct json *j = &x->json;
    bool is_over = st->is_ended || st->matches_nothing;
    st->filter.instance = st->instance;
    if (!st->is_open) {
        json_open_object(j, NULL);
        json_open_array(j, "alerts");
        st->is_open = true;
    }
    int more = is_over ? PRODUCE_DONE : ERR_AGAIN;
    while (more == ERR_AGAIN)
        more = write_some(x, st);
    if (more != PRODUCE_DONE)
        return more;
    st->is_ended = true;
    struct json_mark m = json_mark(j);
    json_close_array(j);
    json_u64(j, "count", st->count);
    if (st->has_more)
        page_write_key(j, "lastEvaluatedKey", &st->page);
    json_close_object(j);
    return produce_or_rewind(j, m);
}

void handle_alerts(struct exchange *x)
{
    struct alerts_state *st = exchange_state(x, sizeof(*st));
    struct span query = x->request->query;
    char word[16];
    if (!page_read(x, 100, &st->page))
        return;
    st->filter.status = -1;
    st->filter.before_ms = st->page.before_ms;
    st->filter.before = st->page.before;
    int length = query_text(query, "status", word, sizeof(word));
    if (length != ERR_MISSING) {
        for (uint32_t i = 0; length > 0 && i < ALERT_STATUS_COUNT; i++)
            if (text_equal(word, alert_status_names[i]))
                st->filter.status = (int)i;
        st->matches_nothing = st->filter.status < 0;
    }
    length = query_text(query, "instanceId", st->instance, sizeof(st->instance));
    if (length < 0 && length != ERR_MISSING)
        st->matches_nothing = true; /* longer than any id */
    respond_json(x, produce_alerts);
}

/* --- one --- */

static int produce_alert(struct exchange *x)
{
    alert_write(&x->json, NULL, (const struct alert *)x->state);
    return PRODUCE_DONE;
}

void handle_alert(struct exchange *x)
{
    struct alert *a = exchange_state(x, sizeof(*a));
    int n = store_alert_get(x->world->store, x->parameter, a);
    if (n == 1)
        respond_json(x, produce_alert);
    else if (n == 0)
        respond_error(x, 404, "Alert not found", "no alert has that id");
    else
        respond_not_stored(x, n);
}
