/* SPDX-License-Identifier: MIT */
/* See past.h. The samples are those of the same kind of host in the time before the live ones. */
#include "tools/loadgen/past.h"

#include "tools/loadgen/ship.h"

#define OTHER_EPOCH UINT64_C(0x5851f42d4c957f2c)

static uint64_t epoch_of(const struct sender *s)
{
    return (s->epoch ^ OTHER_EPOCH) | 1;
}

/* The generator as it stands behind `sequence`. */
static void go_to(struct senders *g, struct sender *s, uint64_t sequence)
{
    fleet_init(&s->past.ahead, g->plan.seed + 1, s->number);
    for (uint64_t i = 0; i < sequence; i++)
        fleet_step(&s->past.ahead);
    s->past.sent_sequence = sequence;
}

bool past_is_done(const struct senders *g, const struct sender *s)
{
    return s->past.acked_sequence >= g->plan.past_samples;
}

void past_lost(struct sender *s)
{
    s->past.open = false;
}

int past_ask(struct senders *g, struct sender *s)
{
    bool done = past_is_done(g, s);
    const struct wire_history m = {.epoch = done ? 0 : epoch_of(s),
                                   .oldest_sequence = s->past.acked_sequence + 1,
                                   .next_sequence = g->plan.past_samples + 1};
    return wire_put_history(s->tx + s->tx_used, SENDER_TX_SIZE - s->tx_used, &m);
}

int past_welcome(struct senders *g, struct sender *s, const struct wire_history_welcome *m, struct mono now)
{
    if (m->epoch != epoch_of(s) || m->committed_sequence > g->plan.past_samples)
        return ERR_MALFORMED;
    if (m->committed_sequence < s->past.acked_sequence)
        return ERR_DENIED;
    g->totals.past_samples_acked += m->committed_sequence - s->past.acked_sequence;
    s->past.acked_sequence = m->committed_sequence;
    go_to(g, s, m->committed_sequence);
    s->past.known_slots = m->dictionary_count;
    s->past.send_at = now;
    s->past.open = true;
    return ERR_OK;
}

int past_acknowledged(struct senders *g, struct sender *s, uint64_t sequence)
{
    struct past *past = &s->past;
    if (!past->open || sequence > past->sent_sequence || sequence < past->acked_sequence)
        return ERR_DENIED;
    g->totals.past_samples_acked += sequence - past->acked_sequence;
    past->acked_sequence = sequence;
    return ERR_OK;
}

static uint32_t make_block(struct senders *g, struct sender *s, uint32_t count, uint8_t *to, uint32_t size)
{
    const struct sender_plan *plan = &g->plan;
    struct block_matrix *m = &g->block;
    m->count = count;
    m->slot_count = plan->series;
    for (uint32_t slot = 0; slot < plan->series; slot++)
        m->slots[slot] = (uint16_t)slot;
    for (uint32_t i = 0; i < count; i++) {
        fleet_step(&s->past.ahead);
        uint64_t before = plan->past_samples - s->past.sent_sequence++;
        m->time_ms[i] = sender_time_ms(plan, &s->past.ahead, 1) - (int64_t)before * plan->interval_ms;
        for (uint32_t slot = 0; slot < plan->series; slot++)
            m->values[slot][i] = s->past.ahead.values[slot % FLEET_SERIES];
    }
    int n = block_encode(m, to, size);
    ASSERT(n > 0);
    return (uint32_t)n;
}

static int put_batch(struct senders *g, struct sender *s)
{
    const struct sender_plan *plan = &g->plan;
    struct wire_batch batch = {.epoch = epoch_of(s), .sent_ms = wall_ms(plat_wall(g->plat))};
    uint32_t used = 0, worst = COLUMN_SIZE_MAX(BLOCK_SAMPLES_MAX) * plan->series + 512;
    while (batch.block_count < plan->past_batch && s->past.sent_sequence < plan->past_samples &&
           (batch.block_count == 0 || used + worst < sizeof g->block_bytes)) {
        uint64_t left = plan->past_samples - s->past.sent_sequence, first = s->past.sent_sequence + 1;
        uint32_t count = left < plan->block_samples ? (uint32_t)left : plan->block_samples;
        uint32_t size = make_block(g, s, count, g->block_bytes + used,
                                   (uint32_t)sizeof g->block_bytes - used);
        batch.blocks[batch.block_count++] =
            (struct wire_block){.sequence = first, .count = count, .data = {g->block_bytes + used, size}};
        used += size;
    }
    return wire_put_batch(s->tx, SENDER_TX_SIZE, &batch);
}

int past_next(struct senders *g, struct sender *s, struct mono now)
{
    struct past *past = &s->past;
    if (!past->open || !mono_reached(now, past->send_at) || past->sent_sequence > past->acked_sequence)
        return 0;
    if (past->known_slots < g->plan.series) {
        ship_queue_dictionary(g, s, epoch_of(s), past->known_slots);
        past->known_slots = g->plan.series;
        int n = (int)s->tx_used;
        s->tx_used = 0;
        return n;
    }
    if (past_is_done(g, s)) {
        past->open = false;
        return past_ask(g, s); /* epoch 0: nothing is left */
    }
    int n = put_batch(g, s);
    past->send_at = mono_after_ms(now, (int64_t)n * 1000 / g->plan.past_rate);
    return n;
}
