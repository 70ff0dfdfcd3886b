/* SPDX-License-Identifier: MIT */
/* Bodies of the Nephos API. */
#include <string.h>

#include "aggregator/forward/gateway/gateway.h"

#define NUMBER_MAX INT64_C(9007199254740991)

bool gateway_can_tell(const struct export_point *p)
{
    int64_t whole = p->value / p->value_scale;
    return whole <= NUMBER_MAX && whole >= -NUMBER_MAX;
}

static void put_member(struct text *out, const char *name, const char *value)
{
    text_printf(out, ",\"%s\":", name);
    export_put_json(out, value);
}

static void put_time(struct text *out, const char *name, int64_t ms)
{
    if (ms <= 0)
        return;
    text_printf(out, ",\"%s\":\"", name);
    text_put_iso_ms(out, ms);
    text_put_char(out, '"');
}

static const char *or_else(const char *text, const char *other)
{
    return text[0] != '\0' ? text : other;
}

static int64_t checked_ms(const struct instance *in)
{
    return in->told_check_ms > in->last_seen_ms ? in->told_check_ms : in->last_seen_ms;
}

/* What is left out would be reset there, so everything is told each time. */
void gateway_put_batch(const struct export_view *v, const struct export_batch *b, uint32_t at,
                       struct export_request *r)
{
    const struct export_item *first = NULL;
    struct told told = {.endpoint = ""};
    struct text *out = &r->body;
    bool has_some = false;
    while (export_next(b, r, &at)) {
        const struct export_item *item = &b->items[at];
        if (first == NULL) {
            first = item;
            (void)store_told_get(v->store, item->instance_index, &told);
            text_put(out, "{\"instanceId\":");
            export_put_json(out, item->instance->id);
            put_member(out, "instanceName", or_else(item->instance->name, item->instance->id));
            put_member(out, "region", or_else(item->instance->region, "unknown"));
            put_member(out, "instanceType", or_else(item->instance->type, "vultr-compute"));
            put_member(out, "endpoint", told.endpoint);
            text_put(out, ",\"metrics\":[");
        } else if (item->instance_index != first->instance_index) {
            break;
        }
        export_take(r, at);
        if (!gateway_can_tell(&item->point))
            continue;
        text_put(out, has_some ? ",{\"name\":" : "{\"name\":");
        has_some = true;
        export_put_json(out, item->point.metric);
        text_put(out, ",\"value\":");
        export_put_value(out, item->point.value, item->point.value_scale);
        put_member(out, "unit", or_else(item->point.unit, "count"));
        put_time(out, "timestamp", item->point.time_ms);
        text_put(out, ",\"tags\":");
        export_put_tags(out, &item->point);
        text_put_char(out, '}');
    }
    ASSERT(first != NULL);
    text_put(out, "],\"health\":{\"status\":");
    export_put_json(out, store_instance_status(first->instance, v->now_ms));
    put_time(out, "lastCheck", checked_ms(first->instance));
    text_put(out, "}}");
}

void gateway_put_single(const struct export_point *p, const char *instance, struct text *out)
{
    text_put(out, "{\"instanceId\":");
    export_put_json(out, instance);
    put_member(out, "metricName", p->metric);
    text_put(out, ",\"metricValue\":");
    export_put_value(out, p->value, p->value_scale);
    put_member(out, "unit", or_else(p->unit, "count"));
    text_printf(out, ",\"timestamp\":%lld,\"tags\":", (long long)p->time_ms);
    export_put_tags(out, p);
    text_put_char(out, '}');
}

void gateway_put_instance(const struct export_item *item, bool is_whole, int64_t now_ms, struct text *out)
{
    const struct instance *in = item->instance;
    text_put(out, "{\"status\":");
    export_put_json(out, store_instance_status(in, now_ms));
    put_time(out, "lastHealthCheck", checked_ms(in));
    if (is_whole) {
        put_member(out, "name", or_else(in->name, in->id));
        put_member(out, "type", or_else(in->type, "vultr-compute"));
        put_member(out, "region", or_else(in->region, "unknown"));
        bool is_told = item->told != NULL && item->told->endpoint[0] != '\0';
        put_member(out, "endpoint", is_told ? item->told->endpoint : in->id);
        text_put(out, ",\"metadata\":{\"nephosId\":");
        export_put_json(out, in->id);
        if (in->os[0] != '\0')
            put_member(out, "os", in->os);
        if (in->provider[0] != '\0')
            put_member(out, "provider", in->provider);
        text_put_char(out, '}');
    }
    text_put_char(out, '}');
}

void gateway_put_alert(const struct alert *a, const char *instance, struct text *out)
{
    text_put(out, "{\"instanceId\":");
    export_put_json(out, instance);
    put_member(out, "alertType", a->type);
    put_member(out, "severity", alert_severity_names[a->severity]);
    put_member(out, "message", or_else(a->message, a->type));
    text_put_char(out, '}');
}

void gateway_put_alert_change(const struct alert *a, struct text *out)
{
    text_put(out, "{\"status\":");
    export_put_json(out, alert_status_names[a->status]);
    if (a->message[0] != '\0')
        put_member(out, "message", a->message);
    if (a->status == ALERT_RESOLVED)
        put_time(out, "resolvedAt", a->resolved_ms != 0 ? a->resolved_ms : a->updated_ms);
    text_put_char(out, '}');
}
