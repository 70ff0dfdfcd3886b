/* SPDX-License-Identifier: MIT */
/* Checks over the API; those of the configuration are changed there.
 *
 *     POST    /api/v1/checks          {"name":"shop","url":"https://shop.example/health","contains":"ok",
 *                                      "status":200,"instance":"web-1","interval_ms":60000,
 *                                      "timeout_ms":10000,"degraded_ms":1000,"unhealthy_ms":3000}
 *     DELETE  /api/v1/checks/{name} */
#include <string.h>

#include "aggregator/api/audit.h"
#include "aggregator/api/json_reader.h"
#include "aggregator/api/routes/handlers.h"
#include "aggregator/api/routes/listing.h"
#include "aggregator/sentinel/board.h"
#include "aggregator/store/store_documents.h"

struct check_scratch {
    struct check_set set;
    char text[DOCUMENT_SIZE];
};

void checks_reserve(struct memory_map *map, struct world *w)
{
    w->checks = memory_reserve(map, "api: checks at hand", 1, sizeof(struct check_scratch), "never full");
}

/* Those that are stored or staged. */
static struct check_set *load(struct exchange *x)
{
    struct check_set *set = &x->world->checks->set;
    char words[200];
    struct text why;
    uint32_t length;
    const char *text = store_document(x->world->store, CHECKS_DOCUMENT, &length, NULL);
    text_init(&why, words, sizeof words);
    set->count = 0;
    (void)checks_parse(set, text, length, CHECK_FROM_API, &why); /* written by us; what parses stays */
    return set;
}

static bool save(struct exchange *x)
{
    struct check_scratch *s = x->world->checks;
    struct text t;
    text_init(&t, s->text, sizeof s->text);
    checks_print(&s->set, &t);
    if (!t.truncated && store_document_put(x->world->store, CHECKS_DOCUMENT, s->text, t.length) == ERR_OK)
        return true;
    respond_error(x, 409, NULL, "there is no room for another check; delete some");
    return false;
}

/* What the form of the file cannot hold: a # behind a blank begins a comment there, and blanks at the ends
 * are cut off. */
static bool survives(const char *text)
{
    size_t length = strlen(text);
    if (length > 0 && (text[0] == ' ' || text[length - 1] == ' ' || text[0] == '#'))
        return false;
    for (; *text != '\0'; text++)
        if ((unsigned char)*text < ' ' || (*text == ' ' && text[1] == '#'))
            return false;
    return true;
}

/* A number of the body as the line of a file would have it. */
static bool take_number(struct exchange *x, yyjson_val *root, struct check *c, const char *member,
                        const char *key, const char *unit)
{
    char value[32], words[200];
    struct text t, why;
    yyjson_val *v = yyjson_obj_get(root, member);
    if (v == NULL || yyjson_is_null(v))
        return true;
    text_init(&t, value, sizeof value);
    text_init(&why, words, sizeof words);
    if (!yyjson_is_uint(v)) {
        respond_error(x, 400, NULL, "%s must be a whole number", member);
        return false;
    }
    text_printf(&t, "%llu%s", (unsigned long long)yyjson_get_uint(v), unit);
    if (check_set_key(c, key, value, member, &why) == ERR_OK)
        return true;
    respond_error(x, 400, NULL, "%s", words);
    return false;
}

static bool take_body(struct exchange *x, struct check *c)
{
    static const char *const required[] = {"name", "url"};
    char words[240], name[CHECK_NAME_SIZE];
    struct text why;
    yyjson_val *root = json_body(x);
    text_init(&why, words, sizeof words);
    if (root == NULL || !json_require(x, root, required, COUNT_OF(required)) ||
        !json_take_text(x, root, "name", name, sizeof name))
        return false;
    check_init(c, name, CHECK_FROM_API);
    if (!json_take_text(x, root, "url", c->url, sizeof c->url) ||
        !json_take_text(x, root, "instance", c->instance, sizeof c->instance) ||
        !json_take_text(x, root, "contains", c->contains, sizeof c->contains) ||
        !take_number(x, root, c, "interval_ms", "interval", "ms") ||
        !take_number(x, root, c, "timeout_ms", "timeout", "ms") ||
        !take_number(x, root, c, "degraded_ms", "degraded", "ms") ||
        !take_number(x, root, c, "unhealthy_ms", "unhealthy", "ms") ||
        !take_number(x, root, c, "status", "status", ""))
        return false;
    if (!survives(c->url) || !survives(c->contains)) {
        respond_error(x, 400, NULL, "url and contains are one line each, without blanks at their ends, and "
                                    "without a # behind a blank");
        return false;
    }
    if (check_check(c, &why) == ERR_OK)
        return true;
    respond_error(x, 400, NULL, "%s", words);
    return false;
}

struct check_change {
    char name[CHECK_NAME_SIZE];
};

static int respond_made(struct exchange *x)
{
    const struct check_change *st = (const struct check_change *)x->state;
    respond_header(x, "Location: /api/v1/checks/%s", st->name);
    listing_say(x, 201, "the check %s is made", st->name);
    return ERR_OK;
}

static uint32_t count_of_file(const struct sentinel_board *b)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < b->checks->count; i++)
        n += b->checks->checks[i].origin == CHECK_FROM_FILE;
    return n;
}

void handle_check_create(struct exchange *x)
{
    struct check_change *st = exchange_state(x, sizeof *st);
    const struct sentinel_board *b = x->world->sentinel;
    struct check c;
    if (b == NULL || !take_body(x, &c))
        return;
    struct check_set *set = load(x);
    if (checks_find(set, c.name) >= 0 || checks_find(b->checks, c.name) >= 0) {
        respond_error(x, 409, NULL, "there is a check named %s; delete it first", c.name);
        return;
    }
    if (set->count + count_of_file(b) >= CHECKS_MAX) {
        respond_error(x, 409, NULL, "all %u checks are taken; delete some", CHECKS_MAX);
        return;
    }
    if (c.instance[0] != '\0' && instance_find(x, c.instance) < 0)
        return;
    (void)text_copy(st->name, sizeof st->name, c.name);
    set->checks[set->count++] = c;
    if (audit(x, "made the check %s of %s", c.name, c.url) && save(x))
        respond_committed(x, respond_made);
}

static int respond_removed(struct exchange *x)
{
    respond_empty(x, 204);
    return ERR_OK;
}

void handle_check_remove(struct exchange *x)
{
    struct check_set *set = load(x);
    const struct sentinel_board *b = x->world->sentinel;
    int at = checks_find(set, x->parameter);
    if (at < 0) {
        bool is_configured = b != NULL && checks_find(b->checks, x->parameter) >= 0;
        respond_error(x, is_configured ? 409 : 404, NULL,
                      is_configured ? "this check stands in the configuration: remove it there"
                                    : "there is no check of this name");
        return;
    }
    set->checks[at] = set->checks[--set->count];
    if (audit(x, "deleted the check %s", x->parameter) && save(x))
        respond_committed(x, respond_removed);
}
