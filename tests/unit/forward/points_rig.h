/* SPDX-License-Identifier: MIT */
/* A batch of points, a request for it, and a view of the messages in it, for the exporters of points. */
#ifndef NEPHOS_TESTS_FORWARD_POINTS_RIG_H
#define NEPHOS_TESTS_FORWARD_POINTS_RIG_H

#include "aggregator/forward/exporter.h"
#include "proto/fields.h"
#include "tests/unit/store/rig.h"

#define POINTS_AT_MS (RIG_START_MS + 3600000)

struct points_rig {
    struct rig *store;
    struct target to;
    struct export_view view;
    struct export_batch batch;
    struct export_item items[EXPORT_ITEMS_MAX];
    struct export_request request;
    struct export_judgement judgement;
    struct instance instances[2];
    char url[EXPORT_URL_SIZE], headers[EXPORT_HEADERS_SIZE], body[EXPORT_BODY_SIZE], why[512];
    char scope[64], hold[512];
    uint8_t scratch[EXPORT_BODY_SIZE];
    _Alignas(64) uint8_t state[EXPORT_STATE_SIZE];
};

static inline struct points_rig *points_new(enum target_type type)
{
    struct points_rig *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->store = rig_new(1);
    rig_must_open(r->store);
    r->batch.items = r->items;
    target_init(&r->to, "far");
    r->to.type = type;
    r->to.has_type = true;
    (void)text_copy(r->to.url, sizeof r->to.url, "http://127.0.0.1:9/receive");
    r->instances[0] = (struct instance){.id = "11111111-2222-4333-8444-555555555555", .name = "web-1",
                                        .provider = "vultr", .region = "ewr", .type = "vultr-compute",
                                        .cpu_count = 2};
    r->instances[1] = (struct instance){.id = "db", .name = "db \xff", .cpu_count = 64};
    r->view = (struct export_view){.to = &r->to, .store = r->store->store, .state = r->state,
                                   .plat = r->store->machine,
                                   .now_ms = POINTS_AT_MS + 120000};
    return r;
}

static inline void points_free(struct points_rig *r)
{
    rig_free(r->store);
    free(r);
}

/* A point of the minute `minute`; its value is value/scale. */
static inline struct export_point *points_add(struct points_rig *r, uint32_t instance, uint32_t series,
                                              const char *metric, const char *tag, int64_t minute,
                                              int64_t value)
{
    struct export_item *item = &r->batch.items[r->batch.count++];
    int known = metric_find(metric);
    const struct metric_info *info = known >= 0 ? metric_info((enum metric)known) : NULL;
    *item = (struct export_item){.instance = &r->instances[instance], .instance_index = instance};
    item->point = (struct export_point){.metric = metric, .tag = tag,
                                        .unit = info != NULL ? info->unit : "apples",
                                        .kind = info != NULL ? info->kind : METRIC_GAUGE,
                                        .time_ms = POINTS_AT_MS + minute * 60000, .span_ms = 60000,
                                        .value = value, .value_scale = info != NULL ? info->scale : 10,
                                        .scale = info != NULL ? info->scale : 10, .series = series};
    snprintf(item->point.id, sizeof item->point.id, "%08x-0000-4000-8000-%012llx", series,
             (unsigned long long)item->point.time_ms);
    return &item->point;
}

static inline void points_shape(struct points_rig *r, uint32_t items_max)
{
    struct export_request *q = &r->request;
    *q = (struct export_request){.method = "POST", .user = "", .password = "", .jwt_key = "",
                                 .jwt_password = "", .jwt_subject = "", .items_max = items_max,
                                 .scratch = r->scratch};
    text_init(&q->url, r->url, sizeof r->url);
    text_init(&q->headers, r->headers, sizeof r->headers);
    text_init(&q->body, r->body, sizeof r->body);
    text_init(&q->aws_scope, r->scope, sizeof r->scope);
    text_init(&q->hold, r->hold, sizeof r->hold);
    exporter_of(r->to.type)->shape(&r->view, &r->batch, q);
}

static inline enum verdict points_judge(struct points_rig *r, uint32_t status, const void *body,
                                        uint32_t size)
{
    char *exact = malloc(size + 1);
    memcpy(exact, body, size);
    exact[size] = '\0';
    struct export_answer a = {.status = status, .body = exact, .body_size = size, .why = "",
                              .retry_after = "", .date = "", .request_id = ""};
    r->judgement = (struct export_judgement){.verdict = retry_judge(status)};
    text_init(&r->judgement.why, r->why, sizeof r->why);
    exporter_of(r->to.type)->judge(&r->view, &r->batch, &r->request, &a, &r->judgement);
    free(exact);
    return r->judgement.verdict;
}

/* The nth field of that number, counted from 0; size 0 and at NULL when there is none. */
static inline struct bytes points_in(struct bytes message, uint32_t number, uint32_t nth)
{
    struct fields f = fields_of(message);
    while (fields_next(&f))
        if (fields_is(&f, number, FIELD_BYTES) && nth-- == 0)
            return f.bytes;
    assert_false(f.is_bad);
    return (struct bytes){NULL, 0};
}

static inline uint64_t points_number(struct bytes message, uint32_t number)
{
    struct fields f = fields_of(message);
    while (fields_next(&f))
        if (f.number == number && f.type != FIELD_BYTES)
            return f.value;
    assert_false(f.is_bad);
    return UINT64_MAX;
}

static inline double points_double(struct bytes message, uint32_t number)
{
    uint64_t bits = points_number(message, number);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

/* "key=value" pairs with commas between them, in the order of the message: fields of that number, with a name
 * and a value, which lies in a message of its own when `inner` is not 0. */
static inline const char *points_pairs(struct bytes message, uint32_t number, uint32_t name, uint32_t value,
                                       uint32_t inner)
{
    static char words[1024];
    struct text t;
    text_init(&t, words, sizeof words);
    for (uint32_t i = 0;; i++) {
        struct bytes pair = points_in(message, number, i);
        if (pair.at == NULL)
            return words;
        struct bytes key = points_in(pair, name, 0), is = points_in(pair, value, 0);
        is = inner != 0 ? points_in(is, inner, 0) : is;
        text_printf(&t, "%s%.*s=%.*s", i > 0 ? "," : "", (int)key.size, (const char *)key.at, (int)is.size,
                    (const char *)is.at);
    }
}

static inline bool points_is(struct bytes b, const char *text)
{
    return b.size == strlen(text) && memcmp(b.at, text, b.size) == 0;
}

#endif
