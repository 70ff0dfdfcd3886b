/* SPDX-License-Identifier: MIT */
/* Insights, notes, and what clients tell of instances. */
#include "tests/unit/store/rig.h"

#include "aggregator/store/store_alerts.h"
#include "aggregator/store/store_insights.h"
#include "aggregator/store/store_notes.h"
#include "aggregator/store/store_told.h"

static const struct insight_filter any = {.type = -1, .severity = -1, .instance = "", .before_ms = INT64_MAX,
                                          .before = INT64_MAX};

static void an_insight_is_put_once_under_its_key_and_expires(void **state)
{
    (void)state;
    struct rig *r = rig_new(1);
    struct insight got[4];
    rig_must_open(r);
    struct insight i = {.type = INSIGHT_ANOMALY, .severity = INSIGHT_HIGH, .key = "anomaly/alpha/cpu",
                        .title = "CPU is unusual", .description = "far above", .instance_count = 2,
                        .instances = {"alpha", "beta"}, .metric_count = 1, .metrics = {"cpu_usage"},
                        .confidence_permille = 900, .metadata = "{\"z\":4.2}"};
    assert_int_equal(store_insight_put(r->store, &i), ERR_OK);
    assert_int_equal(store_insight_list(r->store, &any, got, 4), 0); /* staged only */
    assert_int_equal(store_insight_put(r->store, &i), ERR_OK); /* takes the place of the staged one */
    assert_int_equal(store_commit(r->store), ERR_OK);
    assert_int_equal(store_insight_list(r->store, &any, got, 4), 1);
    char id[INSIGHT_ID_SIZE];
    snprintf(id, sizeof id, "%s", got[0].id);
    i.confidence_permille = 950;
    assert_int_equal(store_insight_put(r->store, &i), ERR_OK);
    assert_int_equal(store_commit(r->store), ERR_OK);
    rig_restart(r, SIM_POWER_CUT);
    assert_int_equal(store_insight_list(r->store, &any, got, 4), 1);
    assert_string_equal(got[0].id, id);
    assert_int_equal(got[0].confidence_permille, 950);
    assert_int_equal(got[0].instance_count, 2);
    assert_string_equal(got[0].instances[1], "beta");
    assert_string_equal(got[0].metrics[0], "cpu_usage");
    assert_string_equal(got[0].metadata, "{\"z\":4.2}");
    struct insight_filter f = any;
    f.instance = "beta";
    assert_int_equal(store_insight_list(r->store, &f, got, 4), 1);
    f.instance = "bet"; /* not a part of a name */
    assert_int_equal(store_insight_list(r->store, &f, got, 4), 0);
    sim_advance(r->world, 86400 * NS_PER_S + NS_PER_S); /* the life of an anomaly */
    assert_int_equal(store_insight_list(r->store, &any, got, 4), 0);
    assert_int_equal(store_insight_put(r->store, &i), ERR_OK); /* so this one is new */
    assert_int_equal(store_commit(r->store), ERR_OK);
    assert_int_equal(store_insight_list(r->store, &any, got, 4), 1);
    assert_string_not_equal(got[0].id, id);
    assert_int_equal(store_insight_end(r->store, "anomaly/alpha/cpu"), ERR_OK);
    assert_int_equal(store_insight_end(r->store, "anomaly/alpha/cpu"), ERR_MISSING);
    assert_int_equal(store_commit(r->store), ERR_OK);
    assert_int_equal(store_insight_list(r->store, &any, got, 4), 0);
    rig_free(r);
}

static void a_dismissed_insight_stays_away_until_it_appears_anew(void **state)
{
    (void)state;
    struct rig *r = rig_new(4);
    struct insight got[2];
    uint32_t counts[INSIGHT_TYPE_COUNT][INSIGHT_SEVERITY_COUNT];
    rig_must_open(r);
    struct insight i = {.type = INSIGHT_PREDICTION, .severity = INSIGHT_HIGH, .key = "full/alpha",
                        .title = "full"};
    assert_int_equal(store_insight_put(r->store, &i), ERR_OK);
    assert_int_equal(store_commit(r->store), ERR_OK);
    assert_int_equal(store_insight_list(r->store, &any, got, 2), 1);
    const char *id = got[0].id;
    assert_int_equal(store_insight_dismiss(r->store, "nobody"), ERR_MISSING);
    assert_int_equal(store_insight_dismiss(r->store, id), ERR_OK);
    assert_int_equal(store_insight_dismiss(r->store, id), ERR_OK);
    assert_int_equal(store_insight_put(r->store, &i), ERR_OK); /* found again before the commit */
    assert_int_equal(store_commit(r->store), ERR_OK);
    rig_restart(r, SIM_POWER_CUT);
    assert_int_equal(store_insight_put(r->store, &i), ERR_OK); /* and behind it */
    assert_int_equal(store_commit(r->store), ERR_OK);
    assert_int_equal(store_insight_list(r->store, &any, &got[1], 1), 0);
    assert_int_equal(store_insight_counts(r->store, counts), 0);
    assert_int_equal(counts[INSIGHT_PREDICTION][INSIGHT_HIGH], 0);
    assert_int_equal(store_insight_get(r->store, id, &got[1]), 1);
    assert_true(got[1].dismissed_ms > 0);
    assert_int_equal(store_insight_end(r->store, i.key), ERR_OK);
    assert_int_equal(store_insight_dismiss(r->store, id), ERR_MISSING); /* staged as ended */
    assert_int_equal(store_commit(r->store), ERR_OK);
    assert_int_equal(store_insight_dismiss(r->store, id), ERR_MISSING);
    assert_int_equal(store_insight_put(r->store, &i), ERR_OK);
    assert_int_equal(store_commit(r->store), ERR_OK);
    assert_int_equal(store_insight_list(r->store, &any, &got[1], 1), 1);
    assert_string_not_equal(got[1].id, id);
    rig_free(r);
}

static void insights_are_counted_and_capped(void **state)
{
    (void)state;
    struct rig *r = rig_new(2);
    uint32_t counts[INSIGHT_TYPE_COUNT][INSIGHT_SEVERITY_COUNT];
    rig_must_open(r);
    struct insight i = {.type = INSIGHT_PATTERN, .severity = INSIGHT_LOW, .title = "t"};
    for (uint32_t n = 0; n < 1100; n++) /* more than may be staged: committed in between */
        assert_int_equal(store_insight_put(r->store, &i), ERR_OK);
    i.type = INSIGHT_PREDICTION;
    i.severity = INSIGHT_HIGH;
    assert_int_equal(store_insight_put(r->store, &i), ERR_OK);
    assert_int_equal(store_commit(r->store), ERR_OK);
    assert_int_equal(store_insight_counts(r->store, counts), 0);
    assert_int_equal(counts[INSIGHT_PATTERN][INSIGHT_LOW], 1100);
    assert_int_equal(counts[INSIGHT_PREDICTION][INSIGHT_HIGH], 1);
    sim_advance(r->world, 61 * NS_PER_S);
    rig_settle(r);
    assert_int_equal(store_insight_counts(r->store, counts), 0);
    assert_int_equal(counts[INSIGHT_PATTERN][INSIGHT_LOW], 1023); /* 64 MiB by 64 KiB, the newest stay */
    i.title[0] = '\0';
    assert_int_equal(store_insight_put(r->store, &i), ERR_MALFORMED);
    rig_free(r);
}

static void notes_are_found_where_they_touch(void **state)
{
    (void)state;
    struct rig *r = rig_new(3);
    struct note got[4];
    struct note one = {.instance = "alpha", .text = "deploy", .author = "ada", .from_ms = 1000,
                       .to_ms = 2000};
    struct note all = {.text = "power cut", .from_ms = 1500, .to_ms = 1500};
    rig_must_open(r);
    assert_int_equal(store_note_put(r->store, &one), ERR_OK);
    assert_int_equal(store_note_put(r->store, &all), ERR_OK);
    assert_int_equal(store_commit(r->store), ERR_OK);
    struct note_filter f = {.instance = "alpha", .from_ms = 0, .to_ms = INT64_MAX, .before_ms = INT64_MAX,
                            .before = INT64_MAX};
    assert_int_equal(store_note_list(r->store, &f, got, 4), 2);
    assert_string_equal(got[0].text, "power cut");
    f.instance = "beta";
    assert_int_equal(store_note_list(r->store, &f, got, 4), 1);
    f.instance = "";
    f.from_ms = 1600;
    assert_int_equal(store_note_list(r->store, &f, got, 4), 1);
    assert_string_equal(got[0].text, "deploy");
    snprintf(one.text, sizeof one.text, "deploy 2");
    assert_int_equal(store_note_put(r->store, &one), ERR_OK);
    assert_int_equal(store_note_remove(r->store, all.id), ERR_OK);
    assert_int_equal(store_commit(r->store), ERR_OK);
    rig_restart(r, SIM_POWER_CUT);
    assert_int_equal(store_note_get(r->store, all.id, got), 0);
    assert_int_equal(store_note_get(r->store, one.id, got), 1);
    assert_string_equal(got[0].text, "deploy 2");
    one.to_ms = 1;
    assert_int_equal(store_note_put(r->store, &one), ERR_MALFORMED);
    rig_free(r);
}

static void what_was_told_survives_and_is_told_on(void **state)
{
    (void)state;
    struct rig *r = rig_new(4);
    struct told told = {.endpoint = "http://web-1", .metadata = "{\"hostname\":\"web-1\"}"}, got;
    rig_must_open(r);
    uint32_t alpha = rig_instance(r, "alpha"), beta = rig_instance(r, "beta");
    uint64_t cursor = store_revision(r->store);
    assert_int_equal(store_told_put(r->store, alpha, &told), ERR_OK);
    store_told_status(r->store, alpha, "healthy", 123);
    store_told_source(r->store, alpha, INSTANCE_FROM_API);
    assert_int_equal(store_instance_next(r->store, &cursor), ERR_MISSING); /* not committed */
    assert_int_equal(store_commit(r->store), ERR_OK);
    assert_int_equal(store_instance_next(r->store, &cursor), beta);
    assert_int_equal(store_instance_next(r->store, &cursor), alpha);
    assert_int_equal(store_instance_next(r->store, &cursor), ERR_MISSING);
    store_instance_remove(r->store, beta);
    assert_int_equal(store_commit(r->store), ERR_OK);
    rig_restart(r, SIM_POWER_CUT);
    assert_int_equal(store_told_get(r->store, alpha, &got), ERR_OK);
    assert_string_equal(got.endpoint, "http://web-1");
    assert_string_equal(got.metadata, "{\"hostname\":\"web-1\"}");
    const struct instance *a = store_instance(r->store, alpha), *b = store_instance(r->store, beta);
    assert_string_equal(a->told_status, "healthy");
    assert_int_equal(a->told_check_ms, 123);
    assert_int_equal(a->source, INSTANCE_FROM_API);
    assert_int_equal(a->deleted_ms, 0);
    assert_true(b->deleted_ms > 0);
    assert_int_equal(store_instance_next(r->store, &cursor), beta);
    (void)rig_instance(r, "beta"); /* speaks again */
    assert_int_equal(store_instance(r->store, beta)->deleted_ms, 0);
    rig_free(r);
}

static void ids_change_and_deleted_places_are_used_again(void **state)
{
    (void)state;
    struct rig *r = rig_new(5);
    char id[16];
    rig_must_open(r);
    for (uint32_t i = 0; i < r->limits.instances_max; i++) {
        snprintf(id, sizeof id, "host-%u", i);
        assert_int_equal(rig_instance(r, id), i);
    }
    assert_int_equal(store_instance_rename(r->store, 3, "host-4"), ERR_BUSY);
    assert_int_equal(store_instance_rename(r->store, 3, "three"), ERR_OK);
    assert_int_equal(store_instance_find(r->store, "host-3"), ERR_MISSING);
    for (uint32_t i = 0; i < r->limits.instances_max; i++) {
        snprintf(id, sizeof id, "host-%u", i);
        assert_int_equal(store_instance_find(r->store, i == 3 ? "three" : id), i);
    }
    struct instance newcomer = {.id = "newcomer", .name = "n"};
    assert_int_equal(store_instance_put(r->store, &newcomer), ERR_FULL);
    struct told told = {.endpoint = "http://old"}, got;
    assert_int_equal(store_told_put(r->store, 5, &told), ERR_OK);
    store_instance_remove(r->store, 5);
    assert_int_equal(store_instance_put(r->store, &newcomer), 5);
    assert_int_equal(store_instance_find(r->store, "host-5"), ERR_MISSING);
    assert_int_equal(store_told_get(r->store, 5, &got), ERR_OK);
    assert_string_equal(got.endpoint, "");
    assert_int_equal(store_commit(r->store), ERR_OK);
    rig_restart(r, SIM_POWER_CUT);
    assert_int_equal(store_instance_find(r->store, "newcomer"), 5);
    assert_int_equal(store_instance_find(r->store, "three"), 3);
    assert_int_equal(store_instance_find(r->store, "host-3"), ERR_MISSING);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_insight_is_put_once_under_its_key_and_expires),
        cmocka_unit_test(a_dismissed_insight_stays_away_until_it_appears_anew),
        cmocka_unit_test(insights_are_counted_and_capped),
        cmocka_unit_test(notes_are_found_where_they_touch),
        cmocka_unit_test(what_was_told_survives_and_is_told_on),
        cmocka_unit_test(ids_change_and_deleted_places_are_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
