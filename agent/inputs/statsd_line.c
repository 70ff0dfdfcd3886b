/* SPDX-License-Identifier: MIT */
/* One line of StatsD; see statsd_line.h. */
#include "agent/inputs/statsd_line.h"

#include <string.h>

#include "agent/inputs/decimal.h"

/* What stands before the next `mark`, which is taken off too; false when `rest` is used up. */
static bool take_until(struct span *rest, char mark, struct span *out)
{
    if (rest->at == NULL)
        return false;
    const char *found = rest->at == rest->end ? NULL : memchr(rest->at, mark, span_length(*rest));
    *out = (struct span){rest->at, found != NULL ? found : rest->end};
    *rest = (struct span){found != NULL ? found + 1 : NULL, rest->end};
    return true;
}

static bool parse_kind(struct span word, struct statsd_line *out)
{
    static const struct {
        const char *word;
        enum statsd_kind kind;
    } kinds[] = {
        {"c", STATSD_COUNTER}, {"g", STATSD_GAUGE}, {"ms", STATSD_TIMER},
        {"h", STATSD_TIMER},   {"d", STATSD_TIMER}, {"s", STATSD_SET},
    };
    for (size_t i = 0; i < COUNT_OF(kinds); i++)
        if (span_is(word, kinds[i].word)) {
            out->kind = kinds[i].kind;
            out->is_duration = span_length(word) == 2;
            return true;
        }
    return false;
}

static int parse_rate(struct span word, struct statsd_line *out)
{
    int64_t ppm;
    if (decimal_parse(word, 6, &ppm) < 0 || ppm < 1 || ppm > STATSD_RATE_ONE)
        return ERR_MALFORMED;
    out->rate_ppm = (uint32_t)ppm;
    return ERR_OK;
}

static int parse_tags(struct span list, struct statsd_line *out)
{
    static const char yes[] = "true";
    struct span tag, key;
    while (take_until(&list, ',', &tag)) {
        if (span_length(tag) == 0)
            continue;
        (void)take_until(&tag, ':', &key);
        struct span value = tag.at != NULL ? tag : (struct span){yes, yes + strlen(yes)};
        if (!labels_add(&out->tags, key, value))
            return ERR_FULL;
    }
    return ERR_OK;
}

/* Other sections (container, time) are later versions' and do not change what is measured here. */
static int parse_section(struct span section, struct statsd_line *out)
{
    char mark = section.at < section.end ? *section.at++ : '\0';
    return mark == '@' ? parse_rate(section, out) : mark == '#' ? parse_tags(section, out) : ERR_OK;
}

static bool values_are_good(const struct statsd_line *line)
{
    struct span rest = line->values, word;
    int64_t value;
    if (line->kind == STATSD_SET)
        return span_length(rest) > 0;
    while (take_until(&rest, ':', &word))
        if (decimal_parse(word, 3, &value) < 0)
            return false;
    return true;
}

int statsd_parse(struct span line, struct statsd_line *out)
{
    *out = (struct statsd_line){.rate_ppm = STATSD_RATE_ONE};
    struct span word;
    if (span_length(line) > 2 && line.at[0] == '_' &&
        (memcmp(line.at, "_e{", 3) == 0 || memcmp(line.at, "_sc", 3) == 0))
        return ERR_MISSING;
    if (!take_until(&line, ':', &out->name) || !take_until(&line, '|', &out->values) ||
        !take_until(&line, '|', &word) || span_length(out->name) == 0 || !parse_kind(word, out) ||
        !values_are_good(out))
        return ERR_MALFORMED;
    while (take_until(&line, '|', &word)) {
        int result = parse_section(word, out);
        if (result < 0)
            return result;
    }
    return ERR_OK;
}

bool statsd_next(struct span *values, struct statsd_value *out)
{
    struct span word;
    if (!take_until(values, ':', &word) || span_length(word) == 0)
        return false;
    out->is_change = *word.at == '+' || *word.at == '-';
    return decimal_parse(word, 3, &out->x1000) == ERR_OK;
}
