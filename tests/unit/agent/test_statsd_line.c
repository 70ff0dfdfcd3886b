/* SPDX-License-Identifier: MIT */
/* Lines of StatsD and DogStatsD clients, and what is none. */
#include "agent/inputs/statsd_line.c"

#include "tests/unit/unit.h"

/* The line ends where the memory does. */
static char *memory;

static int parse(const char *text, struct statsd_line *out)
{
    free(memory);
    memory = unit_exact(text, strlen(text));
    return statsd_parse(span_of(memory, (uint32_t)strlen(text)), out);
}

static void assert_line(const char *text, enum statsd_kind kind, const char *name, int64_t x1000,
                        uint32_t rate_ppm, const char *expected_tag)
{
    struct statsd_line line;
    struct statsd_value v;
    char tag[TAG_SIZE];
    assert_int_equal(parse(text, &line), ERR_OK);
    assert_int_equal(line.kind, kind);
    assert_true(span_is(line.name, name));
    assert_int_equal(line.rate_ppm, rate_ppm);
    assert_int_equal(labels_write(&line.tags, tag), ERR_OK);
    assert_string_equal(tag, expected_tag);
    struct span values = line.values;
    assert_true(statsd_next(&values, &v));
    assert_int_equal(v.x1000, x1000);
    assert_false(statsd_next(&values, &v));
}

static void every_type(void **state)
{
    (void)state;
    assert_line("gorets:1|c", STATSD_COUNTER, "gorets", 1000, 1000000, "");
    assert_line("gorets:1|c|@0.1", STATSD_COUNTER, "gorets", 1000, 100000, "");
    assert_line("glork:320.5|ms|@0.25", STATSD_TIMER, "glork", 320500, 250000, "");
    assert_line("size:7|h", STATSD_TIMER, "size", 7000, 1000000, "");
    assert_line("size:7|d|#a:b,c", STATSD_TIMER, "size", 7000, 1000000, "a=b,c=true");
    assert_line("gaugor:333|g", STATSD_GAUGE, "gaugor", 333000, 1000000, "");
    assert_line("a.b-c:1e3|c|#z:1,y:2:3|@1|c:ci-12|T1656581400", STATSD_COUNTER, "a.b-c", 1000000, 1000000,
                "y=2:3,z=1");
    assert_line("x:1|g|#", STATSD_GAUGE, "x", 1000, 1000000, "");
    assert_line("x:1|g|#,,a:,", STATSD_GAUGE, "x", 1000, 1000000, "a=");
}

static void only_ms_is_a_duration(void **state)
{
    (void)state;
    struct statsd_line line;
    assert_int_equal(parse("a:1|ms", &line), ERR_OK);
    assert_true(line.is_duration);
    assert_int_equal(parse("a:1|h", &line), ERR_OK);
    assert_false(line.is_duration);
}

static void gauges_move(void **state)
{
    (void)state;
    struct statsd_line line;
    struct statsd_value v;
    static const struct {
        const char *text;
        int64_t x1000;
        bool is_change;
    } lines[] = {{"g:+4|g", 4000, true}, {"g:-10.5|g", -10500, true}, {"g:4|g", 4000, false}};
    for (size_t i = 0; i < COUNT_OF(lines); i++) {
        assert_int_equal(parse(lines[i].text, &line), ERR_OK);
        assert_true(statsd_next(&line.values, &v));
        assert_int_equal(v.x1000, lines[i].x1000);
        assert_int_equal(v.is_change, lines[i].is_change);
    }
}

static void packed_values(void **state)
{
    (void)state;
    struct statsd_line line;
    struct statsd_value v;
    assert_int_equal(parse("m:1:2.5:-3|c|#a:b", &line), ERR_OK);
    static const int64_t expected[] = {1000, 2500, -3000};
    for (size_t i = 0; i < COUNT_OF(expected); i++) {
        assert_true(statsd_next(&line.values, &v));
        assert_int_equal(v.x1000, expected[i]);
    }
    assert_false(statsd_next(&line.values, &v));
    assert_int_equal(parse("m:1:x:3|c", &line), ERR_MALFORMED); /* all or none */
    assert_int_equal(parse("m:1:|c", &line), ERR_MALFORMED);
}

static void a_set_takes_any_text(void **state)
{
    (void)state;
    struct statsd_line line;
    assert_int_equal(parse("users:a:b c|s", &line), ERR_OK);
    assert_int_equal(line.kind, STATSD_SET);
    assert_true(span_is(line.values, "a:b c"));
    assert_int_equal(parse("users:|s", &line), ERR_MALFORMED);
}

static void what_is_none(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "", ":", "|", "a", "a:", "a:1", "a:1|", "a:|c", ":1|c", "a:1|x", "a:1|cc", "a:NaN|g", "a:inf|g",
        "bad line", "a:1|c|@", "a:1|c|@0", "a:1|c|@-1", "a:1|c|@2", "a:1|c|@x", "a:1 |c", "a|1:c",
    };
    struct statsd_line line;
    for (size_t i = 0; i < COUNT_OF(texts); i++)
        if (parse(texts[i], &line) != ERR_MALFORMED)
            fail_msg("\"%s\" is taken", texts[i]);
    assert_int_equal(parse("_e{5,4}:title|text|#a", &line), ERR_MISSING);
    assert_int_equal(parse("_sc|Redis|0", &line), ERR_MISSING);
    assert_int_equal(parse("a:1|c|#a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q", &line), ERR_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_type),
        cmocka_unit_test(only_ms_is_a_duration),
        cmocka_unit_test(gauges_move),
        cmocka_unit_test(packed_values),
        cmocka_unit_test(a_set_takes_any_text),
        cmocka_unit_test(what_is_none),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(memory);
    return failed;
}
