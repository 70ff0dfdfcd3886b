/* SPDX-License-Identifier: MIT */
/* What the spool gives up and may have arrived; and its tail, which may leave before what is older. */
#include "agent/spool_doubt.c"

#include "tests/unit/agent/spool_rig.h"

static void what_was_sent_and_given_up_is_in_doubt(void **state)
{
    (void)state;
    struct rig *r = open_rig(22);
    put_many(r, 7, 1, 400);
    struct spool *s = &r->spool;
    spool_told(s, 7, 0); /* nothing has arrived so far */
    assert_int_equal(s->in_doubt_count, 0);
    uint64_t lost = s->lost_count;
    spool_sent(s, 7, UINT64_MAX);
    put_many(r, 8, 1, 30);
    assert_int_equal(s->lost_count, lost);
    assert_true(s->in_doubt_count > 0);
    close_rig(r);
}

/* What a process finds may have arrived: it is lost, or not, when the aggregator has told. */
static void what_was_found_and_given_up_is_in_doubt(void **state)
{
    (void)state;
    struct rig *r = open_rig(30);
    struct spool *s = &r->spool;
    put_many(r, 7, 1, 110);
    restart(r, SIM_KILL);
    uint64_t first = s->oldest.sequence, next = put_many(r, 8, 1, 80), given_up = s->oldest.sequence - first;
    assert_true(given_up > 100 && s->oldest.epoch == 7);
    assert_int_equal(s->lost_count, 0);
    assert_int_equal(s->in_doubt_count, given_up);
    assert_true(spool_oldest_doubt(s)->epoch == 7 && spool_oldest_doubt(s)->first == first);
    spool_told(s, 7, first + given_up - 31); /* 30 of them had not arrived */
    assert_int_equal(s->lost_count, 30);
    assert_int_equal(s->in_doubt_count, 0);
    assert_null(spool_oldest_doubt(s));
    /* From now on it is certain that the others have not, unless they are sent. */
    uint64_t sent = s->oldest.sequence + 20, before = s->oldest.sequence;
    spool_sent(s, 7, sent);
    while (s->oldest.epoch == 7)
        next = put_many(r, 8, next, 1);
    assert_in_range(s->in_doubt_count, 1, sent + 1 - before);
    assert_true(s->lost_count > 100);
    spool_told(s, 7, UINT64_MAX);
    assert_int_equal(s->in_doubt_count, 0);
    close_rig(r);
}

/* The session of a live epoch began with its Welcome; what is sent in it may arrive. */
static void what_is_told_early_is_not_about_what_comes(void **state)
{
    (void)state;
    struct rig *r = open_rig(33);
    struct spool *s = &r->spool;
    spool_told(s, 7, 40);
    struct item *it = &r->items[0];
    *it = (struct item){.epoch = 7, .sequence = 41, .count = 10, .size = 700, .was_sent = true};
    const struct ring_block b = block_of(it);
    assert_int_equal(spool_put(s, 7, &b, true, now(r)), ERR_OK);
    assert_true(spool_may_have_arrived(s, &s->oldest));
    spool_told(s, 7, 40);
    assert_false(spool_may_have_arrived(s, &s->oldest));
    close_rig(r);
}

/* Too many stretches to remember: the oldest count as lost. */
static void doubts_are_bounded(void **state)
{
    (void)state;
    struct rig *r = open_rig(31);
    struct spool *s = &r->spool;
    for (uint64_t epoch = 1; epoch <= SPOOL_DOUBTS_MAX + 3; epoch++)
        for (uint32_t i = 0; i < 2; i++)
            spool_doubt(s, epoch, 1 + 10 * i, 10);
    assert_int_equal(s->doubt_count, SPOOL_DOUBTS_MAX);
    assert_int_equal(s->in_doubt_count, 20 * SPOOL_DOUBTS_MAX);
    assert_int_equal(s->lost_count, 20 * 3);
    assert_int_equal(spool_oldest_doubt(s)->epoch, 4);
    close_rig(r);
}

/* The disk takes no more, and what it holds of the live epoch has arrived, while older ones wait. */
static void the_tail_leaves_by_itself(void **state)
{
    (void)state;
    for (uint32_t older = 1; older < 40; older += 3) {
        struct rig *r = open_rig(32);
        struct spool *s = &r->spool;
        put_many(r, 7, 1, older);
        restart(r, SIM_KILL);
        uint64_t held = s->sample_count, next = put_many(r, 8, 1, 25);
        struct spool_record rec;
        assert_true(spool_record(s, spool_start(s, 8), &rec));
        assert_true(rec.epoch == 8 && rec.sequence == 0 && rec.kind == SPOOL_DICTIONARY);
        assert_int_equal(spool_acknowledge(s, 8, next - 2), 0);
        assert_int_equal(spool_newest_epoch(s), 8);
        assert_int_equal(spool_acknowledge(s, 8, next - 1), next - 1);
        assert_int_equal(spool_newest_epoch(s), 7);
        assert_int_equal(s->sample_count, held);
        assert_int_equal(check(r), older);
        next = put_many(r, 8, next, 5);
        assert_int_equal(check(r), older + 5);
        put_many(r, 9, 1, 5);
        assert_int_equal(check(r), older + 10);
        spool_abandon(s, 0);
        assert_int_equal(check(r), older + 5);
        assert_true(s->lost_count > 0);
        put_many(r, 10, 1, 5);
        restart(r, SIM_KILL);
        assert_true(check(r) >= older + 10); /* what has arrived may have come back */
        close_rig(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_sent_and_given_up_is_in_doubt),
        cmocka_unit_test(what_was_found_and_given_up_is_in_doubt),
        cmocka_unit_test(what_is_told_early_is_not_about_what_comes),
        cmocka_unit_test(doubts_are_bounded),
        cmocka_unit_test(the_tail_leaves_by_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
