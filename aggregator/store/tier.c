/* SPDX-License-Identifier: MIT */
/* The three resolutions: how much there is of each, how far back it reaches, and how the disk is shared. */
#include <string.h>

#include "aggregator/store/state.h"

/* When the disk is full, rollups take no more than so much of it; samples have the rest. */
#define MINUTES_SIXTEENTHS 4
#define HOURS_SIXTEENTHS 1
/* Bytes of a value, and of a point of a series, times 100, as `make bench BENCH=store` measures them. */
#define VALUE_BYTES_X100 45
#define MINUTE_BYTES_X100 400
#define HOUR_BYTES_X100 700
#define SERIES_ASSUMED 150U

int tiers_load(struct store *s)
{
    sqlite3_stmt *row = database_statement(&s->database, SQL_TIER_LIST);
    int n;
    while ((n = database_next(&s->database, SQL_TIER_LIST)) == 1)
        s->tiers[sqlite3_column_int64(row, 0)] = (struct tier_state){
            .rows = sqlite3_column_int64(row, 1), .bytes = sqlite3_column_int64(row, 2),
            .horizon_ms = sqlite3_column_int64(row, 3)};
    return n;
}

int tiers_put(struct store *s, const struct tier_state next[static TIER_COUNT])
{
    int err = ERR_OK;
    for (uint32_t i = 0; i < TIER_COUNT && err == ERR_OK; i++) {
        if (memcmp(&next[i], &s->tiers[i], sizeof next[i]) == 0)
            continue;
        sqlite3_stmt *put = database_statement(&s->database, SQL_TIER_PUT);
        (void)sqlite3_bind_int64(put, 1, i);
        (void)sqlite3_bind_int64(put, 2, next[i].rows);
        (void)sqlite3_bind_int64(put, 3, next[i].bytes);
        (void)sqlite3_bind_int64(put, 4, next[i].horizon_ms);
        err = database_run(&s->database, SQL_TIER_PUT);
    }
    return err;
}

static int64_t share(const struct store *s, int64_t sixteenths)
{
    return (int64_t)s->database.pages_max * (DATABASE_PAGE_SIZE / 16) * sixteenths;
}

enum store_tier tiers_choose(const struct store *s)
{
    if (s->tiers[TIER_HOURS].bytes > share(s, HOURS_SIXTEENTHS))
        return TIER_HOURS;
    if (s->tiers[TIER_MINUTES].bytes > share(s, MINUTES_SIXTEENTHS))
        return TIER_MINUTES;
    for (enum store_tier t = TIER_SECONDS; t < TIER_COUNT; t++)
        if (s->tiers[t].rows > 0)
            return t;
    return TIER_COUNT;
}

/* --- the line at start --- */

/* Days that `bytes` last, no longer than they are kept. */
static int64_t days(const struct store *s, enum store_tier tier, int64_t bytes, int64_t bytes_a_day)
{
    int64_t n = bytes / (bytes_a_day > 0 ? bytes_a_day : 1), keep = s->limits.keep_ms[tier] / DAY_MS;
    return keep > 0 && n > keep ? keep : n;
}

static uint32_t series_of_all(const struct store *s)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < s->instance_count; i++)
        n += s->states[i].series_count;
    return n;
}

static void put_span(struct text *t, int64_t n)
{
    if (n >= 3 * 365)
        text_printf(t, "%d years", (int)(n / 365));
    else
        text_printf(t, "%d days", (int)n);
}

/* What coarser resolutions do not need of their share is for the finer ones. */
void tiers_announce(struct store *s)
{
    uint32_t hosts = s->instance_count, series = series_of_all(s);
    char words[160];
    struct text t;
    bool is_guess = hosts == 0 || series == 0;
    if (is_guess) {
        hosts = s->limits.instances_max;
        series = hosts * (s->limits.series_per_instance_max < SERIES_ASSUMED
                              ? s->limits.series_per_instance_max : SERIES_ASSUMED);
    }
    int64_t all = (int64_t)s->database.pages_max * DATABASE_PAGE_SIZE;
    int64_t hour_bytes = (int64_t)series * 24 * HOUR_BYTES_X100 / 100;
    int64_t minute_bytes = (int64_t)series * 1440 * MINUTE_BYTES_X100 / 100;
    int64_t value_bytes = (int64_t)series * 86400 * VALUE_BYTES_X100 / 100;
    int64_t kept_hours = days(s, TIER_HOURS, share(s, HOURS_SIXTEENTHS), hour_bytes);
    int64_t kept_minutes = days(s, TIER_MINUTES, share(s, MINUTES_SIXTEENTHS), minute_bytes);
    int64_t rest = all - kept_hours * hour_bytes - kept_minutes * minute_bytes;
    text_init(&t, words, sizeof words);
    text_put(&t, "1 s kept for ");
    put_span(&t, days(s, TIER_SECONDS, rest, value_bytes));
    text_put(&t, ", 1 min for ");
    put_span(&t, kept_minutes);
    text_put(&t, ", 1 h for ");
    put_span(&t, kept_hours);
    plat_log(s->plat, LOG_INFO, "%u hosts x %u series%s: %s (--database-max)", hosts, series / hosts,
             is_guess ? " (when all have come)" : "", words);
}
