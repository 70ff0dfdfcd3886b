/* SPDX-License-Identifier: MIT */
/* Routes and their parameters in words. */
#include "aggregator/api/routes/openapi.h"

#define RANGE "from to step points fold "
#define TEXT "text/plain; charset=utf-8"
#define PROMETHEUS {200, NULL, "text/plain; version=0.0.4; charset=utf-8"}
#define OPENMETRICS {200, NULL, "application/openmetrics-text; version=1.0.0; charset=utf-8"}
#define BODY(status, schema) {status, schema, NULL}
#define ERROR(status) {status, NULL, NULL}
#define NO_BODY NULL, NULL
#define JSON(schema) schema, NULL

const struct openapi_row openapi_rows[] = {
    /* existing clients */
    {HTTP_GET, "/instances", "Hosts, in the shape that clients have always read",
     "status region provider limit lastEvaluatedKey", NO_BODY, {BODY(200, "Instances"), ERROR(400)}},
    {HTTP_GET, "/instances/{id}", "One host", "", NO_BODY, {BODY(200, "Instance"), ERROR(404)}},
    {HTTP_GET, "/api/instances/{id}", "One host, at its second address", "", NO_BODY,
     {BODY(200, "Instance"), ERROR(404)}},
    {HTTP_GET, "/metrics", "Single points, newest first; where Accept asks for it, all in Prometheus' text",
     "instanceId metricName tags limit", NO_BODY,
     {BODY(200, "Metrics"), PROMETHEUS, OPENMETRICS, ERROR(400)}},
    {HTTP_GET, "/federate", "Selected newest values with their times, in the text of Prometheus", "match!",
     NO_BODY, {PROMETHEUS, OPENMETRICS, ERROR(400)}},
    /* columns, newest values, notes */
    {HTTP_GET, "/api/v1/query", "Columns of one host, or of many: folded, grouped and ranked",
     "instance instances provider region type metric tags " RANGE "agg by top bottom order format", NO_BODY,
     {BODY(200, "Columns"), {200, NULL, "text/csv; charset=utf-8; header=present"}, ERROR(400), ERROR(404),
      ERROR(422)}},
    {HTTP_GET, "/api/v1/series", "What one host measures", "instance! metric tags", NO_BODY,
     {BODY(200, "LiveInstance"), ERROR(400), ERROR(404)}},
    {HTTP_GET, "/api/v1/processes", "The processes that stood out, of a moment or of a range",
     "instance! at from to points", NO_BODY, {BODY(200, "Processes"), ERROR(400), ERROR(404)}},
    {HTTP_GET, "/api/v1/live", "The newest value of everything, or of what is named",
     "instance instances provider region type metric tags limit cursor", NO_BODY,
     {BODY(200, "Live"), ERROR(400), ERROR(404)}},
    {HTTP_GET, "/api/v1/notes", "Notes that touch a range, latest first", "instance from to limit cursor",
     NO_BODY, {BODY(200, "Notes"), ERROR(400)}},
    {HTTP_POST, "/api/v1/notes", "Write a note", "", JSON("NoteInput"),
     {BODY(201, "Note"), ERROR(400), ERROR(404), ERROR(409)}},
    {HTTP_GET, "/api/v1/notes/{id}", "One note", "", NO_BODY, {BODY(200, "Note"), ERROR(404)}},
    {HTTP_PUT, "/api/v1/notes/{id}", "Change what the body names", "", JSON("NoteInput"),
     {BODY(200, "Note"), ERROR(400), ERROR(404)}},
    {HTTP_DELETE, "/api/v1/notes/{id}", "Delete a note", "", NO_BODY, {{204, NULL, NULL}, ERROR(404)}},
    /* samples in */
    {HTTP_POST, "/api/v1/write", "Samples by Prometheus' remote write 1.0 and 2.0", "", "Bytes",
     "application/x-protobuf", {{204, NULL, NULL}, ERROR(400), ERROR(413), ERROR(415)}},
    {HTTP_POST, "/api/v1/push", "The same at the address that some senders have built in", "", "Bytes",
     "application/x-protobuf", {{204, NULL, NULL}, ERROR(400), ERROR(413), ERROR(415)}},
    {HTTP_POST, "/v1/metrics", "Samples by OTLP/HTTP, protobuf or JSON", "", "Bytes",
     "application/x-protobuf", {{200, NULL, "application/x-protobuf"}, ERROR(400), ERROR(413), ERROR(415)}},
    /* who may do what */
    {HTTP_GET, "/api/v1/session", "Who asks, and in which role", "", NO_BODY, {BODY(200, "Any"), ERROR(401)}},
    {HTTP_POST, "/api/v1/session", "Turn a token into a session of the browser", "", JSON("Any"),
     {BODY(200, "Any"), ERROR(400), ERROR(401)}},
    {HTTP_DELETE, "/api/v1/session", "End the session", "", NO_BODY, {{204, NULL, NULL}, ERROR(401)}},
    {HTTP_GET, "/api/v1/access", "API tokens: names and roles", "", NO_BODY, {BODY(200, "Any"), ERROR(403)}},
    {HTTP_POST, "/api/v1/access", "Make an API token, told once", "", JSON("Any"),
     {BODY(201, "Any"), ERROR(400), ERROR(403), ERROR(409)}},
    {HTTP_DELETE, "/api/v1/access/{name}", "Revoke an API token", "", NO_BODY,
     {{204, NULL, NULL}, ERROR(403), ERROR(404)}},
    {HTTP_GET, "/api/v1/tokens", "Join tokens", "", NO_BODY, {BODY(200, "Any"), ERROR(403)}},
    {HTTP_POST, "/api/v1/tokens", "Make a join token, told once", "", JSON("Any"),
     {BODY(201, "Any"), ERROR(400), ERROR(403)}},
    {HTTP_DELETE, "/api/v1/tokens/{id}", "Revoke a join token", "", NO_BODY,
     {{204, NULL, NULL}, ERROR(403), ERROR(404)}},
    {HTTP_GET, "/api/v1/agents", "Agents and their certificates", "", NO_BODY,
     {BODY(200, "Any"), ERROR(403)}},
    {HTTP_POST, "/api/v1/agents/{id}/revoke", "Let an agent in no more", "", NO_BODY,
     {BODY(200, "Any"), ERROR(403), ERROR(404)}},
    {HTTP_POST, "/api/v1/agents/{id}/allow", "Let it in again", "", NO_BODY,
     {BODY(200, "Any"), ERROR(403), ERROR(404)}},
    {HTTP_GET, "/api/v1/audit", "Who changed what", "limit cursor", NO_BODY, {BODY(200, "Any"), ERROR(403)}},
    {HTTP_GET, "/api/v1/backup", "A copy of the database, by the commands' socket", "", NO_BODY,
     {{200, NULL, "application/octet-stream"}, ERROR(403)}},
    /* about itself */
    {HTTP_GET, "/api/v1/self", "What the aggregator says of itself", "", NO_BODY, {BODY(200, "Self")}},
    {HTTP_GET, "/api/v1/self/memory", "Its memory, line by line", "", NO_BODY, {BODY(200, "Memory")}},
    {HTTP_GET, "/openapi.json", "This description", "", NO_BODY, {BODY(200, "Any")}},
    {HTTP_GET, "/ws", "A WebSocket of live updates; without an upgrade 426", "", NO_BODY, {ERROR(426)}},
    {HTTP_GET, "/healthz", "200 while commits succeed", "", NO_BODY, {{200, NULL, TEXT}, {503, NULL, TEXT}}},
    {HTTP_GET, "/", "The dashboard; or a WebSocket when asked to upgrade", "", NO_BODY,
     {{200, NULL, "text/html; charset=utf-8"}}},
    {HTTP_GET, "/assets/{name}", "A file of the dashboard", "", NO_BODY, {{200, NULL, "*/*"}, ERROR(404)}},
};
const uint32_t openapi_row_count = COUNT_OF(openapi_rows);

#define STRING "{\"type\":\"string\"}"
#define NUMBER(low, high) "{\"type\":\"integer\",\"minimum\":" #low ",\"maximum\":" #high "}"

const struct openapi_parameter openapi_parameters[] = {
    {"instance", STRING, "Id of a host; queries across hosts take patterns", NULL},
    {"instances", STRING, "Patterns of ids or names, comma-separated or repeated", NULL},
    {"provider", STRING, "Patterns of providers", NULL},
    {"region", STRING, "Patterns of regions", NULL},
    {"type", STRING, "Patterns of types", NULL},
    {"status", "{\"enum\":[\"healthy\",\"degraded\",\"unhealthy\",\"unknown\"]}",
     "Only hosts of this status", NULL},
    {"metric", STRING, "Names or patterns (* and ?), comma-separated or repeated", NULL},
    {"tags", STRING, "Patterns of whole tags, as mount=/", NULL},
    {"from", STRING, "RFC 3339, YYYY-MM-DD, milliseconds since 1970, -6h or now", NULL},
    {"to", STRING, "As from; now when left out", NULL},
    {"at", STRING, "As from; now when left out", NULL},
    {"step", STRING, "Length of a step as 10s, or auto", NULL},
    {"points", NUMBER(1, 10000), "Steps at most, when step is auto", NULL},
    {"fold", "{\"enum\":[\"avg\",\"min\",\"max\",\"last\",\"sum\",\"count\",\"rate\"]}",
     "What becomes of the samples of a step; avg, and rate for counters", NULL},
    {"agg", "{\"type\":\"string\",\"pattern\":\"^(sum|avg|min|max|count|median|p[0-9]+(\\\\.[0-9]+)?)$\"}",
     "Folds series into groups: an aggregate, or an exact percentile", NULL},
    {"by", STRING,
     "What makes a group: instance, name, provider, region, type, metric, tag, or keys of tags", NULL},
    {"top", NUMBER(1, 100), "Only the groups that rank highest", NULL},
    {"bottom", NUMBER(1, 100), "Only the groups that rank lowest", NULL},
    {"order", "{\"enum\":[\"avg\",\"min\",\"max\",\"last\",\"sum\"]}", "What a group ranks by", NULL},
    {"format", "{\"enum\":[\"json\",\"csv\"]}", "Of the answer", NULL},
    {"limit", "{\"type\":\"integer\",\"minimum\":1}", "Elements of a page", NULL},
    {"cursor", STRING, "next_cursor of the page before", NULL},
    {"lastEvaluatedKey", STRING, "lastEvaluatedKey of the page before", NULL},
    {"instanceId", STRING, "Only of this host", NULL},
    {"metricName", STRING, "Only of this name", NULL},
    {"match", "{\"type\":\"array\",\"items\":{\"type\":\"string\"},\"minItems\":1}",
     "Selectors as node_load1 or {__name__=~\"node_.*\",region=\"fra\"}", "match[]"},
};
const uint32_t openapi_parameter_count = COUNT_OF(openapi_parameters);
