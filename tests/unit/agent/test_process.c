/* SPDX-License-Identifier: MIT */
/* /proc/PID/stat of several kernels, and of processes with names to mislead. */
#include "agent/collect/process.c"

#include <stdio.h>

#include "tests/unit/unit.h"

static int parse(const char *text, struct process_reading *r)
{
    size_t length = strlen(text);
    char *exact = unit_exact(text, length);
    int err = process_parse(exact, (uint32_t)length, r);
    free(exact);
    return err;
}

static void check(const char *text, uint32_t pid, const char *name, uint64_t cpu, uint64_t start,
                  uint64_t pages)
{
    struct process_reading r;
    assert_int_equal(parse(text, &r), ERR_OK);
    assert_int_equal(r.pid, pid);
    assert_string_equal(r.name, name);
    assert_true(r.cpu_ticks == cpu && r.start_ticks == start && r.resident_pages == pages);
}

static void several_kernels(void **state)
{
    (void)state;
    /* 6.1, x86_64 */
    check("731 (sshd) S 1 731 731 0 -1 4194560 1712 8120 4 31 3 9 28 44 20 0 1 0 1337 15712256 2304 "
          "18446744073709551615 1 1 0 0 0 0 0 4096 81925 0 0 0 17 1 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
          731, "sshd", 12, 1337, 2304);
    /* 5.10, aarch64, a thread of the kernel */
    check("10 (ksoftirqd/0) S 2 0 0 0 -1 69238848 0 0 0 0 0 4711 0 0 20 0 1 0 3 0 0 18446744073709551615 "
          "0 0 0 0 0 0 0 2147483647 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n",
          10, "ksoftirqd/0", 4711, 3, 0);
    /* 3.10 has no field behind 47 */
    check("1 (init) S 0 1 1 0 -1 4202752 100 200 3 4 50 60 70 80 20 0 1 0 1 19640320 1030 "
          "18446744073709551615 1 1 0 0 0 0 0 4096 536962595 18446744071580483461 0 0 0 1 0 0 4 0 0\n",
          1, "init", 110, 1, 1030);
    /* 6.x names a worker with what it works for; niced, of another scheduler class */
    check("4121 (kworker/u5:2-events_unbound) I 2 0 0 0 -1 69238880 0 0 0 0 0 17 0 0 0 -20 1 0 909 0 0 0 0\n",
          4121, "kworker/u5:2-ev", 17, 909, 0);
}

static void hostile_names(void **state)
{
    (void)state;
#define REST " S 1 1 1 0 -1 0 0 0 0 0 5 6 0 0 20 0 1 0 77 0 88 0\n"
    check("9 (a) R 1 1 1)" REST, 9, "a) R 1 1 1", 11, 77, 88);
    check("9 ())" REST, 9, ")", 11, 77, 88);
    check("9 ()" REST, 9, "", 11, 77, 88);
    check("9 (a\nb)" REST, 9, "a?b", 11, 77, 88);
    check("9 (a\\nb)" REST, 9, "a\\nb", 11, 77, 88);
    check("9 ((sd-pam))" REST, 9, "(sd-pam)", 11, 77, 88);
    check("9 (\x1b[31m<b>)" REST, 9, "?[31m<b>", 11, 77, 88);
    check("9 (fourteen bytes\xc3\xa9)" REST, 9, "fourteen bytes", 11, 77, 88);
    check("9 (\xff\xfe)" REST, 9, "??", 11, 77, 88);
}

static void what_is_no_process_is_refused(void **state)
{
    (void)state;
    struct process_reading r;
    static const char *const texts[] = {
        "", "9", "9 (", "9 )", "9 (a", "9 (a)", ") 9 (a" REST, "0 (a)" REST, "4294967296 (a)" REST,
        "-1 (a)" REST, "(a)" REST, "9 (a) S 1 1 1 0 -1 0 0 0 0 0 5 6 0 0 20 0 1 0 77 0 88",
        "9 (a) S 1 1 1 0 -1 0 0 0 0 0 5 -6 0 0 20 0 1 0 77 0 88 0\n",
    };
    for (uint32_t i = 0; i < COUNT_OF(texts); i++)
        assert_int_equal(parse(texts[i], &r), ERR_MALFORMED);
    /* Cut anywhere, it is refused or right. */
    static const char whole[] = "731 (a) S 1 1 1 0 -1 0 0 0 0 0 512 613 0 0 20 0 1 0 77 0 88 0\n";
    for (uint32_t length = 0; length < sizeof whole; length++) {
        char *cut = unit_exact(whole, length);
        if (process_parse(cut, length, &r) == ERR_OK)
            assert_true(r.cpu_ticks == 1125 && r.start_ticks == 77 && r.resident_pages == 88);
        free(cut);
    }
    static const char forever[] =
        "9 (a) S 1 1 1 0 -1 0 0 0 0 0 18446744073709551615 6 0 0 20 0 1 0 7 0 8 0\n";
    assert_int_equal(parse(forever, &r), ERR_OK);
    assert_true(r.cpu_ticks == UINT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(several_kernels),
        cmocka_unit_test(hostile_names),
        cmocka_unit_test(what_is_no_process_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
