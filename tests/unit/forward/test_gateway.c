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
    assert_int_equal(hear(r, 403, "{\"message\":\"Forbidden\"}"), VERDICT_HOLD);
    points_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_that_is_not_there_is_a_matter_for_people),
        cmocka_unit_test(a_crash_may_have_kept_a_part),
        cmocka_unit_test(what_takes_too_long_is_made_shorter),
        cmocka_unit_test(what_may_have_arrived_is_left_out_when_told_so),
        cmocka_unit_test(a_page_is_no_answer),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
