/* SPDX-License-Identifier: MIT */
/* Processes come back as they were, in few bytes; what no agent would send is refused. */
#include "proto/processes.c"

#include <stdio.h>

#include "tests/unit/unit.h"

#define SAMPLES 600U

struct room {
    struct process_id ids[PROCESSES_MAX];
    struct process_use uses[PROCESS_SAMPLES_MAX * PROCESS_TOPS_MAX];
    struct processes p;
};

static struct room in, out, merged;
static int64_t work[PROCESS_SAMPLES_MAX];
static uint8_t bytes[1 << 20];

static struct processes *reset(struct room *r, uint32_t ids_max)
{
    r->p = (struct processes){.ids = r->ids, .uses = r->uses, .ids_max = ids_max,
                              .uses_max = COUNT_OF(r->uses)};
    return &r->p;
}

/* Ascending by pid, as they come back. */
static void make_tops(uint64_t *random, struct process_tops *t, uint32_t processes)
{
    t->count = 0;
    for (uint32_t i = 0; i < processes && t->count < PROCESS_TOPS_MAX; i++) {
        if (unit_random(random) % 3 == 0)
            continue;
        struct process_top *top = &t->tops[t->count++];
        *top = (struct process_top){.pid = 1 + i * 37, .memory_kib = 1000 * i};
        snprintf(top->name, sizeof top->name, "worker-%u/\xc3\xa9", i % 100);
        if (i % 3 == 0)
            top->cpu_share = (uint32_t)(unit_random(random) % 20000);
        if (i % 4 == 0)
            top->memory_kib = (uint32_t)unit_random(random);
    }
}

static void check_tops(const struct processes *p, uint32_t sample, const struct process_tops *expected)
{
    struct process_tops got;
    processes_of_sample(p, sample, &got);
    assert_int_equal(got.count, expected->count);
    for (uint32_t i = 0; i < got.count; i++) {
        assert_int_equal(got.tops[i].pid, expected->tops[i].pid);
        assert_int_equal(got.tops[i].cpu_share, expected->tops[i].cpu_share);
        assert_int_equal(got.tops[i].memory_kib, expected->tops[i].memory_kib);
        assert_string_equal(got.tops[i].name, expected->tops[i].name);
    }
}

static void round_trips(void **state)
{
    (void)state;
    static struct process_tops tops[PROCESS_SAMPLES_MAX];
    uint64_t random = 3;
    static const uint32_t counts[] = {1, 7, 8, 10, 16, 600, PROCESS_SAMPLES_MAX};
    for (uint32_t round = 0; round < 70; round++) {
        uint32_t samples = counts[round % COUNT_OF(counts)];
        struct processes *p = reset(&in, PROCESSES_MAX), *q = reset(&out, PROCESSES_MAX);
        for (uint32_t s = 0; s < samples; s++) {
            make_tops(&random, &tops[s], 1 + round % 15);
            assert_int_equal(processes_add(p, s, &tops[s]), ERR_OK);
        }
        int size = processes_encode(p, samples, work, bytes, sizeof bytes);
        assert_true(size >= 0);
        uint8_t *exact = unit_exact(bytes, (size_t)size);
        assert_int_equal(processes_decode(exact, (uint32_t)size, samples, work, q), ERR_OK);
        for (uint32_t s = 0; s < samples; s++)
            check_tops(q, s, &tops[s]);
        for (uint32_t cut = 1; cut < 30 && cut < (uint32_t)size; cut++)
            assert_int_equal(processes_decode(exact, (uint32_t)size - cut, samples, work, q), ERR_MALFORMED);
        free(exact);
        assert_true(size <= 1 || processes_encode(p, samples, work, bytes, (uint32_t)size - 1) == ERR_FULL);
    }
}

/* What a block loses at its front, its beginning keeps: as when one is split. */
static void a_part_is_encoded_and_dropped(void **state)
{
    (void)state;
    static struct process_tops tops[16];
    uint64_t random = 4;
    for (uint32_t part = 1; part < 16; part++) {
        struct processes *p = reset(&in, 64), *q = reset(&out, 64);
        for (uint32_t s = 0; s < 16; s++) {
            make_tops(&random, &tops[s], 12);
            assert_int_equal(processes_add(p, s, &tops[s]), ERR_OK);
        }
        int size = processes_encode(p, part, work, bytes, sizeof bytes);
        assert_int_equal(processes_decode(bytes, (uint32_t)size, part, work, q), ERR_OK);
        for (uint32_t s = 0; s < part; s++)
            check_tops(q, s, &tops[s]);
        processes_drop(p, part);
        size = processes_encode(p, 16 - part, work, bytes, sizeof bytes);
        assert_int_equal(processes_decode(bytes, (uint32_t)size, 16 - part, work, q), ERR_OK);
        for (uint32_t s = part; s < 16; s++)
            check_tops(q, s - part, &tops[s]);
    }
}

static void parts_of_blocks_make_a_chunk(void **state)
{
    (void)state;
    static struct process_tops tops[SAMPLES];
    uint64_t random = 5;
    struct processes *all = reset(&merged, PROCESSES_MAX);
    for (uint32_t at = 0; at < SAMPLES; at += 10) {
        struct processes *p = reset(&in, 64), *q = reset(&out, 64);
        for (uint32_t s = 0; s < 10; s++) {
            make_tops(&random, &tops[at + s], 3 + at / 100);
            assert_int_equal(processes_add(p, s, &tops[at + s]), ERR_OK);
        }
        int size = processes_encode(p, 10, work, bytes, sizeof bytes);
        assert_int_equal(processes_decode(bytes, (uint32_t)size, 10, work, q), ERR_OK);
        assert_int_equal(processes_append(all, at, q, 0, 4), ERR_OK);
        assert_int_equal(processes_append(all, at + 4, q, 4, 10), ERR_OK);
    }
    for (uint32_t s = 0; s < SAMPLES; s++)
        check_tops(all, s, &tops[s]);
}

static struct process_top top_of(uint32_t pid, uint32_t cpu_share, const char *name)
{
    struct process_top t = {.pid = pid, .cpu_share = cpu_share, .memory_kib = 4 * pid + 20000};
    snprintf(t.name, sizeof t.name, "%s", name);
    return t;
}

/* Five that are large and mostly idle, and some that used a tick now and then. */
static void a_quiet_machine_costs_little(void **state)
{
    (void)state;
    static const char *const large[] = {"systemd-journal", "unattended-upgr", "systemd", "systemd-logind",
                                        "sshd"};
    static const char *const busy[] = {"kworker/0:1-eve", "rcu_preempt", "nephos-agent"};
    struct processes *p = reset(&in, 64);
    for (uint32_t s = 0; s < 10; s++) {
        struct process_tops tops = {.count = 0};
        for (uint32_t i = 0; i < 5; i++)
            tops.tops[tops.count++] = top_of(300 + 17 * i, i == 2 && s % 4 == 0 ? 100 : 0, large[i]);
        for (uint32_t i = 0; i < 3; i++)
            if ((s + i) % 5 == 0)
                tops.tops[tops.count++] = top_of(900 + 40 * i, 100, busy[i]);
        assert_int_equal(processes_add(p, s, &tops), ERR_OK);
    }
    int size = processes_encode(p, 10, work, bytes, sizeof bytes);
    print_message("ten samples of a quiet machine: %d bytes of processes\n", size);
    assert_in_range(size, 1, 149);
}

static void more_than_there_is_room_for(void **state)
{
    (void)state;
    struct processes *p = reset(&in, 12);
    struct process_tops tops = {.count = 10};
    for (uint32_t i = 0; i < 10; i++)
        tops.tops[i] = top_of(i + 1, 1, "x");
    assert_int_equal(processes_add(p, 0, &tops), ERR_OK);
    for (uint32_t i = 0; i < 3; i++)
        tops.tops[i] = top_of(i + 100, 1, "y");
    assert_int_equal(processes_add(p, 1, &tops), ERR_FULL);
    assert_int_equal(p->id_count, 10);
    assert_int_equal(p->use_count, 10);
    int size = processes_encode(p, 1, work, bytes, sizeof bytes);
    assert_int_equal(processes_decode(bytes, (uint32_t)size, 1, work, reset(&out, 9)), ERR_MALFORMED);
    assert_int_equal(out.p.id_count, 0);
    assert_int_equal(processes_decode(bytes, (uint32_t)size, 1, work, reset(&out, 10)), ERR_OK);
}

static void refuse(const char *section, uint32_t size, uint32_t samples)
{
    uint8_t *exact = unit_exact(section, size);
    assert_int_equal(processes_decode(exact, size, samples, work, reset(&out, 64)), ERR_MALFORMED);
    free(exact);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    struct processes *q = reset(&out, 64);
    /* one process, "ab", in every sample, idle, 5 KiB */
    assert_int_equal(processes_decode((const uint8_t *)"\x01\x2d\x07" "ab\x05", 6, 3, work, q), ERR_OK);
    assert_int_equal(q->ids[0].pid, 7);
    assert_int_equal(q->uses[2].memory_kib, 5);
    refuse("\x01\x2d\x07" "ab\x05\x00", 7, 3); /* a byte too many */
    refuse("\x00", 1, 3);                      /* no process at all is no section */
    refuse("\x01", 1, 3);
    refuse("\x01\x2d\x07" "a\n\x05", 6, 3);    /* not printable */
    refuse("\x01\x2d\x07" "a\0\x05", 6, 3);
    refuse("\x01\x4f\x07\x00\x00\x00\x05", 6, 3); /* ends before its memory */
    refuse("\x01\x1f\x07\x01\x05", 5, 3);   /* packed, and padded with ones */
    refuse("\x01\x2c\x07" "ab\x00\x05", 7, 3); /* in none */
    refuse("\x01\x2c\x07" "ab\x08\x05", 7, 3); /* in the fourth of three */
    refuse("\x01\x2c\x07" "ab\x01\x12\x02\x05", 9, 19); /* the twentieth of nineteen */
    refuse("\x01\x29\x07" "ab\x00\x01\x05", 8, 3); /* a share below zero */
    refuse("\x02\x1d\xff\xff\xff\xff\x07" "a\x05\x1d\x01" "b\x05", 13, 3); /* a pid of 33 bits */
    char eleven[1 + 11 * 4];
    eleven[0] = 11;
    for (uint32_t i = 0; i < 11; i++)
        memcpy(eleven + 1 + 4 * i, "\x1d\x01x\x05", 4);
    refuse(eleven, sizeof eleven, 1);
    eleven[0] = 10;
    assert_int_equal(processes_decode((uint8_t *)eleven, 41, 1, work, reset(&out, 64)), ERR_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips),
        cmocka_unit_test(a_part_is_encoded_and_dropped),
        cmocka_unit_test(parts_of_blocks_make_a_chunk),
        cmocka_unit_test(a_quiet_machine_costs_little),
        cmocka_unit_test(more_than_there_is_room_for),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
