/* SPDX-License-Identifier: MIT */
/* Of what is silenced nothing is sent, whatever becomes of it; what goes on is told when silence is over. */
#include "tests/unit/forward/rig.h"

/* Until `ms` from now; 0: ends what there is. */
static void silence(struct rig *r, const char *instances, int64_t ms)
{
    static char text[4096];
    struct silence_set set = {.count = ms > 0};
    struct text out;
    int64_t now_ms = wall_ms(plat_wall(r->machine));
    set.silences[0].from_ms = now_ms;
    set.silences[0].to_ms = now_ms + ms;
    (void)text_copy(set.silences[0].id, sizeof set.silences[0].id, "s");
    (void)text_copy(set.silences[0].instances, sizeof set.silences[0].instances, instances);
    (void)text_copy(set.silences[0].rules, sizeof set.silences[0].rules, "cpu");
    text_init(&out, text, sizeof text);
    silences_print(&set, &out);
    assert_int_equal(store_document_put(r->store, BOOK_SILENCES, text, out.length), ERR_OK);
    run_ms(r, 100);
}

static void test_a_silence_stops_what_was_open(void **state)
{
    (void)state;
    struct rig *r = rig_new(11, 1);
    r->list[0].repeat_ms = 600000;
    die(r, SIM_KILL);
    raise_alert(r, 1, ALERT_HIGH);
    raise_alert(r, 2, ALERT_HIGH);
    run_ms(r, 2000);
    assert_int_equal(count_keys(r, ":raised:"), 2);
    silence(r, "host-1", 3600000);
    run_ms(r, 1300000);
    assert_int_equal(r->key_count, 3); /* the other one is repeated; a repeat has its key */
    raise_alert(r, 1, ALERT_CRITICAL);
    run_ms(r, 60000);
    die(r, SIM_POWER_CUT);
    run_ms(r, 60000);
    assert_int_equal(count_keys(r, ":worsened:"), 0);
    run_ms(r, 2400000); /* the silence is over */
    assert_int_equal(count_keys(r, ":worsened:"), 1);
    rig_free(r);
}

static void test_what_begins_silenced_is_told_when_the_silence_is_over(void **state)
{
    (void)state;
    struct rig *r = rig_new(12, 1);
    silence(r, "host-*", 600000);
    raise_alert(r, 1, ALERT_HIGH);
    raise_alert(r, 2, ALERT_HIGH);
    run_ms(r, 300000);
    assert_int_equal(r->calls, 0);
    settle_alert(r, 2);
    run_ms(r, 2000);
    die(r, SIM_KILL);
    run_ms(r, 200000);
    assert_int_equal(r->calls, 0);
    run_ms(r, 200000);
    assert_int_equal(count_keys(r, ":raised:"), 1); /* which goes on; of the other nothing is told */
    assert_int_equal(r->key_count, 1);
    settle_alert(r, 1);
    run_ms(r, 5000);
    assert_int_equal(count_keys(r, ":resolved:"), 1);
    rig_free(r);
}

/* As with others that silence; but what would stay open over there for ever is closed. */
static void test_the_end_of_what_is_silenced_is_silent_except_for_incidents(void **state)
{
    (void)state;
    struct rig *r = rig_new(13, 1);
    raise_alert(r, 1, ALERT_HIGH);
    run_ms(r, 2000);
    assert_int_equal(r->calls, 1);
    silence(r, "*", 600000);
    settle_alert(r, 1);
    run_ms(r, 1200000);
    assert_int_equal(r->calls, 1);
    assert_int_equal(store_outbox(r->store, 0)->told_count, 0);
    silence(r, "", 0);
    r->list[0].type = DESTINATION_PAGERDUTY;
    die(r, SIM_KILL);
    raise_alert(r, 2, ALERT_HIGH);
    run_ms(r, 2000);
    assert_int_equal(r->calls, 2);
    silence(r, "*", 600000);
    settle_alert(r, 2);
    run_ms(r, 5000);
    assert_int_equal(r->calls, 3);
    rig_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_silence_stops_what_was_open),
        cmocka_unit_test(test_what_begins_silenced_is_told_when_the_silence_is_over),
        cmocka_unit_test(test_the_end_of_what_is_silenced_is_silent_except_for_incidents),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
