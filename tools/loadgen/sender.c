/* SPDX-License-Identifier: MIT */
/* The protocol of a simulated agent; see sender.h. What it sends is in ship.c. */
#include "tools/loadgen/sender.h"

#include <string.h>

#include "platform/base/bytes.h"
#include "tools/loadgen/past.h"
#include "tools/loadgen/ship.h"

#define RETRY_MS_FIRST 200
#define RETRY_MS_MOST 5000
#define VERSION_TEXT "nephos-loadgen"

struct senders *senders_reserve(struct memory_map *map, uint32_t agents, uint32_t series,
                                uint32_t conns_max)
{
    struct senders *g = memory_reserve(map, "senders", 1, sizeof *g, "");
    struct sender *all = memory_reserve(map, "senders: agents", agents, sizeof *all, "");
    uint64_t *hashes = memory_reserve(map, "senders: hashes", (uint64_t)agents * series,
                                      sizeof *hashes, "");
    uint8_t *tx = memory_reserve(map, "senders: send buffers", agents, SENDER_TX_SIZE, "");
    int32_t *of_conn = memory_reserve(map, "senders: by connection", conns_max, sizeof *of_conn, "");
    if (g == NULL)
        return NULL;
    g->all = all;
    g->hashes = hashes;
    g->tx = tx;
    g->sender_of_conn = of_conn;
    g->conns_max = conns_max;
    return g;
}

static uint64_t draw(struct senders *g)
{
    uint64_t z = (g->random += UINT64_C(0x9e3779b97f4a7c15));
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Depends on seed, length and start alone, so that a second run with the same state goes on. */
static uint64_t choose_epoch(const struct sender_plan *plan, uint32_t number)
{
    uint64_t state = plan->seed * 1000003 + (uint64_t)plan->start_ms * 31 + number;
    state ^= state >> 31;
    state *= UINT64_C(0xd6e8feb86659fd93);
    state ^= state >> 32;
    return state | 1;
}

void senders_open(struct senders *g, struct plat *p)
{
    g->plat = p;
    g->random = g->plan.seed;
    arena_init(&g->arena, g->scratch, sizeof g->scratch);
    for (uint32_t i = 0; i < g->conns_max; i++)
        g->sender_of_conn[i] = -1;
    for (uint32_t i = 0; i < g->plan.agents; i++) {
        struct sender *s = &g->all[i];
        *s = (struct sender){.number = i, .conn = -1};
        struct text id;
        text_init(&id, s->id, sizeof s->id);
        text_printf(&id, "load-%llu-%05u", (unsigned long long)g->plan.seed, i);
        s->tx = g->tx + (size_t)i * SENDER_TX_SIZE;
        s->hashes = g->hashes + (size_t)i * g->plan.series;
        ship_init(g, s);
        g->use_credential(p, i);
        s->enrolled = credential_load(p) == ERR_OK;
        g->totals.enrolled += s->enrolled;
    }
}

/* --- the connection --- */

static void end_connection(struct senders *g, struct sender *s, struct mono now)
{
    if (s->conn < 0)
        return;
    if (!s->hello_sent)
        g->opening--;
    g->sender_of_conn[s->conn] = -1;
    plat_close(g->plat, s->conn);
    s->conn = -1;
    s->rx_used = s->tx_used = s->tx_sent = 0;
    s->hello_sent = false;
    past_lost(s);
    if (s->state == SENDER_DONE || s->state == SENDER_FAILED)
        return;
    if (s->state == SENDER_SHIPPING) {
        s->cut_off = true;
        s->cut_off_at = now;
    }
    s->state = SENDER_IDLE;
    int64_t wait_ms = RETRY_MS_FIRST << (s->failures < 5 ? s->failures : 5);
    if (wait_ms > RETRY_MS_MOST)
        wait_ms = RETRY_MS_MOST;
    s->failures++;
    s->retry_at = mono_after_ms(now, wait_ms / 2 + (int64_t)(draw(g) % (uint64_t)wait_ms));
}

static void fail(struct senders *g, struct sender *s, struct mono now, const char *why)
{
    plat_log(g->plat, LOG_ERROR, "%s gives up: %s", s->id, why);
    g->totals.failed++;
    s->state = SENDER_FAILED;
    end_connection(g, s, now);
}

static void flush(struct senders *g, struct sender *s, struct mono now)
{
    while (s->tx_sent < s->tx_used) {
        int n = plat_send(g->plat, s->conn, s->tx + s->tx_sent, s->tx_used - s->tx_sent);
        if (n == ERR_AGAIN || n == 0)
            return;
        if (n < 0) {
            end_connection(g, s, now);
            return;
        }
        s->tx_sent += (uint32_t)n;
        g->totals.bytes_sent += (uint64_t)n;
        g->totals.records_sent++;
    }
    s->tx_used = s->tx_sent = 0;
}

/* Appends what a wire_put function wrote at tx + tx_used. */
static void send(struct senders *g, struct sender *s, int n, struct mono now)
{
    ASSERT(n > 0);
    s->tx_used += (uint32_t)n;
    flush(g, s, now);
}

static void begin(struct senders *g, struct sender *s, struct mono now)
{
    g->use_credential(g->plat, s->number);
    if (!s->enrolled)
        credential_pin(g->plat, g->plan.ca_hash);
    int conn = plat_connect(g->plat, g->plan.server, s->enrolled ? PLAT_TLS : PLAT_TLS_PINNED);
    if (conn < 0) {
        s->retry_at = mono_after_ms(now, RETRY_MS_FIRST);
        return;
    }
    ASSERT((uint32_t)conn < g->conns_max);
    s->conn = conn;
    s->asked_at = now;
    s->state = s->enrolled ? SENDER_GREETING : SENDER_ENROLLING;
    g->sender_of_conn[conn] = (int32_t)s->number;
    g->opening++;
}

static void say_first(struct senders *g, struct sender *s, struct mono now)
{
    g->opening--;
    s->hello_sent = true;
    if (s->state == SENDER_ENROLLING) {
        uint8_t request[CERTIFICATE_SIZE_MAX];
        g->use_credential(g->plat, s->number);
        int n = credential_request(g->plat, s->id, request, sizeof request);
        if (n < 0) {
            fail(g, s, now, "no certificate request could be made");
            return;
        }
        const struct wire_enroll_request ask = {.token = g->plan.token, .instance_id = s->id,
                                                .name = s->id, .request_der = {request, (uint32_t)n}};
        send(g, s, wire_put_enroll_request(s->tx, SENDER_TX_SIZE, &ask), now);
        return;
    }
    g->totals.connects++;
    if (s->met)
        g->totals.reconnects++;
    s->met = true;
    const struct wire_hello hello = {
        .protocol = WIRE_PROTOCOL,
        .agent_version = VERSION_TEXT,
        .instance_id = s->id,
        .name = s->id,
        .epoch = s->epoch,
        .oldest_sequence = s->acked_sequence + 1,
        .next_sequence = ship_due_sequence(g, s) + 1,
        .interval_ms = g->plan.interval_ms,
        .sent_ms = wall_ms(plat_wall(g->plat)),
        .os = "simulated",
        .kernel = "none",
        .architecture = "none",
        .cpu_count = (uint32_t)s->acked.cpu_count,
        .memory_bytes = (uint64_t)s->acked.memory * 1024,
        .provider = "",
        .region = "",
        .instance_type = "load",
    };
    send(g, s, wire_put_hello(s->tx, SENDER_TX_SIZE, &hello), now);
}

/* --- what the aggregator says --- */

static void enrolled(struct senders *g, struct sender *s, const struct wire_frame *f, struct mono now)
{
    struct wire_enroll_reply m;
    g->use_credential(g->plat, s->number);
    if (wire_get_enroll_reply(f, &g->arena, &m) < 0 ||
        credential_store(g->plat, m.certificate_der.at, m.certificate_der.size, m.ca_der.at,
                         m.ca_der.size) < 0) {
        fail(g, s, now, "the certificate that came is not good");
        return;
    }
    g->totals.enrolled++;
    s->enrolled = true;
    end_connection(g, s, now);
    s->failures = 0;
    s->retry_at = now;
}

static void refused(struct senders *g, struct sender *s, const struct wire_frame *f, struct mono now)
{
    struct wire_refuse m = {.reason = "(not readable)"};
    (void)wire_get_refuse(f, &g->arena, &m);
    g->totals.refused++;
    uint32_t bit = m.code < 32 ? UINT32_C(1) << m.code : 1;
    if ((g->refusals_told & bit) == 0)
        plat_log(g->plat, LOG_WARN, "%s was refused (%u): %s", s->id, m.code, m.reason);
    g->refusals_told |= bit;
    bool passes = m.code == REFUSE_SHUTDOWN || m.code == REFUSE_STORAGE || m.code == REFUSE_REPLACED;
    if (passes)
        end_connection(g, s, now);
    else
        fail(g, s, now, m.reason);
}

static void note_most(uint64_t *most, struct mono from, struct mono now)
{
    uint64_t ms = (uint64_t)((now.ns - from.ns) / NS_PER_MS);
    *most = ms > *most ? ms : *most;
}

static void note_return(struct senders *g, struct sender *s, struct mono now)
{
    if (s->cut_off) {
        note_most(&g->totals.wait_ms_most, s->asked_at, now);
        note_most(&g->totals.away_ms_most, s->cut_off_at, now);
    }
    s->cut_off = false;
}

static void handle(struct senders *g, struct sender *s, const struct wire_frame *f, struct mono now)
{
    arena_reset(&g->arena);
    struct wire_welcome welcome;
    struct wire_ack ack;
    int e = ERR_OK;
    if (f->type == WIRE_REFUSE) {
        refused(g, s, f, now);
    } else if (f->type == WIRE_ENROLL_REPLY && s->state == SENDER_ENROLLING) {
        enrolled(g, s, f, now);
    } else if (f->type == WIRE_WELCOME && s->state == SENDER_GREETING) {
        e = wire_get_welcome(f, &g->arena, &welcome);
        if (e == ERR_OK) {
            s->state = SENDER_SHIPPING;
            s->failures = 0;
            note_return(g, s, now);
            g->outage_told = false;
            e = ship_welcome(g, s, &welcome);
        }
        if (e == ERR_OK && !past_is_done(g, s))
            s->tx_used += (uint32_t)past_ask(g, s);
    } else if (f->type == WIRE_ACK && s->state == SENDER_SHIPPING) {
        e = wire_get_ack(f, &g->arena, &ack);
        if (e == ERR_OK)
            e = ack.epoch == s->epoch ? ship_acknowledged(g, s, ack.sequence)
                                      : past_acknowledged(g, s, ack.sequence);
    } else if (f->type == WIRE_HISTORY_WELCOME && s->state == SENDER_SHIPPING) {
        struct wire_history_welcome m;
        e = wire_get_history_welcome(f, &g->arena, &m);
        if (e == ERR_OK)
            e = past_welcome(g, s, &m, now);
    } else if (f->type != WIRE_PACE && f->type != WIRE_SETTINGS) {
        e = ERR_MALFORMED;
    }
    if (e == ERR_DENIED)
        fail(g, s, now, "samples that were acknowledged are gone, or an acknowledgement is wrong");
    else if (e < 0)
        fail(g, s, now, "the aggregator said something that is no protocol");
}

static void finish_when_done(struct senders *g, struct sender *s, struct mono now)
{
    if (s->state != SENDER_SHIPPING || s->acked_sequence < g->plan.samples || !past_is_done(g, s))
        return;
    s->state = SENDER_DONE;
    g->totals.done++;
    end_connection(g, s, now);
}

/* Once, and again after somebody was welcome. */
static void tell_outage(struct senders *g, const struct sender *s)
{
    const char *why = plat_why(g->plat, s->conn);
    if (why[0] == '\0' || g->outage_told)
        return;
    plat_log(g->plat, LOG_WARN, "%s: %s", s->id, why);
    g->outage_told = true;
}

static void receive(struct senders *g, struct sender *s, struct mono now)
{
    while (s->conn >= 0) {
        int n = plat_recv(g->plat, s->conn, s->rx + s->rx_used, (uint32_t)sizeof s->rx - s->rx_used);
        if (n == ERR_AGAIN || n == 0)
            return;
        if (n < 0) {
            tell_outage(g, s);
            end_connection(g, s, now);
            return;
        }
        s->rx_used += (uint32_t)n;
        g->totals.bytes_received += (uint64_t)n;
        uint32_t done = 0;
        while (s->conn >= 0) {
            struct wire_frame f;
            n = wire_frame(s->rx + done, s->rx_used - done, &f);
            if (n == ERR_AGAIN && s->rx_used - done < sizeof s->rx)
                break;
            if (n < 0) {
                fail(g, s, now, "bytes that are no message");
                return;
            }
            handle(g, s, &f, now);
            done += (uint32_t)n;
        }
        if (s->conn < 0)
            return;
        s->rx_used -= done;
        memmove(s->rx, s->rx + done, s->rx_used);
    }
}

static void push(struct senders *g, struct sender *s, struct mono now)
{
    while (s->state == SENDER_SHIPPING && s->tx_used == 0) {
        int n = ship_next(g, s);
        if (n == 0)
            n = past_next(g, s, now);
        if (n == 0)
            return;
        send(g, s, n, now);
    }
}

void senders_ready(struct senders *g, int conn, struct mono now)
{
    ASSERT((uint32_t)conn < g->conns_max);
    if (g->sender_of_conn[conn] < 0)
        return;
    struct sender *s = &g->all[g->sender_of_conn[conn]];
    if (!s->hello_sent && plat_is_open(g->plat, s->conn))
        say_first(g, s, now);
    if (s->conn >= 0)
        receive(g, s, now);
    if (s->conn >= 0)
        flush(g, s, now); /* the dictionary that a Welcome asked for, and what did not fit before */
    finish_when_done(g, s, now);
    push(g, s, now);
}

static bool may_begin(const struct senders *g, const struct sender *s, struct mono now)
{
    return s->state == SENDER_IDLE && mono_reached(now, s->retry_at) &&
           g->opening < (s->met ? g->opening_max : OPENING_FIRST_MAX) && (g->shipping || !s->enrolled);
}

void senders_step(struct senders *g, struct mono now)
{
    for (uint32_t i = 0; i < g->plan.agents; i++) {
        struct sender *s = &g->all[i];
        if (may_begin(g, s, now))
            begin(g, s, now);
        else
            push(g, s, now);
    }
}

bool senders_enrolled(const struct senders *g)
{
    return g->totals.enrolled + g->totals.failed == g->plan.agents;
}

void senders_ship(struct senders *g, int64_t start_ms)
{
    g->plan.start_ms = start_ms;
    g->shipping = true;
    for (uint32_t i = 0; i < g->plan.agents; i++)
        g->all[i].epoch = choose_epoch(&g->plan, i);
}

void senders_enough(struct senders *g)
{
    uint64_t most = 1;
    for (uint32_t i = 0; i < g->plan.agents && g->shipping; i++) {
        uint64_t due = ship_due_sequence(g, &g->all[i]);
        most = due > most ? due : most;
    }
    if (!g->shipping || most >= g->plan.samples)
        return;
    g->plan.samples = most;
    for (uint32_t i = 0; i < g->plan.agents; i++) /* who has no more to say hears no more either */
        finish_when_done(g, &g->all[i], plat_mono(g->plat));
}

bool senders_finished(const struct senders *g)
{
    return g->totals.done + g->totals.failed == g->plan.agents;
}

void senders_close(struct senders *g)
{
    struct mono now = plat_mono(g->plat);
    for (uint32_t i = 0; i < g->plan.agents; i++)
        end_connection(g, &g->all[i], now);
}
