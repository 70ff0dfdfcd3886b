/* SPDX-License-Identifier: MIT */
/* From text to hints; the form is in hints.h. */
#include "aggregator/hints.h"

#include <string.h>

#include "platform/base/utf8.h"
#include "proto/metrics.h"

static void skip_blanks(const char **at)
{
    *at += strspn(*at, " \t");
}

/* Copies what stands before any of `ends`, blanks around it left out. False when it is empty or too long. */
static bool take_word(const char **at, const char *ends, char *to, uint32_t size)
{
    skip_blanks(at);
    size_t length = strcspn(*at, ends);
    const char *from = *at;
    *at += length;
    while (length > 0 && (from[length - 1] == ' ' || from[length - 1] == '\t'))
        length--;
    if (length == 0 || length >= size)
        return false;
    memcpy(to, from, length);
    to[length] = '\0';
    return true;
}

static const char *nearest_metric(const char *name)
{
    const char *best = NULL;
    uint32_t distance = 4;
    for (uint32_t i = 0; i < METRIC_COUNT; i++) {
        uint32_t d = text_distance(name, metric_info((enum metric)i)->name);
        if (d < distance) {
            distance = d;
            best = metric_info((enum metric)i)->name;
        }
    }
    return best;
}

static int explain_metric(const char *name, struct text *why)
{
    const char *best = nearest_metric(name);
    text_printf(why, "there is no metric \"%s\"", name);
    if (best != NULL)
        text_printf(why, " (did you mean %s?)", best);
    return ERR_MALFORMED;
}

/* "90", "4.25", "-3" times scale, exactly. */
static bool take_level(const char **at, uint32_t scale, int64_t *level)
{
    skip_blanks(at);
    bool negative = **at == '-';
    *at += negative;
    const char *end = *at + strlen(*at);
    uint64_t whole, value;
    if (**at < '0' || **at > '9' || !text_take_u64(at, end, &whole) ||
        __builtin_mul_overflow(whole, scale, &value))
        return false;
    if (**at == '.' && (*at)[1] >= '0' && (*at)[1] <= '9') {
        for (++*at; **at >= '0' && **at <= '9'; ++*at) {
            scale /= 10;
            if (scale == 0 && **at != '0')
                return false;
            value += (uint64_t)(**at - '0') * scale;
        }
    }
    if (value > (uint64_t)INT64_MAX)
        return false;
    *level = negative ? -(int64_t)value : (int64_t)value;
    return true;
}

/* Agents look for values that reach a level; the first one beyond this is the next whole number. */
static bool step_beyond(struct ingest_hint *hint)
{
    return !__builtin_add_overflow(hint->level, hint->below ? -1 : 1, &hint->level);
}

static int take_tag(const char **at, struct ingest_hint *hint, const struct metric_info *metric,
                    struct text *why)
{
    ++*at;
    bool good = take_word(at, "}", hint->tag, sizeof hint->tag) && **at == '}' && utf8_printable(hint->tag);
    if (!good || strchr(hint->tag, '=') == NULL) {
        text_printf(why, "what stands in braces must be a tag as the API shows it, as {%s=...}",
                    metric->tag_key[0] != '\0' ? metric->tag_key : "key");
        return ERR_MALFORMED;
    }
    ++*at;
    skip_blanks(at);
    return ERR_OK;
}

/* One hint; *at goes behind it. */
static int take_hint(const char **at, struct ingest_hint *hint, struct text *why)
{
    *hint = (struct ingest_hint){.level = 0};
    if (!take_word(at, "{<>,", hint->metric, sizeof hint->metric)) {
        text_put(why, "a metric, > or <, and a level are wanted, as cpu_usage>90");
        return ERR_MALFORMED;
    }
    int id = metric_find(hint->metric);
    if (id < 0)
        return explain_metric(hint->metric, why);
    const struct metric_info *metric = metric_info((enum metric)id);
    if (**at == '{' && take_tag(at, hint, metric, why) < 0)
        return ERR_MALFORMED;
    if (metric->kind == METRIC_COUNTER) {
        text_printf(why, "%s only ever grows, so it reaches any level and stays there", metric->name);
        return ERR_MALFORMED;
    }
    hint->below = **at == '<';
    if (**at != '<' && **at != '>') {
        text_printf(why, "behind %s a > or < is wanted", metric->name);
        return ERR_MALFORMED;
    }
    ++*at;
    bool or_equal = **at == '=';
    *at += or_equal;
    bool good = take_level(at, metric->scale, &hint->level) && (or_equal || step_beyond(hint));
    skip_blanks(at);
    if (!good || (**at != ',' && **at != '\0')) {
        text_printf(why, "the level of %s must be a number in %s", metric->name, metric->unit);
        if (metric->scale > 1)
            text_printf(why, " in steps of 1/%u", metric->scale);
        return ERR_MALFORMED;
    }
    return ERR_OK;
}

int hints_parse(const char *text, struct ingest_hint hints[static HINTS_MAX], struct text *why)
{
    uint32_t count = 0;
    const char *at = text;
    skip_blanks(&at);
    while (*at != '\0') {
        char words[160];
        struct text reason;
        struct ingest_hint hint;
        text_init(&reason, words, sizeof words);
        if (take_hint(&at, &hint, &reason) < 0) {
            text_printf(why, "hint %u: %s", count + 1, words);
            return ERR_MALFORMED;
        }
        if (count == HINTS_MAX) {
            text_printf(why, "at most %u hints", HINTS_MAX);
            return ERR_MALFORMED;
        }
        hints[count++] = hint;
        if (*at == ',')
            at++;
        skip_blanks(&at);
    }
    return (int)count;
}
