/* SPDX-License-Identifier: MIT */
/* The fleet must be, integer for integer, the one that every measurement of peers was made with. */
#include "tools/loadgen/fleet.c"

#include "tests/unit/unit.h"

/* FNV-1a over whole 64-bit words, host after host. The offset is the one of the reference figures: the
 * usual one without its last digit. */
static uint64_t fleet_hash(uint32_t hosts, uint32_t seconds)
{
    uint64_t hash = UINT64_C(1469598103934665603);
    for (uint32_t id = 0; id < hosts; id++) {
        struct fleet_host h;
        fleet_init(&h, 1, id);
        for (uint32_t second = 0; second < seconds; second++) {
            fleet_step(&h);
            for (uint32_t i = 0; i < FLEET_SERIES; i++)
                hash = (hash ^ (uint64_t)h.values[i]) * UINT64_C(0x100000001b3);
        }
    }
    return hash;
}

static void thousand_hosts_for_a_minute(void **state)
{
    (void)state;
    assert_true(fleet_hash(1000, 60) == UINT64_C(0x9d63271050d24008));
}

static void forty_hosts_for_an_hour(void **state)
{
    (void)state;
    assert_true(fleet_hash(40, 3600) == UINT64_C(0x7e47f36f8ac318a1));
}

static void twenty_hosts_for_a_day(void **state)
{
    (void)state;
    assert_true(fleet_hash(20, 86400) == UINT64_C(0x8191c8f9d5d31020));
}

static void counters_never_fall(void **state)
{
    (void)state;
    struct fleet_host before, h;
    fleet_init(&h, 7, 3);
    for (uint32_t second = 0; second < 5000; second++) {
        before = h;
        fleet_step(&h);
        for (uint32_t i = 0; i < FLEET_SERIES; i++)
            assert_true(!fleet_series[i].counter || h.values[i] >= before.values[i] ||
                        i == NET_RX_BYTES || i == NET_TX_BYTES); /* their noise may take back */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(thousand_hosts_for_a_minute),
        cmocka_unit_test(forty_hosts_for_an_hour),
        cmocka_unit_test(twenty_hosts_for_a_day),
        cmocka_unit_test(counters_never_fall),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
