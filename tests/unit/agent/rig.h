/* SPDX-License-Identifier: MIT */
/* An agent on a simulated machine, and on another machine a peer whose every word the test writes. */
#ifndef NEPHOS_TESTS_AGENT_RIG_H
#define NEPHOS_TESTS_AGENT_RIG_H

#include "agent/agent.h"
#include "platform/credentials.h"
#include "platform/sim/sim.h"
#include "proto/token.h"
#include "proto/wire.h"
#include "tests/unit/unit.h"

#define LIFE_S (INT64_C(90) * 86400) /* of certificates */

struct rig {
    struct sim_world *world;
    struct plat *host, *hub;
    struct settings settings;
    struct config config;
    struct agent *agent;
    int listener, conn;
    struct token token;
    uint8_t in[2 * FRAME_PAYLOAD_MAX];
    uint32_t in_size, in_at;
    _Alignas(16) uint8_t scratch[WIRE_SCRATCH_SIZE];
    struct arena arena;
    uint32_t cannot_reach, connected_again, refused; /* lines of the log */
};

static inline void rig_log(void *ctx, struct plat *p, enum log_level level, const char *line)
{
    struct rig *r = ctx;
    if (p != r->host || level > LOG_INFO)
        return;
    r->cannot_reach += strstr(line, "cannot reach") != NULL;
    r->connected_again += strstr(line, "connected again") != NULL;
    r->refused += strstr(line, "refused by") != NULL;
}

/* As after an enrolment of long ago. */
static inline void rig_enroll(struct rig *r)
{
    uint8_t request[CERTIFICATE_SIZE_MAX], certificate[CERTIFICATE_SIZE_MAX], ca[CERTIFICATE_SIZE_MAX];
    credential_pin(r->host, r->token.ca_hash);
    int n = credential_request(r->host, "web", request, sizeof request);
    int size = authority_sign(r->hub, request, (uint32_t)n, "web", LIFE_S, certificate, sizeof certificate);
    int ca_size = authority_certificate(r->hub, ca, sizeof ca);
    assert_true(n > 0 && size > 0 && ca_size > 0);
    assert_int_equal(credential_store(r->host, certificate, (uint32_t)size, ca, (uint32_t)ca_size), ERR_OK);
}

static inline struct rig *rig_open_spooled(uint64_t seed, bool is_enrolled, uint64_t spool_size)
{
    struct rig *r = calloc(1, sizeof *r);
    r->agent = calloc(1, sizeof *r->agent);
    assert_true(r->agent != NULL);
    r->world = sim_new(seed);
    r->host = sim_machine(r->world, "web");
    r->hub = sim_machine(r->world, "hub");
    r->conn = -1;
    sim_log_to(r->world, rig_log, r);
    assert_int_equal(authority_open(r->hub), ERR_OK);
    authority_hash(r->hub, r->token.ca_hash);
    r->listener = plat_listen(r->hub, "0.0.0.0:7443", PLAT_TLS);
    assert_true(r->listener >= 0);
    config_init(&r->settings, &r->config);
    text_copy(r->config.server, sizeof r->config.server, "hub:7443");
    text_copy(r->config.id, sizeof r->config.id, "web");
    r->config.spool_size = spool_size;
    if (is_enrolled)
        rig_enroll(r);
    else
        token_write(&r->token, r->config.token);
    (void)plat_wait(r->hub, MONO_NEVER);
    assert_int_equal(agent_init(r->agent, r->host, &r->config), ERR_OK);
    return r;
}

/* Memory only. */
static inline struct rig *rig_open(uint64_t seed, bool is_enrolled)
{
    return rig_open_spooled(seed, is_enrolled, 0);
}

static inline void rig_close(struct rig *r)
{
    sim_free(r->world);
    free(r->agent);
    free(r);
}

/* One step of the agent at the next moment at which anything happens, at most `ms` ahead. */
static inline void rig_step(struct rig *r, int64_t ms)
{
    int64_t latest = sim_now(r->world) + ms * NS_PER_MS;
    (void)plat_wait(r->hub, MONO_NEVER);
    if (agent_is_done(r->agent, plat_mono(r->host)))
        (void)plat_wait(r->host, MONO_NEVER); /* the program has ended */
    else if (sim_due(r->host))
        (void)plat_wait(r->host, agent_step(r->agent, plat_mono(r->host)));
    if (sim_ready(r->host) && !agent_is_done(r->agent, plat_mono(r->host)))
        return; /* there is more to do at this very moment */
    int64_t next = sim_next_due(r->world);
    sim_advance_to(r->world, next < latest ? next : latest);
}

static inline void rig_run(struct rig *r, int64_t ms)
{
    int64_t end = sim_now(r->world) + ms * NS_PER_MS;
    while (sim_now(r->world) < end)
        rig_step(r, (end - sim_now(r->world) + NS_PER_MS - 1) / NS_PER_MS);
}

/* --- the peer --- */

/* Waits for the agent's next connection. */
static inline void peer_accept(struct rig *r)
{
    int64_t end = sim_now(r->world) + 60 * NS_PER_S;
    r->in_size = r->in_at = 0;
    while ((r->conn = plat_accept(r->hub, r->listener)) < 0) {
        assert_true(sim_now(r->world) < end);
        rig_step(r, 1000);
    }
    while (!plat_is_open(r->hub, r->conn)) {
        assert_true(sim_now(r->world) < end);
        rig_step(r, 1000);
    }
}

static inline void peer_close(struct rig *r)
{
    plat_close(r->hub, r->conn);
    r->conn = -1;
}

/* The next frame within `ms`; false when none came, or the agent closed (then conn is -1). */
static inline bool peer_hear(struct rig *r, struct wire_frame *f, int64_t ms)
{
    int64_t end = sim_now(r->world) + ms * NS_PER_MS;
    for (;;) {
        int n = wire_frame(r->in + r->in_at, r->in_size - r->in_at, f);
        assert_true(n > 0 || n == ERR_AGAIN);
        if (n > 0) {
            r->in_at += (uint32_t)n;
            return true;
        }
        r->in_size -= r->in_at;
        memmove(r->in, r->in + r->in_at, r->in_size);
        r->in_at = 0;
        n = plat_recv(r->hub, r->conn, r->in + r->in_size, (uint32_t)sizeof r->in - r->in_size);
        if (n > 0) {
            r->in_size += (uint32_t)n;
            continue;
        }
        if (n == ERR_CLOSED) {
            peer_close(r);
            return false;
        }
        if (sim_now(r->world) >= end)
            return false;
        rig_step(r, (end - sim_now(r->world) + NS_PER_MS - 1) / NS_PER_MS);
    }
}

/* The next frame within a minute is of this type. */
static inline struct wire_frame peer_expect(struct rig *r, enum wire_type type)
{
    struct wire_frame f;
    assert_true(peer_hear(r, &f, 60000));
    assert_int_equal(f.type, type);
    arena_init(&r->arena, r->scratch, sizeof r->scratch);
    return f;
}

/* The agent hangs up within `ms`; what it says until then does not matter. */
static inline void peer_expect_end(struct rig *r, int64_t ms)
{
    struct wire_frame f;
    while (peer_hear(r, &f, ms))
        ;
    assert_int_equal(r->conn, -1);
}

static inline void peer_say(struct rig *r, const uint8_t *frame, int size)
{
    assert_true(size > 0);
    assert_int_equal(plat_send(r->hub, r->conn, frame, (uint32_t)size), size);
}

static inline void peer_hello(struct rig *r, struct wire_hello *hello)
{
    struct wire_frame f = peer_expect(r, WIRE_HELLO);
    assert_int_equal(wire_get_hello(&f, &r->arena, hello), ERR_OK);
}

static inline void peer_welcome(struct rig *r, uint64_t committed, uint32_t dictionary_count)
{
    uint8_t frame[200];
    const struct wire_welcome m = {.epoch = r->agent->uplink.parts.epoch,
                                   .committed_sequence = committed,
                                   .dictionary_count = dictionary_count,
                                   .ship_interval_ms = 10000};
    peer_say(r, frame, wire_put_welcome(frame, sizeof frame, &m));
}

static inline void peer_ack(struct rig *r, uint64_t sequence)
{
    uint8_t frame[200];
    const struct wire_ack m = {.epoch = r->agent->uplink.parts.epoch, .sequence = sequence};
    peer_say(r, frame, wire_put_ack(frame, sizeof frame, &m));
}

static inline void peer_refuse(struct rig *r, enum wire_refusal code)
{
    uint8_t frame[200];
    const struct wire_refuse m = {.code = code, .reason = "because; do that"};
    peer_say(r, frame, wire_put_refuse(frame, sizeof frame, &m));
}

/* All series that were not told yet, in as many messages as it takes. */
static inline void peer_dictionary(struct rig *r)
{
    struct wire_dictionary d = {0};
    while (d.first_slot + d.count < r->agent->series.count) {
        struct wire_frame f = peer_expect(r, WIRE_DICTIONARY);
        arena_init(&r->arena, r->scratch, sizeof r->scratch);
        assert_int_equal(wire_get_dictionary(&f, &r->arena, &d), ERR_OK);
    }
}

/* The next batch; a series that appeared meanwhile is told before. */
static inline struct wire_batch peer_batch(struct rig *r)
{
    struct wire_frame f;
    struct wire_batch m;
    assert_true(peer_hear(r, &f, 60000));
    while (f.type == WIRE_DICTIONARY)
        assert_true(peer_hear(r, &f, 60000));
    assert_int_equal(f.type, WIRE_BATCH);
    arena_init(&r->arena, r->scratch, sizeof r->scratch);
    assert_int_equal(wire_get_batch(&f, &r->arena, &m), ERR_OK);
    assert_true(m.epoch == r->agent->uplink.parts.epoch);
    assert_in_range(m.block_count, 1, BATCH_BLOCKS_MAX);
    return m;
}

static inline uint64_t batch_last(const struct wire_batch *m)
{
    const struct wire_block *b = &m->blocks[m->block_count - 1];
    return b->sequence + b->count - 1;
}

/* As far as SHIPPING, with nothing known before. */
static inline void peer_meet(struct rig *r)
{
    struct wire_hello hello;
    peer_accept(r);
    peer_hello(r, &hello);
    peer_welcome(r, 0, 0);
}

#endif
