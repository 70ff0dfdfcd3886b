/* SPDX-License-Identifier: MIT */
/* Lines and trends. */
#include "aggregator/analysis/words/trend_words.h"

#include "aggregator/analysis/words/metric_words.h"
#include "aggregator/analysis/words/phrase.h"

#define EXPLAINED_LEAST 0.25
#define POINTS_LEAST 3U
#define HOUR_MS 3600000.0

const char *const trend_words[] = {"none", "steady", "rising", "falling"};

void line_add(struct line_sums *s, double t, double v)
{
    s->n += 1;
    s->t += t;
    s->v += v;
    s->tt += t * t;
    s->tv += t * v;
    s->vv += v * v;
}

struct line line_of(const struct line_sums *s)
{
    struct line line = {0};
    if (s->n < 1)
        return line;
    line.mean = s->v / s->n;
    double tt = s->tt - s->t * s->t / s->n, tv = s->tv - s->t * s->v / s->n;
    double vv = s->vv - s->v * s->v / s->n;
    if (tt <= 0)
        return line;
    line.slope = tv / tt;
    if (vv > 1e-12 * s->vv) /* else rounding is all there is */
        line.explained = tv * tv / (tt * vv);
    line.explained = line.explained > 1 ? 1 : line.explained;
    return line;
}

enum trend trend_judge(const struct trend_facts *f)
{
    if (f->points == 0)
        return TREND_NONE;
    if (f->points < POINTS_LEAST || f->explained < EXPLAINED_LEAST || !(f->slope_per_hour != 0))
        return TREND_STEADY;
    return f->slope_per_hour > 0 ? TREND_RISING : TREND_FALLING;
}

static void say_amount(const struct trend_facts *f, double v, struct text *t)
{
    if (f->is_rate)
        phrase_rate(t, v, f->unit, "s");
    else
        phrase_value(t, v, f->unit);
}

/* How far it moves: of percent, points. */
static void say_change(const struct trend_facts *f, double v, struct text *t)
{
    if (!text_equal(f->unit, "percent") || f->is_rate) {
        say_amount(f, v, t);
        return;
    }
    phrase_number(t, v);
    text_put(t, " points");
}

static void say_direction(const struct trend_facts *f, enum trend trend, struct text *t)
{
    double size = f->slope_per_hour < 0 ? -f->slope_per_hour : f->slope_per_hour;
    double hours = (double)(f->to_ms - f->from_ms) / HOUR_MS;
    if (trend == TREND_STEADY) {
        text_put(t, ": no clear trend over ");
        phrase_duration(t, f->to_ms - f->from_ms);
        text_put_char(t, '.');
        return;
    }
    text_printf(t, " %s %s by ", metric_is_plural(f->metric) ? "are" : "is", trend_words[trend]);
    say_change(f, size, t);
    text_put(t, " an hour, ");
    say_change(f, size * hours, t);
    text_put(t, " over ");
    phrase_duration(t, f->to_ms - f->from_ms);
    text_put(t, "; the straight line explains ");
    phrase_share(t, f->explained);
    text_put(t, " of what it did.");
}

static void say_range(const struct trend_facts *f, struct text *t)
{
    text_put(t, metric_is_plural(f->metric) ? " They were " : " It was ");
    say_amount(f, f->mean, t);
    if (f->least < f->most) {
        text_put(t, " on average, between ");
        say_amount(f, f->least, t);
        text_put(t, " and ");
        say_amount(f, f->most, t);
        text_put(t, ", and ");
        say_amount(f, f->last, t);
        text_put(t, " at the end");
    } else {
        text_put(t, " all the time");
    }
    text_put(t, " (");
    phrase_count(t, f->samples, "sample", NULL);
    text_put(t, ").");
}

/* What comes out the same in words is no interval, and none is told. */
#define WORDS_SIZE 48

static void say_forecast(const struct trend_facts *f, struct text *t)
{
    if (!f->has_forecast)
        return;
    text_put(t, " In ");
    phrase_about(t, f->ahead_ms);
    text_put(t, metric_is_plural(f->metric) ? " they should be about " : " it should be about ");
    say_amount(f, f->forecast, t);
    char low_words[WORDS_SIZE], high_words[WORDS_SIZE];
    struct text low, high;
    text_init(&low, low_words, sizeof low_words);
    text_init(&high, high_words, sizeof high_words);
    say_amount(f, f->low, &low);
    say_amount(f, f->high, &high);
    if (!text_equal(low_words, high_words))
        text_printf(t, "; eight times out of ten such a forecast ends between %s and %s", low_words,
                    high_words);
    text_put_char(t, '.');
}

static void say_crossing(const struct trend_facts *f, struct text *t)
{
    if (!f->has_crossing || f->expected_ms == INT64_MAX)
        return;
    text_put(t, " It will be at ");
    phrase_value(t, f->threshold, f->unit);
    text_put(t, " in about ");
    phrase_about(t, f->expected_ms);
    char early_words[WORDS_SIZE], late_words[WORDS_SIZE];
    struct text early, late;
    text_init(&early, early_words, sizeof early_words);
    text_init(&late, late_words, sizeof late_words);
    phrase_about(&early, f->early_ms);
    if (f->late_ms != INT64_MAX)
        phrase_about(&late, f->late_ms);
    if (f->late_ms == INT64_MAX)
        text_printf(t, " (%s at the earliest)", early_words);
    else if (!text_equal(early_words, late_words))
        text_printf(t, " (%s to %s)", early_words, late_words);
    text_put(t, " if it goes on like this.");
}

void trend_words_say(const struct trend_facts *f, struct text *t)
{
    enum trend trend = trend_judge(f);
    metric_begin(t, f->metric, f->tag);
    text_put(t, metric_joint(f->tag));
    phrase_name(t, f->host);
    if (trend == TREND_NONE) {
        text_put(t, ": no samples in that time.");
        return;
    }
    if (f->points < POINTS_LEAST)
        text_put(t, ": too few samples for a trend.");
    else
        say_direction(f, trend, t);
    say_range(f, t);
    say_forecast(f, t);
    say_crossing(f, t);
}
