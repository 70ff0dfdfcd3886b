/* SPDX-License-Identifier: MIT */
/* *.prom files that come, change, break and go. */
#include "agent/inputs/textfile.c"

#include <stdio.h>

#include "tests/unit/agent/inputs_rig.h"

#define FOLDER "/var/lib/nephos-agent/textfile"

static struct textfile t;

static int set_up(void **state)
{
    (void)state;
    inputs_rig_open();
    textfile_init(&t, p, &series, scratch, FOLDER);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    inputs_rig_close();
    return 0;
}

static void look_again(void)
{
    sim_advance(world, TEXTFILE_REFRESH_MS * NS_PER_MS);
    sample_clear(&sample, 0);
    textfile_take(&t, &sample, plat_mono(p));
}

/* The value in the sample, scaled; -1 when there is none. */
static int64_t value_of_series(const char *metric, const char *tag)
{
    uint32_t scale;
    return inputs_rig_value(metric, tag, &scale);
}

static void files_come_change_and_go(void **state)
{
    (void)state;
    look_again();
    assert_int_equal(series.count, 0); /* no directory: nothing, not even a count of errors */
    sim_text(p, FOLDER "/backup.prom", "backup_bytes{job=\"db\"} 12e6\n");
    sim_text(p, FOLDER "/notes.txt", "not ours\n");
    sim_text(p, FOLDER "/.hidden.prom", "hidden 1\n");
    look_again();
    assert_int_equal(value_of_series("backup_bytes", "job=db"), INT64_C(12000000000));
    assert_int_equal(value_of_series("textfile_errors", ""), 0);
    assert_int_equal(value_of_series("hidden", ""), -1);
    sim_text(p, FOLDER "/backup.prom", "backup_bytes{job=\"db\"} 13e6\n");
    sample_clear(&sample, 0);
    textfile_take(&t, &sample, plat_mono(p)); /* not looked at yet */
    assert_int_equal(value_of_series("backup_bytes", "job=db"), INT64_C(12000000000));
    look_again();
    assert_int_equal(value_of_series("backup_bytes", "job=db"), INT64_C(13000000000));
    sim_text(p, FOLDER "/backup.prom", NULL);
    look_again();
    assert_int_equal(value_of_series("backup_bytes", "job=db"), -1);
    assert_int_equal(warnings, 0);
}

static void a_broken_file_keeps_the_others(void **state)
{
    (void)state;
    sim_text(p, FOLDER "/a.prom", "good 1\n");
    sim_text(p, FOLDER "/b.prom", "half 1\nbroken{\n");
    sim_text(p, FOLDER "/c.prom", "late 1 1700000000000\n");
    look_again();
    look_again();
    assert_int_equal(value_of_series("good", ""), 1000);
    assert_int_equal(value_of_series("half", ""), -1);
    assert_int_equal(value_of_series("late", ""), -1);
    assert_int_equal(value_of_series("textfile_errors", ""), 2);
    assert_int_equal(warnings, 2); /* each is said once */
    sim_text(p, FOLDER "/b.prom", "half 2\n");
    look_again();
    assert_int_equal(value_of_series("half", ""), 2000);
    assert_int_equal(value_of_series("textfile_errors", ""), 1);
    sim_text(p, FOLDER "/b.prom", "half\n");
    look_again();
    assert_int_equal(warnings, 3); /* it was good meanwhile */
}

static void too_large_a_file_is_broken(void **state)
{
    (void)state;
    char *huge = calloc(1, SCRATCH_SIZE + 20);
    assert_non_null(huge);
    for (uint32_t i = 0; i < SCRATCH_SIZE + 8; i += 8)
        memcpy(huge + i, "a 12345\n", 8);
    sim_text(p, FOLDER "/huge.prom", huge);
    look_again();
    assert_int_equal(value_of_series("a", ""), -1);
    assert_int_equal(value_of_series("textfile_errors", ""), 1);
    free(huge);
}

static void more_series_than_there_is_room_for(void **state)
{
    (void)state;
    char *many = calloc(1, 16000);
    assert_non_null(many);
    int length = 0;
    for (uint32_t i = 0; i < CUSTOM_SERIES_MAX + 10; i++)
        length += snprintf(many + length, 16000 - (size_t)length, "m%u 1\n", i);
    sim_text(p, FOLDER "/many.prom", many);
    sim_text(p, FOLDER "/ours.prom", "cpu_usage 1\n");
    look_again();
    assert_int_equal(t.count, CUSTOM_SERIES_MAX);
    assert_int_equal(t.refused, 11);
    assert_int_equal(value_of_series("m0", ""), 1000);
    assert_int_equal(value_of_series("cpu_usage", ""), -1);
    assert_int_equal(value_of_series("textfile_errors", ""), 0);
    assert_int_equal(warnings, 1);
    free(many);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(files_come_change_and_go, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_broken_file_keeps_the_others, set_up, tear_down),
        cmocka_unit_test_setup_teardown(too_large_a_file_is_broken, set_up, tear_down),
        cmocka_unit_test_setup_teardown(more_series_than_there_is_room_for, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
