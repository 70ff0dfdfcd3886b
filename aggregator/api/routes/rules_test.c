/* SPDX-License-Identifier: MIT */
/* POST /api/v1/rules/test {"rule":"cpu","from":"-7d","to":...,"instance":"web-*"} or {"text":"[mine]\n..."}:
 * what rules would have said of what is stored. Rule by rule, series by series, a slice at a time, with the
 * very code that judges what comes; the answer grows as it is found. One rule by its name, or a text of one,
 * is answered for itself; patterns ("*") and larger texts with a list. */
#include <string.h>

#include "aggregator/api/json_reader.h"
#include "aggregator/api/query_string.h"
#include "aggregator/api/routes/handlers.h"
#include "aggregator/rules/book.h"
#include "aggregator/rules/evaluate.h"
#include "aggregator/rules/pattern.h"

#define STEP_MS INT64_C(10000)
#define DAY_MS (INT64_C(86400) * 1000)
#define POINTS_MAX (QUERY_CELLS_MAX / RULE_TERMS - 1)
#define SERIES_A_CALL 512U

struct backtest {
    bool is_taken, is_list;
    struct rule rule;            /* the one at hand */
    struct rule_set rules;
    uint32_t at;                 /* its index in them */
    char instances[RULE_LIST_SIZE];
    int64_t from_ms, to_ms, step_ms;
    /* where it is */
    uint32_t instance, series;
    int64_t window_ms;           /* begin of the stretch that is queried */
    int query;                   /* or ERR_MISSING */
    struct store_query_ask ask;
    uint32_t place[RULE_TERMS];  /* of each term among the series of the query */
    struct binding binding;
    struct evaluation e;
    bool is_open, is_rule_open, is_bound;
    /* of this series, and of all */
    uint32_t fired, critical;
    int64_t begin_ms, held_ms, longest_ms, first_ms;
    struct tally {
        uint32_t fired, series, series_fired;
        int64_t held_ms;
    } of_rule, of_all;
};

void backtest_reserve(struct memory_map *map, struct world *w)
{
    w->backtest = memory_reserve(map, "api: rules that are tested", 1, sizeof(struct backtest),
                                 "the next one is told to come again");
}

static void release(struct exchange *x)
{
    struct backtest *b = x->world->backtest;
    if (b->query >= 0)
        store_query_end(x->world->store, b->query);
    b->query = ERR_MISSING;
    b->is_taken = false;
}

/* --- judging --- */

static void note(struct backtest *b, enum rule_level before)
{
    if (before == LEVEL_NORMAL && b->e.level != LEVEL_NORMAL) {
        b->fired++;
        b->begin_ms = b->e.last_ms;
        b->first_ms = b->first_ms == 0 ? b->begin_ms : b->first_ms;
    }
    b->critical += before != LEVEL_CRITICAL && b->e.level == LEVEL_CRITICAL;
    if (b->e.level != LEVEL_NORMAL || before == LEVEL_NORMAL)
        return;
    int64_t held_ms = b->e.last_ms - b->begin_ms;
    b->held_ms += held_ms;
    b->longest_ms = held_ms > b->longest_ms ? held_ms : b->longest_ms;
}

/* What a step comes to for the term: the worst of plain values, so that none hides in a mean. */
static int64_t value_of(const struct backtest *b, uint32_t term, const struct store_cell *c)
{
    const struct rule_term *t = term == 0 ? &b->rule.value.a : term == 1 ? &b->rule.value.b : NULL;
    if (t == NULL || t->kind != TERM_METRIC)
        return c->last;
    if (b->rule.over_ms >= b->step_ms)
        return c->sum / c->count;
    return b->rule.is_below ? c->min : c->max;
}

static void judge(struct exchange *x, struct backtest *b)
{
    struct store *s = x->world->store;
    double facts[FACT_COUNT];
    evaluate_fill_facts(store_instance(s, b->instance), facts);
    uint32_t points = store_query_points(s, b->query), first = b->binding.series[0] != SERIES_NONE ? 0 : 1;
    for (uint32_t p = 0; p < points; p++) {
        const struct store_cell *judged = store_query_cell(s, b->query, b->place[first], p);
        for (uint32_t t = 0; t < RULE_TERMS; t++) {
            if (b->binding.series[t] == SERIES_NONE)
                continue;
            const struct store_cell *c = store_query_cell(s, b->query, b->place[t], p);
            if (c->count > 0)
                evaluate_take(&b->e, t, c->last_ms, value_of(b, t, c));
        }
        enum rule_level before = b->e.level;
        if (judged->count > 0 && evaluate_step(&b->e, &b->rule, &b->binding, facts, judged->last_ms, 0))
            note(b, before);
    }
}

/* --- going through what is stored --- */

static void begin_series(struct backtest *b)
{
    b->is_bound = true;
    b->window_ms = b->from_ms;
    b->e = (struct evaluation){.level = LEVEL_NORMAL};
    b->fired = b->critical = 0;
    b->held_ms = b->longest_ms = b->first_ms = 0;
    b->of_rule.series++;
}

/* The next series that the rule looks at: 1; 0 there is none; ERR_AGAIN, it goes on. */
static int find_series(struct exchange *x, struct backtest *b)
{
    struct store *s = x->world->store;
    for (uint32_t i = 0; i < SERIES_A_CALL; i++, b->series++) {
        while (b->instance < store_instance_count(s) && b->series >= store_series_count(s, b->instance)) {
            b->instance++;
            b->series = 0;
        }
        if (b->instance >= store_instance_count(s))
            return 0;
        const struct instance *in = store_instance(s, b->instance);
        bool is_meant = rule_is_for(&b->rule, in) && (pattern_list_match(b->instances, in->id) ||
                                                      pattern_list_match(b->instances, in->name));
        if (is_meant && rule_bind(&b->rule, s, b->instance, b->series, &b->binding))
            return 1;
    }
    return ERR_AGAIN;
}

static int begin_query(struct exchange *x, struct backtest *b)
{
    int64_t end_ms = b->window_ms + POINTS_MAX * b->step_ms;
    b->ask = (struct store_query_ask){.instance = b->instance, .from_ms = b->window_ms, .step_ms = b->step_ms,
                                      .to_ms = end_ms < b->to_ms ? end_ms : b->to_ms};
    for (uint32_t t = 0; t < RULE_TERMS; t++) {
        if (b->binding.series[t] == SERIES_NONE)
            continue;
        uint32_t at = 0;
        while (at < b->ask.series_count && b->ask.series[at] != b->binding.series[t])
            at++;
        if (at == b->ask.series_count)
            b->ask.series[b->ask.series_count++] = b->binding.series[t];
        b->place[t] = at;
    }
    b->query = store_query_begin(x->world->store, &b->ask);
    return b->query >= 0 ? ERR_AGAIN : b->query == ERR_FULL ? ERR_BUSY : ERR_SYSTEM;
}

static bool write_series(struct exchange *x, struct backtest *b)
{
    struct json *j = &x->json;
    struct json_mark m = json_mark(j);
    const struct instance *in = store_instance(x->world->store, b->instance);
    const char *tag = store_series(x->world->store, b->instance, b->series)->tag;
    if (b->e.level != LEVEL_NORMAL) { /* goes on at the end */
        b->e.last_ms = b->to_ms;
        b->e.level = LEVEL_NORMAL;
        note(b, LEVEL_WARNING);
    }
    if (b->fired > 0 && x->door == DOOR_COMMAND) {
        text_printf(j->out, "%-24s %-24s %5u times, %u critical, %lld s in all, longest %lld s\n",
                    in->name[0] != '\0' ? in->name : in->id, tag, b->fired, b->critical,
                    (long long)(b->held_ms / MS_PER_S), (long long)(b->longest_ms / MS_PER_S));
    } else if (b->fired > 0) {
        json_open_object(j, NULL);
        json_text(j, "instance", in->id);
        json_text(j, "name", in->name);
        json_text(j, "tag", tag);
        json_u64(j, "fired", b->fired);
        json_u64(j, "critical", b->critical);
        json_i64(j, "seconds", b->held_ms / MS_PER_S);
        json_i64(j, "longest_seconds", b->longest_ms / MS_PER_S);
        json_iso_ms(j, "first", b->first_ms);
        json_close_object(j);
    }
    if (json_is_full(j)) {
        json_rewind(j, m);
        return false;
    }
    b->of_rule.fired += b->fired;
    b->of_rule.series_fired += b->fired > 0;
    b->of_rule.held_ms += b->held_ms;
    b->is_bound = false;
    b->series++;
    return true;
}

/* Of what nothing can be said: rules that look at the clock, and in a list those that are off. */
static bool is_passed_over(const struct backtest *b, const struct rule *r)
{
    return rule_is_of_facts(r) || (b->is_list && r->is_off);
}

static void write_tally(struct json *j, const struct tally *t)
{
    json_u64(j, "fired", t->fired);
    json_u64(j, "series_fired", t->series_fired);
    json_u64(j, "series", t->series);
    json_i64(j, "seconds", t->held_ms / MS_PER_S);
}

static void add_tally(struct tally *to, const struct tally *t)
{
    to->fired += t->fired;
    to->series_fired += t->series_fired;
    to->series += t->series;
    to->held_ms += t->held_ms;
}

/* The next rule that can be judged; false at the end. */
static bool next_rule(struct backtest *b)
{
    while (b->at < b->rules.count && is_passed_over(b, &b->rules.rules[b->at]))
        b->at++;
    if (b->at >= b->rules.count)
        return false;
    b->rule = b->rules.rules[b->at];
    b->instance = b->series = 0;
    b->of_rule = (struct tally){0};
    return true;
}

static int begin_rule(struct exchange *x, struct backtest *b)
{
    struct json *j = &x->json;
    struct json_mark m = json_mark(j);
    if (x->door != DOOR_COMMAND) {
        if (b->is_list)
            json_open_object(j, NULL);
        json_text(j, "rule", b->rule.name);
        if (!b->is_list) {
            json_iso_ms(j, "from", b->from_ms);
            json_iso_ms(j, "to", b->to_ms);
            json_i64(j, "step_ms", b->step_ms);
        }
        json_open_array(j, "hosts");
    }
    if (json_is_full(j)) {
        json_rewind(j, m);
        return PRODUCE_MORE;
    }
    b->is_rule_open = true;
    return ERR_AGAIN;
}

static int end_rule(struct exchange *x, struct backtest *b)
{
    struct json *j = &x->json;
    struct json_mark m = json_mark(j);
    const struct tally *t = &b->of_rule;
    if (x->door == DOOR_COMMAND) {
        text_printf(j->out, "%s: fired %u times on %u of %u series, %lld s in all\n", b->rule.name, t->fired,
                    t->series_fired, t->series, (long long)(t->held_ms / MS_PER_S));
    } else {
        json_close_array(j);
        write_tally(j, t);
        if (b->is_list)
            json_close_object(j);
    }
    if (json_is_full(j)) {
        json_rewind(j, m);
        return PRODUCE_MORE;
    }
    add_tally(&b->of_all, t);
    b->is_rule_open = false;
    b->at++;
    return ERR_AGAIN;
}

static void print_end(const struct backtest *b, struct text *out)
{
    uint32_t count = 0;
    text_printf(out, "in all: fired %u times, %lld s\n", b->of_all.fired,
                (long long)(b->of_all.held_ms / MS_PER_S));
    for (uint32_t i = 0; i < b->rules.count; i++)
        if (is_passed_over(b, &b->rules.rules[i]))
            text_printf(out, "%s%s",
                        count++ == 0 ? "not tested, as they are off or look at the clock: " : ", ",
                        b->rules.rules[i].name);
    if (count > 0)
        text_put_char(out, '\n');
}

static int end(struct exchange *x, struct backtest *b)
{
    struct json *j = &x->json;
    struct json_mark m = json_mark(j);
    if (x->door == DOOR_COMMAND) {
        if (b->is_list)
            print_end(b, j->out);
        return produce_or_rewind(j, m);
    }
    if (b->is_list) {
        json_close_array(j);
        json_open_array(j, "not_tested");
        for (uint32_t i = 0; i < b->rules.count; i++)
            if (is_passed_over(b, &b->rules.rules[i]))
                json_text(j, NULL, b->rules.rules[i].name);
        json_close_array(j);
        write_tally(j, &b->of_all);
    }
    json_close_object(j);
    return produce_or_rewind(j, m);
}

static int query_on(struct exchange *x, struct backtest *b)
{
    int n = store_query_step(x->world->store, b->query);
    if (n > 0)
        return ERR_AGAIN;
    if (n == 0)
        judge(x, b);
    store_query_end(x->world->store, b->query);
    b->query = ERR_MISSING;
    b->window_ms = b->ask.to_ms;
    return n < 0 ? ERR_SYSTEM : ERR_AGAIN;
}

static void open_answer(struct exchange *x, struct backtest *b)
{
    struct json *j = &x->json;
    b->is_open = true;
    if (x->door == DOOR_COMMAND)
        return;
    json_open_object(j, NULL);
    if (!b->is_list)
        return;
    json_iso_ms(j, "from", b->from_ms);
    json_iso_ms(j, "to", b->to_ms);
    json_i64(j, "step_ms", b->step_ms);
    json_open_array(j, "rules");
}

static int produce(struct exchange *x)
{
    struct backtest *b = x->world->backtest;
    if (!b->is_open)
        open_answer(x, b);
    if (b->query >= 0)
        return query_on(x, b);
    if (b->is_bound && b->window_ms < b->to_ms)
        return begin_query(x, b);
    if (b->is_bound)
        return write_series(x, b) ? ERR_AGAIN : PRODUCE_MORE;
    if (!b->is_rule_open)
        return next_rule(b) ? begin_rule(x, b) : end(x, b);
    int n = find_series(x, b);
    if (n == 1)
        begin_series(b);
    return n == 0 ? end_rule(x, b) : ERR_AGAIN;
}

/* --- the request --- */

static bool take_rules(struct exchange *x, yyjson_val *root, struct backtest *b)
{
    char names[RULE_LIST_SIZE], words[400];
    struct text why;
    yyjson_val *text = yyjson_obj_get(root, "text");
    text_init(&why, words, sizeof words);
    if (!json_take_text(x, root, "rule", names, sizeof names) ||
        !json_take_text(x, root, "instance", b->instances, sizeof b->instances))
        return false;
    bool has_text = yyjson_is_str(text) && yyjson_get_len(text) > 0;
    if (!has_text && names[0] == '\0') {
        respond_error(x, 400, NULL, "name a `rule` that holds (patterns, as *, for several), or give some as "
                                    "`text`");
        return false;
    }
    int err = book_draft(x->world->book, names, has_text ? yyjson_get_str(text) : NULL,
                         has_text ? (uint32_t)yyjson_get_len(text) : 0, &b->rules, &why);
    if (err < 0) {
        respond_error(x, err == ERR_MISSING ? 404 : 400, NULL, "%s", words);
        return false;
    }
    b->is_list = b->rules.count > 1 || strpbrk(names, "*?,") != NULL;
    if (!b->is_list && is_passed_over(b, &b->rules.rules[0])) {
        respond_error(x, 400, NULL, "rule %s looks at the clock, not at samples: nothing of it is stored",
                      b->rules.rules[0].name);
        return false;
    }
    return true;
}

static bool take_time(struct exchange *x, yyjson_val *root, const char *key, int64_t fallback_ms, int64_t *to)
{
    yyjson_val *v = yyjson_obj_get(root, key);
    *to = fallback_ms;
    if (v == NULL || (yyjson_is_str(v) && yyjson_get_len(v) == 0))
        return true;
    if (yyjson_is_uint(v) && yyjson_get_uint(v) < (UINT64_C(1) << 53)) {
        *to = yyjson_get_sint(v);
        return true;
    }
    if (yyjson_is_str(v) && time_parse(yyjson_get_str(v), x->now_ms, to) == ERR_OK)
        return true;
    respond_error(x, 400, NULL, "%s must be a time, as -7d, 2026-01-15T12:00:00Z or milliseconds since 1970",
                  key);
    return false;
}

void handle_rules_test(struct exchange *x)
{
    struct backtest *b = x->world->backtest;
    yyjson_val *root = json_body(x);
    if (root == NULL)
        return;
    if (b->is_taken) {
        respond_busy(x, 2, "other rules are being tested");
        return;
    }
    memset(b, 0, sizeof *b);
    b->query = ERR_MISSING;
    b->step_ms = STEP_MS;
    if (!take_rules(x, root, b) || !take_time(x, root, "from", x->now_ms - 7 * DAY_MS, &b->from_ms) ||
        !take_time(x, root, "to", x->now_ms, &b->to_ms))
        return;
    if (b->from_ms >= b->to_ms || b->to_ms - b->from_ms > 400 * DAY_MS) {
        respond_error(x, 400, NULL, "`from` must lie before `to`, and no more than 400 days");
        return;
    }
    yyjson_val *step = yyjson_obj_get(root, "step_ms");
    if (step != NULL && (!yyjson_is_uint(step) || yyjson_get_uint(step) < 1000 ||
                         yyjson_get_uint(step) > 3600000)) {
        respond_error(x, 400, NULL, "step_ms must be a number from 1000 to 3600000");
        return;
    }
    if (step != NULL)
        b->step_ms = yyjson_get_sint(step);
    b->from_ms -= b->from_ms % b->step_ms;
    b->to_ms += b->step_ms - 1 - (b->to_ms + b->step_ms - 1) % b->step_ms;
    b->is_taken = true;
    x->release = release;
    x->is_long = true;
    respond(x, 200, x->door == DOOR_COMMAND ? "text/plain; charset=utf-8" : "application/json", produce);
}
