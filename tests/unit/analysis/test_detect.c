/* SPDX-License-Identifier: MIT */
/* Anomalies in a host that runs for days: what is found, how soon, and what is not. */
#include "tests/unit/analysis/detect_rig.h"

static const struct board_host *shown(const struct scene *m)
{
    return &analysis_board(m->analysis)->hosts[0];
}

static void a_quiet_host_learns_and_says_so(void **state)
{
    (void)state;
    struct scene *m = scene_new(1);
    scene_run(m, HOURS(23));
    assert_true(shown(m)->is_learning);
    assert_int_equal(shown(m)->tracked, TRACKED);
    assert_int_equal(shown(m)->surplus, 1); /* ten, of which one says nothing */
    assert_true(shown(m)->level < 0.01F);
    scene_run(m, HOURS(3));
    assert_false(shown(m)->is_learning);
    assert_true(shown(m)->ranked_count >= 3);
    assert_int_equal(scene_stats(m).absurd, 0);
    assert_int_equal(scene_stats(m).backward, 0);
    scene_free(m);
}

/* A stressed CPU with all that follows from it: one alert, soon, that says which metrics, and it settles. */
static void stress_is_one_alert(void **state)
{
    (void)state;
    struct scene *m = scene_new(2);
    scene_run(m, DAYS(4));
    uint32_t before = m->raised;
    int64_t began_ms = m->ms;
    m->stress = 0.7;
    scene_run(m, 30);
    assert_int_equal(m->raised, before + 1);
    print_message("stress: alert after %lld s\n", (long long)(m->raised_ms - began_ms) / 1000);
    assert_true(m->raised_ms - began_ms <= 360000);
    const struct alert *alert = store_alert_open(m->rig->store, "alpha", "anomaly", "");
    assert_non_null(alert);
    print_message("%s\n", alert->message);
    assert_non_null(strstr(alert->message, "CPU use is "));
    assert_non_null(strstr(alert->message, "usually "));
    assert_true(shown(m)->is_unusual);
    /* The plain rule is told beside: what leapt is beyond three sigma, the farthest first. */
    assert_in_range(shown(m)->farthest_count, 2, shown(m)->beyond);
    for (uint32_t i = 0; i < shown(m)->farthest_count; i++) {
        const struct board_metric *far = &shown(m)->farthest[i];
        assert_true(far->z_day > BOARD_SIGMA || far->z_week > BOARD_SIGMA);
        assert_true(i == 0 || far->z_day <= far[-1].z_day || far->z_week <= far[-1].z_week);
    }
    struct insight_filter filter = {.type = INSIGHT_ANOMALY, .severity = -1, .instance = "alpha",
                                    .before_ms = INT64_MAX, .before = INT64_MAX};
    struct insight found[16];
    int n = store_insight_list(m->rig->store, &filter, found, 16);
    assert_true(n >= 1);
    bool has_host = false;
    for (int i = 0; i < n; i++)
        has_host |= found[i].severity >= INSIGHT_MEDIUM && found[i].metric_count >= 2 &&
                    strstr(found[i].description, "over 7 d") != NULL;
    assert_true(has_host);
    m->stress = 0;
    scene_run(m, HOURS(2));
    assert_in_range(shown(m)->beyond, 0, 1);
    assert_null(store_alert_open(m->rig->store, "alpha", "anomaly", ""));
    assert_false(shown(m)->is_unusual);
    scene_free(m);
}

/* What cannot be true is counted and changes nothing: the host beside it that was spared says the same. */
static void bad_input_is_counted(void **state)
{
    (void)state;
    struct scene *m = scene_new(3);
    scene_run(m, DAYS(2));
    uint32_t before = m->raised;
    struct block_matrix *b = &m->rig->block;
    for (uint32_t round = 0; round < 30; round++) {
        sim_advance(m->rig->world, INT64_C(120) * NS_PER_S);
        scene_fill_block(m);
        uint32_t k = round % HOST_BLOCK;
        switch (round % 6) {
        case 0: b->values[CPU][k] = INT64_MAX; break;
        case 1: b->values[CPU][k] = -5; break;
        case 2: b->values[READ][k] = -1; break;               /* a counter below zero */
        case 3: b->time_ms[k] = m->ms - 86400000; break;      /* back in time */
        case 4: b->time_ms[k] = m->ms + INT64_C(86400000) * 365; break; /* next year */
        case 5: b->time_ms[k] = k > 0 ? b->time_ms[k - 1] : b->time_ms[k + 1]; break; /* twice */
        }
        scene_send(m);
    }
    struct detect_stats stats = scene_stats(m);
    assert_int_equal(stats.absurd, 15);
    assert_int_equal(stats.backward, 15);
    assert_int_equal(m->raised, before);
    assert_true(shown(m)->level < 2.0F);
    assert_int_equal(shown(m)->minute_s, (m->ms - 120000) / 1000);
    /* and trouble is still found */
    scene_run(m, HOURS(6));
    before = m->raised;
    m->stress = 0.7;
    scene_run(m, 20);
    assert_int_equal(m->raised, before + 1);
    scene_free(m);
}

/* A reboot takes counters back to zero, an outage leaves a hole: no news. */
static void resets_and_gaps_are_no_news(void **state)
{
    (void)state;
    struct scene *m = scene_new(4);
    scene_run(m, DAYS(3));
    uint32_t before = m->raised;
    uint64_t alarms = scene_stats(m).alarms + scene_stats(m).series_alarms;
    for (uint32_t i = 0; i < 5; i++) {
        for (uint32_t k = 0; k < HOST_SERIES; k++)
            m->counters[k] = 0;
        scene_run(m, HOURS(1));
        sim_advance(m->rig->world, INT64_C(1200) * NS_PER_S);
        m->ms += 1200000;
        scene_run(m, HOURS(1));
    }
    assert_int_equal(m->raised, before);
    assert_true(scene_stats(m).alarms + scene_stats(m).series_alarms <= alarms + 1);
    scene_free(m);
}

/* A new level: told once, then it is what is normal. */
static void a_shift_becomes_normal(void **state)
{
    (void)state;
    struct scene *m = scene_new(5);
    scene_run(m, DAYS(3));
    uint32_t before = m->raised;
    m->stress = 0.3;
    scene_run(m, DAYS(5));
    assert_in_range(m->raised, before + 1, before + 2);
    assert_false(shown(m)->is_unusual);
    scene_free(m);
}

/* --- restarts --- */

static void must_be_alike(const struct board_host *x, const struct board_host *y)
{
    assert_int_equal(x->minute_s, y->minute_s);
    assert_int_equal(x->ranked_count, y->ranked_count);
    assert_memory_equal(&x->level, &y->level, sizeof x->level);
    assert_memory_equal(&x->score, &y->score, sizeof x->score);
    assert_int_equal(x->beyond, y->beyond);
    for (uint32_t i = 0; i < x->ranked_count; i++) {
        assert_int_equal(x->ranked[i].series, y->ranked[i].series);
        assert_memory_equal(&x->ranked[i].value, &y->ranked[i].value,
                            sizeof x->ranked[i] - offsetof(struct board_metric, value));
    }
}

/* Killed after `before` minutes, it knows afterwards what it would know had it lived on. */
static void must_survive(int64_t before, bool has_checkpoint)
{
    struct scene *lives = scene_new(7); /* one after the other: a process has one SQLite */
    scene_run(lives, before);
    uint64_t alarms = scene_stats(lives).alarms;
    scene_run(lives, HOURS(30));
    const struct board_host known = *shown(lives);
    alarms = scene_stats(lives).alarms - alarms;
    scene_free(lives);

    struct scene *dies = scene_new(7);
    scene_run(dies, before);
    assert_int_equal(scene_stats(dies).checkpoints > 0, has_checkpoint);
    scene_restart(dies);
    scene_learn(dies);
    uint64_t learnt = scene_stats(dies).learnt_minutes;
    assert_true(has_checkpoint ? learnt <= 14 : learnt >= (uint64_t)before - 2);
    assert_int_equal(scene_stats(dies).checkpoints_damaged, 0);
    assert_int_equal(scene_stats(dies).alarms, 0); /* old news */
    scene_run(dies, HOURS(30));
    must_be_alike(&known, shown(dies));
    assert_int_equal(scene_stats(dies).alarms, alarms);
    scene_free(dies);
}

static void a_checkpoint_survives_a_kill(void **state)
{
    (void)state;
    must_survive(HOURS(31) + 8, true);
}

static void what_the_store_holds_is_learnt(void **state)
{
    (void)state;
    must_survive(8, false); /* before the first checkpoint */
}

/* An alert that is open when the process dies is settled afterwards, and is not raised a second time. */
static void an_incident_goes_on_after_a_kill(void **state)
{
    (void)state;
    struct scene *m = scene_new(8);
    scene_run(m, DAYS(3));
    m->stress = 0.7;
    scene_run(m, 20);
    const struct alert *alert = store_alert_open(m->rig->store, "alpha", "anomaly", "");
    assert_non_null(alert);
    int64_t number = alert->number;
    scene_restart(m);
    scene_learn(m);
    scene_run(m, 20);
    alert = store_alert_open(m->rig->store, "alpha", "anomaly", "");
    assert_non_null(alert);
    assert_int_equal(alert->number, number);
    m->stress = 0;
    scene_run(m, HOURS(8));
    assert_null(store_alert_open(m->rig->store, "alpha", "anomaly", ""));
    scene_free(m);
}

/* A day that comes late teaches: learnt anew, in its order, and nothing of it is an alert. */
static void history_teaches(void **state)
{
    (void)state;
    struct scene *m = scene_new(9);
    struct block_matrix *b = &m->rig->block;
    scene_run(m, 120);
    assert_true(shown(m)->is_learning);
    int64_t now_ms = m->ms;
    assert_int_equal(store_history(m->rig->store, 0, 2), ERR_OK);
    for (uint32_t i = 0; i < HOST_SERIES; i++)
        assert_int_equal(store_dictionary_add(m->rig->store, 0, STREAM_HISTORY, &host_series[i]), i);
    uint64_t sequence = 1;
    for (m->ms = now_ms - DAYS(2) * 60000; m->ms < now_ms - HOURS(3) * 60000;) {
        scene_fill_block(m);
        int n = rig_send_to(m->rig, 0, STREAM_HISTORY, sequence);
        assert_int_equal(n, b->count);
        sequence += b->count;
        rig_step(m->rig, 150);
        assert_int_equal(store_commit(m->rig->store), ERR_OK);
        rig_settle(m->rig);
        scene_judge(m);
    }
    store_history_end(m->rig->store, 0);
    assert_true(shown(m)->is_learning);
    m->ms = wall_ms(plat_wall(m->rig->machine)) / 60000 * 60000;
    scene_run(m, 6);
    scene_learn(m);
    scene_run(m, 10);
    assert_false(shown(m)->is_learning);
    assert_int_equal(scene_stats(m).alarms, 0);
    assert_int_equal(m->raised, 0);
    scene_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quiet_host_learns_and_says_so),
        cmocka_unit_test(stress_is_one_alert),
        cmocka_unit_test(bad_input_is_counted),
        cmocka_unit_test(resets_and_gaps_are_no_news),
        cmocka_unit_test(a_shift_becomes_normal),
        cmocka_unit_test(a_checkpoint_survives_a_kill),
        cmocka_unit_test(what_the_store_holds_is_learnt),
        cmocka_unit_test(an_incident_goes_on_after_a_kill),
        cmocka_unit_test(history_teaches),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
