/* SPDX-License-Identifier: MIT */
/* The parser: recursive descent over expressions, precedence climbing over operators. See promql.h. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "aggregator/query/promql_words.h"

struct parser {
    struct promql *q;
    const char *start, *at, *end;
    struct text *why;
    uint32_t depth;
};

static int read_expression(struct parser *p, uint32_t least);

/* --- complaints --- */

__attribute__((format(printf, 3, 4)))
static int complain(struct parser *p, int err, const char *format, ...)
{
    char words[192];
    va_list args;
    uint32_t line = 1, column = 1;
    va_start(args, format);
    (void)vsnprintf(words, sizeof(words), format, args);
    va_end(args);
    for (const char *c = p->start; c < p->at; c++) {
        line += *c == '\n';
        column = *c == '\n' ? 1 : column + 1;
    }
    text_clear(p->why);
    text_printf(p->why, "%u:%u: %s%s", line, column, err == ERR_MALFORMED ? "parse error: " : "", words);
    return err;
}

static int unsupported(struct parser *p, const char *what, uint32_t length)
{
    return complain(p, ERR_FULL, "%.*s is not supported here", (int)length, what);
}

/* --- small steps --- */

static bool take(struct parser *p, char c)
{
    promql_skip(&p->at, p->end);
    if (p->at == p->end || *p->at != c)
        return false;
    p->at++;
    return true;
}

static int expect(struct parser *p, char c)
{
    return take(p, c) ? ERR_OK : complain(p, ERR_MALFORMED, "'%c' was expected", c);
}

static bool take_word(struct parser *p, const char *word)
{
    promql_skip(&p->at, p->end);
    uint32_t length = selector_word(p->at, p->end);
    if (length == 0 || !promql_is_word(p->at, length, word))
        return false;
    p->at += length;
    return true;
}

/* A node behind its children; they learn who it is. */
static int add_node(struct parser *p, struct promql_node node)
{
    struct promql *q = p->q;
    if (q->count == PROMQL_NODES_MAX)
        return complain(p, ERR_FULL, "the expression has more than %u parts", PROMQL_NODES_MAX);
    node.parent = PROMQL_NONE;
    for (uint32_t i = 0; i < COUNT_OF(node.arguments); i++)
        if (node.arguments[i] >= 0)
            q->nodes[node.arguments[i]].parent = (int16_t)q->count;
    q->nodes[q->count] = node;
    return (int)q->count++;
}

static struct promql_node blank(enum promql_kind kind, enum promql_type type)
{
    return (struct promql_node){.kind = (uint8_t)kind, .type = (uint8_t)type,
                                .arguments = {PROMQL_NONE, PROMQL_NONE, PROMQL_NONE}};
}

static int add_number(struct parser *p, double value)
{
    struct promql_node node = blank(PROMQL_NUMBER, PROMQL_SCALAR);
    node.number = value;
    return add_node(p, node);
}

static enum promql_type type_of(const struct parser *p, int node)
{
    return p->q->nodes[node].type;
}

static int expect_type(struct parser *p, int node, enum promql_type type, const char *where)
{
    static const char *const names[] = {"scalar", "instant vector", "range vector", "string"};
    if (type_of(p, node) == type)
        return ERR_OK;
    return complain(p, ERR_MALFORMED, "expected type %s in %s, got %s", names[type], where,
                    names[type_of(p, node)]);
}

/* --- lists of labels --- */

static int add_name(struct parser *p, struct promql_names *names)
{
    struct promql *q = p->q;
    promql_skip(&p->at, p->end);
    uint32_t length = selector_word(p->at, p->end);
    if (length == 0)
        return complain(p, ERR_MALFORMED, "the name of a label was expected");
    if (q->name_count == PROMQL_NAMES_MAX || length >= PROMQL_NAME_SIZE)
        return complain(p, ERR_FULL, "more than %u names of labels, or one over %u characters",
                        PROMQL_NAMES_MAX, PROMQL_NAME_SIZE - 1);
    memcpy(q->names[q->name_count], p->at, length);
    q->names[q->name_count++][length] = '\0';
    names->count++;
    p->at += length;
    return ERR_OK;
}

static int read_names(struct parser *p, struct promql_names *names)
{
    *names = (struct promql_names){(uint8_t)p->q->name_count, 0};
    int err = expect(p, '(');
    while (err == ERR_OK && !take(p, ')')) {
        err = add_name(p, names);
        if (err == ERR_OK && !take(p, ',')) {
            return expect(p, ')');
        }
    }
    return err;
}

/* --- selectors --- */

static int read_duration(struct parser *p, int64_t *out_ms)
{
    promql_skip(&p->at, p->end);
    if (promql_duration(&p->at, p->end, out_ms) != ERR_OK)
        return complain(p, ERR_MALFORMED, "a duration such as 5m was expected");
    return ERR_OK;
}

static int read_offset(struct parser *p, struct promql_node *node)
{
    bool is_negative = take(p, '-');
    int err = read_duration(p, &node->offset_ms);
    node->offset_ms = is_negative ? -node->offset_ms : node->offset_ms;
    return err;
}

/* What may stand behind a selector. */
static int read_modifiers(struct parser *p, struct promql_node *node)
{
    if (take(p, '[')) {
        int err = read_duration(p, &node->range_ms);
        if (err == ERR_OK && node->range_ms == 0)
            return complain(p, ERR_MALFORMED, "duration must be greater than 0");
        if (err == ERR_OK && take(p, ':'))
            return unsupported(p, "a subquery", 10);
        err = err != ERR_OK ? err : expect(p, ']');
        if (err != ERR_OK)
            return err;
        node->type = PROMQL_RANGE;
    }
    if (take_word(p, "offset")) {
        int err = read_offset(p, node);
        if (err != ERR_OK)
            return err;
    }
    return take(p, '@') ? unsupported(p, "the modifier @", 14) : ERR_OK;
}

static int read_selector(struct parser *p)
{
    struct promql_node node = blank(PROMQL_SELECTOR, PROMQL_VECTOR);
    char words[128];
    struct text why;
    text_init(&why, words, sizeof(words));
    node.selector = (uint8_t)p->q->selection.count;
    int err = selection_add(&p->q->selection, &p->at, p->end, &why);
    if (err < 0)
        return complain(p, err, "%s", words);
    err = read_modifiers(p, &node);
    return err < 0 ? err : add_node(p, node);
}

/* --- calls and aggregations --- */

static int read_call(struct parser *p, enum promql_function f)
{
    const struct promql_call *call = promql_call_of(f);
    struct promql_node node = blank(PROMQL_CALL, (enum promql_type)call->gives);
    uint32_t n = 0;
    node.what = (uint8_t)f;
    p->at++; /* the bracket */
    while (!take(p, ')')) {
        if (n == call->arguments_max)
            return complain(p, ERR_MALFORMED, "expected at most %u argument(s) in call to \"%s\"",
                            (unsigned)call->arguments_max, call->name);
        int argument = read_expression(p, 0);
        if (argument < 0)
            return argument;
        int err = expect_type(p, argument, n == 0 ? (enum promql_type)call->takes : PROMQL_SCALAR, "call");
        if (err < 0)
            return err;
        node.arguments[n++] = (int16_t)argument;
        if (!take(p, ',') && (err = expect(p, ')')) == ERR_OK)
            break;
        if (err < 0)
            return err;
    }
    if (n < call->arguments_min)
        return complain(p, ERR_MALFORMED, "expected %u argument(s) in call to \"%s\", got %u",
                        (unsigned)call->arguments_min, call->name, n);
    return add_node(p, node);
}

static int read_grouping(struct parser *p, struct promql_node *node)
{
    bool is_by = take_word(p, "by");
    if (!is_by && !take_word(p, "without"))
        return 0;
    node->is_listed = is_by;
    int err = read_names(p, &node->names);
    return err < 0 ? err : 1;
}

static int read_aggregate(struct parser *p, enum promql_aggregate a)
{
    struct promql_node node = blank(PROMQL_AGGREGATE, PROMQL_VECTOR);
    node.what = (uint8_t)a;
    node.is_listed = true;
    int grouped = read_grouping(p, &node);
    int err = grouped < 0 ? grouped : expect(p, '(');
    if (err < 0)
        return err;
    int first = read_expression(p, 0);
    if (first >= 0 && promql_aggregate_has_parameter(a)) {
        err = expect_type(p, first, PROMQL_SCALAR, "aggregation parameter");
        err = err < 0 ? err : expect(p, ',');
        if (err < 0)
            return err;
        node.arguments[1] = (int16_t)first;
        first = read_expression(p, 0);
    }
    if (first < 0)
        return first;
    node.arguments[0] = (int16_t)first;
    err = expect_type(p, first, PROMQL_VECTOR, "aggregation expression");
    err = err < 0 ? err : expect(p, ')');
    if (err == ERR_OK && grouped == 0)
        err = read_grouping(p, &node);
    return err < 0 ? err : add_node(p, node);
}

/* --- what stands between operators --- */

static int read_text(struct parser *p)
{
    int n = selector_text(&p->at, p->end, p->q->text, sizeof(p->q->text));
    if (n < 0)
        return complain(p, n, n == ERR_FULL ? "a text is over 255 characters" : "unterminated quoted string");
    return add_node(p, blank(PROMQL_TEXT, PROMQL_STRING));
}

static int read_word(struct parser *p, uint32_t length)
{
    const char *word = p->at, *behind = p->at + length;
    int aggregate = promql_find_aggregate(word, length);
    promql_skip(&behind, p->end);
    bool is_call = behind < p->end && *behind == '(';
    uint32_t next = selector_word(behind, p->end);
    if (aggregate >= 0 && (is_call || promql_is_word(behind, next, "by") ||
                           promql_is_word(behind, next, "without"))) {
        p->at = behind;
        return read_aggregate(p, (enum promql_aggregate)aggregate);
    }
    if (!is_call)
        return read_selector(p);
    int f = promql_find_function(word, length);
    if (f < 0 && promql_is_foreign(word, length))
        return unsupported(p, word, length);
    if (f < 0)
        return complain(p, ERR_MALFORMED, "unknown function with name \"%.*s\"",
                        (int)(length < 64 ? length : 64), word);
    p->at = behind;
    return read_call(p, (enum promql_function)f);
}

static int read_sign(struct parser *p)
{
    bool is_minus = *p->at++ == '-';
    /* Binds closer than everything but the power: -2 ^ 2 is -4. */
    int of = read_expression(p, promql_precedence(OPERATOR_POWER));
    if (of < 0)
        return of;
    if (type_of(p, of) > PROMQL_VECTOR)
        return complain(p, ERR_MALFORMED, "a sign stands only before scalars and instant vectors");
    if (!is_minus)
        return of;
    struct promql_node node = blank(PROMQL_NEGATE, type_of(p, of));
    node.arguments[0] = (int16_t)of;
    return add_node(p, node);
}

static int read_bracketed(struct parser *p)
{
    p->at++;
    int inner = read_expression(p, 0);
    int err = inner < 0 ? inner : expect(p, ')');
    if (err < 0)
        return err;
    promql_skip(&p->at, p->end);
    if (p->at < p->end && (*p->at == '[' || *p->at == '@'))
        return unsupported(p, *p->at == '[' ? "a subquery" : "the modifier @", *p->at == '[' ? 10 : 14);
    return inner;
}

static int read_primary(struct parser *p)
{
    promql_skip(&p->at, p->end);
    if (p->at == p->end)
        return complain(p, ERR_MALFORMED, "unexpected end of input");
    char c = *p->at;
    double number;
    if (c == '(')
        return read_bracketed(p);
    if (c == '-' || c == '+')
        return read_sign(p);
    if (c == '"' || c == '\'' || c == '`')
        return read_text(p);
    uint32_t length = selector_word(p->at, p->end);
    bool is_word =
        length > 0 && !promql_is_word(p->at, length, "inf") && !promql_is_word(p->at, length, "nan");
    if (is_word)
        return read_word(p, length);
    if (c == '{')
        return read_selector(p);
    if (promql_number(&p->at, p->end, &number) == ERR_OK)
        return add_number(p, number);
    return complain(p, ERR_MALFORMED, "unexpected character: '%c'", c >= ' ' && c < 127 ? c : '?');
}

/* --- operators --- */

static int read_cardinality(struct parser *p, struct promql_node *node)
{
    bool is_left = take_word(p, "group_left");
    if (!is_left && !take_word(p, "group_right"))
        return ERR_OK;
    node->cardinality = is_left ? GROUP_LEFT : GROUP_RIGHT;
    promql_skip(&p->at, p->end);
    if (p->at == p->end || *p->at != '(')
        return ERR_OK;
    return read_names(p, &node->extra);
}

static int read_matching(struct parser *p, struct promql_node *node)
{
    node->is_bool = take_word(p, "bool");
    if (node->is_bool && !promql_is_comparison(node->what))
        return complain(p, ERR_MALFORMED, "bool modifier can only be used on comparison operators");
    node->is_listed = take_word(p, "on");
    if (!node->is_listed && !take_word(p, "ignoring"))
        return ERR_OK;
    int err = read_names(p, &node->names);
    return err < 0 ? err : read_cardinality(p, node);
}

static int add_binary(struct parser *p, struct promql_node node)
{
    enum promql_type left = type_of(p, node.arguments[0]), right = type_of(p, node.arguments[1]);
    if (left > PROMQL_VECTOR || right > PROMQL_VECTOR)
        return complain(p, ERR_MALFORMED,
                        "binary expression must contain only scalar and instant vector types");
    bool are_scalars = left == PROMQL_SCALAR && right == PROMQL_SCALAR;
    if (promql_is_set(node.what) && (left == PROMQL_SCALAR || right == PROMQL_SCALAR))
        return complain(p, ERR_MALFORMED, "set operators not allowed in binary scalar expression");
    if (promql_is_set(node.what) && node.cardinality != ONE_TO_ONE)
        return complain(p, ERR_MALFORMED, "no grouping allowed for set operators");
    if (are_scalars && promql_is_comparison(node.what) && !node.is_bool)
        return complain(p, ERR_MALFORMED, "comparisons between scalars must use BOOL modifier");
    node.type = are_scalars ? PROMQL_SCALAR : PROMQL_VECTOR;
    return add_node(p, node);
}

static int read_operators(struct parser *p, int left, uint32_t least)
{
    for (;;) {
        enum promql_operator op;
        promql_skip(&p->at, p->end);
        uint32_t length = promql_find_operator(p->at, p->end, &op);
        uint32_t precedence = length > 0 ? promql_precedence(op) : 0;
        if (length == 0 || precedence < least)
            return left;
        struct promql_node node = blank(PROMQL_BINARY, PROMQL_VECTOR);
        node.what = (uint8_t)op;
        p->at += length;
        int err = read_matching(p, &node);
        if (err < 0)
            return err;
        int right = read_expression(p, precedence + (op != OPERATOR_POWER));
        if (right < 0)
            return right;
        node.arguments[0] = (int16_t)left;
        node.arguments[1] = (int16_t)right;
        left = add_binary(p, node);
        if (left < 0)
            return left;
    }
}

static int read_expression(struct parser *p, uint32_t least)
{
    if (++p->depth > PROMQL_DEPTH_MAX)
        return complain(p, ERR_FULL, "nested more than %u times", PROMQL_DEPTH_MAX);
    int left = read_primary(p);
    int all = left < 0 ? left : read_operators(p, left, least);
    p->depth--;
    return all;
}

int promql_parse(struct promql *q, const char *at, uint32_t length, struct text *why)
{
    struct parser p = {q, at, at, at + length, why, 0};
    q->count = q->name_count = 0;
    q->text[0] = '\0';
    q->selection.count = q->selection.regex_count = 0;
    text_clear(why);
    if (length > PROMQL_SIZE_MAX)
        return complain(&p, ERR_FULL, "the expression is over %u bytes", PROMQL_SIZE_MAX);
    int all = read_expression(&p, 0);
    if (all < 0)
        return all;
    promql_skip(&p.at, p.end);
    if (p.at < p.end && *p.at == '[')
        return unsupported(&p, "a subquery", 10);
    if (p.at < p.end)
        return complain(&p, ERR_MALFORMED, "unexpected \"%.*s\"",
                        p.end - p.at > 20 ? 20 : (int)(p.end - p.at), p.at);
    if (q->nodes[all].type == PROMQL_RANGE)
        return complain(&p, ERR_FULL, "a range vector alone is not supported here: put a function around it");
    return ERR_OK;
}
