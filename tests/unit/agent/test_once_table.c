/* SPDX-License-Identifier: MIT */
/* --once for people, word for word. */
#include "agent/once_table.c"

#include "tests/unit/unit.h"

static struct sample sample;
static struct series series;
static char page[4000];

static void put(enum metric metric, const char *tag, int64_t value)
{
    sample_put(&sample, (uint32_t)series_slot(&series, metric, tag), value);
}

static void prepare(void)
{
    series_init(&series);
    sample_clear(&sample, INT64_C(1767225600500));
    put(METRIC_CPU_USAGE, "", 9312);
    put(METRIC_CPU_SECONDS, "user", 7384321);
    put(METRIC_UPTIME, "", 183600);
    (void)series_slot(&series, METRIC_LOAD_1, ""); /* known, but not there now */
    put(METRIC_CONTEXT_SWITCHES, "", 1234567);
    put(METRIC_MEMORY_AVAILABLE, "", INT64_C(1610612736));
    put(METRIC_DISK_USAGE, "/a,b \"c\\d", 7500);
    put(METRIC_DISK_READ_BYTES, "vda", 1023);
    put(METRIC_DISK_USED_BYTES, "/a,b \"c\\d", 1536);
    put(METRIC_NETWORK_RX_MB, "", 100);
    sample.tops.count = 3;
    sample.tops.tops[0] =
        (struct process_top){.pid = 9, .cpu_share = 0, .memory_kib = 4096, .name = "cache"};
    sample.tops.tops[1] =
        (struct process_top){.pid = 7, .cpu_share = 1250, .memory_kib = 2048, .name = "web"};
    sample.tops.tops[2] =
        (struct process_top){.pid = 8, .cpu_share = 0, .memory_kib = 8192, .name = "database"};
}

static const char *print(bool coloured)
{
    struct text out;
    text_init(&out, page, sizeof page);
    once_print_table(&sample, &series, coloured, &out);
    assert_false(out.truncated);
    return page;
}

static void table(void **state)
{
    (void)state;
    prepare();
    assert_string_equal(print(false),
        "CPU\n"
        "  usage                                 93.12 %\n"
        "  seconds user                      20 h 30 min\n"
        "System\n"
        "  uptime                               2 d 03 h\n"
        "  context switches                    1,234,567\n"
        "Memory\n"
        "  available                             1.5 GiB\n"
        "Filesystem /a,b \"c\\d\n"
        "  usage                                    75 %\n"
        "  used                                  1.5 KiB\n"
        "Disk vda\n"
        "  read                                   1023 B\n"
        "Processes\n"
        "  web                     7       12.5 % of a CPU      2.0 MiB\n"
        "  database                8          0 % of a CPU      8.0 MiB\n"
        "  cache                   9          0 % of a CPU      4.0 MiB\n");
}

static void colour(void **state)
{
    (void)state;
    prepare();
    print(true);
    assert_non_null(strstr(page, "\033[1mMemory\033[0m\n"));
    assert_non_null(strstr(page, "\033[31m       93.12 %\033[0m\n"));
    assert_non_null(strstr(page, "\033[33m          75 %\033[0m\n"));
}

static void every_metric_has_a_line(void **state)
{
    (void)state;
    series_init(&series);
    sample_clear(&sample, 0);
    uint32_t lines = 0, wanted = 0;
    static char large[65536];
    for (uint32_t i = 0; i < METRIC_COUNT; i++) {
        put((enum metric)i, metric_info((enum metric)i)->tag_key[0] == '\0' ? "" : "x", INT64_MAX);
        wanted += !text_equal(metric_info((enum metric)i)->unit, "megabytes");
    }
    struct text out;
    text_init(&out, large, sizeof large);
    once_print_table(&sample, &series, false, &out);
    for (const char *at = large; (at = strstr(at, "\n  ")) != NULL; at++)
        lines++;
    assert_int_equal(lines, wanted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table),
        cmocka_unit_test(colour),
        cmocka_unit_test(every_metric_has_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
