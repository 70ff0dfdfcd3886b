/* SPDX-License-Identifier: MIT */
/* What has begun to hold and is not an alert yet survives a restart: a line each, in a document of the store.
 *
 *     INSTANCE tab RULE tab TAG tab since-warning tab since-critical tab newest */
#include <string.h>

#include "aggregator/analysis/watch_state.h"

#define DOCUMENT "incidents"

static void put_line(struct watch_room *w, uint32_t instance, const struct watch *x, struct text *out)
{
    const struct threshold *a = &x->e.warning, *c = &x->e.critical;
    uint32_t length = out->length;
    char key[ALERT_RULE_SIZE];
    watch_rule_key(w, instance, x, key);
    text_printf(out, "\n%s\t%s\t%s\t%lld\t%lld\t%lld", store_instance(w->store, instance)->id, key,
                watch_tag(w, instance, x), (long long)(a->is_held ? a->held_since_ms : 0),
                (long long)(c->is_held ? c->held_since_ms : 0), (long long)x->e.last_ms);
    if (!out->truncated)
        return;
    out->length = length; /* no half lines */
    out->at[length] = '\0';
}

void watch_keep(struct watch_room *w)
{
    struct text out;
    uint32_t length, count = store_instance_count(w->store);
    text_init(&out, w->text, sizeof w->text);
    for (uint32_t i = 0; i < count && !out.truncated; i++)
        for (uint32_t k = 0; k < w->hosts[i].count && !out.truncated; k++) {
            const struct watch *x = &w->hosts[i].watches[k];
            bool is_held = x->e.warning.is_held || x->e.critical.is_held;
            bool is_of_facts = x->binding.series[0] == SERIES_NONE && x->binding.series[1] == SERIES_NONE;
            if (is_held && !x->is_told && !is_of_facts)
                put_line(w, i, x, &out);
        }
    if (out.length > 0)
        text_put_char(&out, '\n');
    const char *was = store_document(w->store, DOCUMENT, &length, NULL);
    if (length == out.length && memcmp(was, w->text, length) == 0)
        return;
    if (store_document_put(w->store, DOCUMENT, w->text, out.length) == ERR_OK)
        w->stats.kept++;
}

const char *watch_kept(const struct watch_room *w, const char *instance)
{
    char line[INSTANCE_ID_SIZE + 4];
    struct text t;
    uint32_t length;
    const char *kept = store_document(w->store, DOCUMENT, &length, NULL);
    text_init(&t, line, sizeof line);
    text_printf(&t, "\n%s\t", instance);
    return length == 0 ? NULL : strstr(kept, line);
}

static bool take_time(const char **at, int64_t *out)
{
    uint64_t n;
    if (*(*at)++ != '\t' || !text_take_u64(at, *at + strlen(*at), &n) || n > INT64_MAX)
        return false;
    *out = (int64_t)n;
    return true;
}

static void resume(struct threshold *t, int64_t since_ms, int64_t last_ms)
{
    if (since_ms != 0)
        *t = (struct threshold){.is_held = true, .held_since_ms = since_ms, .last_ms = last_ms};
}

void watch_resume_kept(const struct watch_room *w, uint32_t instance, struct watch *x, const char *kept)
{
    char line[INSTANCE_ID_SIZE + ALERT_RULE_SIZE + TAG_SIZE + 8], key[ALERT_RULE_SIZE];
    struct text t;
    int64_t warning_ms, critical_ms, last_ms;
    watch_rule_key(w, instance, x, key);
    text_init(&t, line, sizeof line);
    text_printf(&t, "\n%s\t%s\t%s", store_instance(w->store, instance)->id, key, watch_tag(w, instance, x));
    const char *at = strstr(kept, line);
    if (at == NULL)
        return;
    at += t.length;
    if (!take_time(&at, &warning_ms) || !take_time(&at, &critical_ms) || !take_time(&at, &last_ms))
        return;
    resume(&x->e.warning, warning_ms, last_ms);
    resume(&x->e.critical, critical_ms, last_ms);
}
