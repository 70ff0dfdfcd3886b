/* SPDX-License-Identifier: MIT */
/* Numbers, units, durations, times and lists as people write them; names from outside cleaned. */
#include <float.h>
#include <math.h>

#include "tests/unit/unit.h"

#include "aggregator/analysis/words/metric_words.h"
#include "aggregator/analysis/words/phrase.h"

/* Thu 15 Jan 2026 14:40:20 UTC */
#define NOW INT64_C(1768488020000)
#define MIN INT64_C(60000)
#define HOUR (60 * MIN)
#define DAY (24 * HOUR)

static char words[512];
static struct text t;

static void begin(void)
{
    text_init(&t, words, sizeof words);
}

#define IS(call, expected) \
    do { \
        begin(); \
        call; \
        assert_string_equal(words, expected); \
    } while (0)

static void numbers_have_the_digits_that_matter(void **state)
{
    (void)state;
    IS(phrase_number(&t, 0), "0");
    IS(phrase_number(&t, 1), "1");
    IS(phrase_number(&t, 0.0421), "0.0421");
    IS(phrase_number(&t, 0.000012), "0");
    IS(phrase_number(&t, 0.4249), "0.42");
    IS(phrase_number(&t, 8.2), "8.2");
    IS(phrase_number(&t, 9.996), "10");
    IS(phrase_number(&t, 97.34), "97.3");
    IS(phrase_number(&t, 99.96), "100");
    IS(phrase_number(&t, 182.4), "182");
    IS(phrase_number(&t, 1234), "1,234");
    IS(phrase_number(&t, 999499), "999,499");
    IS(phrase_number(&t, 3249000), "3.2 million");
    IS(phrase_number(&t, 4e9), "4 billion");
    IS(phrase_number(&t, 1e15), "more than 1 trillion");
    IS(phrase_number(&t, -DBL_MAX), "less than -1 trillion");
    IS(phrase_number(&t, INFINITY), "more than 1 trillion");
    IS(phrase_number(&t, NAN), "no number");
    IS(phrase_number(&t, -12.34), "-12.3");
    IS(phrase_number(&t, -0.04), "-0.04");
}

static void values_carry_their_units(void **state)
{
    (void)state;
    IS(phrase_value(&t, 97.25, "percent"), "97.3 %");
    IS(phrase_value(&t, 512, "bytes"), "512 B");
    IS(phrase_value(&t, 1023.6, "bytes"), "1 KiB");
    IS(phrase_value(&t, 8804682956.8, "bytes"), "8.2 GiB");
    IS(phrase_value(&t, 5e20, "bytes"), "444,089 PiB");
    IS(phrase_value(&t, 1536, "megabytes"), "1.5 GiB");
    IS(phrase_value(&t, 350, "milliseconds"), "350 ms");
    IS(phrase_value(&t, 1500, "milliseconds"), "1.5 s");
    IS(phrase_value(&t, 0, "milliseconds"), "0 s");
    IS(phrase_value(&t, 12000, "seconds"), "3 h 20 min");
    IS(phrase_value(&t, -12000, "seconds"), "-3 h 20 min");
    IS(phrase_value(&t, 71.5, "celsius"), "71.5 °C");
    IS(phrase_value(&t, 8.25, "load"), "8.25");
    IS(phrase_value(&t, 3, "count"), "3");
    IS(phrase_value(&t, 0.335, "ratio"), "33.5 %");
    IS(phrase_value(&t, 12, "count/s"), "12/s");
    IS(phrase_value(&t, 2097152, "bytes/s"), "2 MiB/s");
    IS(phrase_value(&t, 3, "req\n"), "3 req?");
    IS(phrase_value(&t, NAN, "percent"), "no value");
    IS(phrase_rate(&t, 12582912, "bytes", "s"), "12 MiB/s");
    IS(phrase_rate(&t, 40, "count", "s"), "40/s");
    IS(phrase_rate(&t, 0.25, "seconds", "s"), "250 ms/s");
    IS(phrase_rate(&t, 0.5, "percent", "h"), "0.5 %/h");
    IS(phrase_share(&t, 0.97), "97 %");
    IS(phrase_share(&t, 0.001), "less than 1 %");
    IS(phrase_share(&t, 0.999), "more than 99 %");
    IS(phrase_share(&t, 1), "100 %");
    IS(phrase_share(&t, 0), "0 %");
}

static void counts_agree_with_their_nouns(void **state)
{
    (void)state;
    IS(phrase_count(&t, 0, "alert", NULL), "0 alerts");
    IS(phrase_count(&t, 1, "alert", NULL), "1 alert");
    IS(phrase_count(&t, 12345, "alert", NULL), "12,345 alerts");
    IS(phrase_count(&t, 2, "entry", "entries"), "2 entries");
}

static void durations_are_said_as_people_do(void **state)
{
    (void)state;
    IS(phrase_duration(&t, 0), "less than a second");
    IS(phrase_duration(&t, 1000), "1 second");
    IS(phrase_duration(&t, 59999), "59 seconds");
    IS(phrase_duration(&t, MIN), "1 minute");
    IS(phrase_duration(&t, 35 * MIN), "35 minutes");
    IS(phrase_duration(&t, HOUR), "1 hour");
    IS(phrase_duration(&t, 3 * HOUR + 20 * MIN), "3 h 20 min");
    IS(phrase_duration(&t, 47 * HOUR), "47 hours");
    IS(phrase_duration(&t, 2 * DAY + 4 * HOUR), "2 days 4 h");
    IS(phrase_duration(&t, 12 * DAY), "12 days");
    IS(phrase_duration(&t, -35 * MIN), "35 minutes");
    IS(phrase_duration(&t, INT64_MIN), "106,751,991,167 days");
    IS(phrase_about(&t, 9 * HOUR + 10 * MIN), "9 hours");
    IS(phrase_about(&t, 50 * MIN), "50 minutes");
    IS(phrase_about(&t, 30), "a minute");
    IS(phrase_about(&t, 47 * HOUR), "2 days");
}

static void times_name_the_day_and_the_zone(void **state)
{
    (void)state;
    IS(phrase_time(&t, NOW - 35 * MIN, NOW), "14:05 UTC");
    IS(phrase_time(&t, NOW - DAY, NOW), "yesterday 14:40 UTC");
    IS(phrase_time(&t, NOW + DAY, NOW), "tomorrow 14:40 UTC");
    IS(phrase_time(&t, NOW - 3 * DAY, NOW), "Mon 12 Jan 14:40 UTC");
    IS(phrase_time(&t, NOW - 20 * DAY, NOW), "26 Dec 2025 14:40 UTC");
    IS(phrase_time(&t, INT64_C(1709164800000), NOW), "29 Feb 2024 00:00 UTC");
    IS(phrase_time(&t, 0, NOW), "1 Jan 1970 00:00 UTC");
    IS(phrase_time(&t, -1, NOW), "31 Dec 1969 23:59 UTC");
    IS(phrase_span(&t, NOW - 35 * MIN, NOW, NOW), "from 14:05 to 14:40 UTC");
    IS(phrase_span(&t, NOW - 1000, NOW, NOW), "at 14:40 UTC");
    IS(phrase_span(&t, NOW - DAY - HOUR, NOW - DAY, NOW), "from yesterday 13:40 to 14:40 UTC");
    IS(phrase_span(&t, NOW - DAY, NOW, NOW), "from yesterday 14:40 UTC to 14:40 UTC");
    IS(phrase_at(&t, NOW - MIN, NOW), "at 14:39 UTC");
    IS(phrase_at(&t, NOW - DAY, NOW), "yesterday at 14:40 UTC");
    IS(phrase_at(&t, NOW - 3 * DAY, NOW), "on Mon 12 Jan at 14:40 UTC");
    IS(phrase_at(&t, NOW - 20 * DAY, NOW), "on 26 Dec 2025 at 14:40 UTC");
    IS(phrase_since(&t, NOW - 35 * MIN, NOW), "since 14:05 UTC, 35 minutes ago");
    IS(phrase_since(&t, NOW - 1000, NOW), "since 14:40 UTC, just now");
    IS(phrase_since(&t, NOW + HOUR, NOW), "since 15:40 UTC, just now"); /* a clock that is ahead */
}

static void put_list(uint32_t told, uint32_t total)
{
    static const char *const names[] = {"a", "b", "c"};
    for (uint32_t i = 0; i < told; i++) {
        phrase_list_next(&t, i, told, total);
        text_put(&t, names[i]);
    }
    phrase_list_end(&t, told, total);
}

static void lists_end_with_and(void **state)
{
    (void)state;
    IS(put_list(0, 0), "");
    IS(put_list(1, 1), "a");
    IS(put_list(2, 2), "a and b");
    IS(put_list(3, 3), "a, b and c");
    IS(put_list(2, 5), "a, b and 3 more");
    IS(put_list(1, 2), "a and 1 more");
    IS(put_list(0, 4), "4 more");
}

static void names_from_outside_are_cleaned_and_bounded(void **state)
{
    (void)state;
    IS(phrase_name(&t, "db-1"), "db-1");
    IS(phrase_name(&t, ""), "(no name)");
    IS(phrase_name(&t, "a\nb\x1b[31m\x7f"), "a?b?[31m?");
    IS(phrase_name(&t, "\xe2\x80\xae" "evil"), "???evil"); /* turns the direction of writing */
    IS(phrase_name(&t, "\xff\xc3"), "??");
    IS(phrase_name(&t, "Büro"), "Büro");
    IS(phrase_foreign(&t, "abcdefgh", 4), "abcd...");
    IS(phrase_foreign(&t, "abcü", 4), "abc..."); /* never half of a character */
    IS(phrase_foreign(&t, "%s%n", 40), "%s%n");
}

static void series_have_nouns(void **state)
{
    (void)state;
    IS(metric_noun(&t, "cpu_usage", ""), "CPU use");
    IS(metric_noun(&t, "disk_usage_percent", "mount=/var/lib"), "disk use of /var/lib");
    IS(metric_noun(&t, "network_rx_bytes", "interface=eth0"), "traffic received on eth0");
    IS(metric_noun(&t, "cpu_core_usage", "core=3"), "CPU use of core 3");
    IS(metric_noun(&t, "cpu_seconds", "mode=steal"), "CPU time taken by the hypervisor (steal)");
    IS(metric_noun(&t, "cpu_seconds", "mode=user"), "CPU time in mode user");
    IS(metric_noun(&t, "queue_length", "queue=a,shard=2"), "queue_length (queue=a,shard=2)");
    IS(metric_noun(&t, "disk_usage_percent", "mount=/a\nb"), "disk use of /a?b");
    assert_string_equal(tag_value("mount=/"), "/");
    assert_string_equal(tag_value("nothing"), "");
}

static void subjects_are_found_by_metric_rule_and_type(void **state)
{
    (void)state;
    static const struct {
        const char *metric, *rule, *type;
        enum subject is;
    } cases[] = {
        {"cpu_usage", "", "", SUBJECT_CPU},
        {"disk_inodes_usage_percent", "x", "y", SUBJECT_INODES},
        {"disk_usage_percent", "disk-space", "", SUBJECT_SPACE},
        {"", "host-silent", "", SUBJECT_SILENT},
        {"", "", "instance_down", SUBJECT_SILENT},
        {"", "", "high_cpu", SUBJECT_CPU},
        {"", "swap-thrash", "", SUBJECT_SWAP},
        {"", "cpu-steal", "", SUBJECT_STEAL},
        {"my_thing", "", "", SUBJECT_OTHER},
        {"", "", "", SUBJECT_OTHER},
    };
    for (uint32_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(subject_of(cases[i].metric, cases[i].rule, cases[i].type), cases[i].is);
    for (uint32_t i = 0; i < SUBJECT_COUNT; i++)
        assert_non_null(subject_noun((enum subject)i));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_have_the_digits_that_matter),
        cmocka_unit_test(values_carry_their_units),
        cmocka_unit_test(counts_agree_with_their_nouns),
        cmocka_unit_test(durations_are_said_as_people_do),
        cmocka_unit_test(times_name_the_day_and_the_zone),
        cmocka_unit_test(lists_end_with_and),
        cmocka_unit_test(names_from_outside_are_cleaned_and_bounded),
        cmocka_unit_test(series_have_nouns),
        cmocka_unit_test(subjects_are_found_by_metric_rule_and_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
