/* SPDX-License-Identifier: MIT */
/* The life of a session slot: bytes in and out, frames, buffers, refusals. What a message means stands
 * in enroll.c, hello.c and batch.c. */
#include "aggregator/ingest/session.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Reads of one session in one pass, so that a fast sender does not starve the others. */
#define READS_PER_TURN 16U

uint32_t session_slot(const struct ingest *g, const struct session *s)
{
    return (uint32_t)(s - g->sessions);
}

void session_list_add(struct session_list *list, uint32_t slot)
{
    if (list->listed[slot])
        return;
    list->listed[slot] = 1;
    list->slots[list->count++] = slot;
}

static void use_own_buffer(struct ingest *g, struct session *s)
{
    s->rx = g->rx_buffers + (size_t)session_slot(g, s) * SESSION_RX_SIZE;
    s->rx_size = SESSION_RX_SIZE;
    s->rx_used = 0;
}

static void send_from_own_buffer(struct ingest *g, struct session *s)
{
    s->tx = g->tx_buffers + (size_t)session_slot(g, s) * SESSION_TX_SIZE;
    s->tx_size = SESSION_TX_SIZE;
    s->tx_used = s->tx_sent = 0;
}

struct session *session_begin(struct ingest *g, int conn)
{
    if (g->free_count == 0 || conn < 0 || (uint32_t)conn >= g->limits.connections_max)
        return NULL;
    uint32_t slot = g->free_slots[--g->free_count];
    struct session *s = &g->sessions[slot];
    *s = (struct session){.state = SESSION_WAITING_FIRST, .conn = conn, .instance = NO_SLOT,
                          .large = NO_SLOT, .tx_large = NO_SLOT, .send_deadline = MONO_NEVER};
    s->deadline = mono_after_ms(g->now, HANDSHAKE_MS_MAX);
    send_from_own_buffer(g, s);
    use_own_buffer(g, s);
    g->session_of_conn[conn] = slot;
    g->stats.sessions++;
    if (g->stats.sessions > g->stats.sessions_high_water)
        g->stats.sessions_high_water = g->stats.sessions;
    memory_use(g->sessions_line, g->stats.sessions);
    return s;
}

/* A large buffer and its number; NULL when none is free. */
static uint8_t *take_large(struct ingest *g, uint32_t *slot)
{
    if (g->large_free_count == 0)
        return NULL;
    *slot = g->large_free[--g->large_free_count];
    memory_use(g->large_line, g->limits.large_frames_max - g->large_free_count);
    return g->large_buffers + (size_t)*slot * LARGE_FRAME_SIZE;
}

static void put_large(struct ingest *g, uint32_t *slot)
{
    g->large_free[g->large_free_count++] = *slot;
    *slot = NO_SLOT;
    memory_use(g->large_line, g->limits.large_frames_max - g->large_free_count);
}

static void return_large(struct ingest *g, struct session *s)
{
    if (s->large == NO_SLOT)
        return;
    put_large(g, &s->large);
    use_own_buffer(g, s);
}

static void return_large_tx(struct ingest *g, struct session *s)
{
    if (s->tx_large == NO_SLOT)
        return;
    put_large(g, &s->tx_large);
    send_from_own_buffer(g, s);
}

/* The instance is no longer connected through this session. */
static void leave_instance(struct ingest *g, struct session *s)
{
    if (s->instance == NO_SLOT)
        return;
    session_history_end(g, s);
    if (g->session_of_instance[s->instance] == session_slot(g, s)) {
        g->session_of_instance[s->instance] = NO_SLOT;
        store_instance(g->store, s->instance)->connected = false;
    }
    s->instance = NO_SLOT;
    g->stats.connected--;
}

void session_end(struct ingest *g, struct session *s)
{
    ASSERT(s->state != SESSION_FREE);
    leave_instance(g, s);
    return_large(g, s);
    return_large_tx(g, s);
    g->session_of_conn[s->conn] = NO_SLOT;
    plat_close(g->plat, s->conn);
    s->state = SESSION_FREE;
    s->conn = -1;
    g->free_slots[g->free_count++] = session_slot(g, s);
    g->stats.sessions--;
    memory_use(g->sessions_line, g->stats.sessions);
}

/* --- sending --- */

uint8_t *session_tx(struct session *s, uint32_t *room)
{
    *room = s->tx_size - s->tx_used;
    return s->tx + s->tx_used;
}

bool session_make_room(struct ingest *g, struct session *s, uint32_t size)
{
    if (size <= s->tx_size - s->tx_used)
        return true;
    uint8_t *large = s->tx_large == NO_SLOT ? take_large(g, &s->tx_large) : NULL;
    if (large == NULL)
        return false;
    memcpy(large, s->tx, s->tx_used);
    s->tx = large;
    s->tx_size = LARGE_FRAME_SIZE;
    return size <= s->tx_size - s->tx_used;
}

/* ERR_OK also when some of it has to wait; ERR_CLOSED when the connection is gone. */
static int flush(struct ingest *g, struct session *s)
{
    while (s->tx_sent < s->tx_used) {
        int n = plat_send(g->plat, s->conn, s->tx + s->tx_sent, s->tx_used - s->tx_sent);
        if (n == ERR_AGAIN || n == 0) {
            if (s->send_deadline.ns == MONO_NEVER.ns)
                s->send_deadline = mono_after_ms(g->now, SEND_MS_MAX);
            return ERR_OK;
        }
        if (n < 0)
            return ERR_CLOSED;
        s->tx_sent += (uint32_t)n;
        g->stats.tx_bytes += (uint64_t)n;
    }
    s->tx_used = s->tx_sent = 0;
    s->send_deadline = MONO_NEVER;
    return_large_tx(g, s);
    return ERR_OK;
}

bool session_send(struct ingest *g, struct session *s, int n)
{
    if (n < 0)
        return false;
    s->tx_used += (uint32_t)n;
    /* A broken connection is reported by the platform; session_run() ends the session then. */
    (void)flush(g, s);
    return true;
}

static void count_refusal(struct ingest_stats *stats, enum wire_refusal code)
{
    switch (code) {
    case REFUSE_NO_CERTIFICATE:
    case REFUSE_BAD_CERTIFICATE:
    case REFUSE_IDENTITY: stats->refused_certificate++; break;
    case REFUSE_TOKEN: stats->refused_token++; break;
    case REFUSE_PROTOCOL: stats->refused_protocol++; break;
    case REFUSE_MALFORMED: stats->malformed++; break;
    case REFUSE_CAPACITY: stats->refused_capacity++; break;
    case REFUSE_REPLACED: stats->replaced++; break;
    case REFUSE_STORAGE: stats->refused_storage++; break;
    case REFUSE_SHUTDOWN: break;
    }
}

void session_finish(struct ingest *g, struct session *s)
{
    leave_instance(g, s);
    return_large(g, s);
    if (s->paused)
        plat_pause(g->plat, s->conn, false);
    s->paused = false;
    s->rx_used = 0;
    s->state = SESSION_CLOSING;
    s->deadline = mono_after_ms(g->now, CLOSING_MS_MAX);
}

void session_refuse(struct ingest *g, struct session *s, enum wire_refusal code,
                    const char *format, ...)
{
    char reason[REASON_SIZE];
    va_list args;
    va_start(args, format);
    vsnprintf(reason, sizeof reason, format, args);
    va_end(args);
    count_refusal(&g->stats, code);
    if (code == REFUSE_SHUTDOWN)
        plat_log(g->plat, LOG_DEBUG, "agent %s: %s", plat_peer_address(g->plat, s->conn), reason);
    else if (g->refusals_logged++ < REFUSALS_LOGGED_PER_SWEEP)
        plat_log(g->plat, LOG_WARN, "agent %s%s%s refused: %s",
                 plat_peer_address(g->plat, s->conn), s->identity[0] ? " " : "", s->identity, reason);
    else
        g->refusals_silent++;
    uint32_t room;
    uint8_t *to = session_tx(s, &room);
    const struct wire_refuse refuse = {.code = code, .reason = reason};
    (void)session_send(g, s, wire_put_refuse(to, room, &refuse));
    session_finish(g, s);
}

/* --- receiving --- */

void session_pause(struct ingest *g, struct session *s)
{
    plat_pause(g->plat, s->conn, true);
    s->paused = true;
}

void session_hold(struct ingest *g, struct session *s)
{
    g->stats.held_back++;
    session_pause(g, s);
    session_list_add(&g->held, session_slot(g, s));
}

void session_wait_large(struct ingest *g, struct session *s)
{
    g->stats.large_waits++;
    session_pause(g, s);
    session_list_add(&g->waiting, session_slot(g, s));
}

/* Who is it, and may it say this? */
static bool handle_first(struct ingest *g, struct session *s, const struct wire_frame *f)
{
    int n = plat_peer_identity(g->plat, s->conn, s->identity, sizeof s->identity);
    if (n < 0) {
        s->identity[0] = '\0';
        session_refuse(g, s, REFUSE_BAD_CERTIFICATE, "%s", plat_why(g->plat, s->conn));
        return false;
    }
    if (n == 0 && f->type == WIRE_ENROLL_REQUEST)
        return session_enroll(g, s, f);
    if (n == 0) {
        session_refuse(g, s, REFUSE_NO_CERTIFICATE,
                       "no certificate; enrol first: start the agent with --token");
        return false;
    }
    if (f->type == WIRE_HELLO)
        return session_hello(g, s, f);
    session_refuse(g, s, REFUSE_PROTOCOL, "a session begins with Hello, not with message %d",
                   (int)f->type);
    return false;
}

static bool handle(struct ingest *g, struct session *s, const struct wire_frame *f)
{
    arena_reset(&g->arena);
    if (s->state == SESSION_WAITING_FIRST)
        return handle_first(g, s, f);
    ASSERT(s->state == SESSION_SHIPPING);
    switch (f->type) {
    case WIRE_DICTIONARY: return session_dictionary(g, s, f);
    case WIRE_BATCH: return session_batch(g, s, f);
    case WIRE_HISTORY: return session_history(g, s, f);
    case WIRE_RENEW: return session_renew(g, s, f);
    case WIRE_REFUSE: session_finish(g, s); return false; /* it says goodbye */
    default:
        session_refuse(g, s, REFUSE_PROTOCOL, "message %d is not allowed now", (int)f->type);
        return false;
    }
}

/* True in the states that read messages. */
static bool is_listening(const struct session *s)
{
    return (s->state == SESSION_WAITING_FIRST || s->state == SESSION_SHIPPING) && !s->paused;
}

/* The frame at the start of rx does not fit there: moves it to a large buffer, or waits for one. */
static void borrow_large(struct ingest *g, struct session *s)
{
    if (s->state != SESSION_SHIPPING) {
        session_refuse(g, s, REFUSE_MALFORMED, "the first message is longer than %u bytes",
                       SESSION_RX_SIZE);
        return;
    }
    uint8_t *large = take_large(g, &s->large);
    if (large == NULL) {
        session_wait_large(g, s);
        return;
    }
    memcpy(large, s->rx, s->rx_used);
    s->rx = large;
    s->rx_size = (uint32_t)wire_frame_size(large, s->rx_used); /* not a byte of the frame after it */
}

/* Drops `done` bytes from the start of rx and makes room for the rest of the next frame. */
static void make_room(struct ingest *g, struct session *s, uint32_t done)
{
    if (s->large != NO_SLOT && done > 0) {
        ASSERT(done == s->rx_used);
        return_large(g, s);
    } else if (done > 0) {
        s->rx_used -= done;
        memmove(s->rx, s->rx + done, s->rx_used);
    }
    if (is_listening(s) && s->large == NO_SLOT && s->rx_used >= FRAME_HEADER_SIZE &&
        wire_frame_size(s->rx, s->rx_used) > (int)s->rx_size)
        borrow_large(g, s);
}

static void handle_frames(struct ingest *g, struct session *s)
{
    uint32_t done = 0;
    while (is_listening(s)) {
        struct wire_frame f;
        int n = wire_frame(s->rx + done, s->rx_used - done, &f);
        if (n == ERR_AGAIN)
            break;
        if (n < 0) {
            session_refuse(g, s, REFUSE_MALFORMED, "bytes that are no message of Nephos");
            return;
        }
        if (!handle(g, s, &f))
            break;
        done += (uint32_t)n;
        s->block_next = 0;
        s->deadline = mono_after_ms(g->now, g->silence_ms);
    }
    if (s->state != SESSION_CLOSING && s->state != SESSION_ENROLLING)
        make_room(g, s, done);
}

/* False when the connection has ended, and the session with it. */
static bool receive(struct ingest *g, struct session *s)
{
    for (uint32_t turn = 0; turn < READS_PER_TURN && is_listening(s); turn++) {
        ASSERT(s->rx_used < s->rx_size);
        int n = plat_recv(g->plat, s->conn, s->rx + s->rx_used, s->rx_size - s->rx_used);
        if (n == ERR_AGAIN || n == 0)
            return true;
        if (n < 0)
            return false;
        g->stats.rx_bytes += (uint64_t)n;
        s->rx_used += (uint32_t)n;
        handle_frames(g, s);
    }
    return true;
}

static bool drain(struct ingest *g, struct session *s)
{
    for (uint32_t turn = 0; turn < READS_PER_TURN; turn++) {
        int n = plat_recv(g->plat, s->conn, g->scratch->drained, sizeof g->scratch->drained);
        if (n == ERR_AGAIN || n == 0)
            return true;
        if (n < 0)
            return false;
    }
    return true;
}

/* Why a connection ended before it said anything: a handshake that failed is worth a line. */
static void explain_end(struct ingest *g, struct session *s)
{
    const char *why = plat_why(g->plat, s->conn);
    if (s->state != SESSION_WAITING_FIRST || why[0] == '\0')
        return;
    g->stats.handshakes_failed++;
    if (g->refusals_logged++ < REFUSALS_LOGGED_PER_SWEEP)
        plat_log(g->plat, LOG_WARN, "agent %s: %s", plat_peer_address(g->plat, s->conn), why);
    else
        g->refusals_silent++;
}

void session_run(struct ingest *g, struct session *s)
{
    if (!s->open && plat_is_open(g->plat, s->conn)) {
        s->open = true;
        s->deadline = mono_after_ms(g->now, FIRST_MESSAGE_MS_MAX);
    }
    bool alive = flush(g, s) == ERR_OK;
    if (alive)
        alive = receive(g, s);
    if (alive && s->state == SESSION_CLOSING)
        alive = drain(g, s);
    if (alive)
        return;
    explain_end(g, s);
    session_end(g, s);
}

void session_resume(struct ingest *g, struct session *s)
{
    if (!s->paused || (s->state != SESSION_GREETED && s->state != SESSION_SHIPPING))
        return;
    s->paused = false;
    if (s->state == SESSION_GREETED)
        session_welcome(g, s);
    handle_frames(g, s);
    if (s->paused)
        return;
    plat_pause(g->plat, s->conn, false);
    session_run(g, s);
}
