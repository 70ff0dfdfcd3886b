/* SPDX-License-Identifier: MIT */
/* The facts about an alert, from the store, in slices: the course of the host's other series around its
 * beginning, the processes then, earlier alerts of the kind, and what else is open now. */
#include <math.h>
#include <string.h>

#include "aggregator/api/routes/words_pool.h"

#define MINUTE_MS INT64_C(60000)
#define BEFORE_MIN 130          /* minutes that are looked back */
#define GUARD_MIN 10            /* before the beginning, neither usual nor trouble */
#define DURING_MIN 15           /* of the trouble at most */
#define SERIES_A_SLICE 16U
#define ALERTS_A_SLICE 4U
#define ALERTS_LOOKED_AT_MAX 400U

/* --- which series --- */

static bool is_compared(const struct store_metric *m, const char *tag)
{
    enum subject subject = subject_of(m->name, "", "");
    if (text_equal(m->name, "cpu_seconds"))
        return text_equal(tag, "mode=steal") || text_equal(tag, "mode=iowait");
    if (metric_find(m->name) < 0) /* an application's own */
        return m->kind == METRIC_GAUGE;
    return metric_is_worded(m->name) && subject != SUBJECT_AGENT && subject != SUBJECT_CLOCK &&
           subject != SUBJECT_TRANSFER && !text_starts(m->name, "network_rx_mb") &&
           !text_starts(m->name, "network_tx_mb");
}

static bool is_own(const struct explain *e, const struct store_metric *m, const char *tag)
{
    return text_equal(m->name, e->alert.metric) && text_equal(tag, e->alert.tag);
}

/* As many as the query has cells for; the alert's own first. */
static void select_series(struct store *s, struct explain *e)
{
    uint32_t count = store_series_count(s, (uint32_t)e->instance);
    uint32_t most = QUERY_CELLS_MAX / e->points < QUERY_SERIES_MAX ? QUERY_CELLS_MAX / e->points
                                                                   : QUERY_SERIES_MAX;
    for (uint32_t pass = 0; pass < 2; pass++)
        for (uint32_t i = 0; i < count && i < SERIES_NONE && e->series_count < most; i++) {
            const struct store_series *series = store_series(s, (uint32_t)e->instance, i);
            const struct store_metric *m = store_metric(s, series->metric_index);
            bool own = is_own(e, m, series->tag);
            if (series->last_ms < e->from_ms || (pass == 0) != own || (!own && !is_compared(m, series->tag)))
                continue;
            e->has_own |= own;
            e->series[e->series_count++] = (uint16_t)i;
        }
}

static int begin_query(struct exchange *x, struct explain *e)
{
    struct store *s = x->world->store;
    const struct alert *a = &e->alert;
    int64_t first_ms = a->first_ms - a->first_ms % MINUTE_MS;
    int64_t end_ms = a->status == ALERT_RESOLVED ? a->last_ms : x->now_ms;
    if (end_ms > first_ms + DURING_MIN * MINUTE_MS)
        end_ms = first_ms + DURING_MIN * MINUTE_MS;
    e->from_ms = first_ms - BEFORE_MIN * MINUTE_MS;
    if (e->from_ms < 0 || end_ms < first_ms - MINUTE_MS)
        return ERR_MISSING;
    e->points = (uint32_t)((end_ms - e->from_ms) / MINUTE_MS + 1);
    e->baseline_end = BEFORE_MIN - GUARD_MIN;
    e->during_from = e->points > BEFORE_MIN ? BEFORE_MIN : e->points - 1;
    select_series(s, e);
    if (e->series_count == 0)
        return ERR_MISSING;
    struct store_query_ask ask = {.instance = (uint32_t)e->instance, .series_count = e->series_count,
                                  .from_ms = e->from_ms,
                                  .to_ms = e->from_ms + e->points * MINUTE_MS, .step_ms = MINUTE_MS};
    memcpy(ask.series, e->series, e->series_count * sizeof(e->series[0]));
    e->query = store_query_begin(s, &ask);
    return e->query < 0 ? e->query : ERR_OK;
}

/* --- what moved --- */

/* Means of gauges; of counters what they grew by, a second. */
static void read_values(const struct store *s, const struct explain *e, uint32_t position,
                        const struct store_metric *m, double *values)
{
    const struct store_cell *before = NULL;
    for (uint32_t p = 0; p < e->points; p++) {
        const struct store_cell *c = store_query_cell(s, e->query, position, p);
        values[p] = NAN;
        if (c->count == 0)
            continue;
        if (m->kind == METRIC_GAUGE)
            values[p] = (double)c->sum / c->count / m->scale;
        else if (before != NULL && c->last >= before->last && c->last_ms > before->last_ms)
            values[p] = (double)(c->last - before->last) * 1000 / m->scale / (double)(c->last_ms -
                                                                                      before->last_ms);
        before = c;
    }
}

static double size_of(double v)
{
    return v < 0 ? -v : v;
}

/* Keeps those that moved most, one of each subject; the alert's own stays first. */
static void keep(struct explain *e)
{
    uint32_t first = e->has_own, at = e->shown_count;
    const struct shown_series *n = &e->next;
    for (uint32_t i = first; i < e->shown_count; i++)
        if (e->shown[i].subject == n->subject && n->subject != SUBJECT_OTHER) {
            if (size_of(n->deviations) <= size_of(e->shown[i].deviations))
                return;
            memmove(&e->shown[i], &e->shown[i + 1], (e->shown_count - i - 1) * sizeof(e->shown[0]));
            at = --e->shown_count;
            break;
        }
    uint32_t most = ALERT_EVIDENCE_MAX + first;
    while (at > first && size_of(e->shown[at - 1].deviations) < size_of(n->deviations))
        at--;
    if (at == most)
        return;
    uint32_t kept = e->shown_count == most ? most - 1 : e->shown_count;
    memmove(&e->shown[at + 1], &e->shown[at], (kept - at) * sizeof(e->shown[0]));
    e->shown[at] = *n;
    e->shown_count = kept + 1;
}

static void compare(struct store *s, struct explain *e, uint32_t position)
{
    const struct store_series *series = store_series(s, (uint32_t)e->instance, e->series[position]);
    const struct store_metric *m = store_metric(s, series->metric_index);
    struct shown_series *n = &e->next;
    bool is_rate = m->kind == METRIC_COUNTER;
    n->series = e->series[position];
    n->subject = subject_of(m->name, "", "");
    read_values(s, e, position, m, n->values);
    n->moved = moved_of(n->values, e->points, e->baseline_end, e->during_from, moved_trifle(m->unit,
                                                                                            is_rate));
    n->deviations = n->moved.deviations;
    e->facts.has_baseline |= n->moved.has_baseline;
    if (e->has_own && position == 0) {
        e->shown[e->shown_count++] = *n;
        return;
    }
    bool is_same_thing = text_equal(m->name, e->alert.metric) ||
                         (n->subject == e->words.subject && n->subject != SUBJECT_OTHER);
    if (n->moved.is_noticeable && !is_same_thing)
        keep(e);
}

static int compare_some(struct exchange *x, struct explain *e)
{
    for (uint32_t i = 0; i < SERIES_A_SLICE; i++) {
        if (e->at_series == e->series_count) {
            explain_end(x->world->store, e);
            e->stage = EXPLAIN_PROCESSES;
            return ERR_AGAIN;
        }
        compare(x->world->store, e, e->at_series++);
    }
    return ERR_AGAIN;
}

void explain_end(struct store *s, struct explain *e)
{
    if (e->query >= 0)
        store_query_end(s, e->query);
    e->query = -1;
}

static int look_at_series(struct exchange *x, struct explain *e)
{
    if (e->instance < 0) {
        e->stage = EXPLAIN_PAST;
        return ERR_AGAIN;
    }
    if (e->query < 0) {
        int answer = begin_query(x, e);
        if (answer == ERR_MISSING)
            e->stage = EXPLAIN_PROCESSES;
        else if (answer == ERR_FULL)
            e->series_count = 0;
        return answer == ERR_FULL ? ERR_BUSY : answer == ERR_MISSING || answer == ERR_OK ? ERR_AGAIN : answer;
    }
    int more = store_query_step(x->world->store, e->query);
    if (more == 0)
        e->stage = EXPLAIN_MOVED;
    return more < 0 ? more : ERR_AGAIN;
}

/* --- before, and elsewhere --- */

static bool is_same_kind(const struct alert *a, const struct alert *b)
{
    if (text_equal(a->id, b->id))
        return false;
    return a->rule[0] != '\0' ? text_equal(a->rule, b->rule) : b->rule[0] == '\0' && text_equal(a->type,
                                                                                                b->type);
}

static void take_past(struct explain *e, const struct alert *p)
{
    struct alert_past *f = &e->facts.past;
    int64_t duration_ms = p->last_ms - p->first_ms;
    if (f->count < EXPLAIN_PAST_TOLD) {
        struct past_alert *to = &e->past[f->count];
        *to = (struct past_alert){.first_ms = p->first_ms, .last_ms = p->last_ms};
        (void)text_copy(to->id, sizeof(to->id), p->id);
        (void)text_copy(to->who, sizeof(to->who), p->who);
    }
    if (f->count == 0) {
        f->last_ms = p->first_ms;
        f->last_who = e->past[0].who;
    }
    if (f->count < EXPLAIN_PAST_MAX)
        e->durations[f->count] = duration_ms;
    f->count++;
    f->by_itself += p->who[0] == '\0';
    f->by_hand += p->who[0] != '\0';
    f->longest_ms = duration_ms > f->longest_ms ? duration_ms : f->longest_ms;
}

/* Some more of those that are over: of this host first, then of the others. */
static int look_at_past(struct exchange *x, struct explain *e)
{
    struct alert some[ALERTS_A_SLICE];
    bool is_here = e->stage == EXPLAIN_PAST;
    e->filter.instance = is_here ? e->alert.instance : "";
    e->filter.status = ALERT_RESOLVED;
    int n = store_alert_list(x->world->store, &e->filter, some, ALERTS_A_SLICE);
    if (n < 0)
        return n;
    for (int i = 0; i < n; i++) {
        e->filter.before_ms = some[i].created_ms;
        e->filter.before = some[i].number;
        if (!is_same_kind(&e->alert, &some[i]))
            continue;
        bool is_this_host = text_equal(some[i].instance, e->alert.instance);
        if (!is_here)
            e->facts.past.elsewhere += !is_this_host;
        else if (text_equal(some[i].tag, e->alert.tag) && some[i].first_ms < e->alert.first_ms)
            take_past(e, &some[i]);
    }
    e->looked_at += ALERTS_A_SLICE;
    if (n == (int)ALERTS_A_SLICE && e->looked_at < ALERTS_LOOKED_AT_MAX)
        return ERR_AGAIN;
    e->stage = is_here ? EXPLAIN_ELSEWHERE : EXPLAIN_WORDS;
    e->looked_at = 0;
    e->filter.before_ms = e->filter.before = INT64_MAX;
    return ERR_AGAIN;
}

static int64_t median_of(int64_t *v, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++)
        for (uint32_t at = i; at > 0 && v[at - 1] > v[at]; at--) {
            int64_t it = v[at];
            v[at] = v[at - 1];
            v[at - 1] = it;
        }
    return count == 0 ? 0 : v[(count - 1) / 2];
}

/* What is open now: beside it on the host, and of the same kind on other hosts, each counted once as there is
 * one alert for an instance and rule and tag. */
static void look_at_open(struct store *s, struct explain *e)
{
    uint32_t at = 0;
    const struct alert *o;
    while ((o = store_alert_walk_open(s, &at)) != NULL) {
        if (text_equal(o->id, e->alert.id))
            continue;
        if (!text_equal(o->instance, e->alert.instance)) {
            e->facts.elsewhere += is_same_kind(&e->alert, o) && text_equal(o->tag, e->alert.tag);
            continue;
        }
        if (e->facts.company_count < ALERT_COMPANY_MAX) {
            char *to = e->company[e->facts.company_count];
            (void)text_copy(to, ALERT_MESSAGE_SIZE, o->message);
            e->facts.company[e->facts.company_count] = to;
        }
        e->facts.company_count++;
    }
}

/* --- facts --- */

static void put_evidence(struct store *s, struct explain *e)
{
    for (uint32_t i = e->has_own; i < e->shown_count; i++) {
        const struct shown_series *from = &e->shown[i];
        const struct store_series *series = store_series(s, (uint32_t)e->instance, from->series);
        const struct store_metric *m = store_metric(s, series->metric_index);
        e->facts.evidence[e->facts.evidence_count++] = (struct alert_evidence){
            .metric = m->name, .tag = series->tag, .unit = m->unit, .is_rate = m->kind == METRIC_COUNTER,
            .before = from->moved.before, .during = from->moved.during, .deviations = from->deviations,
            .onset_ms = e->from_ms + from->moved.onset * MINUTE_MS};
    }
}

static void put_facts(struct exchange *x, struct explain *e)
{
    const struct alert *a = &e->alert;
    struct alert_facts *f = &e->facts;
    const struct instance *in = e->instance < 0 ? NULL : store_instance(x->world->store,
                                                                        (uint32_t)e->instance);
    double scale = a->scale == 0 ? 1 : a->scale;
    f->now_ms = x->now_ms;
    f->host = in != NULL && in->name[0] != '\0' ? in->name : a->instance;
    f->metric = a->metric;
    f->tag = a->tag;
    f->unit = a->unit;
    f->rule = a->rule;
    f->type = a->type;
    f->message = a->message;
    f->severity = (uint32_t)a->severity;
    f->state = (enum alert_state)a->status;
    f->who = a->who;
    f->has_values = a->scale != 0;
    f->is_low = a->is_low;
    f->level = (double)a->level / scale;
    f->last = (double)a->last_value / scale;
    f->peak = (double)a->peak_value / scale;
    f->first_ms = a->first_ms;
    f->last_ms = a->last_ms;
    f->peak_ms = a->peak_ms;
    f->resolved_ms = a->resolved_ms;
    f->occurrences = a->occurrences;
    f->reopened = a->reopened;
    f->cpu_count = in == NULL ? 0 : in->cpu_count;
    f->memory_bytes = in == NULL ? 0 : (double)in->memory_bytes;
    if (f->past.last_who == NULL)
        f->past.last_who = "";
    f->past.median_ms = median_of(e->durations,
                                  f->past.count < EXPLAIN_PAST_MAX ? f->past.count : EXPLAIN_PAST_MAX);
    f->is_silent = alert_subject(f) == SUBJECT_SILENT;
}

int explain_gather(struct exchange *x, struct explain *e)
{
    switch (e->stage) {
    case EXPLAIN_QUERY:
        return look_at_series(x, e);
    case EXPLAIN_MOVED:
        return compare_some(x, e);
    case EXPLAIN_PROCESSES:
        return explain_processes(x, e);
    case EXPLAIN_PAST:
    case EXPLAIN_ELSEWHERE:
        return look_at_past(x, e);
    case EXPLAIN_WORDS:
        break;
    }
    struct text t;
    if (e->instance >= 0)
        put_evidence(x->world->store, e);
    look_at_open(x->world->store, e);
    put_facts(x, e);
    alert_words_say(&e->facts, &e->words);
    text_init(&t, e->text, sizeof(e->text));
    alert_words_join(&e->words, &t);
    return ERR_OK;
}
