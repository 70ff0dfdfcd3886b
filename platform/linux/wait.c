/* SPDX-License-Identifier: MIT */
/* The one place where a program sleeps: epoll, the deadlines of connections that are not open yet, and
 * the order in which handshakes are served.
 *
 * epoll is level-triggered: what is not dealt with now is reported again, so work can be put off. A
 * handshake is some milliseconds of arithmetic; a turn of the loop spends HANDSHAKE_BUDGET_MS on them,
 * and connections that are open go first in the next. Handshakes beyond limits.handshakes_max queue up
 * without TLS memory, first come first served, so that a thousand agents that come back at once are
 * let in one after the other instead of all being late. While others wait, who has a turn and does not go on
 * loses it sooner. Who has waited for QUEUE_MS_MAX is turned away before anything was computed for it: it
 * would soon give up by itself, and what is computed for those who give up lets nobody in. So however many
 * come, all arithmetic is for somebody who still waits. Strangers at the public door have a queue and turns
 * of their own. */
#define _GNU_SOURCE /* POLLRDHUP */
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "platform/linux/plat.h"
#include "platform/linux/tls/tls.h"

#define EVENTS_MAX 256
#define HANDSHAKE_BUDGET_MS 20
#define HANDSHAKE_TIMEOUT_MS 10000 /* as a server, from its turn on */
#define HURRIED_HANDSHAKE_MS 5000 /* while others wait: some round trips to the other end of the world */
/* For a turn, from accept on. With the handshake it is over before an agent's patience is
 * (HANDSHAKE_TIMEOUT_MS in net.c, CONNECT_MS_MAX in agent/limits.h). Not less: a new hello costs an agent as
 * much as its turn costs us. */
#define QUEUE_MS_MAX 45000

int plat_next_ready(struct plat *p)
{
    int32_t index = p->ready.first;
    if (index == NONE)
        return ERR_AGAIN;
    list_drop(p, &p->ready, index, LINK(ready));
    if (p->conns[index].state == CONN_OPEN)
        conn_note_more(p, &p->conns[index]); /* unless it is read dry now */
    return index;
}

/* --- handshakes --- */

static void begin_handshake(struct plat *p, struct conn *c)
{
    enum door door = conn_door(c);
    list_drop(p, &p->queues[door], conn_index(p, c), LINK(queue));
    c->turn = true;
    p->handshakes[door]++;
    c->state = CONN_HANDSHAKE;
    c->drained = false;
    conn_deadline(p, c, mono_after_ms(plat_mono(p), HANDSHAKE_TIMEOUT_MS));
    if (tls_open(p, c) == ERR_OK)
        conn_shake_hands(p, c);
}

/* The doors share the memory of handshakes_max; what the public one may have of it, agents do without. */
static bool has_turn(const struct plat *p, enum door door)
{
    uint32_t share = p->limits.public_handshakes_max, all = p->limits.handshakes_max;
    if (share == 0)
        return p->handshakes[DOOR_AGENTS] + p->handshakes[DOOR_PUBLIC] < all;
    return p->handshakes[door] < (door == DOOR_PUBLIC ? share : all - share);
}

static bool has_waiting_with_turn(const struct plat *p)
{
    for (uint32_t door = 0; door < DOORS; door++)
        if (p->queues[door].first != NONE && has_turn(p, door))
            return true;
    return false;
}

/* Somebody waits, and none of those who have a turn may keep it as long as when nobody does. */
static void hurry(struct plat *p, enum door door)
{
    struct mono most = mono_after_ms(plat_mono(p), HURRIED_HANDSHAKE_MS);
    for (int32_t i = p->opening.first; i != NONE; i = p->conns[i].opening.next) {
        struct conn *c = &p->conns[i];
        if (c->turn && conn_door(c) == door)
            c->deadline = mono_earlier(c->deadline, most);
    }
    p->opening_deadline = mono_earlier(p->opening_deadline, most);
}

/* Its place in the queue costs nothing: it gets that even when this turn's time for arithmetic is over. */
static void on_hello(struct plat *p, struct conn *c, struct mono budget_end)
{
    enum door door = conn_door(c);
    bool is_first = p->queues[door].first == NONE;
    if (is_first && has_turn(p, door) && !mono_reached(plat_mono(p), budget_end)) {
        begin_handshake(p, c);
        return;
    }
    if (is_first)
        hurry(p, door);
    list_push(p, &p->queues[door], conn_index(p, c), LINK(queue));
    conn_deadline(p, c, mono_after_ms(c->accepted, QUEUE_MS_MAX));
    conn_watch(p, c);
}

/* In a storm some give up before their turn comes. What they said is not worth the arithmetic. */
static bool has_left(const struct conn *c)
{
    struct pollfd look = {.fd = c->fd, .events = POLLRDHUP};
    return poll(&look, 1, 0) > 0 && (look.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

static void serve_queue(struct plat *p, enum door door, struct mono budget_end)
{
    while (p->queues[door].first != NONE && has_turn(p, door) && !mono_reached(plat_mono(p), budget_end)) {
        struct conn *c = &p->conns[p->queues[door].first];
        if (has_left(c)) {
            conn_fail(p, c, "the peer went away while it waited for its TLS handshake");
            p->stats.handshakes_failed++;
            continue;
        }
        begin_handshake(p, c);
        if (c->turn && p->queues[door].first != NONE)
            conn_deadline(p, c, mono_after_ms(plat_mono(p), HURRIED_HANDSHAKE_MS));
    }
}

/* --- events --- */

static void on_open(struct plat *p, struct conn *c, uint32_t events)
{
    bool gone = (events & (EPOLLHUP | EPOLLERR)) != 0;
    c->drained = false;
    if (c->ended && gone) {
        conn_fail(p, c, "the connection was closed by the peer");
        return;
    }
    if (c->paused && gone) {
        /* Would be reported again and again; the program learns of it when it reads on. */
        c->hung_up = true;
        conn_watch(p, c);
        return;
    }
    if ((events & EPOLLOUT) != 0 && c->want_write) {
        if (c->security != PLAT_PLAIN && tls_flush(p, c) == ERR_AGAIN)
            return;
        c->want_write = false;
        conn_watch(p, c);
        conn_ready(p, c);
    }
    if (!c->paused && ((events & EPOLLIN) != 0 || gone))
        conn_ready(p, c);
}

static void on_conn(struct plat *p, struct conn *c, uint32_t events, struct mono budget_end)
{
    switch (c->state) {
    case CONN_LISTEN:
    case CONN_DATAGRAMS: conn_ready(p, c); break;
    case CONN_CONNECT: dial_connected(p, c); break;
    case CONN_OPEN: on_open(p, c, events); break;
    case CONN_HELLO: on_hello(p, c, budget_end); break;
    case CONN_HANDSHAKE:
        if (mono_reached(plat_mono(p), budget_end))
            break; /* reported again in the next turn */
        c->drained = false;
        conn_shake_hands(p, c);
        break;
    default: break; /* failed on the way here, in this very turn */
    }
}

/* --- gathered connections --- */

static int gather_control(struct plat *p, int operation)
{
    struct epoll_event e = {.events = EPOLLIN | EPOLLONESHOT, .data.u64 = WATCH_GATHER};
    return epoll_ctl(p->epoll_fd, operation, p->gather.fd, &e);
}

void wait_start(struct plat *p)
{
    p->gather = (struct gather){.fd = epoll_create1(EPOLL_CLOEXEC), .armed = true};
    if (p->gather.fd >= 0 && gather_control(p, EPOLL_CTL_ADD) == 0)
        return;
    if (p->gather.fd >= 0)
        close(p->gather.fd);
    p->gather.fd = NONE;
}

void plat_gather(struct plat *p, int conn, bool together)
{
    struct conn *c = conn_at(p, conn);
    if (c->state != CONN_OPEN || c->gathered == together || p->gather.fd == NONE)
        return;
    int fd = c->gathered ? p->gather.fd : p->epoll_fd;
    if (c->events != NONE && epoll_ctl(fd, EPOLL_CTL_DEL, c->fd, NULL) < 0)
        return;
    c->events = NONE;
    c->gathered = together;
    conn_watch(p, c);
}

/* They are left alone for a while. */
static bool is_gathering(const struct plat *p)
{
    return p->gather.fd != NONE && !p->gather.armed;
}

/* Looks at all of them. Found nothing: the next one that has something wakes the program. */
static void look_at_gathered(struct plat *p, struct mono now)
{
    struct gather *g = &p->gather;
    struct epoll_event events[EVENTS_MAX];
    int n = epoll_wait(g->fd, events, EVENTS_MAX, 0);
    g->armed = n == 0 && gather_control(p, EPOLL_CTL_MOD) == 0;
    if (n < EVENTS_MAX) /* or else there are more, and they are looked at next */
        g->until = mono_on_beat(mono_after_ms(now, PLAT_GATHER_MS - MONO_BEAT_MS + 1));
    for (int i = 0; i < n; i++)
        on_conn(p, &p->conns[events[i].data.u64], events[i].events, MONO_NEVER);
}

/* --- one look at everything --- */

/* ERR_CLOSED when it asks the program to end. */
static int take_signal(struct plat *p)
{
    struct signalfd_siginfo info;
    if (read(p->signal_fd, &info, sizeof info) != (ssize_t)sizeof info)
        return ERR_OK;
    switch (info.ssi_signo) {
    case SIGHUP: p->signals |= PLAT_SIGNAL_RELOAD; return ERR_OK;
    case SIGUSR1: p->signals |= PLAT_SIGNAL_STATUS; return ERR_OK;
    case SIGUSR2: p->signals |= PLAT_SIGNAL_FLUSH; return ERR_OK;
    default: return ERR_CLOSED;
    }
}

uint32_t plat_signals(struct plat *p)
{
    uint32_t signals = p->signals;
    p->signals = 0;
    return signals;
}

static void take_outbound(struct plat *p)
{
    uint64_t count;
    if (read(p->outbound_fd, &count, sizeof count) == (ssize_t)sizeof count)
        p->outbound_over = true;
}

static int poll_once(struct plat *p, int sleep_ms_max)
{
    struct epoll_event events[EVENTS_MAX];
    int n = epoll_wait(p->epoll_fd, events, EVENTS_MAX, sleep_ms_max);
    int result = ERR_OK;
    struct mono now = plat_mono(p), budget_end = mono_after_ms(now, HANDSHAKE_BUDGET_MS);
    for (int i = 0; i < n; i++) {
        uint64_t what = events[i].data.u64;
        if (what == WATCH_SIGNAL)
            result = take_signal(p);
        else if ((what & WATCH_DIAL) != 0)
            dial_event(p, (uint32_t)what);
        else if (what == WATCH_GATHER)
            look_at_gathered(p, now);
        else if (what == WATCH_OUTBOUND)
            take_outbound(p);
        else
            on_conn(p, &p->conns[what], events[i].events, budget_end);
    }
    for (uint32_t door = 0; door < DOORS; door++)
        serve_queue(p, door, budget_end);
    return result;
}

/* --- deadlines --- */

static void expire_conn(struct plat *p, struct conn *c)
{
    switch (c->state) {
    case CONN_LOOKUP:
    case CONN_CONNECT: dial_expired(p, c); break;
    case CONN_HELLO:
        if (!c->queue.linked) {
            conn_fail(p, c, "the peer connected and said nothing");
            break;
        }
        conn_fail(p, c, "too many came at once for a TLS handshake with all of them; it comes again");
        p->stats.handshakes_failed++;
        break;
    default:
        conn_fail(p, c, "the TLS handshake was not over in time");
        p->stats.handshakes_failed++;
        break;
    }
}

static void expire(struct plat *p, struct mono now)
{
    if (!mono_reached(now, p->opening_deadline))
        return;
    p->opening_deadline = MONO_NEVER;
    for (int32_t i = p->opening.first, next; i != NONE; i = next) {
        next = p->conns[i].opening.next;
        if (mono_reached(now, p->conns[i].deadline))
            expire_conn(p, &p->conns[i]);
    }
    for (int32_t i = p->opening.first; i != NONE; i = p->conns[i].opening.next)
        p->opening_deadline = mono_earlier(p->opening_deadline, p->conns[i].deadline);
}

static int timeout_ms(const struct plat *p, struct mono now, struct mono deadline)
{
    struct mono until = mono_earlier(deadline, p->opening_deadline);
    if (is_gathering(p))
        until = mono_earlier(until, p->gather.until);
    if (until.ns == MONO_NEVER.ns)
        return -1;
    int64_t ms = (until.ns - now.ns + NS_PER_MS - 1) / NS_PER_MS;
    return ms < 0 ? 0 : ms > INT32_MAX ? INT32_MAX : (int)ms;
}

int plat_wait(struct plat *p, struct mono deadline)
{
    while (p->again.first != NONE) {
        struct conn *c = &p->conns[p->again.first];
        list_drop(p, &p->again, conn_index(p, c), LINK(again));
        conn_ready(p, c);
    }
    for (bool asked = false;; asked = true) {
        struct mono now = plat_mono(p);
        expire(p, now);
        log_flush(p, now);
        if (is_gathering(p) && mono_reached(now, p->gather.until))
            look_at_gathered(p, now);
        bool done = p->ready.count > 0 || p->signals != 0 || p->outbound_over || mono_reached(now, deadline);
        if (done && asked) {
            p->outbound_over = false;
            return ERR_OK;
        }
        bool at_once = done || has_waiting_with_turn(p);
        if (p->has_excess && !at_once)
            residence_shed(p);
        int result = poll_once(p, at_once ? 0 : timeout_ms(p, now, deadline));
        if (result < 0)
            return result;
    }
}
