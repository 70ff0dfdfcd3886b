/* SPDX-License-Identifier: MIT */
/* What the earlier backend answers, and what follows from it for a batch of points. */
#include "tests/unit/forward/points_rig.h"

#define POINTS 200U

static struct points_rig *rig(void)
{
    struct points_rig *r = points_new(TARGET_APIGATEWAY);
    char why[256];
    struct text words;
    text_init(&words, why, sizeof why);
    r->to.mode = TARGET_BATCH;
    assert_int_equal(target_check(&r->to, &words), ERR_OK);
    for (uint32_t i = 0; i < POINTS; i++)
        points_add(r, 0, 1, "cpu_usage", "", i, 1234);
    r->batch.serial = 1;
    points_shape(r, EXPORT_ITEMS_MAX);
    assert_int_equal(r->request.count, POINTS);
    return r;
}

static enum verdict hear(struct points_rig *r, uint32_t status, const char *body)
{
    return points_judge(r, status, body, (uint32_t)strlen(body));
}

static void a_table_that_is_not_there_is_a_matter_for_people(void **state)
{
    struct points_rig *r = rig();
    (void)state;
    for (uint32_t i = 0; i < 10; i++) {
        assert_int_equal(hear(r, 500, "{\"error\":\"Internal Server Error\","
                                      "\"message\":\"Requested resource not found\"}"), VERDICT_HOLD);
        assert_non_null(strstr(r->why, "DYNAMODB_TABLE_NAME"));
        assert_false(r->judgement.is_doubtful); /* nothing was written */
    }
    assert_int_equal(hear(r, 500, "{\"message\":\"User: arn:aws:x is not authorized to perform: "
                                  "dynamodb:BatchWriteItem\"}"), VERDICT_HOLD);
    points_free(r);
}

static void a_crash_may_have_kept_a_part(void **state)
{
    struct points_rig *r = rig();
    (void)state;
    r->to.no_repeat = true; /* it goes again all the same: most of it is not there */
    assert_int_equal(hear(r, 500, "{\"message\":\"Internal Server Error\"}"), VERDICT_AGAIN);
    assert_true(r->judgement.is_doubtful);
    assert_int_equal(hear(r, 500, "{\"message\":\"Internal Server Error\"}"), VERDICT_DROP);
    points_free(r);
}

/* The engine around the exporter (sender.c), for a backend that fails on some items: what became of each. */
struct backend {
    bool is_down;
    bool fails[POINTS];
    uint32_t down_after;             /* requests until it is down for good; 0: never */
    uint32_t taken, dropped, requests;
    bool was_dropped[POINTS], is_held;
};

static bool takes(const struct backend *f, const struct export_request *q)
{
    bool is_good = !f->is_down && (f->down_after == 0 || f->requests < f->down_after);
    for (uint32_t i = 0; i < q->count; i++)
        is_good = is_good && !f->fails[q->items[i]];
    return is_good;
}

static void mark(struct points_rig *r, uint32_t item)
{
    assert_false(export_is_done(&r->batch, item));
    r->batch.done[item / 64] |= UINT64_C(1) << item % 64;
    r->batch.done_count++;
}

/* Until all of the batch is done, or it is held. */
static void run(struct points_rig *r, struct backend *f)
{
    uint32_t items_max = EXPORT_ITEMS_MAX;
    while (r->batch.done_count < r->batch.count && !f->is_held) {
        points_shape(r, items_max);
        const struct export_request *q = &r->request;
        assert_true(q->count > 0);
        bool is_good = takes(f, q);
        assert_true(++f->requests < 2000);
        switch (hear(r, is_good ? 200 : 500, is_good ? "{}" : "{\"message\":\"Internal Server Error\"}")) {
        case VERDICT_DONE:
            for (uint32_t i = 0; i < q->count; i++)
                mark(r, q->items[i]);
            f->taken += q->count;
            items_max = EXPORT_ITEMS_MAX;
            break;
        case VERDICT_DROP:
            items_max = q->count > 1 ? q->count / 2 : EXPORT_ITEMS_MAX;
            if (q->count > 1)
                break;
            mark(r, q->items[0]);
            f->was_dropped[q->items[0]] = true;
            f->dropped++;
            break;
        case VERDICT_HOLD: f->is_held = true; break;
        default: break;
        }
    }
}

static void a_backend_that_is_broken_loses_nothing(void **state)
{
    (void)state;
    for (uint32_t after = 0; after < 30; after++) { /* at once, and in the midst of looking who is to blame */
        struct points_rig *r = rig();
        struct backend f = {.is_down = after == 0, .down_after = after, .fails[3] = true, .fails[4] = true};
        for (uint32_t day = 0; day < 3; day++) {
            f.is_held = false;
            run(r, &f);
            assert_true(f.is_held);
            f.down_after = f.requests; /* nothing from now on */
        }
        assert_int_equal(f.dropped, 0);
        f = (struct backend){.taken = f.taken}; /* repaired */
        run(r, &f);
        assert_false(f.is_held);
        assert_int_equal(f.taken, POINTS);
        points_free(r);
    }
}

static void one_that_it_fails_on_keeps_back_no_other(void **state)
{
    const struct {
        uint32_t first, last;
    } cases[] = {{0, 0}, {1, 1}, {99, 99}, {POINTS - 1, POINTS - 1}, {0, 1}, {40, 43},
                 {POINTS - 2, POINTS - 1}};
    (void)state;
    for (uint32_t i = 0; i < COUNT_OF(cases); i++) {
        struct points_rig *r = rig();
        struct backend f = {.taken = 0};
        for (uint32_t item = cases[i].first; item <= cases[i].last; item++)
            f.fails[item] = true;
        run(r, &f);
        bool is_at_end = cases[i].last == POINTS - 1; /* nobody behind can speak against it */
        assert_int_equal(f.is_held, is_at_end);
        assert_int_equal(f.taken, POINTS - (cases[i].last - cases[i].first + 1));
        for (uint32_t item = 0; item < POINTS; item++)
            assert_int_equal(f.was_dropped[item], !is_at_end && f.fails[item]);
        points_free(r);
    }
}

static void what_takes_too_long_is_made_shorter(void **state)
{
    struct points_rig *r = rig();
    const uint32_t counts[] = {100, 50, 25, 25};
    (void)state;
    for (uint32_t i = 0; i < COUNT_OF(counts); i++) {
        assert_int_equal(hear(r, 503, "{\"message\":\"Service Unavailable\"}"), VERDICT_AGAIN);
        assert_true(r->judgement.is_doubtful);
        points_shape(r, EXPORT_ITEMS_MAX);
        assert_int_equal(r->request.count, counts[i]);
    }
    for (uint32_t i = 2; i <= 8; i++) {
        assert_int_equal(hear(r, 200, "{\"message\":\"Metrics ingested successfully\"}"), VERDICT_DONE);
        points_shape(r, EXPORT_ITEMS_MAX);
        assert_int_equal(r->request.count, i * 25);
    }
    assert_int_equal(hear(r, 429, "{\"message\":\"Too Many Requests\"}"), VERDICT_AGAIN);
    assert_false(r->judgement.is_doubtful);
    points_shape(r, EXPORT_ITEMS_MAX);
    assert_int_equal(r->request.count, POINTS);
    points_free(r);
}

static void what_may_have_arrived_is_left_out_when_told_so(void **state)
{
    struct points_rig *r = rig();
    (void)state;
    r->to.no_repeat = true;
    assert_int_equal(hear(r, 503, "{\"message\":\"Service Unavailable\"}"), VERDICT_DONE);
    assert_int_equal(r->judgement.dropped, POINTS);
    points_free(r);
}

static void a_page_is_no_answer(void **state)
{
    struct points_rig *r = rig();
    (void)state;
    assert_int_equal(hear(r, 200, "<!DOCTYPE html><html>"), VERDICT_HOLD);
    assert_int_equal(hear(r, 502, "<!DOCTYPE html><html>"), VERDICT_AGAIN);
    assert_int_equal(hear(r, 400, "<html>The plain HTTP request was sent to HTTPS port"), VERDICT_HOLD);
    assert_int_equal(hear(r, 400, "{\"error\":\"Bad Request\"}"), VERDICT_DROP);
    assert_int_equal(hear(r, 413, "<html>Request Entity Too Large"), VERDICT_DROP); /* fewer at a time */
    assert_int_equal(hear(r, 403, "{\"message\":\"Forbidden\"}"), VERDICT_HOLD);
    points_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_that_is_not_there_is_a_matter_for_people),
        cmocka_unit_test(a_crash_may_have_kept_a_part),
        cmocka_unit_test(a_backend_that_is_broken_loses_nothing),
        cmocka_unit_test(one_that_it_fails_on_keeps_back_no_other),
        cmocka_unit_test(what_takes_too_long_is_made_shorter),
        cmocka_unit_test(what_may_have_arrived_is_left_out_when_told_so),
        cmocka_unit_test(a_page_is_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
