/* SPDX-License-Identifier: MIT */
/* --once=prom: word for word, and by a reader as strict as Prometheus' own. */
#include "agent/once_prom.c"

#include "tests/unit/unit.h"

static struct sample sample;
static struct series series;
static char page[262144];

static void put(enum metric metric, const char *tag, int64_t value)
{
    sample_put(&sample, (uint32_t)series_slot(&series, metric, tag), value);
}

static void put_custom(const char *name, const char *tag, const char *unit, bool counter, int64_t value)
{
    int slot = series_custom(&series, name, tag, unit, counter);
    assert_true(slot >= 0);
    sample_put(&sample, (uint32_t)slot, value);
}

static void print(void)
{
    struct text out;
    text_init(&out, page, sizeof page);
    once_print_prom(&sample, &series, &out);
    assert_false(out.truncated);
}

/* --- the strict reader --- */

static char families[1024][FAMILY_SIZE], lines[2048][512];
static uint32_t family_count, line_count;

static bool is_name_start(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static const char *take_name(const char *at)
{
    assert_true(is_name_start(*at));
    while (is_name_start(*at) || (*at >= '0' && *at <= '9'))
        at++;
    return at;
}

/* From { to behind }. */
static const char *take_labels(const char *at)
{
    do {
        const char *key = ++at;
        at = take_name(at);
        assert_false(key[0] == '_' && key[1] == '_');
        assert_true(at[0] == '=' && at[1] == '"');
        for (at += 2; *at != '"'; at++) {
            assert_true(*at != '\n' && *at != '\0');
            if (*at == '\\') {
                at++;
                assert_true(*at == '\\' || *at == '"' || *at == 'n');
            }
        }
        at++;
    } while (*at == ',');
    assert_true(*at == '}');
    return at + 1;
}

static void take_number(const char *at)
{
    at += *at == '-';
    assert_true(*at >= '0' && *at <= '9');
    at += strspn(at, "0123456789");
    if (*at == '.')
        at += 1 + strspn(at + 1, "0123456789");
    assert_true(*at == '\0');
}

static void begin_family(char *line, char *type_line)
{
    static const char *const types[] = {"counter", "gauge", "untyped"};
    char *name = line + strlen("# HELP ");
    const char *end = take_name(name);
    assert_true(*end == ' ' && end[1] != '\0');
    assert_true(text_starts(type_line, "# TYPE "));
    size_t length = (size_t)(end - name);
    assert_int_equal(strncmp(type_line + 7, name, length + 1), 0);
    const char *type = type_line + 7 + length + 1;
    bool known = false;
    for (size_t i = 0; i < COUNT_OF(types); i++)
        known = known || text_equal(type, types[i]);
    assert_true(known);
    name[length] = '\0';
    assert_true(length < FAMILY_SIZE);
    assert_int_equal(text_equal(type, "counter"), prometheus_is_total(name));
    for (uint32_t i = 0; i < family_count; i++)
        if (text_equal(families[i], name))
            fail_msg("%s stands in two places", name);
    text_copy(families[family_count++], FAMILY_SIZE, name);
}

static void take_sample(const char *line)
{
    const char *end = take_name(line);
    const char *family = families[family_count - 1];
    assert_true(strlen(family) == (size_t)(end - line) && strncmp(family, line, strlen(family)) == 0);
    if (*end == '{')
        end = take_labels(end);
    assert_true(*end == ' ');
    take_number(end + 1);
    for (uint32_t i = 0; i < line_count; i++)
        if (strlen(lines[i]) == (size_t)(end - line) && text_starts(line, lines[i]))
            fail_msg("%s is there twice", lines[i]);
    text_copy(lines[line_count], sizeof lines[0], line);
    lines[line_count++][end - line] = '\0';
}

static void read_strictly(void)
{
    family_count = line_count = 0;
    for (char *at = page; *at != '\0';) {
        char *end = strchr(at, '\n');
        assert_non_null(end);
        *end = '\0';
        if (*at == '#') {
            assert_true(text_starts(at, "# HELP "));
            char *type = end + 1;
            end = strchr(type, '\n');
            assert_non_null(end);
            *end = '\0';
            begin_family(at, type);
        } else {
            assert_true(family_count > 0);
            take_sample(at);
        }
        at = end + 1;
    }
}

/* --- the tests --- */

static void word_for_word(void **state)
{
    (void)state;
    series_init(&series);
    sample_clear(&sample, 0);
    put(METRIC_CPU_USAGE, "", 1234);
    put(METRIC_CPU_SECONDS, "user", 7384321);
    put(METRIC_NETWORK_RX_BYTES, "eth0", 5);
    put(METRIC_CPU_SECONDS, "idle", 100);
    put(METRIC_DISK_AVAILABLE_BYTES, "/a,b=\"c\\d", 7);
    put(METRIC_NETWORK_RX_MB, "", 100);
    put_custom("checkout.time", "shop=a,__x=b,9=c", "milliseconds", false, 12345678);
    print();
    assert_string_equal(page,
        "# HELP nephos_cpu_usage_ratio Busy share of all CPUs since the sample before: everything but idle "
        "and iowait\n"
        "# TYPE nephos_cpu_usage_ratio gauge\n"
        "nephos_cpu_usage_ratio 0.1234\n"
        "# HELP node_cpu_seconds_total CPU time by mode, all CPUs together\n"
        "# TYPE node_cpu_seconds_total counter\n"
        "node_cpu_seconds_total{mode=\"user\"} 73843.21\n"
        "node_cpu_seconds_total{mode=\"idle\"} 1\n"
        "# HELP node_network_receive_bytes_total Bytes received\n"
        "# TYPE node_network_receive_bytes_total counter\n"
        "node_network_receive_bytes_total{device=\"eth0\"} 5\n"
        "# HELP node_filesystem_avail_bytes Space that unprivileged users can still have\n"
        "# TYPE node_filesystem_avail_bytes gauge\n"
        "node_filesystem_avail_bytes{mountpoint=\"/a,b=\\\"c\\\\d\"} 7\n"
        "# HELP nephos_checkout_time_seconds Told by an application on this machine\n"
        "# TYPE nephos_checkout_time_seconds gauge\n"
        "nephos_checkout_time_seconds{shop=\"a\",tag___x=\"b\",tag_9=\"c\"} 12.345678\n");
    read_strictly();
    assert_int_equal(family_count, 5);
    assert_int_equal(line_count, 6);
}

static void every_metric_is_read_by_a_strict_reader(void **state)
{
    (void)state;
    series_init(&series);
    sample_clear(&sample, 0);
    uint32_t wanted = 0;
    for (uint32_t i = 0; i < METRIC_COUNT; i++) {
        bool has_tag = metric_info((enum metric)i)->tag_key[0] != '\0';
        put((enum metric)i, has_tag ? "x" : "", INT64_MIN + i);
        if (has_tag)
            put((enum metric)i, "y=\"\\", INT64_MAX - i);
        wanted += text_equal(metric_info((enum metric)i)->unit, "megabytes") ? 0 : has_tag ? 2 : 1;
    }
    print();
    read_strictly();
    assert_int_equal(line_count, wanted);
}

static void names_that_become_the_same_are_told_once(void **state)
{
    (void)state;
    series_init(&series);
    sample_clear(&sample, 0);
    put_custom("a.b", "", "", true, 1000);
    put_custom("a_b", "", "", true, 2000);
    put_custom("a-b", "x=1", "", true, 3000);
    put_custom("a_b_total", "x=1", "", true, 4000);
    print();
    read_strictly();
    assert_int_equal(family_count, 1);
    assert_int_equal(line_count, 2);
    assert_string_equal(lines[0], "nephos_a_b_total");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(word_for_word),
        cmocka_unit_test(every_metric_is_read_by_a_strict_reader),
        cmocka_unit_test(names_that_become_the_same_are_told_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
