/* SPDX-License-Identifier: MIT */
/* A request of samples from outside, gathered, put in order, and handed to the store instance by instance. */
#include "aggregator/push/push.h"

#include <string.h>

#include "aggregator/push/scale.h"
#include "aggregator/push/state.h"
#include "platform/base/utf8.h"

#define WARN_PAUSE_MS INT64_C(60000)
/* A clock before this one of ours is a machine without a clock: nothing is too far ahead of it. */
#define CLOCK_SET_MS INT64_C(1577836800000) /* 2020-01-01 */

static struct push_work work_reserve(struct memory_map *map)
{
    struct push_work w = {.inflate = inflate_reserve(map)};
    w.symbols = memory_reserve(map, "push: symbols of a request", 1, sizeof *w.symbols,
                               "the request is refused: send fewer series at once");
    w.otlp = memory_reserve(map, "push: a data point", 1, sizeof *w.otlp, "the point is refused");
    w.json = memory_reserve(map, "push: JSON of a request", 1, sizeof *w.json,
                            "the request is refused: send fewer at once");
    return w;
}

struct push *push_reserve(struct memory_map *map, uint32_t instances_max)
{
    struct push *p = memory_reserve(map, "push", 1, sizeof *p, "never full");
    struct item *items = memory_reserve(map, "push: samples of a request", (uint64_t)2 * PUSH_SAMPLES_MAX,
                                        sizeof *items, "the request is refused: send fewer at once");
    struct memory_line *line = memory_last_line(map);
    struct rhythm *rhythms =
        memory_reserve(map, "push: rhythms", instances_max, sizeof *rhythms, "as instances");
    struct resolve *resolve = resolve_reserve(map);
    struct push_work work = work_reserve(map);
    if (p != NULL)
        *p = (struct push){.resolve = resolve, .work = work, .rhythms = rhythms,
                           .items = items, .line = line, .sorted = items + PUSH_SAMPLES_MAX};
    return p;
}

void push_open(struct push *p, struct plat *plat, struct store *s)
{
    p->plat = plat;
    p->store = s;
    p->warned = (struct mono){-WARN_PAUSE_MS * NS_PER_MS};
    text_init(&p->why, p->words, sizeof p->words);
    resolve_open(p->resolve, s);
}

void push_begin(struct push *p, enum push_pass pass)
{
    p->pass = pass;
    p->count = p->checked = 0;
    p->failed = ERR_OK;
    p->now_ms = wall_ms(plat_wall(p->plat));
    p->result = (struct push_result){.stored = 0};
    text_clear(&p->why);
}

const char *push_why(const struct push *p)
{
    return p->words;
}

/* --- what --- */

static bool is_text(const char *text, uint32_t size)
{
    return strnlen(text, size) < size && utf8_printable(text);
}

static int refuse(struct push *p, const struct push_sample *sample, const char *words)
{
    char name[STORE_METRIC_SIZE];
    utf8_copy_clean(name, sizeof name, sample->metric == NULL ? "" : sample->metric);
    text_clear(&p->why);
    text_printf(&p->why, "metric \"%s\": %s", name, words);
    p->stats.malformed++;
    return ERR_MALFORMED;
}

static int check(struct push *p, const struct push_sample *m, const struct scale_number *n)
{
    if (m->metric == NULL || m->metric[0] == '\0' || !is_text(m->metric, STORE_METRIC_SIZE))
        return refuse(p, m, "a name is printable and has 1 to 95 bytes");
    if (!is_text(m->tag, TAG_SIZE))
        return refuse(p, m, "its tags together are printable and have at most 79 bytes");
    if (m->unit != NULL && !is_text(m->unit, UNIT_SIZE))
        return refuse(p, m, "a unit is printable and has at most 15 bytes");
    if (!scale_is_number(n)) {
        p->stats.not_finite++;
        return refuse(p, m, "the value is not a finite number within +-2^63");
    }
    if (m->time_ms < 0)
        return refuse(p, m, "the time is before 1970");
    if (m->time_ms - PUSH_AHEAD_MS_MAX > p->now_ms && p->now_ms > CLOCK_SET_MS)
        return refuse(p, m, "the time is more than an hour ahead of the aggregator's clock");
    return ERR_OK;
}

static void say_surplus(struct push *p, uint32_t instance, const char *metric)
{
    struct mono now = plat_mono(p->plat);
    if (now.ns - p->warned.ns < WARN_PAUSE_MS * NS_PER_MS)
        return;
    p->warned = now;
    plat_log(p->plat, LOG_WARN, "instance %s: there is no room for series %s that was pushed, and its values"
             " go lost; start the aggregator with a larger --series-max",
             store_instance(p->store, instance)->id, metric);
}

static void add(struct push *p, uint32_t instance, const struct push_sample *m, const struct scale_number *n)
{
    struct resolved r;
    int series = resolve_series(p->resolve, instance, m, n, &r);
    if (series == ERR_FULL || series == ERR_MALFORMED) {
        p->result.no_series++;
        say_surplus(p, instance, m->metric);
        return;
    }
    if (store_series_is_live(p->store, instance, (uint32_t)series)) {
        p->result.agents_own++;
        return;
    }
    int pushed = PUSHED_NEW;
    if (r.has_siblings)
        pushed = resolve_siblings(p->resolve, instance, (uint16_t)series, m, n);
    p->failed = pushed < 0 ? pushed : p->failed;
    p->result.repeated += pushed == PUSHED_REPEATED;
    p->result.conflicts += pushed == PUSHED_CONFLICT;
    p->result.rounded += !r.exact;
    if (pushed == PUSHED_NEW)
        p->items[p->count++] = (struct item){
            .instance = instance,
            .value = {.time_ms = m->time_ms, .value = r.value, .series = (uint16_t)series}};
}

int push_sample(struct push *p, int instance, const struct push_sample *sample)
{
    struct push_sample m = *sample;
    const struct scale_number n = {.is_integer = m.is_integer, .value = m.value, .integer = m.integer};
    ASSERT(instance >= 0);
    if (m.tag == NULL)
        m.tag = "";
    if (p->checked == PUSH_SAMPLES_MAX)
        return ERR_FULL;
    int err = check(p, &m, &n);
    if (err != ERR_OK)
        return err;
    p->checked++;
    if (p->pass == PUSH_CHECK)
        return ERR_OK;
    if (instance == INSTANCE_NO_ROOM)
        p->result.no_instance++;
    else
        add(p, (uint32_t)instance, &m, &n);
    return ERR_OK;
}

/* --- in order --- */

static bool is_after(const struct item *a, const struct item *b)
{
    if (a->instance != b->instance)
        return a->instance > b->instance;
    if (a->value.time_ms != b->value.time_ms)
        return a->value.time_ms > b->value.time_ms;
    return a->value.series > b->value.series;
}

static void merge(const struct item *from, uint32_t left, uint32_t middle, uint32_t right, struct item *to)
{
    uint32_t a = left, b = middle;
    for (uint32_t i = left; i < right; i++)
        to[i] = b == right || (a < middle && !is_after(&from[a], &from[b])) ? from[a++] : from[b++];
}

static uint32_t at_most(uint32_t n, uint32_t most)
{
    return n < most ? n : most;
}

/* Merging runs of doubling length: stable, so of two values at one time the first told stays. */
static void sort(struct push *p)
{
    for (uint32_t run = 1; run < p->count; run *= 2) {
        for (uint32_t left = 0; left < p->count; left += 2 * run)
            merge(p->items, left, at_most(left + run, p->count), at_most(left + 2 * run, p->count),
                  p->sorted);
        struct item *t = p->items;
        p->items = p->sorted;
        p->sorted = t;
    }
}

/* --- to the store --- */

/* Items from..to-1 are those of one instance. */
static int store_items(struct push *p, uint32_t from, uint32_t to)
{
    struct store_push_value *values = (struct store_push_value *)(void *)p->sorted;
    static_assert(sizeof *values <= sizeof *p->sorted, "they lie in the place of the other half");
    uint32_t count = to - from;
    for (uint32_t i = 0; i < count; i++)
        values[i] = p->items[from + i].value;
    int n = store_push(p->store, p->items[from].instance, values, count, plat_wall(p->plat));
    if (n < 0)
        return n == ERR_FULL ? ERR_FULL : ERR_SYSTEM;
    p->result.stored += (uint32_t)n;
    for (uint32_t i = 0; i < count; i++) {
        p->result.repeated += values[i].pushed == PUSHED_REPEATED;
        p->result.conflicts += values[i].pushed == PUSHED_CONFLICT;
    }
    instances_learn_rhythm(p, p->items[from].instance, p->items[to - 1].value.time_ms);
    return ERR_OK;
}

static void count_up(struct push *p)
{
    const struct push_result *r = &p->result;
    struct push_stats *s = &p->stats;
    s->requests++;
    s->samples += r->stored;
    s->repeated += r->repeated;
    s->conflicts += r->conflicts;
    s->no_instance += r->no_instance;
    s->no_series += r->no_series;
    s->agents_own += r->agents_own;
    s->rounded += r->rounded;
}

int push_commit(struct push *p, struct push_result *result)
{
    ASSERT(p->pass == PUSH_STORE);
    int err = p->failed;
    memory_use(p->line, p->count);
    sort(p);
    for (uint32_t from = 0, to; err == ERR_OK && from < p->count; from = to) {
        for (to = from + 1; to < p->count && p->items[to].instance == p->items[from].instance;)
            to++;
        err = store_items(p, from, to);
    }
    p->count = 0;
    if (err != ERR_OK) {
        p->stats.held_back++;
        return err;
    }
    count_up(p);
    *result = p->result;
    result->awaited = store_commit_awaited(p->store);
    return ERR_OK;
}

uint32_t push_left_out(const struct push_result *result, struct text *why)
{
    const struct {
        uint32_t count;
        const char *words;
    } causes[] = {
        {result->conflicts, "have another value at a time that is known"},
        {result->no_series, "found no room for their series (--series-max)"},
        {result->no_instance, "found no room for their instance (--agents-max)"},
        {result->agents_own, "are measured by the instance's own agent"},
    };
    uint32_t total = 0;
    for (uint32_t i = 0; i < COUNT_OF(causes); i++) {
        if (causes[i].count > 0 && why != NULL)
            text_printf(why, "%s%u samples %s", total > 0 ? "; " : "", causes[i].count, causes[i].words);
        total += causes[i].count;
    }
    return total;
}

const struct push_stats *push_stats(const struct push *p)
{
    return &p->stats;
}

struct push_work *push_work(struct push *p)
{
    return &p->work;
}

bool push_is_number(double value)
{
    return scale_is_number(&(struct scale_number){.value = value});
}

void push_count_not_finite(struct push *p, const char *metric)
{
    if (p->pass == PUSH_CHECK)
        return;
    if (p->stats.not_finite++ == 0)
        plat_log(p->plat, LOG_INFO, "pushed samples that are not a number within +-2^63 are left out, as of"
                 " %s; /api/v1/self counts them", metric);
}
