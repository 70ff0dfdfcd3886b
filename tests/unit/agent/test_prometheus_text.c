/* SPDX-License-Identifier: MIT */
/* The text format, as client libraries and shell scripts write it. */
#include "agent/inputs/prometheus_text.c"

#include "tests/unit/unit.h"

static char *memory;
static struct prometheus_text text;
static struct prometheus_sample sample;

static void open_text(const char *words)
{
    free(memory);
    memory = unit_exact(words, strlen(words));
    text = prometheus_text_of(memory, (uint32_t)strlen(words));
}

static void assert_sample(const char *name, const char *tag, int64_t x1000, bool is_counter)
{
    char told[TAG_SIZE];
    assert_int_equal(prometheus_text_next(&text, &sample), ERR_OK);
    if (!span_is(sample.name, name))
        fail_msg("line %u: not %s", text.line, name);
    assert_int_equal(labels_write(&sample.labels, told), ERR_OK);
    assert_string_equal(told, tag);
    assert_int_equal(sample.x1000, x1000);
    assert_int_equal(sample.is_counter, is_counter);
}

static void assert_end(int result)
{
    assert_int_equal(prometheus_text_next(&text, &sample), result);
}

static void the_example_of_the_documentation(void **state)
{
    (void)state;
    open_text("# HELP http_requests_total The total number of HTTP requests.\n"
              "# TYPE http_requests_total counter\n"
              "http_requests_total{method=\"post\",code=\"200\"} 1027\n"
              "\n"
              "# Escaping in label values:\n"
              "msdos_seconds{path=\"C:\\\\DIR\\\\FILE.TXT\",error=\"Cannot find \\\"it\\\"\"} 1.458e3\n"
              "# Minimalistic line:\n"
              "metric_without_labels 12.47\n"
              "something_weird{problem=\"division by zero\"} +Inf\n"
              "and_this NaN\n"
              "# TYPE http_request_duration_seconds histogram\n"
              "http_request_duration_seconds_bucket{le=\"0.05\"} 24054\n"
              "http_request_duration_seconds_bucket{le=\"+Inf\"} 144320\n"
              "http_request_duration_seconds_sum 53423\n"
              "http_request_duration_seconds_count 144320\n"
              "# TYPE rpc_duration_seconds summary\n"
              "rpc_duration_seconds{quantile=\"0.01\"} 3102\n"
              "rpc_duration_seconds_sum 1.7560473e+07\n"
              "rpc_duration_seconds_count 2693\n"
              "rpc_duration_seconds_other 1\n");
    assert_sample("http_requests_total", "code=200,method=post", 1027000, true);
    assert_sample("msdos_seconds", "error=Cannot find \"it\",path=C:\\DIR\\FILE.TXT", 1458000, false);
    assert_sample("metric_without_labels", "", 12470, false);
    assert_sample("http_request_duration_seconds_bucket", "le=0.05", 24054000, true);
    assert_sample("http_request_duration_seconds_bucket", "le=+Inf", 144320000, true);
    assert_sample("http_request_duration_seconds_sum", "", 53423000, true);
    assert_sample("http_request_duration_seconds_count", "", 144320000, true);
    assert_sample("rpc_duration_seconds", "quantile=0.01", 3102000, false);
    assert_sample("rpc_duration_seconds_sum", "", INT64_C(17560473000), true);
    assert_sample("rpc_duration_seconds_count", "", 2693000, true);
    assert_sample("rpc_duration_seconds_other", "", 1000, false);
    assert_end(ERR_MISSING);
}

static void odd_but_good(void **state)
{
    (void)state;
    open_text("  a{}  1  \r\n\tb { x = \"1\" , y=\"2\", }\t-2\n#\n# TYPE\n#TYPE c counter\nc 3\n");
    assert_sample("a", "", 1000, false);
    assert_sample("b", "x=1,y=2", -2000, false);
    assert_end(ERR_MALFORMED); /* "# TYPE" without a name */
    open_text("#TYPE c counter\nc 3\nd:e_1 0x10\n");
    assert_sample("c", "", 3000, true);
    assert_end(ERR_MALFORMED);
    assert_int_equal(text.line, 3);
    open_text("");
    assert_end(ERR_MISSING);
}

static void broken_texts(void **state)
{
    (void)state;
    static const struct {
        const char *words;
        int result;
    } texts[] = {
        {"a", ERR_MALFORMED},          {"a 1", ERR_MALFORMED},        {"a\n", ERR_MALFORMED},
        {"1a 1\n", ERR_MALFORMED},     {"a{ 1\n", ERR_MALFORMED},     {"a{b} 1\n", ERR_MALFORMED},
        {"a{b=1} 1\n", ERR_MALFORMED}, {"a{b=\"1} 1\n", ERR_MALFORMED},
        {"a{b=\"1\" c=\"2\"} 1\n", ERR_MALFORMED},
        {"a{,} 1\n", ERR_MALFORMED},   {"a{b=\"\\\"} 1\n", ERR_MALFORMED},
        {"a 1 1700000000000\n", ERR_DENIED},
        {"a one\n", ERR_MALFORMED},    {"\xff 1\n", ERR_MALFORMED},   {"a{\"b\"=\"1\"} 1\n", ERR_MALFORMED},
        {"a{a=\"\",b=\"\",c=\"\",d=\"\",e=\"\",f=\"\",g=\"\",h=\"\",i=\"\",j=\"\",k=\"\",l=\"\",m=\"\","
         "n=\"\",o=\"\",p=\"\",q=\"\"} 1\n", ERR_FULL},
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        open_text(texts[i].words);
        int result = prometheus_text_next(&text, &sample);
        if (result != texts[i].result)
            fail_msg("%s: %d", texts[i].words, result);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_documentation),
        cmocka_unit_test(odd_but_good),
        cmocka_unit_test(broken_texts),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    free(memory);
    return failed;
}
