/* SPDX-License-Identifier: MIT */
/* Names and tags of strangers, made fit to be kept. */
#include "agent/inputs/labels.c"

#include "tests/unit/unit.h"

static struct span span_text(const char *s)
{
    return span_of(s, (uint32_t)strlen(s));
}

static int write_pair(const char *key, const char *value, bool is_escaped, char to[static TAG_SIZE])
{
    struct labels l = {.is_escaped = is_escaped};
    assert_true(labels_add(&l, span_text(key), span_text(value)));
    return labels_write(&l, to);
}

static void sorted_by_key(void **state)
{
    (void)state;
    char tag[TAG_SIZE];
    struct labels l = {0};
    static const char *const pairs[][2] = {{"path", "/"}, {"code", "200"}, {"a", ""}, {"code", "500"},
                                           {"codes", "x"}};
    for (size_t i = 0; i < COUNT_OF(pairs); i++)
        assert_true(labels_add(&l, span_text(pairs[i][0]), span_text(pairs[i][1])));
    assert_int_equal(labels_write(&l, tag), ERR_OK);
    assert_string_equal(tag, "a=,code=200,codes=x,path=/");
}

static void the_same_tags_in_any_order(void **state)
{
    (void)state;
    uint64_t seed = 7;
    static const char alphabet[] = "abcdefghijklmnop";
    char tag[TAG_SIZE];
    for (uint32_t round = 0; round < 200; round++) {
        struct labels l = {0};
        uint32_t taken = 0;
        while (l.count < LABELS_MAX) {
            uint32_t i = (uint32_t)(unit_random(&seed) % LABELS_MAX);
            if ((taken >> i & 1) == 0)
                assert_true(labels_add(&l, span_of(alphabet + i, 1), span_text("1")));
            taken |= 1U << i;
        }
        assert_int_equal(labels_write(&l, tag), ERR_OK);
        assert_string_equal(tag, "a=1,b=1,c=1,d=1,e=1,f=1,g=1,h=1,i=1,j=1,k=1,l=1,m=1,n=1,o=1,p=1");
        assert_false(labels_add(&l, span_text("one more"), span_text("")));
    }
}

static void what_would_spoil_the_form(void **state)
{
    (void)state;
    char tag[TAG_SIZE], name[METRIC_SIZE];
    assert_int_equal(write_pair("a,b=c d*", "x,y=z *", false, tag), ERR_OK);
    assert_string_equal(tag, "a_b_c_d_=x;y=z *");
    assert_int_equal(write_pair("a", "gr\xc3\xbc\xc3\x9f", false, tag), ERR_OK);
    assert_string_equal(tag, "a=gr\xc3\xbc\xc3\x9f");
    assert_int_equal(write_pair("a", "\x01", false, tag), ERR_MALFORMED);
    assert_int_equal(write_pair("a", "\xff", false, tag), ERR_MALFORMED);
    assert_int_equal(write_pair("", "b", false, tag), ERR_MALFORMED);
    assert_int_equal(labels_write_name(span_text("my app, *"), ".max", name), ERR_OK);
    assert_string_equal(name, "my_app___.max");
    assert_int_equal(labels_write_name(span_text(""), ".max", name), ERR_MALFORMED);
    assert_int_equal(labels_write_name(span_of("a\0b", 3), "", name), ERR_MALFORMED);
}

static void escapes_of_prometheus(void **state)
{
    (void)state;
    char tag[TAG_SIZE];
    assert_int_equal(write_pair("a", "x\\\\y\\\"z\\nw,", true, tag), ERR_OK);
    assert_string_equal(tag, "a=x\\y\"z w;");
    assert_int_equal(write_pair("a", "\\t", true, tag), ERR_MALFORMED);
    assert_int_equal(write_pair("a", "\\", true, tag), ERR_MALFORMED);
    assert_int_equal(write_pair("a", "\\n", false, tag), ERR_OK);
    assert_string_equal(tag, "a=\\n");
}

static void whole_or_not_at_all(void **state)
{
    (void)state;
    char long_text[100], tag[TAG_SIZE], name[METRIC_SIZE];
    memset(long_text, 'x', sizeof long_text);
    struct labels l = {0};
    assert_true(labels_add(&l, span_text("a"), span_of(long_text, TAG_SIZE - 3)));
    assert_int_equal(labels_write(&l, tag), ERR_OK);
    assert_int_equal(strlen(tag), TAG_SIZE - 1);
    l.at[0].value.end++;
    assert_int_equal(labels_write(&l, tag), ERR_FULL);
    assert_int_equal(labels_write_name(span_of(long_text, METRIC_SIZE - 1), "", name), ERR_OK);
    assert_int_equal(labels_write_name(span_of(long_text, METRIC_SIZE), "", name), ERR_FULL);
    assert_int_equal(labels_write_name(span_of(long_text, METRIC_SIZE - 1), ".", name), ERR_FULL);
}

static void units_by_name(void **state)
{
    (void)state;
    assert_string_equal(labels_unit("backup_bytes"), "bytes");
    assert_string_equal(labels_unit("sent_bytes_total"), "bytes");
    assert_string_equal(labels_unit("http_request_duration_seconds_sum"), "seconds");
    assert_string_equal(labels_unit("http_request_duration_seconds_count"), "count");
    assert_string_equal(labels_unit("queue_wait_ms"), "milliseconds");
    assert_string_equal(labels_unit("orders"), "count");
    assert_string_equal(labels_unit("_total"), "count");
    assert_string_equal(labels_unit(""), "count");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sorted_by_key),
        cmocka_unit_test(the_same_tags_in_any_order),
        cmocka_unit_test(what_would_spoil_the_form),
        cmocka_unit_test(escapes_of_prometheus),
        cmocka_unit_test(whole_or_not_at_all),
        cmocka_unit_test(units_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
