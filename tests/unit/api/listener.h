/* SPDX-License-Identifier: MIT */
/* A WebSocket client of the room. */
#ifndef NEPHOS_TESTS_API_LISTENER_H
#define NEPHOS_TESTS_API_LISTENER_H

#include "tests/unit/api/room.h"

static inline bool says(const struct client *c, const char *words)
{
    for (uint32_t i = 0; i + strlen(words) <= c->size; i++)
        if (memcmp(c->got + i, words, strlen(words)) == 0)
            return true;
    return false;
}

static inline uint64_t slots_in_use(const struct room *m)
{
    for (uint32_t i = 0; i < m->map.line_count; i++)
        if (strcmp(m->map.lines[i].name, "api: connections") == 0)
            return m->map.lines[i].in_use;
    fail();
    return 0;
}

static inline struct client *listener_new(struct room *m, const char *headers)
{
    struct client *c = client_new(m);
    char head[512];
    int n = snprintf(head, sizeof head,
                     "GET /ws HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n%s\r\n",
                     headers);
    client_send(c, head, (size_t)n);
    room_run(m, c, 20);
    return c;
}

static inline void say(struct client *c, const char *words)
{
    uint8_t frame[256] = {0x81, 0x80U | 126, 0, (uint8_t)strlen(words), 1, 2, 3, 4};
    uint32_t head = 8;
    if (strlen(words) < 126) {
        memcpy(frame, (uint8_t[]){0x81, (uint8_t)(0x80U | strlen(words)), 1, 2, 3, 4}, 6);
        head = 6;
    }
    assert_true(strlen(words) < 240);
    for (uint32_t i = 0; i < strlen(words); i++)
        frame[head + i] = (uint8_t)((uint8_t)words[i] ^ (1 + i % 4));
    client_send(c, frame, head + strlen(words));
    room_run(c->room, c, 20);
}

/* The first message whole in `c->got` from *at on, parsed, or NULL; *at moves behind it. Other frames than
 * text are passed over, and dashboards, which come by the clock. */
static inline yyjson_doc *listener_next(const struct client *c, uint32_t *at)
{
    if (*at == 0)
        *at = (uint32_t)(strstr(c->got, "\r\n\r\n") + 4 - c->got);
    while (*at + 2 <= c->size) {
        const uint8_t *frame = (const uint8_t *)c->got + *at;
        uint32_t size = frame[1], head = size < 126 ? 2 : 4;
        if (size == 126)
            size = (uint32_t)frame[2] << 8 | frame[3];
        if (*at + head + size > c->size)
            return NULL;
        *at += head + size;
        static const char dashboard[] = "{\"type\":\"dashboard_update\"";
        bool is_one = size > sizeof dashboard && memcmp(frame + head, dashboard, sizeof dashboard - 1) == 0;
        if (frame[0] != 0x81 || is_one)
            continue;
        yyjson_doc *doc = yyjson_read((const char *)frame + head, size, 0);
        assert_non_null(doc);
        return doc;
    }
    return NULL;
}

static inline bool is_type(yyjson_doc *doc, const char *type)
{
    return yyjson_equals_str(at(doc, "/type"), type);
}

#endif
