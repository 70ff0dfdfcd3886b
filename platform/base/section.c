/* SPDX-License-Identifier: MIT */
#include "platform/base/section.h"

#include <string.h>

#include "platform/base/settings.h"

#define SUGGEST_DISTANCE_MAX 3U

int section_find_word(const char *const *words, uint32_t count, const char *word, size_t length)
{
    for (uint32_t i = 0; i < count; i++)
        if (strlen(words[i]) == length && memcmp(words[i], word, length) == 0)
            return (int)i;
    return ERR_MISSING;
}

int section_refuse_word(const char *key, const char *value, const char *const *words, uint32_t count,
                        const char *where, struct text *why)
{
    text_printf(why, "%s: %s = %s is not one of ", where, key, value);
    for (uint32_t i = 0; i < count; i++)
        text_printf(why, "%s%s", i > 0 ? ", " : "", words[i]);
    return ERR_MALFORMED;
}

static int set_word(const struct section_key *k, void *field, const char *value, const char *where,
                    struct text *why)
{
    int found = section_find_word(k->words, k->size, value, strlen(value));
    if (found < 0)
        return section_refuse_word(k->name, value, k->words, k->size, where, why);
    uint32_t word = (uint32_t)found;
    memcpy(field, &word, sizeof word);
    return ERR_OK;
}

static int set_time(const struct section_key *k, void *field, const char *value, const char *where,
                    struct text *why)
{
    uint64_t n;
    if (!settings_take_duration(value, &n) || n < (uint64_t)k->min || n > (uint64_t)k->max) {
        text_printf(why, "%s: %s = %s is not a time of %lld ms to %lld s; write 500ms, 10s, 5m, 1h or 7d",
                    where, k->name, value, (long long)k->min, (long long)(k->max / 1000));
        return ERR_MALFORMED;
    }
    int64_t ms = (int64_t)n;
    memcpy(field, &ms, sizeof ms);
    return ERR_OK;
}

static int set_no(const struct section_key *k, void *field, const char *value, const char *where,
                  struct text *why)
{
    bool no = text_equal(value, "no") || text_equal(value, "false") || text_equal(value, "off");
    if (!no && !text_equal(value, "yes") && !text_equal(value, "true") && !text_equal(value, "on")) {
        text_printf(why, "%s: %s = %s is neither yes nor no", where, k->name, value);
        return ERR_MALFORMED;
    }
    memcpy(field, &no, sizeof no);
    return ERR_OK;
}

static int set_text(const struct section_key *k, void *field, const char *value, const char *where,
                    struct text *why)
{
    if (text_copy(field, k->size, value))
        return ERR_OK;
    text_printf(why, "%s: %s is longer than %u characters", where, k->name, k->size - 1);
    return ERR_MALFORMED;
}

static int explain_unknown(const struct section *s, const char *key, const char *where, struct text *why)
{
    const char *best = NULL;
    uint32_t distance = SUGGEST_DISTANCE_MAX + 1;
    for (uint32_t i = 0; i < s->count; i++) {
        uint32_t n = text_distance(key, s->keys[i].name);
        if (n < distance) {
            distance = n;
            best = s->keys[i].name;
        }
    }
    text_printf(why, "%s: %s has no key %s", where, s->what, key);
    for (uint32_t i = 0; s->secrets != NULL && s->secrets[i] != NULL; i++) {
        if (!text_equal(key, s->secrets[i]))
            continue;
        text_printf(why, "; secrets stand in files of their own: %s_file = PATH", key);
        return ERR_MALFORMED;
    }
    if (best != NULL)
        text_printf(why, " (did you mean %s?)", best);
    return ERR_MALFORMED;
}

int section_set(const struct section *s, void *to, const char *key, const char *value, const char *where,
                struct text *why)
{
    for (uint32_t i = 0; i < s->count; i++) {
        const struct section_key *k = &s->keys[i];
        void *field = (char *)to + k->at;
        if (!text_equal(k->name, key))
            continue;
        switch (k->kind) {
        case SECTION_TEXT: return set_text(k, field, value, where, why);
        case SECTION_TIME_MS: return set_time(k, field, value, where, why);
        case SECTION_NO: return set_no(k, field, value, where, why);
        case SECTION_WORD: return set_word(k, field, value, where, why);
        case SECTION_OWN: return 1;
        }
    }
    return explain_unknown(s, key, where, why);
}
