/* SPDX-License-Identifier: MIT */
/* Every message survives the way through a frame; lengths and counts beyond the limits do not. */
#include "proto/wire.h"

#include "tests/unit/unit.h"

static uint8_t frame_bytes[FRAME_HEADER_SIZE + FRAME_PAYLOAD_MAX];
static _Alignas(16) uint8_t scratch_bytes[WIRE_SCRATCH_SIZE];

static struct wire_frame framed(int size)
{
    struct wire_frame f;
    assert_true(size > 0);
    for (int cut = 0; cut < size; cut++)
        assert_int_equal(wire_frame(frame_bytes, (uint32_t)cut, &f), ERR_AGAIN);
    assert_int_equal(wire_frame(frame_bytes, (uint32_t)size, &f), size);
    return f;
}

static struct arena scratch(void)
{
    struct arena a;
    arena_init(&a, scratch_bytes, sizeof scratch_bytes);
    return a;
}

static void hello_and_welcome(void **state)
{
    (void)state;
    struct arena a = scratch();
    struct wire_hello in = {
        .protocol = WIRE_PROTOCOL, .agent_version = "1.2", .instance_id = "web-1", .name = "web",
        .epoch = UINT64_MAX, .oldest_sequence = 7, .next_sequence = 99, .interval_ms = 1000,
        .sent_ms = -1, .os = "os", .kernel = "k", .architecture = "x86_64", .cpu_count = 2,
        .memory_bytes = 1ULL << 40, .provider = "vultr", .region = "ewr", .instance_type = "vc2",
    }, out;
    struct wire_frame f = framed(wire_put_hello(frame_bytes, sizeof frame_bytes, &in));
    assert_int_equal(wire_get_hello(&f, &a, &out), ERR_OK);
    assert_string_equal(out.instance_id, "web-1");
    assert_string_equal(out.instance_type, "vc2");
    assert_true(out.epoch == UINT64_MAX && out.sent_ms == -1 && out.memory_bytes == 1ULL << 40);
    struct wire_welcome w = {.epoch = 3, .committed_sequence = 5, .dictionary_count = 2,
                             .ship_interval_ms = 10000, .sent_ms = 12}, v;
    f = framed(wire_put_welcome(frame_bytes, sizeof frame_bytes, &w));
    assert_int_equal(wire_get_welcome(&f, &a, &v), ERR_OK);
    assert_memory_equal(&w, &v, sizeof w);
    assert_int_equal(wire_get_hello(&f, &a, &out), ERR_MALFORMED); /* another type */
}

static void batch_of_blocks(void **state)
{
    (void)state;
    struct arena a = scratch();
    static struct wire_batch in, out;
    in.epoch = 42;
    in.block_count = BATCH_BLOCKS_MAX;
    for (uint32_t i = 0; i < in.block_count; i++)
        in.blocks[i] = (struct wire_block){
            .sequence = 1 + 10 * i, .count = 10, .data = {(const uint8_t *)"0123456789", 1 + i % 10}};
    struct wire_frame f = framed(wire_put_batch(frame_bytes, sizeof frame_bytes, &in));
    assert_int_equal(wire_get_batch(&f, &a, &out), ERR_OK);
    assert_int_equal(out.block_count, in.block_count);
    for (uint32_t i = 0; i < in.block_count; i++) {
        assert_int_equal(out.blocks[i].sequence, in.blocks[i].sequence);
        assert_int_equal(out.blocks[i].data.size, in.blocks[i].data.size);
        assert_memory_equal(out.blocks[i].data.at, "0123456789", in.blocks[i].data.size);
    }
    in.blocks[0].count = BLOCK_SAMPLES_MAX + 1;
    f = framed(wire_put_batch(frame_bytes, sizeof frame_bytes, &in));
    assert_int_equal(wire_get_batch(&f, &a, &out), ERR_MALFORMED);
    in.blocks[0] = (struct wire_block){.sequence = UINT64_MAX, .count = 2};
    f = framed(wire_put_batch(frame_bytes, sizeof frame_bytes, &in));
    assert_int_equal(wire_get_batch(&f, &a, &out), ERR_MALFORMED);
}

static void dictionary_bounds(void **state)
{
    (void)state;
    struct arena a = scratch();
    static struct wire_dictionary in, out;
    in.first_slot = SLOTS_MAX - DICTIONARY_SERIES_MAX;
    in.count = DICTIONARY_SERIES_MAX;
    for (uint32_t i = 0; i < in.count; i++)
        in.series[i] = (struct wire_series){"cpu_usage", "device=vda", "percent", 100, i % 2 == 0};
    struct wire_frame f = framed(wire_put_dictionary(frame_bytes, sizeof frame_bytes, &in));
    assert_int_equal(wire_get_dictionary(&f, &a, &out), ERR_OK);
    assert_string_equal(out.series[63].tag, "device=vda");
    assert_true(out.series[62].counter && !out.series[63].counter);
    in.first_slot++;
    f = framed(wire_put_dictionary(frame_bytes, sizeof frame_bytes, &in));
    assert_int_equal(wire_get_dictionary(&f, &a, &out), ERR_MALFORMED);
    in.first_slot = 0;
    char long_metric[METRIC_SIZE + 1];
    memset(long_metric, 'm', METRIC_SIZE);
    long_metric[METRIC_SIZE] = '\0';
    in.series[0].metric = long_metric;
    f = framed(wire_put_dictionary(frame_bytes, sizeof frame_bytes, &in));
    assert_int_equal(wire_get_dictionary(&f, &a, &out), ERR_MALFORMED);
}

static void small_messages(void **state)
{
    (void)state;
    struct arena a = scratch();
    struct wire_ack ack = {.epoch = 9, .sequence = 10}, ack_out;
    struct wire_frame f = framed(wire_put_ack(frame_bytes, sizeof frame_bytes, &ack));
    assert_int_equal(wire_get_ack(&f, &a, &ack_out), ERR_OK);
    assert_memory_equal(&ack, &ack_out, sizeof ack);
    struct wire_pace pace = {.ship_interval_ms = 1000}, pace_out;
    f = framed(wire_put_pace(frame_bytes, sizeof frame_bytes, &pace));
    assert_int_equal(wire_get_pace(&f, &a, &pace_out), ERR_OK);
    assert_int_equal(pace_out.ship_interval_ms, 1000);
    struct wire_refuse refuse = {.code = REFUSE_TOKEN, .reason = "used"}, refuse_out;
    f = framed(wire_put_refuse(frame_bytes, sizeof frame_bytes, &refuse));
    assert_int_equal(wire_get_refuse(&f, &a, &refuse_out), ERR_OK);
    assert_string_equal(refuse_out.reason, "used");
    struct wire_enroll_request er = {"token", "id", "name", {(const uint8_t *)"csr", 3}}, er_out;
    f = framed(wire_put_enroll_request(frame_bytes, sizeof frame_bytes, &er));
    assert_int_equal(wire_get_enroll_request(&f, &a, &er_out), ERR_OK);
    assert_string_equal(er_out.token, "token");
    assert_int_equal(er_out.request_der.size, 3);
    struct wire_enroll_reply ep = {"id", {(const uint8_t *)"cert", 4}, {(const uint8_t *)"ca", 2}}, ep_out;
    f = framed(wire_put_enroll_reply(frame_bytes, sizeof frame_bytes, &ep));
    assert_int_equal(wire_get_enroll_reply(&f, &a, &ep_out), ERR_OK);
    assert_int_equal(ep_out.certificate_der.size, 4);
}

static void history_of_an_older_epoch(void **state)
{
    (void)state;
    struct arena a = scratch();
    struct wire_history in = {.epoch = 7, .oldest_sequence = 3, .next_sequence = 90}, out;
    struct wire_frame f = framed(wire_put_history(frame_bytes, sizeof frame_bytes, &in));
    assert_int_equal(wire_get_history(&f, &a, &out), ERR_OK);
    assert_memory_equal(&in, &out, sizeof in);
    in.oldest_sequence = 91;
    f = framed(wire_put_history(frame_bytes, sizeof frame_bytes, &in));
    assert_int_equal(wire_get_history(&f, &a, &out), ERR_MALFORMED);
    struct wire_history_welcome w = {.epoch = 7, .committed_sequence = 12, .dictionary_count = SLOTS_MAX}, v;
    f = framed(wire_put_history_welcome(frame_bytes, sizeof frame_bytes, &w));
    assert_int_equal(wire_get_history_welcome(&f, &a, &v), ERR_OK);
    assert_true(v.epoch == 7 && v.committed_sequence == 12 && v.dictionary_count == SLOTS_MAX);
    w.dictionary_count++;
    f = framed(wire_put_history_welcome(frame_bytes, sizeof frame_bytes, &w));
    assert_int_equal(wire_get_history_welcome(&f, &a, &v), ERR_MALFORMED);
}

static void settings_with_hints(void **state)
{
    (void)state;
    struct arena a = scratch();
    struct wire_settings in = {.sample_interval_ms = 2000, .hint_count = HINTS_MAX}, out;
    for (uint32_t i = 0; i < HINTS_MAX; i++)
        in.hints[i] = (struct wire_hint){.metric = "cpu_usage", .tag = "", .level = -5 + (int)i,
                                         .below = i % 2 == 1, .hold_s = 4 * i};
    struct wire_frame f = framed(wire_put_settings(frame_bytes, sizeof frame_bytes, &in));
    assert_int_equal(wire_get_settings(&f, &a, &out), ERR_OK);
    assert_int_equal(out.hint_count, HINTS_MAX);
    assert_int_equal(out.sample_interval_ms, 2000);
    assert_string_equal(out.hints[15].metric, "cpu_usage");
    assert_true(out.hints[0].hold_s == 0 && out.hints[15].hold_s == 60);
    assert_true(out.hints[0].level == -5 && !out.hints[0].below && out.hints[15].below);
    char long_tag[TAG_SIZE + 1];
    memset(long_tag, 't', TAG_SIZE);
    long_tag[TAG_SIZE] = '\0';
    in.hints[3].tag = long_tag;
    f = framed(wire_put_settings(frame_bytes, sizeof frame_bytes, &in));
    assert_int_equal(wire_get_settings(&f, &a, &out), ERR_MALFORMED);
}

static void renewal(void **state)
{
    (void)state;
    struct arena a = scratch();
    struct wire_renew in = {{(const uint8_t *)"csr", 3}}, out;
    struct wire_frame f = framed(wire_put_renew(frame_bytes, sizeof frame_bytes, &in));
    assert_int_equal(wire_get_renew(&f, &a, &out), ERR_OK);
    assert_int_equal(out.request_der.size, 3);
    struct wire_renewed r = {{(const uint8_t *)"cert", 4}}, r_out;
    f = framed(wire_put_renewed(frame_bytes, sizeof frame_bytes, &r));
    assert_int_equal(wire_get_renewed(&f, &a, &r_out), ERR_OK);
    assert_memory_equal(r_out.certificate_der.at, "cert", 4);
}

static void frames_beyond_the_limits(void **state)
{
    (void)state;
    struct wire_frame f;
    assert_int_equal(wire_frame((const uint8_t *)"\0\0\0\0", 4, &f), ERR_MALFORMED);
    assert_int_equal(wire_frame((const uint8_t *)"\x0f\0\0\0", 4, &f), ERR_MALFORMED);
    assert_int_equal(wire_frame((const uint8_t *)"\x06\xff\xff\xff", 4, &f), ERR_MALFORMED);
    struct wire_ack ack = {.epoch = 1, .sequence = 1};
    assert_int_equal(wire_put_ack(frame_bytes, 3, &ack), ERR_FULL);
}

static void too_little_scratch_is_refused(void **state)
{
    (void)state;
    struct wire_refuse in = {.code = 1, .reason = "a reason of some length, to need memory"}, out;
    struct wire_frame f = framed(wire_put_refuse(frame_bytes, sizeof frame_bytes, &in));
    struct arena a;
    arena_init(&a, scratch_bytes, 64);
    assert_int_equal(wire_get_refuse(&f, &a, &out), ERR_MALFORMED);
    assert_true(a.refused > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hello_and_welcome),
        cmocka_unit_test(batch_of_blocks),
        cmocka_unit_test(dictionary_bounds),
        cmocka_unit_test(small_messages),
        cmocka_unit_test(history_of_an_older_epoch),
        cmocka_unit_test(settings_with_hints),
        cmocka_unit_test(renewal),
        cmocka_unit_test(frames_beyond_the_limits),
        cmocka_unit_test(too_little_scratch_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
