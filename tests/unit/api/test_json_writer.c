/* SPDX-License-Identifier: MIT */
/* JSON: escaping of hostile names, numbers without floats, and going on after running out of room. */
#include "tests/unit/unit.h"

#include <yyjson.h>

#include "aggregator/api/json_writer.c"

static char buf[4096];
static struct text out;
static struct json j;

static int start(void **state)
{
    (void)state;
    text_init(&out, buf, sizeof(buf));
    j = (struct json){.out = &out};
    return 0;
}

static void nests_with_commas(void **state)
{
    (void)state;
    json_open_object(&j, NULL);
    json_u64(&j, "a", 1);
    json_open_array(&j, "b");
    json_open_object(&j, NULL);
    json_close_object(&j);
    json_open_array(&j, NULL);
    json_close_array(&j);
    json_null(&j, NULL);
    json_bool(&j, NULL, true);
    json_close_array(&j);
    json_i64(&j, "c", -5);
    json_foreign_text(&j, "k\"", 2, "value", 1);
    json_iso_ms(&j, "t", 1768478400123);
    json_close_object(&j);
    assert_string_equal(buf, "{\"a\":1,\"b\":[{},[],null,true],\"c\":-5,\"k\\\"\":\"v\","
                             "\"t\":\"2026-01-15T12:00:00.123Z\"}");
}

static void writes_scaled_numbers(void **state)
{
    (void)state;
    json_open_array(&j, NULL);
    json_scaled(&j, NULL, 1234, 100);
    json_scaled(&j, NULL, -5, 100);
    json_scaled(&j, NULL, 500, 100);
    json_scaled(&j, NULL, INT64_MAX, 1);
    json_scaled(&j, NULL, INT64_MIN, 1000);
    json_close_array(&j);
    assert_string_equal(buf, "[12.34,-0.05,5,9223372036854775807,-9223372036854775.808]");
}

static void assert_text(const char *value, const char *expected)
{
    start(NULL);
    char *exact = unit_exact(value, strlen(value));
    json_text_n(&j, NULL, exact, (uint32_t)strlen(value));
    free(exact);
    assert_string_equal(buf, expected);
}

static void escapes_hostile_text(void **state)
{
    (void)state;
    assert_text("", "\"\"");
    assert_text("a\"b\\c", "\"a\\\"b\\\\c\"");
    assert_text("\x01\n\x7f", "\"\\u0001\\u000a\\u007f\"");
    assert_text("</script>", "\"</script>\"");
    assert_text("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\xa7",
                "\"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x90\xa7\"");
#define REPLACED "\xef\xbf\xbd"
    assert_text("a\xff" "b", "\"a" REPLACED "b\"");
    assert_text("\xc3", "\"" REPLACED "\"");                         /* cut off */
    assert_text("\xc0\xaf", "\"" REPLACED REPLACED "\"");            /* long form of '/' */
    assert_text("\xed\xa0\x80", "\"" REPLACED REPLACED REPLACED "\""); /* surrogate */
}

/* Whatever the bytes, a parser that checks UTF-8 takes the string. */
static void is_always_valid(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (uint32_t round = 0; round < 5000; round++) {
        char bytes[64];
        uint32_t size = (uint32_t)(unit_random(&seed) % sizeof(bytes));
        for (uint32_t i = 0; i < size; i++)
            bytes[i] = (char)(unit_random(&seed) | (round % 3 == 0 ? 0x80 : 0));
        start(NULL);
        json_text_n(&j, NULL, bytes, size);
        yyjson_doc *doc = yyjson_read(buf, out.length, 0);
        assert_non_null(doc);
        yyjson_doc_free(doc);
    }
}

/* Elements written with mark and rewind into ever smaller buffers add up to the same text. */
static void goes_on_after_running_out(void **state)
{
    (void)state;
    char whole[1024];
    struct text all;
    text_init(&all, whole, sizeof(whole));
    for (uint32_t room = 24; room < 200; room++) {
        char piece_buf[200];
        struct text piece;
        text_clear(&all);
        j = (struct json){0};
        uint32_t next = 0, pieces = 0;
        bool is_open = false, is_done = false;
        while (!is_done) {
            text_init(&piece, piece_buf, room);
            j.out = &piece;
            if (!is_open)
                json_open_array(&j, NULL);
            is_open = true;
            for (; next < 20; next++) {
                struct json_mark m = json_mark(&j);
                json_open_object(&j, NULL);
                json_u64(&j, "n", next);
                json_text(&j, "s", "\"");
                json_close_object(&j);
                if (json_is_full(&j)) {
                    json_rewind(&j, m);
                    break;
                }
            }
            if (next == 20) {
                struct json_mark m = json_mark(&j);
                json_close_array(&j);
                is_done = !json_is_full(&j);
                if (!is_done)
                    json_rewind(&j, m);
            }
            assert_false(piece.truncated);
            assert_true(piece.length > 0);
            text_put_n(&all, piece.at, piece.length);
            assert_true(++pieces < 50);
        }
        yyjson_doc *doc = yyjson_read(whole, all.length, 0);
        assert_non_null(doc);
        assert_int_equal(yyjson_arr_size(yyjson_doc_get_root(doc)), 20);
        yyjson_doc_free(doc);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(nests_with_commas, start),
        cmocka_unit_test_setup(writes_scaled_numbers, start),
        cmocka_unit_test(escapes_hostile_text),
        cmocka_unit_test(is_always_valid),
        cmocka_unit_test(goes_on_after_running_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
