/* SPDX-License-Identifier: MIT */
/* /api/v1/rules: what alerts follow from.
 *
 *     GET  the rules that hold, with where each comes from, and the text that is stored
 *     PUT  {"text":"[cpu]\nwarn = 95\n"}  in place of what is stored; a mistake changes nothing
 *
 * A command of this program gets and gives them in the form of a file. */
#include <string.h>

#include "aggregator/api/audit.h"
#include "aggregator/api/json_reader.h"
#include "aggregator/api/routes/handlers.h"
#include "aggregator/api/routes/listing.h"
#include "aggregator/rules/book.h"

#define PRINTED_SIZE 2048U

static void write_limit(struct json *j, const char *key, const struct rule_limit *l)
{
    if (!l->is_set)
        return;
    json_open_object(j, key);
    json_double(j, "at", l->at);
    json_double(j, "clear", l->clear);
    if (l->is_strict)
        json_bool(j, "is_strict", true);
    json_i64(j, "for_ms", l->for_ms);
    json_text(j, "severity", alert_severity_names[l->severity]);
    json_close_object(j);
}

static void write_rule(struct json *j, const struct rule *r)
{
    static const char *const sources[] = {"all", "agents", "clients"};
    char words[PRINTED_SIZE];
    struct text t;
    json_open_object(j, NULL);
    json_text(j, "name", r->name);
    text_init(&t, words, sizeof words);
    expression_print(&r->value, &t);
    json_text(j, "value", words);
    json_text(j, "unit", r->value.unit);
    json_bool(j, "enabled", !r->is_off);
    json_text(j, "origin", rule_origin_names[r->origin]);
    json_text(j, "source", sources[r->source]);
    json_text(j, "instance", r->instances);
    json_text(j, "tags", r->tags);
    json_text(j, "group", r->group);
    json_text(j, "direction", r->is_below ? "below" : "above");
    write_limit(j, "warn", &r->warning);
    write_limit(j, "critical", &r->critical);
    json_i64(j, "over_ms", r->over_ms);
    json_i64(j, "clear_for_ms", r->clear_for_ms);
    json_text(j, "message", r->message);
    text_clear(&t);
    rule_print(r, &t);
    json_text(j, "text", words);
    json_close_object(j);
}

static int write_row(struct exchange *x, int64_t *cursor, bool as_text)
{
    const struct rule_set *set = book_rules(x->world->book);
    if (*cursor >= (int64_t)set->count)
        return 0;
    const struct rule *r = &set->rules[(*cursor)++];
    if (!as_text) {
        write_rule(&x->json, r);
        return 1;
    }
    text_printf(x->json.out, "# from the %s\n", rule_origin_names[r->origin]);
    rule_print(r, x->json.out);
    text_put_char(x->json.out, '\n');
    return 1;
}

static void write_tail(struct exchange *x, int64_t cursor)
{
    const struct rule_book *b = x->world->book;
    (void)cursor;
    json_text(&x->json, "profile", book_profile(b));
    json_text(&x->json, "file", book_file_name(b));
    if (book_complaint(b)[0] != '\0')
        json_text(&x->json, "complaint", book_complaint(b));
}

static const struct listing list = {
    .key = "rules",
    .head = "# The alert rules that hold. What is put over the API or by `rules set` changes them.",
    .row = write_row,
    .tail = write_tail,
};

void handle_rules(struct exchange *x)
{
    listing_respond_page(x, &list);
}

static int produce_stored(struct exchange *x)
{
    uint32_t length, *at = (uint32_t *)x->state;
    const char *text = store_document(x->world->store, BOOK_RULES, &length, NULL);
    struct text *out = x->json.out;
    uint32_t room = out->size - 1 - out->length, left = *at < length ? length - *at : 0;
    uint32_t n = left < room ? left : room;
    text_put_n(out, text + *at, n);
    *at += n;
    return *at < length ? PRODUCE_MORE : PRODUCE_DONE;
}

/* The text as it was put: what a PUT would change. */
void handle_rules_stored(struct exchange *x)
{
    (void)exchange_state(x, sizeof(uint32_t));
    respond(x, 200, "text/plain; charset=utf-8", produce_stored);
}

static int respond_put(struct exchange *x)
{
    book_step(x->world->book);
    listing_say(x, 200, "%u rules hold", book_rules(x->world->book)->count);
    return ERR_OK;
}

void handle_rules_put(struct exchange *x)
{
    char words[400];
    struct text why;
    text_init(&why, words, sizeof words);
    yyjson_val *root = json_body(x), *text = root == NULL ? NULL : yyjson_obj_get(root, "text");
    if (root == NULL)
        return;
    if (!yyjson_is_str(text) || yyjson_get_len(text) >= RULE_TEXT_MAX) {
        respond_error(x, 400, NULL, "\"text\" must be the rules in the form of a file, up to %u bytes",
                      RULE_TEXT_MAX - 1);
        return;
    }
    uint32_t length = (uint32_t)yyjson_get_len(text);
    if (book_try(x->world->book, yyjson_get_str(text), length, &why) < 0) {
        respond_error(x, 400, NULL, "%s; the old rules stay", words);
        return;
    }
    if (!audit(x, "put %u bytes of alert rules", length))
        return;
    if (store_document_put(x->world->store, BOOK_RULES, yyjson_get_str(text), length) < 0)
        respond_error(x, 409, NULL, "the store has no room for rules");
    else
        respond_committed(x, respond_put);
}
