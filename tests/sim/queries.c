/* SPDX-License-Identifier: MIT */
/* What the store answers must be what is stored: some queries are asked while the aggregator still runs,
 * and compared with the books once these know what the database holds. The store's counts of gaps, too. */
#include "tests/sim/queries.h"

#include <stdlib.h>
#include <string.h>

#include "tests/sim/oracle.h"
#include "tests/sim/peek.h"

#define POINTS_MAX 4000

struct asked {
    const struct agent_node *node;
    uint32_t field;
    int64_t from_ms, to_ms, step_ms;
    uint32_t points;
    struct store_cell *cells;
};

struct answers {
    struct asked asked[QUERIES_ASKED];
    uint32_t count;
    uint64_t gaps[AGENTS_MAX];
};

static int find_instance(const struct world *w, struct store *s, uint32_t agent)
{
    return store_instance_find(s, w->agents[agent].agent->identity.id);
}

/* The whole life of the world in minutes, or in hours: what is rolled up must be what was sampled, each
 * sample once, whoever died when. */
static void choose_all(struct world *w, struct asked *a, int64_t step_ms)
{
    int64_t life_ms = (w->options.seconds + CALM_SECONDS) * MS_PER_S;
    int64_t end_ms = wall_ms(plat_wall(a->node->plat)) + 3 * step_ms;
    a->step_ms = step_ms;
    a->from_ms = end_ms - life_ms - 6 * step_ms;
    a->from_ms -= a->from_ms % step_ms;
    a->to_ms = end_ms - end_ms % step_ms;
}

/* A window somewhere in the life of the world, seen by the clock of that agent. */
static void choose(struct world *w, struct asked *a)
{
    static const int64_t steps_ms[] = {1, 777, 1000, 10000, 60000, 3600000};
    int64_t life_ms = (w->options.seconds + CALM_SECONDS) * MS_PER_S;
    a->step_ms = steps_ms[sim_below(w->sim, COUNT_OF(steps_ms))];
    int64_t end_ms = wall_ms(plat_wall(a->node->plat)) + 60000;
    a->from_ms = end_ms - (int64_t)sim_below(w->sim, (uint64_t)life_ms + 120000);
    int64_t points = 1 + (int64_t)sim_below(w->sim, POINTS_MAX);
    a->to_ms = a->from_ms + points * a->step_ms;
    a->from_ms -= a->from_ms % a->step_ms;
    a->to_ms -= a->to_ms % a->step_ms;
}

static void ask(struct world *w, struct store *s, uint32_t instance, struct asked *a)
{
    struct store_query_ask question = {.instance = instance, .series_count = 1, .from_ms = a->from_ms,
                                       .to_ms = a->to_ms, .step_ms = a->step_ms};
    question.series[0] = (uint16_t)sim_below(w->sim, store_series_count(s, instance));
    const struct store_series *series = store_series(s, instance, question.series[0]);
    int field = oracle_field(store_metric(s, series->metric_index)->name, series->tag);
    int query = store_query_begin(s, &question), more = 1;
    if (query < 0 || field < 0) {
        ledger_break(&w->ledger, "a query of %s is refused (%d)", sim_name(a->node->plat), query);
        return;
    }
    while (more == 1)
        more = store_query_step(s, query);
    if (more < 0)
        ledger_break(&w->ledger, "a query of %s fails (%d)", sim_name(a->node->plat), more);
    a->field = (uint32_t)field;
    a->points = store_query_points(s, query);
    a->cells = calloc(a->points + 1, sizeof *a->cells);
    ASSERT(a->cells != NULL);
    for (uint32_t i = 0; i < a->points; i++)
        a->cells[i] = *store_query_cell(s, query, 0, i);
    store_query_end(s, query);
}

struct answers *queries_ask(struct world *w)
{
    struct answers *all = calloc(1, sizeof *all);
    ASSERT(all != NULL);
    struct store *s = peek_store(w->aggregator);
    int e = store_commit(s);
    if (e != ERR_OK)
        ledger_break(&w->ledger, "law 3: after the calm the store cannot commit (%d)", e);
    if (!w->ledger.broken)
        pushes_judge(w, s);
    if (!w->ledger.broken)
        outlets_judge(w, s);
    for (uint32_t i = 0; i < w->options.agents && !w->ledger.broken; i++) {
        int instance = find_instance(w, s, i);
        if (instance < 0) {
            ledger_break(&w->ledger, "law 3: after the calm the store does not know %s",
                         sim_name(w->agents[i].plat));
            break;
        }
        all->gaps[i] = store_instance(s, (uint32_t)instance)->gap_count;
        for (uint32_t k = 0; k < QUERIES_PER_AGENT && !w->ledger.broken; k++) {
            struct asked *a = &all->asked[all->count++];
            a->node = &w->agents[i];
            if (k < 4)
                choose(w, a);
            else
                choose_all(w, a, k == 4 ? 60000 : 3600000);
            ask(w, s, (uint32_t)instance, a);
        }
    }
    return all;
}

/* --- judging --- */

static void fold(struct store_cell *cell, int64_t value, int64_t time_ms)
{
    cell->min = cell->count == 0 || value < cell->min ? value : cell->min;
    cell->max = cell->count == 0 || value > cell->max ? value : cell->max;
    cell->last = cell->count == 0 || time_ms >= cell->last_ms ? value : cell->last;
    cell->last_ms = cell->count == 0 || time_ms > cell->last_ms ? time_ms : cell->last_ms;
    cell->sum += value;
    cell->count++;
}

static void fold_epoch(const struct asked *a, const struct epoch_record *e, struct store_cell *cells)
{
    int64_t expected[ORACLE_FIELDS_MAX];
    for (uint64_t n = 0; n < e->taken; n++) {
        const struct taken *t = &e->samples[n];
        uint32_t before = ledger_second_before(e, n + 1);
        if (t->stored == 0 || t->time_ms < a->from_ms || t->time_ms >= a->to_ms ||
            (oracle_needs_time(a->field) && before == t->second))
            continue;
        oracle_expect(e->machine, e->boot, t->second, before, expected);
        fold(&cells[(t->time_ms - a->from_ms) / a->step_ms], expected[a->field], t->time_ms);
    }
}

/* Of several samples at the same millisecond (a clock that jumped back) any may be the last. */
static bool is_same(const struct store_cell *a, const struct store_cell *b)
{
    if (a->count != b->count || a->count == 0)
        return a->count == b->count;
    return a->sum == b->sum && a->min == b->min && a->max == b->max && a->last_ms == b->last_ms &&
           a->last >= a->min && a->last <= a->max && (a->count > 1 || a->last == b->last);
}

static void judge_answer(struct world *w, const struct asked *a)
{
    if (oracle_is_slow(a->field) || oracle_is_loose(a->field))
        return;
    struct store_cell *cells = calloc(a->points + 1, sizeof *cells);
    ASSERT(cells != NULL);
    for (const struct epoch_record *e = w->ledger.epochs; e != NULL; e = e->next)
        if (e->machine == sim_number(a->node->plat))
            fold_epoch(a, e, cells);
    for (uint32_t i = 0; i < a->points; i++)
        if (!is_same(&cells[i], &a->cells[i])) {
            ledger_break(&w->ledger, "query: %s of %s from %lld to %lld by %lld ms: point %u has %u "
                         "samples, sum %lld; stored are %u, %lld", oracle_name(a->field),
                         sim_name(a->node->plat), (long long)a->from_ms, (long long)a->to_ms,
                         (long long)a->step_ms, i, a->cells[i].count, (long long)a->cells[i].sum,
                         cells[i].count, (long long)cells[i].sum);
            break;
        }
    free(cells);
}

/* Law 4. A store that started again may have counted a gap twice; it must not miss one. */
static void judge_gaps(struct world *w, uint32_t agent, uint64_t counted)
{
    uint64_t gaps = 0;
    for (const struct epoch_record *e = w->ledger.epochs; e != NULL; e = e->next) {
        if (e->machine != sim_number(w->agents[agent].plat))
            continue;
        uint64_t missing = 0;
        for (uint64_t n = 0; n < e->taken; n++) {
            missing += e->samples[n].stored == 0;
            if (e->samples[n].stored != 0) {
                gaps += missing;
                missing = 0;
            }
        }
    }
    if (w->seen.aggregator_deaths == 0 && gaps != counted)
        ledger_break(&w->ledger, "law 4: %llu samples of %s are missing between others, the store counts "
                     "%llu",
                     (unsigned long long)gaps, sim_name(w->agents[agent].plat),
                     (unsigned long long)counted);
}

void queries_judge(struct world *w, struct answers *all)
{
    for (uint32_t i = 0; i < all->count; i++) {
        if (!w->ledger.broken)
            judge_answer(w, &all->asked[i]);
        free(all->asked[i].cells);
    }
    for (uint32_t i = 0; i < w->options.agents && !w->ledger.broken; i++)
        judge_gaps(w, i, all->gaps[i]);
    free(all);
}

void queries_watch(struct world *w, uint32_t agent, uint32_t seconds)
{
    if (!w->aggregator_runs)
        return;
    struct store *s = peek_store(w->aggregator);
    int instance = find_instance(w, s, agent);
    if (instance >= 0)
        store_instance(s, (uint32_t)instance)->watched_until_ms =
            plat_mono(w->house).ns / NS_PER_MS + seconds * MS_PER_S;
}
