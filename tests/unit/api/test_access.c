/* SPDX-License-Identifier: MIT */
/* Who is let in, by which role, and who is not: the gate in front of the routes. */
#include "tests/unit/api/room.h"

#include "aggregator/access/login.h"
#include "aggregator/access/secret.h"
#include "aggregator/api/access.h"
#include "aggregator/store/store_access.h"
#include "aggregator/store/store_insights.h"

static const struct api_limits limits = {
    .connections_max = 8, .websockets_max = 2, .bodies_max = 2, .body_size = 65536};

static int set_up(void **state)
{
    *state = room_new(&limits, "");
    return 0;
}

static int tear_down(void **state)
{
    room_free(*state);
    return 0;
}

static void close_door(struct room *m, uint32_t rate_per_s)
{
    api_configure(m->api, &(struct api_options){.token = "", .rate_per_s = rate_per_s});
}

/* The header line of a new token. */
static void grant(struct room *m, const char *name, enum role role, int64_t expires_ms, char line[static 96])
{
    char text[SECRET_TEXT_SIZE];
    struct api_token t = {.role = role, .expires_ms = expires_ms};
    (void)text_copy(t.name, sizeof t.name, name);
    secret_new(m->rig->machine, text, &t);
    assert_true(store_api_token_add(m->rig->store, &t) >= 0);
    snprintf(line, 96, "Authorization: Bearer %s\r\n", text);
}

static void expect(struct room *m, const char *method, const char *path, const char *headers,
                   const char *body, const char *status)
{
    char head[1024], line[32];
    struct client *c = client_new(m);
    int n = snprintf(head, sizeof head,
                     "%s %s HTTP/1.1\r\nHost: 10.0.0.1:8080\r\n%sContent-Length: %u\r\n\r\n%s",
                     method, path, headers, (unsigned)strlen(body), body);
    client_send(c, head, (size_t)n);
    for (uint32_t i = 0; i < 500 && c->size == 0; i++)
        room_run(m, c, 2);
    snprintf(line, sizeof line, "HTTP/1.1 %s", status);
    if (strncmp(c->got, line, strlen(line)) != 0)
        fail_msg("%s %s %s: not %s: %.200s", method, path, headers, status, c->got);
    client_free(c);
}

static void roles_hold_what_they_say(void **state)
{
    (void)state;
    static const struct {
        enum role held, needed;
        bool may;
    } cases[] = {
        {ROLE_INGEST, ROLE_INGEST, true},     {ROLE_INGEST, ROLE_VIEWER, false},
        {ROLE_VIEWER, ROLE_VIEWER, true},     {ROLE_VIEWER, ROLE_INGEST, false},
        {ROLE_VIEWER, ROLE_OPERATOR, false},  {ROLE_OPERATOR, ROLE_INGEST, true},
        {ROLE_OPERATOR, ROLE_VIEWER, true},   {ROLE_OPERATOR, ROLE_ADMIN, false},
        {ROLE_ADMIN, ROLE_ADMIN, true},       {ROLE_ADMIN, ROLE_KEEPER, false},
        {ROLE_KEEPER, ROLE_KEEPER, true},     {ROLE_KEEPER, ROLE_INGEST, true},
        {ROLE_UNSET, ROLE_VIEWER, false},     {ROLE_UNSET, ROLE_INGEST, false},
    };
    for (uint32_t i = 0; i < COUNT_OF(cases); i++)
        assert_int_equal(access_allows(cases[i].held, cases[i].needed), cases[i].may);
    /* A row that says nothing may be read by viewers, and changed by administrators only. */
    struct route r = {.method = HTTP_GET};
    assert_int_equal(access_role_of(&r), ROLE_VIEWER);
    r.method = HTTP_POST;
    assert_int_equal(access_role_of(&r), ROLE_ADMIN);
    r.role = ROLE_INGEST;
    assert_int_equal(access_role_of(&r), ROLE_INGEST);
    assert_int_equal(role_read("admin"), ROLE_KEEPER);
    assert_int_equal(role_read("local"), ROLE_UNSET); /* is not given away */
    assert_int_equal(role_read(""), ROLE_UNSET);
}

static void a_role_opens_its_routes(void **state)
{
    struct room *m = *state;
    char viewer[96], keeper[96], ingest[96];
    close_door(m, 0);
    grant(m, "v", ROLE_VIEWER, 0, viewer);
    grant(m, "k", ROLE_KEEPER, 0, keeper);
    grant(m, "i", ROLE_INGEST, 0, ingest);
    expect(m, "GET", "/instances", "", "", "401");
    expect(m, "GET", "/instances", viewer, "", "200");
    expect(m, "GET", "/instances", ingest, "", "403");
    expect(m, "POST", "/api/v1/access", viewer, "{}", "403");
    expect(m, "POST", "/api/v1/access", keeper, "{}", "400");
    expect(m, "DELETE", "/api/v1/access/v", viewer, "", "403");
    expect(m, "DELETE", "/api/v1/access/v", keeper, "", "200");
    expect(m, "GET", "/instances", viewer, "", "401"); /* at once */
}

static void an_operator_dismisses_an_insight(void **state)
{
    struct room *m = *state;
    char viewer[96], operator[96], path[96];
    struct insight_filter any = {.type = -1, .severity = -1, .instance = "", .before_ms = INT64_MAX,
                                 .before = INT64_MAX};
    struct insight in = {.type = INSIGHT_PATTERN, .key = "p", .title = "web-4 is idle"};
    struct audit_entry entry;
    assert_int_equal(store_insight_put(m->rig->store, &in), ERR_OK);
    assert_int_equal(store_commit(m->rig->store), ERR_OK);
    assert_int_equal(store_insight_list(m->rig->store, &any, &in, 1), 1);
    snprintf(path, sizeof path, "/api/v1/insights/%s", in.id);
    close_door(m, 0);
    grant(m, "v", ROLE_VIEWER, 0, viewer);
    grant(m, "o", ROLE_OPERATOR, 0, operator);
    expect(m, "DELETE", path, viewer, "", "403");
    expect(m, "DELETE", "/api/v1/insights/nobody", operator, "", "404");
    expect(m, "DELETE", path, operator, "", "200");
    assert_int_equal(store_insight_list(m->rig->store, &any, &in, 1), 0);
    assert_int_equal(store_audit_before(m->rig->store, INT64_MAX, &entry), 1);
    assert_string_equal(entry.who, "o");
    assert_string_equal(entry.what, "dismissed the insight \"web-4 is idle\"");
}

static void a_token_ends_at_its_time(void **state)
{
    struct room *m = *state;
    char line[96];
    close_door(m, 0);
    grant(m, "t", ROLE_VIEWER, wall_ms(plat_wall(m->rig->machine)) + 60000, line);
    expect(m, "GET", "/instances", line, "", "200");
    sim_advance(m->rig->world, 60 * NS_PER_S);
    expect(m, "GET", "/instances", line, "", "401");
}

static void the_open_door_does_not_give_keys_away(void **state)
{
    struct room *m = *state;
    expect(m, "GET", "/instances", "", "", "200");
    expect(m, "GET", "/api/v1/access", "", "", "403");
    expect(m, "POST", "/api/v1/access", "", "{\"name\":\"x\",\"role\":\"admin\"}", "403");
    expect(m, "POST", "/api/v1/tokens", "", "{}", "403");
    expect(m, "POST", "/api/v1/agents/x/revoke", "", "", "403");
    expect(m, "GET", "/api/v1/audit", "", "", "403");
    /* Who says who he is must be that. */
    expect(m, "GET", "/instances", "Authorization: Bearer wrong\r\n", "", "401");
}

static void pages_of_others_change_nothing(void **state)
{
    struct room *m = *state;
    static const char *const foreign[] = {
        "Origin: https://evil.example\r\n", "Origin: http://203.0.113.9\r\n", "Origin: null\r\n",
        "Sec-Fetch-Site: cross-site\r\n",   "Origin: http://10.0.0.1.evil.example\r\n"};
    for (uint32_t i = 0; i < COUNT_OF(foreign); i++)
        expect(m, "DELETE", "/api/v1/session", foreign[i], "", "403");
    expect(m, "DELETE", "/api/v1/session", "Origin: http://localhost:3000\r\n", "", "204");
    expect(m, "DELETE", "/api/v1/session", "Origin: http://10.0.0.1:3000\r\n", "", "204");
}

static void too_many_are_told_to_wait(void **state)
{
    struct room *m = *state;
    char line[96];
    close_door(m, 1); /* one a second, four at once */
    grant(m, "t", ROLE_VIEWER, 0, line);
    for (uint32_t i = 0; i < 4; i++)
        expect(m, "GET", "/instances", line, "", "200");
    expect(m, "GET", "/instances", line, "", "429");
    sim_advance(m->rig->world, 2 * NS_PER_S);
    expect(m, "GET", "/instances", line, "", "200");
}

static void guessing_is_slow(void **state)
{
    struct room *m = *state;
    char line[96];
    close_door(m, 0);
    grant(m, "t", ROLE_VIEWER, 0, line);
    for (uint32_t i = 0; i < 10; i++)
        expect(m, "GET", "/instances", "Authorization: Bearer wrong\r\n", "", "401");
    expect(m, "GET", "/instances", "Authorization: Bearer wrong\r\n", "", "429");
    expect(m, "POST", "/api/v1/session", "", "{\"token\":\"wrong\"}", "429");
    sim_advance(m->rig->world, 10 * NS_PER_S);
    expect(m, "GET", "/instances", line, "", "200");
}

static void what_cannot_be_noted_is_not_done(void **state)
{
    struct room *m = *state;
    char keeper[96];
    struct audit_entry e = {.result = 200};
    close_door(m, 0);
    grant(m, "k", ROLE_KEEPER, 0, keeper);
    assert_int_equal(store_commit(m->rig->store), ERR_OK);
    sim_disk_full(m->rig->machine, true);
    while (store_audit(m->rig->store, &e) == ERR_OK)
        ;
    expect(m, "DELETE", "/api/v1/access/k", keeper, "", "503");
    assert_true(store_api_token_named(m->rig->store, "k") >= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roles_hold_what_they_say),
        cmocka_unit_test_setup_teardown(a_role_opens_its_routes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_operator_dismisses_an_insight, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_token_ends_at_its_time, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_open_door_does_not_give_keys_away, set_up, tear_down),
        cmocka_unit_test_setup_teardown(pages_of_others_change_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(too_many_are_told_to_wait, set_up, tear_down),
        cmocka_unit_test_setup_teardown(guessing_is_slow, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_noted_is_not_done, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
