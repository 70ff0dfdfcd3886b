/* SPDX-License-Identifier: MIT */
/* Bytes from outside: Snappy, gzip, labels, both remote writes, OTLP in both forms. */
#include "tests/unit/store/rig.h"

#include "aggregator/push/remote_write.h"
#include "proto/snappy.h"
#include "aggregator/push/work.h"

#define T_MS (RIG_START_MS - 5000)

struct room {
    struct rig *rig;
    struct push *push;
    struct memory_map map;
    uint8_t *memory;
    uint8_t message[8192];
    uint32_t size;
};

static struct room *new_room(void)
{
    struct room *m = calloc(1, sizeof *m);
    assert_non_null(m);
    m->rig = rig_new(1);
    rig_must_open(m->rig);
    memory_map_init(&m->map, NULL, 0);
    assert_null(push_reserve(&m->map, 8));
    m->memory = reserve_memory(&m->map);
    m->push = push_reserve(&m->map, 8);
    push_open(m->push, m->rig->machine, m->rig->store);
    return m;
}

static void free_room(struct room *m)
{
    rig_free(m->rig);
    free(m->memory);
    free(m);
}

/* --- writing messages --- */

struct writer {
    uint8_t bytes[4096];
    uint32_t size;
};

static void put_key(struct writer *w, uint32_t number, uint32_t type)
{
    w->size += put_varint(w->bytes + w->size, number << 3 | type);
}

static void put_number(struct writer *w, uint32_t number, uint64_t value)
{
    put_key(w, number, FIELD_VARINT);
    w->size += put_varint(w->bytes + w->size, value);
}

static void put_fixed(struct writer *w, uint32_t number, uint64_t value)
{
    put_key(w, number, FIELD_64);
    put_u64(w->bytes + w->size, value);
    w->size += 8;
}

static void put_double_field(struct writer *w, uint32_t number, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    put_fixed(w, number, bits);
}

static void put_bytes(struct writer *w, uint32_t number, const void *from, uint32_t size)
{
    put_key(w, number, FIELD_BYTES);
    w->size += put_varint(w->bytes + w->size, size);
    memcpy(w->bytes + w->size, from, size);
    w->size += size;
}

static void put_message(struct writer *w, uint32_t number, const struct writer *message)
{
    put_bytes(w, number, message->bytes, message->size);
}

static void put_words(struct writer *w, uint32_t number, const char *text)
{
    put_bytes(w, number, text, (uint32_t)strlen(text));
}

static void put_label(struct writer *series, const char *name, const char *value)
{
    struct writer label = {.size = 0};
    put_words(&label, 1, name);
    put_words(&label, 2, value);
    put_message(series, 1, &label);
}

static void put_sample(struct writer *series, double value, int64_t time_ms)
{
    struct writer sample = {.size = 0};
    put_double_field(&sample, 1, value);
    put_number(&sample, 2, (uint64_t)time_ms);
    put_message(series, 2, &sample);
}

static void take(struct room *m, const struct writer *w)
{
    memcpy(m->message, w->bytes, w->size);
    m->size = w->size;
}

/* --- reading them --- */

static int read_remote(struct room *m, struct remote_write *w, struct push_result *result)
{
    uint8_t *exact = unit_exact(m->message, m->size);
    w->push = m->push;
    if (w->ask.instance[0] == '\0')
        snprintf(w->ask.instance, sizeof w->ask.instance, "instance,job");
    push_begin(m->push, PUSH_CHECK);
    int err = remote_write_read(w, exact, m->size);
    assert_int_equal(store_instance_count(m->rig->store), 0); /* the first pass leaves nothing behind */
    if (err == ERR_OK) {
        push_begin(m->push, PUSH_STORE);
        assert_int_equal(remote_write_read(w, exact, m->size), ERR_OK);
        assert_int_equal(push_commit(m->push, result), ERR_OK);
        assert_int_equal(store_commit(m->rig->store), ERR_OK);
    }
    free(exact);
    return err;
}

static const struct store_series *find(struct room *m, const char *id, const char *metric, const char *tag,
                                       const struct store_metric **of)
{
    int instance = store_instance_find(m->rig->store, id);
    assert_true(instance >= 0);
    for (uint32_t i = 0; i < store_series_count(m->rig->store, (uint32_t)instance); i++) {
        const struct store_series *s = store_series(m->rig->store, (uint32_t)instance, i);
        *of = store_metric(m->rig->store, s->metric_index);
        if (text_equal((*of)->name, metric) && text_equal(s->tag, tag))
            return s;
    }
    fail_msg("there is no %s{%s}", metric, tag);
    return NULL;
}

static void expect(struct room *m, const char *id, const char *metric, const char *tag, double value,
                   enum metric_kind kind)
{
    const struct store_metric *of;
    const struct store_series *s = find(m, id, metric, tag, &of);
    assert_true((double)s->last_value / of->scale == value);
    assert_int_equal(of->kind, kind);
}

static void labels(struct pairs *l, const char *const *words)
{
    pairs_clear(l);
    for (; words[0] != NULL; words += 2)
        pairs_add(l, (struct bytes){(const uint8_t *)words[0], (uint32_t)strlen(words[0])},
                  (struct bytes){(const uint8_t *)words[1], (uint32_t)strlen(words[1])});
}

/* As those of Prometheus' *_build_info: what fits stays, what differs stays apart. */
static void long_labels_are_told_apart(void **state)
{
    (void)state;
    const char *words[] = {"version", "2.42.0+ds", "branch", "debian/sid", "goarch", "amd64", "goos", "linux",
                           "goversion", "go1.19.8", "revision", "2.42.0+ds-5+b5", "tags",
                           "netgo,builtinassets", NULL};
    struct pairs l;
    char tag[TAG_SIZE], other[TAG_SIZE], third[TAG_SIZE];
    labels(&l, words);
    assert_int_equal(pairs_tag(&l, tag), ERR_OK);
    assert_memory_equal(tag, "branch=debian/sid,goarch=amd64,goos=linux,_more=", 48);
    assert_int_equal(strlen(tag), 64);
    words[1] = "2.42.1+ds";
    labels(&l, words);
    assert_int_equal(pairs_tag(&l, other), ERR_OK);
    assert_memory_equal(tag, other, 48);
    assert_string_not_equal(tag, other);
    for (uint32_t size = 1; size < 200; size++) { /* at every length: whole, or cut with room for the rest */
        char value[200], first[60];
        memset(value, 'v', size);
        value[size] = '\0';
        (void)snprintf(first, sizeof first, "%.*s", (int)(size % 57), value);
        const char *two[] = {"a", first, "k", value, "_more", "mine", NULL};
        labels(&l, two);
        assert_int_equal(pairs_tag(&l, third), ERR_OK);
        const char *more = strstr(third, "_more=");
        assert_non_null(more);
        assert_true(strlen(third) < TAG_SIZE && strstr(more + 1, "_more=") == NULL);
    }
}

static void remote_write_1_is_understood(void **state)
{
    (void)state;
    struct room *m = new_room();
    struct writer request = {.size = 0}, a = {.size = 0}, b = {.size = 0}, c = {.size = 0}, d = {.size = 0};
    put_label(&a, "job", "node");
    put_label(&a, "__name__", "requests_total"); /* labels in any order */
    put_label(&a, "instance", "web 1:9100");
    put_label(&a, "code", "2,00");
    put_label(&a, "region", "ewr");
    put_sample(&a, 5, T_MS);
    put_sample(&a, 7, T_MS + 1000);
    put_label(&b, "__name__", "up");
    put_label(&b, "job", "node"); /* names the instance where nothing else does */
    put_sample(&b, 1, T_MS);
    put_fixed(&b, 9, 1); /* of a later version */
    put_label(&c, "__name__", "ended");
    put_label(&c, "instance", "web 1:9100");
    put_sample(&c, __builtin_nan(""), T_MS);
    put_sample(&c, 18446744073709551616.0, T_MS);
    put_label(&d, "instance", "nameless");
    put_sample(&d, 1, T_MS);
    put_sample(&d, 2, T_MS);
    put_message(&request, 1, &a);
    put_message(&request, 1, &b);
    put_message(&request, 1, &c);
    put_message(&request, 1, &d);
    take(m, &request);
    struct remote_write w = {.version = REMOTE_WRITE_1, .ask = {.strip_port = true}};
    struct push_result result;
    assert_int_equal(read_remote(m, &w, &result), ERR_OK);
    assert_int_equal(w.samples, 3);
    assert_int_equal(w.without_value, 2);
    assert_int_equal(w.refused, 2);
    assert_non_null(strstr(w.why, "__name__"));
    assert_int_equal(result.stored, 3);
    expect(m, "web_1", "requests_total", "code=2;00,job=node", 7, METRIC_COUNTER);
    expect(m, "node", "up", "", 1, METRIC_GAUGE);
    int instance = store_instance_find(m->rig->store, "web_1");
    assert_string_equal(store_instance(m->rig->store, (uint32_t)instance)->region, "ewr");
    free_room(m);
}

static void remote_write_2_is_understood(void **state)
{
    (void)state;
    struct room *m = new_room();
    static const char *const symbols[] = {"", "__name__", "temperature", "instance", "db-1", "celsius"};
    static const uint8_t references[] = {1, 2, 3, 4}, beyond[] = {1, 99};
    struct writer request = {.size = 0}, series = {.size = 0}, metadata = {.size = 0}, bad = {.size = 0};
    for (uint32_t i = 0; i < COUNT_OF(symbols); i++)
        put_words(&request, 4, symbols[i]);
    put_bytes(&series, 1, references, sizeof references);
    put_sample(&series, 21.5, T_MS);
    put_number(&metadata, 1, 1); /* whatever the name says: a counter */
    put_number(&metadata, 4, 5);
    put_message(&series, 5, &metadata);
    put_message(&request, 5, &series);
    take(m, &request);
    struct remote_write w = {.version = REMOTE_WRITE_2};
    struct push_result result;
    assert_int_equal(read_remote(m, &w, &result), ERR_OK);
    assert_int_equal(result.stored, 1);
    const struct store_metric *of;
    (void)find(m, "db-1", "temperature", "", &of);
    assert_string_equal(of->unit, "celsius");
    assert_int_equal(of->kind, METRIC_COUNTER);
    put_bytes(&bad, 1, beyond, sizeof beyond);
    put_message(&request, 5, &bad);
    take(m, &request);
    push_begin(m->push, PUSH_CHECK);
    assert_int_equal(remote_write_read(&w, m->message, m->size), ERR_MALFORMED);
    free_room(m);
}

/* Cut anywhere: refused or understood, never read beyond. */
static void cut_messages_are_refused(void **state)
{
    (void)state;
    struct room *m = new_room();
    struct writer request = {.size = 0}, a = {.size = 0};
    put_label(&a, "__name__", "x");
    put_label(&a, "instance", "i");
    put_sample(&a, 5, T_MS);
    put_message(&request, 1, &a);
    struct remote_write w = {.push = m->push, .ask = {.instance = "instance"}};
    for (uint32_t size = 1; size < request.size; size++) {
        uint8_t *exact = unit_exact(request.bytes, size);
        push_begin(m->push, PUSH_CHECK);
        assert_int_equal(remote_write_read(&w, exact, size), ERR_MALFORMED);
        free(exact);
    }
    free_room(m);
}

static void snappy_blocks(void **state)
{
    (void)state;
    static const uint8_t block[] = {20, 3 << 2, 'a', 'b', 'c', 'd', (11 - 4) << 2 | 1, 4,
                                    (5 - 1) << 2 | 2, 15, 0};
    uint8_t to[20], *exact = unit_exact(block, sizeof block);
    assert_int_equal(snappy_decode(exact, sizeof block, to, sizeof to), 20);
    assert_memory_equal(to, "abcdabcdabcdabcabcda", 20);
    assert_int_equal(snappy_decode(exact, sizeof block, to, 19), ERR_FULL);
    for (uint32_t size = 0; size < sizeof block; size++) {
        uint8_t *cut = unit_exact(block, size);
        assert_int_equal(snappy_decode(cut, size, to, sizeof to), ERR_MALFORMED);
        free(cut);
    }
    exact[7] = 5; /* before the first byte */
    assert_int_equal(snappy_decode(exact, sizeof block, to, sizeof to), ERR_MALFORMED);
    exact[7] = 0;
    assert_int_equal(snappy_decode(exact, sizeof block, to, sizeof to), ERR_MALFORMED);
    free(exact);
}

/* "hello hello hello\n", by gzip */
static void gzip_streams(void **state)
{
    (void)state;
    static const uint8_t stream[] = {0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xcb, 0x48,
                                     0xcd, 0xc9, 0xc9, 0x57, 0xc8, 0x40, 0x90, 0x5c, 0x00, 0x3b, 0x7c, 0x8a,
                                     0xdf, 0x12, 0x00, 0x00, 0x00};
    struct room *m = new_room();
    struct inflate_memory *memory = push_work(m->push)->inflate;
    uint8_t to[64], *exact = unit_exact(stream, sizeof stream);
    assert_int_equal(inflate_gzip(memory, exact, sizeof stream, to, sizeof to), 18);
    assert_memory_equal(to, "hello hello hello\n", 18);
    assert_int_equal(inflate_gzip(memory, exact, sizeof stream - 1, to, sizeof to), ERR_MALFORMED);
    assert_int_equal(inflate_gzip(memory, exact, sizeof stream, to, 17), ERR_FULL);
    assert_int_equal(inflate_gzip(memory, exact, 0, to, sizeof to), ERR_MALFORMED);
    free(exact);
    free_room(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(long_labels_are_told_apart),
        cmocka_unit_test(remote_write_1_is_understood),
        cmocka_unit_test(remote_write_2_is_understood),
        cmocka_unit_test(cut_messages_are_refused),
        cmocka_unit_test(snappy_blocks),
        cmocka_unit_test(gzip_streams),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
