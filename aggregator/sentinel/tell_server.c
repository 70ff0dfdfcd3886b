/* SPDX-License-Identifier: MIT */
/* See tell.h: servers at Vultr, with an agent or without one. */
#include <string.h>

#include "aggregator/sentinel/tell.h"

#define GONE "vanished"
#define TAG "source=vultr"
#define GONE_MS INT64_C(86400000)
#define GB UINT64_C(1000000000)

static bool has_agent(const struct instance *in)
{
    return in->agent_version[0] != '\0';
}

/* An agent that was given another id is known by its address, when only one has that. */
static int find_by_address(struct store *s, const char *address)
{
    size_t length = strlen(address);
    int found = ERR_MISSING;
    for (uint32_t i = 0; length > 0 && i < store_instance_count(s); i++) {
        const struct instance *in = store_instance(s, i);
        bool is_it = has_agent(in) && in->deleted_ms == 0 && text_starts(in->address, address) &&
                     in->address[length] == ':';
        if (is_it && found >= 0)
            return ERR_MISSING;
        found = is_it ? (int)i : found;
    }
    return found;
}

/* Of servers without an agent: what it would have told. */
static bool take_facts(struct instance *in, const struct vultr_server *v, int64_t interval_ms)
{
    struct instance before = *in;
    const char *name = v->label[0] != '\0' ? v->label : v->hostname[0] != '\0' ? v->hostname : v->id;
    (void)text_copy(in->id, sizeof in->id, v->id);
    (void)text_copy(in->name, sizeof in->name, name);
    (void)text_copy(in->type, sizeof in->type, "vultr-compute");
    (void)text_copy(in->provider, sizeof in->provider, "vultr");
    (void)text_copy(in->region, sizeof in->region, v->region[0] != '\0' ? v->region : "unknown");
    (void)text_copy(in->os, sizeof in->os, v->os);
    in->cpu_count = v->cores;
    in->memory_bytes = (uint64_t)v->memory_mib << 20;
    in->interval_ms = (uint32_t)interval_ms;
    return !text_equal(in->name, before.name) || !text_equal(in->region, before.region) ||
           !text_equal(in->os, before.os) || in->cpu_count != before.cpu_count ||
           in->memory_bytes != before.memory_bytes || !text_equal(in->type, before.type);
}

static void put_json(struct text *t, const char *key, const char *value)
{
    if (value[0] == '\0')
        return;
    text_printf(t, "%s\"%s\":\"", t->length > 1 ? "," : "", key);
    for (; *value != '\0'; value++) /* printable already */
        text_printf(t, *value == '"' || *value == '\\' ? "\\%c" : "%c", *value);
    text_put_char(t, '"');
}

/* As existing clients read it. */
static bool tell_metadata(struct store *s, uint32_t instance, const struct vultr_server *v)
{
    struct told told = {.endpoint = ""};
    struct text t;
    text_init(&t, told.metadata, sizeof told.metadata);
    text_put_char(&t, '{');
    put_json(&t, "source", "vultr-api");
    put_json(&t, "ipAddress", v->address);
    put_json(&t, "ipv6Address", v->address_v6);
    put_json(&t, "os", v->os);
    put_json(&t, "plan", v->plan);
    put_json(&t, "hostname", v->hostname);
    put_json(&t, "vultrStatus", v->status);
    put_json(&t, "powerStatus", v->power);
    put_json(&t, "serverStatus", v->state);
    text_printf(&t, ",\"allowedBandwidthGb\":%u}", v->allowance_gb);
    return store_told_put(s, instance, &told) == ERR_OK;
}

static int find_or_make(struct store *s, const struct vultr_server *v, int64_t interval_ms)
{
    int index = store_instance_find(s, v->id);
    struct instance in = {.interval_ms = 0};
    if (index < 0)
        index = find_by_address(s, v->address);
    if (index >= 0)
        return index;
    (void)take_facts(&in, v, interval_ms);
    index = store_instance_put(s, &in);
    if (index >= 0)
        store_told_source(s, (uint32_t)index, INSTANCE_FROM_SENTINEL);
    return index;
}

int tell_server(struct store *s, struct server *server, int64_t interval_ms, int64_t now_ms)
{
    int index = find_or_make(s, &server->facts, interval_ms);
    if (index < 0)
        return index;
    struct instance in = *store_instance(s, (uint32_t)index);
    server->has_agent = has_agent(&in) && in.deleted_ms == 0;
    if (in.source != INSTANCE_FROM_SENTINEL)
        return in.deleted_ms == 0 ? index : ERR_DENIED;
    if (has_agent(&in)) { /* it has come since */
        store_told_source(s, (uint32_t)index, INSTANCE_FROM_AGENT);
        return index;
    }
    if (in.deleted_ms != 0 && !text_equal(in.told_status, GONE))
        return ERR_DENIED; /* by a person, who knows that it is there */
    bool is_changed = take_facts(&in, &server->facts, interval_ms);
    if (is_changed)
        (void)store_instance_put(s, &in);
    if (in.deleted_ms != 0)
        store_told_source(s, (uint32_t)index, INSTANCE_FROM_SENTINEL);
    server->is_told = server->is_told && !is_changed;
    if (!server->is_told)
        server->is_told = tell_metadata(s, (uint32_t)index, &server->facts);
    store_told_status(s, (uint32_t)index, health_names[vultr_health(&server->facts)], now_ms);
    return index;
}

/* The agent's own figure is finer. */
static bool agent_tells_usage(const struct store *s, uint32_t instance)
{
    for (uint32_t i = 0; i < store_series_count(s, instance); i++) {
        const struct store_series *series = store_series(s, instance, i);
        if (text_equal(store_metric(s, series->metric_index)->name, "transfer_usage_percent") &&
            store_series_is_live(s, instance, i))
            return true;
    }
    return false;
}

static void say_why(struct store *s, uint32_t instance, const struct vultr_server *v)
{
    char words[96];
    struct text t;
    text_init(&t, words, sizeof words);
    if (vultr_health(v) != HEALTHY)
        text_printf(&t, "status %s, power %s, server %s", v->status, v->power, v->state);
    tell_why(s, instance, TAG, words);
}

int tell_server_values(struct store *s, const struct server *server, bool has_bandwidth, struct wall now)
{
    uint32_t instance = (uint32_t)server->instance;
    struct tell_values v = {.count = 0};
    uint64_t allowance = server->facts.allowance_gb * GB, used = server->bandwidth.outgoing_bytes;
    tell_add(&v, "server_status", "count", 1, vultr_health(&server->facts));
    if (has_bandwidth) {
        tell_add(&v, "transfer_used_bytes", "bytes", 1, (int64_t)used);
        tell_add(&v, "transfer_received_bytes", "bytes", 1, (int64_t)server->bandwidth.incoming_bytes);
    }
    if (has_bandwidth && allowance > 0) {
        tell_add(&v, "transfer_allowance_bytes", "bytes", 1, (int64_t)allowance);
        if (!agent_tells_usage(s, instance) && used < INT64_MAX / 10000)
            tell_add(&v, "transfer_usage_percent", "percent", 100, (int64_t)(used * 10000 / allowance));
    }
    say_why(s, instance, &server->facts);
    return tell_values(s, instance, TAG, &v, wall_ms(now), now);
}

void tell_server_gone(struct store *s, uint32_t instance, int64_t now_ms)
{
    const struct instance *in = store_instance(s, instance);
    if (in->source != INSTANCE_FROM_SENTINEL || has_agent(in) || in->deleted_ms != 0)
        return;
    if (!text_equal(in->told_status, GONE))
        store_told_status(s, instance, GONE, now_ms);
    else if (now_ms - in->told_check_ms > GONE_MS)
        store_instance_remove(s, instance);
}
