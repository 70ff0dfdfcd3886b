/* SPDX-License-Identifier: MIT */
/* The room as its users see it: one request after the other, over a store on a simulated machine. */
#include "tests/unit/store/rig.h"

#include "aggregator/push/push.h"

struct room {
    struct rig *rig;
    struct push *push;
    struct memory_map map;
    uint8_t *memory;
    struct push_result result;
};

static void open_push_room(struct room *m)
{
    memory_map_init(&m->map, NULL, 0);
    assert_null(push_reserve(&m->map, 8));
    m->memory = reserve_memory(&m->map);
    m->push = push_reserve(&m->map, 8);
    push_open(m->push, m->rig->machine, m->rig->store);
}

static struct room *new_room(uint64_t seed)
{
    struct room *m = calloc(1, sizeof *m);
    assert_non_null(m);
    m->rig = rig_new(seed);
    rig_must_open(m->rig);
    open_push_room(m);
    return m;
}

static void restart(struct room *m, enum sim_death how)
{
    free(m->memory);
    rig_restart(m->rig, how);
    open_push_room(m);
}

static void free_room(struct room *m)
{
    rig_free(m->rig);
    free(m->memory);
    free(m);
}

static int64_t now_ms(const struct room *m)
{
    return wall_ms(plat_wall(m->rig->machine));
}

static void tell(struct room *m, const char *metric, const char *tag, int64_t time_ms, double value)
{
    int instance = push_instance(m->push, &(struct push_facts){.id = "web-1"});
    assert_true(instance >= 0);
    const struct push_sample sample = {.metric = metric, .tag = tag, .time_ms = time_ms, .value = value};
    assert_int_equal(push_sample(m->push, instance, &sample), ERR_OK);
}

static void commit(struct room *m)
{
    assert_int_equal(push_commit(m->push, &m->result), ERR_OK);
    assert_int_equal(store_commit(m->rig->store), ERR_OK);
    assert_true(store_commit_count(m->rig->store) >= m->result.awaited);
}

static void one(struct room *m, const char *metric, int64_t time_ms, double value)
{
    push_begin(m->push, PUSH_STORE);
    tell(m, metric, "", time_ms, value);
    commit(m);
}

/* The newest of the series of that name with that scale. */
static const struct store_series *find(struct room *m, const char *metric, uint32_t scale)
{
    int instance = store_instance_find(m->rig->store, "web-1");
    assert_true(instance >= 0);
    for (uint32_t i = 0; i < store_series_count(m->rig->store, (uint32_t)instance); i++) {
        const struct store_series *s = store_series(m->rig->store, (uint32_t)instance, i);
        const struct store_metric *of = store_metric(m->rig->store, s->metric_index);
        if (text_equal(of->name, metric) && of->scale == scale)
            return s;
    }
    return NULL;
}

static void gives_values_the_scale_they_need(void **state)
{
    (void)state;
    struct room *m = new_room(1);
    int64_t t = now_ms(m);
    push_begin(m->push, PUSH_STORE);
    tell(m, "cpu_usage", "", t, 12.34);
    tell(m, "requests", "", t, 7);
    tell(m, "temperature", "", t, 21.5);
    tell(m, "job_seconds", "", t, 0);
    tell(m, "node_load1", "", t, 0.25);
    tell(m, "huge", "", t, 9223372036854775808.0);
    tell(m, "exact", "", t, 9007199254740992.0);
    commit(m);
    assert_int_equal(m->result.stored, 7);
    assert_int_equal(m->result.rounded, 0);
    assert_int_equal(find(m, "cpu_usage", 100)->last_value, 1234);
    assert_int_equal(find(m, "requests", 1)->last_value, 7);
    assert_int_equal(find(m, "temperature", 1000)->last_value, 21500);
    assert_int_equal(find(m, "job_seconds", 1000000000)->last_value, 0);
    assert_int_equal(find(m, "node_load1", 100)->last_value, 25);
    assert_int_equal(find(m, "huge", 1)->last_value, INT64_MAX);
    assert_int_equal(find(m, "exact", 1)->last_value, INT64_C(9007199254740992));
    one(m, "requests", t + 1000, 7.125); /* finer than its series */
    assert_int_equal(find(m, "requests", 1000)->last_value, 7125);
    one(m, "requests", t + 2000, 8); /* and stays there */
    assert_int_equal(find(m, "requests", 1000)->last_value, 8000);
    assert_int_equal(find(m, "requests", 1)->last_value, 7);
    one(m, "cpu_usage", t + 1000, 12.3456); /* a known metric is rounded */
    assert_int_equal(find(m, "cpu_usage", 100)->last_value, 1235);
    assert_int_equal(m->result.rounded, 1);
    push_begin(m->push, PUSH_STORE);
    int instance = push_instance(m->push, &(struct push_facts){.id = "web-1"});
    const struct push_sample large = {.metric = "large", .time_ms = t, .is_integer = true,
                                      .integer = INT64_MAX - 6};
    assert_int_equal(push_sample(m->push, instance, &large), ERR_OK);
    commit(m);
    assert_int_equal(find(m, "large", 1)->last_value, INT64_MAX - 6);
    free_room(m);
}

/* Whatever series a value went to, the same sample again adds nothing, and another value is refused. */
static void takes_a_sample_once_in_any_scale(void **state)
{
    (void)state;
    struct room *m = new_room(2);
    int64_t t = now_ms(m);
    one(m, "requests", t, 7);
    one(m, "requests", t + 1000, 7.125);
    for (uint32_t round = 0; round < 4; round++) {
        one(m, "requests", t, 7);
        assert_int_equal(m->result.stored, 0);
        assert_int_equal(m->result.repeated, 1);
        one(m, "requests", t + 1000, 7.125);
        assert_int_equal(m->result.repeated, 1);
        one(m, "requests", t, 7.5);
        assert_int_equal(m->result.conflicts, 1);
        one(m, "requests", t + 1000, 8);
        assert_int_equal(m->result.conflicts, 1);
        if (round == 1)
            rig_seal_all(m->rig);
        if (round == 2)
            restart(m, SIM_KILL);
    }
    free_room(m);
}

static void makes_instances_with_what_is_told(void **state)
{
    (void)state;
    struct room *m = new_room(3);
    push_begin(m->push, PUSH_STORE);
    const struct push_facts facts = {.id = "db-1", .name = "database", .type = "vultr-compute",
                                     .region = "ewr"};
    int instance = push_instance(m->push, &facts);
    assert_true(instance >= 0);
    const struct instance *in = store_instance(m->rig->store, (uint32_t)instance);
    assert_string_equal(in->name, "database");
    assert_string_equal(in->type, "vultr-compute");
    assert_string_equal(in->region, "ewr");
    assert_string_equal(in->provider, "other");
    assert_int_equal(in->source, INSTANCE_FROM_INGEST);
    (void)push_instance(m->push, &(struct push_facts){.id = "db-1", .region = "fra", .provider = "vultr"});
    assert_string_equal(in->name, "database");
    assert_string_equal(in->region, "fra");
    assert_string_equal(in->provider, "vultr");
    assert_int_equal(push_instance(m->push, &(struct push_facts){.id = "no good"}), ERR_MALFORMED);
    assert_true(strlen(push_why(m->push)) > 0);
    /* An agent's facts are its own. */
    struct instance agent = {.interval_ms = 1000};
    snprintf(agent.id, sizeof agent.id, "own");
    snprintf(agent.name, sizeof agent.name, "own");
    snprintf(agent.agent_version, sizeof agent.agent_version, "1");
    int own = store_instance_put(m->rig->store, &agent);
    assert_int_equal(push_instance(m->push, &(struct push_facts){.id = "own", .name = "other"}), own);
    assert_string_equal(store_instance(m->rig->store, (uint32_t)own)->name, "own");
    free_room(m);
}

static void refuse(struct room *m, const struct push_sample *sample)
{
    assert_int_equal(push_sample(m->push, 0, sample), ERR_MALFORMED);
    assert_true(strlen(push_why(m->push)) > 0);
}

static void checks_without_a_trace(void **state)
{
    (void)state;
    struct room *m = new_room(4);
    int64_t t = now_ms(m);
    push_begin(m->push, PUSH_CHECK);
    tell(m, "fine", "", t, 1);
    refuse(m, &(struct push_sample){.metric = "", .time_ms = t});
    refuse(m, &(struct push_sample){.metric = "a\tb", .time_ms = t});
    refuse(m, &(struct push_sample){.metric = "nan", .time_ms = t, .value = __builtin_nan("")});
    refuse(m, &(struct push_sample){.metric = "inf", .time_ms = t, .value = -__builtin_inf()});
    refuse(m, &(struct push_sample){.metric = "big", .time_ms = t, .value = 1e19});
    refuse(m, &(struct push_sample){.metric = "early", .time_ms = -1});
    refuse(m, &(struct push_sample){.metric = "ahead", .time_ms = t + 2 * PUSH_AHEAD_MS_MAX});
    refuse(m, &(struct push_sample){.metric = "unit", .time_ms = t, .unit = "a unit far too long"});
    char tag[TAG_SIZE + 1];
    memset(tag, 'x', sizeof tag);
    tag[TAG_SIZE] = '\0';
    refuse(m, &(struct push_sample){.metric = "tag", .time_ms = t, .tag = tag});
    assert_int_equal(store_instance_count(m->rig->store), 0);
    free_room(m);
}

static void leaves_out_what_finds_no_room(void **state)
{
    (void)state;
    struct room *m = new_room(5);
    int64_t t = now_ms(m);
    push_begin(m->push, PUSH_STORE);
    for (uint32_t i = 0; i < 64 + 3; i++) {
        char name[32];
        snprintf(name, sizeof name, "metric_%u", i);
        tell(m, name, "", t, i);
        tell(m, name, "", t + 1000, i);
    }
    commit(m);
    assert_int_equal(m->result.stored, 2 * 64);
    assert_int_equal(m->result.no_series, 2 * 3);
    push_begin(m->push, PUSH_STORE);
    for (uint32_t i = 0; i < 9; i++) {
        char id[16];
        snprintf(id, sizeof id, "host-%u", i);
        int instance = push_instance(m->push, &(struct push_facts){.id = id});
        const struct push_sample sample = {.metric = "up", .time_ms = t, .value = 1};
        assert_int_equal(push_sample(m->push, instance, &sample), ERR_OK);
    }
    commit(m);
    assert_int_equal(m->result.stored, 7); /* of eight places one is web-1 */
    assert_int_equal(m->result.no_instance, 2);
    struct text why;
    char words[256];
    text_init(&why, words, sizeof words);
    assert_int_equal(push_left_out(&m->result, &why), 2);
    assert_non_null(strstr(words, "--agents-max"));
    free_room(m);
}

/* Any order within a request and between them; all of it is there in order of time. */
static void takes_any_order(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 6; seed++) {
        struct room *m = new_room(seed);
        int64_t start = now_ms(m) - 3000000;
        bool told[600] = {false};
        for (uint32_t round = 0; round < 60; round++) {
            uint32_t ticks[40];
            bool is_taken = false;
            for (uint32_t i = 0; i < COUNT_OF(ticks); i++)
                ticks[i] = (uint32_t)rig_random(m->rig, COUNT_OF(told));
            while (!is_taken) {
                push_begin(m->push, PUSH_STORE);
                for (uint32_t i = 0; i < COUNT_OF(ticks); i++)
                    tell(m, "steps", "a=b", start + ticks[i] * 5000, ticks[i] * 3);
                is_taken = push_commit(m->push, &m->result) == ERR_OK;
                if (rig_random(m->rig, 10) == 0) {
                    restart(m, rig_random(m->rig, 2) == 0 ? SIM_KILL : SIM_POWER_CUT);
                    is_taken = false;
                }
                rig_settle(m->rig);
            }
            assert_true(store_commit_count(m->rig->store) >= m->result.awaited);
            assert_int_equal(m->result.conflicts, 0);
            for (uint32_t i = 0; i < COUNT_OF(ticks); i++)
                told[ticks[i]] = true;
        }
        struct store_query_ask ask = {.instance = 0, .series_count = 1, .from_ms = start - start % 5000,
                                      .to_ms = start + 610 * 5000, .step_ms = 5000};
        int q = rig_ask(m->rig, &ask);
        assert_true(q >= 0);
        for (uint32_t i = 0; i < COUNT_OF(told); i++) {
            const struct store_cell *cell = store_query_cell(m->rig->store, q, 0, i);
            assert_int_equal(cell->count, told[i]);
            if (told[i])
                assert_int_equal(cell->last, i * 3);
        }
        store_query_end(m->rig->store, q);
        free_room(m);
    }
}

static void leaves_an_agents_series_to_it(void **state)
{
    (void)state;
    struct room *m = new_room(7);
    struct rig *r = m->rig;
    uint32_t agent = rig_instance(r, "web-1");
    assert_int_equal(store_epoch(r->store, agent, 5), ERR_OK);
    rig_dictionary(r, agent, 0, 1); /* metric_0, bytes */
    push_begin(m->push, PUSH_STORE);
    int instance = push_instance(m->push, &(struct push_facts){.id = "web-1"});
    const struct push_sample sample = {.metric = "metric_0", .unit = "bytes", .time_ms = now_ms(m),
                                       .value = 5};
    assert_int_equal(push_sample(m->push, instance, &sample), ERR_OK);
    tell(m, "another", "", now_ms(m), 5);
    commit(m);
    assert_int_equal(m->result.agents_own, 1);
    assert_int_equal(m->result.stored, 1);
    free_room(m);
}

static void learns_how_often_it_is_told(void **state)
{
    (void)state;
    struct room *m = new_room(8);
    int64_t t = now_ms(m) - 100000;
    for (uint32_t i = 0; i < 5; i++)
        one(m, "up", t + i * 15000, 1);
    assert_int_equal(store_instance(m->rig->store, 0)->interval_ms, 15000);
    free_room(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_values_the_scale_they_need),
        cmocka_unit_test(takes_a_sample_once_in_any_scale),
        cmocka_unit_test(makes_instances_with_what_is_told),
        cmocka_unit_test(checks_without_a_trace),
        cmocka_unit_test(leaves_out_what_finds_no_room),
        cmocka_unit_test(takes_any_order),
        cmocka_unit_test(leaves_an_agents_series_to_it),
        cmocka_unit_test(learns_how_often_it_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
