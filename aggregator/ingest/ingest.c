/* SPDX-License-Identifier: MIT */
/* The room's public side: its memory, who gets a slot, deadlines, and what happens after a commit. */
#include "aggregator/ingest/ingest.h"

#include "aggregator/ingest/session.h"

#define LISTS 4U

static uint32_t *carve(uint32_t **rest, uint32_t count)
{
    uint32_t *taken = *rest;
    if (taken != NULL)
        *rest += count;
    return taken;
}

/* All tables of slot numbers lie in one piece: one line of the map instead of nine. */
static void reserve_indexes(struct memory_map *map, struct ingest *g)
{
    uint32_t count = g->limits.sessions_max;
    uint64_t words = (uint64_t)count * (1 + 2 * LISTS) + g->limits.connections_max +
                     g->limits.instances_max + g->limits.large_frames_max;
    uint32_t *rest = memory_reserve(map, "ingest: indexes", words, sizeof *rest, "sized with the rest");
    g->free_slots = carve(&rest, count);
    struct session_list *lists[LISTS] = {&g->held, &g->waiting, &g->owing, &g->asking};
    for (uint32_t i = 0; i < LISTS; i++) {
        lists[i]->slots = carve(&rest, count);
        lists[i]->listed = carve(&rest, count);
    }
    g->session_of_conn = carve(&rest, g->limits.connections_max);
    g->session_of_instance = carve(&rest, g->limits.instances_max);
    g->large_free = carve(&rest, g->limits.large_frames_max);
}

struct ingest *ingest_reserve(struct memory_map *map, const struct ingest_limits *limits)
{
    struct ingest counted;
    uint32_t count = limits->sessions_max;
    struct ingest *room = memory_reserve(map, "ingest: decoding", 1,
                                         sizeof *room + sizeof(struct ingest_scratch),
                                         "the message is refused");
    struct ingest *g = room != NULL ? room : &counted;
    *g = (struct ingest){.limits = *limits};
    g->scratch = room != NULL ? (struct ingest_scratch *)(room + 1) : NULL;
    g->sessions = memory_reserve(map, "ingest: sessions", count, sizeof *g->sessions,
                                 "a new connection is closed, and counted");
    g->sessions_line = memory_last_line(map);
    g->rx_buffers = memory_reserve(map, "ingest: receive buffers", count, SESSION_RX_SIZE,
                                   "a longer message takes a large buffer");
    g->tx_buffers = memory_reserve(map, "ingest: send buffers", count, SESSION_TX_SIZE,
                                   "an agent that does not read is closed");
    g->large_buffers = memory_reserve(map, "ingest: large messages", limits->large_frames_max,
                                      LARGE_FRAME_SIZE, "the agent waits for its turn");
    g->large_line = memory_last_line(map);
    reserve_indexes(map, g);
    return room;
}

static void fill(uint32_t *words, uint32_t count, uint32_t value)
{
    for (uint32_t i = 0; i < count; i++)
        words[i] = value;
}

void ingest_open(struct ingest *g, struct plat *p, struct store *s)
{
    g->plat = p;
    g->store = s;
    g->now = plat_mono(p);
    g->sweep_due = g->now;
    g->silence_ms = 4 * (int64_t)g->limits.ship_interval_ms;
    if (g->silence_ms < SILENCE_MS_MIN)
        g->silence_ms = SILENCE_MS_MIN;
    fill(g->session_of_conn, g->limits.connections_max, NO_SLOT);
    fill(g->session_of_instance, g->limits.instances_max, NO_SLOT);
    /* Taken from the end: slot 0 first. */
    for (uint32_t i = 0; i < g->limits.sessions_max; i++)
        g->free_slots[i] = g->limits.sessions_max - 1 - i;
    g->free_count = g->limits.sessions_max;
    for (uint32_t i = 0; i < g->limits.large_frames_max; i++)
        g->large_free[i] = i;
    g->large_free_count = g->limits.large_frames_max;
    arena_init(&g->arena, g->scratch->arena, sizeof g->scratch->arena);
    g->commits_acknowledged = g->commits_retried = store_commit_count(s);
    g->rooms_seen = g->rooms_retried = store_room_count(s);
}

void ingest_accept(struct ingest *g, int conn, struct mono now)
{
    g->now = now;
    if (session_begin(g, conn) != NULL) {
        g->stats.accepted++;
        return;
    }
    g->stats.refused_capacity++;
    if (g->refusals_logged++ < REFUSALS_LOGGED_PER_SWEEP)
        plat_log(g->plat, LOG_WARN, "agent %s refused: all %u sessions are in use; start the "
                 "aggregator with a larger --agents-max", plat_peer_address(g->plat, conn),
                 g->limits.sessions_max);
    else
        g->refusals_silent++;
    plat_close(g->plat, conn);
}

bool ingest_ready(struct ingest *g, int conn, struct mono now)
{
    if (conn < 0 || (uint32_t)conn >= g->limits.connections_max ||
        g->session_of_conn[conn] == NO_SLOT)
        return false;
    g->now = now;
    session_run(g, &g->sessions[g->session_of_conn[conn]]);
    return true;
}

/* Empties the list and tries each once more; who must wait on is listed again. */
static void resume_all(struct ingest *g, struct session_list *list)
{
    uint32_t count = list->count;
    for (uint32_t i = 0; i < count; i++) {
        uint32_t slot = list->slots[i];
        list->listed[slot] = 0;
    }
    list->count = 0;
    for (uint32_t i = 0; i < count; i++)
        session_resume(g, &g->sessions[list->slots[i]]);
}

/* Whoever waits for room that is not there yet is not asked to try. What waits is the first frame of its
 * connection, and live samples may be right behind it: so this does not wait for the next sweep. */
static void resume_held(struct ingest *g)
{
    struct session_list *list = &g->held;
    uint32_t count = list->count;
    for (uint32_t i = 0; i < count; i++)
        list->listed[list->slots[i]] = 0;
    list->count = 0;
    for (uint32_t i = 0; i < count; i++) {
        struct session *s = &g->sessions[list->slots[i]];
        bool waits_on = s->state == SESSION_SHIPPING && s->paused &&
                        !store_has_room(g->store, s->instance, s->held_stream);
        if (waits_on)
            session_list_add(list, list->slots[i]);
        else
            session_resume(g, s);
    }
}

static void check_deadlines(struct ingest *g, struct session *s)
{
    bool send_stuck = mono_reached(g->now, s->send_deadline);
    bool is_known = s->state == SESSION_GREETED || s->state == SESSION_SHIPPING;
    if (is_known && s->instance != NO_SLOT && store_instance(g->store, s->instance)->revoked_ms != 0) {
        session_refuse_revoked(g, s);
        return;
    }
    if (s->paused && s->state != SESSION_ENROLLING)
        s->deadline = mono_after_ms(g->now, g->silence_ms); /* it is we who do not listen */
    if (!send_stuck && !mono_reached(g->now, s->deadline)) {
        if (s->state != SESSION_SHIPPING)
            return;
        session_pace(g, s);
        session_settings(g, s);
        session_history_check(g, s);
        return;
    }
    if (s->state == SESSION_ENROLLING) {
        session_refuse(g, s, REFUSE_STORAGE, "the aggregator's disk takes no writes now; the agent "
                       "tries again by itself");
        return;
    }
    if (s->state != SESSION_CLOSING) {
        g->stats.timeouts++;
        plat_log(g->plat, LOG_INFO, "agent %s%s%s closed: %s", plat_peer_address(g->plat, s->conn),
                 s->identity[0] ? " " : "", s->identity,
                 send_stuck ? "it does not read what is sent" : "nothing heard from it for too long");
    }
    session_end(g, s);
}

/* Who ships is looked at in every second sweep: there are many of them, and they take turns. */
static bool has_turn(const struct ingest *g, uint32_t slot)
{
    return g->sessions[slot].state != SESSION_SHIPPING || (slot + g->sweeps) % 2 == 0;
}

static void sweep(struct ingest *g)
{
    g->sweep_due = mono_on_beat(mono_after_ms(g->now, SWEEP_MS - MONO_BEAT_MS));
    g->sweeps++;
    for (uint32_t i = 0; i < g->limits.sessions_max; i++) {
        if (g->sessions[i].state != SESSION_FREE && has_turn(g, i))
            check_deadlines(g, &g->sessions[i]);
    }
    if (g->refusals_silent > 0)
        plat_log(g->plat, LOG_WARN, "%u more agents were refused in the last %d ms",
                 g->refusals_silent, SWEEP_MS);
    g->refusals_logged = g->refusals_silent = 0;
}

/* Who asks for a place for its history gets one in the order of arrival; who must wait keeps its turn. */
static void give_places(struct ingest *g)
{
    struct session_list *list = &g->asking;
    uint32_t kept = 0;
    int e = ERR_OK;
    g->asking_now = false;
    for (uint32_t i = 0; i < list->count; i++) {
        uint32_t slot = list->slots[i];
        struct session *s = &g->sessions[slot];
        bool asks = s->state == SESSION_SHIPPING && s->history == HISTORY_ASKED;
        if (asks && e != ERR_FULL)
            e = session_history_welcome(g, s);
        if (asks && e != ERR_OK)
            list->slots[kept++] = slot;
        else
            list->listed[slot] = 0;
    }
    list->count = kept;
    g->stats.histories_waiting = kept;
}

struct mono ingest_step(struct ingest *g, struct mono now)
{
    g->now = now;
    bool due = mono_reached(now, g->sweep_due);
    if (g->asking.count > 0 && (due || g->asking_now || store_commit_count(g->store) != g->commits_retried))
        give_places(g);
    g->commits_retried = store_commit_count(g->store);
    if (due || store_room_count(g->store) != g->rooms_retried) {
        g->rooms_retried = store_room_count(g->store);
        resume_held(g);
    }
    if (g->waiting.count > 0 && g->large_free_count > 0)
        resume_all(g, &g->waiting);
    if (due)
        sweep(g);
    return g->stats.sessions > 0 ? g->sweep_due : MONO_NEVER;
}

/* True when the session stays listed. */
static bool acknowledge(struct ingest *g, struct session *s, uint64_t commits)
{
    if (s->state == SESSION_SHIPPING)
        return !session_acknowledge(g, s);
    if (s->state != SESSION_ENROLLING)
        return false;
    if (commits < s->commit_awaited)
        return true;
    session_enrolled(g, s);
    return false;
}

bool ingest_acknowledge(struct ingest *g)
{
    uint64_t commits = store_commit_count(g->store), rooms = store_room_count(g->store);
    bool made_room = (rooms != g->rooms_seen && g->held.count > 0) ||
                     (commits != g->commits_acknowledged && g->asking.count > 0);
    g->rooms_seen = rooms;
    if (commits == g->commits_acknowledged && !g->owing_now)
        return made_room;
    g->commits_acknowledged = commits;
    g->owing_now = false;
    struct session_list *list = &g->owing;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        uint32_t slot = list->slots[i];
        if (acknowledge(g, &g->sessions[slot], commits))
            list->slots[kept++] = slot;
        else
            list->listed[slot] = 0;
    }
    list->count = kept;
    return made_room;
}

void ingest_close(struct ingest *g)
{
    g->now = plat_mono(g->plat);
    for (uint32_t i = 0; i < g->limits.sessions_max; i++) {
        struct session *s = &g->sessions[i];
        if (s->state == SESSION_GREETED || s->state == SESSION_SHIPPING ||
            s->state == SESSION_ENROLLING)
            session_refuse(g, s, REFUSE_SHUTDOWN, "the aggregator is stopping; the agent connects "
                           "again by itself");
        if (s->state != SESSION_FREE)
            session_end(g, s);
    }
}

void ingest_stats(const struct ingest *g, struct ingest_stats *out)
{
    *out = g->stats;
}
