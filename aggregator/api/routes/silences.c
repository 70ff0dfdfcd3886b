/* SPDX-License-Identifier: MIT */
/* /api/v1/silences: when nothing is said.
 *
 *     GET     all of them; ?active=true: those that hold now
 *     POST    {"instance":"web-*","rule":"cpu","tags":"","from":...,"to":...,"for_ms":7200000,
 *              "weekly":"Sat,Sun 22:00-06:00 Europe/Berlin","comment":"move"}
 *     DELETE  /api/v1/silences/{id}
 *
 * Those that are over are forgotten with the next change. */
#include <string.h>

#include "aggregator/api/audit.h"
#include "aggregator/api/json_reader.h"
#include "aggregator/api/routes/handlers.h"
#include "aggregator/api/routes/listing.h"
#include "aggregator/rules/book.h"
#include "aggregator/store/store_told.h"

#define FOR_MS_MAX (INT64_C(3660) * 86400 * 1000)

struct silence_scratch {
    struct silence_set set;
    char text[DOCUMENT_SIZE];
};

void silences_reserve(struct memory_map *map, struct world *w)
{
    w->silences = memory_reserve(map, "api: silences at hand", 1, sizeof(struct silence_scratch),
                                 "never full");
}

/* --- the list --- */

static void write_silence(struct json *j, const struct silence *s, int64_t now_ms)
{
    char words[ZONE_SIZE + 64];
    struct text t;
    json_open_object(j, NULL);
    json_text(j, "id", s->id);
    json_text(j, "instance", s->instances);
    json_text(j, "rule", s->rules);
    json_text(j, "tags", s->tags);
    json_iso_ms(j, "from", s->from_ms);
    if (s->to_ms != 0)
        json_iso_ms(j, "to", s->to_ms);
    if (s->weekly.days != 0) {
        text_init(&t, words, sizeof words);
        window_print(&s->weekly, &t);
        json_text(j, "weekly", words);
    }
    json_text(j, "comment", s->comment);
    json_text(j, "createdBy", s->who);
    json_iso_ms(j, "createdAt", s->created_ms);
    json_bool(j, "active", silence_holds(s, now_ms));
    json_close_object(j);
}

static int write_row(struct exchange *x, int64_t *cursor, bool as_text)
{
    const struct silence_set *set = book_silences(x->world->book);
    if (*cursor >= (int64_t)set->count)
        return 0;
    const struct silence *s = &set->silences[(*cursor)++];
    struct text *out = x->json.out;
    if (!as_text) {
        write_silence(&x->json, s, x->now_ms);
        return 1;
    }
    text_printf(out, "%-36s %-7s ", s->id, silence_holds(s, x->now_ms) ? "active" : "-");
    listing_put_time(out, s->from_ms, "-");
    text_put(out, "  ");
    listing_put_time(out, s->to_ms, "for ever");
    text_printf(out, "  %s / %s  ", s->instances[0] != '\0' ? s->instances : "*",
                s->rules[0] != '\0' ? s->rules : "*");
    if (s->weekly.days != 0)
        window_print(&s->weekly, out);
    text_printf(out, " %s\n", s->comment);
    return 1;
}

static const struct listing list = {
    .key = "silences",
    .head = "ID                                   STATE   FROM              TO                HOSTS / RULES",
    .row = write_row,
};

void handle_silences(struct exchange *x)
{
    listing_respond_page(x, &list);
}

/* --- changes --- */

/* What is stored or staged, without what is over. */
static struct silence_set *load(struct exchange *x)
{
    struct silence_set *set = &x->world->silences->set;
    char words[160];
    struct text why;
    uint32_t length, kept = 0;
    const char *text = store_document(x->world->store, BOOK_SILENCES, &length, NULL);
    text_init(&why, words, sizeof words);
    (void)silences_parse(set, text, length, &why); /* written by us; what parses stays */
    for (uint32_t i = 0; i < set->count; i++)
        if (!silence_is_over(&set->silences[i], x->now_ms))
            set->silences[kept++] = set->silences[i];
    set->count = kept;
    return set;
}

static bool save(struct exchange *x)
{
    struct silence_scratch *s = x->world->silences;
    struct text t;
    text_init(&t, s->text, sizeof s->text);
    silences_print(&s->set, &t);
    if (!t.truncated && store_document_put(x->world->store, BOOK_SILENCES, s->text, t.length) == ERR_OK)
        return true;
    respond_error(x, 409, NULL, "there is no room for another silence; delete some");
    return false;
}

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || *text == '#')
            return true;
    return false;
}

/* A word that is not known must not be passed over: the silence would be of everybody then. */
static bool knows_members(struct exchange *x, yyjson_val *root)
{
    static const char *const known[] = {"instance", "rule", "tags", "comment",
                                        "weekly", "from", "to", "for_ms"};
    yyjson_val *key;
    yyjson_obj_iter it = yyjson_obj_iter_with(root);
    while ((key = yyjson_obj_iter_next(&it)) != NULL) {
        uint32_t i = 0;
        while (i < COUNT_OF(known) && !yyjson_equals_str(key, known[i]))
            i++;
        if (i == COUNT_OF(known)) {
            respond_error(x, 400, NULL, "\"%.32s\" is unknown here; there are instance, rule, tags, "
                          "comment, weekly, from, to and for_ms", yyjson_get_str(key));
            return false;
        }
    }
    return true;
}

static bool take_body(struct exchange *x, struct silence *s)
{
    char weekly[96], words[200];
    struct text why;
    int64_t for_ms = 0;
    yyjson_val *root = json_body(x);
    if (root == NULL || !knows_members(x, root) ||
        !json_take_text(x, root, "instance", s->instances, sizeof s->instances) ||
        !json_take_text(x, root, "rule", s->rules, sizeof s->rules) ||
        !json_take_text(x, root, "tags", s->tags, sizeof s->tags) ||
        !json_take_text(x, root, "comment", s->comment, sizeof s->comment) ||
        !json_take_text(x, root, "weekly", weekly, sizeof weekly) ||
        !json_take_time(x, root, "from", x->now_ms, &s->from_ms) ||
        !json_take_time(x, root, "to", 0, &s->to_ms))
        return false;
    text_init(&why, words, sizeof words);
    if (weekly[0] != '\0' && window_parse(weekly, &s->weekly, &why) < 0) {
        respond_error(x, 400, NULL, "weekly: %s", words);
        return false;
    }
    yyjson_val *length = yyjson_obj_get(root, "for_ms");
    if (length != NULL && (!yyjson_is_uint(length) || (for_ms = yyjson_get_sint(length)) > FOR_MS_MAX)) {
        respond_error(x, 400, NULL, "for_ms must be milliseconds, up to ten years");
        return false;
    }
    if (for_ms > 0)
        s->to_ms = s->from_ms + for_ms;
    bool is_bad = has_control(s->instances) || has_control(s->rules) || has_control(s->tags) ||
                  has_control(s->comment);
    if (is_bad || (s->to_ms != 0 && s->to_ms <= s->from_ms)) {
        respond_error(x, 400, NULL, is_bad ? "patterns and comment are one line each, without #"
                                           : "`to` must lie behind `from`");
        return false;
    }
    return true;
}

struct silence_state {
    char id[SILENCE_ID_SIZE];
};

static int respond_made(struct exchange *x)
{
    book_step(x->world->book);
    const struct silence_state *st = (const struct silence_state *)x->state;
    respond_header(x, "Location: /api/v1/silences/%s", st->id);
    listing_say(x, 201, "silence %s holds", st->id);
    return ERR_OK;
}

void handle_silence_create(struct exchange *x)
{
    struct silence_state *st = exchange_state(x, sizeof *st);
    struct silence s = {.created_ms = x->now_ms};
    if (!take_body(x, &s))
        return;
    struct silence_set *set = load(x);
    if (set->count == SILENCES_MAX) {
        respond_error(x, 409, NULL, "all %u silences are taken; delete some", SILENCES_MAX);
        return;
    }
    store_new_id(x->world->store, s.id);
    (void)text_copy(s.who, sizeof s.who, x->who);
    (void)text_copy(st->id, sizeof st->id, s.id);
    set->silences[set->count++] = s;
    if (audit(x, "made the silence %s of hosts \"%s\", rules \"%s\"", s.id, s.instances, s.rules) && save(x))
        respond_committed(x, respond_made);
}

static int respond_removed(struct exchange *x)
{
    book_step(x->world->book);
    respond_empty(x, 204);
    return ERR_OK;
}

void handle_silence_remove(struct exchange *x)
{
    struct silence_set *set = load(x);
    uint32_t at = 0;
    while (at < set->count && !text_equal(set->silences[at].id, x->parameter))
        at++;
    if (at == set->count) {
        respond_error(x, 404, NULL, "there is no silence of this id, or it is over");
        return;
    }
    set->silences[at] = set->silences[--set->count];
    if (audit(x, "ended the silence %s", x->parameter) && save(x))
        respond_committed(x, respond_removed);
}
