/* SPDX-License-Identifier: MIT */
/* History: what an agent kept of an epoch that has ended. The store has a fixed number of places for it,
 * which bounds the load that a thousand agents make who come back at once: who asks is answered when it is
 * its turn. What follows are dictionaries and batches as of the live epoch (batch.c). */
#include "aggregator/ingest/session.h"

bool session_history(struct ingest *g, struct session *s, const struct wire_frame *f)
{
    struct wire_history *m = &g->scratch->message.history;
    if (wire_get_history(f, &g->arena, m) < 0) {
        session_refuse(g, s, REFUSE_MALFORMED, "History does not parse");
        return false;
    }
    if (m->epoch == s->streams[STREAM_LIVE].epoch) {
        session_refuse(g, s, REFUSE_PROTOCOL, "the live epoch cannot be history at the same time");
        return false;
    }
    session_history_end(g, s);
    if (m->epoch == 0)
        return true;
    s->history = HISTORY_ASKED;
    s->history_end = m->next_sequence;
    s->streams[STREAM_HISTORY] = (struct session_stream){.epoch = m->epoch};
    session_list_add(&g->asking, session_slot(g, s));
    g->asking_now = true;
    return true;
}

static void welcome(struct ingest *g, struct session *s)
{
    struct session_stream *mine = &s->streams[STREAM_HISTORY];
    const struct wire_history_welcome welcome = {
        .epoch = mine->epoch,
        .committed_sequence = store_committed_sequence(g->store, s->instance, STREAM_HISTORY),
        .dictionary_count = store_dictionary_count(g->store, s->instance, STREAM_HISTORY),
    };
    uint32_t room;
    uint8_t *to = session_tx(s, &room);
    if (!session_send(g, s, wire_put_history_welcome(to, room, &welcome))) {
        session_history_end(g, s); /* its send buffer is full: it does not read */
        session_refuse(g, s, REFUSE_PROTOCOL, "it asks for more than it reads");
        return;
    }
    mine->acked_sequence = mine->staged_sequence = welcome.committed_sequence;
    s->history = HISTORY_OPEN;
    session_history_progress(g, s);
    s->history_deadline = mono_after_ms(g->now, HISTORY_SILENCE_MS_MAX);
    g->stats.histories++;
    plat_log(g->plat, LOG_DEBUG, "agent %s catches up from sample %llu to %llu of epoch %llx", s->identity,
             (unsigned long long)welcome.committed_sequence + 1, (unsigned long long)s->history_end,
             (unsigned long long)mine->epoch);
}

int session_history_welcome(struct ingest *g, struct session *s)
{
    int e = store_history(g->store, s->instance, s->streams[STREAM_HISTORY].epoch);
    if (e == ERR_OK)
        welcome(g, s);
    return e;
}

void session_history_progress(struct ingest *g, struct session *s)
{
    uint64_t next = s->streams[STREAM_HISTORY].acked_sequence + 1;
    store_instance(g->store, s->instance)->history_left = s->history_end > next ? s->history_end - next : 0;
}

void session_history_end(struct ingest *g, struct session *s)
{
    if (s->history == HISTORY_OPEN) {
        store_history_end(g->store, s->instance);
        g->asking_now = true;
    }
    s->history = HISTORY_NONE;
}

void session_history_check(struct ingest *g, struct session *s)
{
    const struct session_stream *mine = &s->streams[STREAM_HISTORY];
    if (s->history != HISTORY_OPEN)
        return;
    /* It is we who do not listen, or who owe an answer. */
    if (s->paused || mine->staged_sequence > mine->acked_sequence)
        s->history_deadline = mono_after_ms(g->now, HISTORY_SILENCE_MS_MAX);
    if (mono_reached(g->now, s->history_deadline)) {
        g->stats.timeouts++;
        session_refuse(g, s, REFUSE_PROTOCOL, "it asked to send history and sends none; others wait for its "
                       "place");
    }
}
