/* SPDX-License-Identifier: MIT */
/* See outlook.h. */
#include "aggregator/analysis/outlook.h"

#include <string.h>

#include "aggregator/analysis/models/arithmetic.h"

#define NO_BOUND 1e300
#define SHARE_MOST 1e6 /* of the level, in percent: beyond that it is reached, by however much */

void outlook_begin(struct outlook *o, const struct store_metric *metric, double full)
{
    memset(o, 0, sizeof *o);
    minute_begin(&o->minute, metric);
    o->is_allowance = text_equal(metric->name, "transfer_usage_percent");
    o->is_percent = text_equal(metric->unit, "percent") && metric->kind == METRIC_GAUGE;
    o->full = full > 0 ? full : o->is_percent ? OUTLOOK_FULL_PERCENT : 0;
    /* The models of crossing know what a point of a percentage is worth. */
    o->in_percent = o->is_percent ? 1 : o->full > 0 ? 100 / o->full : 0;
}

void outlook_take(struct outlook *o, int64_t ms, const struct store_cell *cell)
{
    struct minute_value v;
    if (!minute_take(&o->minute, cell) || !minute_end(&o->minute, &v))
        return;
    int64_t end_s = (ms + OUTLOOK_STEP_MS) / MS_PER_S;
    o->least = o->first_s == 0 || v.mean < o->least ? v.mean : o->least;
    o->most = o->first_s == 0 || v.mean > o->most ? v.mean : o->most;
    if (o->first_s == 0)
        o->first_s = end_s;
    o->last_s = end_s;
    o->last = v.mean;
    forecast_step(&o->forecast, end_s, v.mean);
    if (o->full > 0)
        crossing_step(&o->crossing, end_s, clamp(v.mean * o->in_percent, -SHARE_MOST, SHARE_MOST));
    if (o->is_allowance)
        allowance_step(&o->allowance, end_s, v.mean);
}

static bool can_say(const struct outlook *o, int64_t now_s)
{
    return o->first_s != 0 && o->last_s - o->first_s >= OUTLOOK_SEEN_S &&
           now_s - o->last_s <= OUTLOOK_STALE_S;
}

void outlook_bound(struct forecast_level *l, bool is_percent, double least, double most)
{
    forecast_bound(l, least < 0 ? -NO_BOUND : 0, is_percent && most <= 100 ? 100 : NO_BOUND);
}

bool outlook_level(const struct outlook *o, int64_t now_s, uint32_t hours, struct forecast_level *out)
{
    if (!can_say(o, now_s) || !forecast_ask(&o->forecast, o->last_s, (int64_t)hours * 3600, out))
        return false;
    outlook_bound(out, o->is_percent, o->least, o->most);
    return true;
}

bool outlook_full(const struct outlook *o, int64_t now_s, int64_t ahead_s, struct crossing_time *out)
{
    return o->full > 0 && can_say(o, now_s) &&
           crossing_ask(&o->crossing, o->last_s, o->is_percent ? o->full : 100, ahead_s, out) &&
           out->expected_s != CROSSING_NEVER;
}

bool outlook_used_up(const struct outlook *o, int64_t now_s, struct crossing_time *out)
{
    return o->is_percent && o->is_allowance && can_say(o, now_s) &&
           allowance_ask(&o->allowance, o->last_s, allowance_month_end_s(o->last_s), out);
}
