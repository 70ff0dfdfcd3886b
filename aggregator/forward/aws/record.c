/* SPDX-License-Identifier: MIT */
/* See record.h. */
#include "aggregator/forward/aws/record.h"

#include <string.h>

static void put_name(struct text *out, const char *name)
{
    text_printf(out, ",\"%s\":", name);
}

static void put_member(struct text *out, const char *name, const char *text)
{
    put_name(out, name);
    export_put_json(out, text);
}

static void put_number(struct text *out, const char *name, int64_t value)
{
    put_name(out, name);
    text_put_i64(out, value);
}

static void put_decimal(struct text *out, const char *name, int64_t value, uint32_t scale)
{
    put_name(out, name);
    export_put_value(out, value, scale);
}

/* --- metrics --- */

static bool is_application(const struct instance *i)
{
    static const char *const types[] = {"web", "api", "app", "service", "database", "cache", "queue"};
    for (uint32_t n = 0; n < COUNT_OF(types); n++)
        if (text_starts(i->type, types[n]))
            return true;
    return false;
}

enum group { GROUP_CPU, GROUP_MEMORY, GROUP_DISK, GROUP_NETWORK, GROUP_COUNT };

static enum group group_of(const char *metric)
{
    static const struct {
        const char *prefix;
        enum group group;
    } prefixes[] = {{"cpu_", GROUP_CPU},         {"load_", GROUP_CPU},   {"memory_", GROUP_MEMORY},
                    {"swap_", GROUP_MEMORY},     {"disk_", GROUP_DISK},  {"filesystem_", GROUP_DISK},
                    {"network_", GROUP_NETWORK}, {"tcp_", GROUP_NETWORK}};
    for (uint32_t i = 0; i < COUNT_OF(prefixes); i++)
        if (text_starts(metric, prefixes[i].prefix))
            return prefixes[i].group;
    return GROUP_COUNT;
}

/* "network":{"network_rx_bytes[eth0]":12} */
static void put_group(struct text *out, const struct export_batch *b, const uint16_t *list, uint32_t count,
                      enum group group)
{
    static const char *const names[GROUP_COUNT] = {"cpu", "memory", "disk", "network"};
    bool has_one = false;
    put_name(out, names[group]);
    text_put_char(out, '{');
    for (uint32_t i = 0; i < count; i++) {
        const struct export_point *p = &b->items[list[i]].point;
        char words[METRIC_SIZE + TAG_SIZE + 2];
        struct text key;
        if (group_of(p->metric) != group)
            continue;
        text_init(&key, words, sizeof words);
        text_put(&key, p->metric);
        if (p->tag[0] != '\0')
            text_printf(&key, "[%s]", p->tag);
        if (has_one)
            text_put_char(out, ',');
        has_one = true;
        export_put_json(out, words);
        text_put_char(out, ':');
        export_put_value(out, p->value, p->value_scale);
    }
    text_put_char(out, '}');
}

static void put_point(struct text *out, const struct export_point *p)
{
    text_put(out, "{\"id\":");
    export_put_json(out, p->id);
    put_member(out, "name", p->metric);
    put_name(out, "tags");
    export_put_tags(out, p);
    put_member(out, "unit", p->unit);
    put_decimal(out, "value", p->value, p->value_scale);
    put_number(out, "count", p->cell.count);
    if (p->kind == METRIC_GAUGE) {
        put_decimal(out, "min", p->cell.min, p->scale);
        put_decimal(out, "max", p->cell.max, p->scale);
    }
    text_put_char(out, '}');
}

void record_put_points(struct text *out, const struct export_batch *b, const uint16_t *list, uint32_t count)
{
    const struct export_item *first = &b->items[list[0]];
    bool is_vm = !is_application(first->instance);
    text_put(out, "{\"id\":");
    export_put_json(out, first->point.id);
    put_number(out, "timestamp", first->point.time_ms);
    put_number(out, "periodMs", first->point.span_ms);
    put_member(out, "type", is_vm ? "vm-metrics" : "webapp-metrics");
    put_member(out, "source", first->instance->name);
    put_member(out, "instanceId", first->instance->id);
    put_member(out, "region", first->instance->region);
    for (enum group g = 0; is_vm && g < GROUP_COUNT; g++)
        put_group(out, b, list, count, g);
    put_name(out, "metrics");
    for (uint32_t i = 0; i < count; i++) {
        text_put_char(out, i == 0 ? '[' : ',');
        put_point(out, &b->items[list[i]].point);
    }
    text_put(out, "]}");
}

/* --- alerts --- */

void record_put_alert(struct text *out, const struct export_item *item)
{
    const struct alert *a = item->alert;
    text_put(out, "{\"id\":");
    export_put_json(out, a->id);
    put_number(out, "timestamp", a->updated_ms);
    put_member(out, "type", "alert");
    put_member(out, "source", item->instance != NULL ? item->instance->name : a->instance);
    put_member(out, "instanceId", a->instance);
    put_member(out, "alertType", a->type);
    put_member(out, "severity", alert_severity_names[a->severity]);
    put_member(out, "message", a->message);
    put_member(out, "status", alert_status_names[a->status]);
    put_number(out, "createdAt", a->created_ms);
    put_number(out, "updatedAt", a->updated_ms);
    if (a->resolved_ms != 0)
        put_number(out, "resolvedAt", a->resolved_ms);
    text_put(out, a->deleted_ms != 0 ? ",\"deleted\":true}" : "}");
}
