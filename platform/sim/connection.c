/* SPDX-License-Identifier: MIT */
/* Connections as programs see them: slots of a machine over the links of the simulated network. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/sim/net.h"

/* --- addresses --- */

static bool split_address(const char *address, char host[64], uint16_t *port)
{
    const char *colon = strrchr(address, ':');
    if (colon == NULL || colon == address)
        return false;
    size_t length = (size_t)(colon - address);
    if (address[0] == '[' && colon[-1] == ']') {
        address++;
        length -= 2;
    }
    char *end;
    unsigned long number = strtoul(colon + 1, &end, 10);
    if (length >= 64 || end == colon + 1 || *end != '\0' || number > 65535)
        return false;
    memcpy(host, address, length);
    host[length] = '\0';
    *port = (uint16_t)number;
    return true;
}

static bool is_loopback(const char *host)
{
    return strncmp(host, "127.", 4) == 0 || strcmp(host, "::1") == 0 ||
           strcmp(host, "localhost") == 0;
}

static struct plat *find_host(struct plat *p, const char *host)
{
    unsigned number;
    if (is_loopback(host))
        return p;
    if (sscanf(host, "10.0.0.%u", &number) == 1 && number >= 1 &&
        number <= p->world->machine_count)
        return p->world->machines[number - 1];
    return sim_find(p->world, host);
}

/* --- slots --- */

static int slot_take(struct plat *p)
{
    for (uint32_t i = 0; i < SIM_CONNECTIONS_MAX; i++)
        if (p->slots[i].kind == SLOT_FREE) {
            if (i >= p->slot_end)
                p->slot_end = i + 1;
            return (int)i;
        }
    return ERR_FULL;
}

static void slot_free(struct plat *p, int conn)
{
    free(p->slots[conn].mailbox);
    p->slots[conn].mailbox = NULL;
    p->slots[conn].kind = SLOT_FREE;
    while (p->slot_end > 0 && p->slots[p->slot_end - 1].kind == SLOT_FREE)
        p->slot_end--;
}

static struct slot *slot_of(struct plat *p, int conn)
{
    if (!p->alive || conn < 0 || conn >= (int)SIM_CONNECTIONS_MAX)
        return NULL;
    struct slot *s = &p->slots[conn];
    return s->kind == SLOT_FREE ? NULL : s;
}

static struct link *link_of(struct plat *p, int conn, struct slot **slot)
{
    struct slot *s = slot_of(p, conn);
    if (s == NULL || s->kind != SLOT_LINK)
        return NULL;
    *slot = s;
    return p->world->links[s->link];
}

/* --- listening and connecting --- */

/* A slot like `s` for an address of its own. */
static int bind_slot(struct plat *p, const struct slot *s, const char *host)
{
    for (uint32_t i = 0; i < p->slot_end; i++)
        if (p->slots[i].kind == s->kind && p->slots[i].port == s->port)
            return ERR_BUSY;
    int conn = slot_take(p);
    if (conn < 0)
        return conn;
    struct slot *own = &p->slots[conn];
    *own = *s;
    if (own->port == 0)
        own->port = p->port_next++;
    snprintf(own->address, sizeof(own->address), strchr(host, ':') ? "[%.63s]:%u" : "%.63s:%u", host,
             own->port);
    return conn;
}

int plat_listen(struct plat *p, const char *address, enum plat_security security)
{
    char host[64];
    uint16_t port;
    if (!p->alive)
        return ERR_SYSTEM;
    if (!split_address(address, host, &port))
        return ERR_MALFORMED;
    if (security == PLAT_TLS_PINNED || security == PLAT_TLS_ANY ||
        (security == PLAT_TLS && p->credential.authority_size == 0))
        return ERR_DENIED;
    struct slot s = {
        .kind = SLOT_LISTENER, .port = port, .loopback = is_loopback(host), .security = security};
    return bind_slot(p, &s, host);
}

int plat_udp_listen(struct plat *p, const char *address)
{
    char host[64];
    uint16_t port;
    if (!p->alive)
        return ERR_SYSTEM;
    if (!split_address(address, host, &port))
        return ERR_MALFORMED;
    struct slot s = {.kind = SLOT_DATAGRAMS, .port = port, .loopback = is_loopback(host)};
    int conn = bind_slot(p, &s, host);
    if (conn >= 0) {
        p->slots[conn].mailbox = calloc(1, sizeof(struct mailbox));
        ASSERT(p->slots[conn].mailbox != NULL);
    }
    return conn;
}

bool sim_datagram(struct plat *p, uint16_t port, const void *bytes, uint16_t size)
{
    for (uint32_t i = 0; i < p->slot_end && p->alive; i++) {
        struct slot *s = &p->slots[i];
        if (s->kind != SLOT_DATAGRAMS || s->port != port)
            continue;
        struct mailbox *m = s->mailbox;
        if (sizeof(size) + size > MAILBOX_SIZE - m->used) {
            m->dropped++;
            return false;
        }
        memcpy(m->bytes + m->used, &size, sizeof(size));
        memcpy(m->bytes + m->used + sizeof(size), bytes, size);
        m->used += (uint32_t)sizeof(size) + size;
        return true;
    }
    return false;
}

uint32_t plat_udp_dropped(struct plat *p, int socket)
{
    const struct slot *s = slot_of(p, socket);
    return s != NULL && s->kind == SLOT_DATAGRAMS ? s->mailbox->dropped : 0;
}

int plat_udp_receive(struct plat *p, int socket, void *to, uint32_t size)
{
    const struct slot *s = slot_of(p, socket);
    if (s == NULL || s->kind != SLOT_DATAGRAMS || s->mailbox->used == 0)
        return ERR_AGAIN;
    struct mailbox *m = s->mailbox;
    uint16_t length;
    memcpy(&length, m->bytes, sizeof(length));
    uint32_t got = length < size ? length : size;
    memcpy(to, m->bytes + sizeof(length), got);
    m->used -= (uint32_t)sizeof(length) + length;
    memmove(m->bytes, m->bytes + sizeof(length) + length, m->used);
    trace_bytes(p->world, to, got);
    return (int)got;
}

int plat_connect(struct plat *p, const char *address, enum plat_security security)
{
    struct sim_world *w = p->world;
    char host[64];
    uint16_t port;
    if (!p->alive)
        return ERR_SYSTEM;
    if (!split_address(address, host, &port) || port == 0)
        return ERR_MALFORMED;
    if (security == PLAT_TLS && !p->credential.loaded)
        return ERR_DENIED;
    int conn = slot_take(p);
    if (conn < 0)
        return conn;
    uint32_t index;
    struct link *l = link_new(w, &index);
    if (l == NULL) {
        slot_free(p, conn);
        return ERR_FULL;
    }
    struct plat *server = find_host(p, host);
    l->security = security;
    l->port = port;
    l->side[0].machine = p;
    l->side[0].conn = conn;
    l->side[1].machine = server ? server : p;
    p->slots[conn] = (struct slot){.kind = SLOT_LINK, .link = index, .side = 0};
    snprintf(l->side[0].peer_address, sizeof(l->side[0].peer_address), "10.0.0.%u:%u",
             l->side[1].machine->number + 1, port);
    snprintf(l->side[1].peer_address, sizeof(l->side[1].peer_address), "10.0.0.%u:%u",
             p->number + 1, p->port_next++);
    l->timeout_ns = w->now_ns + p->weather.connect_timeout_ns;
    if (server) {
        l->syn_ns = link_arrival(l, 0, w->now_ns);
    } else {
        l->side[1].closed = true;
        char why[200];
        snprintf(why, sizeof(why), "no host is named %.60s: check the name", host);
        link_fail(l, 0, w->now_ns + p->weather.latency_max_ns + 1, true, why);
    }
    link_changed(l);
    return conn;
}

/* TLS: the client hears from the server one way later, the server from the client two ways later. */
static void shake_hands(struct link *l)
{
    int64_t now_ns = l->side[0].machine->world->now_ns;
    int64_t there_ns = link_arrival(l, 1, now_ns);
    if (credentials_meet(l)) {
        l->side[0].open_ns = there_ns;
        l->side[1].open_ns = link_arrival(l, 0, there_ns);
    } else {
        char why[200];
        snprintf(why, sizeof(why), "%s", l->side[0].why);
        link_fail(l, 0, there_ns, true, why);
        link_fail(l, 1, link_arrival(l, 0, there_ns), true,
                  "the peer ended the TLS handshake: it does not trust this server");
    }
}

int plat_accept(struct plat *p, int listener)
{
    struct slot *s = slot_of(p, listener);
    if (s == NULL || s->kind != SLOT_LISTENER)
        return ERR_CLOSED;
    if (s->backlog_count == 0)
        return ERR_AGAIN;
    uint32_t index = s->backlog[0];
    s->backlog_count--;
    memmove(s->backlog, s->backlog + 1, s->backlog_count * sizeof(s->backlog[0]));
    struct link *l = p->world->links[index];
    l->queued = false;
    int conn = slot_take(p);
    if (conn < 0) {
        l->side[1].closed = true;
        link_fail(l, 0, link_arrival(l, 1, p->world->now_ns), true, "connection reset");
        link_release(l);
        return ERR_FULL;
    }
    p->slots[conn] = (struct slot){.kind = SLOT_LINK, .link = index, .side = 1};
    l->side[1].conn = conn;
    bool client_tls = l->security != PLAT_PLAIN, server_tls = s->security != PLAT_PLAIN;
    if (client_tls != server_tls) {
        for (uint32_t i = 0; i < 2; i++)
            link_fail(l, i, link_arrival(l, 1 - i, p->world->now_ns), true,
                      "TLS handshake failed: one side speaks clear text");
    } else if (client_tls) {
        shake_hands(l);
    } else {
        l->side[1].open_ns = p->world->now_ns;
    }
    return conn;
}

/* --- bytes --- */

static bool has_failed(const struct link *l, uint32_t side)
{
    return l->side[side].fail_ns <= l->side[0].machine->world->now_ns;
}

static bool is_open(const struct link *l, uint32_t side)
{
    return l->side[side].open_ns <= l->side[0].machine->world->now_ns && !has_failed(l, side);
}

bool plat_is_open(struct plat *p, int conn)
{
    struct slot *s;
    const struct link *l = link_of(p, conn, &s);
    return l != NULL && is_open(l, s->side);
}

static uint32_t room(const struct link *l, uint32_t side)
{
    uint32_t window = l->side[0].machine->weather.window;
    if (window > SIM_WINDOW_MAX)
        window = SIM_WINDOW_MAX;
    uint64_t used = l->flow[side].sent - l->flow[side].read;
    return used < window ? (uint32_t)(window - used) : 0;
}

int plat_send(struct plat *p, int conn, const void *from, uint32_t size)
{
    struct slot *s;
    struct link *l = link_of(p, conn, &s);
    if (l == NULL || !effect_allowed(p))
        return ERR_CLOSED;
    if (has_failed(l, s->side)) {
        s->fail_told = true;
        return ERR_CLOSED;
    }
    uint32_t fits = is_open(l, s->side) ? room(l, s->side) : 0;
    if (fits == 0) {
        s->want_write = true;
        return ERR_AGAIN;
    }
    if (fits > size)
        fits = size;
    if (fits > 1 && sim_chance(p->world, l->side[0].machine->weather.partial_permille)) {
        fits = 1 + (uint32_t)sim_below(p->world, fits - 1);
        s->want_write = true;
    }
    trace_bytes(p->world, from, fits);
    flow_send(l, s->side, from, fits);
    return (int)fits;
}

static uint32_t unread(const struct link *l, uint32_t side)
{
    const struct flow *f = &l->flow[1 - side];
    return (uint32_t)(f->arrived - f->read);
}

int plat_recv(struct plat *p, int conn, void *to, uint32_t size_max)
{
    struct sim_world *w = p->world;
    struct slot *s;
    struct link *l = link_of(p, conn, &s);
    if (l == NULL)
        return ERR_CLOSED;
    struct flow *f = &l->flow[1 - s->side];
    uint32_t size = unread(l, s->side);
    bool opened = l->side[s->side].open_ns <= w->now_ns;
    if (size == 0 || !opened) {
        if (has_failed(l, s->side)) {
            s->fail_told = true;
            return ERR_CLOSED;
        }
        s->eof_told = opened && f->fin_ns <= w->now_ns;
        return s->eof_told ? ERR_CLOSED : ERR_AGAIN;
    }
    if (size > size_max)
        size = size_max;
    if (size > 1 && sim_chance(w, l->side[0].machine->weather.split_permille))
        size = 1 + (uint32_t)sim_below(w, size - 1);
    uint32_t at = (uint32_t)(f->read % SIM_WINDOW_MAX);
    uint32_t first = size < SIM_WINDOW_MAX - at ? size : SIM_WINDOW_MAX - at;
    memcpy(to, f->bytes + at, first);
    memcpy((uint8_t *)to + first, f->bytes, size - first);
    f->read += size;
    trace_word(w, (uint64_t)w->now_ns ^ ((uint64_t)size << 32) ^ (uint64_t)p->number);
    if (w->tap)
        w->tap(w->tap_ctx, p, l->serial, to, size);
    return (int)size;
}

const char *plat_why(struct plat *p, int conn)
{
    struct slot *s;
    const struct link *l = link_of(p, conn, &s);
    if (l == NULL)
        return "";
    const struct side *side = &l->side[s->side];
    return has_failed(l, s->side) || side->identity == ERR_DENIED ? side->why : "";
}

const struct side *connection_side(struct plat *p, int conn)
{
    struct slot *s;
    const struct link *l = link_of(p, conn, &s);
    return l != NULL && is_open(l, s->side) ? &l->side[s->side] : NULL;
}

const char *plat_peer_address(struct plat *p, int conn)
{
    const struct slot *s = slot_of(p, conn);
    if (s == NULL)
        return "";
    return s->kind != SLOT_LINK ? s->address : p->world->links[s->link]->side[s->side].peer_address;
}

static void close_listener(struct plat *p, struct slot *s)
{
    for (uint32_t i = 0; i < s->backlog_count; i++) {
        struct link *l = p->world->links[s->backlog[i]];
        l->side[1].closed = true;
        link_fail(l, 0, link_arrival(l, 1, p->world->now_ns), true, "connection reset");
        link_release(l);
    }
    s->backlog_count = 0;
}

void plat_close(struct plat *p, int conn)
{
    struct slot *s = slot_of(p, conn);
    if (s == NULL)
        return;
    if (s->kind == SLOT_LISTENER) {
        close_listener(p, s);
    } else if (s->kind == SLOT_LINK) {
        struct link *l = p->world->links[s->link];
        uint32_t side = s->side;
        l->side[side].closed = true;
        l->side[side].conn = -1;
        if (side == 0)
            link_give_up(l);
        /* Closing over unread bytes is a reset, as in the kernel. */
        if (unread(l, side) > 0)
            link_fail(l, 1 - side, link_arrival(l, side, p->world->now_ns), true,
                      "connection reset");
        else
            flow_finish(l, side);
        link_release(l);
    }
    slot_free(p, conn);
}

/* --- readiness --- */

static bool slot_ready(const struct plat *p, struct slot *s)
{
    if (s->kind == SLOT_FREE)
        return false;
    if (s->kind == SLOT_LISTENER)
        return s->backlog_count > 0;
    if (s->kind == SLOT_DATAGRAMS)
        return !s->paused && s->mailbox->used > 0;
    const struct link *l = p->world->links[s->link];
    if (has_failed(l, s->side))
        return !s->fail_told || (!s->paused && unread(l, s->side) > 0);
    if (!is_open(l, s->side))
        return false;
    if (!s->open_told || (s->want_write && room(l, s->side) > 0))
        return true;
    if (s->paused)
        return false;
    return unread(l, s->side) > 0 ||
           (!s->eof_told && l->flow[1 - s->side].fin_ns <= p->world->now_ns);
}

bool sim_ready(struct plat *p)
{
    for (uint32_t i = 0; i < p->slot_end && p->alive; i++)
        if (slot_ready(p, &p->slots[i]))
            return true;
    return false;
}

int plat_next_ready(struct plat *p)
{
    while (p->alive && p->ready_left > 0) {
        if (p->ready_next >= p->slot_end)
            p->ready_next = 0;
        uint32_t conn = p->ready_next++;
        p->ready_left--;
        struct slot *s = &p->slots[conn];
        if (conn >= p->slot_end || !slot_ready(p, s))
            continue;
        if (s->kind == SLOT_LINK) {
            const struct link *l = p->world->links[s->link];
            s->open_told = true;
            s->want_write = false;
            s->fail_told = has_failed(l, s->side);
        }
        return (int)conn;
    }
    return ERR_AGAIN;
}

void plat_pause(struct plat *p, int conn, bool paused)
{
    struct slot *s = slot_of(p, conn);
    if (s != NULL)
        s->paused = paused;
}

/* What comes late here is the weather's business: each is reported at once. */
void plat_gather(struct plat *p, int conn, bool together)
{
    (void)p, (void)conn, (void)together;
}
