/* SPDX-License-Identifier: MIT */
/* /proc/net/dev: real interfaces only, and the right columns. */
#include "agent/collect/network.c"

#include "tests/unit/agent/fixture.h"

static struct network_reading read_host(const char *host)
{
    struct fixture f = fixture_read(host, "net/dev");
    struct network_reading r;
    network_parse(f.text, f.length, &r);
    free(f.text);
    return r;
}

static void small_machine(void **state)
{
    (void)state;
    struct network_reading r = read_host("vm-x86_64-6.1");
    assert_int_equal(r.count, 1); /* neither lo nor docker0 */
    const struct interface *it = &r.interfaces[0];
    assert_string_equal(it->name, "ens3");
    assert_true(it->rx_bytes == 912044120 && it->rx_packets == 812044 && it->tx_bytes == 120441204 &&
                it->tx_packets == 402113);
    assert_true(it->rx_errors == 1 && it->tx_errors == 2 && it->rx_drops == 12 && it->tx_drops == 3);
}

static void old_kernel_leaves_no_blank(void **state)
{
    (void)state;
    struct network_reading r = read_host("old-x86_64-3.10");
    assert_int_equal(r.count, 1);
    assert_true(r.interfaces[0].rx_bytes == UINT64_C(4120441204));
}

static void only_what_is_real(void **state)
{
    (void)state;
    struct network_reading r = read_host("storage-x86_64-5.15");
    static const char *const names[] = {"eno1", "eno2", "ens1f0", "ens1f1", "ib0"};
    assert_int_equal(r.count, COUNT_OF(names));
    for (uint32_t i = 0; i < COUNT_OF(names); i++)
        assert_string_equal(r.interfaces[i].name, names[i]);
    assert_int_equal(r.skipped, 0);
}

static void more_than_fit(void **state)
{
    (void)state;
    char text[4096];
    int length = 0;
    for (uint32_t i = 0; i < INTERFACES_MAX + 3; i++)
        length += snprintf(text + length, sizeof text - (size_t)length,
                           "eth%u: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n", i);
    struct network_reading r;
    network_parse(text, (uint32_t)length, &r);
    assert_int_equal(r.count, INTERFACES_MAX);
    assert_int_equal(r.skipped, 3);
    static const char odd[] = "eth\xff: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n";
    network_parse(odd, sizeof odd - 1, &r);
    assert_int_equal(r.count, 0);
    assert_int_equal(r.skipped, 1);
}

static void check_cut(const struct fixture *whole, const char *cut, uint32_t length)
{
    struct network_reading all, some;
    network_parse(whole->text, whole->length, &all);
    network_parse(cut, length, &some);
    assert_in_range(some.count, 0, all.count);
    for (uint32_t i = 0; i < some.count; i++)
        assert_memory_equal(&some.interfaces[i], &all.interfaces[i], sizeof some.interfaces[i]);
}

static void a_cut_text_tells_nothing_wrong(void **state)
{
    (void)state;
    fixture_cut("net/dev", check_cut);
}

static void harm(const char *text, uint32_t length)
{
    struct network_reading r;
    network_parse(text, length, &r);
    assert_in_range(r.count, 0, INTERFACES_MAX);
}

static void noise_does_no_harm(void **state)
{
    (void)state;
    fixture_noise("net/dev", harm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_machine),
        cmocka_unit_test(old_kernel_leaves_no_blank),
        cmocka_unit_test(only_what_is_real),
        cmocka_unit_test(more_than_fit),
        cmocka_unit_test(a_cut_text_tells_nothing_wrong),
        cmocka_unit_test(noise_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
