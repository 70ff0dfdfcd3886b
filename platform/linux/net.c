/* SPDX-License-Identifier: MIT */
/* Connections: the table, and moving bytes. Who waits for what is wait.c's business, names and dialling
 * are dial.c's, TLS is tls/. */
#define _GNU_SOURCE /* accept4 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "platform/linux/plat.h"
#include "platform/linux/tls/tls.h"

#define HELLO_TIMEOUT_MS 10000 /* from accept to the first byte */
/* As a client. A server that all its agents come back to at once takes them in turn: who gives up and comes
 * again goes to the end of the queue, and what was done for it is lost. */
#define HANDSHAKE_TIMEOUT_MS 60000
#define BACKLOG 4096 /* all agents may come back at once; the kernel cuts it to its own limit */
#define KEEPALIVE_IDLE_S 60
#define KEEPALIVE_INTERVAL_S 15
#define KEEPALIVE_PROBES 4
static const char closed_by_peer[] = "the connection was closed by the peer";

struct conn *conn_at(struct plat *p, int index)
{
    ASSERT(index >= 0 && (uint32_t)index < p->limits.conns_max);
    struct conn *c = &p->conns[index];
    ASSERT(c->state != CONN_FREE);
    return c;
}

int conn_index(const struct plat *p, const struct conn *c)
{
    return (int)(c - p->conns);
}

enum door conn_door(const struct conn *c)
{
    return c->security == PLAT_TLS_SERVER ? DOOR_PUBLIC : DOOR_AGENTS;
}

static bool is_tls(const struct conn *c)
{
    return c->security != PLAT_PLAIN;
}

struct conn *conn_new(struct plat *p, enum plat_security security)
{
    if (p->free_conn == NONE)
        return NULL;
    struct conn *c = &p->conns[p->free_conn];
    ASSERT(c->state == CONN_FREE);
    p->free_conn = c->ready.next;
    *c = (struct conn){.fd = NONE, .events = NONE, .dial = NONE, .security = (uint8_t)security};
    memory_use(p->conns_line, ++p->conns_used);
    return c;
}

/* --- what every state shares --- */

/* What to ask of epoll; NONE: not to be registered. Nothing asked still reports a dead peer. */
static int wanted_events(struct plat *p, const struct conn *c)
{
    switch (c->state) {
    case CONN_LISTEN: return EPOLLIN;
    case CONN_DATAGRAMS: return c->paused ? 0 : EPOLLIN;
    case CONN_CONNECT: return EPOLLOUT;
    case CONN_HELLO: return c->queue.linked ? NONE : EPOLLIN;
    case CONN_HANDSHAKE: return tls_wants_write(p, c) ? EPOLLOUT : EPOLLIN;
    case CONN_OPEN:
        if (c->hung_up)
            return NONE;
        return (int)((c->paused || c->ended ? 0U : EPOLLIN) | (c->want_write ? EPOLLOUT : 0U));
    default: return NONE;
    }
}

void conn_watch(struct plat *p, struct conn *c)
{
    int events = wanted_events(p, c);
    if (events == c->events || c->fd == NONE)
        return;
    struct epoll_event e = {.data.u64 = (uint64_t)conn_index(p, c)};
    e.events = events == NONE ? 0 : (uint32_t)events;
    int operation = events == NONE      ? EPOLL_CTL_DEL
                    : c->events == NONE ? EPOLL_CTL_ADD
                                        : EPOLL_CTL_MOD;
    c->events = events;
    if (epoll_ctl(c->gathered ? p->gather.fd : p->epoll_fd, operation, c->fd, &e) < 0)
        conn_fail(p, c, "cannot watch the connection: %s", errno_words(errno));
}

void conn_ready(struct plat *p, struct conn *c)
{
    list_push(p, &p->ready, conn_index(p, c), LINK(ready));
}

void conn_deadline(struct plat *p, struct conn *c, struct mono deadline)
{
    c->deadline = deadline;
    list_push(p, &p->opening, conn_index(p, c), LINK(opening));
    p->opening_deadline = mono_earlier(p->opening_deadline, deadline);
}

static void leave_lists(struct plat *p, struct conn *c)
{
    int index = conn_index(p, c);
    list_drop(p, &p->opening, index, LINK(opening));
    list_drop(p, &p->queues[conn_door(c)], index, LINK(queue));
    list_drop(p, &p->again, index, LINK(again));
    if (c->turn) {
        c->turn = false;
        p->handshakes[conn_door(c)]--;
    }
}

/* Gives everything but the slot back. */
static void release(struct plat *p, struct conn *c)
{
    leave_lists(p, c);
    dial_end(p, c);
    tls_close(p, c, false);
    if (p->stage.conn == conn_index(p, c))
        p->stage.conn = NONE;
    if (c->fd != NONE)
        close(c->fd); /* leaves epoll by itself */
    c->fd = NONE;
    c->events = NONE;
}

void conn_fail(struct plat *p, struct conn *c, const char *format, ...)
{
    if (c->state == CONN_FAILED)
        return;
    if (c->why[0] == '\0') {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(c->why, sizeof c->why, format, arguments);
        va_end(arguments);
    }
    c->state = CONN_FAILED;
    release(p, c);
    conn_ready(p, c);
}

void conn_note_more(struct plat *p, struct conn *c)
{
    bool more = (is_tls(c) && (c->ended || tls_has_more(p, c))) || (c->gathered && !c->drained);
    if (more && !c->paused)
        list_push(p, &p->again, conn_index(p, c), LINK(again));
    else
        list_drop(p, &p->again, conn_index(p, c), LINK(again));
}

static void opened(struct plat *p, struct conn *c)
{
    leave_lists(p, c);
    c->state = CONN_OPEN;
    c->drained = false;
    c->want_write = is_tls(c) && tls_wants_write(p, c);
    conn_watch(p, c);
    conn_ready(p, c);
    conn_note_more(p, c);
}

/* On a slow machine the peer's answer is there before we look: one call may be all. */
void conn_shake_hands(struct plat *p, struct conn *c)
{
    int result = tls_handshake(p, c);
    if (result == ERR_AGAIN)
        conn_watch(p, c);
    else if (result == ERR_OK)
        opened(p, c);
}

static void set_socket_options(int fd)
{
    const int on = 1, idle = KEEPALIVE_IDLE_S, interval = KEEPALIVE_INTERVAL_S;
    const int probes = KEEPALIVE_PROBES;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &probes, sizeof probes);
}

int64_t conn_quiet_ms(struct plat *p, const struct conn *c)
{
    struct tcp_info info;
    socklen_t size = sizeof info;
    const socklen_t least = offsetof(struct tcp_info, tcpi_last_data_recv) + sizeof info.tcpi_last_data_recv;
    if (getsockopt(c->fd, IPPROTO_TCP, TCP_INFO, &info, &size) == 0 && size >= least)
        return info.tcpi_last_data_recv;
    return (plat_mono(p).ns - c->accepted.ns) / NS_PER_MS;
}

void conn_connected(struct plat *p, struct conn *c)
{
    set_socket_options(c->fd);
    if (!is_tls(c)) {
        opened(p, c);
    } else if (c->server) {
        c->state = CONN_HELLO;
        c->accepted = plat_mono(p);
        conn_deadline(p, c, mono_after_ms(c->accepted, HELLO_TIMEOUT_MS));
        conn_watch(p, c);
    } else {
        c->state = CONN_HANDSHAKE;
        conn_deadline(p, c, mono_after_ms(plat_mono(p), HANDSHAKE_TIMEOUT_MS));
        if (tls_open(p, c) == ERR_OK)
            conn_shake_hands(p, c);
    }
}

/* --- making connections --- */

static int listen_error(int error)
{
    switch (error) {
    case EADDRINUSE: return ERR_BUSY;
    case EACCES:
    case EPERM: return ERR_DENIED;
    case EADDRNOTAVAIL: return ERR_MALFORMED;
    default: return ERR_SYSTEM;
    }
}

static int bound_socket(const char *address, int type)
{
    char host[DNS_NAME_SIZE];
    uint16_t port;
    struct ip ip;
    struct sockaddr_storage to;
    if (address_split(address, host, sizeof host, &port) < 0 ||
        !ip_parse(text_equal(host, "localhost") ? "127.0.0.1" : host, &ip))
        return ERR_MALFORMED;
    uint32_t to_size = address_socket(&ip, port, &to);
    int fd = socket(to.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return ERR_SYSTEM;
    const int on = 1, off = 0;
    if (type == SOCK_STREAM) /* two may not share a port's datagrams */
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (ip.family == 6)
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off);
    if (bind(fd, (struct sockaddr *)&to, to_size) == 0 && (type != SOCK_STREAM || listen(fd, BACKLOG) == 0))
        return fd;
    int result = listen_error(errno);
    close(fd);
    return result;
}

static void note_own_address(struct conn *c)
{
    struct sockaddr_storage own;
    socklen_t size = sizeof own;
    if (getsockname(c->fd, (struct sockaddr *)&own, &size) == 0)
        address_text(&own, c->peer, sizeof c->peer);
}

/* A slot for a bound socket that waits in `state`. */
static int await(struct plat *p, const char *address, int type, enum plat_security security,
                 enum conn_state state)
{
    struct conn *c = conn_new(p, security);
    if (c == NULL)
        return ERR_FULL;
    int index = conn_index(p, c);
    int fd = bound_socket(address, type);
    if (fd < 0) {
        c->state = CONN_FAILED;
        plat_close(p, index);
        return fd;
    }
    c->fd = fd;
    c->state = (uint8_t)state;
    note_own_address(c);
    conn_watch(p, c);
    return index;
}

int plat_listen(struct plat *p, const char *address, enum plat_security security)
{
    if (security == PLAT_TLS_PINNED || security == PLAT_TLS_ANY)
        return ERR_MALFORMED;
    return await(p, address, SOCK_STREAM, security, CONN_LISTEN);
}

int plat_udp_listen(struct plat *p, const char *address)
{
    return await(p, address, SOCK_DGRAM, PLAT_PLAIN, CONN_DATAGRAMS);
}

int plat_accept(struct plat *p, int listener)
{
    struct conn *l = conn_at(p, listener);
    ASSERT(l->state == CONN_LISTEN);
    struct sockaddr_storage from;
    socklen_t from_size = sizeof from;
    int fd = accept4(l->fd, (struct sockaddr *)&from, &from_size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
        /* All but a lack of descriptors concerns one newcomer, who has left again. */
        return errno == EMFILE || errno == ENFILE || errno == ENOMEM ? ERR_FULL : ERR_AGAIN;
    }
    struct conn *c = conn_new(p, l->security);
    if (c == NULL) {
        p->stats.conns_refused++;
        close(fd);
        return ERR_FULL;
    }
    c->fd = fd;
    c->server = true;
    address_text(&from, c->peer, sizeof c->peer);
    conn_connected(p, c);
    return conn_index(p, c);
}

int plat_connect(struct plat *p, const char *address, enum plat_security security)
{
    struct conn *c = conn_new(p, security);
    if (c == NULL)
        return ERR_FULL;
    int index = conn_index(p, c);
    c->state = CONN_LOOKUP;
    c->credential = p->credential;
    text_copy(c->peer, sizeof c->peer, address);
    int result = address[0] == '/' ? dial_local(p, c, address) : dial_start(p, c, address);
    if (result < 0) {
        c->state = CONN_FAILED;
        plat_close(p, index);
        return result;
    }
    return index;
}

bool plat_is_open(struct plat *p, int conn)
{
    return conn_at(p, conn)->state == CONN_OPEN;
}

const char *plat_why(struct plat *p, int conn)
{
    return conn_at(p, conn)->why;
}

const char *plat_peer_address(struct plat *p, int conn)
{
    return conn_at(p, conn)->peer;
}

int plat_peer_identity(struct plat *p, int conn, char *id, uint32_t id_size)
{
    struct conn *c = conn_at(p, conn);
    ASSERT(id_size > 0);
    id[0] = '\0';
    return is_tls(c) && c->state == CONN_OPEN ? tls_identity(p, c, id, id_size) : 0;
}

/* --- bytes --- */

static int read_socket(struct conn *c, void *to, uint32_t size)
{
    if (c->drained)
        return ERR_AGAIN;
    for (;;) {
        ssize_t n = recv(c->fd, to, size, 0);
        if (n < 0 && errno == EINTR)
            continue;
        c->ended |= n == 0;
        if (n == 0 || (n < 0 && errno != EAGAIN))
            return ERR_CLOSED;
        /* Less than asked for is all there was. What comes now, epoll reports. */
        c->drained = n < (ssize_t)size;
        return n < 0 ? ERR_AGAIN : (int)n;
    }
}

/* TLS asks for five bytes, then for the rest of a record: with the stage between, that is one system
 * call. The stage serves one connection at a time; whoever finds it taken reads without it. */
int conn_read(struct plat *p, struct conn *c, void *to, uint32_t size, bool ahead)
{
    struct stage *s = &p->stage;
    int index = conn_index(p, c);
    if (!ahead || (s->conn != NONE && s->conn != index))
        return read_socket(c, to, size);
    if (s->conn == NONE) {
        int n = read_socket(c, s->bytes, s->size);
        if (n <= 0)
            return n;
        s->conn = index;
        s->at = 0;
        s->end = (uint32_t)n;
    }
    uint32_t n = s->end - s->at < size ? s->end - s->at : size;
    memcpy(to, s->bytes + s->at, n);
    s->at += n;
    if (s->at == s->end)
        s->conn = NONE;
    return (int)n;
}

int conn_write(struct plat *p, struct conn *c, const void *from, uint32_t size)
{
    (void)p;
    for (;;) {
        ssize_t n = send(c->fd, from, size, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return errno == EAGAIN ? ERR_AGAIN : ERR_CLOSED;
        return (int)n;
    }
}

int plat_send(struct plat *p, int conn, const void *from, uint32_t size)
{
    struct conn *c = conn_at(p, conn);
    if (c->state != CONN_OPEN)
        return c->state == CONN_FAILED ? ERR_CLOSED : ERR_AGAIN;
    int n = is_tls(c) ? tls_send(p, c, from, size) : conn_write(p, c, from, size);
    if (n == ERR_CLOSED) {
        conn_fail(p, c, "%s", closed_by_peer);
        return n;
    }
    c->want_write = n == ERR_AGAIN || (uint32_t)n < size || (is_tls(c) && tls_wants_write(p, c));
    conn_watch(p, c);
    return n;
}

int plat_recv(struct plat *p, int conn, void *to, uint32_t size_max)
{
    struct conn *c = conn_at(p, conn);
    if (c->state != CONN_OPEN)
        return c->state == CONN_FAILED ? ERR_CLOSED : ERR_AGAIN;
    int n = ERR_CLOSED;
    if (is_tls(c))
        n = tls_recv(p, c, to, size_max);
    else if (!c->ended)
        n = conn_read(p, c, to, size_max, false);
    if (n == ERR_CLOSED && c->ended) { /* the peer may still listen: what is sent goes */
        (void)(c->why[0] == '\0' && text_copy(c->why, sizeof c->why, closed_by_peer));
        conn_watch(p, c);
    } else if (n == ERR_CLOSED) {
        conn_fail(p, c, "%s", closed_by_peer);
    } else {
        conn_note_more(p, c);
    }
    return n;
}

void plat_pause(struct plat *p, int conn, bool paused)
{
    struct conn *c = conn_at(p, conn);
    if (c->paused == paused)
        return;
    c->paused = paused;
    if (c->state == CONN_DATAGRAMS)
        conn_watch(p, c);
    if (c->state != CONN_OPEN)
        return;
    c->hung_up = false;
    conn_watch(p, c);
    if (c->state == CONN_OPEN)
        conn_note_more(p, c);
}

/* A socket that is closed with bytes unread answers with a reset, and the peer may lose what we sent
 * last, the reason for the end for instance. */
static void read_off(struct conn *c)
{
    uint8_t unread[2048];
    shutdown(c->fd, SHUT_WR);
    for (int i = 0; i < 16 && recv(c->fd, unread, sizeof unread, 0) > 0; i++)
        continue;
}

void plat_close(struct plat *p, int conn)
{
    struct conn *c = conn_at(p, conn);
    if (c->state == CONN_OPEN) {
        if (is_tls(c))
            tls_close(p, c, true);
        read_off(c);
    }
    release(p, c);
    list_drop(p, &p->ready, conn, LINK(ready));
    *c = (struct conn){.fd = NONE, .state = CONN_FREE};
    c->ready.next = p->free_conn;
    p->free_conn = conn;
    memory_use(p->conns_line, --p->conns_used);
}
