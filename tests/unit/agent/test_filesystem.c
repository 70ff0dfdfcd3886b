/* SPDX-License-Identifier: MIT */
/* /proc/self/mountinfo: local filesystems, each once, with its real name. */
#include "agent/collect/filesystem.c"

#include "tests/unit/agent/fixture.h"

static struct mount_reading parse(const char *text)
{
    uint32_t length = (uint32_t)strlen(text);
    char *exact = unit_exact(text, length);
    struct mount_reading r;
    mount_parse(exact, length, &r);
    free(exact);
    return r;
}

static struct mount_reading read_host(const char *host)
{
    struct fixture f = fixture_read(host, "self/mountinfo");
    struct mount_reading r;
    mount_parse(f.text, f.length, &r);
    free(f.text);
    return r;
}

static void small_machine(void **state)
{
    (void)state;
    struct mount_reading r = read_host("vm-x86_64-6.1");
    assert_int_equal(r.count, 1); /* not /boot/efi, no overlay, no tmpfs */
    assert_string_equal(r.mounts[0].path, "/");
    assert_true(r.mounts[0].device == (UINT64_C(254) << 32 | 1));
}

static void board(void **state)
{
    (void)state;
    struct mount_reading r = read_host("board-aarch64-5.10");
    assert_int_equal(r.count, 3); /* not the NAS: it may hang */
    assert_string_equal(r.mounts[0].path, "/");
    assert_string_equal(r.mounts[1].path, "/boot");
    assert_string_equal(r.mounts[2].path, "/srv/share"); /* a bind mount with a shorter name */
}

static void what_cannot_be_written(void **state)
{
    (void)state;
    struct mount_reading r = read_host("board-armv7-4.19");
    assert_int_equal(r.count, 3);
    assert_true(r.mounts[0].is_readonly);
    assert_false(r.mounts[1].is_readonly); /* "errors=remount-ro" only says what would happen */
    assert_false(r.mounts[2].is_readonly); /* read-only in this namespace; and a source without a name */
    r = parse("1 0 8:1 / / rw - ext4 /dev/sda1 ro\n2 0 8:2 / /a rw - ext4 /dev/sda2 rocket\n"
              "3 0 8:3 / /b rw - ext4\n");
    assert_true(r.mounts[0].is_readonly);
    assert_false(r.mounts[1].is_readonly || r.mounts[2].is_readonly);
}

static void more_than_fit(void **state)
{
    (void)state;
    struct mount_reading r = read_host("storage-x86_64-5.15");
    assert_int_equal(r.count, MOUNTS_MAX);
    assert_int_equal(r.skipped, 42 - MOUNTS_MAX);
}

static void escapes_are_undone(void **state)
{
    (void)state;
    struct mount_reading r =
        parse("1 0 8:1 / /a\\040b\\011c\\134d\\12 rw - ext4 /dev/sda1 rw\n"
              "1 0 8:2 / /nul\\000l rw - ext4 /dev/sda2 rw\n");
    assert_int_equal(r.count, 1);
    assert_string_equal(r.mounts[0].path, "/a b\tc\\d\\12");
    assert_int_equal(r.skipped, 1);
}

static void long_paths_are_skipped(void **state)
{
    (void)state;
    char text[400], path[200];
    memset(path, 'x', sizeof path);
    path[0] = '/';
    path[SERIES_TAG_SIZE - 1] = '\0';
    snprintf(text, sizeof text, "1 0 8:1 / %s rw - ext4 /dev/sda1 rw\n", path);
    assert_int_equal(parse(text).count, 1);
    path[SERIES_TAG_SIZE - 1] = 'x';
    path[SERIES_TAG_SIZE] = '\0';
    snprintf(text, sizeof text, "1 0 8:1 / %s rw - ext4 /dev/sda1 rw\n", path);
    struct mount_reading r = parse(text);
    assert_int_equal(r.count, 0);
    assert_int_equal(r.skipped, 1);
}

static void later_mount_hides_earlier(void **state)
{
    (void)state;
    struct mount_reading r = parse("1 0 8:1 / /data rw - ext4 /dev/sda1 rw\n"
                                   "2 1 8:2 / /data rw shared:1 master:2 - xfs /dev/sda2 rw\n");
    assert_int_equal(r.count, 1);
    assert_true(r.mounts[0].device == (UINT64_C(8) << 32 | 2));
}

static void odd_lines_are_left_out(void **state)
{
    (void)state;
    struct mount_reading r = parse("\n1\n1 0 8:1 / /a rw\n1 0 8:1 / /a rw -\n1 0 8 / /a rw - ext4 x rw\n"
                                   "1 0 8:x / /a rw - ext4 x rw\n1 0 8: 1 / /a rw - ext4 x rw\n"
                                   "1 0 99999999999:1 / /a rw - ext4 x rw\n");
    assert_int_equal(r.count, 0);
}

static void harm(const char *text, uint32_t length)
{
    struct mount_reading r;
    mount_parse(text, length, &r);
    assert_in_range(r.count, 0, MOUNTS_MAX);
    for (uint32_t i = 0; i < r.count; i++)
        assert_in_range(strlen(r.mounts[i].path), 1, SERIES_TAG_SIZE - 1);
}

static void noise_does_no_harm(void **state)
{
    (void)state;
    fixture_noise("self/mountinfo", harm);
}

static void check_cut(const struct fixture *whole, const char *cut, uint32_t length)
{
    struct mount_reading all, some;
    mount_parse(whole->text, whole->length, &all);
    mount_parse(cut, length, &some);
    assert_in_range(some.count, 0, all.count);
    for (uint32_t i = 0; i < some.count; i++)
        assert_true(some.mounts[i].device == all.mounts[i].device);
}

static void a_cut_text_tells_nothing_wrong(void **state)
{
    (void)state;
    fixture_cut("self/mountinfo", check_cut);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(small_machine),
        cmocka_unit_test(board),
        cmocka_unit_test(what_cannot_be_written),
        cmocka_unit_test(more_than_fit),
        cmocka_unit_test(escapes_are_undone),
        cmocka_unit_test(long_paths_are_skipped),
        cmocka_unit_test(later_mount_hides_earlier),
        cmocka_unit_test(odd_lines_are_left_out),
        cmocka_unit_test(noise_does_no_harm),
        cmocka_unit_test(a_cut_text_tells_nothing_wrong),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
