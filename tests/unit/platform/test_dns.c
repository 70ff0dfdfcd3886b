/* SPDX-License-Identifier: MIT */
/* DNS messages, /etc/hosts and /etc/resolv.conf, well-formed and hostile. */
#include "platform/linux/dns.c"

#include "tests/unit/unit.h"

struct message {
    uint8_t bytes[512];
    uint32_t size;
};

static void put(struct message *m, const void *bytes, uint32_t size)
{
    memcpy(m->bytes + m->size, bytes, size);
    m->size += size;
}

static void put_be16(struct message *m, uint32_t v)
{
    put(m, (const uint8_t[]){(uint8_t)(v >> 8), (uint8_t)v}, 2);
}

/* The answer's head: our question, turned into an answer with so many records. */
static struct message answer_to(const char *name, enum dns_type type, uint32_t records)
{
    struct message m = {0};
    uint8_t question[DNS_QUESTION_SIZE_MAX];
    int n = dns_put_question(question, 0x1234, name, type);
    assert_true(n > 0);
    put(&m, question, (uint32_t)n);
    m.bytes[2] = 0x81;
    m.bytes[3] = 0x80;
    m.bytes[7] = (uint8_t)records;
    return m;
}

/* A record whose owner is the name at `owner` (by pointer). */
static void put_record(struct message *m, uint32_t owner, uint32_t type, const void *data, uint32_t size)
{
    put_be16(m, 0xc000 | owner);
    put_be16(m, type);
    put_be16(m, CLASS_IN);
    put(m, "\0\0\0\74", 4);
    put_be16(m, size);
    put(m, data, size);
}

/* Through a copy of exactly its size. */
static int parse(const struct message *m, const char *name, enum dns_type type, struct ip *out, uint32_t max)
{
    uint8_t *exact = unit_exact(m->bytes, m->size);
    int n = dns_parse_answer(exact, m->size, 0x1234, name, type, out, max);
    free(exact);
    return n;
}

static const uint8_t v4[] = {192, 0, 2, 7};
static const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8, [15] = 9};

static void test_question(void **state)
{
    (void)state;
    uint8_t q[DNS_QUESTION_SIZE_MAX];
    static const uint8_t expected[] = {0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 'a', 'b',
                                       3,    'c', 'o', 'm', 0, 0, 28, 0, 1};
    assert_int_equal(dns_put_question(q, 0x1234, "ab.com", DNS_AAAA), sizeof expected);
    assert_memory_equal(q, expected, sizeof expected);
    assert_int_equal(dns_put_question(q, 1, "ab.com.", DNS_A), sizeof expected);
    assert_int_equal(dns_put_question(q, 1, "", DNS_A), ERR_MALFORMED);
    assert_int_equal(dns_put_question(q, 1, ".", DNS_A), ERR_MALFORMED);
    assert_int_equal(dns_put_question(q, 1, "a..b", DNS_A), ERR_MALFORMED);
    char name[DNS_NAME_SIZE + 8];
    memset(name, 'a', 64);
    name[64] = '\0';
    assert_int_equal(dns_put_question(q, 1, name, DNS_A), ERR_MALFORMED);
    for (uint32_t i = 0; i < 256; i++)
        name[i] = i % 2 == 1 ? '.' : 'x';
    name[253] = '\0';
    assert_int_equal(dns_put_question(q, 1, name, DNS_A), 12 + 255 + 4);
    name[253] = '.';
    name[254] = 'x';
    name[255] = '\0';
    assert_int_equal(dns_put_question(q, 1, name, DNS_A), ERR_MALFORMED);
}

static void test_addresses(void **state)
{
    (void)state;
    struct ip out[2];
    struct message m = answer_to("agg.example.com", DNS_A, 2);
    put_record(&m, 12, DNS_A, v4, 4);
    put_record(&m, 12, DNS_A, "\12\0\0\1", 4);
    assert_int_equal(parse(&m, "AGG.example.com", DNS_A, out, 2), 2);
    assert_int_equal(out[0].family, 4);
    assert_memory_equal(out[0].bytes, v4, 4);
    assert_memory_equal(out[1].bytes, "\12\0\0\1", 4);
    assert_int_equal(parse(&m, "agg.example.com", DNS_A, out, 1), 1);
    m = answer_to("agg.example.com", DNS_AAAA, 1);
    put_record(&m, 12, DNS_AAAA, v6, 16);
    assert_int_equal(parse(&m, "agg.example.com", DNS_AAAA, out, 2), 1);
    assert_int_equal(out[0].family, 6);
    assert_memory_equal(out[0].bytes, v6, 16);
    m = answer_to("agg.example.com", DNS_AAAA, 0);
    assert_int_equal(parse(&m, "agg.example.com", DNS_AAAA, out, 2), 0);
}

static void test_aliases(void **state)
{
    (void)state;
    struct ip out[2];
    struct message m = answer_to("a.example.com", DNS_A, 3);
    uint32_t alias_at = m.size + 12;
    put_record(&m, 12, DNS_CNAME, "\1b\xc0\16", 4); /* b.example.com, by a pointer to "example" */
    put_record(&m, alias_at, DNS_A, v4, 4);
    put_record(&m, 12, DNS_A, "\1\1\1\1", 4); /* a.example.com is an alias: this is nobody's */
    assert_int_equal(parse(&m, "a.example.com", DNS_A, out, 2), 1);
    assert_memory_equal(out[0].bytes, v4, 4);
}

static void test_what_is_no_answer(void **state)
{
    (void)state;
    struct ip out[2];
    struct message good = answer_to("a.example.com", DNS_A, 1), m;
    put_record(&good, 12, DNS_A, v4, 4);
    assert_int_equal(parse(&good, "a.example.com", DNS_A, out, 2), 1);
    assert_int_equal(parse(&good, "b.example.com", DNS_A, out, 2), ERR_MALFORMED);
    assert_int_equal(parse(&good, "a.example.com", DNS_AAAA, out, 2), ERR_MALFORMED);
    m = good;
    m.bytes[1] ^= 1; /* another id */
    assert_int_equal(parse(&m, "a.example.com", DNS_A, out, 2), ERR_MALFORMED);
    m = good;
    m.bytes[2] &= 0x7f; /* a question */
    assert_int_equal(parse(&m, "a.example.com", DNS_A, out, 2), ERR_MALFORMED);
    m = good;
    m.bytes[3] |= 3;
    assert_int_equal(parse(&m, "a.example.com", DNS_A, out, 2), ERR_MISSING);
    m = good;
    m.bytes[3] |= 2;
    assert_int_equal(parse(&m, "a.example.com", DNS_A, out, 2), ERR_SYSTEM);
    m = good;
    m.bytes[m.size - 5] = 5; /* longer than the message */
    assert_int_equal(parse(&m, "a.example.com", DNS_A, out, 2), 0);
    m = answer_to("a.example.com", DNS_A, 1);
    put_record(&m, 12, DNS_A, v6, 16); /* an address of the wrong size */
    assert_int_equal(parse(&m, "a.example.com", DNS_A, out, 2), 0);
}

/* Pointers that go round, forward or out. */
static void test_pointers(void **state)
{
    (void)state;
    struct ip out[2];
    for (uint32_t target = 0; target < 128; target++) {
        struct message m = answer_to("a.example.com", DNS_A, 1);
        put_record(&m, target, DNS_A, v4, 4);
        int n = parse(&m, "a.example.com", DNS_A, out, 2);
        assert_int_equal(n, target == 12 ? 1 : 0);
        char name[DNS_NAME_SIZE];
        m.bytes[12] = 0xc0;
        m.bytes[13] = (uint8_t)target;
        uint8_t *exact = unit_exact(m.bytes, m.size);
        if (target >= 12)
            assert_int_equal(take_name(exact, m.size, 12, name), 0);
        free(exact);
    }
}

static void test_any_bytes(void **state)
{
    (void)state;
    uint64_t seed = 7;
    struct ip out[4];
    struct message good = answer_to("a.example.com", DNS_A, 3);
    put_record(&good, 12, DNS_CNAME, "\1b\xc0\16", 4);
    put_record(&good, good.size - 4, DNS_A, v4, 4);
    put_record(&good, 12, DNS_AAAA, v6, 16);
    for (int i = 0; i < 200000; i++) {
        struct message m = good;
        for (uint64_t k = unit_random(&seed) % 4; k-- > 0;)
            m.bytes[unit_random(&seed) % m.size] = (uint8_t)unit_random(&seed);
        m.size = (uint32_t)(unit_random(&seed) % (good.size + 1));
        int n = parse(&m, "a.example.com", DNS_A, out, 4);
        assert_true(n >= ERR_BUSY && n <= 4);
    }
}

static bool hosts(const char *line, const char *name, struct ip *out)
{
    char *exact = unit_exact(line, strlen(line));
    bool found = dns_parse_hosts_line(exact, (uint32_t)strlen(line), name, out);
    free(exact);
    return found;
}

static void test_hosts(void **state)
{
    (void)state;
    struct ip ip;
    assert_true(hosts("127.0.0.1\tlocalhost vm", "vm", &ip));
    assert_memory_equal(ip.bytes, "\x7f\0\0\1", 4);
    assert_true(hosts("  2001:db8::9 agg # the aggregator", "AGG", &ip));
    assert_memory_equal(ip.bytes, v6, 16);
    assert_false(hosts("2001:db8::9 agg # the aggregator", "aggregator", &ip));
    assert_false(hosts("# 127.0.0.1 vm", "vm", &ip));
    assert_false(hosts("127.0.0.1", "127.0.0.1", &ip));
    assert_false(hosts("vm 127.0.0.1", "vm", &ip));
    assert_false(hosts("", "vm", &ip));
    assert_true(hosts("10.0.0.1 a b\r", "b", &ip));
}

static void test_config(void **state)
{
    (void)state;
    struct dns_config c;
    char name[DNS_NAME_SIZE];
    static const char text[] = "# made by hand\nnameserver 192.0.2.7\nnameserver 2001:db8::9\n"
                               "nameserver fe80::1%eth0\nnameserver 10.0.0.1 ; third\n"
                               "nameserver 10.0.0.2\nsearch x.example y.example\noptions ndots:2";
    dns_parse_config(text, sizeof text - 1, &c);
    assert_int_equal(c.server_count, 3);
    assert_memory_equal(c.servers[0].bytes, v4, 4);
    assert_memory_equal(c.servers[2].bytes, "\12\0\0\1", 4);
    assert_int_equal(c.search_count, 2);
    assert_true(dns_candidate(&c, "agg", 0, name));
    assert_string_equal(name, "agg.x.example");
    assert_true(dns_candidate(&c, "agg", 2, name));
    assert_string_equal(name, "agg");
    assert_false(dns_candidate(&c, "agg", 3, name));
    assert_true(dns_candidate(&c, "agg.example.com.", 0, name));
    assert_string_equal(name, "agg.example.com");
    assert_false(dns_candidate(&c, "agg.example.com", 1, name));
    dns_parse_config("", 0, &c);
    assert_int_equal(c.server_count, 1);
    assert_memory_equal(c.servers[0].bytes, "\x7f\0\0\1", 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_question), cmocka_unit_test(test_addresses), cmocka_unit_test(test_aliases),
        cmocka_unit_test(test_what_is_no_answer), cmocka_unit_test(test_pointers),
        cmocka_unit_test(test_any_bytes), cmocka_unit_test(test_hosts), cmocka_unit_test(test_config)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
