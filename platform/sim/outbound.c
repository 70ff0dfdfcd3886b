/* SPDX-License-Identifier: MIT */
/* Requests to services elsewhere, in the simulation: each goes to the service that the test has put into the
 * world, and suffers the weather that it has set. */
#include <stdlib.h>
#include <string.h>

#include "platform/base/text.h"
#include "platform/sim/world.h"

static char *copy_of(const void *bytes, size_t size)
{
    char *to = calloc(1, size + 1);
    ASSERT(to != NULL);
    memcpy(to, bytes, size);
    return to;
}

void sim_service(struct sim_world *w, const struct sim_outbound *weather,
                 void (*service)(void *ctx, const struct sim_call *call, struct sim_reply *reply), void *ctx)
{
    w->outbound = *weather;
    w->service = service;
    w->service_ctx = ctx;
}

struct sim_outbound *sim_outbound(struct sim_world *w)
{
    return &w->outbound;
}

static int64_t some_latency(struct sim_world *w)
{
    const struct sim_outbound *o = &w->outbound;
    return o->latency_min_ns + (int64_t)sim_below(w, (uint64_t)(o->latency_max_ns - o->latency_min_ns) + 1);
}

static bool is_url(const char *url)
{
    static const char *const schemes[] = {"http://", "https://", "smtp://", "smtps://",
                                          "tcp://",  "tls://",   "dns://"};
    for (uint32_t i = 0; i < COUNT_OF(schemes); i++)
        if (text_starts(url, schemes[i]) && url[strlen(schemes[i])] != '\0')
            return true;
    return false;
}

int plat_request_start(struct plat *p, const struct plat_request *r)
{
    struct sim_world *w = p->world;
    uint32_t i = 0;
    if (!is_url(r->url))
        return ERR_MALFORMED;
    while (i < REQUESTS_MAX && p->requests[i].is_used)
        i++;
    if (i == REQUESTS_MAX)
        return ERR_FULL;
    struct outgoing *g = &p->requests[i];
    *g = (struct outgoing){.is_used = true, .incarnation = p->incarnation};
    g->brought = r->answer != NULL ? r->answer : g->own;
    g->brought_size = r->answer != NULL ? r->answer_size : sizeof g->own;
    g->answer.body = g->brought;
    g->started_ns = w->now_ns;
    g->fails_at_ns = w->now_ns + (int64_t)r->timeout_ms * NS_PER_MS;
    g->arrives_at_ns = g->answered_at_ns = SIM_NEVER;
    w->event_known = false;
    if (!effect_allowed(p)) { /* a dead program's request goes nowhere, and its memory may be gone soon */
        g->fails_at_ns = SIM_NEVER;
        return (int)i;
    }
    g->method = copy_of(r->method, strlen(r->method));
    g->url = copy_of(r->url, strlen(r->url));
    g->headers = copy_of(r->headers, strlen(r->headers));
    g->body = copy_of(r->body, r->body_size);
    g->body_size = r->body_size;
    trace_bytes(w, g->body, g->body_size);
    if (w->service == NULL || sim_chance(w, w->outbound.refused_permille)) {
        g->fails_at_ns = w->now_ns + some_latency(w);
        (void)text_copy(g->answer.why, sizeof g->answer.why, "cannot connect: nobody listens there");
        return (int)i;
    }
    g->arrives_at_ns = w->now_ns + some_latency(w);
    return (int)i;
}

static void release(struct outgoing *g)
{
    free(g->method);
    free(g->url);
    free(g->headers);
    free(g->body);
    free(g->reply);
    g->method = g->url = g->headers = g->body = g->reply = NULL;
}

static void arrive(struct sim_world *w, struct outgoing *g)
{
    const struct sim_outbound *o = &w->outbound;
    struct sim_reply reply = {.status = 200, .retry_after = "", .date = "", .location = "", .body = ""};
    const struct sim_call call = {.method = g->method,
                                  .url = g->url,
                                  .headers = g->headers,
                                  .body = g->body,
                                  .body_size = g->body_size,
                                  .now_ns = w->now_ns};
    g->arrives_at_ns = SIM_NEVER;
    g->answer.may_have_arrived = true;
    if (sim_chance(w, o->lost_permille)) { /* on its way there; the sender cannot know */
        (void)text_copy(g->answer.why, sizeof g->answer.why, "no answer in time");
        return;
    }
    w->service(w->service_ctx, &call, &reply);
    if (sim_chance(w, o->answer_lost_permille)) {
        (void)text_copy(g->answer.why, sizeof g->answer.why, "no answer in time");
        return;
    }
    if (sim_chance(w, o->reset_permille)) {
        (void)text_copy(g->answer.why, sizeof g->answer.why, "the connection broke");
        g->fails_at_ns = w->now_ns + some_latency(w);
        return;
    }
    g->reply_status = reply.status;
    (void)text_copy(g->answer.retry_after, sizeof g->answer.retry_after, reply.retry_after);
    (void)text_copy(g->answer.date, sizeof g->answer.date, reply.date);
    (void)text_copy(g->answer.location, sizeof g->answer.location, reply.location);
    g->answer.certificate_ends_ms = reply.certificate_ends_ms;
    g->reply = copy_of(reply.body, strlen(reply.body));
    g->answered_at_ns = w->now_ns + some_latency(w);
}

static void settle(struct sim_world *w, struct outgoing *g)
{
    if (!g->is_used || g->is_over)
        return;
    w->event_known = false;
    if (w->now_ns >= g->arrives_at_ns)
        arrive(w, g);
    if (w->now_ns >= g->answered_at_ns && g->answered_at_ns <= g->fails_at_ns) {
        g->answer.status = g->reply_status;
        g->answer.may_have_arrived = false;
        g->is_over = true;
    } else if (w->now_ns >= g->fails_at_ns) {
        if (g->answer.why[0] == '\0')
            (void)text_copy(g->answer.why, sizeof g->answer.why, "no answer in time");
        g->is_over = true;
    }
    if (!g->is_over)
        return;
    g->answer.times.over_us = (uint32_t)((w->now_ns - g->started_ns) / 1000);
    g->answer.times.found_us = g->answer.status != 0 ? 1 : 0;
    bool has_body = g->answer.status != 0 && g->reply != NULL;
    g->answer.truncated = !text_copy(g->brought, g->brought_size, has_body ? g->reply : "");
    g->answer.body_size = (uint32_t)strlen(g->brought);
    release(g);
}

void outbound_settle(struct sim_world *w)
{
    for (uint32_t m = 0; m < w->machine_count; m++)
        for (uint32_t i = 0; i < REQUESTS_MAX; i++)
            settle(w, &w->machines[m]->requests[i]);
}

int64_t outbound_next_event(struct sim_world *w)
{
    int64_t next = SIM_NEVER;
    for (uint32_t m = 0; m < w->machine_count; m++) {
        for (uint32_t i = 0; i < REQUESTS_MAX; i++) {
            const struct outgoing *g = &w->machines[m]->requests[i];
            if (!g->is_used || g->is_over)
                continue;
            next = g->arrives_at_ns < next ? g->arrives_at_ns : next;
            next = g->answered_at_ns < next ? g->answered_at_ns : next;
            next = g->fails_at_ns < next ? g->fails_at_ns : next;
        }
    }
    return next;
}

bool outbound_ready(const struct plat *p)
{
    for (uint32_t i = 0; i < REQUESTS_MAX; i++)
        if (p->requests[i].is_used && p->requests[i].is_over)
            return true;
    return false;
}

/* What is on its way arrives, or not; nobody will hear. */
void outbound_machine_dies(struct plat *p)
{
    for (uint32_t i = 0; i < REQUESTS_MAX; i++) {
        struct outgoing *g = &p->requests[i];
        if (g->is_used && !g->is_over && g->arrives_at_ns != SIM_NEVER && sim_chance(p->world, 500))
            arrive(p->world, g);
        if (g->is_used)
            release(g);
        g->arrives_at_ns = g->answered_at_ns = g->fails_at_ns =
            SIM_NEVER; /* it may still ask, and hears nothing */
    }
}

void outbound_machine_returns(struct plat *p)
{
    memset(p->requests, 0, sizeof p->requests);
}

const struct plat_answer *plat_request_answer(struct plat *p, int request)
{
    const struct outgoing *g = &p->requests[request];
    ASSERT(g->is_used);
    return g->is_over ? &g->answer : NULL;
}

void plat_request_end(struct plat *p, int request)
{
    ASSERT(p->requests[request].is_used && p->requests[request].is_over);
    release(&p->requests[request]);
    p->requests[request].is_used = false;
}
