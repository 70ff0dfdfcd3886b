/* SPDX-License-Identifier: MIT */
/* From blocks to minutes; see detect.h. */
#include "aggregator/analysis/detect_state.h"

#include <string.h>

/* A sample from further ahead says that a clock is wrong; it must not end the minutes of now. */
#define AHEAD_MS INT64_C(300000)
/* An agent whose clock was set back goes on from there when it is this far back, else when it has caught
 * up. */
#define BACK_S 600
#define OLD_S 900
/* Late samples in so many minutes, and none for so long: they are worth learning anew, if they are a good
 * part of what is known. */
#define LATE_MINUTES_LEAST 30U
#define LATE_PART 10
#define LATE_PAUSE_MS 60000

struct detect *detect_reserve(struct memory_map *map, const struct detect_limits *limits)
{
    uint64_t hosts = limits->instances_max;
    struct detect *d = memory_reserve(map, "analysis: detection", 1, sizeof *d, "there is one");
    struct crc32c_tables *sums = memory_reserve(map, "analysis: checksums", 1, sizeof *sums, "there is one");
    struct detect_host *h = memory_reserve(map, "analysis: hosts", hosts, sizeof *h, "as agents");
    struct board_host *b = memory_reserve(map, "analysis: what is shown", hosts, sizeof *b, "as agents");
    uint8_t *of = memory_reserve(map, "analysis: which series", hosts, limits->series_per_instance_max,
                                 "as agents");
    struct detect_slot *slots = memory_reserve(map, "analysis: series", hosts * limits->tracked_max,
                                               sizeof *slots, "the series is not watched for anomalies");
    struct memory_line *line = memory_last_line(map);
    struct minute *minutes = memory_reserve(map, "analysis: minutes at hand", hosts * limits->tracked_max,
                                            sizeof *minutes, "as series");
    if (d == NULL)
        return NULL;
    *d = (struct detect){.limits = *limits, .hosts = h, .slots = slots, .minutes = minutes,
                         .slot_of_series = of, .shown = b, .sums = sums, .line = line};
    return d;
}

void detect_open(struct detect *d, struct store *s, struct wall now)
{
    d->store = s;
    d->board.hosts = d->shown;
    d->board.count = store_instance_count(s);
    d->learning = (struct learning){.query = -1};
    d->behind_count = 0;
    crc32c_tables_init(d->sums);
    uint64_t all = (uint64_t)d->limits.instances_max * d->limits.tracked_max * sizeof(struct detect_slot);
    d->saves = all <= d->limits.database_size_max / 8;
    for (uint32_t i = 0; d->limits.tracked_max > 0 && i < d->board.count; i++) {
        struct detect_host *h = &d->hosts[i];
        h->behind_s = wall_ms(now) / MS_PER_S / MINUTE_S * MINUTE_S - LEARN_FROM_S;
        d->behind_count++;
        h->is_to_be_loaded = d->saves;
        d->shown[i].is_catching_up = true;
    }
}

static uint32_t give_slot(struct detect *d, uint32_t instance, uint16_t series, uint8_t *place)
{
    struct board_host *shown = &d->shown[instance];
    const struct store_series *facts = store_series(d->store, instance, series);
    const struct store_metric *metric = store_metric(d->store, facts->metric_index);
    enum choice choice = choice_of(metric->name, facts->tag);
    uint32_t room = choice == CHOICE_CORE ? d->limits.tracked_max : d->limits.tracked_max * 3 / 4;
    *place = SLOT_NONE;
    if (choice == CHOICE_NOT)
        return SLOT_NONE;
    if (shown->tracked >= room) {
        shown->surplus++;
        d->stats.surplus++;
        return SLOT_NONE;
    }
    uint32_t slot = shown->tracked++;
    *place = (uint8_t)shown->tracked;
    slots_of(d, instance)[slot] = (struct detect_slot){.series = series};
    minute_begin(&minutes_of(d, instance)[slot], metric);
    memory_use(d->line, d->line->in_use + 1);
    return slot;
}

uint32_t detect_slot_of(struct detect *d, uint32_t instance, uint16_t series)
{
    uint8_t *place = &d->slot_of_series[(size_t)instance * d->limits.series_per_instance_max + series];
    if (*place == 0)
        return give_slot(d, instance, series, place);
    return *place == SLOT_NONE ? SLOT_NONE : *place - 1U;
}

/* As if nothing had been seen. */
static void forget(struct detect *d, uint32_t instance)
{
    struct detect_host *h = &d->hosts[instance];
    struct board_host *shown = &d->shown[instance];
    struct detect_slot *slots = slots_of(d, instance);
    for (uint32_t i = 0; i < shown->tracked; i++) {
        uint16_t series = slots[i].series;
        memset(&slots[i], 0, sizeof slots[i]);
        slots[i].series = series;
        minute_begin(&minutes_of(d, instance)[i],
                     store_metric(d->store, store_series(d->store, instance, series)->metric_index));
    }
    h->model = (struct host){0};
    h->minute_s = h->suspect_s = 0;
    *shown = (struct board_host){.tracked = shown->tracked, .surplus = shown->surplus,
                                 .is_unusual = shown->is_unusual};
}

/* --- samples --- */

/* The samples of a block that may count, in the order of time. */
struct usable {
    uint32_t count;
    bool is_whole; /* all of the block */
    uint8_t at[BLOCK_SAMPLES_MAX];
    int64_t ms[BLOCK_SAMPLES_MAX];
    int64_t minute_s[BLOCK_SAMPLES_MAX];
};

static void find_usable(struct detect *d, uint32_t instance, const struct block_matrix *block,
                        struct usable *u)
{
    int64_t most_ms = wall_ms(d->now) + store_instance(d->store, instance)->skew_ms + AHEAD_MS;
    int64_t before_ms = INT64_MIN;
    u->count = 0;
    u->is_whole = true;
    for (uint32_t k = 0; k < block->count; k++) {
        int64_t ms = block->time_ms[k];
        if (ms > most_ms || ms <= before_ms) {
            d->stats.backward++;
            u->is_whole = false;
            continue;
        }
        before_ms = ms;
        u->ms[u->count] = ms;
        u->at[u->count] = (uint8_t)k;
        u->minute_s[u->count++] = ms / MS_PER_S / MINUTE_S * MINUTE_S;
    }
}

static void add_samples(struct detect *d, uint32_t instance, const struct block_matrix *block,
                        const uint16_t *series, const struct usable *u, uint32_t from, uint32_t to)
{
    struct minute *minutes = minutes_of(d, instance);
    uint32_t count = to - from, taken = 0;
    for (uint32_t k = 0; k < block->slot_count; k++) {
        uint32_t slot = series[k] == SERIES_NONE ? SLOT_NONE : detect_slot_of(d, instance, series[k]);
        if (slot == SLOT_NONE)
            continue;
        taken += count;
        if (u->is_whole && minute_add_all(&minutes[slot], block->values[k] + from, u->ms + from, count))
            continue;
        for (uint32_t i = from; i < to; i++)
            if (!minute_add(&minutes[slot], block->values[k][u->at[i]], u->ms[i]))
                d->stats.absurd++;
    }
    d->stats.values += taken;
}

/* The clock of the host was set back: its newest samples are not newer than those before. */
static void turn_back(struct detect *d, uint32_t instance, int64_t minute_s)
{
    struct minute *minutes = minutes_of(d, instance);
    detect_end_minute(d, instance, minute_s);
    for (uint32_t i = 0; i < d->shown[instance].tracked; i++) {
        minutes[i].last_ms = INT64_MIN;
        minutes[i].before_ms = 0;
    }
}

/* Samples from..to-1 are of one minute. */
static void take_minute(struct detect *d, const struct store_feed_block *b, const struct block_matrix *block,
                        const uint16_t *series, const struct usable *u, uint32_t from, uint32_t to)
{
    struct detect_host *h = &d->hosts[b->instance];
    int64_t minute_s = u->minute_s[from];
    if (minute_s < h->minute_s) {
        if (b->stream != STREAM_LIVE || h->minute_s - minute_s < BACK_S) {
            d->stats.backward += to - from;
            return;
        }
        turn_back(d, b->instance, minute_s);
    } else if (minute_s > h->minute_s) {
        detect_end_minute(d, b->instance, minute_s);
    }
    add_samples(d, b->instance, block, series, u, from, to);
}

static int64_t minute_of(const struct block_matrix *block)
{
    return block->time_ms[block->count - 1] / MS_PER_S / MINUTE_S * MINUTE_S;
}

/* So much behind the clock of its host nothing is worth an alert. */
static bool is_old(const struct detect *d, uint32_t instance, int64_t minute_s)
{
    return minute_s < (wall_ms(d->now) + store_instance(d->store, instance)->skew_ms) / MS_PER_S - OLD_S;
}

/* What comes beside what is measured now, and is older, counts towards learning anew. */
static bool is_late(struct detect *d, const struct store_feed_block *b, int64_t minute_s)
{
    struct detect_host *h = &d->hosts[b->instance];
    bool is_before = minute_s < h->minute_s, is_news = !is_old(d, b->instance, minute_s);
    if (b->stream != STREAM_HISTORY || (!is_before && is_news))
        return false;
    if (!is_news && minute_s != h->late_minute_s) {
        h->late_minutes++;
        h->late_minute_s = minute_s;
        h->late_block_ms = wall_ms(d->now);
    }
    return true;
}

void detect_block(struct detect *d, const struct store_feed_block *b, const struct block_matrix *block,
                  const uint16_t *series, struct wall now)
{
    struct detect_host *h = &d->hosts[b->instance];
    struct usable u;
    d->now = now;
    if (b->instance >= d->board.count)
        d->board.count = b->instance + 1;
    if (d->limits.tracked_max == 0 || h->behind_s != 0 || is_late(d, b, minute_of(block)))
        return;
    d->is_quiet = is_old(d, b->instance, minute_of(block));
    find_usable(d, b->instance, block, &u);
    for (uint32_t from = 0, to; from < u.count; from = to) {
        for (to = from + 1; to < u.count && u.minute_s[to] == u.minute_s[from]; to++) {}
        take_minute(d, b, block, series, &u, from, to);
    }
}

/* --- in the background --- */

/* Much has come late, and no more comes: one host in each call is looked at. */
static void look_at_late(struct detect *d, uint32_t instance)
{
    struct detect_host *h = &d->hosts[instance];
    if (h->late_minutes < LATE_MINUTES_LEAST || wall_ms(d->now) - h->late_block_ms < LATE_PAUSE_MS ||
        store_instance(d->store, instance)->catching_up)
        return;
    int64_t known = (h->minute_s - d->shown[instance].first_s) / MINUTE_S;
    if ((int64_t)h->late_minutes * LATE_PART >= known) {
        forget(d, instance);
        d->behind_count += h->behind_s == 0;
        h->behind_s = wall_ms(d->now) / MS_PER_S / MINUTE_S * MINUTE_S - LEARN_FROM_S;
        d->shown[instance].is_catching_up = true;
    }
    h->late_minutes = 0;
}

bool detect_is_querying(const struct detect *d)
{
    return d->learning.query >= 0;
}

struct mono detect_step(struct detect *d, struct mono now, struct wall wall, bool may_query)
{
    d->now = wall;
    if (d->limits.tracked_max == 0 || d->board.count == 0)
        return MONO_NEVER;
    struct mono next = mono_on_beat(mono_after_ms(now, 1000));
    if (mono_reached(now, d->save_at))
        for (uint32_t i = 0; i < d->board.count; i++)
            look_at_late(d, i);
    if (may_query || detect_is_querying(d))
        next = mono_earlier(next, detect_learn(d, now));
    return mono_earlier(next, checkpoint_step(d, now));
}

void detect_close(struct detect *d)
{
    if (d->learning.query >= 0)
        store_query_end(d->store, d->learning.query);
    d->learning = (struct learning){.query = -1};
    for (uint32_t i = 0; d->saves && i < d->board.count; i++)
        if (d->hosts[i].behind_s == 0 && d->shown[i].minute_s > d->hosts[i].saved_s)
            (void)checkpoint_save(d, i);
}

const struct board *detect_board(const struct detect *d)
{
    return &d->board;
}

void detect_stats(const struct detect *d, struct detect_stats *out)
{
    *out = d->stats;
}
