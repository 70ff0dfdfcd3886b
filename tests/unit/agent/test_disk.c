/* SPDX-License-Identifier: MIT */
/* /proc/diskstats: which disks are watched, and that their numbers are the right columns. */
#include "agent/collect/disk.c"

#include "tests/unit/agent/fixture.h"

static struct disk_reading read_host(const char *host)
{
    struct fixture f = fixture_read(host, "diskstats");
    struct disk_reading r;
    disk_parse(f.text, f.length, &r);
    free(f.text);
    return r;
}

static void small_machine(void **state)
{
    (void)state;
    struct disk_reading r = read_host("vm-x86_64-6.1");
    assert_int_equal(r.count, 1);
    const struct disk *d = &r.disks[0];
    assert_string_equal(d->name, "vda");
    assert_true(d->reads == 18420 && d->read_sectors == 1203442 && d->writes == 88120 &&
                d->written_sectors == 4201120 && d->busy_ms == 61220);
    assert_true(d->read_ms == 9120 && d->write_ms == 80122 && d->in_flight == 0 && d->queue_ms == 92131);
}

static void rates_of_an_interval(void **state)
{
    (void)state;
    struct disk_reading before = {.count = 2, .disks = {{.name = "sda"}, {.name = "vda", .reads = 10,
        .writes = 100, .read_ms = 50, .write_ms = 4294967290, .busy_ms = 4294967295, .queue_ms = 7}}};
    struct disk_reading after = {.count = 1, .disks = {{.name = "vda", .reads = 14,
        .writes = 110, .read_ms = 60, .write_ms = 24, .busy_ms = 499, .queue_ms = 3007}}};
    struct disk_rates r;
    assert_true(disk_compare(&before, &after, 0, 2000, &r)); /* milliseconds begin anew after 2^32 */
    assert_int_equal(r.busy_x100, 500 * 10000 / 2000);
    assert_int_equal(r.queue_x100, 3000 * 100 / 2000);
    assert_int_equal(r.await_x100, (10 + 30) * 100 / 14);
    assert_int_equal(r.read_await_x100, 250);
    assert_int_equal(r.write_await_x100, 300);
    assert_true(disk_compare(&after, &after, 0, 1, &r));
    assert_int_equal(r.await_x100, 0); /* nothing was done */
    assert_true(disk_compare(&before, &after, 0, 100, &r));
    assert_int_equal(r.busy_x100, 10000); /* clocks differ a little: never over 100 % */
}

static void no_rates_without_a_reading_before(void **state)
{
    (void)state;
    struct disk_reading before = {.count = 1, .disks = {{.name = "sda", .reads = 9}}};
    struct disk_reading after = {.count = 1, .disks = {{.name = "sda", .reads = 3}}};
    struct disk_rates r;
    assert_false(disk_compare(&before, &after, 0, 1000, &r)); /* another disk by that name */
    after.disks[0].reads = 10;
    assert_false(disk_compare(&before, &after, 0, 0, &r));
    before.disks[0].name[0] = 'v';
    assert_false(disk_compare(&before, &after, 0, 1000, &r));
}

static void board(void **state)
{
    (void)state;
    struct disk_reading r = read_host("board-aarch64-5.10");
    assert_int_equal(r.count, 2); /* no partitions, no mmcblk0boot0, no rpmb, no zram, no ram */
    assert_string_equal(r.disks[0].name, "mmcblk0");
    assert_string_equal(r.disks[1].name, "sda");
}

static void old_kernel_has_fourteen_columns(void **state)
{
    (void)state;
    struct disk_reading r = read_host("old-x86_64-3.10");
    assert_int_equal(r.count, 1); /* no dm-0 (its disk is counted), no fd0 */
    assert_string_equal(r.disks[0].name, "sda");
    assert_int_equal(r.disks[0].busy_ms, 331203);
}

static void more_than_fit(void **state)
{
    (void)state;
    struct disk_reading r = read_host("storage-x86_64-5.15");
    assert_int_equal(r.count, DISKS_MAX);
    assert_int_equal(r.skipped, 2 + 26 + 3 - DISKS_MAX);
    assert_string_equal(r.disks[0].name, "nvme0n1");
    assert_string_equal(r.disks[1].name, "nvme1n1");
    assert_string_equal(r.disks[2].name, "sda");
}

static void odd_names(void **state)
{
    (void)state;
    static const char text[] =
        "202 1 xvda1 1 0 8 0 1 0 8 0 0 5 5\n"   /* Xen may give a partition without its disk */
        "202 2 xvdb 1 0 8 0 1 0 8 0 0 5 5\n"
        "202 3 xvdbb 1 0 8 0 1 0 8 0 0 5 5\n"
        "  8 0 sda 1 0 8 0 1 0 8 0 0 5 5\n"
        "  8 0 sdaa 1 0 8 0 1 0 8 0 0 5 5\n"    /* not a part of sda */
        "  8 0 a\x1b[2J 1 0 8 0 1 0 8 0 0 5 5\n" /* not fit to be shown */
        "  9 0 md127 1 0 8 0 1 0 8 0 0 5 5\n"
        " 43 0 nbd0 0 0 0 0 0 0 0 0 0 0 0\n";   /* never used */
    struct disk_reading r;
    disk_parse(text, sizeof text - 1, &r);
    static const char *const names[] = {"xvda1", "xvdb", "xvdbb", "sda", "sdaa", "md127"};
    assert_int_equal(r.count, COUNT_OF(names));
    for (uint32_t i = 0; i < COUNT_OF(names); i++)
        assert_string_equal(r.disks[i].name, names[i]);
    assert_int_equal(r.skipped, 1);
}

static void check_cut(const struct fixture *whole, const char *cut, uint32_t length)
{
    struct disk_reading all, some;
    disk_parse(whole->text, whole->length, &all);
    disk_parse(cut, length, &some);
    assert_in_range(some.count, 0, all.count);
    for (uint32_t i = 0; i < some.count; i++)
        assert_memory_equal(&some.disks[i], &all.disks[i], sizeof some.disks[i]);
}

static void a_cut_text_tells_nothing_wrong(void **state)
{
    (void)state;
    fixture_cut("diskstats", check_cut);
}

static void harm(const char *text, uint32_t length)
{
    struct disk_reading r;
    disk_parse(text, length, &r);
    assert_in_range(r.count, 0, DISKS_MAX);
    for (uint32_t i = 0; i < r.count; i++)
        assert_in_range(strlen(r.disks[i].name), 1, DISK_NAME_SIZE - 1);
}

static void noise_does_no_harm(void **state)
{
    (void)state;
    fixture_noise("diskstats", harm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_machine),
        cmocka_unit_test(board),
        cmocka_unit_test(rates_of_an_interval),
        cmocka_unit_test(no_rates_without_a_reading_before),
        cmocka_unit_test(old_kernel_has_fourteen_columns),
        cmocka_unit_test(more_than_fit),
        cmocka_unit_test(odd_names),
        cmocka_unit_test(a_cut_text_tells_nothing_wrong),
        cmocka_unit_test(noise_does_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
