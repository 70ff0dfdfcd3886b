/* SPDX-License-Identifier: MIT */
/* Expressions: what they mean is worked out by hand here. */
#include "tests/unit/unit.h"

#include <math.h>

#include "aggregator/query/promql_operate.h"
#include "aggregator/query/promql_window.h"
#include "aggregator/query/promql_words.h"

static struct promql q;
static char words[256];

static int parse(const char *s)
{
    struct text why;
    text_init(&why, words, sizeof(words));
    return promql_parse(&q, s, (uint32_t)strlen(s), &why);
}

/* The tree in brackets, so that what binds closer can be seen. */
static void put(struct text *t, int node)
{
    static const char *const operators[] = {"+", "-", "*", "/", "%", "^", "==", "!=", ">", "<", ">=", "<=",
                                            "and", "or", "unless"};
    const struct promql_node *n = &q.nodes[node];
    if (n->kind == PROMQL_NUMBER)
        text_put_i64(t, (int64_t)n->number);
    else if (n->kind == PROMQL_SELECTOR)
        text_put(t, q.selection.selectors[n->selector].matchers[0].value);
    else if (n->kind == PROMQL_CALL)
        text_put(t, promql_call_of(n->what)->name);
    else if (n->kind == PROMQL_NEGATE)
        text_put_char(t, '-');
    if (n->kind == PROMQL_BINARY) {
        text_put_char(t, '(');
        put(t, n->arguments[0]);
        text_put(t, operators[n->what]);
        put(t, n->arguments[1]);
        text_put_char(t, ')');
        return;
    }
    for (uint32_t i = 0; i < 3 && n->arguments[i] >= 0; i++) {
        text_put(t, i == 0 ? "(" : ",");
        put(t, n->arguments[i]);
    }
    if (n->arguments[0] >= 0)
        text_put_char(t, ')');
}

static const char *tree(const char *s)
{
    static char buf[256];
    struct text t;
    text_init(&t, buf, sizeof(buf));
    if (parse(s) == ERR_OK)
        put(&t, (int)q.count - 1);
    else
        text_put(&t, words);
    return buf;
}

static void binds_as_prometheus_does(void **state)
{
    (void)state;
    assert_string_equal(tree("1+2*3"), "(1+(2*3))");
    assert_string_equal(tree("1-2-3"), "((1-2)-3)");
    assert_string_equal(tree("2^3^2"), "(2^(3^2))");
    assert_string_equal(tree("-2^2"), "-((2^2))");
    assert_string_equal(tree("-2*3"), "(-(2)*3)");
    assert_string_equal(tree("a + b > 1 and c or d unless e"), "((((a+b)>1)andc)or(dunlesse))");
    assert_string_equal(tree("(1+2)*3"), "((1+2)*3)");
    assert_string_equal(tree("rate(a[5m]) / 2"), "(rate(a)/2)");
    assert_string_equal(tree("clamp(a, 1, 2)"), "clamp(a,1,2)");
    assert_string_equal(tree("sum by (x) (rate(a{b=\"c\"}[5m]))"), "(rate(a))");
}

static void reads_selectors(void **state)
{
    (void)state;
    assert_int_equal(parse("a{b=\"c\",d!~\"e.*\"}[1h30m] offset -5m"), ERR_FULL); /* a range alone */
    assert_int_equal(parse("rate(a{b=\"c\",d!~\"e.*\"}[1h30m] offset -5m)"), ERR_OK);
    assert_int_equal(q.nodes[0].range_ms, 5400000);
    assert_int_equal(q.nodes[0].offset_ms, -300000);
    assert_int_equal(q.nodes[0].type, PROMQL_RANGE);
    assert_int_equal(q.nodes[0].parent, 1);
    assert_int_equal(q.selection.selectors[0].count, 3);
    assert_int_equal(parse("a / on (x, y) group_left (z) b"), ERR_OK);
    const struct promql_node *n = &q.nodes[2];
    assert_true(n->is_listed && n->cardinality == GROUP_LEFT && n->names.count == 2 && n->extra.count == 1);
    assert_string_equal(q.names[n->extra.first], "z");
    assert_int_equal(parse("a > bool 3"), ERR_OK);
    assert_true(q.nodes[2].is_bool);
    assert_int_equal(parse("\"text\""), ERR_OK);
    assert_string_equal(q.text, "text");
}

static void says_where_it_is_wrong(void **state)
{
    (void)state;
    static const char *const wrong[] = {"",       "(",       "a{",        "rate(a)", "a b", "1+",
                                        "sum()",  "nope(1)", "1==1",      "1 and 1", "{}",  "round(a,a)",
                                        "sum(1)", "a[5]",    "topk(a,a)", "\"a",     "$"};
    for (uint32_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_int_equal(parse(wrong[i]), ERR_MALFORMED);
        assert_non_null(strstr(words, "1:"));
    }
    assert_int_equal(parse("a +\n  )"), ERR_MALFORMED);
    assert_true(text_starts(words, "2:3: parse error:"));
    static const char *const foreign[] = {"rate(a[5m:1m])", "a @ 1", "deriv(a[5m])", "a[5m]", "(a)[5m:]"};
    for (uint32_t i = 0; i < COUNT_OF(foreign); i++) {
        assert_int_equal(parse(foreign[i]), ERR_FULL);
        assert_non_null(strstr(words, "not supported"));
    }
}

static void refuses_what_is_too_much(void **state)
{
    (void)state;
    char s[600];
    memset(s, '(', sizeof(s));
    s[sizeof(s) - 1] = '\0';
    assert_int_equal(parse(s), ERR_FULL); /* nested too deep */
    struct text t;
    text_init(&t, s, sizeof(s));
    text_put(&t, "1");
    for (uint32_t i = 0; i < PROMQL_NODES_MAX; i++)
        text_put(&t, "+1");
    assert_int_equal(parse(s), ERR_FULL);
}

/* --- windows --- */

static struct store_cell cells[16];
static struct promql_sample samples[16];

/* One sample each 10 s from 1,000 s on; the scale is 10. */
static uint32_t fill(const int64_t *values, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        cells[i] = (struct store_cell){.sum = values[i],
                                       .min = values[i],
                                       .max = values[i],
                                       .last = values[i],
                                       .last_ms = 1000000 + 10000 * (int64_t)i,
                                       .count = 1};
        samples[i] = (struct promql_sample){&cells[i], 10};
    }
    return count;
}

static double over(enum promql_function f, uint32_t count, int64_t range_ms, int64_t t_ms)
{
    const struct promql_window w = {f, range_ms, 0};
    uint32_t first = 0;
    uint64_t looked = 0;
    return promql_window_value(&w, samples, count, t_ms, &first, &looked);
}

static void is(double value, double wanted)
{
    assert_true(fabs(value - wanted) < 1e-12 * (1 + fabs(wanted)));
}

static void extrapolates_as_prometheus_does(void **state)
{
    (void)state;
    /* 0 10 20 30 at 1000, 1010, 1020, 1030 s */
    uint32_t n = fill((const int64_t[]){0, 100, 200, 300}, 4);
    /* The window 1000..1030 is filled to both ends: 30 in 30 s. */
    is(over(CALL_RATE, n, 30000, 1030000), 1);
    is(over(CALL_INCREASE, n, 30000, 1030000), 30);
    /* 995..1035: 5 s at the end are within 1.1 distances; at the start a counter at zero goes back no
     * further: 30 * (30 + 0 + 5) / 30. */
    is(over(CALL_INCREASE, n, 40000, 1035000), 35);
    is(over(CALL_DELTA, n, 40000, 1035000), 40);
    /* 1000..1100: the end is 70 s away, so half a distance is added: 30 * 35 / 30, per 100 s. */
    is(over(CALL_RATE, n, 100000, 1100000), 0.35);
    is(over(CALL_IRATE, n, 30000, 1030000), 1);
    is(over(CALL_IDELTA, n, 30000, 1030000), 10);
    assert_true(promql_is_absent(over(CALL_RATE, n, 5000, 1030000)));
    /* 50 60 5 15: fell once; 10 + 5 + 10 in 30 s. */
    n = fill((const int64_t[]){500, 600, 50, 150}, 4);
    is(over(CALL_INCREASE, n, 30000, 1030000), 25);
    is(over(CALL_RESETS, n, 30000, 1030000), 1);
    is(over(CALL_CHANGES, n, 30000, 1030000), 3);
    is(over(CALL_DELTA, n, 30000, 1030000), -35);
    /* The last two are 60 and 5: it has begun at zero. */
    is(over(CALL_IRATE, n, 20000, 1025000), 0.5);
}

static void folds_what_lies_in_the_window(void **state)
{
    (void)state;
    uint32_t n = fill((const int64_t[]){10, -40, 60, 20}, 4);
    is(over(CALL_SUM_OVER_TIME, n, 30000, 1030000), 5);
    is(over(CALL_AVG_OVER_TIME, n, 30000, 1030000), 1.25);
    is(over(CALL_MIN_OVER_TIME, n, 30000, 1030000), -4);
    is(over(CALL_MAX_OVER_TIME, n, 30000, 1030000), 6);
    is(over(CALL_COUNT_OVER_TIME, n, 20000, 1030000), 3); /* both ends belong to it */
    is(over(CALL_COUNT_OVER_TIME, n, 19999, 1030000), 2);
    is(over(CALL_LAST_OVER_TIME, n, 15000, 1029999), 6);
    is(over(CALL_INSTANT, n, 300000, 1300000), 2);
    assert_true(promql_is_absent(over(CALL_INSTANT, n, 300000, 1330001)));
    assert_true(promql_is_absent(over(CALL_INSTANT, n, 300000, 999999)));
    /* A cell of many: everything in it counts. */
    cells[3] =
        (struct store_cell){.sum = 200, .min = 10, .max = 90, .last = 20, .last_ms = 1030000, .count = 4};
    is(over(CALL_AVG_OVER_TIME, n, 5000, 1030000), 5);
    is(over(CALL_COUNT_OVER_TIME, n, 5000, 1030000), 4);
}

static void widens_windows_that_hold_too_little(void **state)
{
    (void)state;
    uint32_t n = fill((const int64_t[]){0, 100, 200, 300}, 4), first = 0;
    uint64_t looked = 0;
    struct promql_window w = {CALL_RATE, 5000, 10000};
    is(promql_window_value(&w, samples, n, 1030000, &first, &looked), 1);
    w.function = CALL_INCREASE;
    is(promql_window_value(&w, samples, n, 1030000, &first, &looked), 5);
}

/* --- tables --- */

static struct promql_table table;

/* A row with the metric m, the label a, and one value. */
static void add_row(const char *a, const char *b, double value)
{
    struct labels l = {.count = 2};
    l.at[0] = (struct label){"b", b, (uint32_t)strlen(b)};
    l.at[1] = (struct label){"a", a, (uint32_t)strlen(a)};
    int row = promql_row_push(&table);
    assert_true(row >= 0 && promql_labels_set(&table, (uint32_t)row, "m", &l) == ERR_OK);
    *promql_cells(&table, (uint32_t)row) = value;
}

static struct promql_matrix three(void)
{
    assert_int_equal(promql_table_begin(&table, 0, 1, 1), ERR_OK);
    add_row("x", "1", 3);
    add_row("y", "1", 1);
    add_row("x", "2", 5);
    return (struct promql_matrix){.first = 0, .rows = 3};
}

static struct promql_matrix aggregated(const char *s, const double *parameter)
{
    assert_int_equal(parse(s), ERR_OK);
    assert_int_equal(promql_table_begin(&table, 0, 1, 1), ERR_OK);
    struct promql_matrix p = {.is_scalar = true, .rows = 1}, m = {.rows = 3};
    if (parameter != NULL) {
        m.first = (uint32_t)promql_row_push(&table) + 1;
        *promql_cells(&table, 0) = *parameter;
    }
    add_row("x", "1", 3);
    add_row("y", "1", 1);
    add_row("x", "2", 5);
    struct promql_work w = {0};
    const struct promql_node *n = &q.nodes[q.count - 1];
    assert_int_equal(promql_aggregate(&table, &q, n, parameter != NULL ? &p : NULL, &m, &w), 0);
    assert_int_equal(m.first, 0);
    assert_int_equal(table.row_count, m.rows);
    return m;
}

static void aggregates(void **state)
{
    (void)state;
    struct promql_matrix m = aggregated("sum by (a) (m)", NULL);
    assert_int_equal(m.rows, 2);
    is(*promql_cells(&table, 0), 8);
    assert_string_equal(promql_label(&table, 0, "a"), "x");
    assert_null(promql_label(&table, 0, "b"));
    assert_null(promql_label(&table, 0, "__name__"));
    is(*promql_cells(&table, 1), 1);
    m = aggregated("avg without (b) (m)", NULL);
    is(*promql_cells(&table, 0), 4);
    m = aggregated("stddev(m)", NULL); /* 3 1 5: mean 3, variance (0 + 4 + 4) / 3 */
    is(*promql_cells(&table, 0), sqrt(8.0 / 3));
    m = aggregated("quantile(0.75, m)", &(double){0.75}); /* 1 3 5: rank 1.5 */
    is(*promql_cells(&table, 0), 4);
    m = aggregated("topk(2, m)", &(double){2});
    assert_int_equal(m.rows, 2);
    promql_sort(&table, &m);
    is(*promql_cells(&table, 0), 5);
    is(*promql_cells(&table, 1), 3);
    assert_string_equal(promql_label(&table, 0, "__name__"), "m");
    m = aggregated("bottomk by (a) (1, m)", &(double){1});
    assert_int_equal(m.rows, 2);
}

static int binary(const char *s, struct promql_matrix *left, struct promql_matrix *right)
{
    struct promql_work w = {0};
    assert_int_equal(parse(s), ERR_OK);
    return promql_binary(&table, &q, &q.nodes[q.count - 1], left, right, &w);
}

static void matches_on_labels(void **state)
{
    (void)state;
    struct promql_matrix left = three(), right = {.first = 3, .rows = 2};
    add_row("y", "1", 10);
    add_row("x", "2", 20);
    assert_int_equal(binary("m + m", &left, &right), 0);
    assert_int_equal(left.rows, 2);
    is(*promql_cells(&table, 0), 11);
    assert_string_equal(promql_label(&table, 0, "a"), "y");
    assert_null(promql_label(&table, 0, "__name__"));
    is(*promql_cells(&table, 1), 25);
    /* Two on the left have a="x": many to one must be said. */
    left = three();
    right = (struct promql_matrix){.first = 3, .rows = 1};
    add_row("x", "9", 100);
    assert_int_equal(binary("m * on (a) m", &left, &right), ERR_FULL);
    assert_non_null(strstr(table.why, "many-to-one"));
    left = three();
    right = (struct promql_matrix){.first = 3, .rows = 1};
    add_row("x", "9", 100);
    assert_int_equal(binary("m * on (a) group_left m", &left, &right), 0);
    assert_int_equal(left.rows, 2);
    is(*promql_cells(&table, 1), 500);
    assert_string_equal(promql_label(&table, 1, "b"), "2");
    /* A comparison lets through, with the name. */
    left = three();
    right = (struct promql_matrix){.first = 3, .rows = 1, .is_scalar = true};
    *promql_cells(&table, (uint32_t)promql_row_push(&table)) = 2;
    assert_int_equal(binary("m > 2", &left, &right), 0);
    assert_true(promql_row_is_empty(&table, 1));
    is(*promql_cells(&table, 2), 5);
    assert_string_equal(promql_label(&table, 2, "__name__"), "m");
}

static void has_room_for_so_many(void **state)
{
    (void)state;
    assert_int_equal(promql_table_begin(&table, 0, 1, PROMQL_POINTS_MAX), ERR_OK);
    for (uint32_t i = 0; i < PROMQL_CELLS_MAX / PROMQL_POINTS_MAX; i++)
        assert_int_equal(promql_row_push(&table), i);
    assert_int_equal(promql_row_push(&table), ERR_FULL);
    assert_non_null(strstr(table.why, "262144 values"));
    assert_int_equal(promql_table_begin(&table, 0, 1, PROMQL_POINTS_MAX + 1), ERR_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(binds_as_prometheus_does),
        cmocka_unit_test(reads_selectors),
        cmocka_unit_test(says_where_it_is_wrong),
        cmocka_unit_test(refuses_what_is_too_much),
        cmocka_unit_test(extrapolates_as_prometheus_does),
        cmocka_unit_test(folds_what_lies_in_the_window),
        cmocka_unit_test(widens_windows_that_hold_too_little),
        cmocka_unit_test(aggregates),
        cmocka_unit_test(matches_on_labels),
        cmocka_unit_test(has_room_for_so_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
