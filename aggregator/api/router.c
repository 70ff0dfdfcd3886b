/* SPDX-License-Identifier: MIT */
/* The table, and how a path is held against a pattern. */
#include "aggregator/api/router.h"

#include <string.h>

#include "aggregator/api/query_string.h"
#include "aggregator/api/routes/handlers.h"

static const struct route routes[] = {
    /* the routes that Nephos clients have always used */
    {HTTP_GET, "/instances", handle_instances, ROUTE_DATA},
    {HTTP_GET, "/instances/{id}", handle_instance, ROUTE_DATA},
    {HTTP_GET, "/api/instances/{id}", handle_instance, ROUTE_DATA},
    {HTTP_GET, "/metrics", handle_metrics, ROUTE_DATA},
    /* columns, newest values, about itself */
    {HTTP_GET, "/api/v1/query", handle_query, ROUTE_DATA},
    {HTTP_GET, "/api/v1/series", handle_series, ROUTE_DATA},
    {HTTP_GET, "/api/v1/processes", handle_processes, ROUTE_DATA},
    {HTTP_GET, "/api/v1/live", handle_live, ROUTE_DATA},
    {HTTP_GET, "/api/v1/self", handle_self, ROUTE_DATA},
    {HTTP_GET, "/api/v1/self/memory", handle_memory, ROUTE_DATA},
    {HTTP_GET, "/ws", handle_no_upgrade, ROUTE_WEBSOCKET},
    /* without data */
    {HTTP_GET, "/healthz", handle_health, ROUTE_OPEN},
    {HTTP_GET, "/", handle_page, ROUTE_PAGE},
    {HTTP_GET, "/assets/{name}", handle_asset, ROUTE_OPEN},
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

const struct route *router_find(enum http_method method, struct span path, const char **allow,
                                char parameter[static EXCHANGE_PARAMETER_SIZE])
{
    *allow = NULL;
    parameter[0] = 0;
    for (uint32_t i = 0; i < COUNT_OF(routes); i++) {
        struct span segment = {NULL, 0};
        if (!match(routes[i].pattern, path, &segment))
            continue;
        if (segment.length > 0 &&
            percent_decode(segment, false, parameter, EXCHANGE_PARAMETER_SIZE) < 0)
            continue;
        *allow = "GET,OPTIONS"; /* all that any path knows so far */
        if (answers(&routes[i], method) || method == HTTP_OPTIONS)
            return &routes[i];
    }
    return NULL;
}
