/* SPDX-License-Identifier: MIT */
/* See judge.h. */
#include "aggregator/sentinel/judge.h"

#include <string.h>

#include "platform/base/utf8.h"

const char *const health_names[HEALTH_UNKNOWN + 1] = {
    [HEALTHY] = "healthy", [DEGRADED] = "degraded", [UNHEALTHY] = "unhealthy", [HEALTH_UNKNOWN] = "unknown"};

bool judge_is_redirect(const struct check *c, const struct plat_answer *a)
{
    bool is_moved = a->status == 301 || a->status == 302 || a->status == 303 || a->status == 307 ||
                    a->status == 308;
    return check_kind(c) == CHECK_HTTP && is_moved && a->status != c->status;
}

/* Whether the text is in the answer, which may have any bytes in it. */
static bool has_text(const struct plat_answer *a, const char *text)
{
    size_t length = strlen(text);
    const char *at = a->body, *end = a->body + a->body_size;
    while ((size_t)(end - at) >= length) {
        const char *first = memchr(at, text[0], (size_t)(end - at) - length + 1);
        if (first == NULL)
            return false;
        if (memcmp(first, text, length) == 0)
            return true;
        at = first + 1;
    }
    return false;
}

static bool is_expected(const struct check *c, uint32_t status)
{
    return c->status != 0 ? status == c->status : status >= 200 && status < 300;
}

static void judge_time(const struct check *c, struct finding *f, struct text *words)
{
    int64_t ms = f->times.over_us / 1000;
    if (ms < c->degraded_ms)
        return;
    f->health = ms > c->unhealthy_ms ? UNHEALTHY : DEGRADED;
    text_printf(words, "High latency: %lldms", (long long)ms);
}

void judge_look(const struct check *c, const struct plat_answer *a, uint64_t earlier_us,
                struct finding *out)
{
    struct text words;
    uint64_t over_us = a->times.over_us + earlier_us;
    bool is_http = check_kind(c) == CHECK_HTTP;
    *out = (struct finding){.health = HEALTHY, .has_answer = a->status != 0, .times = a->times,
                            .certificate_ends_ms = a->certificate_ends_ms,
                            .http_status = is_http ? a->status : 0};
    out->times.over_us = over_us < UINT32_MAX ? (uint32_t)over_us : UINT32_MAX;
    utf8_copy_clean(out->certificate_issuer, sizeof out->certificate_issuer, a->certificate_issuer);
    text_init(&words, out->words, sizeof out->words);
    if (a->status == 0) {
        text_put(&words, a->why);
    } else if (is_http && !is_expected(c, a->status)) {
        text_printf(&words, "HTTP %u", a->status);
        if (c->status != 0)
            text_printf(&words, ", %u is expected", c->status);
    } else if (c->contains[0] != '\0' && !has_text(a, c->contains)) {
        text_printf(&words, "the answer%s does not have \"%s\" in it",
                    a->truncated ? ", as far as it was read," : "", c->contains);
    } else {
        judge_time(c, out, &words);
        return;
    }
    out->health = UNHEALTHY;
}

void judge_failed(struct finding *out, const char *words)
{
    *out = (struct finding){.health = UNHEALTHY};
    (void)text_copy(out->words, sizeof out->words, words);
}
