/* SPDX-License-Identifier: MIT */
/* The laws, judged at the end over the books (ledger.h) and what a stranger reads from the database:
 *
 *  1  every acknowledged sample is stored exactly once and equals what was sampled
 *  2  taken = stored + still held, in memory or on disk + counted as lost + died with what held it
 *  3  after calm, everything that is held arrives
 *  4  stored sequences are without repetition, and the store counts the gaps that there are
 *  5  nothing is stored that was never taken
 *  6  an agent with a good token joins, and nobody else with the same one (join.c)
 *
 * Laws 7 and 8 are judged step by step (holdings.c), law 9 in pushes.c, law 10 in outlets.c.
 * Acknowledgements that go back, or promise more than was taken, are seen at once (watch.c). */
#include "tests/sim/world.h"

#include <stdlib.h>
#include <string.h>

#include "tests/sim/oracle.h"
#include "tests/sim/reader.h"

/* What is asked for rarely may be as old as this. */
#define SLOW_SECONDS 11U
#define SECONDS_KEPT 16U

#define U(v) ((unsigned long long)(v))

/* What the oracle said about one second; the next sample mostly asks for the same ones. */
struct memory_of_second {
    uint32_t machine, boot, second;
    bool is_known;
    int64_t expected[ORACLE_FIELDS_MAX];
};
static_assert(SECONDS_KEPT >= SLOW_SECONDS, "all seconds of one question are kept");

struct judge {
    struct world *w;
    /* of the sample before: consecutive ones mostly belong together */
    struct epoch_record *record;
    const char *instance;
    struct agent_node *node;
    struct memory_of_second *seconds; /* SECONDS_KEPT, by second */
};

static struct agent_node *node_of(struct world *w, const char *instance)
{
    for (uint32_t i = 0; i < w->options.agents; i++)
        if (strcmp(w->agents[i].agent->identity.id, instance) == 0)
            return &w->agents[i];
    return NULL;
}

static const int64_t *expected_at(struct judge *j, const struct epoch_record *e, uint32_t second)
{
    struct memory_of_second *m = &j->seconds[second % SECONDS_KEPT];
    if (!m->is_known || m->machine != e->machine || m->boot != e->boot || m->second != second) {
        *m = (struct memory_of_second){e->machine, e->boot, second, true, {0}};
        oracle_expect(e->machine, e->boot, second, second, m->expected);
    }
    return m->expected;
}

static bool was_slowly(struct judge *j, const struct taken *t, uint32_t field, int64_t value)
{
    for (uint32_t age = 0; age < SLOW_SECONDS && age <= t->second; age++)
        if (expected_at(j, j->record, t->second - age)[field] == value)
            return true;
    return false;
}

static void check_values(struct judge *j, const struct reader_sample *s, const struct taken *t)
{
    struct world *w = j->w;
    struct epoch_record *e = j->record;
    int64_t expected[ORACLE_FIELDS_MAX];
    bool seen[ORACLE_FIELDS_MAX] = {false};
    uint32_t before = ledger_second_before(e, s->sequence);
    oracle_expect(e->machine, e->boot, t->second, before, expected);
    for (uint32_t i = 0; i < s->count; i++) {
        uint32_t field = s->fields[i];
        if (field == UINT16_MAX) {
            ledger_break(&w->ledger, "law 5: a series of %s is stored that no agent should send",
                         s->instance);
            return;
        }
        seen[field] = true;
        if (s->values[i] != expected[field] && !oracle_is_loose(field) &&
            !(oracle_is_slow(field) && was_slowly(j, t, field, s->values[i])))
            ledger_break(&w->ledger, "law 1: sample %llu of %s, %s: %lld was sampled, %lld is stored",
                         U(s->sequence), s->instance, oracle_name(field), (long long)expected[field],
                         (long long)s->values[i]);
    }
    const char *wrong = oracle_processes(e->machine, e->boot, t->second, s->tops);
    if (wrong != NULL)
        ledger_break(&w->ledger, "law 1: sample %llu of %s has %s", U(s->sequence), s->instance, wrong);
    for (uint32_t field = 0; field < oracle_field_count(); field++)
        if (!seen[field] && !(oracle_needs_time(field) && before == t->second))
            ledger_break(&w->ledger, "law 1: sample %llu of %s is stored without %s", U(s->sequence),
                         s->instance, oracle_name(field));
}

static void judge_sample(void *ctx, const struct reader_sample *s)
{
    struct judge *j = ctx;
    struct world *w = j->w;
    if (w->ledger.broken || text_equal(s->instance, PUSHES_INSTANCE)) /* that is judged by pushes_judge() */
        return;
    if (s->instance != j->instance) {
        j->instance = s->instance;
        j->node = node_of(w, s->instance);
        j->record = NULL;
    }
    if (j->node != NULL && (j->record == NULL || j->record->epoch != s->epoch))
        j->record = ledger_find(&w->ledger, sim_number(j->node->plat), s->epoch);
    struct taken *t = j->record ? ledger_sample(j->record, s->sequence) : NULL;
    if (t == NULL) {
        ledger_break(&w->ledger, "law 5: sample %llu of %s (epoch %llx) is stored but was never taken",
                     U(s->sequence), s->instance, U(s->epoch));
        return;
    }
    w->seen.stored++;
    if (t->stored++ != 0)
        ledger_break(&w->ledger, "law 1: sample %llu of %s is stored twice", U(s->sequence), s->instance);
    if (t->time_ms != s->time_ms)
        ledger_break(&w->ledger, "law 1: sample %llu of %s was taken at %lld ms and is stored at %lld ms",
                     U(s->sequence), s->instance, (long long)t->time_ms, (long long)s->time_ms);
    check_values(j, s, t);
}

static void judge_broken(void *ctx, const char *what)
{
    struct judge *j = ctx;
    ledger_break(&j->w->ledger, "the database: %s", what);
}

static const char *where_is(const struct epoch_record *e, uint64_t sequence)
{
    return sequence <= e->acked ? "acknowledged" : e->alive ? "taken by a living agent" : "taken";
}

static bool is_held(const struct epoch_record *e, uint64_t sequence)
{
    return (e->alive && sequence >= e->ring_from) || (sequence >= e->spool_from && sequence <= e->spool_to);
}

/* Laws 1 and 2 over one epoch. How many were given up by the process that runs, and are not stored. */
static uint64_t judge_epoch(struct world *w, const struct agent_node *n, struct epoch_record *e)
{
    uint64_t missing = 0;
    const char *name = sim_name(n->plat);
    for (uint64_t sequence = 1; sequence <= e->taken; sequence++) {
        const struct taken *t = ledger_sample(e, sequence);
        missing += t->lost_by == n->process && t->stored == 0;
        if (t->stored != 0)
            continue;
        if (t->lost_by == 0 && !t->died && (sequence <= e->acked || !is_held(e, sequence)))
            ledger_break(&w->ledger, "law %d: sample %llu of %s (%s) is nowhere: not stored, held or lost",
                         sequence <= e->acked ? 1 : 2, U(sequence), name, where_is(e, sequence));
        w->seen.lost += t->lost_by != 0;
    }
    w->seen.taken += e->taken;
    w->seen.acked += e->acked;
    return missing;
}

/* Law 3: what has not arrived now is what was taken in the last seconds. */
static void judge_arrival(struct world *w, const struct agent_node *n, struct epoch_record *e)
{
    const char *name = sim_name(n->plat);
    for (uint64_t sequence = 1; sequence <= e->taken; sequence++)
        if (ledger_sample(e, sequence)->stored == 0 && is_held(e, sequence) &&
            (!e->alive || sequence + HELD_AFTER_CALM_MAX <= e->taken)) {
            ledger_break(&w->ledger, "law 3: after %d s of calm %s still holds sample %llu of %llu%s",
                         CALM_SECONDS, name, U(sequence), U(e->taken), e->alive ? "" : ", history");
            return;
        }
    if (e->alive && e->taken > 0 && e->acked + HELD_AFTER_CALM_MAX < e->taken)
        ledger_break(&w->ledger, "law 3: after %d s of calm %s has Ack %llu of %llu", CALM_SECONDS, name,
                     U(e->acked), U(e->taken));
}

static void judge_agent(struct world *w, struct agent_node *n)
{
    uint64_t missing = 0;
    for (struct epoch_record *e = n->newest; e != NULL && !w->ledger.broken; e = e->older) {
        missing += judge_epoch(w, n, e);
        judge_arrival(w, n, e);
    }
    struct agent_view v;
    holdings_look(n->agent, &v);
    if (missing > v.lost_count + v.in_doubt_count || v.lost_count > missing + n->uncertain)
        ledger_break(&w->ledger, "law 2: %s lost %llu samples and counts %llu (%llu in doubt, %llu half on "
                     "disk)", sim_name(n->plat), U(missing), U(v.lost_count), U(v.in_doubt_count),
                     U(n->uncertain));
}

void laws_judge(struct world *w)
{
    struct judge j = {.w = w, .seconds = calloc(SECONDS_KEPT, sizeof *j.seconds)};
    ASSERT(j.seconds != NULL);
    const struct reader_sink sink = {.ctx = &j, .sample = judge_sample, .broken = judge_broken};
    reader_run(w->house, w->inspector, &sink);
    free(j.seconds);
    for (uint32_t i = 0; i < w->options.agents && !w->ledger.broken; i++)
        judge_agent(w, &w->agents[i]);
    w->seen.epochs = w->ledger.epoch_count;
}
