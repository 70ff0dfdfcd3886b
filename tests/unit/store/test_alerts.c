/* SPDX-License-Identifier: MIT */
/* Alerts: one for one breach, whatever happens in between. */
#include "tests/unit/store/rig.h"

#include "aggregator/store/store_alerts.h"

static const struct alert_report cpu = {.instance = "alpha", .rule = "cpu", .tag = "",
                                        .type = "cpu_usage_warning", .message = "cpu_usage is high",
                                        .metric = "cpu_usage", .unit = "percent",
                                        .severity = ALERT_HIGH, .time_ms = RIG_START_MS, .value = 7500,
                                        .level = 7000, .scale = 100};

static int64_t raise_at(struct rig *r, const struct alert_report *from, int64_t ms, int64_t value,
                        bool *was_open)
{
    struct alert_report report = *from;
    report.time_ms = ms;
    report.value = value;
    return store_alert_raise(r->store, &report, was_open);
}

static uint32_t list(struct rig *r, int status, const char *instance, struct alert *out, uint32_t max)
{
    const struct alert_filter f = {.status = status, .instance = instance, .before_ms = INT64_MAX,
                                   .before = INT64_MAX};
    int n = store_alert_list(r->store, &f, out, max);
    assert_true(n >= 0);
    return (uint32_t)n;
}

static void a_breach_is_one_alert(void **state)
{
    (void)state;
    struct rig *r = rig_new(3);
    struct alert got[4];
    bool was_open;
    rig_must_open(r);
    int64_t number = raise_at(r, &cpu, RIG_START_MS, 7500, &was_open);
    assert_true(number > 0);
    assert_false(was_open);
    assert_int_equal(list(r, -1, "", got, 4), 0); /* staged only */
    assert_int_equal(raise_at(r, &cpu, RIG_START_MS + 1000, 9900, &was_open), number);
    assert_true(was_open);
    assert_int_equal(raise_at(r, &cpu, RIG_START_MS + 2000, 8000, &was_open), number);
    assert_int_equal(store_commit(r->store), ERR_OK);
    assert_int_equal(list(r, ALERT_ACTIVE, "alpha", got, 4), 1);
    assert_int_equal(got[0].occurrences, 3);
    assert_int_equal(got[0].first_value, 7500);
    assert_int_equal(got[0].peak_value, 9900);
    assert_int_equal(got[0].peak_ms, RIG_START_MS + 1000);
    assert_int_equal(got[0].last_value, 8000);
    assert_int_equal(got[0].level, 7000);
    assert_int_equal(strlen(got[0].id), 36);
    assert_int_equal(got[0].id[14], '4');
    /* another tag is another alert, and a report without a rule is always one */
    struct alert_report other = cpu;
    other.tag = "mount=/";
    assert_true(store_alert_raise(r->store, &other, &was_open) > number);
    other.rule = "";
    int64_t one = store_alert_raise(r->store, &other, &was_open);
    assert_true(store_alert_raise(r->store, &other, &was_open) > one);
    rig_free(r);
}

static void an_open_alert_survives_a_power_cut_and_takes_the_next_breach(void **state)
{
    (void)state;
    struct rig *r = rig_new(4);
    struct alert got[4];
    bool was_open;
    rig_must_open(r);
    int64_t number = raise_at(r, &cpu, RIG_START_MS, 7500, &was_open);
    assert_int_equal(store_commit(r->store), ERR_OK);
    uint64_t revision = store_revision(r->store);
    assert_true(revision > 0);
    rig_restart(r, SIM_POWER_CUT);
    assert_int_equal(store_revision(r->store), revision);
    assert_non_null(store_alert_open(r->store, "alpha", "cpu", ""));
    assert_int_equal(raise_at(r, &cpu, RIG_START_MS + 90000, 7600, &was_open), number);
    assert_true(was_open);
    assert_int_equal(store_commit(r->store), ERR_OK);
    assert_int_equal(list(r, -1, "", got, 4), 1);
    assert_int_equal(got[0].occurrences, 2);
    assert_true(store_alert_settle(r->store, "alpha", "cpu", "", RIG_START_MS + 95000));
    assert_false(store_alert_settle(r->store, "alpha", "cpu", "", RIG_START_MS + 95000));
    assert_int_equal(store_commit(r->store), ERR_OK);
    rig_restart(r, SIM_POWER_CUT);
    assert_null(store_alert_open(r->store, "alpha", "cpu", ""));
    assert_int_equal(list(r, ALERT_RESOLVED, "", got, 4), 1);
    assert_true(got[0].resolved_ms > 0);
    rig_free(r);
}

static void it_comes_back_within_the_grace_and_is_new_after_it(void **state)
{
    (void)state;
    struct rig *r = rig_new(5);
    struct alert got[4];
    struct alert_report patient = cpu;
    bool was_open;
    patient.grace_ms = 60000;
    rig_must_open(r);
    int64_t number = store_alert_raise(r->store, &patient, &was_open);
    assert_true(store_alert_settle(r->store, "alpha", "cpu", "", RIG_START_MS));
    assert_int_equal(store_alert_raise(r->store, &patient, &was_open), number); /* from memory */
    assert_false(was_open);
    assert_true(store_alert_settle(r->store, "alpha", "cpu", "", RIG_START_MS));
    assert_int_equal(store_commit(r->store), ERR_OK);
    sim_advance(r->world, 50 * NS_PER_S);
    assert_int_equal(store_alert_raise(r->store, &patient, &was_open), number); /* from disk */
    assert_int_equal(store_alert_open(r->store, "alpha", "cpu", "")->reopened, 2);
    assert_true(store_alert_settle(r->store, "alpha", "cpu", "", RIG_START_MS));
    assert_int_equal(store_commit(r->store), ERR_OK);
    sim_advance(r->world, 70 * NS_PER_S);
    assert_true(store_alert_raise(r->store, &patient, &was_open) > number);
    /* what a person has closed stays closed */
    const struct alert *open = store_alert_open(r->store, "alpha", "cpu", "");
    const struct alert_change close = {.status = ALERT_RESOLVED, .who = "ada"};
    char id[ALERT_ID_SIZE];
    snprintf(id, sizeof id, "%s", open->id);
    assert_int_equal(store_alert_change(r->store, id, &close), ERR_OK);
    assert_int_equal(store_commit(r->store), ERR_OK);
    assert_true(store_alert_raise(r->store, &patient, &was_open) > number + 1);
    assert_int_equal(store_commit(r->store), ERR_OK);
    assert_int_equal(list(r, -1, "", got, 4), 3);
    /* and cannot be opened beside the new one */
    const struct alert_change again = {.status = ALERT_ACTIVE, .who = "ada"};
    assert_int_equal(store_alert_change(r->store, id, &again), ERR_BUSY);
    rig_free(r);
}

static void changes_are_told_in_order_once_and_after_a_restart(void **state)
{
    (void)state;
    struct rig *r = rig_new(6);
    struct alert a;
    bool was_open;
    rig_must_open(r);
    uint64_t cursor = store_revision(r->store), at;
    assert_int_equal(store_alert_next(r->store, &cursor, &a), 0);
    (void)store_alert_raise(r->store, &cpu, &was_open);
    assert_int_equal(store_alert_next(r->store, &cursor, &a), 0); /* not committed */
    assert_int_equal(store_commit(r->store), ERR_OK);
    at = cursor;
    assert_int_equal(store_alert_next(r->store, &cursor, &a), 1);
    assert_true(a.created_revision > at);
    assert_int_equal(store_alert_next(r->store, &cursor, &a), 0);
    assert_int_equal(store_alert_remove(r->store, a.id), ERR_OK);
    assert_int_equal(store_alert_remove(r->store, a.id), ERR_MISSING);
    assert_int_equal(store_commit(r->store), ERR_OK);
    rig_restart(r, SIM_POWER_CUT);
    assert_int_equal(store_alert_get(r->store, a.id, &a), 0);
    at = cursor;
    assert_int_equal(store_alert_next(r->store, &cursor, &a), 1);
    assert_true(a.created_revision <= at && a.deleted_ms > 0);
    assert_int_equal(store_alert_next(r->store, &cursor, &a), 0);
    /* removed ones go for good, and the revision does not go back with them */
    sim_advance(r->world, 700 * NS_PER_S);
    rig_settle(r);
    rig_restart(r, SIM_POWER_CUT);
    assert_int_equal(store_revision(r->store), cursor);
    cursor = 0;
    assert_int_equal(store_alert_next(r->store, &cursor, &a), 0);
    rig_free(r);
}

/* The smallest database keeps 1024 closed ones; pages of a list meet every alert once. */
static void closed_alerts_are_capped_and_paged(void **state)
{
    (void)state;
    struct rig *r = rig_new(7);
    struct alert page[64];
    bool was_open;
    rig_must_open(r);
    uint32_t keep = 1024; /* 64 MiB by 64 KiB */
    for (uint32_t i = 0; i < keep + 300; i++) {
        struct alert_report one = cpu;
        char rule[16];
        snprintf(rule, sizeof rule, "rule-%u", i);
        one.rule = rule;
        assert_true(store_alert_raise(r->store, &one, &was_open) > 0);
        assert_true(store_alert_settle(r->store, "alpha", rule, "", RIG_START_MS));
        if (i % 100 == 0)
            assert_int_equal(store_commit(r->store), ERR_OK);
    }
    assert_int_equal(store_commit(r->store), ERR_OK);
    for (uint32_t i = 0; i < 3; i++) {
        sim_advance(r->world, 61 * NS_PER_S);
        rig_settle(r);
    }
    struct alert_filter f = {.status = ALERT_RESOLVED, .instance = "", .before_ms = INT64_MAX,
                             .before = INT64_MAX};
    uint32_t seen = 0;
    int n;
    int64_t last = INT64_MAX;
    while ((n = store_alert_list(r->store, &f, page, 64)) > 0) {
        for (int i = 0; i < n; i++) {
            assert_true(page[i].number < last);
            last = page[i].number;
        }
        seen += (uint32_t)n;
        f.before_ms = page[n - 1].created_ms;
        f.before = page[n - 1].number;
    }
    assert_int_equal(seen, keep);
    rig_free(r);
}

static void too_many_open_ones_are_refused_and_nothing_breaks(void **state)
{
    (void)state;
    struct rig *r = rig_new(8);
    bool was_open;
    rig_must_open(r);
    uint32_t taken = 0;
    int64_t n = 1;
    while (n > 0) {
        struct alert_report one = cpu;
        char rule[16];
        snprintf(rule, sizeof rule, "rule-%u", taken);
        one.rule = rule;
        n = store_alert_raise(r->store, &one, &was_open);
        taken += n > 0;
    }
    assert_int_equal(n, ERR_FULL);
    assert_int_equal(taken, r->limits.instances_max + 1024);
    assert_int_equal(store_commit(r->store), ERR_OK);
    rig_restart(r, SIM_POWER_CUT);
    struct alert_counts counts;
    assert_int_equal(store_alert_counts(r->store, &counts), 0);
    assert_int_equal(counts.active, taken);
    assert_true(store_alert_settle(r->store, "alpha", "rule-7", "", RIG_START_MS));
    assert_int_equal(store_commit(r->store), ERR_OK);
    struct alert_report one = cpu;
    assert_true(store_alert_raise(r->store, &one, &was_open) > 0);
    one.type = "";
    assert_int_equal(store_alert_raise(r->store, &one, &was_open), ERR_MALFORMED);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_breach_is_one_alert),
        cmocka_unit_test(an_open_alert_survives_a_power_cut_and_takes_the_next_breach),
        cmocka_unit_test(it_comes_back_within_the_grace_and_is_new_after_it),
        cmocka_unit_test(changes_are_told_in_order_once_and_after_a_restart),
        cmocka_unit_test(closed_alerts_are_capped_and_paged),
        cmocka_unit_test(too_many_open_ones_are_refused_and_nothing_breaks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
