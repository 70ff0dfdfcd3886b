/* SPDX-License-Identifier: MIT */
/* Names of functions, aggregations and operators; numbers and durations. */
#include "aggregator/query/promql_words.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const struct promql_call calls[] = {
    [CALL_RATE] = {"rate", 1, 1, PROMQL_RANGE, PROMQL_VECTOR},
    [CALL_IRATE] = {"irate", 1, 1, PROMQL_RANGE, PROMQL_VECTOR},
    [CALL_INCREASE] = {"increase", 1, 1, PROMQL_RANGE, PROMQL_VECTOR},
    [CALL_DELTA] = {"delta", 1, 1, PROMQL_RANGE, PROMQL_VECTOR},
    [CALL_IDELTA] = {"idelta", 1, 1, PROMQL_RANGE, PROMQL_VECTOR},
    [CALL_CHANGES] = {"changes", 1, 1, PROMQL_RANGE, PROMQL_VECTOR},
    [CALL_RESETS] = {"resets", 1, 1, PROMQL_RANGE, PROMQL_VECTOR},
    [CALL_AVG_OVER_TIME] = {"avg_over_time", 1, 1, PROMQL_RANGE, PROMQL_VECTOR},
    [CALL_MIN_OVER_TIME] = {"min_over_time", 1, 1, PROMQL_RANGE, PROMQL_VECTOR},
    [CALL_MAX_OVER_TIME] = {"max_over_time", 1, 1, PROMQL_RANGE, PROMQL_VECTOR},
    [CALL_SUM_OVER_TIME] = {"sum_over_time", 1, 1, PROMQL_RANGE, PROMQL_VECTOR},
    [CALL_COUNT_OVER_TIME] = {"count_over_time", 1, 1, PROMQL_RANGE, PROMQL_VECTOR},
    [CALL_LAST_OVER_TIME] = {"last_over_time", 1, 1, PROMQL_RANGE, PROMQL_VECTOR},
    [CALL_PRESENT_OVER_TIME] = {"present_over_time", 1, 1, PROMQL_RANGE, PROMQL_VECTOR},
    [CALL_ABS] = {"abs", 1, 1, PROMQL_VECTOR, PROMQL_VECTOR},
    [CALL_CEIL] = {"ceil", 1, 1, PROMQL_VECTOR, PROMQL_VECTOR},
    [CALL_FLOOR] = {"floor", 1, 1, PROMQL_VECTOR, PROMQL_VECTOR},
    [CALL_SQRT] = {"sqrt", 1, 1, PROMQL_VECTOR, PROMQL_VECTOR},
    [CALL_EXP] = {"exp", 1, 1, PROMQL_VECTOR, PROMQL_VECTOR},
    [CALL_LN] = {"ln", 1, 1, PROMQL_VECTOR, PROMQL_VECTOR},
    [CALL_LOG2] = {"log2", 1, 1, PROMQL_VECTOR, PROMQL_VECTOR},
    [CALL_LOG10] = {"log10", 1, 1, PROMQL_VECTOR, PROMQL_VECTOR},
    [CALL_SGN] = {"sgn", 1, 1, PROMQL_VECTOR, PROMQL_VECTOR},
    [CALL_ROUND] = {"round", 1, 2, PROMQL_VECTOR, PROMQL_VECTOR},
    [CALL_CLAMP] = {"clamp", 3, 3, PROMQL_VECTOR, PROMQL_VECTOR},
    [CALL_CLAMP_MIN] = {"clamp_min", 2, 2, PROMQL_VECTOR, PROMQL_VECTOR},
    [CALL_CLAMP_MAX] = {"clamp_max", 2, 2, PROMQL_VECTOR, PROMQL_VECTOR},
    [CALL_ABSENT] = {"absent", 1, 1, PROMQL_VECTOR, PROMQL_VECTOR},
    [CALL_SCALAR] = {"scalar", 1, 1, PROMQL_VECTOR, PROMQL_SCALAR},
    [CALL_VECTOR] = {"vector", 1, 1, PROMQL_SCALAR, PROMQL_VECTOR},
    [CALL_TIME] = {"time", 0, 0, PROMQL_SCALAR, PROMQL_SCALAR},
    [CALL_SORT] = {"sort", 1, 1, PROMQL_VECTOR, PROMQL_VECTOR},
    [CALL_SORT_DESC] = {"sort_desc", 1, 1, PROMQL_VECTOR, PROMQL_VECTOR},
};
static_assert(COUNT_OF(calls) == CALL_COUNT, "every function has a row");

static const char *const aggregates[] = {
    [GROUP_SUM] = "sum", [GROUP_AVG] = "avg", [GROUP_MIN] = "min", [GROUP_MAX] = "max",
    [GROUP_COUNT] = "count", [GROUP_GROUP] = "group", [GROUP_STDDEV] = "stddev", [GROUP_STDVAR] = "stdvar",
    [GROUP_TOPK] = "topk", [GROUP_BOTTOMK] = "bottomk", [GROUP_QUANTILE] = "quantile",
};

static const char *const foreign[] = {
    "absent_over_time", "acos", "acosh", "asin", "asinh", "atan", "atanh", "cos", "cosh", "count_values",
    "day_of_month", "day_of_week", "day_of_year", "days_in_month", "deg", "deriv", "histogram_avg",
    "histogram_count", "histogram_fraction", "histogram_quantile", "histogram_sum", "holt_winters", "hour",
    "label_join", "label_replace", "mad_over_time", "minute", "month", "pi", "predict_linear",
    "quantile_over_time", "rad", "sin", "sinh", "stddev_over_time", "stdvar_over_time", "tan", "tanh",
    "timestamp", "year",
};

/* Longer ones before those that they begin with. */
static const struct {
    const char *word;
    uint8_t op, precedence;
} operators[] = {
    {"==", OPERATOR_EQUAL, 3}, {"!=", OPERATOR_NOT_EQUAL, 3}, {">=", OPERATOR_GREATER_EQUAL, 3},
    {"<=", OPERATOR_LESS_EQUAL, 3}, {">", OPERATOR_GREATER, 3}, {"<", OPERATOR_LESS, 3},
    {"+", OPERATOR_ADD, 4}, {"-", OPERATOR_SUBTRACT, 4}, {"*", OPERATOR_MULTIPLY, 5},
    {"/", OPERATOR_DIVIDE, 5}, {"%", OPERATOR_MODULO, 5}, {"^", OPERATOR_POWER, 7},
    {"and", OPERATOR_AND, 2}, {"unless", OPERATOR_UNLESS, 2}, {"or", OPERATOR_OR, 1},
};

bool promql_is_comparison(enum promql_operator op)
{
    return op >= OPERATOR_EQUAL && op <= OPERATOR_LESS_EQUAL;
}

bool promql_is_set(enum promql_operator op)
{
    return op >= OPERATOR_AND;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

/* As Prometheus, keywords are known in capitals, too. */
bool promql_is_word(const char *at, uint32_t length, const char *word)
{
    for (uint32_t i = 0; i < length; i++)
        if (lower(at[i]) != word[i])
            return false;
    return word[length] == '\0';
}

int promql_find_function(const char *word, uint32_t length)
{
    for (uint32_t i = 0; i < COUNT_OF(calls); i++)
        if (strlen(calls[i].name) == length && memcmp(calls[i].name, word, length) == 0)
            return (int)i;
    return ERR_MISSING;
}

const struct promql_call *promql_call_of(enum promql_function f)
{
    ASSERT(f < CALL_COUNT);
    return &calls[f];
}

bool promql_is_foreign(const char *word, uint32_t length)
{
    for (uint32_t i = 0; i < COUNT_OF(foreign); i++)
        if (promql_is_word(word, length, foreign[i]))
            return true;
    return false;
}

int promql_find_aggregate(const char *word, uint32_t length)
{
    for (uint32_t i = 0; i < COUNT_OF(aggregates); i++)
        if (promql_is_word(word, length, aggregates[i]))
            return (int)i;
    return ERR_MISSING;
}

bool promql_aggregate_has_parameter(enum promql_aggregate a)
{
    return a == GROUP_TOPK || a == GROUP_BOTTOMK || a == GROUP_QUANTILE;
}

uint32_t promql_find_operator(const char *at, const char *end, enum promql_operator *op)
{
    uint32_t length = selector_word(at, end);
    for (uint32_t i = 0; i < COUNT_OF(operators); i++) {
        const char *word = operators[i].word;
        uint32_t n = (uint32_t)strlen(word);
        bool is_it = operators[i].op >= OPERATOR_AND ? promql_is_word(at, length, word)
                                                     : n <= (size_t)(end - at) && memcmp(at, word, n) == 0;
        if (!is_it)
            continue;
        *op = operators[i].op;
        return n;
    }
    return 0;
}

uint32_t promql_precedence(enum promql_operator op)
{
    for (uint32_t i = 0; i < COUNT_OF(operators); i++)
        if (operators[i].op == op)
            return operators[i].precedence;
    return 0;
}

void promql_skip(const char **at, const char *end)
{
    for (;;) {
        selector_skip_blanks(at, end);
        if (*at == end || **at != '#')
            return;
        while (*at < end && **at != '\n')
            (*at)++;
    }
}

/* --- numbers --- */

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

int promql_number(const char **at, const char *end, double *out)
{
    char digits[64] = {0};
    uint32_t n = 0;
    uint32_t word = selector_word(*at, end);
    if (promql_is_word(*at, word, "inf") || promql_is_word(*at, word, "nan")) {
        *out = lower(**at) == 'i' ? INFINITY : NAN;
        *at += word;
        return ERR_OK;
    }
    for (const char *p = *at; p < end && n < sizeof(digits) - 1; p++) {
        char c = lower(*p);
        bool is_hex = n > 1 && lower(digits[1]) == 'x';
        bool is_sign = (c == '+' || c == '-') && !is_hex && n > 0 && digits[n - 1] == 'e';
        bool is_part = is_digit(c) || is_sign || (is_hex ? c >= 'a' && c <= 'f'
                                                         : c == '.' || c == 'e' || (c == 'x' && n == 1));
        if (!is_part)
            break;
        digits[n++] = c;
    }
    digits[n] = '\0';
    char *stop = digits;
    if (n == 0 || (!is_digit(digits[0]) && digits[0] != '.'))
        return ERR_MALFORMED;
    *out = strtod(digits, &stop);
    if (stop == digits || *stop != '\0' || n == sizeof(digits) - 1)
        return ERR_MALFORMED;
    *at += n;
    return ERR_OK;
}

int promql_duration(const char **at, const char *end, int64_t *out_ms)
{
    static const struct {
        const char *unit;
        int64_t ms;
    } units[] = {
        {"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {"d", 86400000}, {"w", 604800000},
        {"y", 31536000000},
    };
    const char *p = *at;
    int64_t sum = 0, before = INT64_MAX;
    while (p < end && is_digit(*p)) {
        uint64_t n;
        int64_t ms = 0, unit_ms = 0;
        uint32_t taken = 0;
        if (!text_take_u64(&p, end, &n) || n > (UINT64_C(1) << 40))
            return ERR_MALFORMED;
        for (uint32_t i = 0; i < COUNT_OF(units) && taken == 0; i++) {
            uint32_t length = (uint32_t)strlen(units[i].unit);
            if (length <= (size_t)(end - p) && memcmp(p, units[i].unit, length) == 0) {
                taken = length;
                unit_ms = units[i].ms;
            }
        }
        if (taken == 0 || unit_ms >= before || __builtin_mul_overflow((int64_t)n, unit_ms, &ms) ||
            __builtin_add_overflow(sum, ms, &sum))
            return ERR_MALFORMED;
        before = unit_ms;
        p += taken;
    }
    if (p == *at || sum > INT64_C(1) << 52)
        return ERR_MALFORMED;
    *at = p;
    *out_ms = sum;
    return ERR_OK;
}
