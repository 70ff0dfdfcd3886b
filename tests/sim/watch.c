/* SPDX-License-Identifier: MIT */
/* The judge's eyes: what agents are told, read from the bytes they receive. */
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

static void see_history_welcome(struct world *w, struct agent_node *n, const struct wire_frame *f)
{
    uint8_t space[2048];
    struct arena scratch;
    struct wire_history_welcome m;
    arena_init(&scratch, space, sizeof space);
    struct epoch_record *e = NULL;
    if (wire_get_history_welcome(f, &scratch, &m) >= 0)
        e = ledger_find(&w->ledger, sim_number(n->plat), m.epoch);
    if (e == NULL || m.committed_sequence > e->taken)
        ledger_break(&w->ledger, "law 5: %s is told of a history that never was", sim_name(n->plat));
    else if (m.committed_sequence < e->acked)
        ledger_break(&w->ledger, "law 1: %s had an Ack of %llu, but HistoryWelcome says %llu",
                     sim_name(n->plat), (unsigned long long)e->acked,
                     (unsigned long long)m.committed_sequence);
    w->seen.histories++;
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
            else if (f.type == WIRE_HISTORY_WELCOME)
                see_history_welcome(w, n, &f);
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
