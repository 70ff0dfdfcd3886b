/* SPDX-License-Identifier: MIT */
/* The facts of the summary: every host's state, open alerts, and the insights that hold. */
#include <string.h>

#include "aggregator/api/routes/words_pool.h"

#define ENDED_LOOKED_AT 48U     /* closed alerts, for when the last one ended */
#define INSIGHTS_LOOKED_AT 128U /* of one type and severity */
#define SAVING_KEY "pattern/spare/"

enum mark { MARK_NONE, MARK_ATTENTION, MARK_CRITICAL, MARK_TOLD };

static enum mark mark_of(const struct summary *s, uint32_t instance)
{
    return (enum mark)(s->marks[instance / 4] >> (instance % 4 * 2) & 3);
}

static void set_mark(struct summary *s, uint32_t instance, enum mark mark)
{
    uint32_t shift = instance % 4 * 2;
    s->marks[instance / 4] = (uint8_t)((s->marks[instance / 4] & ~(3U << shift)) | (uint32_t)mark << shift);
}

static void raise_mark(struct summary *s, uint32_t instance, enum mark mark)
{
    if (mark_of(s, instance) < mark)
        set_mark(s, instance, mark);
}

/* --- alerts --- */

static bool is_worse(const struct alert *a, const struct alert *b)
{
    if ((a->status == ALERT_ACTIVE) != (b->status == ALERT_ACTIVE))
        return a->status == ALERT_ACTIVE;
    if (a->severity != b->severity)
        return a->severity > b->severity;
    return a->first_ms < b->first_ms || (a->first_ms == b->first_ms && a->number < b->number);
}

static void keep_alert(struct summary *s, const struct alert *a)
{
    uint32_t kept = s->facts.alert_count < SUMMARY_ALERTS_MAX ? s->facts.alert_count : SUMMARY_ALERTS_MAX;
    uint32_t at = kept;
    while (at > 0 && is_worse(a, &s->alerts[at - 1]))
        at--;
    if (at < SUMMARY_ALERTS_MAX) {
        uint32_t moved = (kept < SUMMARY_ALERTS_MAX ? kept : SUMMARY_ALERTS_MAX - 1) - at;
        memmove(&s->alerts[at + 1], &s->alerts[at], moved * sizeof(s->alerts[0]));
        s->alerts[at] = *a;
    }
}

/* Somebody should go there now. */
static bool is_severe(const struct alert *a)
{
    return a->status == ALERT_ACTIVE && a->severity >= ALERT_HIGH;
}

static void take_alerts(struct store *store, struct summary *s)
{
    uint32_t at = 0;
    const struct alert *a;
    while ((a = store_alert_walk_open(store, &at)) != NULL) {
        int instance = store_instance_find(store, a->instance);
        keep_alert(s, a);
        s->facts.alert_count++;
        s->facts.critical += a->severity == ALERT_CRITICAL;
        s->facts.acknowledged += a->status == ALERT_ACKNOWLEDGED;
        if (instance >= 0 && store_instance(store, (uint32_t)instance)->deleted_ms == 0)
            raise_mark(s, (uint32_t)instance, is_severe(a) ? MARK_CRITICAL : MARK_ATTENTION);
    }
}

static const char *name_of(struct store *store, const char *id)
{
    int index = store_instance_find(store, id);
    const struct instance *in = index < 0 ? NULL : store_instance(store, (uint32_t)index);
    return in != NULL && in->name[0] != '\0' ? in->name : id;
}

static void tell_alerts(struct store *store, struct summary *s)
{
    struct summary_facts *f = &s->facts;
    for (uint32_t i = 0; i < SUMMARY_ALERTS_MAX && i < f->alert_count; i++) {
        const struct alert *a = &s->alerts[i];
        double scale = a->scale == 0 ? 1 : a->scale;
        enum subject subject = subject_of(a->metric, a->rule, a->type);
        f->alerts[i] = (struct summary_alert){
            .host = name_of(store, a->instance), .metric = a->metric, .tag = a->tag, .unit = a->unit,
            .message = a->message, .subject = subject,
            .severity = (uint32_t)a->severity,
            .has_values = a->scale != 0 && subject != SUBJECT_UNUSUAL && metric_is_plain(a->metric, a->rule),
            .is_low = a->is_low,
            .is_forecast = text_starts(a->rule, "forecast:"),
            .is_acknowledged = a->status == ALERT_ACKNOWLEDGED, .last = (double)a->last_value / scale,
            .level = (double)a->level / scale, .first_ms = a->first_ms};
    }
}

/* --- hosts --- */

static bool is_troubled(const char *status)
{
    return !text_equal(status, "healthy") && !text_equal(status, "unknown");
}

static void count_hosts(struct exchange *x, struct summary *s)
{
    struct store *store = x->world->store;
    for (uint32_t i = 0; i < store_instance_count(store); i++) {
        const struct instance *in = store_instance(store, i);
        if (in->deleted_ms != 0)
            continue;
        const char *status = instance_status(in, x->now_ms);
        s->facts.hosts++;
        if (is_troubled(status))
            raise_mark(s, i, text_equal(status, "unhealthy") ? MARK_CRITICAL : MARK_ATTENTION);
        s->facts.critical_hosts += mark_of(s, i) == MARK_CRITICAL;
        if (mark_of(s, i) != MARK_NONE)
            s->facts.attention++;
        else
            s->facts.unknown += text_equal(status, "unknown");
    }
}

static void add_reason(struct summary_host *h, enum subject subject)
{
    for (uint32_t i = 0; i < h->reason_count && i < SUMMARY_REASONS_MAX; i++)
        if (h->reasons[i] == subject)
            return;
    if (h->reason_count < SUMMARY_REASONS_MAX)
        h->reasons[h->reason_count] = subject;
    h->reason_count++;
}

static void tell_host(struct exchange *x, struct summary *s, uint32_t instance, uint32_t *told)
{
    struct store *store = x->world->store;
    const struct instance *in = store_instance(store, instance);
    enum mark mark = mark_of(s, instance);
    if (*told == SUMMARY_HOSTS_MAX || mark == MARK_NONE || mark == MARK_TOLD)
        return;
    struct summary_host *h = &s->facts.worst[(*told)++];
    const char *status = instance_status(in, x->now_ms);
    set_mark(s, instance, MARK_TOLD);
    *h = (struct summary_host){.name = in->name[0] != '\0' ? in->name : in->id,
                               .status = is_troubled(status) ? status : "", .seen_ms = in->last_seen_ms};
    for (uint32_t i = 0; i < SUMMARY_ALERTS_MAX && i < s->facts.alert_count; i++)
        if (text_equal(s->alerts[i].instance, in->id))
            add_reason(h, s->facts.alerts[i].subject);
    uint32_t at = 0;
    const struct alert *a;
    while (h->reason_count == 0 && (a = store_alert_walk_open(store, &at)) != NULL)
        if (text_equal(a->instance, in->id))
            add_reason(h, subject_of(a->metric, a->rule, a->type));
}

/* Those of the worst alerts first, then those that are away, then the others. */
static void tell_hosts(struct exchange *x, struct summary *s)
{
    struct store *store = x->world->store;
    uint32_t told = 0;
    for (uint32_t i = 0; i < SUMMARY_ALERTS_MAX && i < s->facts.alert_count; i++) {
        int instance = store_instance_find(store, s->alerts[i].instance);
        if (instance >= 0)
            tell_host(x, s, (uint32_t)instance, &told);
    }
    for (uint32_t pass = 0; pass < 2; pass++)
        for (uint32_t i = 0; i < store_instance_count(store) && told < SUMMARY_HOSTS_MAX; i++)
            if (pass == 1 || is_troubled(instance_status(store_instance(store, i), x->now_ms)))
                tell_host(x, s, i, &told);
}

static int find_quiet(struct store *store, struct summary *s)
{
    struct alert a;
    struct alert_filter filter = {.status = ALERT_RESOLVED, .instance = "", .before_ms = INT64_MAX,
                                  .before = INT64_MAX};
    for (uint32_t i = 0; s->facts.alert_count == 0 && i < ENDED_LOOKED_AT; i++) {
        int n = store_alert_list(store, &filter, &a, 1);
        if (n <= 0)
            return n;
        filter.before_ms = a.created_ms;
        filter.before = a.number;
        if (a.resolved_ms > s->facts.quiet_since_ms)
            s->facts.quiet_since_ms = a.resolved_ms;
    }
    return 0;
}

/* --- insights --- */

/* The first sentence, or as much of it as there is room for. */
static void take_advice(struct summary_insight *to, const char *from)
{
    const char *end = strstr(from, ". ");
    uint32_t size = sizeof(to->advice);
    if (end != NULL && end - from + 2 < (int64_t)size)
        size = (uint32_t)(end - from + 2);
    (void)text_copy(to->advice, size, from);
}

static void take_insight(struct summary_insights *to, const struct insight *in)
{
    if (to->count++ >= SUMMARY_INSIGHTS_MAX)
        return;
    struct summary_insight *one = &to->list[to->count - 1];
    (void)text_copy(one->title, sizeof(one->title), in->title);
    take_advice(one, in->recommendations);
    one->confidence_percent = (in->confidence_permille + 5) / 10;
}

static int take_insights(struct store *store, struct summary *s, int type, int severity)
{
    struct insight in;
    struct summary_facts *f = &s->facts;
    struct insight_filter filter = {.type = type, .severity = severity, .instance = "", .before_ms =
                                    INT64_MAX,
                                    .before = INT64_MAX};
    for (uint32_t i = 0; i < INSIGHTS_LOOKED_AT; i++) {
        int n = store_insight_list(store, &filter, &in, 1);
        if (n <= 0)
            return n;
        filter.before_ms = in.created_ms;
        filter.before = in.number;
        bool is_saving = text_starts(in.key, SAVING_KEY);
        if (is_saving)
            in.confidence_permille = 0;
        take_insight(type == INSIGHT_PREDICTION ? &f->predictions
                     : type == INSIGHT_ANOMALY  ? &f->anomalies
                     : is_saving                ? &f->savings
                                                : &f->patterns,
                     &in);
    }
    return 0;
}

int summary_gather(struct exchange *x, struct summary *s)
{
    struct store *store = x->world->store;
    s->facts.now_ms = x->now_ms;
    memset(s->marks, 0, (store_instance_count(store) + 3) / 4);
    take_alerts(store, s);
    count_hosts(x, s);
    tell_alerts(store, s);
    tell_hosts(x, s);
    if (find_quiet(store, s) < 0 || store_insight_counts(store, s->stats) < 0)
        return ERR_SYSTEM;
    for (int type = 0; type < INSIGHT_TYPE_COUNT; type++)
        for (int severity = INSIGHT_SEVERITY_COUNT - 1; severity >= 0; severity--)
            if (s->stats[type][severity] > 0 && take_insights(store, s, type, severity) < 0)
                return ERR_SYSTEM;
    return ERR_OK;
}
