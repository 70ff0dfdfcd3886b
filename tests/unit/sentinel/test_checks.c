/* SPDX-License-Identifier: MIT */
/* Checks as they are written, addresses and redirects, what an answer says, and what Vultr tells. */
#include "tests/unit/unit.h"

#include <string.h>

#include "aggregator/sentinel/address.h"
#include "aggregator/sentinel/vultr.h"

static void only_addresses_that_can_be_looked_at_are_taken(void **state)
{
    static const char *const good[] = {
        "http://a", "https://a.example/x?y#z", "https://[2001:db8::1]:8443/", "tls://mail.example:993",
        "tcp://10.0.0.1:22", "tcp://[::1]:1", "dns://a.example"};
    static const char *const bad[] = {
        "", "a.example", "ftp://a", "http://", "http:///x", "https://user@a/", "https://a b/", "https://a\n",
        "tls://a", "tcp://a:0", "tcp://a:65536", "tcp://a:1/", "tcp://a:x", "dns://a:53", "dns://a/x",
        "tcp://:1",
        "http://[::1", "http://[]/", "http://a:/", "file:///etc/passwd"};
    (void)state;
    for (uint32_t i = 0; i < COUNT_OF(good); i++)
        if (!address_allowed(good[i]))
            fail_msg("refused: %s", good[i]);
    for (uint32_t i = 0; i < COUNT_OF(bad); i++)
        if (address_allowed(bad[i]))
            fail_msg("taken: %s", bad[i]);
}

static void redirects_lead_where_browsers_go(void **state)
{
    static const struct {
        const char *base, *location, *to;
    } cases[] = {
        {"https://a/b/c", "https://d/", "https://d/"},
        {"https://a/b/c", "HTTP://d/e", "http://d/e"},
        {"https://a:8/b/c?q", "/x", "https://a:8/x"},
        {"https://a/b/c?q", "x", "https://a/b/x"},
        {"https://a", "x", "https://a/x"},
        {"https://a/b/c?q", "?r=1", "https://a/b/c?r=1"},
        {"https://a", "?r=1", "https://a/?r=1"},
        {"http://a/b", "//d/e", "http://d/e"},
        {"http://a/b", "/x#there", "http://a/x"},
        {"http://a/b", "", NULL},
        {"http://a/b", "#there", NULL},
        {"http://a/b", "ftp://d/", NULL},
        {"http://a/b", "javascript:alert(1)", NULL},
        {"http://a/b", "tcp://10.0.0.1:22", NULL},
        {"http://a/b", "dns://x", NULL},
        {"http://a/b", "http://user:secret@d/", NULL},
        {"http://a/b", "/x y", NULL},
    };
    (void)state;
    for (uint32_t i = 0; i < COUNT_OF(cases); i++) {
        char to[64];
        int err = address_follow(cases[i].base, cases[i].location, to, sizeof to);
        assert_int_equal(err, cases[i].to != NULL ? ERR_OK : ERR_MALFORMED);
        if (cases[i].to != NULL)
            assert_string_equal(to, cases[i].to);
    }
    char small[12];
    assert_int_equal(address_follow("http://a/b", "/0123456789", small, sizeof small), ERR_FULL);
}

static void checks_are_read_as_they_were_written(void **state)
{
    static struct check_set set, again;
    char words[300], text[4000];
    struct text why, out;
    static const char *const lines[][2] = {
        {"url", "https://shop.example/health?x=1"}, {"contains", "\"status\":\"ok\""}, {"status", "204"},
        {"interval", "90s"}, {"timeout", "2s"}, {"degraded", "500ms"}, {"unhealthy", "2s"},
        {"instance", "web-1"}, {"ca_file", "/etc/ca.pem"}};
    (void)state;
    text_init(&why, words, sizeof words);
    text_init(&out, text, sizeof text);
    check_init(&set.checks[0], "shop", CHECK_FROM_API);
    check_init(&set.checks[1], "plain", CHECK_FROM_API);
    check_init(&set.checks[2], "of-the-file", CHECK_FROM_FILE);
    set.count = 3;
    for (uint32_t i = 0; i < COUNT_OF(lines); i++)
        assert_int_equal(check_set_key(&set.checks[0], lines[i][0], lines[i][1], "here", &why), ERR_OK);
    assert_int_equal(check_set_key(&set.checks[1], "url", "tcp://a:1", "here", &why), ERR_OK);
    assert_int_equal(check_check(&set.checks[0], &why), ERR_OK);
    checks_print(&set, &out);
    assert_int_equal(checks_parse(&again, text, out.length, CHECK_FROM_API, &why), 0);
    assert_int_equal(again.count, 2);
    assert_memory_equal(&again.checks[0], &set.checks[0], sizeof set.checks[0]);
    assert_memory_equal(&again.checks[1], &set.checks[1], sizeof set.checks[1]);
    /* one of a name that is there already is passed over, with all of its lines */
    assert_int_equal(checks_parse(&again, text, out.length, CHECK_FROM_API, &why), 0);
    assert_int_equal(again.count, 2);
}

static void what_cannot_be_is_refused_with_words(void **state)
{
    static const struct {
        const char *key, *value, *words;
    } lines[] = {
        {"interval", "1s", "here: interval = 1s is not a time of 5000 ms"},
        {"timeout", "1", "here: timeout = 1 is not a time"},
        {"status", "99", "here: status = 99 is no status of HTTP"},
        {"intervall", "5s", "here: a check has no key intervall (did you mean interval?)"},
    };
    static const struct {
        const char *key, *value, *words;
    } wholes[] = {
        {"url", "", "[check.x]: needs url"},
        {"url", "gopher://a", "[check.x]: the url is none of"},
        {"url", "tcp://a:1", "[check.x]: contains is for"},
        {"degraded", "5s", "[check.x]: degraded must not be longer"},
        {"instance", "a b", "[check.x]: instance is no id"},
    };
    (void)state;
    for (uint32_t i = 0; i < COUNT_OF(lines) + COUNT_OF(wholes); i++) {
        bool is_line = i < COUNT_OF(lines);
        struct check c;
        char words[300];
        struct text why;
        text_init(&why, words, sizeof words);
        check_init(&c, "x", CHECK_FROM_FILE);
        (void)text_copy(c.url, sizeof c.url, "https://a");
        (void)text_copy(c.contains, sizeof c.contains, "ok");
        const char *key = is_line ? lines[i].key : wholes[i - COUNT_OF(lines)].key;
        const char *value = is_line ? lines[i].value : wholes[i - COUNT_OF(lines)].value;
        int err = check_set_key(&c, key, value, "here", &why);
        if (!is_line) {
            assert_int_equal(err, ERR_OK);
            err = check_check(&c, &why);
        }
        assert_int_equal(err, ERR_MALFORMED);
        assert_true(text_starts(words, is_line ? lines[i].words : wholes[i - COUNT_OF(lines)].words));
    }
}

/* --- what an answer says --- */

static struct finding look(struct check *c, uint32_t status, const char *body, uint32_t ms,
                           uint64_t earlier_us)
{
    struct finding f;
    struct plat_answer a = {.status = status, .body = body, .body_size = (uint32_t)strlen(body)};
    (void)text_copy(a.why, sizeof a.why, "no answer in time");
    a.times.over_us = ms * 1000;
    judge_look(c, &a, earlier_us, &f);
    return f;
}

static void bands_and_expectations(void **state)
{
    struct check c;
    (void)state;
    check_init(&c, "x", CHECK_FROM_FILE);
    (void)text_copy(c.url, sizeof c.url, "https://a");
    assert_int_equal(look(&c, 200, "", 999, 0).health, HEALTHY);
    assert_string_equal(look(&c, 200, "", 999, 0).words, "");
    assert_int_equal(look(&c, 200, "", 1000, 0).health, DEGRADED);
    assert_int_equal(look(&c, 200, "", 3000, 0).health, DEGRADED);
    assert_int_equal(look(&c, 200, "", 3001, 0).health, UNHEALTHY);
    assert_string_equal(look(&c, 200, "", 3001, 0).words, "High latency: 3001ms");
    assert_int_equal(look(&c, 200, "", 900, 200000).health, DEGRADED); /* redirects count */
    assert_int_equal(look(&c, 404, "", 1, 0).health, UNHEALTHY);
    assert_string_equal(look(&c, 404, "", 1, 0).words, "HTTP 404");
    assert_int_equal(look(&c, 0, "", 1, 0).health, UNHEALTHY);
    assert_string_equal(look(&c, 0, "", 1, 0).words, "no answer in time");
    assert_false(look(&c, 0, "", 1, 0).has_answer);
    c.status = 404;
    assert_int_equal(look(&c, 404, "", 1, 0).health, HEALTHY);
    assert_string_equal(look(&c, 200, "", 1, 0).words, "HTTP 200, 404 is expected");
    c.status = 0;
    (void)text_copy(c.contains, sizeof c.contains, "aab");
    assert_int_equal(look(&c, 200, "xaaab", 1, 0).health, HEALTHY);
    assert_int_equal(look(&c, 200, "xaaa", 1, 0).health, UNHEALTHY);
    assert_int_equal(look(&c, 200, "aa", 1, 0).health, UNHEALTHY);
    assert_string_equal(look(&c, 200, "aa", 1, 0).words, "the answer does not have \"aab\" in it");
}

static void a_redirect_that_is_expected_is_no_redirect(void **state)
{
    struct check c;
    const struct plat_answer moved = {.status = 301}, unchanged = {.status = 304};
    (void)state;
    check_init(&c, "x", CHECK_FROM_FILE);
    (void)text_copy(c.url, sizeof c.url, "https://a");
    assert_true(judge_is_redirect(&c, &moved));
    assert_false(judge_is_redirect(&c, &unchanged));
    c.status = 301;
    assert_false(judge_is_redirect(&c, &moved));
}

/* --- what Vultr tells --- */

static char pool[VULTR_POOL_SIZE];

static int read_page(const char *text, struct vultr_page *page, char words[static 200])
{
    static char bytes[8192];
    struct text why;
    text_init(&why, words, 200);
    memcpy(bytes, text, strlen(text));
    return vultr_read_page(pool, bytes, (uint32_t)strlen(text), page, &why);
}

static void a_page_is_read_and_secrets_are_left(void **state)
{
    static struct vultr_page page;
    char words[200];
    (void)state;
    assert_int_equal(
        read_page("{\"instances\":[{\"id\":\"4f0f12e5-1f84-404f-aa84-85f431ea5ec2\",\"os\":\"Debian 12 x64\","
                  "\"ram\":2048,\"disk\":55,\"main_ip\":\"192.0.2.7\",\"vcpu_count\":2,\"region\":\"ewr\","
                  "\"plan\":\"vc2-1c-2gb\",\"status\":\"active\",\"power_status\":\"running\","
                  "\"server_status\":\"ok\",\"allowed_bandwidth\":1500,\"label\":\"web \\u202e1\","
                  "\"hostname\":\"web\",\"default_password\":\"s3cret\",\"kvm\":\"https://kvm/s3cret\"},"
                  "{\"id\":\"../etc\"},{\"label\":\"no id\"},7,"
                  "{\"id\":\"a\",\"v6_main_ip\":\"2001:db8::1\"},"
                  "{\"id\":\"b\",\"v6_networks\":[{\"network\":\"2001:db8::\",\"main_ip\":\"2001:db8::2\"}]},"
                  "{\"id\":\"c\",\"v6_main_ip\":\"\",\"v6_networks\":[]},{\"id\":\"d\",\"v6_networks\":{}}],"
                  "\"meta\":{\"total\":2,\"links\":{\"next\":\"WxYz==\",\"prev\":\"\"}}}", &page, words),
        ERR_OK);
    assert_int_equal(page.count, 5);
    assert_int_equal(page.left_out, 3);
    assert_string_equal(page.next, "WxYz==");
    assert_string_equal(page.servers[1].address_v6, "2001:db8::1"); /* as in examples, and as in the schema */
    assert_string_equal(page.servers[2].address_v6, "2001:db8::2");
    assert_string_equal(page.servers[3].address_v6, "");
    assert_string_equal(page.servers[4].address_v6, "");
    const struct vultr_server *s = &page.servers[0];
    assert_string_equal(s->label, "web ???1"); /* marks that turn writing around */
    assert_string_equal(s->address, "192.0.2.7");
    assert_int_equal(s->allowance_gb, 1500);
    assert_int_equal(vultr_health(s), HEALTHY);
    const char *raw = (const char *)&page;
    for (uint32_t i = 0; i + 6 < sizeof page; i++)
        assert_int_not_equal(memcmp(raw + i, "s3cret", 6), 0);
}

static void what_is_no_page_says_so(void **state)
{
    static struct vultr_page page;
    static const struct {
        const char *text, *words;
    } cases[] = {
        {"<html><body>Bad gateway</body></html>", "it answers with a page of HTML"},
        {"{\"instances\":[{\"id\":\"a\"", "its answer is no JSON, or was cut off"},
        {"[]", "its answer is JSON of another shape"},
        {"{\"instances\":7,\"meta\":{}}", "its answer has no list of instances"},
        {"{\"instances\":[]}", "its answer has no list of instances"},
        {"{\"instances\":[],\"meta\":{\"links\":{\"next\":7}}}", "it names no next page"},
    };
    (void)state;
    for (uint32_t i = 0; i < COUNT_OF(cases); i++) {
        char words[200];
        assert_int_equal(read_page(cases[i].text, &page, words), ERR_MALFORMED);
        assert_true(text_starts(words, cases[i].words));
    }
}

static void words_of_a_server_that_we_do_not_know_are_no_fault(void **state)
{
    static const struct {
        const char *status, *power, *server;
        enum check_health health;
    } cases[] = {
        {"active", "running", "ok", HEALTHY},        {"active", "running", "none", HEALTHY},
        {"active", "running", "levitating", HEALTHY}, {"active", "stopped", "ok", UNHEALTHY},
        {"suspended", "running", "ok", UNHEALTHY},   {"pending", "stopped", "none", DEGRADED},
        {"active", "running", "installingbooting", DEGRADED}, {"resizing", "stopped", "locked", DEGRADED},
        {"new-word", "running", "ok", DEGRADED},     {"active", "new-word", "ok", DEGRADED},
        {"", "", "", DEGRADED}};
    (void)state;
    for (uint32_t i = 0; i < COUNT_OF(cases); i++) {
        struct vultr_server s = {.id = "a"};
        (void)text_copy(s.status, sizeof s.status, cases[i].status);
        (void)text_copy(s.power, sizeof s.power, cases[i].power);
        (void)text_copy(s.state, sizeof s.state, cases[i].server);
        assert_int_equal(vultr_health(&s), cases[i].health);
    }
}

static void bandwidth_is_that_of_the_month(void **state)
{
    char words[200], bytes[400];
    struct text why;
    struct vultr_bandwidth b;
    const char *text = "{\"bandwidth\":{\"2026-01-31\":{\"incoming_bytes\":1000,\"outgoing_bytes\":1000},"
                       "\"2026-02-01\":{\"incoming_bytes\":1,\"outgoing_bytes\":20},"
                       "\"2026-02-02\":{\"incoming_bytes\":3,\"outgoing_bytes\":40,\"more\":[]},"
                       "\"2026-02-03\":{\"incoming_bytes\":-3,\"outgoing_bytes\":\"x\"}}}";
    (void)state;
    text_init(&why, words, sizeof words);
    memcpy(bytes, text, strlen(text));
    assert_int_equal(vultr_read_bandwidth(pool, bytes, (uint32_t)strlen(text), "2026-02-", &b, &why), ERR_OK);
    assert_int_equal(b.incoming_bytes, 4);
    assert_int_equal(b.outgoing_bytes, 60);
    memcpy(bytes, "{\"bandwidth\":[]}", 16);
    assert_int_equal(vultr_read_bandwidth(pool, bytes, 16, "2026-02-", &b, &why), ERR_OK);
    assert_int_equal(b.outgoing_bytes, 0);
}

static void an_error_says_what_it_says(void **state)
{
    char words[200], bytes[200] = "{\"error\":\"Invalid API token.\",\"status\":401}";
    struct text out;
    (void)state;
    text_init(&out, words, sizeof words);
    vultr_read_error(pool, bytes, (uint32_t)strlen(bytes), 401, &out);
    assert_string_equal(words, "HTTP 401: Invalid API token.");
    text_clear(&out);
    memcpy(bytes, "<html>", 6);
    vultr_read_error(pool, bytes, 6, 502, &out);
    assert_string_equal(words, "HTTP 502");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_addresses_that_can_be_looked_at_are_taken),
        cmocka_unit_test(redirects_lead_where_browsers_go),
        cmocka_unit_test(checks_are_read_as_they_were_written),
        cmocka_unit_test(what_cannot_be_is_refused_with_words),
        cmocka_unit_test(bands_and_expectations),
        cmocka_unit_test(a_redirect_that_is_expected_is_no_redirect),
        cmocka_unit_test(a_page_is_read_and_secrets_are_left),
        cmocka_unit_test(what_is_no_page_says_so),
        cmocka_unit_test(words_of_a_server_that_we_do_not_know_are_no_fault),
        cmocka_unit_test(bandwidth_is_that_of_the_month),
        cmocka_unit_test(an_error_says_what_it_says),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
