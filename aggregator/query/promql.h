/* SPDX-License-Identifier: MIT */
/* Expressions of Prometheus' query language, read into a fixed pool of nodes. Pure.
 *
 * What is read: numbers and texts; selectors with ranges and offsets; the functions and aggregations listed
 * below; arithmetic, comparison (with bool) and set operators between scalars and vectors, matched on equal
 * labels, on (...) or ignoring (...), one to one or with group_left/group_right. What Prometheus knows beyond
 * that is refused by name: subqueries, @, histograms, label_replace.
 *
 * Nodes stand behind their children, so that a walk from the first to the last with a stack evaluates. */
#ifndef NEPHOS_QUERY_PROMQL_H
#define NEPHOS_QUERY_PROMQL_H

#include "aggregator/query/selector.h"

#define PROMQL_NODES_MAX 96U
#define PROMQL_NAMES_MAX 24U      /* of labels, in all by (...), on (...) and the like */
#define PROMQL_NAME_SIZE 48U
#define PROMQL_DEPTH_MAX 24U
#define PROMQL_SIZE_MAX 4096U     /* of an expression, in bytes */
#define PROMQL_NONE (-1)

enum promql_type { PROMQL_SCALAR, PROMQL_VECTOR, PROMQL_RANGE, PROMQL_STRING };
enum promql_kind { PROMQL_NUMBER, PROMQL_TEXT, PROMQL_SELECTOR, PROMQL_CALL, PROMQL_AGGREGATE, PROMQL_BINARY,
                   PROMQL_NEGATE };

enum promql_function {
    /* over a range of each series */
    CALL_RATE, CALL_IRATE, CALL_INCREASE, CALL_DELTA, CALL_IDELTA, CALL_CHANGES, CALL_RESETS,
    CALL_AVG_OVER_TIME, CALL_MIN_OVER_TIME, CALL_MAX_OVER_TIME, CALL_SUM_OVER_TIME, CALL_COUNT_OVER_TIME,
    CALL_LAST_OVER_TIME, CALL_PRESENT_OVER_TIME,
    /* of each value */
    CALL_ABS, CALL_CEIL, CALL_FLOOR, CALL_SQRT, CALL_EXP, CALL_LN, CALL_LOG2, CALL_LOG10, CALL_SGN,
    CALL_ROUND, CALL_CLAMP, CALL_CLAMP_MIN, CALL_CLAMP_MAX,
    /* of the whole */
    CALL_ABSENT, CALL_SCALAR, CALL_VECTOR, CALL_TIME, CALL_SORT, CALL_SORT_DESC,
    CALL_COUNT,
    CALL_INSTANT = CALL_COUNT /* no function: the newest value, for who evaluates selectors */
};
enum promql_aggregate { GROUP_SUM, GROUP_AVG, GROUP_MIN, GROUP_MAX, GROUP_COUNT, GROUP_GROUP, GROUP_STDDEV,
                        GROUP_STDVAR, GROUP_TOPK, GROUP_BOTTOMK, GROUP_QUANTILE, GROUP_COUNT_OF };
enum promql_operator { OPERATOR_ADD, OPERATOR_SUBTRACT, OPERATOR_MULTIPLY, OPERATOR_DIVIDE, OPERATOR_MODULO,
                       OPERATOR_POWER, OPERATOR_EQUAL, OPERATOR_NOT_EQUAL, OPERATOR_GREATER, OPERATOR_LESS,
                       OPERATOR_GREATER_EQUAL, OPERATOR_LESS_EQUAL, OPERATOR_AND, OPERATOR_OR,
                       OPERATOR_UNLESS };
enum promql_cardinality { ONE_TO_ONE, GROUP_LEFT, GROUP_RIGHT };

struct promql_names {             /* a stretch of struct promql's names */
    uint8_t first, count;
};

struct promql_node {
    uint8_t kind, type;           /* enum promql_kind, enum promql_type */
    uint8_t what;                 /* function, aggregate or operator */
    uint8_t selector;             /* index into the selection */
    int16_t parent;               /* PROMQL_NONE: the whole */
    int16_t arguments[3];         /* nodes or PROMQL_NONE; of a binary: left and right */
    bool is_bool;
    bool is_listed;               /* names: by (...), on (...); else without (...), ignoring (...) */
    uint8_t cardinality;
    struct promql_names names;    /* of the grouping or the matching */
    struct promql_names extra;    /* of group_left (...) */
    int64_t range_ms, offset_ms;  /* of a selector; range 0: none */
    double number;
};

struct promql {
    uint32_t count;               /* the last node is the whole */
    struct promql_node nodes[PROMQL_NODES_MAX];
    uint32_t name_count;
    char names[PROMQL_NAMES_MAX][PROMQL_NAME_SIZE];
    char text[256];               /* of the one text literal that makes sense: the whole */
    struct selection selection;
};

/* Reads an expression. ERR_MALFORMED: it is none, `why` says what and at which character; ERR_FULL: it is
 * none that is understood here, or too large for it. */
int promql_parse(struct promql *q, const char *at, uint32_t length, struct text *why);
/* "5m", "1h30m", "500ms", as Prometheus writes durations: ERR_MALFORMED, or milliseconds in *out and *at
 * moved behind. */
int promql_duration(const char **at, const char *end, int64_t *out_ms);
/* A number as the language writes it, with Inf, NaN and 0x; *at is moved behind. */
int promql_number(const char **at, const char *end, double *out);
bool promql_is_comparison(enum promql_operator op);
bool promql_is_set(enum promql_operator op);

#endif
