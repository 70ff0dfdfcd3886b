/* SPDX-License-Identifier: MIT */
/* A spool on a simulated disk beside a simple model of it. */
#ifndef NEPHOS_TESTS_AGENT_SPOOL_RIG_H
#define NEPHOS_TESTS_AGENT_SPOOL_RIG_H

#include <stdio.h>
#include <string.h>

#include "agent/spool_file.h"
#include "platform/sim/sim.h"
#include "tests/unit/unit.h"

#define SEGMENT 8192U
#define SEGMENTS 16U
#define ITEMS_MAX 20000U

struct item {
    uint64_t epoch, sequence;
    uint32_t count, size;
    bool was_sent;
};

struct rig {
    struct sim_world *world;
    struct plat *host;
    struct spool spool;
    struct series series;
    uint8_t scratch[SCRATCH_SIZE];
    uint64_t seed;
    struct item items[ITEMS_MAX]; /* all that were ever put */
    uint32_t count;
    uint64_t samples, acknowledged, died;
    uint64_t acked_up_to[200]; /* by epoch: what an aggregator would know */
    char warning[256];
};

static inline void rig_log(void *ctx, struct plat *p, enum log_level level, const char *line)
{
    struct rig *r = ctx;
    (void)p;
    if (level == LOG_WARN)
        text_copy(r->warning, sizeof r->warning, line);
}

#define now(r) plat_mono((r)->host)

static inline void start(struct rig *r, const char *owner, uint64_t size)
{
    spool_init(&r->spool, r->host, &r->series, r->scratch, size);
    r->spool.segment_size = SEGMENT;
    spool_open(&r->spool, owner, now(r));
}

static inline struct rig *open_rig(uint64_t seed)
{
    struct rig *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->world = sim_new(seed);
    r->host = sim_machine(r->world, "web");
    r->seed = seed;
    sim_log_to(r->world, rig_log, r);
    series_init(&r->series);
    for (uint32_t i = 0; i < 20; i++) {
        char tag[8];
        snprintf(tag, sizeof tag, "vd%c", (char)('a' + i));
        assert_int_equal(series_slot(&r->series, METRIC_DISK_READS, tag), i);
    }
    start(r, "web", SEGMENTS * SEGMENT);
    assert_true(spool_is_ready(&r->spool, now(r)));
    return r;
}

static inline void another_process(struct rig *r, const char *owner, uint32_t segments)
{
    sim_kill(r->host, SIM_KILL);
    sim_restart(r->host);
    start(r, owner, (uint64_t)segments * SEGMENT);
}

static inline void close_rig(struct rig *r)
{
    sim_free(r->world);
    free(r);
}

static inline void restart(struct rig *r, enum sim_death how)
{
    sim_kill(r->host, how);
    sim_restart(r->host);
    /* What this process has counted dies with it. */
    r->died += r->spool.lost_count + r->spool.in_doubt_count;
    start(r, "web", r->spool.size);
    /* Of a segment that was not all acknowledged everything is back: HistoryWelcome tells how far it is
     * known. */
    struct spool *s = &r->spool;
    while (s->has_oldest && s->oldest.epoch < COUNT_OF(r->acked_up_to) &&
           spool_acknowledge(s, s->oldest.epoch, r->acked_up_to[s->oldest.epoch]) > 0)
        ;
}

static inline uint8_t byte_of(const struct item *it, uint32_t i)
{
    return (uint8_t)(it->sequence * 31 + it->epoch * 7 + i);
}

/* The bytes of an item, valid until the next. */
static inline struct ring_block block_of(const struct item *it)
{
    static uint8_t data[4000];
    for (uint32_t i = 0; i < it->size; i++)
        data[i] = byte_of(it, i);
    return (struct ring_block){
        .sequence = it->sequence, .count = it->count, .size = it->size, .data = data};
}

static inline void put(struct rig *r, uint64_t epoch, uint64_t sequence)
{
    struct item *it = &r->items[r->count];
    *it = (struct item){.epoch = epoch, .sequence = sequence,
                        .count = 1 + (uint32_t)(unit_random(&r->seed) % 16),
                        .size = 100 + (uint32_t)(unit_random(&r->seed) % 1200),
                        .was_sent = unit_random(&r->seed) % 10 == 0};
    const struct ring_block b = block_of(it);
    assert_int_equal(spool_put(&r->spool, epoch, &b, it->was_sent, now(r)), ERR_OK);
    assert_true(++r->count < ITEMS_MAX);
    r->samples += it->count;
}

static inline uint64_t put_many(struct rig *r, uint64_t epoch, uint64_t sequence, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        put(r, epoch, sequence);
        sequence += r->items[r->count - 1].count;
    }
    return sequence;
}

/* Every block that the spool tells is one that was put, unharmed, each later than the one before, and after
 * the slots it needs were told in its segment. The number of blocks. */
static inline uint32_t check(struct rig *r)
{
    struct spool *s = &r->spool;
    struct spool_record rec;
    uint32_t found = 0, item = 0;
    uint64_t samples = 0, told_epoch = 0;
    uint32_t told = 0, segment = SPOOL_NOWHERE;
    if (!spool_can_read(s)) {
        assert_int_equal(s->sample_count, 0);
        return 0;
    }
    for (struct spool_place at = spool_start(s, s->oldest.epoch); spool_record(s, at, &rec); at = rec.next) {
        uint8_t data[SPOOL_DATA_MAX];
        if (rec.place.segment != segment || rec.epoch != told_epoch)
            told = 0;
        segment = rec.place.segment;
        told_epoch = rec.epoch;
        if (rec.kind == SPOOL_DICTIONARY) {
            assert_int_equal(rec.sequence, told);
            told += rec.count;
            continue;
        }
        assert_int_equal(told, r->series.count);
        if (spool_is_past(s, &rec))
            continue;
        assert_int_equal(spool_data(s, &rec, data), ERR_OK);
        while (item < r->count &&
               (r->items[item].epoch != rec.epoch || r->items[item].sequence != rec.sequence))
            item++;
        assert_true(item < r->count);
        assert_int_equal(rec.count, r->items[item].count);
        assert_int_equal(rec.size, r->items[item].size);
        assert_int_equal(rec.was_sent, r->items[item].was_sent);
        for (uint32_t i = 0; i < rec.size; i++)
            assert_int_equal(data[i], byte_of(&r->items[item], i));
        samples += rec.count;
        found++;
        item++;
    }
    assert_int_equal(samples, s->sample_count);
    return found;
}

static inline void check_sum(struct rig *r)
{
    const struct spool *s = &r->spool;
    assert_int_equal(r->samples,
                     r->acknowledged + s->sample_count + s->in_doubt_count + s->lost_count + r->died);
}

/* Acknowledges what is oldest, up to some block of its epoch. */
static inline void acknowledge_some(struct rig *r)
{
    struct spool *s = &r->spool;
    if (!s->has_oldest)
        return;
    uint64_t end = spool_oldest_epoch_end(s), oldest = s->oldest.sequence;
    assert_true(end > oldest);
    uint64_t up_to = oldest + unit_random(&r->seed) % (end - oldest);
    uint64_t *known = &r->acked_up_to[s->oldest.epoch];
    *known = up_to > *known ? up_to : *known;
    r->acknowledged += spool_acknowledge(s, s->oldest.epoch, up_to);
    check_sum(r);
}

#endif
