/* SPDX-License-Identifier: MIT */
/* Hello and Welcome: which instance this is, where its samples go on, and how often it shall ship. */
#include <string.h>

#include "aggregator/ingest/session.h"
#include "platform/base/utf8.h"
#include "proto/instance_id.h"

static bool is_acceptable(struct ingest *g, struct session *s, const struct wire_hello *m)
{
    if (m->protocol != WIRE_PROTOCOL) {
        session_refuse(g, s, REFUSE_PROTOCOL,
                       "the agent speaks protocol %u, this aggregator %u; update the older one",
                       m->protocol, WIRE_PROTOCOL);
        return false;
    }
    if (!instance_id_allowed(m->instance_id) || !text_equal(m->instance_id, s->identity)) {
        session_refuse(g, s, REFUSE_IDENTITY,
                       "the agent's id is not the one in its certificate (%s); enrol it again",
                       s->identity);
        return false;
    }
    if (m->epoch == 0) {
        session_refuse(g, s, REFUSE_MALFORMED, "Hello without an epoch");
        return false;
    }
    return true;
}

/* "192.0.2.7" of "192.0.2.7:51422": the port changes with every connection. */
static void peer_host(struct ingest *g, const struct session *s, char *to, uint32_t size)
{
    text_copy(to, size, plat_peer_address(g->plat, s->conn));
    char *colon = strrchr(to, ':');
    if (colon != NULL)
        *colon = '\0';
}

static int put_instance(struct ingest *g, const struct session *s, const struct wire_hello *m)
{
    struct instance facts = {0};
    int known = store_instance_find(g->store, m->instance_id);
    if (known >= 0)
        facts = *store_instance(g->store, (uint32_t)known);
    utf8_copy_clean(facts.id, sizeof facts.id, m->instance_id);
    utf8_copy_clean(facts.name, sizeof facts.name, m->name);
    utf8_copy_clean(facts.type, sizeof facts.type, m->instance_type);
    utf8_copy_clean(facts.region, sizeof facts.region, m->region);
    utf8_copy_clean(facts.provider, sizeof facts.provider, m->provider);
    utf8_copy_clean(facts.os, sizeof facts.os, m->os);
    utf8_copy_clean(facts.kernel, sizeof facts.kernel, m->kernel);
    utf8_copy_clean(facts.architecture, sizeof facts.architecture, m->architecture);
    utf8_copy_clean(facts.agent_version, sizeof facts.agent_version, m->agent_version);
    peer_host(g, s, facts.address, sizeof facts.address);
    facts.cpu_count = m->cpu_count;
    facts.interval_ms = m->interval_ms;
    facts.memory_bytes = m->memory_bytes;
    facts.updated_ms = wall_ms(plat_wall(g->plat));
    if (known < 0)
        facts.created_ms = facts.updated_ms;
    return store_instance_put(g->store, &facts);
}

/* Two live sessions of one instance: a reconnect that overtook the old connection's end, or a cloned
 * VM. The newer one is right: the old one may be a dead path. */
static void replace_older(struct ingest *g, uint32_t instance)
{
    uint32_t older = g->session_of_instance[instance];
    if (older == NO_SLOT)
        return;
    session_refuse(g, &g->sessions[older], REFUSE_REPLACED,
                   "a newer connection of the same instance took over; if this repeats, two "
                   "machines share one state directory: enrol one of them again");
}

bool session_is_revoked(struct ingest *g, const char *id)
{
    int known = store_instance_find(g->store, id);
    return known >= 0 && store_instance(g->store, (uint32_t)known)->revoked_ms != 0;
}

void session_refuse_revoked(struct ingest *g, struct session *s)
{
    g->stats.refused_revoked++;
    session_refuse(g, s, REFUSE_BAD_CERTIFICATE, "this agent's certificate was revoked; whoever runs the "
                   "aggregator can take that back with `nephos-aggregator agent allow`");
}

bool session_hello(struct ingest *g, struct session *s, const struct wire_frame *f)
{
    struct wire_hello *m = &g->scratch->message.hello;
    if (wire_get_hello(f, &g->arena, m) < 0) {
        session_refuse(g, s, REFUSE_MALFORMED, "Hello does not parse");
        return false;
    }
    if (!is_acceptable(g, s, m))
        return false;
    if (session_is_revoked(g, m->instance_id)) {
        session_refuse_revoked(g, s);
        return false;
    }
    int instance = put_instance(g, s, m);
    if (instance < 0) {
        session_refuse(g, s, instance == ERR_FULL ? REFUSE_CAPACITY : REFUSE_STORAGE,
                       instance == ERR_FULL
                           ? "all %u places for agents are taken; start the aggregator with a larger "
                             "--agents-max"
                           : "the aggregator (%u agents at most) cannot store an agent now",
                       g->limits.instances_max);
        return false;
    }
    ASSERT((uint32_t)instance < g->limits.instances_max);
    replace_older(g, (uint32_t)instance);
    s->instance = (uint32_t)instance;
    g->stats.connected++;
    s->streams[STREAM_LIVE].epoch = m->epoch;
    g->session_of_instance[instance] = session_slot(g, s);
    store_instance(g->store, s->instance)->connected = true;
    session_skew(g, s, m->sent_ms);
    s->state = SESSION_GREETED;
    session_welcome(g, s);
    return true;
}

/* How often the instance should ship now. */
static uint32_t wanted_pace(const struct ingest *g, const struct session *s)
{
    const struct instance *it = store_instance(g->store, s->instance);
    bool watched = it->watched_until_ms > g->now.ns / NS_PER_MS;
    return watched ? g->limits.watched_ship_interval_ms : g->limits.ship_interval_ms;
}

/* Who is not watched may be heard a little later, with others. */
static void gather(struct ingest *g, struct session *s)
{
    plat_gather(g->plat, s->conn, s->pace_ms == g->limits.ship_interval_ms);
}

void session_welcome(struct ingest *g, struct session *s)
{
    ASSERT(s->state == SESSION_GREETED);
    struct session_stream *live = &s->streams[STREAM_LIVE];
    int e = store_epoch(g->store, s->instance, live->epoch);
    if (e == ERR_AGAIN) {
        session_hold(g, s);
        return;
    }
    if (e < 0) {
        session_refuse(g, s, REFUSE_STORAGE, "the aggregator cannot store this epoch now");
        return;
    }
    s->state = SESSION_SHIPPING;
    s->pace_ms = wanted_pace(g, s);
    gather(g, s);
    live->acked_sequence = live->staged_sequence =
        store_committed_sequence(g->store, s->instance, STREAM_LIVE);
    const struct wire_welcome welcome = {
        .epoch = live->epoch,
        .committed_sequence = live->acked_sequence,
        .dictionary_count = store_dictionary_count(g->store, s->instance, STREAM_LIVE),
        .ship_interval_ms = s->pace_ms,
        .sent_ms = wall_ms(plat_wall(g->plat)),
    };
    uint32_t room;
    uint8_t *to = session_tx(s, &room);
    bool sent = session_send(g, s, wire_put_welcome(to, room, &welcome));
    ASSERT(sent); /* the first message of a session finds an empty buffer */
    session_settings(g, s);
    plat_log(g->plat, LOG_DEBUG, "agent %s connected from %s", s->identity,
             plat_peer_address(g->plat, s->conn));
}

void session_pace(struct ingest *g, struct session *s)
{
    const struct wire_pace pace = {.ship_interval_ms = wanted_pace(g, s)};
    if (pace.ship_interval_ms == s->pace_ms)
        return;
    uint32_t room;
    uint8_t *to = session_tx(s, &room);
    if (session_send(g, s, wire_put_pace(to, room, &pace)))
        s->pace_ms = pace.ship_interval_ms;
    gather(g, s);
}

void session_skew(struct ingest *g, struct session *s, int64_t sent_ms)
{
    int64_t skew;
    if (!__builtin_sub_overflow(sent_ms, wall_ms(plat_wall(g->plat)), &skew))
        store_instance(g->store, s->instance)->skew_ms = skew;
}
