/* SPDX-License-Identifier: MIT */
/* --once=json, word for word. */
#include "agent/once_json.c"

#include "tests/unit/unit.h"

static struct sample sample;
static struct series series;

static void prepare(void)
{
    series_init(&series);
    sample_clear(&sample, INT64_C(1767225600500));
    sample_put(&sample, (uint32_t)series_slot(&series, METRIC_CPU_USAGE, ""), 1234);
    (void)series_slot(&series, METRIC_UPTIME, ""); /* known, but not there now */
    sample_put(&sample, (uint32_t)series_slot(&series, METRIC_DISK_USED_BYTES, "/a \"b\\c"), 5);
    sample.tops.count = 1;
    sample.tops.tops[0] = (struct process_top){.pid = 7, .cpu_share = 1250, .memory_kib = 2, .name = "a\"b"};
}

static void json(void **state)
{
    (void)state;
    char page[1000];
    struct text out;
    const struct identity identity = {.id = "web-1", .name = "web"};
    prepare();
    text_init(&out, page, sizeof page);
    once_print_json(&sample, &series, &identity, &out);
    assert_string_equal(page,
        "{\"instance\":\"web-1\",\"name\":\"web\",\"timestamp\":\"2026-01-01T00:00:00.500Z\",\"metrics\":[\n"
        "  {\"metric\":\"cpu_usage\",\"tag\":\"\",\"value\":12.34,\"unit\":\"percent\"},\n"
        "  {\"metric\":\"disk_used_bytes\",\"tag\":\"mount=/a \\\"b\\\\c\",\"value\":5,\"unit\":\"bytes\"}\n"
        "],\"processes\":[\n"
        "  {\"pid\":7,\"name\":\"a\\\"b\",\"cpu_percent\":12.5,\"memory_bytes\":2048}\n"
        "]}\n");
}

static void nothing_at_all(void **state)
{
    (void)state;
    char page[200];
    struct text out;
    const struct identity identity = {.id = "x", .name = "y"};
    series_init(&series);
    sample_clear(&sample, 0);
    text_init(&out, page, sizeof page);
    once_print_json(&sample, &series, &identity, &out);
    assert_non_null(strstr(page, "\"metrics\":[\n],\"processes\":[\n]}\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(json),
        cmocka_unit_test(nothing_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
