/* SPDX-License-Identifier: MIT */
/* What is told of anomalies: of a host one alert for one trouble, and an insight; of a series alone an
 * insight that says little. */
#include <string.h>

#include "aggregator/analysis/confidence.h"
#include "aggregator/analysis/detect_state.h"
#include "aggregator/analysis/models/arithmetic.h"
#include "aggregator/analysis/words/metric_words.h"
#include "aggregator/analysis/words/phrase.h"
#include "aggregator/store/store_alerts.h"
#include "aggregator/store/store_insights.h"

#define RULE "anomaly"
/* Below that the state counts as usual again; an incident ends after so long of it, or so long after the last
 * news: what stays is the new normal as far as pages are concerned. */
#define LEVEL_CLEAR 1.6
#define QUIET_S 600
#define INCIDENT_S (6 * 3600)
/* News pages once the state is unusual so long after: what lasts two minutes touches three, and is over. */
#define BELIEVED_S 180
#define GRACE_MS INT64_C(1800000)
#define LEVEL_HIGH 3.0
#define LEVEL_SCALE 100

/* Alarms of series alone are recorded when they are far out, each series once in so long, and so many an hour
 * of all hosts together. */
#define SERIES_STATE 4.0F
#define SERIES_PAUSE_S 3600
#define SERIES_EACH_HOUR 60U

static const char *name_of(const struct instance *in)
{
    return in->name[0] != '\0' ? in->name : in->id;
}

/* --- numbers for people --- */

/* Three digits, or all that stand before the point. */
static void say(struct text *t, double v)
{
    double size = absolute(v);
    if (size > 9e15) {
        text_put(t, v < 0 ? "less than -9e15" : "more than 9e15");
        return;
    }
    uint32_t scale = size >= 100 ? 1 : size >= 10 ? 10 : size >= 0.1 ? 100 : 10000;
    text_put_scaled(t, (int64_t)(v * scale + (v < 0 ? -0.5 : 0.5)), scale);
}

static const struct store_metric *metric_of(const struct detect *d, uint32_t instance, uint16_t series)
{
    return store_metric(d->store, store_series(d->store, instance, series)->metric_index);
}

static void say_name(const struct detect *d, uint32_t instance, const struct board_metric *m, struct text *t)
{
    const char *tag = store_series(d->store, instance, m->series)->tag;
    text_put(t, metric_of(d, instance, m->series)->name);
    if (tag[0] != '\0')
        text_printf(t, " (%s)", tag);
}

/* "cpu_usage 93.1 percent, usually 12 ± 3 (z 27 over 24 h, 25.3 over 7 d)" */
static void say_metric(const struct detect *d, uint32_t instance, const struct board_metric *m,
                       struct text *t)
{
    const struct store_metric *metric = metric_of(d, instance, m->series);
    say_name(d, instance, m, t);
    text_put_char(t, ' ');
    say(t, (double)m->value);
    text_printf(t, " %s%s, usually ", metric->unit, metric->kind == METRIC_COUNTER ? "/s" : "");
    say(t, (double)m->usual);
    text_put(t, " \u00b1 ");
    say(t, (double)m->deviation);
    text_put(t, " (z ");
    say(t, (double)m->z_day);
    text_put(t, " over 24 h, ");
    say(t, (double)m->z_week);
    text_put(t, " over 7 d)");
}

/* "CPU use is 93.1 %, usually 12 %" */
static void say_plainly(const struct detect *d, uint32_t instance, const struct board_metric *m,
                        struct text *t)
{
    const struct store_metric *metric = metric_of(d, instance, m->series);
    bool is_rate = metric->kind == METRIC_COUNTER;
    metric_noun(t, metric->name, store_series(d->store, instance, m->series)->tag);
    text_put(t, metric_is_plural(metric->name) ? " are " : " is ");
    const double values[] = {(double)m->value, (double)m->usual};
    for (uint32_t i = 0; i < COUNT_OF(values); i++) {
        text_put(t, i == 0 ? "" : ", usually ");
        if (is_rate)
            phrase_rate(t, values[i], metric->unit, "s");
        else
            phrase_value(t, values[i], metric->unit);
    }
}

/* --- an incident of a host --- */

/* As many metrics as there is room for, in whole. */
static void say_metrics(const struct detect *d, uint32_t instance,
                        void (*say_one)(const struct detect *, uint32_t, const struct board_metric *,
                                        struct text *),
                        struct text *t)
{
    const struct board_host *b = &d->shown[instance];
    for (uint32_t i = 0; i < b->ranked_count && i < HOST_COMPANY; i++) {
        char words[400];
        struct text one;
        text_init(&one, words, sizeof words);
        say_one(d, instance, &b->ranked[i], &one);
        if (one.truncated || t->length + one.length + 2 >= t->size)
            return;
        text_printf(t, "%s%s", i > 0 ? "; " : "", words);
    }
}

static void raise_alert(struct detect *d, uint32_t instance)
{
    const struct board_host *b = &d->shown[instance];
    const struct detect_host *h = &d->hosts[instance];
    double score = (double)h->worst_score;
    char message[ALERT_MESSAGE_SIZE];
    struct text t;
    bool was_open;
    text_init(&t, message, sizeof message);
    text_put(&t, "unusual: ");
    say_metrics(d, instance, say_plainly, &t);
    const struct alert_report report = {
        .instance = store_instance(d->store, instance)->id, .rule = RULE, .tag = "", .type = RULE,
        .message = message, .metric = ANOMALY_LEVEL_METRIC, .unit = "level",
        .severity = (double)b->level >= LEVEL_HIGH && score >= 3 ? ALERT_HIGH
                    : score >= 1.25                              ? ALERT_MEDIUM
                                                                 : ALERT_LOW,
        .time_ms = b->minute_s * MS_PER_S, .begin_ms = h->began_s * MS_PER_S,
        .value = (int64_t)((double)b->level * LEVEL_SCALE),
        .level = (int64_t)(BOARD_LEVEL * LEVEL_SCALE), .scale = LEVEL_SCALE, .grace_ms = GRACE_MS};
    if (store_alert_raise(d->store, &report, &was_open) < 0)
        d->stats.refused++;
}

static void put_insight(struct detect *d, struct insight *in, uint32_t instance, const struct board_metric *m,
                        uint32_t count)
{
    struct text t;
    text_init(&t, in->metadata, sizeof in->metadata);
    text_printf(&t, "{\"level\":");
    text_put_scaled(&t, (int64_t)((double)d->shown[instance].level * 100), 100);
    text_put(&t, ",\"score\":");
    text_put_scaled(&t, (int64_t)((double)d->shown[instance].score * 100), 100);
    text_printf(&t, ",\"at\":%lld}", (long long)d->shown[instance].minute_s * MS_PER_S);
    in->type = INSIGHT_ANOMALY;
    in->instance_count = 1;
    (void)text_copy(in->instances[0], INSTANCE_ID_SIZE, store_instance(d->store, instance)->id);
    for (uint32_t i = 0; i < count; i++) {
        const char *name = metric_of(d, instance, m[i].series)->name;
        bool is_there = false;
        for (uint32_t k = 0; k < in->metric_count; k++)
            is_there |= text_equal(in->metrics[k], name);
        if (!is_there && in->metric_count < INSIGHT_METRICS_MAX)
            (void)text_copy(in->metrics[in->metric_count++], METRIC_SIZE, name);
    }
    if (store_insight_put(d->store, in) < 0)
        d->stats.refused++;
}

static void put_incident(struct detect *d, uint32_t instance)
{
    const struct detect_host *h = &d->hosts[instance];
    const struct board_host *b = &d->shown[instance];
    const struct instance *host = store_instance(d->store, instance);
    struct insight in = {.severity = (double)b->level >= LEVEL_HIGH ? INSIGHT_HIGH : INSIGHT_MEDIUM,
                         .confidence_permille = confidence_permille((double)h->worst_score)};
    struct text t;
    text_init(&t, in.key, sizeof in.key);
    text_printf(&t, "anomaly:%s:%lld", host->id, (long long)h->began_s);
    text_init(&t, in.title, sizeof in.title);
    text_printf(&t, "%s behaves unusually", name_of(host));
    for (uint32_t i = 0; i < b->ranked_count && i < HOST_COMPANY; i++) {
        text_put(&t, i == 0 ? ": " : ", ");
        metric_noun(&t, metric_of(d, instance, b->ranked[i].series)->name,
                    store_series(d->store, instance, b->ranked[i].series)->tag);
    }
    text_init(&t, in.description, sizeof in.description);
    text_put(&t, "Since ");
    text_put_iso_ms(&t, h->began_s * MS_PER_S);
    text_put(&t, " several metrics have left what is usual for this host at once. What stands out most: ");
    say_metrics(d, instance, say_metric, &t);
    text_put(&t, ".");
    (void)text_copy(in.recommendations, sizeof in.recommendations,
                    "Look at what changed at that time: deployments, jobs, traffic. The processes that stood "
                    "out then are on the page of the host.");
    put_insight(d, &in, instance, b->ranked, b->ranked_count < HOST_COMPANY ? b->ranked_count : HOST_COMPANY);
}

static void end_incident(struct detect *d, uint32_t instance)
{
    struct board_host *b = &d->shown[instance];
    b->is_unusual = false;
    (void)store_alert_settle(d->store, store_instance(d->store, instance)->id, RULE, "",
                             b->minute_s * MS_PER_S);
}

void detect_resume(struct detect *d, uint32_t instance)
{
    struct detect_host *h = &d->hosts[instance];
    struct board_host *b = &d->shown[instance];
    const char *id = store_instance(d->store, instance)->id;
    if (b->is_unusual || store_alert_open(d->store, id, RULE, "") == NULL)
        return;
    b->is_unusual = true;
    h->began_s = h->news_s = h->quiet_since_s = b->minute_s;
}

/* News, and the minute itself is as unusual as its last few are to be when it is believed. */
static bool is_alarm(const struct board_host *b)
{
    return b->score >= 1 && ((double)b->level >= BOARD_LEVEL || (double)b->level_now >= BOARD_LEVEL);
}

bool detect_suspect(struct detect *d, uint32_t instance)
{
    struct detect_host *h = &d->hosts[instance];
    const struct board_host *b = &d->shown[instance];
    if (h->suspect_s != 0 &&
        (b->minute_s < h->suspect_s || b->minute_s - h->suspect_s > QUIET_S))
        h->suspect_s = 0; /* it has passed; or the clock was set back */
    if (is_alarm(b)) {
        h->worst_score = h->suspect_s != 0 && h->worst_score > b->score ? h->worst_score : b->score;
        h->suspect_s = h->suspect_s != 0 ? h->suspect_s : b->minute_s;
    }
    return h->suspect_s != 0 && b->minute_s - h->suspect_s >= BELIEVED_S &&
           (double)b->level >= BOARD_LEVEL && (double)b->level_now >= BOARD_LEVEL;
}

/* An incident is open, and this is more of it, or its end. */
static void go_on(struct detect *d, uint32_t instance)
{
    struct detect_host *h = &d->hosts[instance];
    const struct board_host *b = &d->shown[instance];
    if (is_alarm(b)) {
        h->news_s = b->minute_s;
        h->worst_score = b->score > h->worst_score ? b->score : h->worst_score;
        raise_alert(d, instance);
        put_incident(d, instance);
    } else if (b->minute_s - h->quiet_since_s >= QUIET_S || b->minute_s - h->news_s >= INCIDENT_S) {
        end_incident(d, instance);
    }
}

void detect_tell(struct detect *d, uint32_t instance)
{
    struct detect_host *h = &d->hosts[instance];
    struct board_host *b = &d->shown[instance];
    if ((double)b->level >= LEVEL_CLEAR)
        h->quiet_since_s = b->minute_s + MINUTE_S;
    d->stats.alarms += is_alarm(b);
    if (b->is_unusual) {
        go_on(d, instance);
        return;
    }
    bool is_believed = detect_suspect(d, instance);
    if (h->suspect_s == 0)
        return;
    h->began_s = h->suspect_s;
    h->news_s = b->minute_s;
    if (is_believed) {
        b->is_unusual = true;
        h->suspect_s = 0;
        raise_alert(d, instance);
    }
    if (is_believed || is_alarm(b))
        put_incident(d, instance); /* recorded at once: an insight wakes nobody */
}

/* --- a series alone --- */

void detect_tell_series(struct detect *d, uint32_t instance, struct detect_slot *slot,
                        const struct board_metric *m)
{
    int64_t hour = wall_ms(d->now) / (3600 * MS_PER_S);
    int64_t minute_s = d->shown[instance].minute_s;
    if (m->state < SERIES_STATE || minute_s - slot->told_s < SERIES_PAUSE_S)
        return;
    if (hour != d->hour) {
        d->hour = hour;
        d->hour_alarms = 0;
    }
    if (d->hour_alarms >= SERIES_EACH_HOUR) {
        d->stats.series_alarms_left_out++;
        return;
    }
    d->hour_alarms++;
    d->stats.series_alarms++;
    slot->told_s = minute_s;
    const struct instance *host = store_instance(d->store, instance);
    struct insight in = {.severity = INSIGHT_LOW, .confidence_permille = confidence_permille(1.0)};
    struct text t;
    text_init(&t, in.key, sizeof in.key);
    text_printf(&t, "anomaly:%s:%s:%s", host->id, metric_of(d, instance, m->series)->name,
                store_series(d->store, instance, m->series)->tag);
    text_init(&t, in.title, sizeof in.title);
    say_name(d, instance, m, &t);
    text_printf(&t, " of %s is unusual", name_of(host));
    text_init(&t, in.description, sizeof in.description);
    say_metric(d, instance, m, &t);
    text_put(&t, ". The host as a whole has not raised an alarm for it.");
    put_insight(d, &in, instance, m, 1);
}

/* --- the level as a series --- */

static void push_levels(struct detect *d, uint32_t instance)
{
    static const struct store_series_facts facts = {
        .metric = ANOMALY_LEVEL_METRIC, .tag = "", .unit = "level", .scale = LEVEL_SCALE,
        .kind = METRIC_GAUGE};
    struct detect_host *h = &d->hosts[instance];
    struct store_push_value values[LEVELS_HELD];
    int series = h->has_level_series ? h->level_series : store_series_put(d->store, instance, &facts);
    uint32_t count = h->levels_held;
    h->levels_held = 0;
    if (series < 0) {
        d->stats.refused++;
        return;
    }
    h->has_level_series = true;
    h->level_series = (uint16_t)series;
    for (uint32_t i = 0; i < count; i++)
        values[i] = (struct store_push_value){.time_ms = h->levels[i].minute_s * MS_PER_S,
                                              .value = h->levels[i].level, .series = (uint16_t)series};
    if (store_push(d->store, instance, values, count, d->now) < 0)
        d->stats.refused++;
}

void detect_keep_level(struct detect *d, uint32_t instance)
{
    struct detect_host *h = &d->hosts[instance];
    const struct board_host *b = &d->shown[instance];
    if (h->levels_held > 0 && h->levels[h->levels_held - 1].minute_s >= b->minute_s)
        h->levels_held = 0; /* the clock was set back */
    h->levels[h->levels_held].minute_s = b->minute_s;
    h->levels[h->levels_held++].level = (int32_t)((double)b->level * LEVEL_SCALE);
    if (h->levels_held == LEVELS_HELD || (double)b->level >= BOARD_LEVEL)
        push_levels(d, instance);
}
