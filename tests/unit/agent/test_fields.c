/* SPDX-License-Identifier: MIT */
/* Texts of names and numbers: /proc/vmstat, /proc/net/snmp, /proc/net/netstat, /proc/net/sockstat. */
#include "agent/collect/fields.c"

#include "agent/collect/snmp.h"
#include "agent/collect/sockstat.h"
#include "agent/collect/vmstat.h"
#include "tests/unit/agent/fixture.h"

#define READ(host, name, parse, reading)          \
    do {                                          \
        struct fixture f = fixture_read(host, name); \
        parse(f.text, f.length, reading);         \
        free(f.text);                             \
    } while (0)

static void paging(void **state)
{
    (void)state;
    struct vmstat_reading r;
    READ("vm-x86_64-6.1", "vmstat", vmstat_parse, &r);
    const uint64_t counts[VMSTAT_FIELD_COUNT] = {402, 9120, 33120, 3};
    assert_memory_equal(r.counts, counts, sizeof counts);
    assert_true(r.has[VMSTAT_OOM_KILLS]);
    READ("old-x86_64-3.10", "vmstat", vmstat_parse, &r);
    assert_int_equal(r.counts[VMSTAT_MAJOR_FAULTS], 88120);
    assert_false(r.has[VMSTAT_OOM_KILLS]); /* not told before 4.13 */
}

static void tcp_and_udp(void **state)
{
    (void)state;
    struct snmp_reading r;
    READ("vm-x86_64-6.1", "net/snmp", snmp_parse, &r);
    const uint64_t values[SNMP_FIELD_COUNT] = {9120, 40211, 812, 331,    42,     8120441, 9120331, 4021,
                                               3,    1203,  402113, 399012, 88,     12,      7,       2};
    assert_memory_equal(r.values, values, sizeof values);
    READ("storage-x86_64-5.15", "net/snmp", snmp_parse, &r);
    assert_true(r.values[SNMP_TCP_SEGMENTS_OUT] == UINT64_C(991203312044));
    READ("old-x86_64-3.10", "net/snmp", snmp_parse, &r);
    assert_int_equal(r.values[SNMP_UDP_DATAGRAMS_OUT], 799);
    for (uint32_t i = 0; i < SNMP_FIELD_COUNT; i++)
        assert_true(r.has[i]);
}

static void listeners(void **state)
{
    (void)state;
    struct netstat_reading r;
    READ("vm-x86_64-6.1", "net/netstat", netstat_parse, &r);
    assert_int_equal(r.values[NETSTAT_LISTEN_OVERFLOWS], 31);
    assert_int_equal(r.values[NETSTAT_LISTEN_DROPS], 44);
    READ("board-armv7-4.19", "net/netstat", netstat_parse, &r);
    assert_int_equal(r.values[NETSTAT_LISTEN_OVERFLOWS], UINT32_MAX);
}

static void sockets(void **state)
{
    (void)state;
    struct sockstat_reading r;
    READ("storage-x86_64-5.15", "net/sockstat", sockstat_parse, &r);
    const uint64_t counts[SOCKSTAT_FIELD_COUNT] = {120441, 40201, 812, 88120, 91204, 331, 0, 0};
    assert_memory_equal(r.counts, counts, sizeof counts);
    assert_false(r.has[SOCKSTAT_TCP6]);
    READ("storage-x86_64-5.15", "net/sockstat6", sockstat_parse, &r);
    assert_int_equal(r.counts[SOCKSTAT_TCP6], 12);
    assert_int_equal(r.counts[SOCKSTAT_UDP6], 44);
    assert_false(r.has[SOCKSTAT_TCP]);
}

static void odd_columns(void **state)
{
    (void)state;
    struct snmp_reading r;
    static const char fewer[] = "Tcp: InSegs OutSegs\nTcp: 7\nUdp: NoPorts\nUdp: 9\n";
    snmp_parse(fewer, sizeof fewer - 1, &r);
    assert_true(r.has[SNMP_TCP_SEGMENTS_IN] && !r.has[SNMP_TCP_SEGMENTS_OUT] && r.has[SNMP_UDP_NO_PORTS]);
    static const char foreign[] = "Tcp: InSegs\nUdp: 7\nUdp: NoPorts\nUdp: 9\n"; /* out of step */
    snmp_parse(foreign, sizeof foreign - 1, &r);
    assert_false(r.has[SNMP_TCP_SEGMENTS_IN] || r.has[SNMP_UDP_NO_PORTS]);
    static const char wrong_group[] = "Udp: InSegs\nUdp: 7\n";
    snmp_parse(wrong_group, sizeof wrong_group - 1, &r);
    assert_false(r.has[SNMP_TCP_SEGMENTS_IN]);
    static const char no_number[] = "Tcp: InSegs OutSegs\nTcp: -7 5x\n";
    snmp_parse(no_number, sizeof no_number - 1, &r);
    assert_false(r.has[SNMP_TCP_SEGMENTS_IN] || r.has[SNMP_TCP_SEGMENTS_OUT]);
}

/* A cut text may tell less, never something else: for each of the four. */
#define CUT(name, parse, type, values)                                                      \
    static void name##_cut(const struct fixture *whole, const char *cut, uint32_t length)   \
    {                                                                                       \
        struct type all, some;                                                              \
        parse(whole->text, whole->length, &all);                                            \
        parse(cut, length, &some);                                                          \
        for (uint32_t i = 0; i < COUNT_OF(some.has); i++)                                   \
            assert_true(!some.has[i] || some.values[i] == all.values[i]);                   \
    }
CUT(vmstat, vmstat_parse, vmstat_reading, counts)
CUT(snmp, snmp_parse, snmp_reading, values)
CUT(netstat, netstat_parse, netstat_reading, values)
CUT(sockstat, sockstat_parse, sockstat_reading, counts)

static void a_cut_text_tells_nothing_wrong(void **state)
{
    (void)state;
    fixture_cut("vmstat", vmstat_cut);
    fixture_cut("net/snmp", snmp_cut);
    fixture_cut("net/netstat", netstat_cut);
    fixture_cut("net/sockstat", sockstat_cut);
}

static void harm(const char *text, uint32_t length)
{
    struct vmstat_reading vmstat;
    struct snmp_reading snmp;
    struct netstat_reading netstat;
    struct sockstat_reading sockstat;
    vmstat_parse(text, length, &vmstat);
    snmp_parse(text, length, &snmp);
    netstat_parse(text, length, &netstat);
    sockstat_parse(text, length, &sockstat);
    for (uint32_t i = 0; i < SNMP_FIELD_COUNT; i++)
        assert_true(snmp.has[i] || snmp.values[i] == 0);
}

static void noise_does_no_harm(void **state)
{
    (void)state;
    fixture_noise("vmstat", harm);
    fixture_noise("net/snmp", harm);
    fixture_noise("net/netstat", harm);
    fixture_noise("net/sockstat", harm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(paging),
        cmocka_unit_test(tcp_and_udp),
        cmocka_unit_test(listeners),
        cmocka_unit_test(sockets),
        cmocka_unit_test(odd_columns),
        cmocka_unit_test(a_cut_text_tells_nothing_wrong),
        cmocka_unit_test(noise_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
