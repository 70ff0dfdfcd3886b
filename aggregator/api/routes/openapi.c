/* SPDX-License-Identifier: MIT */
/* GET /openapi.json: the API in OpenAPI 3.1, written out of the table of openapi_rows.c, a path at a time. */
#include "aggregator/api/routes/openapi.h"

#include <string.h>

#include "aggregator/api/access.h"
#include "aggregator/api/routes/handlers.h"
#include "platform/base/fnv.h"

static const char *const methods[] = {
    [HTTP_GET] = "get", [HTTP_POST] = "post", [HTTP_PUT] = "put", [HTTP_DELETE] = "delete",
    [HTTP_PATCH] = "patch",
};

/* A value that is JSON already. */
static void put_raw(struct json *j, const char *key, const char *json)
{
    json_open_object(j, key);
    j->out->length--; /* the brace */
    text_put(j->out, json);
    j->comma = true;
}

static void put_reference(struct json *j, const char *key, const char *schema)
{
    char path[96];
    struct text t;
    text_init(&t, path, sizeof(path));
    text_printf(&t, "#/components/schemas/%s", schema);
    json_open_object(j, key);
    json_text(j, "$ref", path);
    json_close_object(j);
}

/* --- parameters --- */

static const struct openapi_parameter *find_parameter(const char *name, size_t length)
{
    for (uint32_t i = 0; i < openapi_parameter_count; i++)
        if (strlen(openapi_parameters[i].name) == length &&
            memcmp(openapi_parameters[i].name, name, length) == 0)
            return &openapi_parameters[i];
    return NULL;
}

static void write_path_parameter(struct json *j, const char *pattern)
{
    const char *open = strchr(pattern, '{'), *close = strchr(pattern, '}');
    if (open == NULL || close == NULL)
        return;
    json_open_object(j, NULL);
    json_text_n(j, "name", open + 1, (uint32_t)(close - open - 1));
    json_text(j, "in", "path");
    json_bool(j, "required", true);
    put_raw(j, "schema", "{\"type\":\"string\"}");
    json_close_object(j);
}

static void write_parameters(struct json *j, const struct openapi_row *row)
{
    json_open_array(j, "parameters");
    write_path_parameter(j, row->pattern);
    for (const char *at = row->parameters; *at != 0;) {
        size_t length = strcspn(at, " !");
        bool is_required = at[length] == '!';
        const struct openapi_parameter *p = find_parameter(at, length);
        ASSERT(p != NULL);
        json_open_object(j, NULL);
        json_text(j, "name", p->in_query != NULL ? p->in_query : p->name);
        json_text(j, "in", "query");
        json_text(j, "description", p->description);
        if (is_required)
            json_bool(j, "required", true);
        put_raw(j, "schema", p->schema);
        json_close_object(j);
        at += length + is_required;
        at += strspn(at, " ");
    }
    json_close_array(j);
}

/* --- answers --- */

static void write_media(struct json *j, const char *media, const char *schema)
{
    json_foreign_text(j, media, (uint32_t)strlen(media), "", 0);
    j->out->length -= 2; /* the empty text gives way to an object */
    j->comma = false;
    json_open_object(j, NULL);
    if (schema != NULL)
        put_reference(j, "schema", schema);
    else
        put_raw(j, "schema", "{\"type\":\"string\"}");
    json_close_object(j);
}

static bool is_v1(const struct openapi_row *row)
{
    return text_starts(row->pattern, "/api/v1/");
}

static const char *error_schema(const struct openapi_row *row)
{
    if (text_starts(row->pattern, "/prometheus/"))
        return "PromError";
    return is_v1(row) ? "Problem" : "Error";
}

static void write_answer(struct json *j, const struct openapi_row *row, uint32_t at)
{
    const struct openapi_answer *a = &row->answers[at];
    bool is_error = a->status >= 400;
    char status[8];
    struct text t;
    text_init(&t, status, sizeof(status));
    text_printf(&t, "%u", (unsigned)a->status);
    json_open_object(j, status);
    json_text(j, "description", a->status < 300 ? "As asked" : is_error ? "What is wrong, in words" : "");
    if (a->status != 204) {
        json_open_object(j, "content");
        for (; at < OPENAPI_ANSWERS_MAX && row->answers[at].status == a->status; at++) {
            const struct openapi_answer *one = &row->answers[at];
            const char *media = is_error && is_v1(row) ? "application/problem+json" : "application/json";
            const char *schema = is_error ? error_schema(row) : one->schema;
            if (one->media != NULL)
                write_media(j, one->media, one->schema);
            else
                write_media(j, media, schema);
        }
        json_close_object(j);
    }
    json_close_object(j);
}

static void write_answers(struct json *j, const struct openapi_row *row)
{
    json_open_object(j, "responses");
    for (uint32_t i = 0; i < OPENAPI_ANSWERS_MAX && row->answers[i].status != 0; i++)
        if (i == 0 || row->answers[i].status != row->answers[i - 1].status)
            write_answer(j, row, i);
    json_close_object(j);
}

static void write_security(struct json *j, const struct openapi_row *row)
{
    char parameter[EXCHANGE_PARAMETER_SIZE];
    struct span path = {row->pattern, (uint32_t)strlen(row->pattern)};
    const struct route *route = router_find(row->method, path, parameter).route;
    bool is_open = route == NULL || route->kind == ROUTE_OPEN || route->kind == ROUTE_PAGE;
    put_raw(j, "security", is_open ? "[]" : "[{\"token\":[]},{}]");
    if (!is_open)
        json_text(j, "x-nephos-role", role_name(access_role_of(route)));
}

/* --- paths --- */

static void write_operation(struct json *j, const struct openapi_row *row)
{
    json_open_object(j, methods[row->method]);
    json_text(j, "summary", row->summary);
    write_parameters(j, row);
    if (row->body != NULL) {
        json_open_object(j, "requestBody");
        json_bool(j, "required", true);
        json_open_object(j, "content");
        write_media(j, row->body_media != NULL ? row->body_media : "application/json", row->body);
        json_close_object(j);
        json_close_object(j);
    }
    write_answers(j, row);
    write_security(j, row);
    json_close_object(j);
}

/* All methods of the row's path; false when an earlier row has told them. */
static bool write_path(struct json *j, uint32_t at)
{
    const char *pattern = openapi_rows[at].pattern;
    for (uint32_t i = 0; i < at; i++)
        if (text_equal(openapi_rows[i].pattern, pattern))
            return false;
    json_open_object(j, pattern);
    for (uint32_t i = at; i < openapi_row_count; i++)
        if (text_equal(openapi_rows[i].pattern, pattern))
            write_operation(j, &openapi_rows[i]);
    json_close_object(j);
    return true;
}

static void write_head(struct json *j)
{
    json_open_object(j, NULL);
    json_text(j, "openapi", "3.1.0");
    json_open_object(j, "info");
    json_text(j, "title", "nephos-aggregator");
    json_text(j, "version", NEPHOS_VERSION);
    json_text(j, "description", "Metrics of hosts: newest values, columns, notes, and what Prometheus reads");
    json_close_object(j);
    json_open_object(j, "paths");
}

static void write_middle(struct json *j)
{
    json_close_object(j);
    json_open_object(j, "components");
    put_raw(j, "securitySchemes",
            "{\"token\":{\"type\":\"http\",\"scheme\":\"bearer\",\"description\":\"A token that "
            "nephos-aggregator made; on loopback none is needed by default\"}}");
    json_open_object(j, "schemas");
}

struct openapi_state {
    uint32_t at; /* 0 the head, then rows, the middle, schemas, the end */
};

/* One piece; false behind the last. */
static bool write_piece(struct json *j, uint32_t at)
{
    if (at == 0) {
        write_head(j);
        return true;
    }
    at--;
    if (at < openapi_row_count) {
        (void)write_path(j, at);
        return true;
    }
    at -= openapi_row_count;
    if (at == 0)
        write_middle(j);
    else if (at <= openapi_schema_count)
        put_raw(j, openapi_schemas[at - 1].name, openapi_schemas[at - 1].json);
    else if (at == openapi_schema_count + 1)
        text_put(j->out, "}}}");
    return at <= openapi_schema_count + 1;
}

static int produce(struct exchange *x)
{
    struct openapi_state *st = (struct openapi_state *)x->state;
    for (;;) {
        struct json_mark m = json_mark(&x->json);
        bool has_more = write_piece(&x->json, st->at);
        if (produce_or_rewind(&x->json, m) != PRODUCE_DONE)
            return PRODUCE_MORE;
        if (!has_more)
            return PRODUCE_DONE;
        st->at++;
    }
}

/* Of the tables: the same aggregator tells the same. */
static uint64_t hash_of_tables(void)
{
    uint64_t h = fnv_text(FNV_START, NEPHOS_VERSION);
    for (uint32_t i = 0; i < openapi_row_count; i++) {
        h = fnv_text(h, openapi_rows[i].pattern);
        h = fnv_text(h, openapi_rows[i].summary);
        h = fnv_text(h, openapi_rows[i].parameters);
    }
    for (uint32_t i = 0; i < openapi_schema_count; i++)
        h = fnv_text(h, openapi_schemas[i].json);
    return h;
}

void handle_openapi(struct exchange *x)
{
    (void)exchange_state(x, sizeof(struct openapi_state));
    respond_header(x, "Cache-Control: no-cache");
    if (!respond_etag(x, hash_of_tables()))
        respond_json(x, produce);
}
