/* SPDX-License-Identifier: MIT */
/* See probe.h. */
#include "aggregator/sentinel/probe.h"

#include <string.h>

#include "aggregator/sentinel/address.h"

/* While all requests of the platform are taken. */
#define AGAIN_MS 20

void probe_start(struct probe *b, const struct check *c, struct mono now)
{
    b->state = PROBE_ASKING;
    b->check = *c;
    b->request = -1;
    b->redirects = 0;
    b->earlier_us = 0;
    b->at = 0;
    b->deadline = mono_after_ms(now, c->timeout_ms);
    (void)text_copy(b->url[0], sizeof b->url[0], c->url);
}

static void fail(struct probe *b, const char *words)
{
    judge_failed(&b->finding, words);
    b->state = PROBE_DONE;
}

static void ask(struct probe *b, struct plat *p, struct mono now)
{
    int64_t left_ms = (b->deadline.ns - now.ns) / NS_PER_MS;
    const struct plat_request r = {
        .method = "GET", .url = b->url[b->at], .body = "",
        .headers = "Accept: */*\nCache-Control: no-cache\n",
        .timeout_ms = (uint32_t)(left_ms > 0 ? left_ms : 0), .ca_file = b->check.ca_file, .aws_scope = "",
        .user = "", .password = "", .mail_from = "", .mail_to = "", .answer = b->answer,
        .answer_size = sizeof b->answer, .is_look = true};
    if (left_ms <= 0) {
        fail(b, b->redirects > 0 ? "no answer in time, redirects counted" : "no answer in time");
        return;
    }
    b->request = plat_request_start(p, &r);
    if (b->request < 0 && b->request != ERR_FULL)
        fail(b, "its address is not one");
}

/* On to where the answer sends us. */
static void follow(struct probe *b, const struct plat_answer *a)
{
    if (b->redirects == CHECK_REDIRECTS_MAX) {
        fail(b, "too many redirects");
        return;
    }
    if (address_follow(b->url[b->at], a->location, b->url[1 - b->at], CHECK_URL_SIZE) < 0) {
        fail(b, "it redirects to an address that is none");
        return;
    }
    b->at = 1 - b->at;
    b->redirects++;
    b->earlier_us += a->times.over_us;
}

struct mono probe_step(struct probe *b, struct plat *p, struct mono now)
{
    if (b->state != PROBE_ASKING)
        return MONO_NEVER;
    if (b->request < 0)
        ask(b, p, now);
    if (b->state == PROBE_DONE)
        return now;
    if (b->request < 0)
        return mono_after_ms(now, AGAIN_MS);
    const struct plat_answer *a = plat_request_answer(p, b->request);
    if (a == NULL)
        return MONO_NEVER; /* plat_wait() wakes with the answer */
    if (judge_is_redirect(&b->check, a)) {
        follow(b, a);
    } else {
        judge_look(&b->check, a, b->earlier_us, &b->finding);
        b->state = PROBE_DONE;
    }
    plat_request_end(p, b->request);
    b->request = -1;
    return now;
}
