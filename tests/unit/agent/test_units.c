/* SPDX-License-Identifier: MIT */
/* The number of failed units in answers of a service manager, however they are cut. */
#include "agent/inputs/units.c"
#include "agent/inputs/units_search.c"

#include "platform/sim/sim.h"
#include "tests/unit/unit.h"

/* The answer in pieces of `piece` bytes, each of its exact size. */
static int search(const char *answer, uint32_t length, uint32_t piece, uint64_t *count)
{
    struct units_search s = {0};
    int result = 0;
    for (uint32_t at = 0; at < length && result == 0; at += piece) {
        uint32_t n = piece < length - at ? piece : length - at;
        char *exact = unit_exact(answer + at, n);
        result = units_search(&s, exact, n);
        free(exact);
    }
    *count = s.count;
    return result;
}

static void check(const char *answer, uint32_t length, int expected, uint64_t expected_count)
{
    for (uint32_t piece = 1; piece <= length; piece += 1 + piece / 7) {
        uint64_t count;
        assert_int_equal(search(answer, length, piece, &count), expected);
        if (expected == 1)
            assert_int_equal(count, expected_count);
    }
}

#define CHECK(answer, expected, count) check(answer, sizeof(answer), expected, count)

static void numbers(void **state)
{
    (void)state;
    CHECK("{\"parameters\":{\"context\":{\"ShowStatus\":true},\"runtime\":{\"Version\":\"257.4-1\","
          "\"NNames\":412,\"NFailedUnits\":3,\"NJobs\":0}}}", 1, 3);
    CHECK("{\"NFailedUnits\":0}", 1, 0);
    CHECK("{\"NFailedUnits\":123456789}", 1, 123456789);
    CHECK("{\"a\":\"\"NFailedUnits\"\"NFailedUnits\":7}", 1, 7);
}

static void answers_without_it(void **state)
{
    (void)state;
    CHECK("{\"error\":\"org.varlink.service.MethodNotFound\",\"parameters\":{}}", ERR_MALFORMED, 0);
    CHECK("{\"Environment\":[\"A=\\\"NFailedUnits\\\":5,\"]}", ERR_MALFORMED, 0);
    CHECK("{\"NFailedUnits\":-1}", ERR_MALFORMED, 0);
    CHECK("{\"NFailedUnits\":null}", ERR_MALFORMED, 0);
    CHECK("{\"NFailedUnits\":3", ERR_MALFORMED, 0);
    CHECK("{\"NFailedUnits\":1234567890}", ERR_MALFORMED, 0);
    CHECK("", ERR_MALFORMED, 0);
    static char endless[UNITS_ANSWER_MAX + 1];
    memset(endless, ' ', sizeof endless);
    uint64_t count;
    assert_int_equal(search(endless, UNITS_ANSWER_MAX, 4096, &count), 0);
    assert_int_equal(search(endless, sizeof endless, 4096, &count), ERR_MALFORMED);
}

static void a_machine_without_systemd(void **state)
{
    (void)state;
    static struct units u;
    static struct series series;
    static struct sample sample;
    struct sim_world *w = sim_new(1);
    struct plat *p = sim_machine(w, "m");
    series_init(&series);
    units_init(&u, p, &series);
    for (uint32_t i = 0; i < 5; i++) {
        struct mono next = units_step(&u, plat_mono(p));
        assert_true(next.ns == plat_mono(p).ns + UNITS_MS * NS_PER_MS);
        sim_advance(w, UNITS_MS * NS_PER_MS);
    }
    sample_clear(&sample, 0);
    units_take(&u, &sample);
    assert_int_equal(series.count, 0);
    units_close(&u);
    sim_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(answers_without_it),
        cmocka_unit_test(a_machine_without_systemd),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
