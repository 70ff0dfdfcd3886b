/* SPDX-License-Identifier: MIT */
/* The judge's eyes: what agents take and give up, seen after each of their steps, and what they are told,
 * read from the bytes they receive. */
#include "tests/sim/world.h"

#include <string.h>

struct agent_node *watch_node(struct world *w, const struct plat *p)
{
    for (uint32_t i = 0; i < w->options.agents; i++)
        if (w->agents[i].plat == p)
            return &w->agents[i];
    return NULL;
}

static void see_welcome(struct world *w, struct agent_node *n, const struct wire_frame *f)
{
    uint8_t space[2048];
    struct arena scratch;
    struct wire_welcome m;
    arena_init(&scratch, space, sizeof space);
    if (wire_get_welcome(f, &scratch, &m) < 0) {
        ledger_break(&w->ledger, "%s received a Welcome that does not parse", sim_name(n->plat));
        return;
    }
    w->seen.welcomes++;
    const struct epoch_record *e = ledger_find(&w->ledger, sim_number(n->plat), m.epoch);
    if (e == NULL && m.committed_sequence > 0)
        ledger_break(&w->ledger, "law 5: %s is told that %llu samples of an epoch are stored that never was",
                     sim_name(n->plat), (unsigned long long)m.committed_sequence);
    else if (e != NULL && m.committed_sequence < e->acked)
        ledger_break(&w->ledger, "law 1: %s had an Ack of %llu, but Welcome says %llu: acknowledged samples "
                     "are gone", sim_name(n->plat), (unsigned long long)e->acked,
                     (unsigned long long)m.committed_sequence);
    else if (e != NULL && m.committed_sequence > e->taken)
        ledger_break(&w->ledger, "law 5: %s has taken %llu samples, but Welcome says %llu are stored",
                     sim_name(n->plat), (unsigned long long)e->taken,
                     (unsigned long long)m.committed_sequence);
}

static void see_ack(struct world *w, struct agent_node *n, const struct wire_frame *f)
{
    uint8_t space[2048];
    struct arena scratch;
    struct wire_ack m;
    arena_init(&scratch, space, sizeof space);
    struct epoch_record *e = NULL;
    if (wire_get_ack(f, &scratch, &m) >= 0)
        e = ledger_find(&w->ledger, sim_number(n->plat), m.epoch);
    if (e == NULL || m.sequence > e->taken)
        ledger_break(&w->ledger, "law 5: %s received an Ack for what it never took", sim_name(n->plat));
    else if (m.sequence < e->acked)
        ledger_break(&w->ledger, "law 1: %s had an Ack of %llu and now one of %llu", sim_name(n->plat),
                     (unsigned long long)e->acked, (unsigned long long)m.sequence);
    else
        e->acked = m.sequence;
}

void watch_tap(void *ctx, struct plat *p, uint64_t connection, const uint8_t *bytes, uint32_t size)
{
    struct world *w = ctx;
    struct agent_node *n = watch_node(w, p);
    if (n == NULL || w->ledger.broken)
        return;
    if (connection != n->connection) {
        n->connection = connection;
        n->byte_count = 0;
    }
    while (size > 0) {
        uint32_t part = (uint32_t)sizeof n->bytes - n->byte_count;
        part = size < part ? size : part;
        memcpy(n->bytes + n->byte_count, bytes, part);
        n->byte_count += part;
        bytes += part;
        size -= part;
        struct wire_frame f;
        int taken;
        uint32_t at = 0;
        while ((taken = wire_frame(n->bytes + at, n->byte_count - at, &f)) > 0) {
            if (f.type == WIRE_WELCOME)
                see_welcome(w, n, &f);
            else if (f.type == WIRE_ACK)
                see_ack(w, n, &f);
            at += (uint32_t)taken;
        }
        if (taken == ERR_MALFORMED || (at == 0 && n->byte_count == sizeof n->bytes)) {
            ledger_break(&w->ledger, "%s received bytes that are no frame", sim_name(p));
            return;
        }
        n->byte_count -= at;
        memmove(n->bytes, n->bytes + at, n->byte_count);
    }
}

void watch_look(const struct agent *a, struct agent_view *v)
{
    uint64_t oldest = ring_oldest_sequence(&a->ring);
    if (oldest == 0)
        oldest = block_builder_oldest_sequence(&a->builder);
    *v = (struct agent_view){.epoch = a->uplink.parts.epoch,
                             .taken = a->builder.next_sequence - 1,
                             .oldest_held = oldest != 0 ? oldest : a->builder.next_sequence,
                             .lost_count = a->ring.lost_count,
                             .in_doubt_count = ring_in_doubt(&a->ring)};
}

void watch_agent(struct world *w, struct agent_node *n)
{
    struct agent_view v;
    watch_look(n->agent, &v);
    if (n->record == NULL)
        n->record = ledger_begin(&w->ledger, sim_number(n->plat), sim_boot(n->plat), v.epoch,
                                 sim_second(n->plat));
    struct epoch_record *e = n->record;
    if (v.epoch != e->epoch || v.taken < e->taken || v.taken > e->taken + 1)
        ledger_break(&w->ledger, "%s counted %llu samples after %llu", sim_name(n->plat),
                     (unsigned long long)v.taken, (unsigned long long)e->taken);
    if (v.taken == e->taken + 1)
        ledger_take(e, sim_second(n->plat), wall_ms(plat_wall(n->plat)));
    if (v.oldest_held < e->oldest_held || v.oldest_held > e->taken + 1)
        ledger_break(&w->ledger, "%s holds samples from %llu on, before it was %llu", sim_name(n->plat),
                     (unsigned long long)v.oldest_held, (unsigned long long)e->oldest_held);
    else
        (void)ledger_leave(e, v.oldest_held);
}
