/* SPDX-License-Identifier: MIT */
/* Who uses most is found: on a simulated machine with processes that the test makes up. */
#include "agent/collect/process_watch.c"

#include <stdio.h>

#include "platform/sim/sim.h"
#include "tests/unit/unit.h"

/* The simulated platform keeps so many texts; more processes are a list whose looks fail. */
#define PROCESSES 90U

static struct {
    struct sim_world *world;
    struct plat *plat;
    struct process_watch watch;
    struct process_moment moment;
    struct process_tops tops;
    uint64_t ticks[PROCESSES];
    char scratch[SCRATCH_SIZE];
} it;

static uint32_t pid_of(uint32_t i)
{
    return 2000 + 3 * i;
}

static void say(uint32_t i, uint64_t start, uint64_t pages)
{
    char path[32], text[200];
    snprintf(path, sizeof path, "/proc/%u/stat", pid_of(i));
    snprintf(text, sizeof text, "%u (p%u) S 1 1 1 0 -1 0 0 0 0 0 %llu 0 0 0 20 0 1 0 %llu 0 %llu 0\n",
             pid_of(i), i, (unsigned long long)it.ticks[i], (unsigned long long)start,
             (unsigned long long)pages);
    sim_text(it.plat, path, text);
}

static void end(uint32_t i)
{
    char path[32];
    snprintf(path, sizeof path, "/proc/%u/stat", pid_of(i));
    sim_text(it.plat, path, NULL);
}

static void use(uint32_t i, uint64_t ticks)
{
    it.ticks[i] += ticks;
    it.moment.busy_ticks += ticks;
    say(i, 100 + i, 10 + i);
}

static void begin(uint32_t processes)
{
    memset(&it, 0, sizeof it);
    it.world = sim_new(1);
    it.plat = sim_machine(it.world, "m");
    for (uint32_t i = 0; i < SIM_PROCESSES; i++) {
        char path[32];
        snprintf(path, sizeof path, "/proc/%u/stat", sim_processes[i].pid);
        sim_text(it.plat, path, NULL);
    }
    it.moment.busy_ticks = 1000;
    for (uint32_t i = 0; i < processes; i++)
        use(i, 50);
    it.moment.now = plat_mono(it.plat);
    process_watch_init(&it.watch, it.plat, it.scratch, &it.moment);
}

static void finish(void)
{
    sim_free(it.world);
}

static void take(void)
{
    sim_advance(it.world, NS_PER_S);
    it.moment.now = plat_mono(it.plat);
    process_watch_take(&it.watch, &it.moment, &it.tops);
    assert_in_range(it.tops.count, 0, PROCESS_TOPS_MAX);
    for (uint32_t i = 1; i < it.watch.count; i++)
        assert_true(it.watch.watched[i - 1].pid < it.watch.watched[i].pid);
    uint32_t unread = 0;
    for (uint32_t i = 0; i < it.watch.count; i++) {
        unread += !it.watch.watched[i].is_read;
        assert_int_equal(it.watch.watched[i].is_held,
                         find_held(&it.watch, it.watch.watched[i].pid) != NULL);
    }
    assert_int_equal(unread, it.watch.unread_count);
}

static const struct process_top *top(uint32_t i)
{
    for (uint32_t k = 0; k < it.tops.count; k++)
        if (it.tops.tops[k].pid == pid_of(i))
            return &it.tops.tops[k];
    return NULL;
}

static void shares_and_memory(void **state)
{
    (void)state;
    begin(40);
    use(7, 25);
    use(9, 1);
    take();
    assert_int_equal(top(7)->cpu_share, 2500);
    assert_int_equal(top(9)->cpu_share, 100);
    assert_string_equal(top(9)->name, "p9");
    for (uint32_t i = 35; i < 40; i++) {
        assert_int_equal(top(i)->memory_kib, 4 * (10 + i));
        assert_int_equal(top(i)->cpu_share, 0);
    }
    assert_int_equal(it.tops.count, 7);
    take(); /* nobody did anything since */
    assert_int_equal(it.tops.count, 5);
    for (uint32_t i = 0; i < 7; i++)
        use(20 + i, 100 + i);
    take(); /* more than there are places; 39 is one of the five by memory */
    take();
    for (uint32_t n = 0; n < 3; n++) {
        for (uint32_t i = 0; i < 7; i++)
            use(20 + i, 100 + i);
        take();
    }
    for (uint32_t i = 2; i < 7; i++)
        assert_int_equal(top(20 + i)->cpu_share, 100 * (100 + i));
    assert_null(top(20));
    assert_int_equal(it.tops.count, 10);
    finish();
}

/* Any process that becomes busy shows within a second to notice and one for each 96. */
static void a_busy_one_shows_soon(void **state)
{
    (void)state;
    for (uint32_t busy = 0; busy < PROCESSES; busy += 13) {
        begin(PROCESSES);
        for (uint32_t n = 0; n < 15; n++)
            take();
        uint32_t seconds = 0;
        do {
            use(busy, 80);
            take();
            seconds++;
            assert_true(seconds <= 2);
        } while (top(busy) == NULL);
        use(busy, 80);
        take();
        assert_int_equal(top(busy)->cpu_share, 8000);
        finish();
    }
}

static void a_new_one_shows_soon(void **state)
{
    (void)state;
    begin(60);
    for (uint32_t n = 0; n < 4; n++)
        take();
    it.moment.forks++;
    use(70, 90);
    take();
    assert_non_null(top(70));
    use(70, 90);
    take();
    assert_int_equal(top(70)->cpu_share, 9000);
    finish();
}

/* Time that nobody is found for: many looks at first, few afterwards. */
static void short_lives_do_not_cost_for_ever(void **state)
{
    (void)state;
    uint32_t looks = 0;
    begin(PROCESSES);
    for (uint32_t n = 0; n < 4; n++)
        take();
    for (uint32_t n = 0; n < 100; n++) {
        it.moment.busy_ticks += 150 + n % 7;
        it.moment.forks += 20;
        take();
        looks += it.watch.looks;
    }
    assert_in_range(looks, 100 * PROCESSES_LOOKS, 100 * PROCESSES_LOOKS + 12 * PROCESSES);
    use(44, 100); /* but one that is there is found among them */
    it.moment.busy_ticks += 150;
    take();
    assert_non_null(top(44));
    finish();
}

static void a_pid_is_used_again(void **state)
{
    (void)state;
    begin(20);
    use(3, 500);
    take();
    assert_non_null(top(3));
    it.ticks[3] = 7000; /* another one, older in ticks than it can have used since */
    say(3, 99999, 13);
    take();
    assert_true(top(3) == NULL || top(3)->cpu_share == 0);
    it.ticks[3] += 10;
    say(3, 99999, 13);
    take();
    assert_int_equal(top(3)->cpu_share, 1000);
    finish();
}

static void those_that_end_are_forgotten(void **state)
{
    (void)state;
    begin(PROCESSES);
    for (uint32_t i = 0; i < PROCESSES; i += 2)
        use(i, 30 + i);
    take();
    for (uint32_t i = 0; i < PROCESSES; i += 2)
        end(i);
    for (uint32_t n = 0; n < 12; n++)
        take();
    assert_int_equal(it.watch.count, PROCESSES / 2);
    assert_int_equal(it.tops.count, 5);
    for (uint32_t k = 0; k < it.tops.count; k++)
        assert_int_equal((it.tops.tops[k].pid - 2000) / 3 % 2, 1);
    for (uint32_t i = 1; i < PROCESSES; i += 2)
        end(i);
    for (uint32_t n = 0; n < 12; n++)
        take();
    assert_int_equal(it.watch.count, 0);
    assert_int_equal(it.tops.count, 0);
    for (uint32_t i = 0; i < PROCESSES_HELD_MAX; i++)
        assert_int_equal(it.watch.held[i].pid, 0);
    finish();
}

/* The table with a text in the scratch that lists whom it likes. */
static void more_than_the_table_holds(void **state)
{
    (void)state;
    begin(0);
    struct process_watch *w = &it.watch;
    struct text t;
    text_init(&t, it.scratch, sizeof it.scratch);
    for (uint32_t pid = 1; pid <= 1500; pid++) {
        text_put_u64(&t, pid);
        text_put_char(&t, '\0');
    }
    static char names[SCRATCH_SIZE];
    memcpy(names, it.scratch, sizeof names);
    bool seen[1501] = {false};
    for (uint32_t round = 0; round < 40; round++) {
        memcpy(it.scratch, names, sizeof names);
        insert_listed(w, 40);
        assert_int_equal(w->count, PROCESSES_WATCHED_MAX);
        assert_int_equal(w->waiting_count, 1500 - PROCESSES_WATCHED_MAX);
        for (uint32_t i = 0; i < w->count; i++) {
            seen[w->watched[i].pid] = true;
            w->watched[i].is_read = true;
            assert_true(i == 0 || w->watched[i - 1].pid < w->watched[i].pid);
        }
        w->unread_count = 0;
    }
    for (uint32_t pid = 1; pid <= 1500; pid++)
        assert_true(seen[pid]);
    finish();
}

static void no_processes_at_all(void **state)
{
    (void)state;
    begin(0);
    for (uint32_t n = 0; n < 30; n++) {
        it.moment.busy_ticks += 50;
        take();
        assert_int_equal(it.tops.count, 0);
    }
    finish();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shares_and_memory),
        cmocka_unit_test(a_busy_one_shows_soon),
        cmocka_unit_test(a_new_one_shows_soon),
        cmocka_unit_test(short_lives_do_not_cost_for_ever),
        cmocka_unit_test(a_pid_is_used_again),
        cmocka_unit_test(those_that_end_are_forgotten),
        cmocka_unit_test(more_than_the_table_holds),
        cmocka_unit_test(no_processes_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
