/* SPDX-License-Identifier: MIT */
/* See listing.h. */
#include "aggregator/api/routes/listing.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#include <yyjson.h>
#pragma GCC diagnostic pop

#include "aggregator/api/query_string.h"

#define BODY_POOL_SIZE 6144U

#define PAGE_MAX 1000U

struct list_state {
    const struct listing *listing;
    int64_t cursor;
    uint32_t rows_left;
    bool is_begun;
    bool is_paged; /* the answer names the next page, when there is one */
};

static bool is_text(const struct exchange *x)
{
    return x->door == DOOR_COMMAND;
}

/* One row more, if there is any: rows that are left out are passed over. */
static int next_row(struct exchange *x, struct list_state *st)
{
    uint32_t before = x->json.out->length;
    int more = 1;
    while (more == 1 && x->json.out->length == before && !json_is_full(&x->json))
        more = st->listing->row(x, &st->cursor, is_text(x));
    return more;
}

/* Is there a row behind the page? Looked up by writing it, and taking it back. */
static bool has_more_rows(struct exchange *x, struct list_state *st)
{
    struct json_mark start = json_mark(&x->json);
    int64_t cursor = st->cursor;
    bool has_more = next_row(x, st) == 1;
    st->cursor = cursor;
    json_rewind(&x->json, start);
    return has_more;
}

static int end(struct exchange *x, struct list_state *st, struct json_mark start)
{
    if (!is_text(x)) {
        bool has_more = st->is_paged && st->rows_left == 0 && has_more_rows(x, st);
        json_close_array(&x->json);
        if (has_more)
            json_i64(&x->json, "next_cursor", st->cursor);
        if (st->listing->tail != NULL)
            st->listing->tail(x, st->cursor);
        json_close_object(&x->json);
    }
    return produce_or_rewind(&x->json, start);
}

static int produce_list(struct exchange *x)
{
    struct list_state *st = (struct list_state *)x->state;
    struct json *j = &x->json;
    struct json_mark start = json_mark(j);
    if (!st->is_begun && is_text(x)) {
        text_printf(j->out, "%s\n", st->listing->head);
    } else if (!st->is_begun) {
        json_open_object(j, NULL);
        json_open_array(j, st->listing->key);
    }
    st->is_begun = true; /* the first piece has room for this */
    for (;;) {
        start = json_mark(j);
        int64_t cursor = st->cursor;
        int more = st->rows_left > 0 ? next_row(x, st) : 0;
        if (more < 0)
            return ERR_SYSTEM;
        if (more == 0)
            return end(x, st, start);
        if (json_is_full(j)) {
            st->cursor = cursor;
            json_rewind(j, start);
            return PRODUCE_MORE;
        }
        st->rows_left--;
    }
}

void listing_respond(struct exchange *x, const struct listing *l, int64_t cursor, uint32_t rows_max)
{
    struct list_state *st = exchange_state(x, sizeof(*st));
    *st = (struct list_state){.listing = l, .cursor = cursor, .rows_left = rows_max};
    respond(x, 200, is_text(x) ? "text/plain; charset=utf-8" : "application/json", produce_list);
}

void listing_respond_page(struct exchange *x, const struct listing *l)
{
    uint64_t limit = UINT32_MAX, cursor = 0;
    int a = query_number(x->request->query, "limit", 1, PAGE_MAX, &limit);
    int b = query_number(x->request->query, "cursor", 0, INT64_MAX, &cursor);
    if (a == ERR_MALFORMED || b == ERR_MALFORMED) {
        respond_error(x, 400, NULL, "limit must be a number from 1 to %u, cursor what an answer said",
                      PAGE_MAX);
        return;
    }
    listing_respond(x, l, (int64_t)cursor, (uint32_t)limit);
    ((struct list_state *)x->state)->is_paged = true;
}

static int produce_sentence(struct exchange *x)
{
    if (is_text(x)) {
        text_printf(x->json.out, "%s\n", x->message);
        return PRODUCE_DONE;
    }
    json_open_object(&x->json, NULL);
    json_text(&x->json, "message", x->message);
    json_close_object(&x->json);
    return PRODUCE_DONE;
}

void listing_say(struct exchange *x, uint16_t status, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (vsnprintf(x->message, sizeof(x->message), format, args) < 0)
        x->message[0] = 0;
    va_end(args);
    respond(x, status, is_text(x) ? "text/plain; charset=utf-8" : "application/json", produce_sentence);
}

void listing_put_time(struct text *out, int64_t ms, const char *never)
{
    char words[32];
    struct text t;
    text_init(&t, words, sizeof(words));
    text_put_iso_ms(&t, ms);
    words[10] = ' ';
    text_printf(out, "%-16.16s", ms == 0 ? never : words);
}

/* --- bodies --- */

static bool take_member(yyjson_val *root, const struct listing_member *m)
{
    yyjson_val *value = yyjson_obj_get(root, m->name);
    if (value == NULL)
        return true;
    if (m->to != NULL)
        return yyjson_is_str(value) && yyjson_get_len(value) == strlen(yyjson_get_str(value)) &&
               text_copy(m->to, m->to_size, yyjson_get_str(value));
    if (!yyjson_is_uint(value) || yyjson_get_uint(value) > INT64_MAX)
        return false;
    *m->out = (int64_t)yyjson_get_uint(value);
    return true;
}

bool listing_body(struct exchange *x, const struct listing_member *members, uint32_t count)
{
    _Alignas(16) char bytes[BODY_POOL_SIZE];
    yyjson_alc pool;
    yyjson_alc_pool_init(&pool, bytes, sizeof(bytes));
    union { /* without the in-situ flag the parser does not write to it */
        const char *from;
        char *to;
    } text = {.from = x->body.at};
    yyjson_doc *doc = NULL;
    if (x->body.length > 0)
        doc = yyjson_read_opts(text.to, x->body.length, YYJSON_READ_NOFLAG, &pool, NULL);
    yyjson_val *root = yyjson_doc_get_root(doc);
    if (!yyjson_is_obj(root) && x->body.length > 0) {
        respond_error(x, 400, NULL, "the body must be one small JSON object");
        return false;
    }
    for (uint32_t i = 0; i < count && root != NULL; i++)
        if (!take_member(root, &members[i])) {
            respond_error(x, 400, NULL, "\"%s\" must be %s", members[i].name,
                          members[i].to != NULL ? "a text that is not too long" : "a whole number, 0 or "
                                                  "more");
            return false;
        }
    return true;
}
