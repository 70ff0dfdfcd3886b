/* SPDX-License-Identifier: MIT */
/* A store on a simulated machine, agents that feed it, and a memory of all that they sent: what the store
 * answers is compared with a fold over that, sample by sample. */
#ifndef NEPHOS_TESTS_STORE_RIG_H
#define NEPHOS_TESTS_STORE_RIG_H

#include <stdio.h>

#include "tests/unit/reserve.h"

#include "aggregator/store/store.h"
#include "platform/sim/sim.h"

#define RIG_SAMPLES_MAX 400000U
#define RIG_START_MS INT64_C(1767225600000)

struct rig_sample { /* of one series */
    uint32_t instance;
    uint16_t series;
    uint64_t epoch, sequence;
    int64_t ms, value;
};

struct rig {
    struct sim_world *world;
    struct plat *machine;
    struct store_limits limits;
    struct memory_map map;
    uint8_t *memory;
    struct store *store;
    char words[256];
    struct text why;
    uint64_t random;
    struct rig_sample *samples;
    uint32_t sample_count;
    struct block_matrix block;
    uint8_t data[BLOCK_DATA_MAX];
};

static inline uint64_t rig_random(struct rig *r, uint64_t below)
{
    return unit_random(&r->random) % below;
}

static inline struct rig *rig_new(uint64_t seed)
{
    struct rig *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->world = sim_new(seed);
    r->machine = sim_machine(r->world, "central");
    r->random = seed;
    r->limits = (struct store_limits){.instances_max = 8, .series_per_instance_max = 64,
                                      .histories_max = 2, .queries_max = 2,
                                      .database_size_max = 64U << 20, .sqlite_heap_size = 6U << 20};
    r->samples = calloc(RIG_SAMPLES_MAX, sizeof *r->samples);
    assert_non_null(r->samples);
    text_init(&r->why, r->words, sizeof r->words);
    return r;
}

static inline int rig_open(struct rig *r)
{
    text_clear(&r->why);
    memory_map_init(&r->map, NULL, 0);
    assert_null(store_reserve(&r->map, &r->limits));
    r->memory = reserve_memory(&r->map);
    r->store = store_reserve(&r->map, &r->limits);
    assert_non_null(r->store);
    int err = store_open(r->store, r->machine, &r->why);
    if (err != ERR_OK) {
        free(r->memory);
        r->store = NULL;
    }
    return err;
}

static inline void rig_must_open(struct rig *r)
{
    int err = rig_open(r);
    if (err != ERR_OK)
        fail_msg("store_open: %d %s", err, r->words);
}

static inline void rig_close(struct rig *r)
{
    if (r->store == NULL)
        return;
    store_close(r->store);
    free(r->memory);
    r->store = NULL;
}

/* The process dies, and another begins on the same disk. */
static inline void rig_restart(struct rig *r, enum sim_death how)
{
    sim_kill(r->machine, how);
    rig_close(r);
    sim_restart(r->machine);
    rig_must_open(r);
}

static inline void rig_free(struct rig *r)
{
    rig_close(r);
    sim_free(r->world);
    free(r->samples);
    free(r);
}

static inline void rig_step(struct rig *r, int64_t ms)
{
    sim_advance(r->world, ms * NS_PER_MS);
    (void)store_step(r->store, plat_mono(r->machine));
}

/* Steps until the store has nothing more to do at once. */
static inline void rig_settle(struct rig *r)
{
    sim_advance(r->world, 300 * NS_PER_MS);
    for (uint32_t i = 0; i < 200; i++)
        if (store_step(r->store, plat_mono(r->machine)).ns > plat_mono(r->machine).ns)
            return;
}

/* Seals everything that is pending, whatever is due, by letting it grow old. */
static inline void rig_seal_all(struct rig *r)
{
    rig_settle(r);
    sim_advance(r->world, 1000 * NS_PER_S);
    rig_settle(r);
}

static inline uint32_t rig_instance(struct rig *r, const char *id)
{
    struct instance facts = {.interval_ms = 1000, .cpu_count = 4, .memory_bytes = UINT64_C(8) << 30};
    snprintf(facts.id, sizeof facts.id, "%s", id);
    snprintf(facts.name, sizeof facts.name, "name of %s", id);
    int instance = store_instance_put(r->store, &facts);
    assert_in_range(instance, 0, r->limits.instances_max - 1);
    return (uint32_t)instance;
}

static inline void rig_series_facts(uint32_t n, char name[static METRIC_SIZE], struct store_series_facts *f)
{
    snprintf(name, METRIC_SIZE, "metric_%u", n);
    *f = (struct store_series_facts){.metric = name, .tag = n % 3 == 0 ? "" : "device=vda", .unit = "bytes",
                                     .scale = 1, .kind = n % 2 == 0 ? METRIC_GAUGE : METRIC_COUNTER};
}

/* Slots up to `count`: slot s is the series metric_(first + s). */
static inline void rig_dictionary_of(struct rig *r, uint32_t instance, enum store_stream stream,
                                     uint32_t first, uint32_t count)
{
    for (uint32_t s = store_dictionary_count(r->store, instance, stream); s < count; s++) {
        char name[METRIC_SIZE];
        struct store_series_facts facts;
        rig_series_facts(first + s, name, &facts);
        assert_int_equal(store_dictionary_add(r->store, instance, stream, &facts), s);
    }
}

static inline void rig_dictionary(struct rig *r, uint32_t instance, uint32_t first, uint32_t count)
{
    rig_dictionary_of(r, instance, STREAM_LIVE, first, count);
}

static inline int64_t rig_value(struct rig *r)
{
    switch (rig_random(r, 4)) {
    case 0:
        return (int64_t)unit_random(&r->random);
    case 1:
        return rig_random(r, 2) == 0 ? INT64_MIN : INT64_MAX;
    default:
        return (int64_t)rig_random(r, 1000) - 500;
    }
}

/* A block of all slots below slot_count, a second between samples. */
static inline void rig_fill(struct rig *r, uint32_t count, uint32_t slot_count, int64_t first_ms)
{
    r->block.count = count;
    r->block.slot_count = slot_count;
    for (uint32_t k = 0; k < count; k++)
        r->block.time_ms[k] = first_ms + (int64_t)k * 1000;
    for (uint32_t s = 0; s < slot_count; s++) {
        r->block.slots[s] = (uint16_t)s;
        for (uint32_t k = 0; k < count; k++)
            r->block.values[s][k] = rig_value(r);
    }
}

/* Sends r->block, encoded and copied to its exact size; nothing is remembered. */
static inline int rig_send_to(struct rig *r, uint32_t instance, enum store_stream stream, uint64_t sequence)
{
    int size = block_encode(&r->block, r->data, sizeof r->data);
    assert_true(size > 0);
    uint8_t *copy = unit_exact(r->data, (size_t)size);
    int n = store_append(r->store, instance, stream, sequence, &r->block, copy, (uint32_t)size,
                         plat_wall(r->machine));
    free(copy);
    return n;
}

static inline int rig_send(struct rig *r, uint32_t instance, uint64_t sequence)
{
    return rig_send_to(r, instance, STREAM_LIVE, sequence);
}

/* Notes what r->block says, when series of slot s is first_series + s. */
static inline void rig_remember(struct rig *r, uint32_t instance, uint64_t epoch, uint64_t sequence,
                                uint32_t first_series)
{
    for (uint32_t s = 0; s < r->block.slot_count; s++) {
        for (uint32_t k = 0; k < r->block.count; k++) {
            assert_true(r->sample_count < RIG_SAMPLES_MAX);
            r->samples[r->sample_count++] =
                (struct rig_sample){.instance = instance,
                                    .series = (uint16_t)(first_series + r->block.slots[s]),
                                    .epoch = epoch, .sequence = sequence + k,
                                    .ms = r->block.time_ms[k], .value = r->block.values[s][k]};
        }
    }
}

/* --- the oracle --- */

struct rig_cell {
    struct store_cell is;
    bool tied; /* two samples at last_ms: which is the last is not told */
};

static inline void rig_fold(struct rig_cell *c, const struct rig_sample *s)
{
    struct store_cell *is = &c->is;
    bool first = is->count++ == 0;
    is->sum = (int64_t)((uint64_t)is->sum + (uint64_t)s->value);
    is->min = first || s->value < is->min ? s->value : is->min;
    is->max = first || s->value > is->max ? s->value : is->max;
    if (first || s->ms >= is->last_ms) {
        c->tied = !first && s->ms == is->last_ms;
        is->last = s->value;
        is->last_ms = s->ms;
    }
}

static inline int rig_ask(struct rig *r, const struct store_query_ask *ask)
{
    int q = store_query_begin(r->store, ask), n = 1;
    if (q < 0)
        return q;
    while (n == 1)
        n = store_query_step(r->store, q);
    assert_int_equal(n, 0);
    return q;
}

static inline void rig_check_cell(const struct store_cell *got, const struct rig_cell *want)
{
    assert_int_equal(got->count, want->is.count);
    if (want->is.count == 0)
        return;
    assert_int_equal(got->sum, want->is.sum);
    assert_int_equal(got->min, want->is.min);
    assert_int_equal(got->max, want->is.max);
    assert_int_equal(got->last_ms, want->is.last_ms);
    if (!want->tied)
        assert_int_equal(got->last, want->is.last);
}

/* Every cell of a query is what the memory says. */
static inline void rig_check_query(struct rig *r, const struct store_query_ask *ask)
{
    int q = rig_ask(r, ask);
    assert_in_range(q, 0, r->limits.queries_max - 1);
    int64_t from_ms = ask->from_ms - ask->from_ms % ask->step_ms;
    int64_t to_ms = ask->to_ms - ask->to_ms % ask->step_ms;
    int64_t points = to_ms > from_ms ? (to_ms - from_ms) / ask->step_ms : 0;
    assert_int_equal(store_query_points(r->store, q), points);
    struct rig_cell *want = calloc((size_t)points * ask->series_count + 1, sizeof *want);
    assert_non_null(want);
    for (uint32_t n = 0; n < r->sample_count; n++) {
        const struct rig_sample *s = &r->samples[n];
        if (s->instance != ask->instance || s->ms < from_ms || s->ms >= to_ms)
            continue;
        for (uint32_t i = 0; i < ask->series_count; i++)
            if (ask->series[i] == s->series)
                rig_fold(&want[i * points + (s->ms - from_ms) / ask->step_ms], s);
    }
    for (uint32_t i = 0; i < ask->series_count; i++)
        for (int64_t p = 0; p < points; p++)
            rig_check_cell(store_query_cell(r->store, q, i, (uint32_t)p), &want[i * points + p]);
    free(want);
    store_query_end(r->store, q);
}

/* Everything that is remembered of an instance is there, and nothing else: each sample's own millisecond
 * is asked for by way of folds that any loss, change or double would alter. */
static inline void rig_check_all(struct rig *r, uint32_t instance, uint32_t buckets)
{
    int64_t min_ms = INT64_MAX, max_ms = 0;
    for (uint32_t i = 0; i < r->sample_count; i++) {
        if (r->samples[i].instance != instance)
            continue;
        min_ms = r->samples[i].ms < min_ms ? r->samples[i].ms : min_ms;
        max_ms = r->samples[i].ms > max_ms ? r->samples[i].ms : max_ms;
    }
    if (max_ms == 0)
        return;
    struct store_query_ask ask = {.instance = instance, .from_ms = min_ms};
    ask.step_ms = (max_ms - min_ms) / buckets + 1;
    ask.to_ms = max_ms + 2 * ask.step_ms;
    ask.series_count = store_series_count(r->store, instance);
    for (uint32_t i = 0; i < ask.series_count; i++)
        ask.series[i] = (uint16_t)i;
    rig_check_query(r, &ask);
}

#endif
