/* SPDX-License-Identifier: MIT */
/* See command.h. HTTP/1.0, so that the end of the connection is the end of the answer. */
#include "aggregator/command/command.h"

#include <string.h>

#define REQUEST_SIZE 2048U
#define HEAD_SIZE 3072U /* more than a read brings at once: bytes of the body may come with it */

struct asking {
    struct plat *p;
    int conn;
    struct mono deadline;
    command_take *take;
    void *context;
    uint16_t status;  /* 0: the head has not come whole */
    uint32_t size;    /* of the head so far */
    char head[HEAD_SIZE];
};

void command_put_word(struct text *path, const char *word)
{
    for (; *word != '\0'; word++) {
        char c = *word;
        bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                        strchr("-._~", c) != NULL;
        if (is_plain)
            text_put_char(path, c);
        else
            text_printf(path, "%%%02X", (unsigned)(unsigned char)c);
    }
}

/* Until the connection has something to do. */
static int wait(struct asking *a)
{
    while (!mono_reached(plat_mono(a->p), a->deadline)) {
        if (plat_wait(a->p, a->deadline) == ERR_CLOSED)
            return ERR_CLOSED; /* asked to end */
        int ready = plat_next_ready(a->p);
        if (ready == a->conn)
            return ERR_OK;
    }
    return ERR_AGAIN;
}

static int send_all(struct asking *a, const char *bytes, uint32_t size)
{
    while (size > 0) {
        int n = plat_send(a->p, a->conn, bytes, size);
        if (n == ERR_AGAIN)
            n = wait(a) < 0 ? ERR_CLOSED : 0;
        if (n < 0)
            return n;
        bytes += n;
        size -= (uint32_t)n;
    }
    return ERR_OK;
}

/* Bytes of the head until it is whole; the rest goes out. */
static int take_bytes(struct asking *a, const char *bytes, uint32_t size)
{
    if (a->status != 0)
        return a->take(a->context, a->status, bytes, size);
    if (size >= HEAD_SIZE - a->size)
        return ERR_MALFORMED;
    memcpy(a->head + a->size, bytes, size);
    a->size += size;
    a->head[a->size] = '\0';
    const char *end = strstr(a->head, "\r\n\r\n"), *at = a->head + strcspn(a->head, " ");
    uint64_t status;
    if (end == NULL)
        return ERR_OK;
    if (!text_take_u64(&at, end, &status) || status < 100 || status > 599)
        return ERR_MALFORMED;
    a->status = (uint16_t)status;
    uint32_t rest = a->size - (uint32_t)(end + 4 - a->head);
    return rest > 0 ? a->take(a->context, a->status, end + 4, rest) : ERR_OK;
}

static int receive(struct asking *a)
{
    char bytes[1536];
    for (;;) {
        int n = plat_recv(a->p, a->conn, bytes, sizeof bytes);
        if (n == ERR_AGAIN)
            n = wait(a);
        else if (n > 0)
            n = take_bytes(a, bytes, (uint32_t)n);
        else
            return a->status == 0 ? ERR_CLOSED : ERR_OK;
        if (n < 0)
            return n;
    }
}

int command_stream(struct plat *p, const char *method, const char *path, const char *body, int64_t timeout_ms,
                   command_take *take, void *context, struct text *why)
{
    char request[REQUEST_SIZE];
    struct asking a = {.p = p, .take = take, .context = context,
                       .deadline = mono_after_ms(plat_mono(p), timeout_ms)};
    struct text t;
    text_init(&t, request, sizeof request);
    text_printf(&t, "%s %s HTTP/1.0\r\nHost: localhost\r\n", method, path);
    if (body != NULL)
        text_printf(&t, "Content-Type: application/json\r\nContent-Length: %u\r\n", (unsigned)strlen(body));
    text_put(&t, "\r\n");
    ASSERT(!t.truncated);
    a.conn = plat_connect_local(p, COMMAND_SOCKET);
    if (a.conn < 0) {
        text_put(why, a.conn == ERR_DENIED
                          ? "no permission to reach the aggregator: run this as its user, or as root"
                          : "no aggregator runs with this data directory: start it first, or name the "
                            "directory with --data");
        return a.conn;
    }
    int e = send_all(&a, t.at, t.length);
    if (e == ERR_OK && body != NULL)
        e = send_all(&a, body, (uint32_t)strlen(body));
    if (e == ERR_OK)
        e = receive(&a);
    plat_close(p, a.conn);
    if (e < 0)
        text_put(why, e == ERR_AGAIN ? "the aggregator did not answer in time; see its log"
                                     : "the aggregator ended the connection without an answer; see its log");
    return e < 0 ? e : a.status;
}

struct printing {
    command_print *print;
};

static int print_piece(void *context, uint16_t status, const char *bytes, uint32_t size)
{
    ((struct printing *)context)->print(status, bytes, size);
    return ERR_OK;
}

int command_ask(struct plat *p, const char *method, const char *path, const char *body, int64_t timeout_ms,
                command_print *print, struct text *why)
{
    struct printing to = {print};
    return command_stream(p, method, path, body, timeout_ms, print_piece, &to, why);
}
