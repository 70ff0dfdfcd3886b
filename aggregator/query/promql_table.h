/* SPDX-License-Identifier: MIT */
/* The memory in which an expression is evaluated: rows of values with their labels, one value for each
 * point in time, in stacks. A matrix is a stretch of rows; the operands of an operation lie on top, its
 * result takes their place. Everything has a limit, and what does not fit is an error that says so.
 *
 * Labels lie in an arena as "name\0value\0..." by ascending name, so that equal sets are equal bytes; the
 * arena only grows, until the next query. */
#ifndef NEPHOS_QUERY_PROMQL_TABLE_H
#define NEPHOS_QUERY_PROMQL_TABLE_H

#include "aggregator/query/promql.h"

#define PROMQL_CELLS_MAX 262144U
#define PROMQL_ROWS_MAX 16384U
#define PROMQL_POINTS_MAX 11000U       /* as Prometheus */
#define PROMQL_ARENA_SIZE (2U << 20)
#define PROMQL_LABELS_SIZE 2048U       /* of one row */
#define PROMQL_INDEX_SIZE (2 * PROMQL_ROWS_MAX)

struct promql_row {
    uint64_t hash;
    uint32_t at, size;     /* in the arena */
};

struct promql_matrix {
    uint32_t first, rows;
    bool is_scalar;
    int8_t order;          /* of instant vectors: 1 ascending by value, -1 descending, 0 none */
};

struct promql_table {
    uint32_t points;
    int64_t start_ms, step_ms;
    uint32_t row_count, arena_used;
    char why[256];         /* of the last error, with status 422 */
    struct promql_row rows[PROMQL_ROWS_MAX];
    uint32_t index[PROMQL_INDEX_SIZE];  /* row plus one, by hash of something */
    uint64_t keys[PROMQL_ROWS_MAX];     /* what was hashed, of each row */
    uint32_t order[PROMQL_ROWS_MAX];    /* scratch of aggregations */
    uint32_t group_of[PROMQL_ROWS_MAX];
    uint32_t group_end[PROMQL_ROWS_MAX];
    double scratch[PROMQL_ROWS_MAX];
    double cells[PROMQL_CELLS_MAX];
    char arena[PROMQL_ARENA_SIZE];
};

/* Empties it. ERR_FULL when there are more points than one row may have. */
int promql_table_begin(struct promql_table *t, int64_t start_ms, int64_t step_ms, uint32_t points);
int64_t promql_time(const struct promql_table *t, uint32_t point);
/* Keeps the words and answers ERR_FULL. */
int promql_fail(struct promql_table *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* A new row on top, without labels and values: its number, or ERR_FULL. */
int promql_row_push(struct promql_table *t);
double *promql_cells(struct promql_table *t, uint32_t row);
/* Gives the row the values and labels of another one. */
void promql_row_copy(struct promql_table *t, uint32_t to, uint32_t from);
/* Does it have a value anywhere? */
bool promql_row_is_empty(struct promql_table *t, uint32_t row);

/* --- labels --- */

/* ERR_FULL when they do not fit. `name` is the metric's, or NULL; a label without a value is none. */
int promql_labels_set(struct promql_table *t, uint32_t row, const char *name, const struct labels *labels);
/* The next label, from *at; false at the end. Values are terminated. */
bool promql_label_next(const char **at, const char *end, const char **name, const char **value);
/* The value of that label, or NULL. */
const char *promql_label(const struct promql_table *t, uint32_t row, const char *name);
const char *promql_labels_of(const struct promql_table *t, uint32_t row, const char **end);

/* Which labels of a row count. */
struct promql_filter {
    const struct promql *q;
    struct promql_names names;
    bool is_listed;      /* those named, else all others */
    bool keeps_name;     /* when not listed: the metric's, too */
};
/* Keeps only what passes. ERR_FULL as above. */
int promql_labels_filter(struct promql_table *t, uint32_t row, const struct promql_filter *f);
/* The name of the metric goes. */
int promql_labels_drop_name(struct promql_table *t, uint32_t row);
/* What passes of `from` is added to `row`, in place of what it has of that name. */
int promql_labels_take(struct promql_table *t, uint32_t row, uint32_t from, const struct promql_filter *f);
uint64_t promql_labels_hash(const struct promql_table *t, uint32_t row, const struct promql_filter *f);
bool promql_labels_match(const struct promql_table *t, uint32_t a, uint32_t b, const struct promql_filter *f);

/* --- finding rows by labels --- */

void promql_index_clear(struct promql_table *t);
/* Enters the row under what passes: the row that was there before with the same, or PROMQL_NONE when it has
 * been entered. */
int promql_index_put(struct promql_table *t, uint32_t row, const struct promql_filter *f);
/* A row that has the same as this one (which need not be entered), or PROMQL_NONE. */
int promql_index_find(const struct promql_table *t, uint32_t row, const struct promql_filter *f);

/* Rows of the same labels, as names are dropped, become one; ERR_FULL where both have a value. */
int promql_unify(struct promql_table *t, struct promql_matrix *m);

#endif
