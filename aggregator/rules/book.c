/* SPDX-License-Identifier: MIT */
/* See book.h. */
#include "aggregator/rules/book.h"

#include <string.h>

#include "aggregator/rules/pattern.h"

struct rule_book {
    struct store *store;
    uint32_t generation;
    struct rule_set rules, spare; /* the spare one is read into, and tried */
    int moved[RULES_MAX];
    struct silence_set silences;
    char profile[RULE_NAME_SIZE];
    char file_name[BOOK_FILE_NAME_SIZE];
    char file_text[RULE_TEXT_MAX];
    uint32_t file_length;
    uint64_t rules_revision, silences_revision;
    char complaint[320];
};

struct rule_book *book_reserve(struct memory_map *map)
{
    return memory_reserve(map, "rules of alerts", 1, sizeof(struct rule_book), "further rules are refused");
}

static int add_profile(struct rule_set *set, const char *profile, struct text *why)
{
    const char *part;
    set->count = 0;
    for (uint32_t i = 0; (part = rules_profile_part(profile, i)) != NULL; i++)
        if (rules_parse(set, profile, part, (uint32_t)strlen(part), RULE_FROM_PROFILE, why) < 0)
            return ERR_MALFORMED;
    return ERR_OK;
}

static int explain_profile(const char *name, struct text *why)
{
    const char *known;
    text_printf(why, "there is no alert profile \"%s\"; there are", name);
    for (uint32_t i = 0; (known = rules_profile_name(i)) != NULL; i++)
        text_printf(why, "%s %s", i == 0 ? "" : ",", known);
    return ERR_MALFORMED;
}

static bool is_profile(const char *name)
{
    const char *known;
    for (uint32_t i = 0; (known = rules_profile_name(i)) != NULL; i++)
        if (text_equal(known, name))
            return true;
    return false;
}

/* Profile and file, into the spare set. */
static int build_base(struct rule_book *b, const char *profile, const char *file_name, const char *text,
                      uint32_t length, struct text *why)
{
    if (!is_profile(profile))
        return explain_profile(profile, why);
    if (add_profile(&b->spare, profile, why) < 0)
        return ERR_MALFORMED;
    int err = rules_parse(&b->spare, file_name, text, length, RULE_FROM_FILE, why);
    return err < 0 ? err : rules_check_names(&b->spare, file_name, text, length, why);
}

static void adopt(struct rule_book *b)
{
    for (uint32_t i = 0; i < b->rules.count; i++) {
        struct rule was = b->rules.rules[i];
        int at = rules_find(&b->spare, was.name);
        if (at >= 0)
            was.origin = b->spare.rules[at].origin;
        b->moved[i] = at >= 0 && memcmp(&was, &b->spare.rules[at], sizeof was) == 0 ? at : ERR_MISSING;
    }
    b->rules = b->spare;
    b->generation++;
}

/* With what the store holds, when that parses. */
static int rebuild(struct rule_book *b, const char *profile, const char *file_name, const char *text,
                   uint32_t length, struct text *why)
{
    uint32_t stored_length;
    const char *stored = store_document(b->store, BOOK_RULES, &stored_length, &b->rules_revision);
    int err = build_base(b, profile, file_name, text, length, why);
    if (err < 0)
        return err;
    struct text complaint;
    text_init(&complaint, b->complaint, sizeof b->complaint);
    if (rules_parse(&b->spare, "stored rules", stored, stored_length, RULE_FROM_API, &complaint) < 0 &&
        build_base(b, profile, file_name, text, length, why) < 0)
        return ERR_MALFORMED;
    adopt(b);
    return ERR_OK;
}

static void load_silences(struct rule_book *b)
{
    uint32_t length;
    const char *text = store_document(b->store, BOOK_SILENCES, &length, &b->silences_revision);
    char words[160];
    struct text why;
    text_init(&why, words, sizeof words);
    (void)silences_parse(&b->silences, text, length, &why); /* what parsed stays */
}

void book_open(struct rule_book *b, struct store *s, struct text *why)
{
    memset(b, 0, sizeof *b);
    b->store = s;
    (void)text_copy(b->profile, sizeof b->profile, rules_profile_name(0));
    int err = rebuild(b, b->profile, "", "", 0, why);
    ASSERT(err == ERR_OK); /* what is shipped parses: a unit test */
    text_put(why, b->complaint);
    load_silences(b);
}

int book_configure(struct rule_book *b, const char *profile, const char *file_name, const char *file_text,
                   uint32_t file_length, struct text *why)
{
    if (file_length >= sizeof b->file_text) {
        text_printf(why, "%s: a file of rules has up to %u bytes", file_name, RULE_TEXT_MAX - 1);
        return ERR_MALFORMED;
    }
    bool is_same = b->generation > 0 && text_equal(profile, b->profile) &&
                   text_equal(file_name, b->file_name) && file_length == b->file_length &&
                   memcmp(file_text, b->file_text, file_length) == 0;
    if (is_same)
        return ERR_OK;
    int err = rebuild(b, profile, file_name, file_text, file_length, why);
    if (err < 0)
        return err;
    (void)text_copy(b->profile, sizeof b->profile, profile);
    (void)text_copy(b->file_name, sizeof b->file_name, file_name);
    memcpy(b->file_text, file_text, file_length);
    b->file_length = file_length;
    return ERR_OK;
}

int book_try(struct rule_book *b, const char *text, uint32_t length, struct text *why)
{
    int err = build_base(b, b->profile, b->file_name, b->file_text, b->file_length, why);
    if (err >= 0)
        err = rules_parse(&b->spare, "rules", text, length, RULE_FROM_API, why);
    return err < 0 ? err : rules_check_names(&b->spare, "rules", text, length, why);
}

int book_draft(struct rule_book *b, const char *names, const char *text, uint32_t length,
               struct rule_set *out, struct text *why)
{
    b->spare = b->rules;
    out->count = 0;
    if (text != NULL) {
        for (uint32_t i = 0; i < b->spare.count; i++)
            b->spare.rules[i].origin = RULE_FROM_PROFILE;
        if (rules_parse(&b->spare, "rules", text, length, RULE_FROM_API, why) < 0)
            return ERR_MALFORMED;
    }
    for (uint32_t i = 0; i < b->spare.count; i++) {
        const struct rule *r = &b->spare.rules[i];
        bool is_new = text == NULL || r->origin == RULE_FROM_API;
        if (names[0] != '\0' ? pattern_list_match(names, r->name) : is_new)
            out->rules[out->count++] = *r;
    }
    if (out->count > 0)
        return ERR_OK;
    if (names[0] != '\0')
        text_printf(why, "there is no rule \"%s\"", names);
    else
        text_put(why, "there is no rule in this text");
    return ERR_MISSING;
}

void book_step(struct rule_book *b)
{
    uint32_t length;
    uint64_t revision;
    char words[320];
    struct text why;
    text_init(&why, words, sizeof words);
    (void)store_document(b->store, BOOK_RULES, &length, &revision);
    if (revision != b->rules_revision)
        (void)rebuild(b, b->profile, b->file_name, b->file_text, b->file_length, &why);
    (void)store_document(b->store, BOOK_SILENCES, &length, &revision);
    if (revision != b->silences_revision)
        load_silences(b);
}

const struct rule_set *book_rules(const struct rule_book *b)
{
    return &b->rules;
}

uint32_t book_generation(const struct rule_book *b)
{
    return b->generation;
}

int book_moved(const struct rule_book *b, uint32_t index)
{
    return index < RULES_MAX ? b->moved[index] : ERR_MISSING;
}

const struct silence_set *book_silences(const struct rule_book *b)
{
    return &b->silences;
}

bool book_is_silenced(const struct rule_book *b, int64_t now_ms, const char *instance, const char *name,
                      const char *rule, const char *tag)
{
    char of[ALERT_RULE_SIZE];
    rule_name_of(rule, of);
    int found = rules_find(&b->rules, of);
    return (found >= 0 && window_holds(&b->rules.rules[found].silence, now_ms)) ||
           silences_find(&b->silences, now_ms, instance, name, of, tag) != NULL;
}

const char *book_profile(const struct rule_book *b)
{
    return b->profile;
}

const char *book_file_name(const struct rule_book *b)
{
    return b->file_name;
}

const char *book_complaint(const struct rule_book *b)
{
    return b->complaint;
}
