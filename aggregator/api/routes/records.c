/* SPDX-License-Identifier: MIT */
/* Alerts and insights in the shapes that clients read, for every route and for live updates. */
#include <string.h>

#include "aggregator/api/routes/handlers.h"
#include "aggregator/rules/rule.h"

void alert_write(struct json *j, const char *key, const struct alert *a)
{
    json_open_object(j, key);
    json_text(j, "id", a->id);
    json_text(j, "instanceId", a->instance);
    json_text(j, "alertType", a->type);
    json_text(j, "severity", alert_severity_names[a->severity]);
    json_text(j, "message", a->message);
    json_text(j, "status", alert_status_names[a->status]);
    json_iso_ms(j, "createdAt", a->created_ms);
    json_iso_ms(j, "updatedAt", a->updated_ms);
    if (a->resolved_ms != 0)
        json_iso_ms(j, "resolvedAt", a->resolved_ms);
    json_u64(j, "occurrences", a->occurrences);
    if (a->metric[0] != 0)
        json_text(j, "metricName", a->metric);
    if (a->rule[0] != 0) {
        char name[ALERT_RULE_SIZE];
        rule_name_of(a->rule, name);
        json_text(j, "rule", name);
    }
    if (a->tag[0] != 0)
        json_text(j, "tag", a->tag);
    json_close_object(j);
}

void insight_write(struct json *j, const char *key, const struct insight *in)
{
    json_open_object(j, key);
    json_text(j, "id", in->id);
    json_text(j, "type", insight_type_names[in->type]);
    json_text(j, "severity", insight_severity_names[in->severity]);
    json_text(j, "title", in->title);
    json_text(j, "description", in->description);
    json_open_array(j, "affectedInstances");
    for (uint32_t i = 0; i < in->instance_count; i++)
        json_text(j, NULL, in->instances[i]);
    json_close_array(j);
    json_open_array(j, "metricsAnalyzed");
    for (uint32_t i = 0; i < in->metric_count; i++)
        json_text(j, NULL, in->metrics[i]);
    json_close_array(j);
    json_scaled(j, "confidenceScore", in->confidence_permille, 1000);
    json_text(j, "recommendations", in->recommendations);
    json_iso_ms(j, "createdAt", in->created_ms);
    json_iso_ms(j, "expiresAt", in->expires_ms);
    json_raw(j, "metadata", in->metadata[0] != 0 ? in->metadata : "{}");
    json_close_object(j);
}
