/* SPDX-License-Identifier: MIT */
/* The table, and how a path is held against a pattern. */
#include "aggregator/api/router.h"

#include <string.h>

#include "aggregator/api/query_string.h"
#include "aggregator/api/routes/handlers.h"

#define SMALL_BODY 65536U /* of one instance, metric or alert */

static const struct route routes[] = {
    /* the routes that Nephos clients have always used */
    {HTTP_GET, "/instances", handle_instances, .kind = ROUTE_DATA},
    {HTTP_POST, "/instances", handle_instance_post, .kind = ROUTE_DATA, .role = ROLE_OPERATOR,
     .body_max = SMALL_BODY},
    {HTTP_GET, "/instances/{id}", handle_instance, .kind = ROUTE_DATA},
    {HTTP_PUT, "/instances/{id}", handle_instance_put, .kind = ROUTE_DATA, .role = ROLE_OPERATOR,
     .body_max = SMALL_BODY},
    {HTTP_DELETE, "/instances/{id}", handle_instance_delete, .kind = ROUTE_DATA, .role = ROLE_ADMIN},
    {HTTP_GET, "/api/instances/{id}", handle_instance, .kind = ROUTE_DATA},
    {HTTP_GET, "/metrics", handle_metrics, .kind = ROUTE_DATA},
    {HTTP_POST, "/metrics", handle_metric_post, .kind = ROUTE_DATA, .role = ROLE_INGEST,
     .body_max = SMALL_BODY},
    {HTTP_GET, "/metrics/{id}", handle_metric, .kind = ROUTE_DATA},
    {HTTP_GET, "/alerts", handle_alerts, .kind = ROUTE_DATA},
    {HTTP_POST, "/alerts", handle_alert_post, .kind = ROUTE_DATA, .role = ROLE_OPERATOR,
     .body_max = SMALL_BODY},
    {HTTP_GET, "/alerts/{id}", handle_alert, .kind = ROUTE_DATA},
    {HTTP_PUT, "/alerts/{id}", handle_alert_put, .kind = ROUTE_DATA, .role = ROLE_OPERATOR,
     .body_max = SMALL_BODY},
    {HTTP_DELETE, "/alerts/{id}", handle_alert_delete, .kind = ROUTE_DATA, .role = ROLE_OPERATOR},
    {HTTP_GET, "/analytics", handle_analytics, .kind = ROUTE_DATA},
    {HTTP_GET, "/analytics/dashboard", handle_dashboard, .kind = ROUTE_DATA},
    {HTTP_GET, "/insights", handle_insights, .kind = ROUTE_DATA},
    {HTTP_GET, "/insights/patterns", handle_insights_of_type, .kind = ROUTE_DATA},
    {HTTP_GET, "/insights/anomalies", handle_insights_of_type, .kind = ROUTE_DATA},
    {HTTP_GET, "/insights/predictions", handle_insights_of_type, .kind = ROUTE_DATA},
    {HTTP_GET, "/insights/summary", handle_summary, .kind = ROUTE_DATA},
    {HTTP_GET, "/insights/quick-summary", handle_quick_summary, .kind = ROUTE_DATA},
    {HTTP_GET, "/insights/explain-alert/{id}", handle_explain_alert, .kind = ROUTE_DATA},
    {HTTP_GET, "/insights/analyze-trend", handle_trend, .kind = ROUTE_DATA},
    {HTTP_POST, "/insights/generate", handle_insights_generate, .kind = ROUTE_DATA, .role = ROLE_VIEWER},
    {HTTP_POST, "/insights/summary/generate", handle_summary_generate, .kind = ROUTE_DATA,
     .role = ROLE_VIEWER},
    {HTTP_POST, "/ingest", handle_ingest, .kind = ROUTE_DATA, .role = ROLE_INGEST,
     .body_max = BODY_MAX_SETTING},
    {HTTP_POST, "/ingest/vultr", handle_ingest, .kind = ROUTE_DATA, .role = ROLE_INGEST,
     .body_max = BODY_MAX_SETTING},
    {HTTP_GET, "/federate", handle_federate, .kind = ROUTE_DATA},
    /* columns, newest values, about itself */
    {HTTP_GET, "/api/v1/query", handle_query, .kind = ROUTE_DATA},
    {HTTP_GET, "/api/v1/series", handle_series, .kind = ROUTE_DATA},
    {HTTP_GET, "/api/v1/processes", handle_processes, .kind = ROUTE_DATA},
    {HTTP_GET, "/api/v1/anomalies", handle_anomalies, .kind = ROUTE_DATA},
    {HTTP_GET, "/api/v1/forecast", handle_forecast, .kind = ROUTE_DATA},
    {HTTP_GET, "/api/v1/live", handle_live, .kind = ROUTE_DATA},
    {HTTP_GET, "/api/v1/alerts/{id}/explanation", handle_explanation, .kind = ROUTE_DATA},
    {HTTP_GET, "/api/v1/rules", handle_rules, .kind = ROUTE_DATA},
    {HTTP_PUT, "/api/v1/rules", handle_rules_put, .kind = ROUTE_DATA, .body_max = BODY_MAX_SETTING},
    {HTTP_GET, "/api/v1/rules/stored", handle_rules_stored, .kind = ROUTE_DATA},
    {HTTP_POST, "/api/v1/rules/test", handle_rules_test, .kind = ROUTE_DATA, .role = ROLE_OPERATOR,
     .body_max = BODY_MAX_SETTING},
    {HTTP_GET, "/api/v1/silences", handle_silences, .kind = ROUTE_DATA},
    {HTTP_POST, "/api/v1/silences", handle_silence_create, .kind = ROUTE_DATA, .role = ROLE_OPERATOR,
     .body_max = SMALL_BODY},
    {HTTP_DELETE, "/api/v1/silences/{id}", handle_silence_remove, .kind = ROUTE_DATA, .role = ROLE_OPERATOR},
    {HTTP_GET, "/api/v1/checks", handle_checks, .kind = ROUTE_DATA},
    {HTTP_POST, "/api/v1/checks", handle_check_create, .kind = ROUTE_DATA, .role = ROLE_OPERATOR,
     .body_max = SMALL_BODY},
    {HTTP_DELETE, "/api/v1/checks/{id}", handle_check_remove, .kind = ROUTE_DATA, .role = ROLE_OPERATOR},
    {HTTP_GET, "/api/v1/servers", handle_servers, .kind = ROUTE_DATA},
    {HTTP_DELETE, "/api/v1/insights/{id}", handle_insight_dismiss, .kind = ROUTE_DATA, .role = ROLE_OPERATOR},
    {HTTP_GET, "/api/v1/notes", handle_notes, .kind = ROUTE_DATA},
    {HTTP_POST, "/api/v1/notes", handle_note_create, .kind = ROUTE_DATA, .role = ROLE_OPERATOR,
     .body_max = NOTES_BODY_MAX},
    {HTTP_GET, "/api/v1/notes/{id}", handle_note, .kind = ROUTE_DATA},
    {HTTP_PUT, "/api/v1/notes/{id}", handle_note_change, .kind = ROUTE_DATA, .role = ROLE_OPERATOR,
     .body_max = NOTES_BODY_MAX},
    {HTTP_DELETE, "/api/v1/notes/{id}", handle_note_remove, .kind = ROUTE_DATA, .role = ROLE_OPERATOR},
    {HTTP_GET, "/api/v1/self", handle_self, .kind = ROUTE_DATA},
    {HTTP_GET, "/api/v1/self/memory", handle_memory, .kind = ROUTE_DATA},
    {HTTP_GET, "/api/v1/backup", handle_backup, .kind = ROUTE_DATA, .role = ROLE_KEEPER},
    /* who may do what */
    {HTTP_GET, "/api/v1/session", handle_session_who, .kind = ROUTE_DATA},
    {HTTP_POST, "/api/v1/session", handle_session_begin, .kind = ROUTE_OPEN, .body_max = 1024},
    {HTTP_DELETE, "/api/v1/session", handle_session_end, .kind = ROUTE_DATA, .role = ROLE_VIEWER},
    {HTTP_GET, "/api/v1/access", handle_access_list, .kind = ROUTE_DATA, .role = ROLE_KEEPER},
    {HTTP_POST, "/api/v1/access", handle_access_create, .kind = ROUTE_DATA, .role = ROLE_KEEPER,
     .body_max = 1024},
    {HTTP_DELETE, "/api/v1/access/{name}", handle_access_revoke, .kind = ROUTE_DATA, .role = ROLE_KEEPER},
    {HTTP_GET, "/api/v1/tokens", handle_tokens_list, .kind = ROUTE_DATA, .role = ROLE_KEEPER},
    {HTTP_POST, "/api/v1/tokens", handle_tokens_create, .kind = ROUTE_DATA, .role = ROLE_KEEPER,
     .body_max = 1024},
    {HTTP_DELETE, "/api/v1/tokens/{id}", handle_tokens_revoke, .kind = ROUTE_DATA, .role = ROLE_KEEPER},
    {HTTP_GET, "/api/v1/agents", handle_agents, .kind = ROUTE_DATA, .role = ROLE_KEEPER},
    {HTTP_POST, "/api/v1/agents/{id}/revoke", handle_agent_revoke, .kind = ROUTE_DATA, .role = ROLE_KEEPER},
    {HTTP_POST, "/api/v1/agents/{id}/allow", handle_agent_allow, .kind = ROUTE_DATA, .role = ROLE_KEEPER},
    {HTTP_GET, "/api/v1/destinations", handle_destinations, .kind = ROUTE_DATA},
    {HTTP_POST, "/api/v1/destinations/{name}/test", handle_destination_test, .kind = ROUTE_DATA},
    {HTTP_POST, "/api/v1/forward/replay", handle_forward_replay, .kind = ROUTE_DATA, .role = ROLE_OPERATOR,
     .body_max = BODY_MAX_SETTING},
    {HTTP_GET, "/api/v1/audit", handle_audit, .kind = ROUTE_DATA, .role = ROLE_KEEPER},
    /* samples from who has no agent */
    {HTTP_POST, "/api/v1/write", handle_remote_write, .kind = ROUTE_DATA, .role = ROLE_INGEST,
     .body_max = BODY_MAX_SETTING, .takes_encoded = true},
    {HTTP_POST, "/api/v1/push", handle_remote_write, .kind = ROUTE_DATA, .role = ROLE_INGEST,
     .body_max = BODY_MAX_SETTING, .takes_encoded = true},
    {HTTP_POST, "/v1/metrics", handle_otlp_metrics, .kind = ROUTE_DATA, .role = ROLE_INGEST,
     .body_max = BODY_MAX_SETTING, .takes_encoded = true},
    /* what clients of Prometheus ask */
    {HTTP_GET, "/prometheus/api/v1/query", handle_promql_query, .kind = ROUTE_DATA},
    {HTTP_POST, "/prometheus/api/v1/query", handle_promql_query, .kind = ROUTE_DATA, .role = ROLE_VIEWER,
     .body_max = PROMQL_BODY_MAX},
    {HTTP_GET, "/prometheus/api/v1/query_range", handle_promql_query_range, .kind = ROUTE_DATA},
    {HTTP_POST, "/prometheus/api/v1/query_range", handle_promql_query_range, .kind = ROUTE_DATA,
     .role = ROLE_VIEWER, .body_max = PROMQL_BODY_MAX},
    {HTTP_GET, "/prometheus/api/v1/labels", handle_promql_labels, .kind = ROUTE_DATA},
    {HTTP_POST, "/prometheus/api/v1/labels", handle_promql_labels, .kind = ROUTE_DATA, .role = ROLE_VIEWER,
     .body_max = PROMQL_BODY_MAX},
    {HTTP_GET, "/prometheus/api/v1/series", handle_promql_series, .kind = ROUTE_DATA},
    {HTTP_POST, "/prometheus/api/v1/series", handle_promql_series, .kind = ROUTE_DATA, .role = ROLE_VIEWER,
     .body_max = PROMQL_BODY_MAX},
    {HTTP_GET, "/prometheus/api/v1/label/{name}/values", handle_promql_label_values, .kind = ROUTE_DATA},
    {HTTP_GET, "/prometheus/api/v1/metadata", handle_promql_metadata, .kind = ROUTE_DATA},
    {HTTP_GET, "/prometheus/api/v1/status/buildinfo", handle_promql_build, .kind = ROUTE_DATA},
    {HTTP_GET, "/openapi.json", handle_openapi, .kind = ROUTE_DATA},
    {HTTP_GET, "/ws", handle_no_upgrade, .kind = ROUTE_WEBSOCKET},
    /* without data */
    {HTTP_GET, "/healthz", handle_health, .kind = ROUTE_OPEN},
    {HTTP_GET, "/", handle_page, .kind = ROUTE_PAGE},
    {HTTP_GET, "/assets/{name}", handle_asset, .kind = ROUTE_OPEN},
};

/* Braces stand for one segment, not empty. */
static bool match(const char *pattern, struct span path, struct span *segment)
{
    uint32_t i = 0;
    for (; *pattern != 0; pattern++) {
        if (*pattern != '{') {
            if (i == path.length || path.at[i] != *pattern)
                return false;
            i++;
            continue;
        }
        uint32_t from = i;
        while (i < path.length && path.at[i] != '/')
            i++;
        if (i == from)
            return false;
        *segment = (struct span){path.at + from, i - from};
        pattern = strchr(pattern, '}');
    }
    return i == path.length;
}

static bool answers(const struct route *route, enum http_method method)
{
    return route->method == method || (route->method == HTTP_GET && method == HTTP_HEAD);
}

/* Length of what a pattern has in common with its group: its first segment, and below /api/v1 the third. */
static uint32_t group_length(const char *pattern)
{
    static const char v1[] = "/api/v1/";
    uint32_t n = text_starts(pattern, v1) ? sizeof(v1) - 1 : 1;
    while (pattern[n] != 0 && pattern[n] != '/')
        n++;
    return n;
}

static uint32_t group_methods(const char *pattern)
{
    uint32_t length = group_length(pattern), methods = 0;
    for (uint32_t i = 0; i < COUNT_OF(routes); i++)
        if (group_length(routes[i].pattern) == length && memcmp(routes[i].pattern, pattern, length) == 0)
            methods |= HTTP_METHOD_BIT(routes[i].method);
    return methods;
}

/* Looks among the rows with braces, or among those without. */
static struct route_found find_among(bool has_braces, enum http_method method, struct span path,
                                     char *parameter)
{
    struct route_found found = {0};
    for (uint32_t i = 0; i < COUNT_OF(routes); i++) {
        const struct route *route = &routes[i];
        struct span segment = {NULL, 0};
        if ((strchr(route->pattern, '{') != NULL) != has_braces || !match(route->pattern, path, &segment))
            continue;
        if (has_braces && percent_decode(segment, false, parameter, EXCHANGE_PARAMETER_SIZE) < 0)
            continue;
        if (found.methods == 0)
            found.group_methods = group_methods(route->pattern);
        found.methods |= HTTP_METHOD_BIT(route->method);
        if (found.route == NULL && (answers(route, method) || method == HTTP_OPTIONS))
            found.route = route;
    }
    if ((found.methods & HTTP_METHOD_BIT(HTTP_GET)) != 0)
        found.methods |= HTTP_METHOD_BIT(HTTP_HEAD);
    return found;
}

struct route_found router_find(enum http_method method, struct span path,
                               char parameter[static EXCHANGE_PARAMETER_SIZE])
{
    parameter[0] = 0;
    /* "/insights/summary" is a page of its own and not the insight of that id. */
    struct route_found found = find_among(false, method, path, parameter);
    if (found.methods == 0)
        found = find_among(true, method, path, parameter);
    if (found.methods == 0)
        parameter[0] = 0;
    return found;
}

const struct route *router_row(uint32_t index)
{
    return index < COUNT_OF(routes) ? &routes[index] : NULL;
}
