/* SPDX-License-Identifier: MIT */
/* See tell.h: samples, and instances of checks. */
#include "aggregator/sentinel/tell.h"

#include <string.h>

#define PER_MS 1000U /* scale of times in milliseconds */
#define INTERVAL_MS_MOST 3600000

void tell_add(struct tell_values *v, const char *metric, const char *unit, uint32_t scale, int64_t value)
{
    ASSERT(v->count < TELL_VALUES_MAX);
    v->values[v->count++] = (struct tell_value){metric, unit, scale, value};
}

/* Ascending by series, as the store wants it; there are few. */
static void put_in_order(struct store_push_value *values, uint32_t count, struct store_push_value value)
{
    uint32_t at = count;
    for (; at > 0 && values[at - 1].series > value.series; at--)
        values[at] = values[at - 1];
    values[at] = value;
}

int tell_values(struct store *s, uint32_t instance, const char *tag, const struct tell_values *v,
                int64_t time_ms, struct wall now)
{
    struct store_push_value values[TELL_VALUES_MAX];
    uint32_t count = 0;
    for (uint32_t i = 0; i < v->count; i++) {
        const struct tell_value *t = &v->values[i];
        const struct store_series_facts facts = {.metric = t->metric, .tag = tag, .unit = t->unit,
                                                 .scale = t->scale, .kind = METRIC_GAUGE};
        int series = store_series_put(s, instance, &facts);
        if (series < 0 || store_series_is_live(s, instance, (uint32_t)series))
            continue;
        put_in_order(values, count++, (struct store_push_value){.time_ms = time_ms, .value = t->value,
                                                                .series = (uint16_t)series});
    }
    int n = count > 0 ? store_push(s, instance, values, count, now) : 0;
    return n == ERR_MALFORMED ? ERR_OK : n < 0 ? n : ERR_OK; /* malformed: a clock before 1970 */
}

/* --- checks --- */

static void own_id(const char *check, char id[static INSTANCE_ID_SIZE])
{
    struct text t;
    text_init(&t, id, INSTANCE_ID_SIZE);
    text_printf(&t, CHECK_INSTANCE_PREFIX "%s", check);
}

static bool is_ours(const struct instance *in)
{
    return in->source == INSTANCE_FROM_SENTINEL && in->agent_version[0] == '\0';
}

void tell_check_gone(struct store *s, const char *name)
{
    char id[INSTANCE_ID_SIZE];
    own_id(name, id);
    int index = store_instance_find(s, id);
    if (index >= 0 && is_ours(store_instance(s, (uint32_t)index)))
        store_instance_remove(s, (uint32_t)index);
}

void tell_orphans_gone(struct store *s, const struct check_set *set)
{
    for (uint32_t i = 0; i < store_instance_count(s); i++) {
        const struct instance *in = store_instance(s, i);
        bool is_own = is_ours(in) && text_starts(in->id, CHECK_INSTANCE_PREFIX);
        if (is_own && checks_find(set, in->id + strlen(CHECK_INSTANCE_PREFIX)) < 0)
            store_instance_remove(s, i);
    }
}

/* The instance that the check has for itself. */
static int own_instance(struct store *s, const struct check *c)
{
    char id[INSTANCE_ID_SIZE];
    own_id(c->name, id);
    int index = store_instance_find(s, id);
    bool is_there = index >= 0 && store_instance(s, (uint32_t)index)->deleted_ms == 0;
    if (is_there)
        return index;
    struct instance in = {.interval_ms = (uint32_t)(c->interval_ms < INTERVAL_MS_MOST ? c->interval_ms
                                                                                       : INTERVAL_MS_MOST)};
    (void)text_copy(in.id, sizeof in.id, id);
    (void)text_copy(in.name, sizeof in.name, c->name);
    (void)text_copy(in.type, sizeof in.type, check_kind(c) == CHECK_HTTP ? "web-service" : "other");
    (void)text_copy(in.region, sizeof in.region, "unknown");
    (void)text_copy(in.provider, sizeof in.provider, "other");
    index = store_instance_put(s, &in);
    if (index < 0)
        return ERR_MISSING;
    store_told_source(s, (uint32_t)index, INSTANCE_FROM_SENTINEL);
    return index;
}

static int instance_of(struct store *s, const struct check *c)
{
    int index = c->instance[0] != '\0' ? store_instance_find(s, c->instance) : ERR_MISSING;
    if (index < 0 || store_instance(s, (uint32_t)index)->deleted_ms != 0)
        return own_instance(s, c);
    tell_check_gone(s, c->name); /* the host has come since */
    return index;
}

static void add_times(struct tell_values *v, const struct finding *f)
{
    const struct plat_times *t = &f->times;
    if (f->has_answer)
        tell_add(v, "response_time_ms", "milliseconds", PER_MS, t->over_us);
    if (t->found_us > 0)
        tell_add(v, "dns_time_ms", "milliseconds", PER_MS, t->found_us);
    if (t->connected_us > 0)
        tell_add(v, "connect_time_ms", "milliseconds", PER_MS, (int64_t)t->connected_us - t->found_us);
    if (t->secured_us > t->connected_us)
        tell_add(v, "tls_time_ms", "milliseconds", PER_MS, (int64_t)t->secured_us - t->connected_us);
    if (t->first_byte_us > 0)
        tell_add(v, "first_byte_ms", "milliseconds", PER_MS, t->first_byte_us);
}

void tell_why(struct store *s, uint32_t instance, const char *tag, const char *words)
{
    struct instance *in = store_instance(s, instance);
    struct text t;
    if (words[0] == '\0' && !text_starts(in->why, tag))
        return; /* it is another one's */
    text_init(&t, in->why, sizeof in->why);
    if (words[0] != '\0')
        text_printf(&t, "%s: %s", tag, words);
}

int tell_finding(struct store *s, const struct check *c, struct check_state *state, struct wall now)
{
    const struct finding *f = &state->finding;
    struct tell_values v = {.count = 0};
    char tag[TAG_SIZE];
    struct text t;
    int index = instance_of(s, c);
    if (index < 0)
        return index;
    text_init(&t, tag, sizeof tag);
    text_printf(&t, "check=%s", c->name);
    tell_add(&v, "check_status", "count", 1, f->health);
    add_times(&v, f);
    if (f->http_status != 0)
        tell_add(&v, "http_status", "count", 1, f->http_status);
    if (f->certificate_ends_ms != 0)
        tell_add(&v, "certificate_days_left", "days", 100,
                 (f->certificate_ends_ms - state->checked_ms) / (INT64_C(864) * 1000));
    tell_why(s, (uint32_t)index, tag, f->words);
    int err = tell_values(s, (uint32_t)index, tag, &v, state->checked_ms, now);
    if (err < 0)
        return err;
    (void)text_copy(state->instance, sizeof state->instance, store_instance(s, (uint32_t)index)->id);
    if (!is_ours(store_instance(s, (uint32_t)index)))
        return index;
    store_told_status(s, (uint32_t)index, health_names[f->health], state->checked_ms);
    if (!state->is_told) {
        struct told told = {.metadata = "{\"source\":\"sentinel\"}"};
        (void)text_copy(told.endpoint, sizeof told.endpoint, c->url);
        state->is_told = store_told_put(s, (uint32_t)index, &told) == ERR_OK;
    }
    return index;
}
