/* SPDX-License-Identifier: MIT */
/* Ingest and store on one simulated machine, scripted peers on others: a test says what a peer sends and
 * looks at what comes back, byte for byte through the simulated network. */
#ifndef NEPHOS_TESTS_INGEST_RIG_H
#define NEPHOS_TESTS_INGEST_RIG_H

#include <stdio.h>

#include "tests/unit/unit.h"

#include "aggregator/ingest/ingest.h"
#include "aggregator/access/token.h"
#include "platform/sim/sim.h"
#include "proto/wire.h"

#define RIG_EPOCH UINT64_C(0x1234567890)
#define RIG_START_MS INT64_C(1767225600000)
#define RIG_SERIES 3U
#define LIFE_S (INT64_C(90) * 86400) /* of certificates */

struct rig {
    struct sim_world *world;
    struct plat *hub;
    int listener;
    struct store_limits store_limits;
    struct ingest_limits limits;
    struct memory_map map;
    struct store *store;
    struct ingest *ingest;
    uint32_t peer_count;
};

/* One connection of a scripted peer. */
struct peer {
    struct rig *rig;
    struct plat *machine;
    int conn;
    uint64_t epoch; /* of dictionaries and blocks that it sends, and of the Acks it expects */
    uint8_t rx[8192];
    uint32_t used;
    struct arena arena;
    uint8_t scratch[WIRE_REPLY_SCRATCH_SIZE];
    uint8_t tx[FRAME_HEADER_SIZE + FRAME_PAYLOAD_MAX];
};

static inline void rig_reserve(struct rig *r, void *block, uint64_t size)
{
    memory_map_init(&r->map, block, size);
    r->store = store_reserve(&r->map, &r->store_limits);
    r->ingest = ingest_reserve(&r->map, &r->limits);
}

static inline void rig_open(struct rig *r)
{
    char words[256];
    struct text why;
    text_init(&why, words, sizeof words);
    rig_reserve(r, NULL, 0);
    assert_null(r->ingest);
    uint64_t size = (r->map.used + 63) & ~UINT64_C(63);
    void *block = aligned_alloc(64, size);
    assert_non_null(block);
    memset(block, 0, size);
    rig_reserve(r, block, size);
    if (store_open(r->store, r->hub, &why) < 0)
        fail_msg("store_open: %s", words);
    assert_int_equal(authority_open(r->hub), ERR_OK);
    ingest_open(r->ingest, r->hub, r->store);
    r->listener = plat_listen(r->hub, "0.0.0.0:7443", PLAT_TLS);
    assert_true(r->listener >= 0);
}

static inline struct rig *rig_new(uint64_t seed)
{
    struct rig *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->world = sim_new(seed);
    r->hub = sim_machine(r->world, "hub");
    r->store_limits = (struct store_limits){.instances_max = 4, .series_per_instance_max = 256,
                                            .histories_max = 2, .queries_max = 1,
                                            .database_size_max = 64U << 20,
                                            .sqlite_heap_size = 8U << 20};
    r->limits = (struct ingest_limits){.sessions_max = 5, .instances_max = 4, .connections_max = 256,
                                       .large_frames_max = 1, .ship_interval_ms = 10000,
                                       .watched_ship_interval_ms = 1000, .certificate_life_s = LIFE_S};
    return r;
}

static inline void rig_close(struct rig *r)
{
    ingest_close(r->ingest);
    store_close(r->store);
    free(r->map.block);
}

static inline void rig_free(struct rig *r)
{
    rig_close(r);
    sim_free(r->world);
    free(r);
}

/* The loop of the aggregator, a pass every simulated millisecond. */
static inline void rig_run(struct rig *r, uint32_t ms)
{
    for (uint32_t i = 0; i < ms; i++) {
        sim_advance(r->world, NS_PER_MS);
        struct mono now = plat_mono(r->hub);
        (void)plat_wait(r->hub, now);
        int conn;
        while ((conn = plat_next_ready(r->hub)) >= 0) {
            int accepted;
            if (conn != r->listener)
                (void)ingest_ready(r->ingest, conn, now);
            else
                while ((accepted = plat_accept(r->hub, conn)) >= 0)
                    ingest_accept(r->ingest, accepted, now);
        }
        (void)ingest_step(r->ingest, now);
        (void)store_step(r->store, now);
        (void)ingest_acknowledge(r->ingest);
    }
}

static inline struct ingest_stats rig_stats(struct rig *r)
{
    struct ingest_stats s;
    ingest_stats(r->ingest, &s);
    return s;
}

/* --- peers --- */

/* A machine with a certificate for `id` that the hub's authority signed; NULL id: without one. */
__attribute__((noinline, unused))
static struct plat *rig_machine(struct rig *r, const char *id)
{
    char name[16];
    snprintf(name, sizeof name, "peer%u", r->peer_count++);
    struct plat *m = sim_machine(r->world, name);
    uint8_t hash[HASH_SIZE];
    authority_hash(r->hub, hash);
    credential_pin(m, hash);
    if (id == NULL)
        return m;
    uint8_t request[CERTIFICATE_SIZE_MAX], certificate[CERTIFICATE_SIZE_MAX], ca[CERTIFICATE_SIZE_MAX];
    int n = credential_request(m, id, request, sizeof request);
    assert_true(n > 0);
    n = authority_sign(r->hub, request, (uint32_t)n, id, LIFE_S, certificate, sizeof certificate);
    assert_true(n > 0);
    int ca_size = authority_certificate(r->hub, ca, sizeof ca);
    assert_int_equal(credential_store(m, certificate, (uint32_t)n, ca, (uint32_t)ca_size), ERR_OK);
    return m;
}

static inline void peer_connect(struct rig *r, struct peer *p, struct plat *machine,
                                enum plat_security security)
{
    memset(p, 0, sizeof *p);
    p->rig = r;
    p->machine = machine;
    p->epoch = RIG_EPOCH;
    arena_init(&p->arena, p->scratch, sizeof p->scratch);
    p->conn = plat_connect(machine, "hub:7443", security);
    assert_true(p->conn >= 0);
    for (uint32_t i = 0; i < 3000 && !plat_is_open(machine, p->conn); i++)
        rig_run(r, 1);
    assert_true(plat_is_open(machine, p->conn));
}

static inline void peer_send(struct peer *p, const void *bytes, int size)
{
    assert_true(size > 0);
    const uint8_t *at = bytes;
    for (int sent = 0, tries = 0; sent < size; tries++) {
        assert_true(tries < 5000);
        int n = plat_send(p->machine, p->conn, at + sent, (uint32_t)(size - sent));
        assert_true(n >= 0 || n == ERR_AGAIN);
        sent += n > 0 ? n : 0;
        if (sent < size)
            rig_run(p->rig, 1);
    }
}

/* What has come: ERR_AGAIN, ERR_CLOSED, or the bytes of a first whole frame. */
static inline int peer_look(struct peer *p, struct wire_frame *f)
{
    int n = ERR_AGAIN;
    while (p->used < sizeof p->rx &&
           (n = plat_recv(p->machine, p->conn, p->rx + p->used, (uint32_t)sizeof p->rx - p->used)) > 0)
        p->used += (uint32_t)n;
    int size = wire_frame(p->rx, p->used, f);
    return size == ERR_AGAIN && n == ERR_CLOSED ? ERR_CLOSED : size;
}

static inline void peer_drop_frame(struct peer *p, int size)
{
    p->used -= (uint32_t)size;
    memmove(p->rx, p->rx + size, p->used);
}

/* The next frame, waited for at most `ms`; its payload is valid until the next call. */
static inline int peer_wait(struct peer *p, struct wire_frame *f, uint32_t ms)
{
    static uint8_t kept[sizeof p->rx];
    for (uint32_t i = 0;; i++) {
        int n = peer_look(p, f);
        if (n > 0) {
            memcpy(kept, f->payload, f->size);
            f->payload = kept;
            peer_drop_frame(p, n);
            arena_reset(&p->arena);
            return (int)f->type;
        }
        if (n != ERR_AGAIN || i >= ms)
            return n;
        rig_run(p->rig, 1);
    }
}

/* The next frame is a refusal with this code, and the connection ends. */
static inline void peer_must_be_refused(struct peer *p, enum wire_refusal code)
{
    struct wire_frame f;
    struct wire_refuse m;
    assert_int_equal(peer_wait(p, &f, 2000), WIRE_REFUSE);
    assert_int_equal(wire_get_refuse(&f, &p->arena, &m), ERR_OK);
    assert_int_equal(m.code, code);
    assert_true(m.reason[0] != '\0');
    assert_int_equal(peer_wait(p, &f, 4000), ERR_CLOSED);
    plat_close(p->machine, p->conn);
    rig_run(p->rig, 5);
}

static inline void peer_close(struct peer *p)
{
    plat_close(p->machine, p->conn);
    rig_run(p->rig, 50);
}

/* --- messages --- */

static inline struct wire_hello rig_hello(const char *id)
{
    return (struct wire_hello){
        .protocol = WIRE_PROTOCOL, .agent_version = "test", .instance_id = id, .name = id,
        .epoch = RIG_EPOCH, .oldest_sequence = 1, .next_sequence = 1, .interval_ms = 1000,
        .sent_ms = RIG_START_MS, .os = "os", .kernel = "kernel", .architecture = "vax", .cpu_count = 2,
        .memory_bytes = 1U << 30, .provider = "", .region = "", .instance_type = ""};
}

static inline void peer_say_hello(struct peer *p, const struct wire_hello *m)
{
    peer_send(p, p->tx, wire_put_hello(p->tx, sizeof p->tx, m));
}

static inline struct wire_welcome peer_must_be_welcome(struct peer *p)
{
    struct wire_frame f;
    struct wire_welcome m = {0};
    assert_int_equal(peer_wait(p, &f, 2000), WIRE_WELCOME);
    assert_int_equal(wire_get_welcome(&f, &p->arena, &m), ERR_OK);
    return m;
}

static inline void peer_send_dictionary(struct peer *p, uint32_t first, uint32_t count)
{
    static struct wire_dictionary m;
    static char names[DICTIONARY_SERIES_MAX][METRIC_SIZE];
    for (uint32_t end = first + count; first < end;) {
        m = (struct wire_dictionary){.epoch = p->epoch, .first_slot = first};
        for (; first < end && m.count < DICTIONARY_SERIES_MAX; first++, m.count++) {
            snprintf(names[m.count], METRIC_SIZE, "a_series_with_a_very_long_name_number_%u", first);
            m.series[m.count] = (struct wire_series){.metric = names[m.count], .tag = "and=a_long_tag",
                                                     .unit = "bytes", .scale = 100};
        }
        peer_send(p, p->tx, wire_put_dictionary(p->tx, sizeof p->tx, &m));
    }
}

/* A block of `count` samples from `sequence` on; noisy values need many bytes. */
static inline void peer_send_block(struct peer *p, uint64_t sequence, uint32_t count, uint32_t slots,
                                   bool noisy)
{
    static struct block_matrix block;
    static uint8_t data[BLOCK_DATA_MAX];
    uint64_t random = sequence;
    block.count = count;
    block.slot_count = slots;
    for (uint32_t i = 0; i < count; i++)
        block.time_ms[i] = RIG_START_MS + (int64_t)(sequence + i) * 1000;
    for (uint32_t s = 0; s < slots; s++) {
        block.slots[s] = (uint16_t)s;
        for (uint32_t i = 0; i < count; i++)
            block.values[s][i] = noisy ? (int64_t)unit_random(&random) : (int64_t)(sequence + i) * 10 + s;
    }
    int n = block_encode(&block, data, sizeof data);
    assert_true(n > 0);
    static struct wire_batch m;
    m = (struct wire_batch){.epoch = p->epoch, .sent_ms = RIG_START_MS, .block_count = 1};
    m.blocks[0] = (struct wire_block){.sequence = sequence, .count = count, .data = {data, (uint32_t)n}};
    peer_send(p, p->tx, wire_put_batch(p->tx, sizeof p->tx, &m));
}

/* Waits for acknowledgements until one reaches `sequence`. Returns how many came. */
static inline uint32_t peer_must_be_acknowledged(struct peer *p, uint64_t sequence, uint32_t ms)
{
    for (uint32_t count = 1;; count++) {
        struct wire_frame f;
        struct wire_ack m = {0};
        assert_int_equal(peer_wait(p, &f, ms), WIRE_ACK);
        assert_int_equal(wire_get_ack(&f, &p->arena, &m), ERR_OK);
        assert_true(m.epoch == p->epoch);
        assert_true(m.sequence <= sequence);
        if (m.sequence == sequence)
            return count;
    }
}

/* Connects, says Hello and is welcome. */
static inline struct wire_welcome peer_begin(struct rig *r, struct peer *p, struct plat *machine,
                                             const char *id)
{
    peer_connect(r, p, machine, PLAT_TLS);
    struct wire_hello hello = rig_hello(id);
    peer_say_hello(p, &hello);
    return peer_must_be_welcome(p);
}

#endif
