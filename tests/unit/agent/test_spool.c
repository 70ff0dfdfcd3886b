/* SPDX-License-Identifier: MIT */
/* The spool against a simple model of it, over a simulated disk: what was put is there, in order and
 * unharmed, after any end of the process, until it is acknowledged or given up; and every sample is
 * accounted for. */
#include "agent/spool.c"

#include "tests/unit/agent/spool_rig.h"

static void holds_what_was_put(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++) {
        struct rig *r = open_rig(seed);
        uint64_t epoch = 1, next = 1;
        for (uint32_t round = 0; round < 120; round++) {
            uint64_t choice = unit_random(&r->seed) % 10;
            if (choice == 0) {
                epoch++;
                next = 1;
            } else if (choice == 1) {
                restart(r, SIM_KILL);
                epoch++;
                next = 1;
            } else if (choice < 5) {
                acknowledge_some(r);
            } else {
                next = put_many(r, epoch, next, (uint32_t)(unit_random(&r->seed) % 30));
            }
            (void)check(r);
            check_sum(r);
        }
        while (r->spool.has_oldest)
            r->acknowledged += spool_acknowledge(&r->spool, r->spool.oldest.epoch, UINT64_MAX);
        assert_int_equal(r->spool.sample_count, 0);
        check_sum(r);
        restart(r, SIM_KILL);
        assert_false(r->spool.has_oldest); /* free on disk, too */
        close_rig(r);
    }
}

static void a_kill_costs_nothing(void **state)
{
    (void)state;
    struct rig *r = open_rig(20);
    uint64_t next = put_many(r, 7, 1, 60);
    for (uint32_t i = 0; i < 5; i++) {
        restart(r, SIM_KILL);
        assert_int_equal(check(r), 60 + 10 * i);
        assert_int_equal(r->spool.sample_count, r->samples);
        assert_int_equal(spool_newest_epoch(&r->spool), 7 + i);
        next = put_many(r, 8 + i, 1, 10);
    }
    assert_int_equal(r->spool.oldest.epoch, 7);
    assert_true(spool_oldest_epoch_end(&r->spool) > 60 && next > 10);
    close_rig(r);
}

/* Blocks of one size lie where earlier ones lay, so that what is behind them would fit. */
static void what_lay_there_before_is_not_taken_for_new(void **state)
{
    (void)state;
    static const uint8_t data[500];
    struct rig *r = open_rig(28);
    struct spool *s = &r->spool;
    for (uint64_t epoch = 7; epoch < 12; epoch++) {
        for (uint32_t i = 0; i < 20 - epoch; i++) {
            const struct ring_block b = {.sequence = 1 + i, .count = 1, .size = sizeof data, .data = data};
            assert_int_equal(spool_put(s, epoch, &b, false, now(r)), ERR_OK);
        }
        another_process(r, "web", SEGMENTS);
        assert_int_equal(s->sample_count, 20 - epoch);
        assert_int_equal(spool_acknowledge(s, epoch, UINT64_MAX), 20 - epoch);
        assert_int_equal(s->sample_count, 0);
        another_process(r, "web", SEGMENTS); /* which begins with the same number again */
        /* The same place gets a new header, and the process dies before there is a record behind it. */
        const struct ring_block b = {.sequence = 1, .count = 1, .size = sizeof data, .data = data};
        sim_doom(r->host, 1, SIM_KILL);
        assert_true(spool_put(s, epoch + 100, &b, false, now(r)) < 0);
        sim_restart(r->host);
        start(r, "web", SEGMENTS * SEGMENT);
        assert_int_equal(s->sample_count, 0);
    }
    close_rig(r);
}

static void a_full_spool_gives_up_the_oldest(void **state)
{
    (void)state;
    struct rig *r = open_rig(21);
    put_many(r, 7, 1, 1000);
    struct spool *s = &r->spool;
    assert_true(s->lost_count > 0 && s->in_doubt_count > 0);
    assert_non_null(strstr(r->warning, "full"));
    check_sum(r);
    uint32_t held = check(r);
    assert_in_range(held, SEGMENTS * 9, SEGMENTS * 12); /* 700 bytes each */
    /* The newest are there. */
    assert_int_equal(spool_oldest_epoch_end(s), r->items[999].sequence + r->items[999].count);
    close_rig(r);
}

/* Any writes may be missing or torn; what is left is genuine, in order, and can be gone on with. */
static void a_power_cut_leaves_only_what_is_true(void **state)
{
    (void)state;
    uint32_t survived = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct rig *r = open_rig(seed);
        struct spool *s = &r->spool;
        sim_weather(r->host)->unsynced_lost_permille = (uint32_t)(seed % 3) * 60;
        sim_weather(r->host)->unsynced_torn_permille = (uint32_t)(seed % 4) * 60;
        put_many(r, 1, 1, 5);
        assert_int_equal(plat_file_sync(r->host, s->file), ERR_OK);
        for (uint64_t epoch = 2; epoch < 6; epoch++) {
            put_many(r, epoch, 1, (uint32_t)(seed % 40));
            restart(r, SIM_POWER_CUT);
            uint64_t before = s->lost_count;
            while (spool_can_read(s)) { /* as the uplink reads: what is damaged is given up and counted */
                uint8_t data[SPOOL_DATA_MAX];
                struct spool_record rec = s->oldest;
                if (spool_data(s, &rec, data) != ERR_OK) {
                    spool_give_up_block(s);
                    continue;
                }
                uint32_t i = 0;
                while (i < r->count && (r->items[i].epoch != rec.epoch ||
                                        r->items[i].sequence != rec.sequence))
                    i++;
                assert_true(i < r->count && r->items[i].size == rec.size);
                for (uint32_t b = 0; b < rec.size; b++)
                    assert_int_equal(data[b], byte_of(&r->items[i], b));
                survived++;
                (void)spool_acknowledge(s, rec.epoch, rec.sequence + rec.count - 1);
            }
            assert_int_equal(s->sample_count, 0);
            assert_true(s->lost_count >= before);
        }
        close_rig(r);
    }
    assert_true(survived > 1000);
}

static void a_damaged_block_is_given_up_alone(void **state)
{
    (void)state;
    struct rig *r = open_rig(23);
    put_many(r, 7, 1, 8);
    struct spool *s = &r->spool;
    struct spool_record third = s->oldest;
    for (uint32_t i = 0; i < 2; i++)
        assert_true(spool_record(s, third.next, &third));
    uint8_t byte = 0x55, data[SPOOL_DATA_MAX];
    plat_file_write(r->host, s->file,
                    third.place.segment * SEGMENT + third.place.offset + SPOOL_RECORD_SIZE + 9,
                    &byte, 1);
    assert_int_equal(spool_data(s, &third, data), ERR_MALFORMED);
    (void)spool_acknowledge(s, 7, third.sequence - 1);
    spool_give_up_block(s);
    assert_int_equal(s->lost_count, third.count);
    assert_int_equal(spool_data(s, &s->oldest, data), ERR_OK);
    close_rig(r);
}

/* Also when what follows lies in the first place of the file. */
static void a_broken_segment_is_given_up_alone(void **state)
{
    (void)state;
    struct rig *r = open_rig(29);
    struct spool *s = &r->spool;
    uint64_t next = put_many(r, 7, 1, 100);
    while (s->oldest.place.segment != SEGMENTS - 1)
        next = put_many(r, 7, next, 1);
    uint64_t held = s->sample_count, broken = s->segments[SEGMENTS - 1].samples;
    assert_int_equal(spool_segment_after(s, s->segments[SEGMENTS - 1].number), 0);
    static const uint8_t garbage[SPOOL_RECORD_SIZE];
    plat_file_write(r->host, s->file, (SEGMENTS - 1) * SEGMENT + SPOOL_HEADER_SIZE, garbage, sizeof garbage);
    another_process(r, "web", SEGMENTS);
    assert_int_equal(s->sample_count, held - broken);
    assert_int_equal(s->in_doubt_count, broken); /* they may have been acknowledged */
    (void)check(r);
    close_rig(r);
}

static void another_instance_gets_nothing(void **state)
{
    (void)state;
    struct rig *r = open_rig(24);
    put_many(r, 7, 1, 30);
    another_process(r, "somebody-else", SEGMENTS);
    assert_int_equal(r->spool.sample_count, 0);
    assert_non_null(strstr(r->warning, "another instance"));
    put_many(r, 9, 1, 400);
    assert_true(r->spool.lost_count > 0);
    close_rig(r);
}

static void a_broken_disk_is_tried_again(void **state)
{
    (void)state;
    struct rig *r = open_rig(25);
    struct spool *s = &r->spool;
    uint64_t next = put_many(r, 7, 1, 20), held = s->sample_count;
    uint8_t data[100] = {0};
    const struct ring_block b = {.sequence = next, .count = 3, .size = sizeof data, .data = data};
    sim_disk_fail(r->host, 0, 1);
    assert_true(spool_put(s, 7, &b, false, now(r)) < 0);
    assert_int_equal(s->sample_count, held);
    assert_non_null(strstr(r->warning, "cannot be written"));
    assert_false(spool_is_ready(s, now(r)));
    sim_advance(r->world, SPOOL_RETRY_MS * NS_PER_MS);
    assert_true(spool_is_ready(s, now(r)));
    put_many(r, 7, next, 20);
    assert_int_equal(check(r), 40);
    close_rig(r);
}

/* Whatever fails, at whatever write: nothing is there twice, and nothing that was said to be kept is
 * missing. */
static void failing_writes_lose_nothing_that_was_kept(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++) {
        struct rig *r = open_rig(seed);
        struct spool *s = &r->spool;
        uint64_t next = 1;
        for (uint32_t i = 0; i < 60; i++) {
            struct item *it = &r->items[r->count];
            *it = (struct item){.epoch = 1, .sequence = next, .count = 2,
                                .size = 300 + (uint32_t)(unit_random(&r->seed) % 900)};
            const struct ring_block b = block_of(it);
            sim_disk_fail(r->host, (uint32_t)(unit_random(&r->seed) % 6),
                          (uint32_t)(unit_random(&r->seed) % 2));
            sim_advance(r->world, SPOOL_RETRY_MS * NS_PER_MS);
            if (!spool_is_ready(s, now(r)) || spool_put(s, 1, &b, false, now(r)) < 0)
                continue;
            r->count++;
            r->samples += 2;
            next += 2;
            assert_int_equal(check(r), r->count);
        }
        assert_true(r->count > 20);
        sim_disk_fail(r->host, 0, 0);
        restart(r, SIM_KILL);
        assert_int_equal(check(r), r->count);
        close_rig(r);
    }
}

static void a_full_disk_leaves_it_closed(void **state)
{
    (void)state;
    struct sim_world *w = sim_new(26);
    struct plat *p = sim_machine(w, "web");
    static struct spool s;
    static struct series series;
    static uint8_t scratch[SCRATCH_SIZE];
    sim_disk_full(p, true);
    spool_init(&s, p, &series, scratch, SPOOL_SIZE_MIN);
    spool_open(&s, "web", plat_mono(p));
    assert_false(spool_is_ready(&s, plat_mono(p)));
    sim_disk_full(p, false);
    sim_advance(w, SPOOL_RETRY_MS * NS_PER_MS);
    assert_true(spool_is_ready(&s, plat_mono(p)));
    sim_free(w);
}

static void a_smaller_size_is_reached_when_it_is_empty(void **state)
{
    (void)state;
    struct rig *r = open_rig(27);
    struct spool *s = &r->spool;
    put_many(r, 7, 1, 150);
    uint64_t held = s->sample_count;
    another_process(r, "web", 4);
    assert_int_equal(s->sample_count, held); /* all of it can still be sent */
    (void)spool_acknowledge(s, 7, UINT64_MAX);
    another_process(r, "web", 4);
    assert_int_equal(plat_file_size(r->host, s->file), 4 * SEGMENT);
    put_many(r, 8, 1, 200);
    assert_in_range(check(r), 3 * 8, 4 * 12);
    close_rig(r);
}

static void tells_how_long_an_outage_may_last(void **state)
{
    (void)state;
    char words[160];
    struct text t;
    text_init(&t, words, sizeof words);
    spool_describe(UINT64_C(16) << 20, 1500, 16, 1000, 7000, &t);
    assert_string_equal(words, "spool: 16 MiB holds about 45 h at 1500 bytes a block of 16 samples");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(holds_what_was_put),
        cmocka_unit_test(a_kill_costs_nothing),
        cmocka_unit_test(what_lay_there_before_is_not_taken_for_new),
        cmocka_unit_test(a_full_spool_gives_up_the_oldest),
        cmocka_unit_test(a_power_cut_leaves_only_what_is_true),
        cmocka_unit_test(a_damaged_block_is_given_up_alone),
        cmocka_unit_test(a_broken_segment_is_given_up_alone),
        cmocka_unit_test(another_instance_gets_nothing),
        cmocka_unit_test(a_broken_disk_is_tried_again),
        cmocka_unit_test(failing_writes_lose_nothing_that_was_kept),
        cmocka_unit_test(a_full_disk_leaves_it_closed),
        cmocka_unit_test(a_smaller_size_is_reached_when_it_is_empty),
        cmocka_unit_test(tells_how_long_an_outage_may_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
