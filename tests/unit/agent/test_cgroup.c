/* SPDX-License-Identifier: MIT */
/* Files of cgroup v2, as systemd's slices have them. */
#include "agent/collect/cgroup.c"

#include "tests/unit/unit.h"

static const struct cgroup_majors stacked = {.count = 2, .numbers = {253, 7}};

static struct cgroup_io io_of(const char *text)
{
    struct cgroup_io io;
    size_t length = strlen(text);
    char *exact = unit_exact(text, length);
    cgroup_parse_io(exact, (uint32_t)length, &stacked, &io);
    free(exact);
    return io;
}

static void which_are_watched(void **state)
{
    (void)state;
    static const char *const groups[] = {"system.slice", "user.slice", "machine.slice", "docker",
                                         "kubepods.slice"};
    static const char *const others[] = {"", ".slice", "cpu.stat", "cgroup.procs", "init.scope", "io.stat",
                                         "sys-kernel-debug.mount", "memory.pressure", "slice.", "a.slice.x"};
    for (uint32_t i = 0; i < COUNT_OF(groups); i++)
        assert_true(cgroup_is_watched(groups[i]));
    for (uint32_t i = 0; i < COUNT_OF(others); i++)
        assert_false(cgroup_is_watched(others[i]));
    char name[CGROUP_NAME_SIZE + 1];
    memset(name, 'a', sizeof name);
    name[CGROUP_NAME_SIZE] = '\0';
    assert_false(cgroup_is_watched(name));
    name[CGROUP_NAME_SIZE - 1] = '\0';
    assert_true(cgroup_is_watched(name));
}

static void cpu_and_memory(void **state)
{
    (void)state;
    static const char stat[] = "usage_usec 48120341\nuser_usec 30110000\nsystem_usec 18010341\n";
    uint64_t value;
    assert_true(cgroup_parse_cpu(stat, sizeof stat - 1, &value) && value == 48120341);
    assert_false(cgroup_parse_cpu("user_usec 1\n", 12, &value));
    assert_false(cgroup_parse_cpu("usage_usec 12", 13, &value)); /* cut off */
    assert_true(cgroup_parse_number("734003200\n", 10, &value) && value == 734003200);
    assert_false(cgroup_parse_number("max\n", 4, &value));
    assert_false(cgroup_parse_number("12", 2, &value));
    assert_false(cgroup_parse_number("12 13\n", 6, &value));
}

static void bytes_of_all_devices(void **state)
{
    (void)state;
    struct cgroup_io io = io_of("254:0 rbytes=1459200 wbytes=314773504 rios=192 wios=353 dbytes=0 dios=0\n"
                                "253:1 rbytes=1000 wbytes=1000 rios=1 wios=1 dbytes=0 dios=0\n"
                                "7:3 rbytes=5 wbytes=0 rios=1 wios=0 dbytes=0 dios=0\n"
                                "259:0 rbytes=800 wbytes=16 rios=1 wios=1 dbytes=4096 dios=1\n");
    assert_true(io.read_bytes == 1460000 && io.written_bytes == 314773520);
    io = io_of("");
    assert_true(io.read_bytes == 0 && io.written_bytes == 0);
    io = io_of("254:0 \n259:0 rbytes=x wbytes=-1\nrbytes=5\n8:0 rbytes=5x wbytes=6 xrbytes=7\n8:16 rbytes=9");
    assert_true(io.read_bytes == 0 && io.written_bytes == 6);
    io = io_of("8:0 rbytes=18446744073709551615 wbytes=1\n8:16 rbytes=9 wbytes=1\n");
    assert_true(io.read_bytes == INT64_MAX && io.written_bytes == 2);
}

static void devices_that_stand_on_others(void **state)
{
    (void)state;
    static const char devices[] = "Character devices:\n  1 mem\n 10 misc\n\nBlock devices:\n"
                                  "  7 loop\n  8 sd\n  9 md\n252 zram\n253 device-mapper\n"
                                  "254 virtblk\n259 blkext\n";
    struct cgroup_majors m;
    cgroup_parse_majors(devices, sizeof devices - 1, &m);
    assert_int_equal(m.count, 4);
    static const uint32_t expected[] = {7, 9, 252, 253};
    assert_memory_equal(m.numbers, expected, sizeof expected);
    cgroup_parse_majors("", 0, &m);
    assert_int_equal(m.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(which_are_watched),
        cmocka_unit_test(cpu_and_memory),
        cmocka_unit_test(bytes_of_all_devices),
        cmocka_unit_test(devices_that_stand_on_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
