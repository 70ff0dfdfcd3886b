/* SPDX-License-Identifier: MIT */
/* Levels of what comes over the API: one alert for one breach, none for agents, none too late. */
#include "tests/unit/store/rig.h"

#include "aggregator/analysis/analysis.h"
#include "aggregator/store/store_alerts.h"
#include "aggregator/store/store_told.h"

struct room {
    struct rig *rig;
    struct analysis *analysis;
    struct rule_book *book;
    struct memory_map map;
    uint64_t sequence;
    int64_t ms;
};

static struct room *room_new(enum instance_source source)
{
    struct room *m = calloc(1, sizeof *m);
    assert_non_null(m);
    m->rig = rig_new(1);
    rig_must_open(m->rig);
    const struct detect_limits limits = {.instances_max = 8, .series_per_instance_max = 64};
    const struct watch_limits watched = {.instances_max = 8, .series_per_instance_max = 64,
                                         .ship_interval_ms = 10000};
    memory_map_init(&m->map, NULL, 0);
    assert_null(book_reserve(&m->map));
    assert_null(analysis_reserve(&m->map, &limits, &watched));
    void *memory = NULL;
    uint64_t size = m->map.used;
    assert_int_equal(posix_memalign(&memory, 64, size), 0);
    memory_map_init(&m->map, memory, size);
    m->analysis = analysis_reserve(&m->map, &limits, &watched);
    m->book = book_reserve(&m->map);
    analysis_open(m->analysis, m->rig->store, plat_mono(m->rig->machine), plat_wall(m->rig->machine));
    char words[160];
    struct text why;
    text_init(&why, words, sizeof words);
    book_open(m->book, m->rig->store, &why);
    analysis_judge(m->analysis, m->book, plat_mono(m->rig->machine), plat_wall(m->rig->machine));
    assert_int_equal(rig_instance(m->rig, "alpha"), 0);
    store_told_source(m->rig->store, 0, source);
    assert_int_equal(store_epoch(m->rig->store, 0, 1), ERR_OK);
    const struct store_series_facts cpu = {.metric = "cpu_usage", .tag = "", .unit = "percent", .scale = 100,
                                           .kind = METRIC_GAUGE};
    assert_int_equal(store_dictionary_add(m->rig->store, 0, STREAM_LIVE, &cpu), 0);
    m->sequence = 1;
    m->ms = RIG_START_MS;
    return m;
}

static void room_free(struct room *m)
{
    rig_free(m->rig);
    free(m->map.block);
    free(m);
}

/* One committed sample, in hundredths of a percent. */
static void sample(struct room *m, int64_t value)
{
    rig_fill(m->rig, 1, 1, m->ms);
    m->rig->block.values[0][0] = value;
    assert_int_equal(rig_send(m->rig, 0, m->sequence), 1);
    assert_int_equal(store_commit(m->rig->store), ERR_OK);
    struct mono now = plat_mono(m->rig->machine);
    assert_true(analysis_step(m->analysis, now, plat_wall(m->rig->machine)).ns > now.ns);
    m->sequence++;
    m->ms += 1000;
}

static const struct alert *open_alert(struct room *m)
{
    return store_alert_open(m->rig->store, "alpha", "rule:client_cpu", "");
}

static void a_breach_raises_once_and_settles_below(void **state)
{
    (void)state;
    struct room *m = room_new(INSTANCE_FROM_INGEST);
    sample(m, 6999);
    assert_null(open_alert(m));
    sample(m, 7000);
    assert_non_null(open_alert(m));
    assert_int_equal(open_alert(m)->severity, ALERT_HIGH);
    assert_string_equal(open_alert(m)->type, "cpu_usage_warning");
    int64_t number = open_alert(m)->number;
    sample(m, 9050);
    assert_int_equal(open_alert(m)->number, number);
    assert_int_equal(open_alert(m)->severity, ALERT_CRITICAL);
    assert_string_equal(open_alert(m)->message, "cpu_usage is critical: 90.5percent (threshold: 90)");
    for (uint32_t i = 0; i < 20; i++)
        sample(m, 9900);
    assert_int_equal(open_alert(m)->occurrences, 22);
    sample(m, 100);
    assert_null(open_alert(m));
    sample(m, 9500);
    assert_true(open_alert(m)->number > number);
    struct analysis_stats stats;
    analysis_stats(m->analysis, &stats);
    assert_int_equal(stats.watch.raised, 2);
    assert_int_equal(stats.watch.settled, 1);
    room_free(m);
}

static void agents_are_left_to_their_own_rules(void **state)
{
    (void)state;
    struct room *m = room_new(INSTANCE_FROM_AGENT);
    sample(m, 9900);
    assert_null(open_alert(m));
    room_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_breach_raises_once_and_settles_below),
        cmocka_unit_test(agents_are_left_to_their_own_rules),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
