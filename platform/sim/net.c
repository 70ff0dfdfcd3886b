/* SPDX-License-Identifier: MIT */
/* The simulated network: links between machines, what is on its way, and what breaks it.
 *
 * A link has two sides and two flows of bytes. Everything that will happen to it has a time on the
 * world's clock; net_settle() lets happen what has come due. connection.c shows links to programs. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/sim/net.h"

static int64_t latency(struct link *l)
{
    struct sim_world *w = l->side[0].machine->world;
    const struct sim_weather *weather = &l->side[0].machine->weather;
    int64_t ns = weather->latency_min_ns;
    if (weather->latency_max_ns > ns)
        ns += (int64_t)sim_below(w, (uint64_t)(weather->latency_max_ns - ns));
    if (weather->spike_max_ns > 0 && sim_chance(w, weather->spike_permille))
        ns += (int64_t)sim_below(w, (uint64_t)weather->spike_max_ns);
    return ns < 1 ? 1 : ns;
}

int64_t link_arrival(struct link *l, uint32_t from, int64_t leaves_ns)
{
    const struct plat *a = l->side[from].machine, *b = l->side[1 - from].machine;
    int64_t blocked_ns = a->world->blocked_ns[a->number][b->number];
    if (blocked_ns > leaves_ns)
        leaves_ns = blocked_ns;
    return leaves_ns + latency(l);
}

void link_changed(struct link *l)
{
    l->side[0].machine->world->event_known = false;
}

void link_fail(struct link *l, uint32_t side, int64_t at_ns, bool reset, const char *why)
{
    struct side *s = &l->side[side];
    if (at_ns >= s->fail_ns)
        return;
    s->fail_ns = at_ns;
    s->reset = reset;
    snprintf(s->why, sizeof(s->why), "%s", why);
    link_changed(l);
}

struct link *link_new(struct sim_world *w, uint32_t *index)
{
    uint32_t i = 0;
    while (i < w->link_count && w->links[i]->used)
        i++;
    if (i == LINKS_MAX)
        return NULL;
    uint8_t *bytes[2];
    if (i == w->link_count) {
        w->links[i] = calloc(1, sizeof(struct link));
        ASSERT(w->links[i] != NULL);
        w->link_count++;
        for (uint32_t s = 0; s < 2; s++) {
            bytes[s] = malloc(SIM_WINDOW_MAX);
            ASSERT(bytes[s] != NULL);
        }
    } else {
        bytes[0] = w->links[i]->flow[0].bytes;
        bytes[1] = w->links[i]->flow[1].bytes;
    }
    struct link *l = w->links[i];
    *l = (struct link){.used = true, .serial = ++w->link_serial, .syn_ns = SIM_NEVER,
                       .timeout_ns = SIM_NEVER};
    for (uint32_t s = 0; s < 2; s++) {
        l->flow[s].bytes = bytes[s];
        l->flow[s].fin_ns = SIM_NEVER;
        l->side[s].conn = -1;
        l->side[s].open_ns = SIM_NEVER;
        l->side[s].fail_ns = SIM_NEVER;
    }
    *index = i;
    return l;
}

/* A link is free again when no program holds it. */
void link_release(struct link *l)
{
    if (l->side[0].closed && l->side[1].closed)
        l->used = false;
    link_changed(l);
}

void link_give_up(struct link *l)
{
    l->timeout_ns = SIM_NEVER;
    if (l->syn_ns != SIM_NEVER) {
        l->syn_ns = SIM_NEVER;
        l->side[1].closed = true;
    }
}

/* --- bytes on their way --- */

static void settle(struct flow *f, int64_t now_ns)
{
    while (f->segment_count > 0 && f->segments[f->segment_first].at_ns <= now_ns) {
        f->arrived = f->segments[f->segment_first].end;
        f->segment_first = (f->segment_first + 1) % SEGMENTS_MAX;
        f->segment_count--;
    }
}

void flow_send(struct link *l, uint32_t from, const uint8_t *bytes, uint32_t size)
{
    struct flow *f = &l->flow[from];
    const struct plat *machine = l->side[from].machine;
    int64_t now_ns = machine->world->now_ns;
    uint32_t at = (uint32_t)(f->sent % SIM_WINDOW_MAX);
    uint32_t first = size < SIM_WINDOW_MAX - at ? size : SIM_WINDOW_MAX - at;
    memcpy(f->bytes + at, bytes, first);
    memcpy(f->bytes, bytes + first, size - first);
    f->sent += size;

    int64_t leaves_ns = f->busy_ns > now_ns ? f->busy_ns : now_ns;
    uint32_t rate = l->side[0].machine->weather.bytes_per_second;
    if (rate != 0)
        leaves_ns += (int64_t)size * NS_PER_S / rate;
    f->busy_ns = leaves_ns;
    int64_t at_ns = link_arrival(l, from, leaves_ns);
    f->last_ns = at_ns > f->last_ns ? at_ns : f->last_ns;
    if (f->segment_count == SEGMENTS_MAX) { /* travels with the one before */
        uint32_t last = (f->segment_first + f->segment_count - 1) % SEGMENTS_MAX;
        f->segments[last] = (struct segment){f->last_ns, f->sent};
    } else {
        uint32_t next = (f->segment_first + f->segment_count++) % SEGMENTS_MAX;
        f->segments[next] = (struct segment){f->last_ns, f->sent};
    }
    /* Nobody is there: the answer is a reset, once the other machine is up to give it. */
    if (l->side[1 - from].closed && !l->side[1 - from].dark)
        link_fail(l, from, link_arrival(l, 1 - from, f->last_ns), true,
                  "the peer has closed the connection");
    link_changed(l);
}

void flow_finish(struct link *l, uint32_t from)
{
    struct flow *f = &l->flow[from];
    int64_t at_ns = link_arrival(l, from, l->side[from].machine->world->now_ns);
    f->last_ns = at_ns > f->last_ns ? at_ns : f->last_ns;
    f->fin_ns = f->last_ns;
    link_changed(l);
}

/* --- what comes due --- */

static int find_listener(struct plat *p, const struct link *l)
{
    for (uint32_t i = 0; i < p->slot_end; i++) {
        const struct slot *s = &p->slots[i];
        if (s->kind == SLOT_LISTENER && s->port == l->port &&
            (!s->loopback || l->side[0].machine == p))
            return (int)i;
    }
    return ERR_MISSING;
}

static void deliver_syn(struct sim_world *w, struct link *l, uint32_t index)
{
    struct plat *server = l->side[1].machine;
    l->syn_ns = SIM_NEVER;
    if (server->dark)
        return; /* silence; the time-out ends it */
    int listener = server->alive ? find_listener(server, l) : ERR_MISSING;
    struct slot *s = listener >= 0 ? &server->slots[listener] : NULL;
    if (s == NULL || s->backlog_count == BACKLOG_MAX) {
        l->side[1].closed = true;
        link_fail(l, 0, link_arrival(l, 1, w->now_ns), true,
                  "connection refused: nothing listens there");
        return;
    }
    l->queued = true;
    s->backlog[s->backlog_count++] = index;
    if (l->security == PLAT_PLAIN)
        l->side[0].open_ns = link_arrival(l, 1, w->now_ns);
}

static void link_settle(struct sim_world *w, struct link *l, uint32_t index)
{
    if (l->syn_ns <= w->now_ns)
        deliver_syn(w, l, index);
    settle(&l->flow[0], w->now_ns);
    settle(&l->flow[1], w->now_ns);
    if (l->side[0].open_ns <= w->now_ns)
        l->timeout_ns = SIM_NEVER;
    if (l->timeout_ns <= w->now_ns) {
        link_fail(l, 0, l->timeout_ns, true, "connection timed out: no answer");
        l->timeout_ns = SIM_NEVER;
    }
    /* Who asked has given up before anybody took the other end. */
    if (l->side[0].closed && l->syn_ns == SIM_NEVER && !l->queued && l->side[1].conn < 0) {
        l->side[1].closed = true;
        link_release(l);
    }
}

void net_settle(struct sim_world *w)
{
    if (w->event_known && w->event_ns > w->now_ns)
        return;
    for (uint32_t i = 0; i < w->link_count; i++)
        if (w->links[i]->used)
            link_settle(w, w->links[i], i);
    w->event_known = false;
}

static void sooner(int64_t *next, int64_t ns, int64_t now_ns)
{
    if (ns > now_ns && ns < *next)
        *next = ns;
}

int64_t net_next_event(struct sim_world *w)
{
    int64_t next = SIM_NEVER;
    for (uint32_t i = 0; i < w->link_count; i++) {
        const struct link *l = w->links[i];
        if (!l->used)
            continue;
        sooner(&next, l->syn_ns, w->now_ns);
        sooner(&next, l->timeout_ns, w->now_ns);
        for (uint32_t s = 0; s < 2; s++) {
            sooner(&next, l->side[s].open_ns, w->now_ns);
            sooner(&next, l->side[s].fail_ns, w->now_ns);
            sooner(&next, l->flow[s].fin_ns, w->now_ns);
            if (l->flow[s].segment_count > 0)
                sooner(&next, l->flow[s].segments[l->flow[s].segment_first].at_ns, w->now_ns);
        }
    }
    return next;
}

/* --- faults --- */

static void delay(int64_t *ns, int64_t now_ns, int64_t until_ns)
{
    if (*ns > now_ns && *ns != SIM_NEVER && *ns < until_ns)
        *ns = until_ns;
}

static void link_hold(struct link *l, uint32_t from, int64_t until_ns)
{
    int64_t now_ns = l->side[0].machine->world->now_ns;
    int64_t arrives_ns = link_arrival(l, from, until_ns);
    struct flow *f = &l->flow[from];
    for (uint32_t i = 0; i < f->segment_count; i++)
        delay(&f->segments[(f->segment_first + i) % SEGMENTS_MAX].at_ns, now_ns, arrives_ns);
    if (f->last_ns > now_ns)
        delay(&f->last_ns, now_ns, arrives_ns);
    delay(&f->fin_ns, now_ns, arrives_ns);
    delay(&l->side[1 - from].open_ns, now_ns, arrives_ns);
    if (l->side[1 - from].reset)
        delay(&l->side[1 - from].fail_ns, now_ns, arrives_ns);
    if (from == 0)
        delay(&l->syn_ns, now_ns, arrives_ns);
    link_changed(l);
}

void sim_stall(struct sim_world *w, struct plat *from, struct plat *to, int64_t until_ns)
{
    for (uint32_t a = 0; a < w->machine_count; a++)
        for (uint32_t b = 0; b < w->machine_count; b++)
            if ((!from || from->number == a) && (!to || to->number == b) && a != b)
                w->blocked_ns[a][b] = until_ns;
    for (uint32_t i = 0; i < w->link_count; i++) {
        struct link *l = w->links[i];
        for (uint32_t s = 0; s < 2 && l->used; s++)
            if ((!from || l->side[s].machine == from) && (!to || l->side[1 - s].machine == to))
                link_hold(l, s, until_ns);
    }
}

void sim_partition(struct sim_world *w, struct plat *a, struct plat *b, int64_t until_ns)
{
    sim_stall(w, a, b, until_ns);
    sim_stall(w, b, a, until_ns);
}

void sim_heal(struct sim_world *w)
{
    memset(w->blocked_ns, 0, sizeof(w->blocked_ns));
}

/* The bytes that have not arrived never will. */
static void link_cut(struct link *l)
{
    for (uint32_t s = 0; s < 2; s++) {
        l->flow[s].segment_count = 0;
        l->flow[s].fin_ns = SIM_NEVER;
    }
    link_changed(l);
}

uint32_t sim_reset_connections(struct plat *p)
{
    struct sim_world *w = p->world;
    uint32_t count = 0;
    for (uint32_t i = 0; i < w->link_count; i++) {
        struct link *l = w->links[i];
        if (!l->used || (l->side[0].machine != p && l->side[1].machine != p))
            continue;
        link_cut(l);
        for (uint32_t s = 0; s < 2; s++)
            if (!l->side[s].closed)
                link_fail(l, s, link_arrival(l, 1 - s, w->now_ns), true, "connection reset");
        count++;
    }
    return count;
}

static void side_dies(struct link *l, uint32_t side, enum sim_death how)
{
    struct sim_world *w = l->side[0].machine->world;
    struct side *s = &l->side[side];
    if (s->closed)
        return;
    s->closed = true;
    s->conn = -1;
    if (side == 0)
        link_give_up(l);
    s->dark = how == SIM_POWER_CUT;
    if (s->dark) {
        l->flow[side].segment_count = 0; /* what is on its way goes under with it */
        link_changed(l);
    } else if (sim_chance(w, 500)) {
        flow_finish(l, side);
    } else {
        link_fail(l, 1 - side, link_arrival(l, side, w->now_ns), true, "connection reset");
    }
    link_release(l);
}

void net_machine_dies(struct plat *p, enum sim_death how)
{
    struct sim_world *w = p->world;
    for (uint32_t i = 0; i < w->link_count; i++)
        for (uint32_t s = 0; s < 2; s++)
            if (w->links[i]->used && w->links[i]->side[s].machine == p)
                side_dies(w->links[i], s, how);
    for (uint32_t i = 0; i < p->slot_end; i++) {
        free(p->slots[i].mailbox);
        p->slots[i] = (struct slot){.kind = SLOT_FREE};
    }
    p->slot_end = 0;
    w->event_known = false;
}

/* A peer that goes on sending to a connection from before the power cut hears that it is gone. */
void net_machine_returns(struct plat *p)
{
    struct sim_world *w = p->world;
    for (uint32_t i = 0; i < w->link_count; i++) {
        struct link *l = w->links[i];
        for (uint32_t s = 0; s < 2 && l->used; s++) {
            if (l->side[s].machine != p || !l->side[s].dark)
                continue;
            l->side[s].dark = false;
            const struct flow *f = &l->flow[1 - s];
            int64_t resent_ns = w->now_ns + (int64_t)sim_below(w, 30) * NS_PER_S;
            if (f->sent > f->read)
                link_fail(l, 1 - s, link_arrival(l, s, resent_ns), true,
                          "connection reset: the peer was restarted");
        }
    }
}

void net_free(struct sim_world *w)
{
    for (uint32_t i = 0; i < w->link_count; i++) {
        free(w->links[i]->flow[0].bytes);
        free(w->links[i]->flow[1].bytes);
        free(w->links[i]);
    }
}
