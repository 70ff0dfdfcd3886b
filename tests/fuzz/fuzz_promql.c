/* SPDX-License-Identifier: MIT */
/* Expressions: whatever is taken is a tree whose nodes stand behind their children, and evaluates to the end
 * over made-up vectors. */
#include "tests/fuzz/fuzz.h"

#include "aggregator/query/promql_operate.h"
#include "aggregator/query/promql_window.h"

static struct promql q;
static struct promql_table t;
static struct promql_matrix stack[PROMQL_NODES_MAX + 1];

static void check_node(uint32_t at)
{
    const struct promql_node *n = &q.nodes[at];
    FUZZ_CHECK(n->parent == PROMQL_NONE ? at + 1 == q.count
                                        : n->parent > (int)at && n->parent < (int)q.count);
    for (uint32_t i = 0; i < 3; i++)
        FUZZ_CHECK(n->arguments[i] < (int)at &&
                   (n->arguments[i] < 0 || q.nodes[n->arguments[i]].parent == (int)at));
    FUZZ_CHECK(n->names.first + n->names.count <= q.name_count);
    FUZZ_CHECK(n->extra.first + n->extra.count <= q.name_count);
    FUZZ_CHECK(n->kind != PROMQL_SELECTOR || n->selector < q.selection.count);
}

static struct promql_matrix vector(bool is_scalar)
{
    struct promql_matrix m = {.first = t.row_count, .is_scalar = is_scalar};
    for (; m.rows < (is_scalar ? 1 : 3); m.rows++) {
        struct labels l = {.count = 1};
        l.at[0] = (struct label){"a", m.rows == 0 ? "x" : "y", 1};
        int row = promql_row_push(&t);
        FUZZ_CHECK(row >= 0);
        if (!is_scalar)
            FUZZ_CHECK(promql_labels_set(&t, (uint32_t)row, m.rows == 2 ? "n" : "m", &l) == ERR_OK);
        promql_cells(&t, (uint32_t)row)[m.rows % 2] = m.rows;
    }
    return m;
}

/* 0 done, or negative. */
static int work_off(const struct promql_node *n, uint32_t *depth)
{
    struct promql_work w = {0};
    struct promql_matrix none[2] = {{0}, {0}}, *top = &stack[*depth];
    int err;
    switch (n->kind) {
    case PROMQL_BINARY:
        while ((err = promql_binary(&t, &q, n, top - 2, top - 1, &w)) == 1)
            ;
        *depth -= 1;
        return err;
    case PROMQL_NEGATE:
        return promql_negate(&t, top - 1, &w);
    case PROMQL_AGGREGATE:
        err = promql_aggregate(&t, &q, n, n->arguments[1] >= 0 ? top - 2 : NULL, top - 1, &w);
        if (n->arguments[1] >= 0) {
            top[-2] = top[-1];
            *depth -= 1;
        }
        return err;
    case PROMQL_CALL:
        if (n->arguments[0] < 0)
            break;
        if (q.nodes[n->arguments[0]].type == PROMQL_RANGE)
            return 0;
        uint32_t count = 1 + (n->arguments[1] >= 0) + (n->arguments[2] >= 0);
        for (uint32_t i = 1; i < count; i++)
            none[i - 1] = top[(int)i - (int)count];
        *depth -= count - 1;
        return promql_call(&t, &q, n, top - count, none, &w);
    default:
        break;
    }
    stack[(*depth)++] = vector(n->type == PROMQL_SCALAR);
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char words[256];
    struct text why;
    uint32_t depth = 0;
    text_init(&why, words, sizeof(words));
    char *text = fuzz_exact(bytes, size);
    int err = promql_parse(&q, text, (uint32_t)size, &why);
    FUZZ_CHECK(err <= 0 && (err == ERR_OK || words[0] != '\0'));
    free(text);
    if (err != ERR_OK)
        return 0;
    FUZZ_CHECK(promql_table_begin(&t, 0, 1000, 2) == ERR_OK);
    for (uint32_t i = 0; i < q.count && err == ERR_OK; i++) {
        check_node(i);
        if (q.nodes[i].kind != PROMQL_TEXT)
            err = work_off(&q.nodes[i], &depth);
        FUZZ_CHECK(err == ERR_OK || (err == ERR_FULL && t.why[0] != '\0'));
    }
    FUZZ_CHECK(err != ERR_OK || depth == 1 || q.nodes[q.count - 1].type == PROMQL_STRING);
    FUZZ_CHECK(err != ERR_OK || depth == 0 || t.row_count == stack[0].first + stack[0].rows);
    return 0;
}
