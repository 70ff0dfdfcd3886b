/* SPDX-License-Identifier: MIT */
/* Samples as text: what is written is read back as the same integers, in every format, whatever the texts
 * hold; and what is wrong is told. */
#include "tests/unit/unit.h"

#include "aggregator/archive/sample_text.h"

static struct sample_lines reader;
static uint8_t pool[SAMPLE_POOL_SIZE];
static char out_bytes[SAMPLE_LINE_MAX], words[256];
static struct text out, why;

static int read_line(const char *line, uint32_t length)
{
    char *copy = unit_exact(line, length);
    text_init(&why, words, sizeof words);
    int n = sample_line_read(&reader, copy, length, &why);
    free(copy);
    return n;
}

static int read_text(const char *line)
{
    return read_line(line, (uint32_t)strlen(line));
}

/* All lines of the output: the number of samples in the last one. */
static int read_out(void)
{
    int n = 0;
    for (const char *at = out.at; *at != '\0';) {
        const char *end = strchr(at, '\n');
        assert_non_null(end);
        n = read_line(at, (uint32_t)(end - at));
        at = end + 1;
    }
    return n;
}

static void check_round_trip(enum sample_format format, const struct sample_series *s, const int64_t *time_ms,
                             const int64_t *values, uint32_t count)
{
    text_init(&out, out_bytes, sizeof out_bytes);
    sample_line_init(&reader, format, pool);
    sample_put_head(&out, format);
    if (format == SAMPLE_PROM)
        sample_put_type(&out, s);
    if (format == SAMPLE_JSONL)
        sample_put_many(&out, s, time_ms, values, count);
    else
        sample_put(&out, format, s, time_ms[count - 1], values[count - 1]);
    assert_false(out.truncated);
    int n = read_out();
    if (n != (format == SAMPLE_JSONL ? (int)count : 1))
        fail_msg("%d: %s: %s", n, out.at, words);
    assert_string_equal(reader.series.instance, s->instance);
    assert_string_equal(reader.series.metric, s->metric);
    assert_string_equal(reader.series.tag, s->tag);
    assert_string_equal(reader.series.unit, s->unit);
    assert_int_equal(reader.series.kind, s->kind);
    assert_int_equal(reader.series.scale, s->scale);
    assert_int_equal(reader.rounded, 0);
    for (uint32_t i = 0; i < (uint32_t)n; i++) {
        uint32_t from = format == SAMPLE_JSONL ? i : count - 1;
        assert_true(reader.time_ms[i] == time_ms[from]);
        assert_true(reader.values[i] == values[from]);
    }
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    static const char *const tags[] = {"", "device=vda", "core=0,mode=user", "mount=/srv,data", "no pair",
                                       "path=a\"b\\c,d", "tag=x", "mount=/,"};
    static const uint32_t scales[] = {1, 10, 100, 1000, 1000000, 1000000000};
    static const int64_t edges[] = {0, 1, -1, INT64_MIN, INT64_MAX, 99, 100, -12345};
    uint64_t random = 7;
    int64_t time_ms[SAMPLE_VALUES_MAX / 4], values[SAMPLE_VALUES_MAX / 4];
    for (uint32_t i = 0; i < 2000; i++) {
        struct sample_series s = {.kind = i % 2 == 0 ? METRIC_GAUGE : METRIC_COUNTER,
                                  .scale = scales[unit_random(&random) % COUNT_OF(scales)]};
        text_copy(s.instance, sizeof s.instance, "web-1");
        text_copy(s.metric, sizeof s.metric, i % 3 == 0 ? "cpu_usage" : "my_own_metric");
        text_copy(s.tag, sizeof s.tag, tags[unit_random(&random) % COUNT_OF(tags)]);
        text_copy(s.unit, sizeof s.unit, i % 5 == 0 ? "" : "percent");
        uint32_t count = 1 + (uint32_t)(unit_random(&random) % COUNT_OF(values));
        for (uint32_t k = 0; k < count; k++) {
            uint64_t x = unit_random(&random);
            time_ms[k] = INT64_C(1767225600000) + (int64_t)(x % 1000000007);
            values[k] = x % 4 == 0 ? edges[x / 4 % COUNT_OF(edges)] : (int64_t)unit_random(&random);
        }
        check_round_trip((enum sample_format)(i % 3), &s, time_ms, values, count);
    }
}

static void decimals_are_exact_or_rounded(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint32_t scale;
        int64_t value;
        int result;
        bool rounded;
    } cases[] = {
        {"12.5", 100, 1250, ERR_OK, false},
        {"-0.01", 100, -1, ERR_OK, false},
        {"1.005", 100, 101, ERR_OK, true},
        {"1e3", 10, 10000, ERR_OK, false},
        {"1.5E-1", 100, 15, ERR_OK, false},
        {"9223372036854775807", 1, INT64_MAX, ERR_OK, false},
        {"-9223372036854775808", 1, INT64_MIN, ERR_OK, false},
        {"9223372036854775808", 1, 0, ERR_MALFORMED, false},
        {"0.00000000000000000000000001", 10, 0, ERR_OK, true},
        {"1e400", 1, 0, ERR_MALFORMED, false},
        {"0e9999999999", 1, 0, ERR_OK, false},
        {"", 1, 0, ERR_MALFORMED, false},
        {"-", 1, 0, ERR_MALFORMED, false},
        {".", 1, 0, ERR_MALFORMED, false},
        {"1.2.3", 1, 0, ERR_MALFORMED, false},
        {"NaN", 1, 0, ERR_MALFORMED, false},
        {"1e", 1, 0, ERR_MALFORMED, false},
        {"0x10", 1, 0, ERR_MALFORMED, false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        int64_t value = 0;
        bool rounded = false;
        char *copy = unit_exact(cases[i].text, strlen(cases[i].text));
        int e = sample_decimal(copy, (uint32_t)strlen(cases[i].text), cases[i].scale, &value, &rounded);
        free(copy);
        if (e != cases[i].result || (e == ERR_OK && (value != cases[i].value || rounded != cases[i].rounded)))
            fail_msg("%s * %u: %d %lld %d", cases[i].text, cases[i].scale, e, (long long)value, rounded);
    }
}

static void what_a_line_does_not_tell_is_known(void **state)
{
    (void)state;
    sample_line_init(&reader, SAMPLE_CSV, pool);
    assert_int_equal(read_text("value,time_ms,metric,instance"), 0);
    assert_int_equal(read_text("99.5,1767225600000,cpu_usage,web"), 1);
    assert_int_equal(reader.series.scale, metric_info((enum metric)metric_find("cpu_usage"))->scale);
    assert_string_equal(reader.series.unit, "percent");
    assert_int_equal(read_text("1.5,1767225600000,my_metric,web\r"), 1);
    assert_int_equal(reader.series.scale, 1000);
    assert_int_equal(reader.values[0], 1500);
    sample_line_init(&reader, SAMPLE_PROM, pool);
    assert_int_equal(read_text("# TYPE requests_total counter"), 0);
    assert_int_equal(read_text("# HELP requests_total Many"), 0);
    assert_int_equal(read_text("requests_total{instance=\"a\",code=\"200\"} 5 1767225600000"), 1);
    assert_int_equal(reader.series.kind, METRIC_COUNTER);
    assert_string_equal(reader.series.tag, "code=200");
}

static void mistakes_are_told(void **state)
{
    (void)state;
    static const struct {
        enum sample_format format;
        const char *line, *word;
    } mistakes[] = {
        {SAMPLE_CSV, "web,cpu_usage", "columns"},
        {SAMPLE_CSV, "web,cpu_usage,,,gauge,100,soon,1", "time"},
        {SAMPLE_CSV, "web,cpu_usage,,,gauge,100,1767225600000,much", "decimal"},
        {SAMPLE_CSV, "web,cpu_usage,,,often,100,1767225600000,1", "kind"},
        {SAMPLE_CSV, "web,cpu_usage,,,gauge,7,1767225600000,1", "scale"},
        {SAMPLE_CSV, ",cpu_usage,,,gauge,100,1767225600000,1", "missing"},
        {SAMPLE_PROM, "cpu_usage{instance=\"a\"} 5", "time is missing"},
        {SAMPLE_PROM, "cpu_usage{instance=\"a} 5 1767225600000", "not end"},
        {SAMPLE_PROM, "cpu_usage{instance} 5 1767225600000", "label"},
        {SAMPLE_PROM, "cpu_usage 5 1767225600000", "missing"},
        {SAMPLE_JSONL, "{\"instance\":", "JSON"},
        {SAMPLE_JSONL, "[]", "object"},
        {SAMPLE_JSONL, "{\"instance\":\"a\",\"metric\":\"m\",\"t\":[1],\"v\":[1,2]}", "same length"},
        {SAMPLE_JSONL, "{\"instance\":\"a\",\"metric\":\"m\",\"t\":[1],\"v\":[null]}", "no number"},
        {SAMPLE_JSONL, "{\"instance\":5,\"metric\":\"m\",\"t\":[1],\"v\":[1]}", "no text"},
    };
    for (size_t i = 0; i < COUNT_OF(mistakes); i++) {
        sample_line_init(&reader, mistakes[i].format, pool);
        if (mistakes[i].format == SAMPLE_CSV)
            assert_int_equal(read_text("instance,metric,tag,unit,kind,scale,time_ms,value"), 0);
        assert_int_equal(read_text(mistakes[i].line), ERR_MALFORMED);
        if (strstr(words, mistakes[i].word) == NULL)
            fail_msg("%s: %s", mistakes[i].line, words);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(decimals_are_exact_or_rounded),
        cmocka_unit_test(what_a_line_does_not_tell_is_known),
        cmocka_unit_test(mistakes_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
