/* SPDX-License-Identifier: MIT */
/* The end of a minute: what every series of a host says, and what they say together. */
#include "aggregator/analysis/models/arithmetic.h"
#include "aggregator/analysis/detect_state.h"

#define DAY_S 86400.0
#define WEEK_S (7 * 86400.0)

/* The distance of the value in the baseline's standard deviations, and the value entered. */
static float step_baseline(struct baseline *b, double value, double window, uint32_t seen)
{
    double r = value - (double)b->mean, sd = square_root((double)b->variance);
    double weight = mean_weight(window, seen);
    b->mean = (float)((double)b->mean + weight * r);
    b->variance = (float)((1.0 - weight) * ((double)b->variance + weight * r * r));
    return seen > 0 && sd > 0 ? (float)clamp(r / sd, -999.0, 999.0) : 0.0F;
}

/* *alarm: 1 and more when the series alone would raise one, once for one trouble. */
static struct board_metric judge(struct detect_slot *slot, int64_t time_s, const struct minute_value *v,
                                 double *alarm)
{
    double deviation = square_root((double)slot->day.variance);
    struct board_metric m = {.series = slot->series, .value = (float)v->mean, .greatest = (float)v->greatest,
                             .usual = slot->day.mean, .deviation = (float)deviation};
    uint32_t seen = slot->unusual.seen;
    struct anomaly_score score = anomaly_step(&slot->anomaly, time_s, v->mean);
    *alarm = score.score;
    m.news = (float)score.raw;
    struct unusual_state state = unusual_step(&slot->unusual, time_s, v->mean);
    m.state = (float)state.lasting;
    m.now = (float)state.now;
    double step_s = larger(1.0, (double)slot->unusual.step_s);
    m.z_day = step_baseline(&slot->day, v->mean, DAY_S / step_s, seen);
    m.z_week = step_baseline(&slot->week, v->mean, WEEK_S / step_s, seen);
    return m;
}

/* How much a metric stands out, for the order in which they are shown: news and state alike. */
static double weight_of(const struct board_metric *m)
{
    return square_root((double)m->state) + (double)m->news;
}

/* How far the plain rule finds it. */
static double distance_of(const struct board_metric *m)
{
    return larger(absolute((double)m->z_day), absolute((double)m->z_week));
}

/* Into a list whose first has the most weight. */
static void rank(struct board_metric list[BOARD_RANKED], uint32_t *count, const struct board_metric *m,
                 double (*weight)(const struct board_metric *))
{
    uint32_t at = *count;
    while (at > 0 && weight(&list[at - 1]) < weight(m))
        at--;
    if (at >= BOARD_RANKED)
        return;
    uint32_t last = *count < BOARD_RANKED ? (*count)++ : BOARD_RANKED - 1;
    for (uint32_t i = last; i > at; i--)
        list[i] = list[i - 1];
    list[at] = *m;
}

static void judge_series(struct detect *d, uint32_t instance, int64_t minute_s, struct host_company *news,
                         struct host_company *state, struct host_company *now)
{
    struct board_host *b = &d->shown[instance];
    struct detect_slot *slots = slots_of(d, instance);
    struct minute *minutes = minutes_of(d, instance);
    for (uint32_t i = 0; i < b->tracked; i++) {
        struct minute_value v;
        if (!minute_end(&minutes[i], &v))
            continue;
        d->stats.minutes++;
        double alarm;
        struct board_metric m = judge(&slots[i], minute_s, &v, &alarm);
        if (minute_s - slots[i].unusual.first_s < LEARNING_S)
            continue; /* what is new to us is not unusual */
        host_company_add(news, i, (double)m.news);
        host_company_add(state, i, (double)m.state);
        host_company_add(now, i, (double)m.now);
        rank(b->ranked, &b->ranked_count, &m, weight_of);
        if (distance_of(&m) > (double)BOARD_SIGMA) {
            b->beyond++;
            rank(b->farthest, &b->farthest_count, &m, distance_of);
        }
        if (alarm >= 1 && !d->is_quiet)
            detect_tell_series(d, instance, &slots[i], &m);
    }
}

void detect_end_minute(struct detect *d, uint32_t instance, int64_t minute_s)
{
    struct detect_host *h = &d->hosts[instance];
    struct board_host *b = &d->shown[instance];
    struct host_company news = {0}, state = {0}, now = {0};
    int64_t judged_s = h->minute_s;
    h->minute_s = minute_s;
    if (judged_s == 0)
        return;
    b->ranked_count = b->farthest_count = 0;
    b->beyond = 0;
    judge_series(d, instance, judged_s, &news, &state, &now);
    if (b->first_s == 0)
        b->first_s = judged_s;
    b->minute_s = judged_s;
    b->is_learning = news.count == 0;
    struct host_score s = host_step(&h->model, judged_s, &news, &state);
    b->score = (float)s.score;
    b->level = (float)s.level;
    b->level_now = (float)host_level(&now);
    if (d->is_quiet) {
        (void)detect_suspect(d, instance);
        return;
    }
    if (!b->is_learning)
        detect_keep_level(d, instance);
    detect_tell(d, instance);
}
