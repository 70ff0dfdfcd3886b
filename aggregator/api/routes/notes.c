/* SPDX-License-Identifier: MIT */
/* /api/v1/notes: what people write beside the curves.
 *
 *     GET  ?instance=ID (its own and those of all) &from= &to= &limit=50 &cursor=  latest first
 *     POST {"text":"deployed 2.4","instance":"web-1","from":...,"to":...,"author":"ann"}
 *     GET, PUT, DELETE /api/v1/notes/{id}
 *
 * Times are milliseconds since 1970 or RFC 3339; a note of a moment leaves `to` out. A change is answered
 * when it is durable. PUT changes what it names and leaves the rest. */
#include <string.h>

#include "aggregator/api/audit.h"
#include "aggregator/api/query_string.h"
#include "aggregator/api/routes/handlers.h"
#include "aggregator/api/routes/query.h"
#include "aggregator/store/store_notes.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#include <yyjson.h>
#pragma GCC diagnostic pop

#define LIMIT_MAX 500U
#define TIME_MS_MAX (INT64_C(1) << 53)

/* The parser's only memory: what the densest body of NOTES_BODY_MAX bytes takes. */
struct notes_scratch {
    _Alignas(16) uint8_t bytes[24 * NOTES_BODY_MAX];
};

void notes_reserve(struct memory_map *map, struct world *w)
{
    w->notes = memory_reserve(map, "api: a note that is read", 1, sizeof(struct notes_scratch),
                              "one at a time; never full");
}

/* --- writing --- */

static void write_note(struct json *j, const struct note *n)
{
    json_open_object(j, NULL);
    json_text(j, "id", n->id);
    if (n->instance[0] != 0)
        json_text(j, "instance", n->instance);
    json_text(j, "text", n->text);
    json_text(j, "author", n->author);
    json_i64(j, "from", n->from_ms);
    json_i64(j, "to", n->to_ms);
    json_iso_ms(j, "createdAt", n->created_ms);
    json_iso_ms(j, "updatedAt", n->updated_ms);
    json_close_object(j);
}

struct note_state {
    char id[NOTE_ID_SIZE];
};

static void respond_missing(struct exchange *x)
{
    respond_error(x, 404, "Note not found", "no note has this id");
}

static int produce_note(struct exchange *x)
{
    struct note_state *st = (struct note_state *)x->state;
    struct note note;
    if (store_note_get(x->world->store, st->id, &note) <= 0)
        return ERR_SYSTEM;
    write_note(&x->json, &note);
    return json_is_full(&x->json) ? ERR_FULL : PRODUCE_DONE;
}

/* --- the list --- */

struct list_state {
    char instance[INSTANCE_ID_SIZE];
    int64_t from_ms, to_ms, before_ms, before;
    uint32_t left;
    bool is_open, is_over;
};

static int produce_list(struct exchange *x)
{
    struct list_state *st = (struct list_state *)x->state;
    struct json *j = &x->json;
    if (!st->is_open) {
        json_open_object(j, NULL);
        json_open_array(j, "notes");
        st->is_open = true;
    }
    while (!st->is_over && st->left > 0) {
        struct note_filter filter = {st->instance, st->from_ms, st->to_ms, st->before_ms, st->before};
        struct note note;
        int n = store_note_list(x->world->store, &filter, &note, 1);
        if (n < 0)
            return n;
        st->is_over = n == 0;
        if (st->is_over)
            break;
        struct json_mark m = json_mark(j);
        write_note(j, &note);
        if (produce_or_rewind(j, m) != PRODUCE_DONE)
            return PRODUCE_MORE;
        st->before_ms = note.from_ms;
        st->before = note.number;
        st->left--;
    }
    struct json_mark m = json_mark(j);
    json_close_array(j);
    if (!st->is_over) {
        char cursor[48];
        struct text t;
        text_init(&t, cursor, sizeof(cursor));
        text_printf(&t, "%lld.%lld", (long long)st->before_ms, (long long)st->before);
        json_text(j, "next_cursor", cursor);
    }
    json_close_object(j);
    return produce_or_rewind(j, m);
}

/* "1795280135397.12": behind which note the page begins. */
static bool read_cursor(struct exchange *x, struct list_state *st)
{
    char text[48];
    uint64_t ms, number;
    int length = query_text(x->request->query, "cursor", text, sizeof(text));
    st->before_ms = st->before = INT64_MAX;
    if (length == ERR_MISSING)
        return true;
    const char *at = text, *end = text + (length > 0 ? length : 0);
    if (length > 0 && text_take_u64(&at, end, &ms) && *at++ == '.' && text_take_u64(&at, end, &number) &&
        at == end && ms <= INT64_MAX && number <= INT64_MAX) {
        st->before_ms = (int64_t)ms;
        st->before = (int64_t)number;
        return true;
    }
    respond_error(x, 400, NULL, "cursor must be the next_cursor of an earlier answer");
    return false;
}

void handle_notes(struct exchange *x)
{
    struct list_state *st = exchange_state(x, sizeof(*st));
    uint64_t limit = 50;
    int length = query_text(x->request->query, "instance", st->instance, sizeof(st->instance));
    if (length < 0 && length != ERR_MISSING) {
        respond_error(x, 400, NULL, "instance takes up to 63 characters");
        return;
    }
    if (query_number(x->request->query, "limit", 1, LIMIT_MAX, &limit) == ERR_MALFORMED) {
        respond_error(x, 400, NULL, "limit must be a number from 1 to 500");
        return;
    }
    st->left = (uint32_t)limit;
    if (query_read_time(x, "from", 0, &st->from_ms) &&
        query_read_time(x, "to", TIME_MS_MAX, &st->to_ms) && read_cursor(x, st))
        respond_json(x, produce_list);
}

/* The note that the path names; its id goes into the state. */
static bool find(struct exchange *x, struct note_state *st, struct note *out)
{
    return text_copy(st->id, sizeof(st->id), x->parameter) &&
           store_note_get(x->world->store, st->id, out) > 0;
}

void handle_note(struct exchange *x)
{
    struct note_state *st = exchange_state(x, sizeof(*st));
    struct note note;
    if (!find(x, st, &note)) {
        respond_missing(x);
        return;
    }
    if (!respond_etag(x, note.revision))
        respond_json(x, produce_note);
}

/* --- changes --- */

static bool refuse(struct exchange *x, const char *words)
{
    respond_error(x, 400, NULL, "%s", words);
    return false;
}

static bool take_text(struct exchange *x, yyjson_val *root, const char *key, char *to, uint32_t to_size)
{
    yyjson_val *v = yyjson_obj_get(root, key);
    if (v == NULL)
        return true;
    bool is_good = yyjson_is_str(v) && yyjson_get_len(v) < to_size &&
                   strlen(yyjson_get_str(v)) == yyjson_get_len(v) &&
                   text_copy(to, to_size, yyjson_get_str(v));
    if (!is_good)
        respond_error(x, 400, NULL, "%s must be a text of up to %u bytes, without a zero byte", key,
                      to_size - 1);
    return is_good;
}

static bool take_time(struct exchange *x, yyjson_val *root, const char *key, int64_t *to)
{
    yyjson_val *v = yyjson_obj_get(root, key);
    if (v == NULL)
        return true;
    if (yyjson_is_int(v) && yyjson_get_sint(v) >= 0 && yyjson_get_sint(v) <= TIME_MS_MAX) {
        *to = yyjson_get_sint(v);
        return true;
    }
    if (yyjson_is_str(v) && time_parse(yyjson_get_str(v), x->now_ms, to) == ERR_OK)
        return true;
    respond_error(x, 400, NULL, "%s must be milliseconds since 1970, or a time as 2026-01-15T12:00:00Z", key);
    return false;
}

/* What the body names, over what `note` has. False when it answered with an error. */
static bool read_body(struct exchange *x, struct note *note)
{
    yyjson_alc pool;
    yyjson_alc_pool_init(&pool, x->world->notes->bytes, sizeof(x->world->notes->bytes));
    union {
        const char *from;
        char *to;
    } body = {.from = x->body.at};
    yyjson_doc *doc = x->body.length > 0 ? yyjson_read_opts(body.to, x->body.length, YYJSON_READ_NOFLAG,
                                                            &pool, NULL)
                                         : NULL;
    yyjson_val *root = yyjson_doc_get_root(doc);
    if (!yyjson_is_obj(root))
        return refuse(x, "the body must be a JSON object, as {\"text\":\"deployed 2.4\"}");
    bool has_to = yyjson_obj_get(root, "to") != NULL, has_from = yyjson_obj_get(root, "from") != NULL;
    bool was_moment = note->from_ms == note->to_ms;
    if (!take_text(x, root, "text", note->text, sizeof(note->text)) ||
        !take_text(x, root, "instance", note->instance, sizeof(note->instance)) ||
        !take_text(x, root, "author", note->author, sizeof(note->author)) ||
        !take_time(x, root, "from", &note->from_ms) || !take_time(x, root, "to", &note->to_ms))
        return false;
    if (!has_to && has_from && was_moment)
        note->to_ms = note->from_ms;
    if (note->instance[0] != 0 && store_instance_find(x->world->store, note->instance) < 0) {
        respond_error(x, 404, "Instance not found", "no instance has the id that `instance` says");
        return false;
    }
    return true;
}

static int respond_stored(struct exchange *x)
{
    if (x->request->method == HTTP_POST) {
        struct note_state *st = (struct note_state *)x->state;
        respond_header(x, "Location: /api/v1/notes/%s", st->id);
        respond(x, 201, "application/json", produce_note);
    } else {
        respond_json(x, produce_note);
    }
    return ERR_OK;
}

static int respond_removed(struct exchange *x)
{
    respond_empty(x, 204);
    return ERR_OK;
}

/* Why the store did not take it; true when it did. */
static bool is_staged(struct exchange *x, int err)
{
    if (err == ERR_OK)
        return true;
    if (err == ERR_MISSING)
        respond_missing(x);
    else if (err == ERR_MALFORMED)
        respond_error(x, 400, NULL, "a note needs a text, and `to` must not lie before `from`");
    else if (err == ERR_FULL)
        respond_error(x, 409, NULL, "all %u notes are taken; delete some", store_notes_max(x->world->store));
    else
        respond_busy(x, 1, "storage has much to write");
    return false;
}

static void put(struct exchange *x, struct note *note, const char *verb)
{
    struct note_state *st = (struct note_state *)x->state;
    if (!audit(x, "%s a note", verb) || !is_staged(x, store_note_put(x->world->store, note)))
        return;
    text_copy(st->id, sizeof(st->id), note->id);
    respond_committed(x, respond_stored);
}

void handle_note_create(struct exchange *x)
{
    (void)exchange_state(x, sizeof(struct note_state));
    struct note note = {.from_ms = x->now_ms, .to_ms = x->now_ms};
    text_copy(note.author, sizeof(note.author), x->who);
    if (!read_body(x, &note))
        return;
    if (note.text[0] == 0)
        (void)refuse(x, "a note needs a text");
    else
        put(x, &note, "wrote");
}

void handle_note_change(struct exchange *x)
{
    struct note_state *st = exchange_state(x, sizeof(*st));
    struct note note;
    if (!find(x, st, &note))
        respond_missing(x);
    else if (read_body(x, &note))
        put(x, &note, "changed");
}

void handle_note_remove(struct exchange *x)
{
    struct note_state *st = exchange_state(x, sizeof(*st));
    struct note note;
    if (!find(x, st, &note)) {
        respond_missing(x);
        return;
    }
    if (audit(x, "deleted a note") && is_staged(x, store_note_remove(x->world->store, st->id)))
        respond_committed(x, respond_removed);
}
