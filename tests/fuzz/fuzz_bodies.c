/* SPDX-License-Identifier: MIT */
/* Bodies of POST and PUT, as every route reads them: the parser with its fixed pool, then members by name,
 * then metrics as samples.
 *
 * Promises: the body is not written to; texts are terminated within their room; an object that was kept is
 * JSON; a sample has a name, and a fault has words. */
#include "tests/fuzz/fuzz.h"

#include "aggregator/api/routes/sample_reader.h"

/* Answers, as far as readers give them. */
void respond(struct exchange *x, uint16_t status, const char *type, int (*produce)(struct exchange *x))
{
    x->status = status;
    x->content_type = type;
    x->produce = produce;
}

void respond_error(struct exchange *x, uint16_t status, const char *error, const char *format, ...)
{
    FUZZ_CHECK(status == 400 || status == 413);
    (void)error, (void)format;
    x->status = status;
}

void *exchange_state(struct exchange *x, size_t size)
{
    FUZZ_CHECK(size <= EXCHANGE_STATE_SIZE);
    memset(x->state, 0, size);
    return x->state;
}

static struct world world;
static struct exchange x;

static void check_texts(yyjson_val *body)
{
    static const char *const names[] = {"instanceId", "name", "message", "status", "endpoint"};
    char text[64], object[512], missing[1024];
    int64_t ms;
    for (uint32_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (json_take_text(&x, body, names[i], text, sizeof text))
            FUZZ_CHECK(memchr(text, 0, sizeof text) != NULL);
    if (json_take_object(&x, body, "metadata", object, sizeof object) && object[0] != 0) {
        yyjson_doc *doc = yyjson_read(object, strlen(object), 0);
        FUZZ_CHECK(doc != NULL && yyjson_is_obj(yyjson_doc_get_root(doc)));
        yyjson_doc_free(doc);
    }
    (void)json_take_time(&x, body, "lastHealthCheck", 5, &ms);
    if (!json_require(&x, body, names, 2)) {
        struct text t;
        text_init(&t, missing, sizeof missing);
        x.json = (struct json){.out = &t};
        FUZZ_CHECK(x.produce(&x) == PRODUCE_DONE && !t.truncated);
    }
}

static void check_sample(yyjson_val *metric, const struct sample_keys *keys)
{
    struct sample_texts texts;
    struct push_sample sample;
    char words[256];
    struct text why;
    text_init(&why, words, sizeof words);
    (void)sample_is_text(metric);
    if (!sample_read(metric, keys, 1000, &texts, &sample, &why)) {
        FUZZ_CHECK(why.length > 0);
        return;
    }
    FUZZ_CHECK(why.length == 0 && sample.metric[0] != 0 && sample.unit[0] != 0);
    FUZZ_CHECK(memchr(texts.tag, 0, sizeof texts.tag) != NULL && texts.tag[0] != '=');
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const struct sample_keys posted = {"metricName", "metricValue"}, ingested = {"name", "value"};
    if (size > 16384)
        return 0;
    if (world.json_pool.bytes == NULL) {
        struct memory_map map;
        _Alignas(64) static uint8_t block[65536 + 9 * 4096 + 65536];
        memory_map_init(&map, block, sizeof block);
        json_pool_reserve(&map, &world.json_pool, 4096);
    }
    x = (struct exchange){.world = &world, .now_ms = 1000};
    char *body = fuzz_exact(bytes, size);
    x.body = (struct span){body, (uint32_t)size};
    yyjson_val *root = json_body(&x);
    FUZZ_CHECK(size == 0 || memcmp(body, bytes, size) == 0);
    FUZZ_CHECK((root == NULL) == (x.status != 0));
    if (root != NULL) {
        size_t i, count;
        yyjson_val *metric;
        check_texts(root);
        check_sample(root, &posted);
        yyjson_arr_foreach(yyjson_obj_get(root, "metrics"), i, count, metric)
            check_sample(metric, &ingested);
    }
    free(body);
    return 0;
}
