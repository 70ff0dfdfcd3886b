/* SPDX-License-Identifier: MIT */
/* History: what the spool holds, sent beside the live samples and behind them.
 *
 *            begin()             take_welcome             put_batch() finds no more
 *     IDLE ------------> ASKED -------------> OPEN --------------------------------> IDLE, next epoch
 *       ^    History       |                    |
 *       +------------------+--------------------+-- the session ends: uplink_history_reset()
 *
 * One batch is on its way at a time, and the next waits until the one before has had its time at
 * HISTORY_BYTES_PER_S: a slow aggregator is not pressed, and the live batches do not notice.
 *
 * The epoch of the live samples is closed when a session begins and the spool holds some of it, so that what
 * is taken now need not wait for hours of history. That takes a spool that can be written, for what is still
 * in the ring must go there. When it cannot, the epoch goes on, and goes in order: first what the spool holds
 * of it, then the ring. Older epochs follow.
 *
 * An epoch is also asked about when nothing of it is held any more, but something was given up that may have
 * arrived: the answer tells. */
#include <string.h>

#include "agent/uplink_session.h"
#include "platform/base/bytes.h"

/* --- which epoch a session is about --- */

bool uplink_is_in_order(const struct uplink *u)
{
    return spool_newest_epoch(u->parts.spool) == u->parts.epoch;
}

uint64_t uplink_draw_epoch(struct plat *p)
{
    uint64_t random;
    do
        plat_random(p, &random, sizeof random);
    while (random == 0);
    return random;
}

uint64_t uplink_next_epoch(struct uplink *u, struct mono now)
{
    /* Whether a block that was given up has arrived is told about the live epoch only: it goes on. */
    if (!uplink_is_in_order(u) || ring_in_doubt(u->parts.ring) > 0 || !spool_is_ready(u->parts.spool, now))
        return u->parts.epoch;
    if (u->next_epoch == 0)
        u->next_epoch = uplink_draw_epoch(u->parts.plat);
    return u->next_epoch;
}

void uplink_spill(struct uplink *u, struct mono now)
{
    struct ring_block b;
    for (uint32_t at = 0; ring_walk(u->parts.ring, &at, &b); at = 0) {
        bool was_sent = b.sequence + b.count - 1 <= u->sent_ever;
        if (!spool_is_ready(u->parts.spool, now) ||
            spool_put(u->parts.spool, u->parts.epoch, &b, was_sent, now) < 0)
            return;
        ring_move_out(u->parts.ring);
    }
}

bool uplink_turn_epoch(struct uplink *u, struct mono now)
{
    uplink_spill(u, now); /* before the last block comes, which a full ring would have no room for */
    block_builder_seal(u->parts.builder, u->parts.ring, u->parts.scratch);
    uplink_spill(u, now);
    if (u->parts.ring->block_count > 0)
        return false;
    u->parts.epoch = u->next_epoch;
    u->next_epoch = 0;
    u->parts.builder->next_sequence = 1;
    u->sent_ever = u->acked_sequence = 0;
    ring_begin(u->parts.ring);
    return true;
}

/* --- reading --- */

/* Nothing can be read now. The live samples do not wait for a broken disk. */
static void unreadable(struct uplink *u, struct mono now)
{
    u->history.send_at = mono_after_ms(now, SPOOL_RETRY_MS);
    if (uplink_is_in_order(u))
        spool_abandon(u->parts.spool, u->acked_sequence);
}

/* One more than the highest slot of a block, or SLOTS_MAX + 1 when that cannot be told. */
static uint32_t slots_end(const uint8_t *data, uint32_t size)
{
    uint64_t count;
    uint32_t at = get_varint(data, size, &count);
    if (at == 0 || at == size || data[at] > 1 || count > SLOTS_MAX)
        return SLOTS_MAX + 1;
    if (data[at] == 0)
        return (uint32_t)count;
    if (size - at < 2 || size - at - 2 < data[at + 1])
        return SLOTS_MAX + 1;
    for (uint32_t slot = data[at + 1] * 8U; slot > 0; slot--)
        if ((data[at + 2 + (slot - 1) / 8] >> (slot - 1) % 8 & 1) != 0)
            return slot;
    return 0;
}

/* The part of a dictionary record that the aggregator does not know; 0 when it is damaged. */
static int put_dictionary(struct uplink *u, const struct spool_record *r)
{
    struct uplink_history *h = &u->history;
    uint8_t *payload = u->parts.scratch;
    struct wire_dictionary m;
    struct arena arena;
    arena_init(&arena, payload + TRANSMIT_SIZE, SCRATCH_SIZE - TRANSMIT_SIZE);
    if (spool_data(u->parts.spool, r, payload) < 0)
        return 0;
    const struct wire_frame f = {.type = WIRE_DICTIONARY, .payload = payload, .size = r->size};
    if (wire_get_dictionary(&f, &arena, &m) < 0 || m.count != r->count || m.first_slot != r->sequence)
        return 0;
    uint32_t known = h->known_slots - m.first_slot;
    m.epoch = h->epoch;
    m.first_slot += known;
    m.count -= known;
    memmove(m.series, m.series + known, m.count * sizeof m.series[0]);
    h->known_slots += m.count;
    return wire_put_dictionary(u->tx, sizeof u->tx, &m);
}

struct gathering {
    struct wire_batch batch;
    uint32_t size;  /* of the frame, at most */
    uint32_t used;  /* of the scratch */
    uint64_t last;
    bool is_over;
};

/* A block into the batch. One that cannot be sent is given up when its turn has come. */
static void gather_block(struct uplink *u, struct gathering *g, const struct spool_record *r, struct mono now)
{
    struct spool *spool = u->parts.spool;
    uint32_t size = g->size + BATCH_BLOCK_OVERHEAD + r->size;
    if (r->epoch == u->parts.epoch && r->sequence + r->count - 1 <= u->acked_sequence)
        return; /* the tail is dropped as a whole */
    if (size > sizeof u->tx || g->batch.block_count == BATCH_BLOCKS_MAX) {
        g->is_over = true;
        return;
    }
    uint8_t *data = u->parts.scratch + g->used;
    int e = spool_data(spool, r, data);
    if (e == ERR_OK && r->sequence > g->last && r->count <= BLOCK_SAMPLES_MAX &&
        slots_end(data, r->size) <= u->history.known_slots) {
        g->batch.blocks[g->batch.block_count++] =
            (struct wire_block){.sequence = r->sequence, .count = r->count, .data = {data, r->size}};
        g->size = size;
        g->used += r->size;
        g->last = r->sequence + r->count - 1;
        return;
    }
    bool is_tail = r->epoch == u->parts.epoch && spool->oldest.epoch != r->epoch;
    g->is_over = g->batch.block_count > 0 || e == ERR_SYSTEM || is_tail;
    if (e == ERR_SYSTEM || (is_tail && g->batch.block_count == 0))
        unreadable(u, now);
    else if (g->batch.block_count == 0)
        spool_give_up_block(spool);
}

/* Walks on from h->at until a frame is full: its size in tx, 0 when nothing of this epoch is left. */
static int put_next(struct uplink *u, struct mono now)
{
    struct uplink_history *h = &u->history;
    struct spool *spool = u->parts.spool;
    struct gathering g = {.size = BATCH_OVERHEAD,
                          .batch = {.epoch = h->epoch, .lost_count = uplink_lost_count(u),
                                    .sent_ms = wall_ms(plat_wall(u->parts.plat))}};
    struct spool_record r;
    while (!g.is_over && spool->has_oldest && spool_record(spool, h->at, &r)) {
        bool is_past = spool_is_past(spool, &r);
        if (r.epoch != h->epoch && !is_past)
            break;
        if (r.epoch == h->epoch && r.kind == SPOOL_DICTIONARY && r.sequence <= h->known_slots &&
            r.sequence + r.count > h->known_slots) {
            if (g.batch.block_count > 0)
                break;
            h->at = r.next;
            int size = put_dictionary(u, &r);
            if (size != 0)
                return size;
        } else if (r.kind == SPOOL_BLOCK && !is_past) {
            gather_block(u, &g, &r, now);
        }
        if (!g.is_over)
            h->at = r.next;
    }
    if (g.batch.block_count == 0)
        return 0;
    h->sent_sequence = g.last;
    h->batches++;
    spool_sent(spool, h->epoch, g.last);
    if (h->epoch == u->parts.epoch && g.last > u->sent_ever)
        u->sent_ever = g.last;
    return wire_put_batch(u->tx, sizeof u->tx, &g.batch);
}

/* --- the states --- */

/* Everything up to `committed` is durable there, and so many slots are known. */
static void open_epoch(struct uplink *u, uint64_t committed, uint32_t known_slots)
{
    struct uplink_history *h = &u->history;
    struct spool *spool = u->parts.spool;
    spool_acknowledge(spool, h->epoch, committed);
    h->state = HISTORY_OPEN;
    h->known_slots = known_slots;
    h->sent_sequence = 0;
    if (spool->has_oldest)
        h->at = spool_start(spool, h->epoch);
}

static int ask(struct uplink *u, uint64_t epoch, uint64_t oldest_sequence, uint64_t next_sequence)
{
    struct uplink_history *h = &u->history;
    h->epoch = epoch;
    h->state = HISTORY_ASKED;
    h->is_told = true;
    const struct wire_history m = {
        .epoch = epoch, .oldest_sequence = oldest_sequence, .next_sequence = next_sequence};
    return wire_put_history(u->tx, sizeof u->tx, &m);
}

static int tell_the_end(struct uplink *u)
{
    bool is_due = u->history.is_told;
    u->history.is_told = false;
    const struct wire_history nothing = {0};
    return is_due ? wire_put_history(u->tx, sizeof u->tx, &nothing) : 0;
}

/* Samples of an epoch that has ended, and of which nothing is held any more. */
static const struct spool_doubt *doubt_alone(const struct uplink *u)
{
    const struct spool *spool = u->parts.spool;
    const struct spool_doubt *d = spool_oldest_doubt(spool);
    bool is_asked_anyway = d != NULL && (d->epoch == u->parts.epoch ||
                                         (spool->has_oldest && spool->oldest.epoch == d->epoch));
    return is_asked_anyway ? NULL : d;
}

/* What the spool holds of the live epoch, or the oldest of which it knows something. */
static int begin(struct uplink *u, struct mono now)
{
    struct uplink_history *h = &u->history;
    struct spool *spool = u->parts.spool;
    if (spool->sample_count > 0 && !spool_can_read(spool)) {
        unreadable(u, now);
        return 0;
    }
    if (spool->sample_count > 0 && uplink_is_in_order(u)) {
        h->epoch = u->parts.epoch;
        open_epoch(u, u->acked_sequence, u->dictionary_sent);
        return uplink_is_in_order(u) ? put_next(u, now) : 0;
    }
    const struct spool_doubt *doubt = doubt_alone(u);
    if (doubt != NULL)
        return ask(u, doubt->epoch, doubt->last + 1, doubt->last + 1);
    return spool->sample_count == 0 ? tell_the_end(u)
                                    : ask(u, spool->oldest.epoch, spool->oldest.sequence,
                                          spool_oldest_epoch_end(spool));
}

int uplink_put_history(struct uplink *u, struct mono now)
{
    struct uplink_history *h = &u->history;
    if (h->state == HISTORY_ASKED || h->sent_sequence != 0 || !mono_reached(now, h->send_at))
        return 0;
    int size = 0;
    if (h->state == HISTORY_OPEN) {
        size = put_next(u, now);
        if (size == 0) {
            h->state = HISTORY_IDLE;
            h->done_epoch = h->epoch;
        }
    }
    if (size == 0 && mono_reached(now, h->send_at))
        size = begin(u, now);
    if (size > 0 && h->state == HISTORY_OPEN && h->epoch != u->parts.epoch)
        h->send_at = mono_after_ms(now, (int64_t)size * MS_PER_S / (int64_t)HISTORY_BYTES_PER_S);
    return size;
}

struct mono uplink_history_due(const struct uplink *u)
{
    const struct uplink_history *h = &u->history;
    bool is_waiting = u->state != UPLINK_SHIPPING || u->tx_at < u->tx_size ||
                      h->state == HISTORY_ASKED || h->sent_sequence != 0 ||
                      (u->parts.spool->sample_count == 0 && doubt_alone(u) == NULL && !h->is_told);
    return is_waiting ? MONO_NEVER : h->send_at;
}

bool uplink_history_welcomed(struct uplink *u, const struct wire_history_welcome *m)
{
    struct uplink_history *h = &u->history;
    if (h->state != HISTORY_ASKED || m->epoch != h->epoch)
        return false;
    open_epoch(u, m->committed_sequence, m->dictionary_count);
    spool_told(u->parts.spool, h->epoch, m->committed_sequence);
    return true;
}

/* What has not been sent is not dropped, whatever is acknowledged: the Welcome of a session says what an
 * earlier one has brought. */
bool uplink_history_acked(struct uplink *u, const struct wire_ack *m)
{
    struct uplink_history *h = &u->history;
    if (h->state != HISTORY_OPEN || m->epoch != h->epoch)
        return m->epoch == h->done_epoch && m->epoch != 0;
    if (h->sent_sequence == 0)
        return true;
    spool_acknowledge(u->parts.spool, m->epoch,
                      m->sequence < h->sent_sequence ? m->sequence : h->sent_sequence);
    if (m->sequence >= h->sent_sequence)
        h->sent_sequence = 0;
    h->refusals = 0;
    return true;
}

void uplink_history_reset(struct uplink *u, struct mono now, uint32_t code)
{
    struct uplink_history *h = &u->history;
    bool is_about_it = h->state != HISTORY_IDLE && (code == REFUSE_MALFORMED || code == REFUSE_PROTOCOL ||
                                                    code == REFUSE_CAPACITY);
    h->state = HISTORY_IDLE;
    h->sent_sequence = 0;
    h->is_told = false;
    if (!is_about_it || ++h->refusals < HISTORY_REFUSALS_MAX)
        return;
    h->refusals = 0;
    h->send_at = mono_after_ms(now, HISTORY_PAUSE_MS);
    plat_log(u->parts.plat, LOG_WARN, "%s refuses what the spool holds of an earlier time; it is kept and "
             "tried again in an hour", u->parts.server);
}
