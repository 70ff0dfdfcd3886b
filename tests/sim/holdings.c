/* SPDX-License-Identifier: MIT */
/* What each agent holds, in memory and on disk, followed from step to step: a sample is taken, comes to disk
 * or not, and leaves, acknowledged or given up. Judged here, besides what the books are for:
 *
 *  7  what was on disk when a process was killed is there when the next one starts; a power cut takes only
 *     what was written in the last WRITEBACK_S
 *  8  in calm, live samples are acknowledged in seconds, however much history waits
 */
#include "tests/sim/world.h"

#include "agent/spool_file.h"

#define WRITEBACK_SURE_S 40U
/* After this long of calm everybody is connected again. */
#define SETTLED_NS (120 * NS_PER_S)

#define U(v) ((unsigned long long)(v))

static uint32_t world_second(struct world *w)
{
    return (uint32_t)(sim_now(w->sim) / NS_PER_S) + 1;
}

void holdings_look(const struct agent *a, struct agent_view *v)
{
    const struct spool *s = &a->spool;
    uint64_t oldest = ring_oldest_sequence(&a->ring), newest = 0;
    if (oldest == 0)
        oldest = block_builder_oldest_sequence(&a->builder);
    *v = (struct agent_view){.epoch = a->uplink.parts.epoch,
                             .taken = a->builder.next_sequence - 1,
                             .ring_from = oldest != 0 ? oldest : a->builder.next_sequence,
                             .given_up_count = a->ring.given_up_count,
                             .lost_count = a->ring.lost_count + s->lost_count,
                             .in_doubt_count = ring_in_doubt(&a->ring) + s->in_doubt_count,
                             .spool_samples = s->sample_count};
    if (s->has_oldest) {
        v->oldest_epoch = s->oldest.epoch;
        v->oldest_sequence = s->oldest.sequence;
    }
    for (uint32_t i = 0; i < s->segment_count; i++)
        if (s->segments[i].last_epoch != 0 && s->segments[i].number > newest) {
            newest = s->segments[i].number;
            v->newest_epoch = s->segments[i].last_epoch;
            v->newest_sequence = s->segments[i].last_sequence;
        }
}

/* --- a process begins and ends --- */

void holdings_start(struct agent_node *n)
{
    n->process++;
    n->spool_seen = false;
    n->given_up_count = 0;
    n->uncertain = 0;
    if (sim_boot(n->plat) == n->boot)
        n->cut_s = 0;
    n->boot = sim_boot(n->plat);
}

void holdings_end(struct world *w, struct agent_node *n)
{
    struct epoch_record *e = n->record;
    n->record = NULL;
    n->cut_s = world_second(w);
    if (e == NULL)
        return;
    e->alive = false;
    for (uint64_t sequence = e->ring_from; sequence <= e->taken; sequence++)
        if (sequence > e->acked)
            ledger_sample(e, sequence)->died = true;
    e->ring_from = e->taken + 1;
}

/* --- what a new process finds on disk --- */

/* Marks what can be read, and counts it. */
static uint64_t find_on_disk(struct world *w, struct agent_node *n)
{
    struct spool *s = &n->agent->spool;
    struct spool_record r;
    static uint8_t data[SPOOL_DATA_MAX];
    uint64_t samples = 0;
    if (!s->has_oldest)
        return 0;
    for (struct spool_place at = s->oldest.place; spool_record(s, at, &r); at = r.next) {
        if (r.kind != SPOOL_BLOCK || spool_data(s, &r, data) < 0)
            continue;
        struct epoch_record *e = ledger_find(&w->ledger, sim_number(n->plat), r.epoch);
        for (uint64_t sequence = r.sequence; sequence < r.sequence + r.count; sequence++) {
            struct taken *t = e != NULL ? ledger_sample(e, sequence) : NULL;
            if (t == NULL) {
                ledger_break(&w->ledger, "law 5: %s has a sample %llu on disk that was never taken",
                             sim_name(n->plat), U(sequence));
                return samples;
            }
            t->found = true;
            samples++;
        }
    }
    return samples;
}

/* What is not there must have had a reason. */
static void compare(struct world *w, struct agent_node *n, struct epoch_record *e)
{
    uint64_t from = e->taken + 1, to = 0;
    for (uint64_t sequence = 1; sequence <= e->taken; sequence++) {
        struct taken *t = ledger_sample(e, sequence);
        bool was_held = sequence >= e->spool_from && sequence <= e->spool_to;
        if (t->found) {
            from = sequence < from ? sequence : from;
            to = sequence;
            t->found = false;
            t->lost_by = 0; /* given up by a process before, and the power cut has undone that */
            w->seen.survived++;
            continue;
        }
        if (!was_held || sequence <= e->acked || t->lost_by != 0 || t->died)
            continue;
        t->died = true;
        n->uncertain++;
        if (n->cut_s == 0 || t->spooled_s + WRITEBACK_SURE_S < n->cut_s)
            ledger_break(&w->ledger, "law 7: sample %llu of %s was on disk for %u s when the %s, and is gone",
                         U(sequence), sim_name(n->plat), world_second(w) - t->spooled_s,
                         n->cut_s == 0 ? "process was killed" : "power was cut");
    }
    e->spool_from = from;
    e->spool_to = to;
}

static void see_spool(struct world *w, struct agent_node *n)
{
    /* What it could not read when it was opened it has given up already. */
    const struct spool *s = &n->agent->spool;
    uint64_t claimed = s->sample_count + s->lost_count + s->in_doubt_count, found = find_on_disk(w, n);
    if (claimed > found)
        n->uncertain += claimed - found; /* it will count as lost what it cannot read */
    for (struct epoch_record *e = n->newest; e != NULL && !w->ledger.broken; e = e->older)
        if (e != n->record)
            compare(w, n, e);
    n->spool_seen = true;
}

/* --- after each step --- */

/* Samples of `e` up to `to` have moved from memory to disk. */
static void came_to_disk(struct world *w, struct epoch_record *e, uint64_t to)
{
    uint64_t from = e->ring_from;
    if (e->spool_from > e->spool_to)
        e->spool_from = from;
    for (uint64_t sequence = from; sequence <= to; sequence++)
        ledger_sample(e, sequence)->spooled_s = world_second(w);
    w->seen.spooled += to + 1 - from;
    e->spool_to = to;
    e->ring_from = to + 1;
}

/* The spool now begins with this sample. */
static void left_disk(struct world *w, struct agent_node *n, const struct agent_view *v)
{
    bool is_older = v->oldest_epoch == 0;
    for (struct epoch_record *e = n->newest; e != NULL; e = e->older) {
        bool is_oldest = e->epoch == v->oldest_epoch;
        uint64_t from = e->spool_from;
        uint64_t end = is_older ? e->spool_to + 1 : is_oldest ? v->oldest_sequence : from;
        if (end > from && from <= e->spool_to) {
            ledger_leave(e, from, end - 1, n->process);
            e->spool_from = end;
        }
        is_older |= is_oldest;
    }
    if (!is_older)
        ledger_break(&w->ledger, "law 5: the spool of %s begins with an epoch that never was",
                     sim_name(n->plat));
}

static void begin_record(struct world *w, struct agent_node *n, const struct agent_view *v, uint32_t second)
{
    n->record = n->newest =
        ledger_begin(&w->ledger, sim_number(n->plat), sim_boot(n->plat), v->epoch, second, n->newest);
}

/* All of the live epoch is on disk, and another has begun. */
static void turned(struct world *w, struct agent_node *n, const struct agent_view *v)
{
    struct epoch_record *e = n->record;
    if (v->newest_epoch == e->epoch && v->newest_sequence == e->taken + 1)
        ledger_take(e, sim_second(n->plat), wall_ms(plat_wall(n->plat)));
    if (v->newest_epoch != e->epoch || v->newest_sequence != e->taken) {
        ledger_break(&w->ledger, "%s ended an epoch of %llu samples without having all of it on disk",
                     sim_name(n->plat), U(e->taken));
        return;
    }
    if (e->ring_from <= e->taken)
        came_to_disk(w, e, e->taken);
    e->alive = false;
    begin_record(w, n, v, e->taken > 0 ? e->samples[e->taken - 1].second : e->start_second);
}

static void check_live_first(struct world *w, const struct agent_node *n, const struct agent_view *v)
{
    const struct epoch_record *e = n->record;
    if (!w->calm || sim_now(w->sim) < w->calm_ns + SETTLED_NS || v->spool_samples == 0)
        return;
    w->seen.waited++;
    if (e->taken > e->acked + HELD_AFTER_CALM_MAX)
        ledger_break(&w->ledger, "law 8: %s waits with live sample %llu of %llu while %llu of its history "
                     "are sent", sim_name(n->plat), U(e->acked + 1), U(e->taken), U(v->spool_samples));
}

void holdings_watch(struct world *w, struct agent_node *n)
{
    struct agent_view v;
    holdings_look(n->agent, &v);
    if (n->record == NULL)
        begin_record(w, n, &v, sim_second(n->plat));
    if (!n->spool_seen && n->agent->spool.file >= 0)
        see_spool(w, n);
    struct epoch_record *e = n->record;
    uint64_t given_up = v.given_up_count - n->given_up_count;
    n->given_up_count = v.given_up_count;
    ledger_leave(e, e->ring_from, e->ring_from + given_up - 1, n->process);
    e->ring_from += given_up;
    if (v.epoch != e->epoch)
        turned(w, n, &v);
    e = n->record;
    if (w->ledger.broken)
        return;
    if (v.taken < e->taken || v.taken > e->taken + 1 || v.ring_from < e->ring_from ||
        v.ring_from > v.taken + 1) {
        ledger_break(&w->ledger, "%s counts %llu samples after %llu, and holds them from %llu on after %llu",
                     sim_name(n->plat), U(v.taken), U(e->taken), U(v.ring_from), U(e->ring_from));
        return;
    }
    if (v.taken == e->taken + 1)
        ledger_take(e, sim_second(n->plat), wall_ms(plat_wall(n->plat)));
    if (v.newest_epoch == e->epoch && v.newest_sequence >= e->ring_from)
        came_to_disk(w, e, v.newest_sequence);
    ledger_leave(e, e->ring_from, v.ring_from - 1, n->process);
    e->ring_from = v.ring_from;
    if (n->spool_seen)
        left_disk(w, n, &v);
    check_live_first(w, n, &v);
}
