/* SPDX-License-Identifier: MIT */
/* Dictionaries and batches into the store, acknowledgements back. Each block stands for itself: when the
 * store is full in the middle of a batch, `block_next` remembers where to go on. */
#include "aggregator/ingest/session.h"
#include "platform/base/utf8.h"

static bool is_scale(uint32_t scale)
{
    for (uint32_t power = 1; power <= 1000000000; power *= 10) {
        if (scale == power)
            return true;
        if (power == 1000000000)
            break;
    }
    return false;
}

static bool is_good_series(const struct wire_series *series)
{
    return series->metric[0] != '\0' && utf8_printable(series->metric) &&
           utf8_printable(series->tag) && utf8_printable(series->unit) && is_scale(series->scale);
}

/* The stream of the epoch; negative when the session was refused. */
static int find_stream(struct ingest *g, struct session *s, uint64_t epoch)
{
    if (epoch == s->streams[STREAM_LIVE].epoch)
        return STREAM_LIVE;
    if (s->history == HISTORY_OPEN && epoch == s->streams[STREAM_HISTORY].epoch) {
        s->history_deadline = mono_after_ms(g->now, HISTORY_SILENCE_MS_MAX);
        return STREAM_HISTORY;
    }
    session_refuse(g, s, REFUSE_PROTOCOL,
                   "the epoch is neither the one of Hello nor the one of HistoryWelcome; connect "
                   "again");
    return ERR_MALFORMED;
}

/* What is too much is not kept; the other series of the agent are. Said once in a session. */
static void say_surplus(struct ingest *g, struct session *s, const struct wire_series *series, uint32_t slot)
{
    g->stats.series_refused++;
    if (s->surplus_said)
        return;
    s->surplus_said = true;
    plat_log(g->plat, LOG_WARN, "agent %s: there is no room for series %u (%s), and its values go lost; start"
             " the aggregator with a larger --series-max", s->identity, slot, series->metric);
}

/* False when the session was refused. */
static bool add_series(struct ingest *g, struct session *s, enum store_stream stream,
                       const struct wire_series *series, uint32_t slot)
{
    if (!is_good_series(series)) {
        session_refuse(g, s, REFUSE_MALFORMED,
                       "series %u of the dictionary needs a printable name, tag and unit and a scale "
                       "that is a power of ten", slot);
        return false;
    }
    const struct store_series_facts facts = {
        .metric = series->metric,
        .tag = series->tag,
        .unit = series->unit,
        .scale = series->scale,
        .kind = series->counter ? METRIC_COUNTER : METRIC_GAUGE,
    };
    int e = store_dictionary_add(g->store, s->instance, stream, &facts);
    if (e == ERR_FULL)
        say_surplus(g, s, series, slot);
    else if (e == ERR_MALFORMED)
        session_refuse(g, s, REFUSE_MALFORMED,
                       "series %u (%s) of the dictionary is there already, or its name is too long",
                       slot, series->metric);
    else if (e < 0)
        session_refuse(g, s, REFUSE_STORAGE, "the aggregator cannot store series %u now", slot);
    return e >= 0 || e == ERR_FULL;
}

bool session_dictionary(struct ingest *g, struct session *s, const struct wire_frame *f)
{
    struct wire_dictionary *m = &g->scratch->message.dictionary;
    if (wire_get_dictionary(f, &g->arena, m) < 0) {
        session_refuse(g, s, REFUSE_MALFORMED, "the dictionary does not parse");
        return false;
    }
    int stream = find_stream(g, s, m->epoch);
    if (stream < 0)
        return false;
    uint32_t known = store_dictionary_count(g->store, s->instance, (enum store_stream)stream);
    if (m->first_slot > known || m->count > SLOTS_MAX - m->first_slot) {
        session_refuse(g, s, REFUSE_PROTOCOL,
                       "the dictionary has slots %u to %u where %u are known and %u possible",
                       m->first_slot, m->first_slot + m->count, known, SLOTS_MAX);
        return false;
    }
    for (uint32_t i = known - m->first_slot; i < m->count; i++) {
        if (!add_series(g, s, (enum store_stream)stream, &m->series[i], m->first_slot + i))
            return false;
    }
    return true;
}

enum staged { STAGED, HELD, REFUSED };

static enum staged stage_block(struct ingest *g, struct session *s, enum store_stream stream,
                               const struct wire_block *b)
{
    struct block_matrix *block = &g->scratch->block;
    struct session_stream *mine = &s->streams[stream];
    if (block_decode(b->data.at, b->data.size, b->count, block) < 0) {
        session_refuse(g, s, REFUSE_MALFORMED, "the block of sample %llu does not decode",
                       (unsigned long long)b->sequence);
        return REFUSED;
    }
    int n = store_append(g->store, s->instance, stream, b->sequence, block, b->data.at, b->data.size,
                         plat_wall(g->plat));
    if (n == ERR_FULL) {
        s->held_stream = stream;
        session_hold(g, s);
        return HELD;
    }
    if (n < 0) {
        session_refuse(g, s, REFUSE_MALFORMED,
                       "the block of sample %llu overlaps what is stored or names a slot that the "
                       "dictionary lacks", (unsigned long long)b->sequence);
        return REFUSED;
    }
    uint64_t last = b->sequence + b->count - 1;
    if (last > mine->staged_sequence)
        mine->staged_sequence = last;
    if (n == 0) {
        g->stats.duplicates++;
        mine->ack_owed = true;
        g->owing_now = true;
        return STAGED;
    }
    g->stats.blocks++;
    g->stats.samples += (uint64_t)n;
    if (stream == STREAM_HISTORY)
        g->stats.history_samples += (uint64_t)n;
    g->stats.values += (uint64_t)n * block->slot_count;
    return STAGED;
}

static bool is_ascending(const struct wire_batch *m)
{
    uint64_t next = 1;
    for (uint32_t i = 0; i < m->block_count; i++) {
        const struct wire_block *b = &m->blocks[i];
        if (b->count == 0 || b->count > BLOCK_SAMPLES_MAX || b->sequence < next ||
            b->sequence > (uint64_t)INT64_MAX - b->count)
            return false;
        next = b->sequence + b->count;
    }
    return true;
}

/* Sent before its time: a sample crossed a hint, or somebody looks on. Who has been away sends more. */
static void look_for_haste(struct ingest *g, struct session *s, const struct wire_batch *m)
{
    bool is_early = !mono_reached(g->now, mono_after_ms(s->batch_at, g->limits.ship_interval_ms / 4 * 3));
    if (is_early && s->batch_at.ns != 0 && m->block_count == 1)
        store_hurry(g->store);
    s->batch_at = g->now;
}

bool session_batch(struct ingest *g, struct session *s, const struct wire_frame *f)
{
    struct wire_batch *m = &g->scratch->message.batch;
    if (wire_get_batch(f, &g->arena, m) < 0 || !is_ascending(m)) {
        session_refuse(g, s, REFUSE_MALFORMED, "the batch does not parse, or is out of order");
        return false;
    }
    int stream = find_stream(g, s, m->epoch);
    if (stream < 0)
        return false;
    session_list_add(&g->owing, session_slot(g, s));
    for (; s->block_next < m->block_count; s->block_next++) {
        if (stage_block(g, s, (enum store_stream)stream, &m->blocks[s->block_next]) != STAGED)
            return false;
    }
    session_skew(g, s, m->sent_ms);
    if (stream == STREAM_LIVE) { /* of an epoch that has ended, what it lost is part of the gaps */
        store_instance(g->store, s->instance)->lost_count = m->lost_count;
        look_for_haste(g, s, m);
    }
    return true;
}

/* True when nothing of the stream is owed any more. */
static bool acknowledge(struct ingest *g, struct session *s, enum store_stream stream)
{
    struct session_stream *mine = &s->streams[stream];
    uint64_t committed = store_committed_sequence(g->store, s->instance, stream);
    if (committed > mine->acked_sequence || mine->ack_owed) {
        const struct wire_ack ack = {.epoch = mine->epoch, .sequence = committed};
        uint32_t room;
        uint8_t *to = session_tx(s, &room);
        if (!session_send(g, s, wire_put_ack(to, room, &ack)))
            return false;
        mine->acked_sequence = committed;
        mine->ack_owed = false;
    }
    return committed >= mine->staged_sequence;
}

bool session_acknowledge(struct ingest *g, struct session *s)
{
    bool all = acknowledge(g, s, STREAM_LIVE);
    if (s->history != HISTORY_OPEN)
        return all;
    all = acknowledge(g, s, STREAM_HISTORY) && all;
    session_history_progress(g, s);
    return all;
}
