/* SPDX-License-Identifier: MIT */
/* The whole room on a simulated machine, with a real store beside it, and clients on another machine whose
 * network can be as bad as wanted. */
#ifndef NEPHOS_TESTS_API_ROOM_H
#define NEPHOS_TESTS_API_ROOM_H

#include <yyjson.h>

#include "tests/unit/store/rig.h"

#include "aggregator/api/api.h"

#define ROOM_ANSWER_MAX (4U << 20)

struct room {
    struct rig *rig;
    struct plat *far; /* where the clients are */
    struct memory_map map;
    void *memory;
    struct api *api;
    int listener;
    uint32_t instance;
    uint64_t next_sequence;
};

struct client {
    struct room *room;
    int conn;
    char *got;
    uint32_t size;
    bool is_closed;
    bool is_reading;
};

static inline struct room *room_new(const struct api_limits *chosen, const char *token)
{
    struct room *m = calloc(1, sizeof *m);
    struct api_limits usual = *chosen, *limits = &usual;
    limits->handles_max = 4096;
    limits->instances_max = limits->instances_max == 0 ? 8 : limits->instances_max;
    m->rig = rig_new(1);
    m->rig->limits.instances_max = limits->instances_max;
    rig_must_open(m->rig);
    m->far = sim_machine(m->rig->world, "far");
    memory_map_init(&m->map, NULL, 0);
    assert_null(api_reserve(&m->map, limits));
    uint64_t size = m->map.used;
    m->memory = reserve_memory(&m->map);
    m->api = api_reserve(&m->map, limits);
    assert_int_equal(m->map.used, size);
    api_open(m->api, m->rig->machine, m->rig->store, &m->map,
             &(struct api_options){.token = token, .is_open = token[0] == 0});
    m->listener = plat_listen(m->rig->machine, "0.0.0.0:8080", PLAT_PLAIN);
    assert_true(m->listener >= 0);
    return m;
}

static inline void room_free(struct room *m)
{
    api_close(m->api);
    rig_free(m->rig);
    free(m->memory);
    free(m);
}

/* One pass of the program's loop. */
static inline void room_step(struct room *m)
{
    struct plat *p = m->rig->machine;
    struct mono now = plat_mono(p);
    int conn;
    while ((conn = plat_next_ready(p)) >= 0) {
        if (conn != m->listener)
            (void)api_ready(m->api, conn, now);
        else
            while ((conn = plat_accept(p, m->listener)) >= 0)
                api_accept(m->api, conn, DOOR_PLAIN, now);
    }
    (void)store_step(m->rig->store, now);
    struct mono next = api_step(m->api, now);
    (void)plat_wait(p, next);
}

static inline void client_read(struct client *c)
{
    while (c->is_reading && !c->is_closed && c->conn >= 0) {
        int n = plat_recv(c->room->far, c->conn, c->got + c->size, ROOM_ANSWER_MAX - 1 - c->size);
        if (n == ERR_AGAIN)
            break;
        if (n <= 0)
            c->is_closed = true;
        else
            c->size += (uint32_t)n;
    }
    c->got[c->size] = 0;
}

/* Lets time pass; `c` may be NULL. */
static inline void room_run(struct room *m, struct client *c, int64_t ms)
{
    for (int64_t i = 0; i < ms; i += 2) {
        room_step(m);
        sim_advance(m->rig->world, 2 * NS_PER_MS);
        if (c != NULL)
            client_read(c);
    }
}

static inline struct client *client_new(struct room *m)
{
    struct client *c = calloc(1, sizeof *c);
    c->room = m;
    c->is_reading = true;
    c->got = malloc(ROOM_ANSWER_MAX);
    c->conn = plat_connect(m->far, "central:8080", PLAT_PLAIN);
    assert_true(c->conn >= 0);
    room_run(m, c, 20);
    return c;
}

static inline void client_free(struct client *c)
{
    plat_close(c->room->far, c->conn);
    room_run(c->room, NULL, 20);
    free(c->got);
    free(c);
}

static inline void client_send(struct client *c, const void *bytes, size_t size)
{
    size_t at = 0;
    while (at < size) {
        int n = plat_send(c->room->far, c->conn, (const char *)bytes + at, (uint32_t)(size - at));
        if (n > 0)
            at += (size_t)n;
        else
            assert_int_equal(n, ERR_AGAIN);
        room_run(c->room, c, 2);
    }
}

/* Sends a GET and waits; the body, with chunks joined, is a text to free. */
static inline char *room_get(struct room *m, const char *path, const char *headers, int *status)
{
    struct client *c = client_new(m);
    char head[2048];
    int n = snprintf(head, sizeof head, "GET %s HTTP/1.1\r\nHost: 10.0.0.1:8080\r\n%s\r\n", path, headers);
    client_send(c, head, (size_t)n);
    char *end = NULL;
    for (uint32_t i = 0; i < 20000 && !c->is_closed; i++) {
        room_run(m, c, 2);
        end = strstr(c->got, "\r\n\r\n");
        if (end == NULL)
            continue;
        const char *length = strstr(c->got, "Content-Length: ");
        bool is_chunked = strstr(c->got, "Transfer-Encoding: chunked") != NULL;
        size_t body = c->size - (size_t)(end + 4 - c->got);
        if (is_chunked ? body >= 5 && memcmp(c->got + c->size - 5, "0\r\n\r\n", 5) == 0
                       : length != NULL && body >= strtoul(length + 16, NULL, 10))
            break;
    }
    assert_non_null(end);
    *status = (int)strtoul(c->got + 9, NULL, 10);
    char *body = calloc(1, c->size), *to = body;
    const char *at = end + 4;
    if (strstr(c->got, "Transfer-Encoding: chunked") == NULL) {
        memcpy(body, at, strlen(at));
    } else {
        for (size_t size; (size = strtoul(at, NULL, 16)) > 0; at += size + 2) {
            at = strstr(at, "\r\n") + 2;
            memcpy(to, at, size);
            to += size;
        }
    }
    client_free(c);
    return body;
}

/* The same, parsed. */
static inline yyjson_doc *room_json(struct room *m, const char *path, int expected)
{
    int status;
    char *body = room_get(m, path, "", &status);
    if (status != expected)
        fail_msg("%s: %d instead of %d: %.300s", path, status, expected, body);
    yyjson_doc *doc = yyjson_read(body, strlen(body), 0);
    if (doc == NULL)
        fail_msg("%s: not JSON: %.300s", path, body);
    free(body);
    return doc;
}

static inline yyjson_val *at(yyjson_doc *doc, const char *pointer)
{
    return yyjson_doc_ptr_get(doc, pointer);
}

/* A host with a gauge of each name that clients read, a counter, and two mounts. */
static inline void room_host(struct room *m, const char *id)
{
    static const struct store_series_facts facts[] = {
        {"cpu_usage", "", "percent", 100, METRIC_GAUGE},
        {"disk_usage_percent", "mount=/", "percent", 100, METRIC_GAUGE},
        {"disk_usage_percent", "mount=/var", "percent", 100, METRIC_GAUGE},
        {"network_rx_bytes", "interface=eth0", "bytes", 1, METRIC_COUNTER},
    };
    m->instance = rig_instance(m->rig, id);
    assert_int_equal(store_epoch(m->rig->store, m->instance, 7), ERR_OK);
    for (uint32_t i = 0; i < COUNT_OF(facts); i++)
        assert_int_equal(store_dictionary_add(m->rig->store, m->instance, STREAM_LIVE, &facts[i]), i);
    m->next_sequence = 1;
}

/* Sample k, `count` of them a second apart: cpu k %, mounts 10 % and 20 %, `bytes` received so far. */
static inline void room_samples(struct room *m, uint32_t count, int64_t first_ms, int64_t bytes,
                                int64_t bytes_each)
{
    struct block_matrix *b = &m->rig->block;
    b->count = count;
    b->slot_count = 4;
    for (uint32_t k = 0; k < count; k++) {
        b->time_ms[k] = first_ms + (int64_t)k * 1000;
        b->values[0][k] = (int64_t)(m->next_sequence + k) * 100;
        b->values[1][k] = 1000;
        b->values[2][k] = 2000;
        b->values[3][k] = bytes + (int64_t)k * bytes_each;
    }
    for (uint32_t s = 0; s < 4; s++)
        b->slots[s] = (uint16_t)s;
    assert_int_equal(rig_send(m->rig, m->instance, m->next_sequence), (int)count);
    m->next_sequence += count;
    room_run(m, NULL, 300);
}

#endif
