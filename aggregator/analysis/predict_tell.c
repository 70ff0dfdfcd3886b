/* SPDX-License-Identifier: MIT */
/* What is told of a prediction. */
#include "aggregator/analysis/predict_state.h"
#include "aggregator/analysis/words/metric_words.h"
#include "aggregator/analysis/words/phrase.h"
#include "aggregator/store/store_alerts.h"
#include "aggregator/store/store_insights.h"

#define HOUR_S 3600
#define WITHIN_S (48 * HOUR_S)
#define SOON_S (24 * HOUR_S)
#define TYPE "forecast"
#define GRACE_MS INT64_C(21600000)
/* A forecast that comes and goes is not settled by one look. */
#define MISSED_MOST 2U
/* Of crossings that were forecast for labelled series so many came within half and twice the time, in a
 * thousand (make bench-analysis: precision). */
#define CONFIDENCE_PERMILLE 670

static const struct store_metric *metric_of(const struct predict *p, const struct store_series *series)
{
    return store_metric(p->store, series->metric_index);
}

/* One rule for each metric, as an alert is told apart by rule and tag. */
static void put_rule(char rule[static ALERT_RULE_SIZE], const struct store_metric *metric)
{
    struct text t;
    text_init(&t, rule, ALERT_RULE_SIZE);
    text_printf(&t, TYPE ":%s", metric->name);
}

static void put_key(const struct predict *p, const struct store_series *series,
                    char key[static INSIGHT_KEY_SIZE])
{
    struct text t;
    text_init(&t, key, INSIGHT_KEY_SIZE);
    text_printf(&t, TYPE ":%s:%s:%s", store_instance(p->store, p->instance)->id,
                metric_of(p, series)->name, series->tag);
}

static long long hours(int64_t seconds)
{
    return (long long)(seconds + HOUR_S / 2) / HOUR_S;
}

static void say_host(const struct predict *p, struct text *out)
{
    const struct instance *in = store_instance(p->store, p->instance);
    phrase_name(out, in->name[0] != '\0' ? in->name : in->id);
}

static void say_hours(struct text *out, int64_t seconds)
{
    if (hours(seconds) < 1)
        text_put(out, "less than an hour");
    else
        text_printf(out, "about %lld hour%s", hours(seconds), hours(seconds) == 1 ? "" : "s");
}

/* "Disk use of / on web-1 will reach 95 % in about 20 hours (12 to 31): now 83.1 %" */
static void say(const struct predict *p, const struct store_series *series, const struct crossing_time *t,
                struct text *out)
{
    metric_begin(out, metric_of(p, series)->name, series->tag);
    text_put(out, metric_joint(series->tag));
    say_host(p, out);
    text_printf(out, " will reach %u %% in ", (unsigned)OUTLOOK_FULL_PERCENT);
    say_hours(out, t->expected_s);
    if (t->late_s == CROSSING_NEVER)
        text_printf(out, " (%lld to more than %d)", hours(t->early_s), WITHIN_S / HOUR_S);
    else if (hours(t->early_s) != hours(t->late_s))
        text_printf(out, " (%lld to %lld)", hours(t->early_s), hours(t->late_s));
    text_put(out, ": now ");
    text_put_scaled(out, (int64_t)(p->outlook.last * 10 + 0.5), 10);
    text_put(out, " %");
}

/* "/var on db-1 will be full in about 20 hours" */
static void say_title(const struct predict *p, const struct store_series *series,
                      const struct crossing_time *t, struct text *out)
{
    const char *metric = metric_of(p, series)->name, *where = tag_value(series->tag);
    bool is_disk = text_starts(metric, "disk_") && where[0] != '\0';
    if (is_disk && text_equal(metric, "disk_usage_percent")) {
        phrase_foreign(out, where, PHRASE_NAME_MAX);
    } else if (is_disk) {
        text_put(out, "the inodes of ");
        phrase_foreign(out, where, PHRASE_NAME_MAX);
    } else {
        metric_noun(out, metric, series->tag);
    }
    text_put(out, " on ");
    say_host(p, out);
    text_put(out, is_disk && !text_equal(metric, "disk_usage_percent") ? " will run out in "
                  : is_disk                                           ? " will be full in "
                                                                      : " will reach 95 % in ");
    say_hours(out, t->expected_s);
}

/* "about 6 days" */
static void say_span(struct text *out, int64_t seconds)
{
    int64_t h = hours(seconds);
    if (h < 48)
        text_printf(out, "%lld hour%s", (long long)(h < 1 ? 1 : h), h <= 1 ? "" : "s");
    else
        text_printf(out, "%lld days", (long long)(h + 12) / 24);
}

/* "web-1 will have used up the traffic that its plan allows this month in about 6 days, 12 days before the
 * month ends: now 62.1 %" */
static void say_allowance(const struct predict *p, const struct crossing_time *t, struct text *out)
{
    int64_t before_s = allowance_month_end_s(p->outlook.last_s) - p->outlook.last_s - t->expected_s;
    say_host(p, out);
    text_put(out, " will have used up the traffic that its plan allows this month in about ");
    say_span(out, t->expected_s);
    text_put(out, ", ");
    say_span(out, before_s);
    text_put(out, " before the month ends: now ");
    text_put_scaled(out, (int64_t)(p->outlook.last * 10 + 0.5), 10);
    text_put(out, " %");
}

static uint32_t threshold_of(const struct predict *p)
{
    return p->outlook.is_allowance ? 100 : OUTLOOK_FULL_PERCENT;
}

/* Beyond an allowance it costs money, and nothing breaks. */
static enum alert_severity severity_of(const struct predict *p, const struct crossing_time *at)
{
    if (p->outlook.is_allowance)
        return at->expected_s <= WITHIN_S ? ALERT_MEDIUM : ALERT_LOW;
    return at->expected_s <= SOON_S ? ALERT_HIGH : ALERT_MEDIUM;
}

static bool raise_alert(struct predict *p, const struct store_series *series, const struct crossing_time *at)
{
    const struct store_metric *metric = metric_of(p, series);
    char rule[ALERT_RULE_SIZE], message[ALERT_MESSAGE_SIZE];
    struct text t;
    bool was_open;
    put_rule(rule, metric);
    text_init(&t, message, sizeof message);
    if (p->outlook.is_allowance)
        say_allowance(p, at, &t);
    else
        say(p, series, at, &t);
    const struct alert_report report = {
        .instance = store_instance(p->store, p->instance)->id, .rule = rule, .tag = series->tag, .type = TYPE,
        .message = message, .metric = metric->name, .unit = metric->unit,
        .severity = severity_of(p, at),
        .time_ms = p->outlook.last_s * MS_PER_S, .value = (int64_t)(p->outlook.last * 100),
        .level = threshold_of(p) * INT64_C(100), .scale = 100, .grace_ms = GRACE_MS};
    if (store_alert_raise(p->store, &report, &was_open) < 0) {
        p->stats.refused++;
        return false;
    }
    p->stats.raised += !was_open;
    return true;
}

/* A time as JSON, milliseconds since 1970 or null. */
static void put_time(struct text *t, const char *key, int64_t now_s, int64_t seconds)
{
    text_printf(t, ",\"%s\":", key);
    if (seconds == CROSSING_NEVER)
        text_put(t, "null");
    else
        text_put_i64(t, (now_s + seconds) * MS_PER_S);
}

static void put_insight(struct predict *p, const struct store_series *series, const struct crossing_time *at)
{
    struct insight in = {.type = INSIGHT_PREDICTION, .instance_count = 1, .metric_count = 1,
                         .severity = at->expected_s <= SOON_S ? INSIGHT_HIGH : INSIGHT_MEDIUM,
                         .confidence_permille = CONFIDENCE_PERMILLE};
    const struct store_metric *metric = metric_of(p, series);
    struct text t;
    put_key(p, series, in.key);
    text_init(&t, in.title, sizeof in.title);
    if (p->outlook.is_allowance)
        say_allowance(p, at, &t);
    else
        say_title(p, series, at, &t);
    text_init(&t, in.description, sizeof in.description);
    if (p->outlook.is_allowance)
        say_allowance(p, at, &t);
    else
        say(p, series, at, &t);
    text_put(&t, ".");
    (void)text_copy(in.recommendations, sizeof in.recommendations,
                    p->outlook.is_allowance
                        ? "See what sends so much, or ask what more traffic costs."
                        : "Make room before that, or give it more: see what has grown in the last days.");
    text_init(&t, in.metadata, sizeof in.metadata);
    text_printf(&t, "{\"threshold\":%u", threshold_of(p));
    put_time(&t, "earliest", p->outlook.last_s, at->early_s);
    put_time(&t, "expected", p->outlook.last_s, at->expected_s);
    put_time(&t, "latest", p->outlook.last_s, at->late_s);
    text_put(&t, "}");
    (void)text_copy(in.instances[0], INSTANCE_ID_SIZE, store_instance(p->store, p->instance)->id);
    (void)text_copy(in.metrics[0], METRIC_SIZE, metric->name);
    if (store_insight_put(p->store, &in) < 0)
        p->stats.refused++;
}

static void end(struct predict *p, struct predicted *of, const struct store_series *series)
{
    char rule[ALERT_RULE_SIZE], key[INSIGHT_KEY_SIZE];
    if (of->is_open && ++of->missed < MISSED_MOST)
        return;
    put_rule(rule, metric_of(p, series));
    put_key(p, series, key);
    bool was_open = store_alert_settle(p->store, store_instance(p->store, p->instance)->id, rule, series->tag,
                                       p->outlook.last_s * MS_PER_S);
    p->stats.settled += was_open;
    if (was_open || of->is_open)
        (void)store_insight_end(p->store, key);
    of->is_open = false;
    of->missed = 0;
}

void predict_tell(struct predict *p, struct predicted *of, int64_t now_ms)
{
    const struct store_series *series = store_series(p->store, p->instance, of->series);
    struct crossing_time at;
    bool is_full = p->outlook.last >= threshold_of(p);
    if (is_full) /* what was foretold has come: thresholds speak now, and the alert stays */
        return;
    bool is_expected =
        p->outlook.is_allowance
            ? outlook_used_up(&p->outlook, now_ms / MS_PER_S, &at)
            : outlook_full(&p->outlook, now_ms / MS_PER_S, WITHIN_S, &at);
    if (!is_expected) {
        end(p, of, series);
        return;
    }
    p->stats.expected++;
    of->missed = 0;
    of->is_open = raise_alert(p, series, &at);
    put_insight(p, series, &at);
}
