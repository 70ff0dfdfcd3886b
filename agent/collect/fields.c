/* SPDX-License-Identifier: MIT */
/* Names and numbers; see fields.h. */
#include "agent/collect/fields.h"

#include <string.h>

#include "agent/collect/span.h"
#include "platform/base/text.h"

#define NOT_WANTED UINT32_MAX

struct wanted {
    const struct field_name *names;
    uint32_t count, missing;
    bool *has;
    uint64_t *values;
};

static struct wanted begin(const struct field_name *names, uint32_t count, bool *has, uint64_t *values)
{
    memset(has, 0, count * sizeof has[0]);
    memset(values, 0, count * sizeof values[0]);
    return (struct wanted){.names = names, .count = count, .missing = count, .has = has, .values = values};
}

/* Most words are not wanted, and told from the wanted ones by their first letter. */
static bool is_word(struct span word, const char *text)
{
    return *word.at == *text && span_is(word, text);
}

static uint32_t find(const struct wanted *w, const char *group, struct span name)
{
    for (uint32_t i = 0; i < w->count; i++)
        if (!w->has[i] && is_word(name, w->names[i].name) &&
            (group == NULL || text_equal(w->names[i].group, group)))
            return i;
    return NOT_WANTED;
}

/* The table's own text for a group of which something is wanted, or NULL. */
static const char *find_group(const struct wanted *w, struct span group)
{
    for (uint32_t i = 0; i < w->count; i++)
        if (is_word(group, w->names[i].group))
            return w->names[i].group;
    return NULL;
}

static void keep(struct wanted *w, uint32_t at, struct span *number)
{
    w->has[at] = span_u64(number, &w->values[at]);
    w->missing -= w->has[at];
}

void fields_lines(const char *text, uint32_t length, const struct field_name *names, uint32_t count,
                  bool *has, uint64_t *values)
{
    struct wanted w = begin(names, count, has, values);
    struct span rest = span_of(text, length), line, name;
    while (w.missing > 0 && span_line(&rest, &line)) {
        uint32_t at = span_word(&line, &name) ? find(&w, NULL, name) : NOT_WANTED;
        if (at != NOT_WANTED)
            keep(&w, at, &line);
    }
}

void fields_columns(const char *text, uint32_t length, const struct field_name *names, uint32_t count,
                    bool *has, uint64_t *values)
{
    struct wanted w = begin(names, count, has, values);
    struct span rest = span_of(text, length), heads, line, group, other, name, number;
    while (w.missing > 0 && span_line(&rest, &heads) && span_line(&rest, &line)) {
        if (!span_word(&heads, &group) || !span_word(&line, &other) ||
            span_length(group) != span_length(other) ||
            memcmp(group.at, other.at, span_length(group)) != 0)
            return;
        const char *known = find_group(&w, group);
        while (known != NULL && span_word(&heads, &name) && span_word(&line, &number)) {
            uint32_t at = find(&w, known, name);
            if (at != NOT_WANTED)
                keep(&w, at, &number);
        }
    }
}

void fields_pairs(const char *text, uint32_t length, const struct field_name *names, uint32_t count,
                  bool *has, uint64_t *values)
{
    struct wanted w = begin(names, count, has, values);
    struct span rest = span_of(text, length), line, group, name, number;
    while (w.missing > 0 && span_line(&rest, &line)) {
        const char *known = span_word(&line, &group) ? find_group(&w, group) : NULL;
        while (known != NULL && span_word(&line, &name) && span_word(&line, &number)) {
            uint32_t at = find(&w, known, name);
            if (at != NOT_WANTED)
                keep(&w, at, &number);
        }
    }
}
