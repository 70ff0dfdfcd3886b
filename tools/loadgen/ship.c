/* SPDX-License-Identifier: MIT */
/* Blocks out of the generator. Their borders depend on the sender's number alone, so what is made again
 * after a reconnect is the same block; the first one is shorter, and by a different measure for each
 * sender, so that a paced fleet does not ship in one second of ten. */
#include "tools/loadgen/ship.h"

#include <string.h>

#include "platform/base/bytes.h"
#include "platform/base/fnv.h"

const struct fleet_series *sender_series(uint32_t slot, char *tag)
{
    struct text t;
    text_init(&t, tag, TAG_SIZE);
    if (slot >= FLEET_SERIES)
        text_printf(&t, "copy=%u", slot / FLEET_SERIES);
    return &fleet_series[slot % FLEET_SERIES];
}

int64_t sender_time_ms(const struct sender_plan *plan, const struct fleet_host *h, uint64_t sequence)
{
    return plan->start_ms + (int64_t)(sequence - 1) * plan->interval_ms + h->phase_ms;
}

void ship_init(struct senders *g, struct sender *s)
{
    fleet_init(&s->acked, g->plan.seed, s->number);
    s->ahead = s->acked;
    for (uint32_t i = 0; i < g->plan.series; i++)
        s->hashes[i] = FNV_START;
}

uint64_t ship_due_sequence(struct senders *g, const struct sender *s)
{
    if (!g->plan.paced)
        return g->plan.samples;
    int64_t passed = wall_ms(plat_wall(g->plat)) - sender_time_ms(&g->plan, &s->acked, 1);
    if (passed < 0)
        return 0;
    uint64_t due = (uint64_t)passed / g->plan.interval_ms + 1;
    return due < g->plan.samples ? due : g->plan.samples;
}

/* Last sample of the block that begins behind `sequence`. */
static uint64_t block_end(const struct sender_plan *plan, uint32_t number, uint64_t sequence)
{
    uint64_t first = 1 + number % plan->block_samples;
    uint64_t end = sequence < first
                       ? first
                       : sequence + plan->block_samples - (sequence - first) % plan->block_samples;
    return end < plan->samples ? end : plan->samples;
}

static void hash_sample(struct senders *g, struct sender *s)
{
    for (uint32_t i = 0; i < g->plan.series; i++) {
        uint8_t bytes[8];
        put_u64(bytes, (uint64_t)s->acked.values[i % FLEET_SERIES]);
        s->hashes[i] = fnv_bytes(s->hashes[i], bytes, sizeof bytes);
    }
}

static void follow(struct senders *g, struct sender *s, uint64_t sequence)
{
    g->totals.samples_acked += sequence - s->acked_sequence;
    g->totals.values_acked += (sequence - s->acked_sequence) * g->plan.series;
    for (; s->acked_sequence < sequence; s->acked_sequence++) {
        fleet_step(&s->acked);
        hash_sample(g, s);
    }
}

static void note_latency(struct senders *g, int64_t ms)
{
    uint32_t at = ms < SENDER_LATENCIES - 1 ? (uint32_t)ms : SENDER_LATENCIES - 1;
    g->latencies[at]++;
    g->latency_count++;
}

uint32_t ship_latency_ms(const struct senders *g, uint32_t permille)
{
    uint64_t below = 0, wanted = (g->latency_count * permille + 999) / 1000;
    for (uint32_t ms = 0; ms < SENDER_LATENCIES; ms++) {
        below += g->latencies[ms];
        if (below >= wanted)
            return ms;
    }
    return SENDER_LATENCIES - 1;
}

int ship_acknowledged(struct senders *g, struct sender *s, uint64_t sequence)
{
    if (sequence > s->sent_sequence) {
        g->totals.wrong_acks++;
        return ERR_DENIED;
    }
    if (sequence > s->acked_sequence)
        follow(g, s, sequence);
    if (s->timed_sequence != 0 && sequence >= s->timed_sequence) {
        note_latency(g, (plat_mono(g->plat).ns - s->timed_at.ns) / NS_PER_MS);
        s->timed_sequence = 0;
    }
    return ERR_OK;
}

void ship_queue_dictionary(struct senders *g, struct sender *s, uint64_t epoch, uint32_t known)
{
    struct wire_dictionary *m = &g->dictionary;
    ASSERT(s->tx_used == 0);
    while (known < g->plan.series) {
        *m = (struct wire_dictionary){.epoch = epoch, .first_slot = known};
        for (; known < g->plan.series && m->count < DICTIONARY_SERIES_MAX; known++) {
            const struct fleet_series *from = sender_series(known, g->tags[m->count]);
            m->series[m->count] = (struct wire_series){
                .metric = from->name, .tag = g->tags[m->count], .unit = "", .scale = from->scale,
                .counter = from->counter};
            m->count++;
        }
        int n = wire_put_dictionary(s->tx + s->tx_used, SENDER_TX_SIZE - s->tx_used, m);
        ASSERT(n > 0);
        s->tx_used += (uint32_t)n;
    }
}

int ship_welcome(struct senders *g, struct sender *s, const struct wire_welcome *m)
{
    if (m->epoch != s->epoch || m->dictionary_count > g->plan.series)
        return ERR_MALFORMED;
    if (m->committed_sequence < s->acked_sequence) {
        g->totals.lost_acked += s->acked_sequence - m->committed_sequence;
        return ERR_DENIED;
    }
    /* Of an earlier run with the same state; or sent, stored, and the acknowledgement was lost. */
    if (m->committed_sequence > g->plan.samples)
        return ERR_MALFORMED;
    follow(g, s, m->committed_sequence);
    s->ahead = s->acked;
    s->sent_sequence = s->acked_sequence;
    s->timed_sequence = 0;
    ship_queue_dictionary(g, s, s->epoch, m->dictionary_count); /* it goes before the first batch */
    return ERR_OK;
}

/* Takes the samples up to `end` from the generator and encodes them: the size. */
static uint32_t make_block(struct senders *g, struct sender *s, uint64_t end, uint8_t *to, uint32_t size)
{
    struct block_matrix *m = &g->block;
    m->count = (uint32_t)(end - s->sent_sequence);
    m->slot_count = g->plan.series;
    for (uint32_t slot = 0; slot < g->plan.series; slot++)
        m->slots[slot] = (uint16_t)slot;
    for (uint32_t i = 0; i < m->count; i++) {
        fleet_step(&s->ahead);
        m->time_ms[i] = sender_time_ms(&g->plan, &s->ahead, s->sent_sequence + 1 + i);
        for (uint32_t slot = 0; slot < g->plan.series; slot++)
            m->values[slot][i] = s->ahead.values[slot % FLEET_SERIES];
    }
    int n = block_encode(m, to, size);
    ASSERT(n > 0);
    return (uint32_t)n;
}

static void count_sent(struct senders *g, struct sender *s, uint64_t end)
{
    uint64_t samples = end - s->sent_sequence;
    uint64_t fresh = end > s->most_sent ? end - (s->sent_sequence > s->most_sent ? s->sent_sequence
                                                                                : s->most_sent) : 0;
    g->totals.blocks_sent++;
    g->totals.samples_sent += samples;
    g->totals.samples_resent += samples - fresh;
    if (end > s->most_sent)
        s->most_sent = end;
    s->sent_sequence = end;
}

int ship_next(struct senders *g, struct sender *s)
{
    const struct sender_plan *plan = &g->plan;
    static_assert(BLOCK_DATA_MAX <= FRAME_PAYLOAD_MAX, "one block always fits");
    uint64_t due = ship_due_sequence(g, s);
    struct wire_batch batch = {.epoch = s->epoch, .sent_ms = wall_ms(plat_wall(g->plat))};
    uint32_t used = 0;
    while (batch.block_count < plan->batch_blocks && s->sent_sequence < plan->samples) {
        uint64_t end = block_end(plan, s->number, s->sent_sequence);
        bool open = end - s->acked_sequence <= (uint64_t)plan->window_blocks * plan->block_samples;
        bool fits = used + COLUMN_SIZE_MAX(BLOCK_SAMPLES_MAX) * plan->series + 512 < sizeof g->block_bytes;
        if (end > due || !open || (batch.block_count > 0 && !fits))
            break;
        uint64_t sequence = s->sent_sequence + 1;
        uint32_t size = make_block(g, s, end, g->block_bytes + used,
                                   (uint32_t)sizeof g->block_bytes - used);
        batch.blocks[batch.block_count++] = (struct wire_block){
            .sequence = sequence, .count = (uint32_t)(end - s->sent_sequence),
            .data = {g->block_bytes + used, size}};
        used += size;
        count_sent(g, s, end);
    }
    if (batch.block_count == 0)
        return 0;
    g->totals.batches_sent++;
    if (s->timed_sequence == 0) {
        s->timed_sequence = s->sent_sequence;
        s->timed_at = plat_mono(g->plat);
    }
    return wire_put_batch(s->tx, SENDER_TX_SIZE, &batch);
}
