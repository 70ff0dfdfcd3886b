/* SPDX-License-Identifier: MIT */
/* Planted incidents: a quiet month says nothing, trouble is one alert, and neither the past, a silence, a
 * restart nor our own absence makes another one. */
#include "tests/unit/store/rig.h"

#include "aggregator/analysis/watch.h"
#include "aggregator/store/store_access.h"
#include "aggregator/store/store_alerts.h"
#include "aggregator/store/store_told.h"

#define MINUTE_MS INT64_C(60000)
enum { CPU, MEMORY, DISK, FREE, OOM, LOAD, SLOTS };

struct room {
    struct rig *rig;
    struct watch_room *watch;
    struct rule_book *book;
    struct memory_map map;
    void *memory;
    uint64_t sequence, cursor, missed;
    int64_t values[SLOTS];
    struct block_matrix block;
};

static void open_room(struct room *m)
{
    static const struct watch_limits limits = {.instances_max = 8, .series_per_instance_max = 64,
                                               .ship_interval_ms = 10000};
    char words[200];
    struct text why;
    free(m->memory);
    for (uint32_t i = 0; i < 2; i++) {
        uint64_t size = m->map.used;
        if (i == 1)
            assert_int_equal(posix_memalign(&m->memory, 64, size), 0);
        memory_map_init(&m->map, i == 0 ? NULL : m->memory, i == 0 ? 0 : size);
        if (i == 1)
            memset(m->memory, 0, size);
        m->book = book_reserve(&m->map);
        m->watch = watch_reserve(&m->map, &limits);
    }
    text_init(&why, words, sizeof words);
    book_open(m->book, m->rig->store, &why);
    assert_string_equal(words, "");
    watch_open(m->watch, m->rig->store, m->book, plat_mono(m->rig->machine), plat_wall(m->rig->machine));
    m->cursor = store_feed_end(m->rig->store);
}

static void open_epoch(struct room *m, uint64_t epoch)
{
    static const struct store_series_facts facts[SLOTS] = {
        [CPU] = {.metric = "cpu_usage", .tag = "", .unit = "percent", .scale = 100},
        [MEMORY] = {.metric = "memory_usage_percent", .tag = "", .unit = "percent", .scale = 100},
        [DISK] = {.metric = "disk_usage_percent", .tag = "mount=/", .unit = "percent", .scale = 100},
        [FREE] = {.metric = "disk_available_bytes", .tag = "mount=/", .unit = "bytes", .scale = 1},
        [OOM] = {.metric = "oom_kills", .tag = "", .unit = "count", .scale = 1, .kind = METRIC_COUNTER},
        [LOAD] = {.metric = "load_average_5min", .tag = "", .unit = "load", .scale = 100},
    };
    assert_int_equal(store_epoch(m->rig->store, 0, epoch), ERR_OK);
    for (uint32_t s = 0; s < SLOTS; s++)
        assert_int_equal(store_dictionary_add(m->rig->store, 0, STREAM_LIVE, &facts[s]), s);
    m->sequence = 1;
}

static void quiet(struct room *m)
{
    static const int64_t values[SLOTS] = {500, 4000, 5000, INT64_C(40) << 30, 0, 10};
    memcpy(m->values, values, sizeof values);
}

static struct room *room_new(void)
{
    struct room *m = calloc(1, sizeof *m);
    assert_non_null(m);
    m->rig = rig_new(1);
    rig_must_open(m->rig);
    open_room(m);
    struct instance facts = {.id = "alpha", .name = "web", .agent_version = "1", .interval_ms = 1000,
                             .cpu_count = 4, .memory_bytes = UINT64_C(8) << 30};
    assert_int_equal(store_instance_put(m->rig->store, &facts), 0);
    open_epoch(m, 1);
    quiet(m);
    return m;
}

static void room_free(struct room *m)
{
    rig_free(m->rig);
    free(m->memory);
    free(m);
}

static void look(struct room *m)
{
    struct store_feed_block b;
    uint16_t series[SLOTS_MAX];
    struct mono now = plat_mono(m->rig->machine);
    struct wall wall = plat_wall(m->rig->machine);
    book_step(m->book);
    while (store_feed_next(m->rig->store, &m->cursor, &m->missed, &b)) {
        assert_int_equal(block_decode(b.data, b.size, b.count, &m->block), ERR_OK);
        for (uint32_t k = 0; k < m->block.slot_count; k++)
            series[k] = b.series_of_slot[m->block.slots[k]];
        watch_block(m->watch, &b, &m->block, series, now, wall);
    }
    (void)watch_step(m->watch, now, wall);
    assert_int_equal(store_commit(m->rig->store), ERR_OK);
    for (uint32_t i = 0; i < 8 && store_step(m->rig->store, now).ns <= now.ns; i++)
        continue;
}

/* One sample of that time. */
static void sample_of(struct room *m, int64_t time_ms)
{
    struct block_matrix *b = &m->rig->block;
    rig_fill(m->rig, 1, SLOTS, time_ms);
    for (uint32_t s = 0; s < SLOTS; s++)
        b->values[s][0] = m->values[s];
    b->values[CPU][0] += (int64_t)rig_random(m->rig, 300);
    assert_int_equal(rig_send(m->rig, 0, m->sequence++), 1);
    assert_int_equal(store_commit(m->rig->store), ERR_OK);
}

static void pass(struct room *m, int64_t ms)
{
    for (int64_t at = 1000; at <= ms; at += 1000) {
        sim_advance(m->rig->world, 1000 * NS_PER_MS);
        if (at % 10000 == 0)
            sample_of(m, wall_ms(plat_wall(m->rig->machine)));
        look(m);
    }
}

static const struct alert *alert(struct room *m, const char *rule, const char *tag)
{
    return store_alert_open(m->rig->store, "alpha", rule, tag);
}

static uint64_t raised(struct room *m)
{
    struct watch_stats stats;
    watch_stats(m->watch, &stats);
    return stats.raised;
}

/* Load by day, a backup at full speed for ten minutes each night, a disk that breathes: nothing to say. */
static void a_quiet_month_says_nothing(void **state)
{
    (void)state;
    struct room *m = room_new();
    store_instance(m->rig->store, 0)->interval_ms = 60000;
    for (uint32_t ten = 0; ten < 30U * 144U; ten++) {
        bool is_night = ten % 144 == 18, is_day = ten % 144 > 54 && ten % 144 < 120;
        m->values[CPU] = is_night ? 9700 : is_day ? 5500 : 300;
        m->values[LOAD] = is_night ? 450 : 120;
        m->values[DISK] = 6000 + ten % 144 * 10;
        m->values[MEMORY] = is_day ? 8200 : 6000;
        for (uint32_t i = 0; i < 10; i++) {
            sim_advance(m->rig->world, MINUTE_MS * NS_PER_MS);
            sample_of(m, wall_ms(plat_wall(m->rig->machine)));
            look(m);
        }
    }
    assert_int_equal(raised(m), 0);
    room_free(m);
}

static void held_trouble_is_one_alert_with_its_peak(void **state)
{
    (void)state;
    struct room *m = room_new();
    pass(m, 5 * MINUTE_MS);
    m->values[CPU] = 9300;
    pass(m, 10 * MINUTE_MS);
    assert_null(alert(m, "rule:cpu", ""));
    pass(m, 7 * MINUTE_MS);
    const struct alert *a = alert(m, "rule:cpu", "");
    assert_non_null(a);
    assert_int_equal(a->severity, ALERT_MEDIUM);
    assert_string_equal(a->type, "cpu_warning");
    int64_t number = a->number, first_ms = a->first_ms;
    assert_true(a->last_ms - first_ms >= 15 * MINUTE_MS);
    m->values[CPU] = 9650;
    pass(m, 2 * MINUTE_MS);
    m->values[CPU] = 6000; /* a short recovery is a part of it */
    pass(m, 5 * MINUTE_MS);
    m->values[CPU] = 9300;
    pass(m, 30 * MINUTE_MS);
    a = alert(m, "rule:cpu", "");
    assert_non_null(a);
    assert_int_equal(a->number, number);
    assert_true(a->peak_value >= 9600);
    assert_true(a->occurrences > 5 && a->occurrences < 70);
    quiet(m);
    pass(m, 20 * MINUTE_MS);
    assert_null(alert(m, "rule:cpu", ""));
    assert_int_equal(raised(m), 1);
    room_free(m);
}

/* Until it is over the alert says what was wrong, not what is good again. */
static void a_recovery_is_not_told_as_the_trouble(void **state)
{
    (void)state;
    struct room *m = room_new();
    m->values[MEMORY] = 9300;
    pass(m, 8 * MINUTE_MS);
    const struct alert *a = alert(m, "rule:memory", "");
    assert_non_null(a);
    assert_non_null(strstr(a->message, "93 % of the memory"));
    m->values[MEMORY] = 8700; /* less, and not clear of it */
    pass(m, 4 * MINUTE_MS);
    a = alert(m, "rule:memory", "");
    assert_non_null(strstr(a->message, "87 % of the memory"));
    int64_t last_ms = a->last_ms;
    m->values[MEMORY] = 4000;
    pass(m, 4 * MINUTE_MS);
    a = alert(m, "rule:memory", "");
    assert_non_null(a); /* as it may come back */
    assert_non_null(strstr(a->message, "87 % of the memory"));
    assert_in_range(a->last_ms, last_ms, last_ms + 2 * MINUTE_MS);
    m->values[MEMORY] = 9400;
    pass(m, 3 * MINUTE_MS);
    a = alert(m, "rule:memory", "");
    assert_non_null(strstr(a->message, "94 % of the memory"));
    assert_int_equal(raised(m), 1);
    room_free(m);
}

static void a_full_disk_counts_only_when_little_is_left(void **state)
{
    (void)state;
    struct room *m = room_new();
    m->values[DISK] = 9800;
    m->values[FREE] = INT64_C(200) << 30; /* two percent of much */
    pass(m, 20 * MINUTE_MS);
    assert_int_equal(raised(m), 0);
    m->values[FREE] = INT64_C(100) << 20;
    pass(m, 7 * MINUTE_MS);
    assert_int_equal(alert(m, "rule:disk_space", "mount=/")->severity, ALERT_CRITICAL);
    assert_int_equal(alert(m, "rule:disk_free", "mount=/")->severity, ALERT_CRITICAL);
    assert_true(alert(m, "rule:disk_free", "mount=/")->is_low);
    room_free(m);
}

static void a_killed_process_is_told_at_once(void **state)
{
    (void)state;
    struct room *m = room_new();
    pass(m, MINUTE_MS);
    m->values[OOM]++;
    pass(m, 10000);
    assert_int_equal(alert(m, "rule:oom", "")->severity, ALERT_HIGH);
    pass(m, 20 * MINUTE_MS);
    assert_null(alert(m, "rule:oom", ""));
    m->values[OOM] = 0; /* the machine was started anew */
    pass(m, MINUTE_MS);
    assert_int_equal(raised(m), 1);
    room_free(m);
}

static void the_past_moves_the_state_and_says_nothing(void **state)
{
    (void)state;
    struct room *m = room_new();
    int64_t now_ms = wall_ms(plat_wall(m->rig->machine));
    m->values[CPU] = 9900;
    for (int64_t ms = now_ms - 60 * MINUTE_MS; ms < now_ms - 20 * MINUTE_MS; ms += 10000) {
        sample_of(m, ms);
        look(m);
    }
    assert_int_equal(raised(m), 0);
    quiet(m);
    pass(m, 20 * MINUTE_MS);
    assert_int_equal(raised(m), 0);
    room_free(m);
}

static void an_incident_that_goes_on_is_not_told_anew_after_a_restart(void **state)
{
    (void)state;
    struct room *m = room_new();
    m->values[CPU] = 9900;
    pass(m, 20 * MINUTE_MS);
    int64_t number = alert(m, "rule:cpu", "")->number, first_ms = alert(m, "rule:cpu", "")->first_ms;
    m->values[MEMORY] = 9900; /* begins to hold, and is no alert yet */
    pass(m, 4 * MINUTE_MS);
    assert_null(alert(m, "rule:memory", ""));
    watch_close(m->watch);
    assert_int_equal(store_commit(m->rig->store), ERR_OK);
    rig_restart(m->rig, SIM_KILL);
    open_room(m);
    m->sequence = 1;
    open_epoch(m, 2);
    pass(m, 3 * MINUTE_MS);
    assert_non_null(alert(m, "rule:cpu", ""));
    assert_int_equal(alert(m, "rule:cpu", "")->number, number);
    assert_int_equal(alert(m, "rule:cpu", "")->first_ms, first_ms);
    assert_non_null(alert(m, "rule:memory", "")); /* five minutes, four of them before */
    quiet(m);
    pass(m, 20 * MINUTE_MS);
    assert_null(alert(m, "rule:cpu", ""));
    room_free(m);
}

static void a_silent_host_is_told_within_three_shipments_and_alone(void **state)
{
    (void)state;
    struct room *m = room_new();
    pass(m, 5 * MINUTE_MS);
    for (uint32_t s = 0; s < 33; s++) {
        if (s == 29)
            assert_null(alert(m, "rule:host_silent", ""));
        sim_advance(m->rig->world, 1000 * NS_PER_MS);
        look(m);
    }
    assert_non_null(alert(m, "rule:host_silent", ""));
    /* what comes late while it counts as silent speaks of the trouble that we know */
    m->values[OOM]++;
    sample_of(m, wall_ms(plat_wall(m->rig->machine)));
    struct store_feed_block b;
    uint16_t series[SLOTS_MAX];
    while (store_feed_next(m->rig->store, &m->cursor, &m->missed, &b)) {
        assert_int_equal(block_decode(b.data, b.size, b.count, &m->block), ERR_OK);
        for (uint32_t k = 0; k < m->block.slot_count; k++)
            series[k] = b.series_of_slot[m->block.slots[k]];
        watch_block(m->watch, &b, &m->block, series, plat_mono(m->rig->machine), plat_wall(m->rig->machine));
    }
    assert_null(alert(m, "rule:oom", ""));
    pass(m, MINUTE_MS);
    assert_null(alert(m, "rule:host_silent", ""));
    assert_non_null(alert(m, "rule:oom", "")); /* it goes on, and nothing hides it any more */
    room_free(m);
}

static void nobody_is_silent_while_we_were_away(void **state)
{
    (void)state;
    struct room *m = room_new();
    pass(m, 5 * MINUTE_MS);
    sim_advance(m->rig->world, 10 * MINUTE_MS * NS_PER_MS); /* held up: no step in between */
    for (uint32_t s = 0; s < 50; s++) {
        look(m);
        sim_advance(m->rig->world, 1000 * NS_PER_MS);
    }
    assert_null(alert(m, "rule:host_silent", ""));
    store_instance_revoke(m->rig->store, 0, 1);
    for (uint32_t s = 0; s < 300; s++) {
        look(m);
        sim_advance(m->rig->world, 1000 * NS_PER_MS);
    }
    assert_null(alert(m, "rule:host_silent", "")); /* who was cut off has nothing to say */
    room_free(m);
}

static void a_silence_keeps_quiet_until_it_ends(void **state)
{
    (void)state;
    struct room *m = room_new();
    char text[200];
    int64_t now_ms = wall_ms(plat_wall(m->rig->machine));
    int n = snprintf(text, sizeof text, "[s1]\ninstance = web\nrule = cpu\nfrom = %lld\nto = %lld\n",
                     (long long)now_ms, (long long)(now_ms + 40 * MINUTE_MS));
    assert_int_equal(store_document_put(m->rig->store, BOOK_SILENCES, text, (uint32_t)n), ERR_OK);
    m->values[CPU] = 9900;
    m->values[MEMORY] = 9900;
    pass(m, 35 * MINUTE_MS);
    assert_null(alert(m, "rule:cpu", ""));
    assert_non_null(alert(m, "rule:memory", ""));
    pass(m, 6 * MINUTE_MS);
    assert_non_null(alert(m, "rule:cpu", ""));
    room_free(m);
}

static void what_somebody_resolved_is_not_told_again_while_it_lasts(void **state)
{
    (void)state;
    struct room *m = room_new();
    m->values[MEMORY] = 9300;
    pass(m, 10 * MINUTE_MS);
    char id[ALERT_ID_SIZE];
    snprintf(id, sizeof id, "%s", alert(m, "rule:memory", "")->id);
    const struct alert_change change = {.status = ALERT_RESOLVED, .who = "ann"};
    assert_int_equal(store_alert_change(m->rig->store, id, &change), ERR_OK);
    pass(m, 30 * MINUTE_MS);
    assert_null(alert(m, "rule:memory", ""));
    m->values[MEMORY] = 9900; /* worse: that is news */
    pass(m, 8 * MINUTE_MS);
    assert_int_equal(alert(m, "rule:memory", "")->severity, ALERT_CRITICAL);
    room_free(m);
}

static void rules_change_while_incidents_last(void **state)
{
    (void)state;
    struct room *m = room_new();
    m->values[CPU] = 9300;
    m->values[MEMORY] = 9300;
    pass(m, 20 * MINUTE_MS);
    int64_t memory = alert(m, "rule:memory", "")->number;
    assert_non_null(alert(m, "rule:cpu", ""));
    static const char rules[] = "[cpu]\nenabled = no\n[mine]\nvalue = memory_usage_percent\nwarn = 50\n"
                                "for = 0s\n";
    assert_int_equal(store_document_put(m->rig->store, BOOK_RULES, rules, sizeof rules - 1), ERR_OK);
    pass(m, MINUTE_MS);
    assert_null(alert(m, "rule:cpu", ""));
    assert_int_equal(alert(m, "rule:memory", "")->number, memory);
    assert_non_null(alert(m, "rule:mine", ""));
    assert_int_equal(store_document_put(m->rig->store, BOOK_RULES, "nonsense", 8), ERR_OK);
    pass(m, MINUTE_MS);
    assert_non_null(strstr(book_complaint(m->book), "stored rules:1: neither"));
    room_free(m);
}

static void what_comes_and_goes_is_said_so(void **state)
{
    (void)state;
    struct room *m = room_new();
    static const char rules[] = "[flip]\nvalue = memory_usage_percent\nwarn = 90\nfor = 0s\nbridge = 0s\n"
                                "clear_for = 0s\ngrace = 30m\n[memory]\nenabled = no\n";
    assert_int_equal(store_document_put(m->rig->store, BOOK_RULES, rules, sizeof rules - 1), ERR_OK);
    for (uint32_t i = 0; i < 8; i++) {
        m->values[MEMORY] = i % 2 == 0 ? 9500 : 5000;
        pass(m, MINUTE_MS);
    }
    const struct alert *a = alert(m, "rule:flip", "");
    assert_non_null(a); /* low just now, and not believed */
    assert_non_null(strstr(a->message, "it comes and goes"));
    assert_int_equal(a->reopened, 3);
    pass(m, 40 * MINUTE_MS);
    assert_null(alert(m, "rule:flip", ""));
    room_free(m);
}

/* What a file of rules may put into braces is what the words know. */
static void every_field_of_a_message_is_filled_in(void **state)
{
    (void)state;
    char rules[1024];
    struct text t;
    struct room *m = room_new();
    text_init(&t, rules, sizeof rules);
    text_put(&t, "[all]\nvalue = memory_usage_percent\nwarn = 90\nfor = 0s\ngroup = g\nmessage =");
    for (uint32_t i = 0; rule_fields[i] != NULL; i++)
        text_printf(&t, " %s={%s}", rule_fields[i], rule_fields[i]);
    text_put_char(&t, '\n');
    assert_int_equal(store_document_put(m->rig->store, BOOK_RULES, rules, t.length), ERR_OK);
    m->values[MEMORY] = 9550;
    pass(m, MINUTE_MS);
    const struct alert *a = alert(m, "rule:all", "");
    assert_non_null(a);
    assert_null(strchr(a->message, '{'));
    assert_non_null(strstr(a->message, "name=web instance=alpha rule=all group=g"));
    assert_non_null(strstr(a->message, "value=95.5 value2=95.50 threshold=90"));
    room_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_quiet_month_says_nothing),
        cmocka_unit_test(held_trouble_is_one_alert_with_its_peak),
        cmocka_unit_test(a_recovery_is_not_told_as_the_trouble),
        cmocka_unit_test(a_full_disk_counts_only_when_little_is_left),
        cmocka_unit_test(a_killed_process_is_told_at_once),
        cmocka_unit_test(the_past_moves_the_state_and_says_nothing),
        cmocka_unit_test(an_incident_that_goes_on_is_not_told_anew_after_a_restart),
        cmocka_unit_test(a_silent_host_is_told_within_three_shipments_and_alone),
        cmocka_unit_test(nobody_is_silent_while_we_were_away),
        cmocka_unit_test(a_silence_keeps_quiet_until_it_ends),
        cmocka_unit_test(what_somebody_resolved_is_not_told_again_while_it_lasts),
        cmocka_unit_test(rules_change_while_incidents_last),
        cmocka_unit_test(what_comes_and_goes_is_said_so),
        cmocka_unit_test(every_field_of_a_message_is_filled_in),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
