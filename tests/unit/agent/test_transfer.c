/* SPDX-License-Identifier: MIT */
/* Bytes of the month: over restarts, reboots, broken clocks and the turn of a month. */
#include "agent/collect/transfer.c"

#include "tests/unit/unit.h"

#define NOVEMBER 1793491200 /* 2026-11-01T00:00:00Z */
#define DECEMBER 1796083200
#define DAY 86400

static struct {
    struct transfer t;
    struct network_reading r;
    struct mono now;
    int64_t wall_s, booted_s;
    uint8_t kept[TRANSFER_KEPT_SIZE];
    uint32_t kept_size;
} it;

static void begin(int64_t wall_s, int64_t booted_s)
{
    memset(&it, 0, sizeof it);
    it.wall_s = wall_s;
    it.booted_s = booted_s;
    it.now.ns = 1000 * NS_PER_S;
    it.r.count = 1;
    text_copy(it.r.interfaces[0].name, INTERFACE_NAME_SIZE, "eth0");
    transfer_init(&it.t, "boot 1\n");
}

/* So much time passes, and so many bytes in and half as many out. */
static void pass(int64_t seconds, uint64_t bytes)
{
    it.wall_s += seconds;
    it.now.ns += seconds * NS_PER_S;
    it.r.interfaces[0].rx_bytes += bytes;
    it.r.interfaces[0].tx_bytes += bytes / 2;
    transfer_add(&it.t, &it.r, it.wall_s * 1000, it.booted_s, it.now);
}

static void restart(const char *boot_id)
{
    it.kept_size = transfer_store(&it.t, it.kept);
    transfer_init(&it.t, boot_id);
    assert_int_equal(transfer_load(&it.t, it.kept, it.kept_size), ERR_OK);
}

static void months(void **state)
{
    (void)state;
    assert_int_equal(month_of(NOVEMBER), 2026 * 12 + 10);
    assert_int_equal(month_of(NOVEMBER - 1), 2026 * 12 + 9);
    assert_int_equal(month_of(DECEMBER), 2026 * 12 + 11);
    assert_int_equal(month_of(DECEMBER + 31 * DAY), 2027 * 12);
    assert_int_equal(month_of(1835395200), 2028 * 12 + 1); /* 2028-02-29 */
    assert_int_equal(month_of(1835395200 + DAY), 2028 * 12 + 2);
    assert_int_equal(month_of(0), 0);
    assert_int_equal(month_of(-5), 0);
    assert_int_equal(month_of(INT64_MAX / 1000), 0);
    for (int64_t s = 1704067200; s < 1704067200 + 3000 * (int64_t)DAY; s += DAY)
        assert_in_range(month_of(s + DAY) - month_of(s), 0, 1);
}

static void machine_started_this_month(void **state)
{
    (void)state;
    begin(NOVEMBER + 5 * DAY, NOVEMBER + 2 * DAY);
    pass(0, 5000); /* since its start */
    assert_int_equal(it.t.rx_bytes, 5000);
    assert_int_equal(it.t.tx_bytes, 2500);
    pass(1, 100);
    assert_int_equal(it.t.rx_bytes, 5100);
}

static void machine_started_before(void **state)
{
    (void)state;
    begin(NOVEMBER + 5 * DAY, NOVEMBER - 90 * DAY);
    pass(0, 500000); /* of which month is not known */
    assert_int_equal(it.t.rx_bytes, 0);
    pass(1, 100);
    assert_int_equal(it.t.rx_bytes, 100);
}

static void restarts_lose_nothing(void **state)
{
    (void)state;
    begin(NOVEMBER + 5 * DAY, NOVEMBER - 90 * DAY);
    pass(0, 500000);
    pass(60, 100);
    it.kept_size = transfer_store(&it.t, it.kept);
    pass(60, 30); /* and killed, before that was kept */
    transfer_init(&it.t, "boot 1\n");
    assert_int_equal(transfer_load(&it.t, it.kept, it.kept_size), ERR_OK);
    pass(3600, 7); /* which passed meanwhile */
    assert_int_equal(it.t.rx_bytes, 137);
}

static void reboots_begin_at_zero(void **state)
{
    (void)state;
    begin(NOVEMBER + 5 * DAY, NOVEMBER - 90 * DAY);
    pass(0, 500000);
    pass(60, 100);
    restart("boot 2\n");
    it.r.interfaces[0].rx_bytes = it.r.interfaces[0].tx_bytes = 0;
    pass(60, 600000); /* more than before: only the boot tells */
    assert_int_equal(it.t.rx_bytes, 600100);
    it.r.interfaces[0].rx_bytes = 0; /* a driver that was loaded anew */
    pass(1, 20);
    assert_int_equal(it.t.rx_bytes, 600120);
    it.r.count = 2; /* plugged in */
    text_copy(it.r.interfaces[1].name, INTERFACE_NAME_SIZE, "usb0");
    it.r.interfaces[1].rx_bytes = 3;
    pass(1, 0);
    assert_int_equal(it.t.rx_bytes, 600123);
}

static void turn_of_the_month(void **state)
{
    (void)state;
    begin(DECEMBER - 2, NOVEMBER + DAY);
    pass(0, 1000);
    pass(1, 10);
    assert_int_equal(it.t.rx_bytes, 1010);
    for (uint32_t i = 0; i < 60; i++) /* the first of them at midnight */
        pass(1, 2);
    assert_int_equal(it.t.month, 2026 * 12 + 10);
    assert_int_equal(it.t.rx_bytes, 1130);
    pass(1, 2);
    assert_int_equal(it.t.month, 2026 * 12 + 11);
    assert_int_equal(it.t.rx_bytes, 61 * 2);
    assert_int_equal(it.t.tx_bytes, 61);
}

static void a_clock_without_a_battery(void **state)
{
    (void)state;
    begin(NOVEMBER + 20 * DAY, NOVEMBER + DAY);
    pass(0, 1000);
    restart("boot 2\n");
    it.r.interfaces[0].rx_bytes = it.r.interfaces[0].tx_bytes = 0;
    it.wall_s = 20; /* 1970, until the network is up */
    for (uint32_t i = 0; i < 7200; i++)
        pass(1, 1);
    assert_int_equal(it.t.month, 2026 * 12 + 10);
    assert_int_equal(it.t.rx_bytes, 8200);
    it.wall_s = NOVEMBER - 10 * DAY; /* as when it was switched off: October, for half an hour */
    for (uint32_t i = 0; i < 1800; i++)
        pass(1, 1);
    it.wall_s = NOVEMBER + 21 * DAY;
    pass(1, 1);
    assert_int_equal(it.t.month, 2026 * 12 + 10);
    assert_int_equal(it.t.rx_bytes, 10001);
    it.wall_s = NOVEMBER - 10 * DAY; /* for good: then that is the time */
    for (uint32_t i = 0; i <= 3601; i++)
        pass(1, 1);
    assert_int_equal(it.t.month, 2026 * 12 + 9);
    assert_int_equal(it.t.rx_bytes, 3602);
}

static void nothing_is_known_before_the_clock_is(void **state)
{
    (void)state;
    begin(20, 0);
    pass(1, 1000);
    assert_int_equal(it.t.month, 0);
    assert_int_equal(it.t.rx_bytes, 0);
}

static void what_is_kept_is_checked(void **state)
{
    (void)state;
    begin(NOVEMBER + 5 * DAY, NOVEMBER + DAY);
    pass(0, 1000);
    it.kept_size = transfer_store(&it.t, it.kept);
    assert_in_range(it.kept_size, 1, TRANSFER_KEPT_SIZE);
    for (uint32_t size = 0; size < it.kept_size; size++) {
        struct transfer t;
        transfer_init(&t, "boot 1\n");
        uint8_t *cut = unit_exact(it.kept, size);
        assert_int_equal(transfer_load(&t, cut, size), ERR_MALFORMED);
        assert_int_equal(t.month, 0);
        free(cut);
        it.kept[size] ^= 0x20;
        assert_int_equal(transfer_load(&t, it.kept, it.kept_size), ERR_MALFORMED);
        it.kept[size] ^= 0x20;
    }
    struct transfer t;
    transfer_init(&t, "boot 1\n");
    assert_int_equal(transfer_load(&t, it.kept, it.kept_size), ERR_OK);
    assert_int_equal(t.rx_bytes, 1000);
    assert_int_equal(t.count, 1);
    transfer_init(&t, ""); /* it cannot be told whether it is the same boot */
    assert_int_equal(transfer_load(&t, it.kept, it.kept_size), ERR_OK);
    assert_int_equal(t.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(months),
        cmocka_unit_test(machine_started_this_month),
        cmocka_unit_test(machine_started_before),
        cmocka_unit_test(restarts_lose_nothing),
        cmocka_unit_test(reboots_begin_at_zero),
        cmocka_unit_test(turn_of_the_month),
        cmocka_unit_test(a_clock_without_a_battery),
        cmocka_unit_test(nothing_is_known_before_the_clock_is),
        cmocka_unit_test(what_is_kept_is_checked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
