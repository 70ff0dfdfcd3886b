/* SPDX-License-Identifier: MIT */
/* Request bodies through the whole room, before handlers of its own: what is taken, where it lies, what is
 * refused and with which status, and that the next request on the connection is found or the connection
 * closed. Answers that wait for a commit. */
#include "tests/unit/api/room.h"

#include "aggregator/api/router.h"

static const struct api_limits limits = {
    .instances_max = 64, .connections_max = 6, .websockets_max = 1,
    .bodies_max = 2, .body_size = 100000};

/* --- handlers --- */

static int produce_report(struct exchange *x)
{
    struct text *out = x->json.out;
    const uint32_t *state = (const uint32_t *)x->state;
    text_printf(out, "%u bytes sum %u scratch %u", state[0], state[1], state[2]);
    return PRODUCE_DONE;
}

static void report(struct exchange *x)
{
    uint32_t sum = 0, scratch;
    for (uint32_t i = 0; i < x->body.length; i++)
        sum = sum * 31 + (uint8_t)x->body.at[i];
    char *to = exchange_scratch(x, &scratch);
    if (to != NULL)
        memset(to, 7, scratch);
    uint32_t *state = exchange_state(x, 3 * sizeof(uint32_t));
    state[0] = x->body.length;
    state[1] = sum;
    state[2] = scratch;
    respond(x, 200, "text/plain", produce_report);
}

static int say_stored(struct exchange *x)
{
    report(x);
    x->status = 201;
    return ERR_OK;
}

static void store_something(struct exchange *x)
{
    static uint32_t count;
    struct instance facts = {.name = "made"};
    snprintf(facts.id, sizeof facts.id, "made-%u", ++count);
    assert_true(store_instance_put(x->world->store, &facts) >= 0);
    exchange_drop_body(x);
    respond_committed(x, say_stored);
}

static int never_agrees(struct exchange *x)
{
    (void)x;
    return ERR_SYSTEM;
}

static void fail_later(struct exchange *x)
{
    respond_later(x, never_agrees);
}

static void tag(struct exchange *x)
{
    if (!respond_etag(x, 0x1234))
        report(x);
}

static const struct route table[] = {
    {HTTP_POST, "/small", report, .body_max = 100},
    {HTTP_POST, "/large", report, .body_max = BODY_MAX_SETTING},
    {HTTP_POST, "/packed", report, .body_max = BODY_MAX_SETTING, .takes_encoded = true},
    {HTTP_POST, "/none", report, .body_max = 0},
    {HTTP_DELETE, "/large2", report, .body_max = 100},
    {HTTP_POST, "/store", store_something, .body_max = BODY_MAX_SETTING},
    {HTTP_POST, "/later", fail_later, .body_max = 100},
    {HTTP_GET, "/tag", tag, .body_max = 0},
};

struct route_found router_find(enum http_method method, struct span path,
                               char parameter[static EXCHANGE_PARAMETER_SIZE])
{
    parameter[0] = 0;
    for (uint32_t i = 0; i < COUNT_OF(table); i++)
        if (span_equal(path, table[i].pattern))
            return (struct route_found){
                .route = table[i].method == method || method == HTTP_OPTIONS ? &table[i] : NULL,
                .methods = HTTP_METHOD_BIT(table[i].method)};
    return (struct route_found){0};
}

/* --- a client --- */

static uint64_t in_use(const struct room *m, const char *line)
{
    for (uint32_t i = 0; i < m->map.line_count; i++)
        if (strcmp(m->map.lines[i].name, line) == 0)
            return m->map.lines[i].in_use;
    fail();
    return 0;
}

/* Sends it in stretches of `step` bytes, waits, and gives what came. */
static struct client *ask(struct room *m, const char *bytes, size_t size, size_t step)
{
    struct client *c = client_new(m);
    for (size_t at = 0; at < size && !c->is_closed; at += step)
        client_send(c, bytes + at, size - at < step ? size - at : step);
    room_run(m, c, 30);
    return c;
}

static void assert_answers(struct room *m, const char *request, const char *const *starts, uint32_t count,
                           bool is_closed)
{
    static const size_t steps[] = {100000, 1, 7};
    for (uint32_t i = 0; i < COUNT_OF(steps); i++) {
        struct client *c = ask(m, request, strlen(request), steps[i]);
        const char *at = c->got;
        for (uint32_t k = 0; k < count; k++) {
            at = k == 0 ? at : strstr(at + 1, "HTTP/1.1 ");
            if (at == NULL || strncmp(at, starts[k], strlen(starts[k])) != 0)
                fail_msg("answer %u in steps of %zu is not %s but %.300s to %s", k, steps[i], starts[k],
                         at == NULL ? "none" : at, request);
        }
        if (strstr(at + 1, "HTTP/1.1 ") != NULL)
            fail_msg("one answer too many to %s", request);
        room_run(m, c, 1500);
        assert_int_equal(c->is_closed, is_closed);
        client_free(c);
        assert_int_equal(in_use(m, "api: large request bodies"), 0);
    }
}

#define HEAD(line) line " HTTP/1.1\r\nHost: localhost\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n\r\n"
#define NEXT HEAD("GET /tag") "\r\n"
#define ANSWERS(...) (const char *const[]){__VA_ARGS__}, COUNT_OF(((const char *const[]){__VA_ARGS__}))

static void small_bodies_lie_behind_their_head(void **state)
{
    (void)state;
    struct room *m = room_new(&limits, "");
    assert_answers(m, HEAD("POST /small") "Content-Length: 5\r\n\r\nhello" NEXT,
                   ANSWERS("HTTP/1.1 200", "HTTP/1.1 200"), false);
    assert_answers(m, HEAD("POST /small") CHUNKED "2\r\nhe\r\n3;x\r\nllo\r\n0\r\n\r\n" NEXT,
                   ANSWERS("HTTP/1.1 200", "HTTP/1.1 200"), false);
    assert_answers(m, HEAD("POST /small") "Content-Length: 0\r\n\r\n" NEXT,
                   ANSWERS("HTTP/1.1 200", "HTTP/1.1 200"),
                   false);
    static const char *const same[] = {
        HEAD("POST /small") "Content-Length: 5\r\n\r\nhello",
        HEAD("POST /small") CHUNKED "2\r\nhe\r\n3;x\r\nllo\r\n0\r\nT: 1\r\n\r\n",
    };
    for (uint32_t i = 0; i < COUNT_OF(same); i++) {
        struct client *c = ask(m, same[i], strlen(same[i]), 3);
        assert_non_null(strstr(c->got, "5 bytes sum 99162322 scratch 0"));
        client_free(c);
    }
    room_free(m);
}

static void what_is_too_much_or_unclear_is_refused(void **state)
{
    (void)state;
    struct room *m = room_new(&limits, "");
    char body[202] = {0};
    memset(body, 'x', 101);
    char request[512];
    snprintf(request, sizeof request, HEAD("POST /small") "Content-Length: 101\r\n\r\n%s" NEXT, body);
    assert_answers(m, request, ANSWERS("HTTP/1.1 413", "HTTP/1.1 200"), false);
    snprintf(request, sizeof request, HEAD("POST /small") "Content-Length: 100\r\n\r\n%.100s" NEXT, body);
    assert_answers(m, request, ANSWERS("HTTP/1.1 200", "HTTP/1.1 200"), false);
    snprintf(request, sizeof request, HEAD("POST /small") CHUNKED "65\r\n%s\r\n0\r\n\r\n" NEXT,
             body);
    assert_answers(m, request, ANSWERS("HTTP/1.1 413"), true);
    snprintf(request, sizeof request, HEAD("POST /small") CHUNKED "64\r\n%.100s\r\n0\r\n\r\n",
             body);
    assert_answers(m, request, ANSWERS("HTTP/1.1 200"), false);
    assert_answers(m, HEAD("POST /large") "Content-Length: 100001\r\n\r\n", ANSWERS("HTTP/1.1 413"), true);
    assert_answers(m, HEAD("POST /small") "\r\n" NEXT, ANSWERS("HTTP/1.1 411"), true);
    assert_answers(m, HEAD("DELETE /large2") "\r\n" NEXT, ANSWERS("HTTP/1.1 200", "HTTP/1.1 200"), false);
    assert_answers(m, HEAD("POST /small") "Content-Length: 2\r\nContent-Encoding: gzip\r\n\r\n{}" NEXT,
                   ANSWERS("HTTP/1.1 415", "HTTP/1.1 200"), false);
    assert_answers(m, HEAD("POST /small") "Content-Length: 2\r\nContent-Encoding: identity\r\n\r\n{}" NEXT,
                   ANSWERS("HTTP/1.1 200", "HTTP/1.1 200"), false);
    assert_answers(m, HEAD("POST /small") "Transfer-Encoding: gzip\r\n\r\n" NEXT,
                   ANSWERS("HTTP/1.1 501"), true);
    assert_answers(m, HEAD("POST /small") CHUNKED "5\nhello\r\n0\r\n\r\n" NEXT,
                   ANSWERS("HTTP/1.1 400"), true);
    assert_answers(m,
             HEAD("POST /small") "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" NEXT,
                   ANSWERS("HTTP/1.1 400"), true);
    room_free(m);
}

/* By routes without bodies, unknown paths, wrong methods. */
static void what_nobody_wants_is_passed_over(void **state)
{
    (void)state;
    struct room *m = room_new(&limits, "");
    assert_answers(m, HEAD("POST /none") "Content-Length: 6\r\n\r\nGET / " NEXT,
                   ANSWERS("HTTP/1.1 200", "HTTP/1.1 200"),
                   false);
    assert_answers(m, HEAD("POST /none") CHUNKED "3\r\nGET\r\n0\r\n\r\n" NEXT,
                   ANSWERS("HTTP/1.1 200", "HTTP/1.1 200"), false);
    assert_answers(m, HEAD("POST /nowhere") "Content-Length: 6\r\n\r\nGET / " NEXT,
                   ANSWERS("HTTP/1.1 404", "HTTP/1.1 200"), false);
    assert_answers(m, HEAD("PUT /none") "Content-Length: 6\r\n\r\nGET / " NEXT,
                   ANSWERS("HTTP/1.1 405", "HTTP/1.1 200"), false);
    assert_answers(m, HEAD("OPTIONS /none") "Content-Length: 6\r\n\r\nGET / " NEXT,
                   ANSWERS("HTTP/1.1 200", "HTTP/1.1 200"), false);
    assert_answers(m, HEAD("POST /none") "Content-Length: 16385\r\n\r\n", ANSWERS("HTTP/1.1 413"), true);
    assert_answers(m, HEAD("POST /nowhere") "Content-Length: 16385\r\n\r\n", ANSWERS("HTTP/1.1 404"), true);
    room_free(m);
}

static char *large_request(const char *head, uint32_t size, bool is_chunked, size_t *length)
{
    char *bytes = calloc(1, 2 * size + 1000);
    struct text t;
    text_init(&t, bytes, 2 * size + 1000);
    text_put(&t, head);
    if (is_chunked)
        text_put(&t, "Transfer-Encoding: chunked\r\n\r\n");
    else
        text_printf(&t, "Content-Length: %u\r\n\r\n", size);
    for (uint32_t at = 0; at < size;) {
        uint32_t stretch = is_chunked ? 1 + at * 7 % 5000 : size;
        stretch = size - at < stretch ? size - at : stretch;
        if (is_chunked)
            text_printf(&t, "%x\r\n", stretch);
        for (uint32_t i = 0; i < stretch; i++)
            text_put_n(&t, &"abcdefghijklmnopqrstuvw"[(at + i) % 23], 1);
        if (is_chunked)
            text_put(&t, "\r\n");
        at += stretch;
    }
    if (is_chunked)
        text_put(&t, "0\r\n\r\n");
    *length = t.length;
    return bytes;
}

static void large_bodies_take_a_slot(void **state)
{
    (void)state;
    struct room *m = room_new(&limits, "");
    char first[64] = "";
    static const uint32_t sizes[] = {15000, 16384, 17000, 99999, 100000};
    for (uint32_t i = 0; i < COUNT_OF(sizes); i++) {
        for (uint32_t chunked = 0; chunked < 2; chunked++) {
            size_t length;
            char *bytes = large_request(HEAD("POST /large"), sizes[i], chunked != 0, &length);
            struct client *c = ask(m, bytes, length, chunked ? 1460 : 40000);
            char expected[32];
            snprintf(expected, sizeof expected, "%u bytes", sizes[i]);
            const char *body = strstr(c->got, expected);
            if (body == NULL)
                fail_msg("%u bytes, %s: %.300s", sizes[i], chunked ? "chunked" : "counted", c->got);
            if (chunked == 0)
                snprintf(first, sizeof first, "%.60s", body == NULL ? "" : body);
            assert_string_equal(body, first);
            client_free(c);
            free(bytes);
            assert_int_equal(in_use(m, "api: large request bodies"), 0);
        }
    }
    room_free(m);
}

static void slots_are_few_and_come_back(void **state)
{
    (void)state;
    struct room *m = room_new(&limits, "");
    static const char begun[] = HEAD("POST /large") "Content-Length: 50000\r\n\r\nabc";
    struct client *a = ask(m, begun, sizeof begun - 1, 1000), *b = ask(m, begun, sizeof begun - 1, 1000);
    assert_int_equal(in_use(m, "api: large request bodies"), 2);
    struct client *third = ask(m, begun, sizeof begun - 1, 1000);
    assert_memory_equal(third->got, "HTTP/1.1 503", 12);
    assert_non_null(strstr(third->got, "Retry-After: 1\r\n"));
    client_free(third);
    size_t length;
    char *bytes = large_request(HEAD("POST /large"), 30000, true, &length); /* only later known to be large */
    third = ask(m, bytes, length, 1460);
    assert_memory_equal(third->got, "HTTP/1.1 503", 12);
    client_free(third);
    free(bytes);
    client_free(a); /* a client that goes away */
    assert_int_equal(in_use(m, "api: large request bodies"), 1);
    static const char packed[] =
             HEAD("POST /packed") "Content-Encoding: snappy\r\nContent-Length: 3\r\n\r\nabc";
    a = ask(m, packed, sizeof packed - 1, 1000);
    assert_non_null(strstr(a->got, "3 bytes sum 96354 scratch 100000"));
    client_free(a);
    a = ask(m, packed, sizeof packed - 4, 1000); /* set aside before the body comes */
    assert_int_equal(in_use(m, "api: large request bodies"), 2);
    third = ask(m, packed, sizeof packed - 1, 1000);
    assert_memory_equal(third->got, "HTTP/1.1 503", 12);
    client_free(third);
    room_run(m, a, 11000); /* clients that are slow */
    assert_memory_equal(a->got, "HTTP/1.1 408", 12);
    assert_int_equal(in_use(m, "api: large request bodies"), 1);
    assert_int_equal(b->size, 0);
    room_run(m, b, 21000);
    assert_memory_equal(b->got, "HTTP/1.1 408", 12);
    assert_int_equal(in_use(m, "api: large request bodies"), 0);
    client_free(a);
    client_free(b);
    room_free(m);
}

static void who_asks_first_is_told_to_go_on(void **state)
{
    (void)state;
    struct room *m = room_new(&limits, "");
    static const char head[] = HEAD("POST /large") "Expect: 100-continue\r\nContent-Length: 20000\r\n\r\n";
    struct client *c = ask(m, head, sizeof head - 1, 1000);
    assert_string_equal(c->got, "HTTP/1.1 100 Continue\r\n\r\n");
    char *body = calloc(1, 20000);
    client_send(c, body, 20000);
    room_run(m, c, 30);
    assert_non_null(strstr(c->got, "HTTP/1.1 200"));
    free(body);
    client_free(c);
    static const char no[] = HEAD("POST /nowhere") "Expect: 100-continue\r\nContent-Length: 20\r\n\r\n";
    c = ask(m, no, sizeof no - 1, 1000);
    assert_memory_equal(c->got, "HTTP/1.1 404", 12);
    assert_non_null(strstr(c->got, "Connection: close\r\n"));
    client_free(c);
    room_free(m);
}

static void answers_wait_for_the_disk(void **state)
{
    (void)state;
    struct room *m = room_new(&limits, "");
    static const char request[] = HEAD("POST /store") "Content-Length: 2\r\n\r\n{}" NEXT;
    struct client *c = ask(m, request, sizeof request - 1, 1000);
    room_run(m, c, 300);
    assert_memory_equal(c->got, "HTTP/1.1 201", 12);
    assert_non_null(strstr(c->got, "HTTP/1.1 200"));
    assert_true(store_commit_count(m->rig->store) >= store_commit_awaited(m->rig->store));
    client_free(c);
    sim_disk_fail(m->rig->machine, 0, 1000000);
    c = ask(m, request, sizeof request - 1, 1000);
    room_run(m, c, 9000);
    assert_int_equal(c->size, 0);
    room_run(m, c, 2000);
    assert_memory_equal(c->got, "HTTP/1.1 503", 12);
    client_free(c);
    sim_disk_fail(m->rig->machine, 0, 0);
    static const char broken[] = HEAD("POST /later") "Content-Length: 2\r\n\r\n{}";
    c = ask(m, broken, sizeof broken - 1, 1000);
    assert_memory_equal(c->got, "HTTP/1.1 500", 12);
    client_free(c);
    room_free(m);
}

static void a_known_answer_is_not_sent_again(void **state)
{
    (void)state;
    struct room *m = room_new(&limits, "");
    static const char again[] = HEAD("GET /tag") "If-None-Match: W/\"0000000000001234\"\r\n\r\n";
    assert_answers(m, again, ANSWERS("HTTP/1.1 304"), false);
    static const char other[] = HEAD("GET /tag") "If-None-Match: \"0000000000001235\"\r\n\r\n";
    assert_answers(m, other, ANSWERS("HTTP/1.1 200"), false);
    room_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_bodies_lie_behind_their_head),
        cmocka_unit_test(what_is_too_much_or_unclear_is_refused),
        cmocka_unit_test(what_nobody_wants_is_passed_over),
        cmocka_unit_test(large_bodies_take_a_slot),
        cmocka_unit_test(slots_are_few_and_come_back),
        cmocka_unit_test(who_asks_first_is_told_to_go_on),
        cmocka_unit_test(answers_wait_for_the_disk),
        cmocka_unit_test(a_known_answer_is_not_sent_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
