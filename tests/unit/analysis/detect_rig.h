/* SPDX-License-Identifier: MIT */
/* A host of eleven series, sampled every ten seconds for days: a day's course, noise, counters; and troubles
 * that are planted into it. Its minutes go through store and analysis as they do in the aggregator. A *whole*
 * one is our agent's: four series more, the shipped rules held against it, every alert noted. */
#ifndef NEPHOS_TESTS_DETECT_RIG_H
#define NEPHOS_TESTS_DETECT_RIG_H

#include "tests/unit/store/rig.h"

#include "aggregator/analysis/analysis.h"
#include "aggregator/rules/book.h"
#include "aggregator/store/store_alerts.h"
#include "aggregator/store/store_insights.h"

#define HOST_SERIES 11U
#define HOST_SERIES_WHOLE 15U
#define HOST_EVERY_MS 10000 /* unless the scene is made with another interval */
#define HOST_BLOCK 12U      /* samples: two minutes, at ten seconds */
#define HOST_CPUS 4U
#define HOST_DISK_BYTES (INT64_C(100) << 30)
#define TRACKED 8U
#define TRACKED_WHOLE 24U
#define NOTED_MAX 256U

enum {
    CPU, MEMORY, DISK, LOAD, READ, WRITTEN, RECEIVED, SENT, CONNECTIONS, BOOT_TIME, TRANSFER,
    FREE, STOLEN, WAITED, WAITING, /* of a whole host */
};

static const struct store_series_facts host_series[HOST_SERIES_WHOLE] = {
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
    {"disk_available_bytes", "mount=/", "bytes", 1, METRIC_GAUGE},
    {"cpu_seconds", "mode=steal", "seconds", 100, METRIC_COUNTER},
    {"pressure_cpu_some_seconds", "", "seconds", 1000, METRIC_COUNTER},
    {"pressure_cpu_some_avg10", "", "percent", 100, METRIC_GAUGE},
};

/* What was told of a whole host: an alert that was not there, or a pattern. */
struct noted {
    char rule[ALERT_RULE_SIZE]; /* of a pattern "pattern/" and its kind */
    int64_t ms;                 /* of the newest sample then */
    bool is_page;
};

struct scene {
    struct rig *rig;
    struct analysis *analysis;
    struct rule_book *book;          /* of a whole host, else NULL */
    int64_t every_ms;
    uint32_t series_count;
    struct memory_map map;
    uint64_t sequence, random;
    int64_t ms;                      /* of the next sample */
    int64_t counters[HOST_SERIES_WHOLE];
    /* what is wrong now, 0: nothing */
    double stress;                   /* added to the load, 0..1: cpu, load, network, connections */
    double stolen;                   /* share of the CPU that others take, 0..1; of a whole host */
    double filled, leaked;           /* percent of the disk, of memory, in all */
    double fill_an_hour, leak_an_hour;
    double transferred;              /* percent of what the month allows */
    bool is_season_off;
    uint32_t open, raised;           /* "anomaly" alerts */
    int64_t raised_ms;               /* the newest one */
    int64_t judged_ms;               /* that judging has taken of the time until the next samples */
    int64_t newest_alert, newest_pattern; /* that are noted */
    uint32_t noted_count;
    struct noted noted[NOTED_MAX];
};

static inline void scene_reserve(struct scene *m, bool is_whole)
{
    const struct watch_limits watched = {.instances_max = 8, .series_per_instance_max = 64,
                                         .ship_interval_ms = 10000};
    const struct detect_limits limits = {.instances_max = 8, .series_per_instance_max = 64,
                                         .tracked_max = is_whole ? TRACKED_WHOLE : TRACKED,
                                         .database_size_max = UINT64_C(1) << 30};
    m->analysis = analysis_reserve(&m->map, &limits, &watched);
    m->book = is_whole ? book_reserve(&m->map) : NULL;
}

static inline void scene_open_analysis(struct scene *m)
{
    bool is_whole = m->series_count > HOST_SERIES;
    struct mono now = plat_mono(m->rig->machine);
    struct wall wall = plat_wall(m->rig->machine);
    memory_map_init(&m->map, NULL, 0);
    scene_reserve(m, is_whole);
    void *memory = NULL;
    uint64_t size = m->map.used;
    assert_int_equal(posix_memalign(&memory, 64, size), 0);
    memset(memory, 0, size);
    memory_map_init(&m->map, memory, size);
    scene_reserve(m, is_whole);
    analysis_open(m->analysis, m->rig->store, now, wall);
    if (!is_whole)
        return;
    book_open(m->book, m->rig->store, &m->rig->why);
    assert_string_equal(m->rig->words, "");
    analysis_judge(m->analysis, m->book, now, wall);
}

static inline void scene_dictionary(struct scene *m, uint64_t epoch)
{
    assert_int_equal(store_epoch(m->rig->store, 0, epoch), ERR_OK);
    for (uint32_t i = store_dictionary_count(m->rig->store, 0, STREAM_LIVE); i < m->series_count; i++)
        assert_int_equal(store_dictionary_add(m->rig->store, 0, STREAM_LIVE, &host_series[i]), i);
    m->sequence = 1;
}

static inline struct scene *scene_new_of(uint64_t seed, int64_t every_ms, bool is_whole)
{
    struct scene *m = calloc(1, sizeof *m);
    assert_non_null(m);
    m->rig = rig_new(seed);
    m->random = seed;
    m->every_ms = every_ms;
    m->series_count = is_whole ? HOST_SERIES_WHOLE : HOST_SERIES;
    rig_must_open(m->rig);
    scene_open_analysis(m);
    struct instance facts = {.id = "alpha", .name = "name of alpha", .interval_ms = 1000,
                             .cpu_count = HOST_CPUS, .memory_bytes = UINT64_C(8) << 30};
    if (is_whole)
        (void)text_copy(facts.agent_version, sizeof facts.agent_version, "1");
    assert_int_equal(store_instance_put(m->rig->store, &facts), 0);
    scene_dictionary(m, 1);
    m->ms = wall_ms(plat_wall(m->rig->machine)) / 60000 * 60000;
    return m;
}

static inline struct scene *scene_new(uint64_t seed)
{
    return scene_new_of(seed, HOST_EVERY_MS, false);
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

/* Of a whole host: the room on its disk, and what its neighbours take from it. */
static inline void scene_sample_more(struct scene *m, int64_t values[static HOST_SERIES_WHOLE], double waits)
{
    double stolen = m->stolen + 0.002 * (1 + scene_noise(m));
    waits = waits + 0.01 * scene_noise(m);
    waits = waits < 0 ? 0 : waits > 1 ? 1 : waits;
    values[FREE] = HOST_DISK_BYTES / 10000 * (10000 - values[DISK]);
    m->counters[STOLEN] += (int64_t)((double)(m->every_ms * HOST_CPUS) / 10 * stolen);
    m->counters[WAITED] += (int64_t)((double)m->every_ms * waits);
    values[STOLEN] = m->counters[STOLEN];
    values[WAITED] = m->counters[WAITED];
    values[WAITING] = (int64_t)(10000 * waits);
}

static inline void scene_sample(struct scene *m, int64_t values[static HOST_SERIES_WHOLE])
{
    double load = 0.05 + 0.3 * scene_season(m) + 0.03 * scene_noise(m);
    double each_s = (double)m->every_ms / 1000;
    load = load < 0.01 ? 0.01 : load;
    m->filled += m->fill_an_hour * each_s / 3600;
    m->leaked += m->leak_an_hour * each_s / 3600;
    double busy = load + m->stress, used = busy + m->stolen;
    values[CPU] = (int64_t)(10000 * (used > 1 ? 1 : used));
    values[MEMORY] = (int64_t)(4000 + 300 * load + 20 * scene_noise(m) + 100 * m->leaked);
    values[DISK] = (int64_t)(3000 + 100 * m->filled + 2 * scene_noise(m));
    values[LOAD] = (int64_t)(400 * used + 20 + 10 * scene_noise(m));
    m->counters[READ] += (int64_t)(each_s * 40000 * load * (1.2 + scene_noise(m)));
    m->counters[WRITTEN] += (int64_t)(each_s * 90000 * load * (1.2 + scene_noise(m)));
    m->counters[RECEIVED] += (int64_t)(each_s * 700000 * busy * (1.1 + 0.3 * scene_noise(m)));
    m->counters[SENT] += (int64_t)(each_s * 900000 * busy * (1.1 + 0.3 * scene_noise(m)));
    for (uint32_t i = READ; i <= SENT; i++)
        values[i] = m->counters[i];
    values[CONNECTIONS] = (int64_t)(200 * busy + 20 + 5 * scene_noise(m));
    values[BOOT_TIME] = 1700000000;
    values[TRANSFER] = (int64_t)(100 * m->transferred);
    if (m->series_count > HOST_SERIES)
        scene_sample_more(m, values, 0.05 * busy + 1.2 * m->stolen);
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

/* As the aggregator sleeps: what the room wants to do soon, a look ahead in pieces, it does now. */
static inline void scene_judge_all(struct scene *m)
{
    for (uint32_t i = 0; i < 4096; i++) {
        struct mono now = plat_mono(m->rig->machine);
        struct mono next = analysis_step(m->analysis, now, plat_wall(m->rig->machine));
        if (next.ns > now.ns + 100 * NS_PER_MS)
            return;
        if (next.ns > now.ns) {
            int64_t ms = (next.ns - now.ns + NS_PER_MS - 1) / NS_PER_MS;
            sim_advance(m->rig->world, ms * NS_PER_MS);
            m->judged_ms += ms;
        }
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

static inline struct noted *scene_note(struct scene *m)
{
    assert_true(m->noted_count < NOTED_MAX);
    struct noted *n = &m->noted[m->noted_count++];
    n->ms = m->ms;
    return n;
}

static inline void scene_note_alerts(struct scene *m)
{
    const struct alert *a;
    int64_t newest = m->newest_alert;
    for (uint32_t at = 0; (a = store_alert_walk_open(m->rig->store, &at)) != NULL;) {
        if (a->number <= m->newest_alert)
            continue;
        struct noted *n = scene_note(m);
        n->is_page = true;
        (void)text_copy(n->rule, sizeof n->rule, a->rule);
        newest = a->number > newest ? a->number : newest;
    }
    m->newest_alert = newest;
}

static inline void scene_note_patterns(struct scene *m)
{
    const struct insight_filter filter = {.type = INSIGHT_PATTERN, .severity = -1, .instance = "alpha",
                                          .before_ms = INT64_MAX, .before = INT64_MAX};
    static struct insight found[32];
    int64_t newest = m->newest_pattern;
    int n = store_insight_list(m->rig->store, &filter, found, COUNT_OF(found));
    assert_in_range(n, 0, COUNT_OF(found));
    for (int i = 0; i < n; i++) {
        if (found[i].number <= m->newest_pattern)
            continue;
        char *of = strchr(found[i].key, '/'), *end = of == NULL ? NULL : strchr(of + 1, '/');
        assert_non_null(end);
        *end = '\0';
        (void)text_copy(scene_note(m)->rule, ALERT_RULE_SIZE, found[i].key);
        newest = found[i].number > newest ? found[i].number : newest;
    }
    m->newest_pattern = newest;
}

/* Sends rig->block as filled in, and lets it be judged. */
static inline void scene_send(struct scene *m)
{
    uint32_t count = m->rig->block.count;
    assert_int_equal(rig_send(m->rig, 0, m->sequence), count);
    m->sequence += count;
    assert_int_equal(store_commit(m->rig->store), ERR_OK);
    if (m->book == NULL) {
        scene_judge(m);
    } else {
        scene_judge_all(m);
        scene_note_alerts(m);
        if (m->ms % 600000 < m->every_ms * HOST_BLOCK)
            scene_note_patterns(m);
    }
    bool is_open = store_alert_open(m->rig->store, "alpha", "anomaly", "") != NULL;
    if (is_open && !m->open) {
        m->raised++;
        m->raised_ms = m->ms;
    }
    m->open = is_open;
}

static inline void scene_fill_block(struct scene *m)
{
    struct block_matrix *b = &m->rig->block;
    b->count = HOST_BLOCK;
    b->slot_count = m->series_count;
    for (uint32_t k = 0; k < HOST_BLOCK; k++, m->ms += m->every_ms) {
        int64_t values[HOST_SERIES_WHOLE];
        scene_sample(m, values);
        b->time_ms[k] = m->ms;
        for (uint32_t i = 0; i < m->series_count; i++) {
            b->slots[i] = (uint16_t)i;
            b->values[i][k] = values[i];
        }
    }
}

static inline void scene_run(struct scene *m, int64_t minutes)
{
    int64_t block_ms = m->every_ms * HOST_BLOCK;
    for (int64_t end_ms = m->ms + minutes * 60000; m->ms < end_ms;) {
        int64_t rest_ms = block_ms > m->judged_ms ? block_ms - m->judged_ms : 0;
        m->judged_ms -= block_ms - rest_ms;
        sim_advance(m->rig->world, rest_ms * NS_PER_MS);
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
