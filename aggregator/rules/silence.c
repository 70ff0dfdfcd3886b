/* SPDX-License-Identifier: MIT */
/* See silence.h. */
#include "aggregator/rules/silence.h"

#include "aggregator/rules/pattern.h"
#include "aggregator/rules/ini.h"

#include <string.h>

static int take_ms(const char *value, int64_t *ms)
{
    uint64_t n;
    if (!text_to_u64(value, &n) || n > INT64_MAX)
        return ERR_MALFORMED;
    *ms = (int64_t)n;
    return ERR_OK;
}

static int take_key(struct silence *s, const char *key, const char *value, struct text *why)
{
    const struct {
        const char *key;
        char *to;
        uint32_t size;
    } texts[] = {
        {"instance", s->instances, sizeof s->instances}, {"rule", s->rules, sizeof s->rules},
        {"tags", s->tags, sizeof s->tags}, {"comment", s->comment, sizeof s->comment},
        {"who", s->who, sizeof s->who},
    };
    for (uint32_t i = 0; i < COUNT_OF(texts); i++)
        if (text_equal(texts[i].key, key))
            return text_copy(texts[i].to, texts[i].size, value) ? ERR_OK : ERR_MALFORMED;
    if (text_equal(key, "weekly"))
        return window_parse(value, &s->weekly, why);
    int64_t *to = text_equal(key, "from")      ? &s->from_ms
                  : text_equal(key, "to")      ? &s->to_ms
                  : text_equal(key, "created") ? &s->created_ms
                                               : NULL;
    return to == NULL ? ERR_OK : take_ms(value, to); /* a newer version may say more */
}

int silences_parse(struct silence_set *set, const char *text, uint32_t length, struct text *why)
{
    struct ini i;
    int n;
    set->count = 0;
    ini_begin(&i, text, length);
    while ((n = ini_next(&i, why)) > 0) {
        if (i.section != NULL) {
            if (set->count == SILENCES_MAX)
                return ERR_FULL;
            struct silence *s = &set->silences[set->count++];
            *s = (struct silence){.from_ms = 0};
            if (!text_copy(s->id, sizeof s->id, i.section))
                return ERR_MALFORMED;
        } else if (set->count == 0 || take_key(&set->silences[set->count - 1], i.key, i.value, why) < 0) {
            return ERR_MALFORMED;
        }
    }
    return n;
}

static void put(struct text *out, const char *key, const char *value)
{
    if (value[0] != '\0')
        text_printf(out, "%s = %s\n", key, value);
}

static void put_ms(struct text *out, const char *key, int64_t ms)
{
    if (ms != 0)
        text_printf(out, "%s = %lld\n", key, (long long)ms);
}

void silences_print(const struct silence_set *set, struct text *out)
{
    for (uint32_t i = 0; i < set->count; i++) {
        const struct silence *s = &set->silences[i];
        text_printf(out, "[%s]\n", s->id);
        put(out, "instance", s->instances);
        put(out, "rule", s->rules);
        put(out, "tags", s->tags);
        put(out, "comment", s->comment);
        put(out, "who", s->who);
        put_ms(out, "from", s->from_ms);
        put_ms(out, "to", s->to_ms);
        put_ms(out, "created", s->created_ms);
        if (s->weekly.days != 0) {
            text_put(out, "weekly = ");
            window_print(&s->weekly, out);
            text_put_char(out, '\n');
        }
    }
}

bool silence_is_over(const struct silence *s, int64_t now_ms)
{
    return s->to_ms != 0 && now_ms >= s->to_ms;
}

bool silence_holds(const struct silence *s, int64_t now_ms)
{
    return now_ms >= s->from_ms && !silence_is_over(s, now_ms) &&
           (s->weekly.days == 0 || window_holds(&s->weekly, now_ms));
}

const struct silence *silences_find(const struct silence_set *set, int64_t now_ms, const char *instance,
                                    const char *name, const char *rule, const char *tag)
{
    for (uint32_t i = 0; i < set->count; i++) {
        const struct silence *s = &set->silences[i];
        if (silence_holds(s, now_ms) &&
            (pattern_list_match(s->instances, instance) || pattern_list_match(s->instances, name)) &&
            pattern_list_match(s->rules, rule) && pattern_list_match(s->tags, tag))
            return s;
    }
    return NULL;
}
