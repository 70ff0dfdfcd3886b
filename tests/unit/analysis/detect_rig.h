/* SPDX-License-Identifier: MIT */
/* A host of eleven series, sampled every ten seconds for days: a day's course, noise, counters; and troubles
 * that are planted into it. Its minutes go through store and analysis as they do in the aggregator. */
#ifndef NEPHOS_TESTS_DETECT_RIG_H
#define NEPHOS_TESTS_DETECT_RIG_H

#include "tests/unit/store/rig.h"

#include "aggregator/analysis/analysis.h"
#include "aggregator/store/store_alerts.h"
#include "aggregator/store/store_insights.h"

#define HOST_SERIES 11U
#define HOST_EVERY_MS 10000
#define HOST_BLOCK 12U /* samples: two minutes */
#define TRACKED 8U

enum {
    CPU, MEMORY, DISK, LOAD, READ, WRITTEN, RECEIVED, SENT, CONNECTIONS, BOOT_TIME, TRANSFER,
};

static const struct store_series_facts host_series[HOST_SERIES] = {
    {"cpu_usage", "", "percent", 100, METRIC_GAUGE},
    {"memory_usage_percent", "", "percent", 100, METRIC_GAUGE},
    {"disk_usage_percent", "mount=/", "percent", 100, METRIC_GAUGE},
    {"load_average_1min", "", "load", 100, METRIC_GAUGE},
    {"disk_read_bytes", "device=vda", "bytes", 1, METRIC_COUNTER},
    {"disk_written_bytes", "device=vda", "bytes", 1, METRIC_COUNTER},
    {"network_rx_bytes", "interface=eth0", "bytes", 1, METRIC_COUNTER},
    {"network_tx_bytes", "interface=eth0", "bytes", 1, METRIC_COUNTER},
    {"tcp_established", "", "count", 1, METRIC_GAUGE},
    {"boot_time", "", "seconds", 1, METRIC_GAUGE},
    {"transfer_usage_percent", "", "percent", 100, METRIC_GAUGE},
};

struct scene {
    struct rig *rig;
    struct analysis *analysis;
    struct memory_map map;
    uint64_t sequence, random;
    int64_t ms;                      /* of the next sample */
    int64_t counters[HOST_SERIES];
    /* what is wrong now, 0: nothing */
    double stress;                   /* added to the load, 0..1: cpu, load, network, connections */
    double filled;                   /* percent of the disk and of memory, in all */
    double transferred;              /* percent of what the month allows */
    bool is_season_off;
    uint32_t open, raised, open_minutes; /* "anomaly" alerts */
    int64_t raised_ms;               /* the newest one */
};

static inline void scene_open_analysis(struct scene *m)
{
    const struct watch_limits watched = {.instances_max = 8, .series_per_instance_max = 64,
                                         .ship_interval_ms = 10000};
    const struct detect_limits limits = {.instances_max = 8, .series_per_instance_max = 64,
                                         .tracked_max = TRACKED, .database_size_max = UINT64_C(1) << 30};
    memory_map_init(&m->map, NULL, 0);
    assert_null(analysis_reserve(&m->map, &limits, &watched));
    void *memory = NULL;
    uint64_t size = m->map.used;
    assert_int_equal(posix_memalign(&memory, 64, size), 0);
    memset(memory, 0, size);
    memory_map_init(&m->map, memory, size);
    m->analysis = analysis_reserve(&m->map, &limits, &watched);
    analysis_open(m->analysis, m->rig->store, plat_mono(m->rig->machine),
                  plat_wall(m->rig->machine));
}

static inline void scene_dictionary(struct scene *m, uint64_t epoch)
{
    assert_int_equal(store_epoch(m->rig->store, 0, epoch), ERR_OK);
    for (uint32_t i = store_dictionary_count(m->rig->store, 0, STREAM_LIVE); i < HOST_SERIES; i++)
        assert_int_equal(store_dictionary_add(m->rig->store, 0, STREAM_LIVE, &host_series[i]), i);
    m->sequence = 1;
}

static inline struct scene *scene_new(uint64_t seed)
{
    struct scene *m = calloc(1, sizeof *m);
    assert_non_null(m);
    m->rig = rig_new(seed);
    m->random = seed;
    rig_must_open(m->rig);
    scene_open_analysis(m);
    assert_int_equal(rig_instance(m->rig, "alpha"), 0);
    scene_dictionary(m, 1);
    m->ms = wall_ms(plat_wall(m->rig->machine)) / 60000 * 60000;
    return m;
}

static inline void scene_free(struct scene *m)
{
    rig_free(m->rig);
    free(m->map.block);
    free(m);
}

/* About -1..1, bell-shaped. */
static inline double scene_noise(struct scene *m)
{
    double sum = 0;
    for (uint32_t i = 0; i < 4; i++)
        sum += (double)(unit_random(&m->random) % 1000) / 1000.0 - 0.5;
    return sum / 1.2;
}

/* 0 at night, 1 at midday, straight lines between. */
static inline double scene_season(const struct scene *m)
{
    int64_t s = m->ms / 1000 % 86400;
    double x = (double)(s < 43200 ? s : 86400 - s) / 43200.0;
    return m->is_season_off ? 0.5 : x;
}

static inline void scene_sample(struct scene *m, int64_t values[static HOST_SERIES])
{
    double load = 0.05 + 0.3 * scene_season(m) + 0.03 * scene_noise(m);
    load = load < 0.01 ? 0.01 : load;
    double busy = load + m->stress;
    values[CPU] = (int64_t)(10000 * (busy > 1 ? 1 : busy));
    values[MEMORY] = (int64_t)(4000 + 300 * load + 20 * scene_noise(m) + 100 * m->filled);
    values[DISK] = (int64_t)(3000 + 100 * m->filled + 2 * scene_noise(m));
    values[LOAD] = (int64_t)(400 * busy + 20 + 10 * scene_noise(m));
    m->counters[READ] += (int64_t)(HOST_EVERY_MS / 1000 * 40000 * load * (1.2 + scene_noise(m)));
    m->counters[WRITTEN] += (int64_t)(HOST_EVERY_MS / 1000 * 90000 * load * (1.2 + scene_noise(m)));
    m->counters[RECEIVED] += (int64_t)(HOST_EVERY_MS / 1000 * 700000 * busy * (1.1 + 0.3 * scene_noise(m)));
    m->counters[SENT] += (int64_t)(HOST_EVERY_MS / 1000 * 900000 * busy * (1.1 + 0.3 * scene_noise(m)));
    for (uint32_t i = READ; i <= SENT; i++)
        values[i] = m->counters[i];
    values[CONNECTIONS] = (int64_t)(200 * busy + 20 + 5 * scene_noise(m));
    values[BOOT_TIME] = 1700000000;
    values[TRANSFER] = (int64_t)(100 * m->transferred);
}

static inline void scene_judge(struct scene *m)
{
    struct mono now = plat_mono(m->rig->machine);
    for (uint32_t i = 0; i < 64; i++) {
        now = plat_mono(m->rig->machine);
        if (analysis_step(m->analysis, now, plat_wall(m->rig->machine)).ns > now.ns)
            break;
    }
}

/* The process dies and comes back; what the store holds is learnt. */
static inline void scene_restart(struct scene *m)
{
    free(m->map.block);
    rig_restart(m->rig, SIM_KILL);
    scene_open_analysis(m);
    assert_int_equal(store_epoch(m->rig->store, 0, 1), ERR_OK);
    m->sequence = store_committed_sequence(m->rig->store, 0, STREAM_LIVE) + 1;
}

/* Until the store has nothing more to teach. */
static inline void scene_learn(struct scene *m)
{
    assert_true(analysis_board(m->analysis)->hosts[0].is_catching_up);
    for (uint32_t i = 0; analysis_board(m->analysis)->hosts[0].is_catching_up; i++) {
        assert_true(i < 100000);
        sim_advance(m->rig->world, 5 * NS_PER_MS);
        scene_judge(m);
    }
}

/* Sends rig->block as filled in, and lets it be judged. */
static inline void scene_send(struct scene *m)
{
    uint32_t count = m->rig->block.count;
    assert_int_equal(rig_send(m->rig, 0, m->sequence), count);
    m->sequence += count;
    assert_int_equal(store_commit(m->rig->store), ERR_OK);
    scene_judge(m);
    bool is_open = store_alert_open(m->rig->store, "alpha", "anomaly", "") != NULL;
    if (is_open && !m->open) {
        m->raised++;
        m->raised_ms = m->ms;
    }
    m->open = is_open;
    m->open_minutes += 2 * is_open;
}

static inline void scene_fill_block(struct scene *m)
{
    struct block_matrix *b = &m->rig->block;
    b->count = HOST_BLOCK;
    b->slot_count = HOST_SERIES;
    for (uint32_t k = 0; k < HOST_BLOCK; k++, m->ms += HOST_EVERY_MS) {
        int64_t values[HOST_SERIES];
        scene_sample(m, values);
        b->time_ms[k] = m->ms;
        for (uint32_t i = 0; i < HOST_SERIES; i++) {
            b->slots[i] = (uint16_t)i;
            b->values[i][k] = values[i];
        }
    }
}

static inline void scene_run(struct scene *m, int64_t minutes)
{
    for (int64_t i = 0; i < minutes; i += 2) {
        sim_advance(m->rig->world, INT64_C(120) * NS_PER_S);
        (void)store_step(m->rig->store, plat_mono(m->rig->machine));
        scene_fill_block(m);
        scene_send(m);
    }
}

static inline struct detect_stats scene_stats(const struct scene *m)
{
    struct analysis_stats stats;
    analysis_stats(m->analysis, &stats);
    return stats.detect;
}

#define HOURS(n) ((n) * INT64_C(60))
#define DAYS(n) ((n) * INT64_C(1440))

#endif
