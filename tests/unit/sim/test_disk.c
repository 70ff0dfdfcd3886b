/* SPDX-License-Identifier: MIT */
/* The simulated disk: what is synced survives a power cut, what is not may be lost or torn. */
#include "platform/sim/disk.c"

#include "tests/unit/unit.h"

static struct plat *machine(uint64_t seed)
{
    return sim_machine(sim_new(seed), "m");
}

static void fill(uint8_t *page, uint8_t with)
{
    memset(page, with, 4096);
}

static void synced_writes_survive_and_others_end_in_every_way(void **state)
{
    (void)state;
    uint32_t kept = 0, lost = 0, torn = 0;
    for (uint64_t seed = 0; seed < 200; seed++) {
        struct plat *p = machine(seed);
        p->weather.unsynced_lost_permille = 300;
        p->weather.unsynced_torn_permille = 500;
        uint8_t page[4096];
        int f = plat_file_open(p, "db");
        fill(page, 1);
        assert_int_equal(plat_file_write(p, f, 0, page, sizeof page), ERR_OK);
        assert_int_equal(plat_file_sync(p, f), ERR_OK);
        fill(page, 2);
        assert_int_equal(plat_file_write(p, f, 0, page, sizeof page), ERR_OK);
        sim_kill(p, SIM_POWER_CUT);
        sim_restart(p);
        f = plat_file_open(p, "db");
        assert_int_equal(plat_file_read(p, f, 0, page, sizeof page), 4096);
        uint32_t twos = 0;
        for (uint32_t s = 0; s < 8; s++) {
            for (uint32_t i = 1; i < 512; i++)
                assert_int_equal(page[s * 512 + i], page[s * 512]);
            assert_true(page[s * 512] == 1 || page[s * 512] == 2);
            twos += page[s * 512] == 2;
        }
        kept += twos == 8;
        lost += twos == 0;
        torn += twos > 0 && twos < 8;
        sim_free(p->world);
    }
    assert_true(kept > 20 && lost > 20 && torn > 20);
}

static void a_killed_process_leaves_its_writes(void **state)
{
    (void)state;
    struct plat *p = machine(1);
    p->weather.unsynced_lost_permille = 1000;
    char got[4];
    int f = plat_file_open(p, "db");
    assert_int_equal(plat_file_write(p, f, 0, "abc", 3), ERR_OK);
    sim_kill(p, SIM_KILL);
    assert_int_equal(plat_file_write(p, f, 0, "xyz", 3), ERR_SYSTEM);
    sim_restart(p);
    f = plat_file_open(p, "db");
    assert_int_equal(plat_file_read(p, f, 0, got, sizeof got), 3);
    assert_memory_equal(got, "abc", 3);
    sim_free(p->world);
}

static void doom_strikes_between_two_writes(void **state)
{
    (void)state;
    struct plat *p = machine(2);
    int f = plat_file_open(p, "db");
    sim_doom(p, 2, SIM_KILL);
    assert_int_equal(plat_file_write(p, f, 0, "a", 1), ERR_OK);
    assert_int_equal(plat_file_write(p, f, 1, "b", 1), ERR_OK);
    assert_true(sim_is_alive(p));
    assert_int_equal(plat_file_write(p, f, 2, "c", 1), ERR_SYSTEM);
    assert_false(sim_is_alive(p));
    int64_t size;
    assert_non_null(sim_disk_file(p, "db", &size));
    assert_int_equal(size, 2);
    sim_free(p->world);
}

static void state_files_are_whole_and_durable(void **state)
{
    (void)state;
    struct plat *p = machine(3);
    p->weather.unsynced_lost_permille = 1000;
    char got[8];
    assert_int_equal(plat_state_read(p, "tokens/a", got, sizeof got), ERR_MISSING);
    assert_int_equal(plat_state_write(p, "tokens/a", "12345678", 8), ERR_OK);
    sim_kill(p, SIM_POWER_CUT);
    sim_restart(p);
    assert_int_equal(plat_state_read(p, "tokens/a", got, 7), ERR_FULL);
    assert_int_equal(plat_state_read(p, "tokens/a", got, 8), 8);
    assert_int_equal(plat_state_delete(p, "tokens/a"), ERR_OK);
    assert_int_equal(plat_state_delete(p, "tokens/a"), ERR_MISSING);
    sim_free(p->world);
}

static void full_and_failing_disks_say_so(void **state)
{
    (void)state;
    struct plat *p = machine(4);
    int f = plat_file_open(p, "db");
    assert_int_equal(plat_file_write(p, f, 0, "abcd", 4), ERR_OK);
    sim_disk_full(p, true);
    assert_int_equal(plat_file_write(p, f, 4, "e", 1), ERR_FULL);
    assert_int_equal(plat_file_write(p, f, 0, "ABCD", 4), ERR_OK);
    assert_int_equal(plat_state_write(p, "s", "x", 1), ERR_FULL);
    sim_disk_full(p, false);
    sim_disk_fail(p, 1, 1);
    assert_int_equal(plat_file_write(p, f, 4, "e", 1), ERR_OK);
    assert_int_equal(plat_file_sync(p, f), ERR_SYSTEM);
    assert_int_equal(plat_file_sync(p, f), ERR_OK);
    sim_free(p->world);
}

static void deleted_and_new_names_are_uncertain_until_a_sync(void **state)
{
    (void)state;
    uint32_t back = 0, gone = 0;
    for (uint64_t seed = 0; seed < 50; seed++) {
        struct plat *p = machine(seed);
        int f = plat_file_open(p, "journal");
        assert_int_equal(plat_file_write(p, f, 0, "j", 1), ERR_OK);
        assert_int_equal(plat_file_sync(p, f), ERR_OK);
        plat_file_close(p, f);
        assert_int_equal(plat_file_delete(p, "journal"), ERR_OK);
        assert_false(plat_file_exists(p, "journal"));
        if (seed % 2) {
            f = plat_file_open(p, "other");
            assert_int_equal(plat_file_sync(p, f), ERR_OK);
        }
        sim_kill(p, SIM_POWER_CUT);
        sim_restart(p);
        back += plat_file_exists(p, "journal");
        gone += !plat_file_exists(p, "journal");
        assert_false(seed % 2 && plat_file_exists(p, "journal"));
        sim_free(p->world);
    }
    assert_true(back > 5 && gone > 25);
}

static void a_reserved_file_meets_no_full_disk(void **state)
{
    (void)state;
    struct plat *p = machine(1);
    char got[4];
    int f = plat_file_open(p, "spool");
    assert_int_equal(plat_file_reserve(p, f, 8192), ERR_OK);
    assert_int_equal(plat_file_size(p, f), 8192);
    sim_disk_full(p, true);
    assert_int_equal(plat_file_write(p, f, 8188, "abcd", 4), ERR_OK);
    assert_int_equal(plat_file_write(p, f, 8190, "abcd", 4), ERR_FULL);
    assert_int_equal(plat_file_reserve(p, f, 8193), ERR_FULL);
    assert_int_equal(plat_file_size(p, f), 8192);
    assert_int_equal(plat_file_reserve(p, f, 4096), ERR_OK);
    assert_int_equal(plat_file_read(p, f, 4094, got, sizeof got), 2);
    sim_free(p->world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(synced_writes_survive_and_others_end_in_every_way),
        cmocka_unit_test(a_killed_process_leaves_its_writes),
        cmocka_unit_test(doom_strikes_between_two_writes),
        cmocka_unit_test(state_files_are_whole_and_durable),
        cmocka_unit_test(full_and_failing_disks_say_so),
        cmocka_unit_test(deleted_and_new_names_are_uncertain_until_a_sync),
        cmocka_unit_test(a_reserved_file_meets_no_full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
