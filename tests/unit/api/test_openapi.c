/* SPDX-License-Identifier: MIT */
/* /openapi.json and the router's table say the same: what answers is described, what is described answers.
 */
#include "tests/unit/api/room.h"

#include "aggregator/api/routes/openapi.h"

static const struct api_limits small = {
    .connections_max = 4, .websockets_max = 2, .instances_max = 8, .series_per_instance_max = 64};

static const char *const methods[] = {
    [HTTP_GET] = "get",       [HTTP_POST] = "post",   [HTTP_PUT] = "put",
    [HTTP_DELETE] = "delete", [HTTP_PATCH] = "patch",
};

static void every_route_is_described(void **state)
{
    (void)state;
    struct room *m = room_new(&small, "");
    yyjson_doc *doc = room_json(m, "/openapi.json", 200);
    yyjson_val *paths = at(doc, "/paths");
    assert_string_equal(yyjson_get_str(at(doc, "/openapi")), "3.1.0");
    uint32_t routes = 0, described = 0;
    for (const struct route *r; (r = router_row(routes)) != NULL; routes++)
        if (yyjson_obj_get(yyjson_obj_get(paths, r->pattern), methods[r->method]) == NULL)
            fail_msg("%s %s: no row in openapi_rows.c", methods[r->method], r->pattern);
    size_t i, count, k, operations;
    yyjson_val *path, *item, *method, *operation;
    yyjson_obj_foreach(paths, i, count, path, item)
    {
        yyjson_obj_foreach(item, k, operations, method, operation)
        {
            bool is_there = false;
            const struct route *r;
            for (uint32_t at = 0; (r = router_row(at)) != NULL; at++)
                is_there |= text_equal(r->pattern, yyjson_get_str(path)) &&
                            text_equal(methods[r->method], yyjson_get_str(method));
            if (!is_there)
                fail_msg("%s %s: no row in router.c", yyjson_get_str(method), yyjson_get_str(path));
            described++;
        }
    }
    assert_int_equal(described, routes);
    yyjson_doc_free(doc);
    room_free(m);
}

static void bodies_are_described_where_they_are_taken(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < openapi_row_count; i++) {
        const struct openapi_row *row = &openapi_rows[i];
        const struct route *r;
        for (uint32_t at = 0; (r = router_row(at)) != NULL; at++)
            if (r->method == row->method && text_equal(r->pattern, row->pattern) &&
                (r->body_max > 0) != (row->body != NULL))
                fail_msg("%s %s: a body here, none there", methods[r->method], r->pattern);
        bool has_schema = row->body == NULL;
        for (uint32_t k = 0; k < openapi_schema_count && !has_schema; k++)
            has_schema = text_equal(openapi_schemas[k].name, row->body);
        assert_true(has_schema);
    }
}

static void who_has_it_is_not_sent_it_again(void **state)
{
    (void)state;
    struct room *m = room_new(&small, "");
    struct client *c = client_new(m);
    static const char head[] = "GET /openapi.json HTTP/1.1\r\nHost: 10.0.0.1:8080\r\n\r\n";
    client_send(c, head, sizeof head - 1);
    room_run(m, c, 200);
    const char *etag = strstr(c->got, "ETag: ");
    assert_non_null(etag);
    char again[128];
    snprintf(again, sizeof again, "If-None-Match: %.18s\r\n", etag + 6);
    client_free(c);
    c = client_new(m);
    char request[256];
    int n = snprintf(request, sizeof request, "GET /openapi.json HTTP/1.1\r\nHost: 10.0.0.1:8080\r\n%s\r\n",
                     again);
    client_send(c, request, (size_t)n);
    room_run(m, c, 200);
    assert_memory_equal(c->got, "HTTP/1.1 304", 12);
    client_free(c);
    room_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_route_is_described),
        cmocka_unit_test(bodies_are_described_where_they_are_taken),
        cmocka_unit_test(who_has_it_is_not_sent_it_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
