/* SPDX-License-Identifier: MIT */
/* Lines of the text format 0.0.4 and of OpenMetrics 1.0, and who is given which. */
#include <string.h>

#include "aggregator/api/routes/exposition.h"
#include "platform/base/utf8.h"

/* --- negotiation --- */

static struct span cut(struct span *rest, char at)
{
    const char *found = rest->length > 0 ? memchr(rest->at, at, rest->length) : NULL;
    uint32_t n = found != NULL ? (uint32_t)(found - rest->at) : rest->length;
    struct span first = {rest->at, n};
    uint32_t skip = n < rest->length ? n + 1 : n;
    *rest = (struct span){rest->at + skip, rest->length - skip};
    return first;
}

static struct span bare(struct span s)
{
    while (s.length > 0 && (s.at[0] == ' ' || s.at[0] == '\t'))
        s.at++, s.length--;
    while (s.length > 0 && (s.at[s.length - 1] == ' ' || s.at[s.length - 1] == '\t'))
        s.length--;
    return s;
}

/* "0.75" -> 750; what cannot be read counts as 1. */
static uint32_t quality(struct span value)
{
    if (value.length == 0 || value.at[0] != '0')
        return 1000;
    uint32_t permille = 0, weight = 100;
    for (uint32_t i = 2; i < value.length && weight > 0; i++, weight /= 10)
        if (value.at[i] >= '0' && value.at[i] <= '9')
            permille += (uint32_t)(value.at[i] - '0') * weight;
    return permille;
}

struct offer {
    uint32_t text, openmetrics, json; /* quality, 0: not asked for */
};

static void read_item(struct span item, struct offer *o)
{
    struct span type = bare(cut(&item, ';'));
    uint32_t q = 1000;
    bool has_version = false;
    while (item.length > 0) {
        struct span value = bare(cut(&item, ';'));
        struct span name = bare(cut(&value, '='));
        if (span_equal_ignoring_case(name, "q"))
            q = quality(bare(value));
        has_version |= span_equal_ignoring_case(name, "version");
    }
    if (span_equal_ignoring_case(type, "application/openmetrics-text"))
        o->openmetrics = q > o->openmetrics ? q : o->openmetrics;
    else if (span_equal_ignoring_case(type, "text/plain") && has_version)
        o->text = q > o->text ? q : o->text;
    else if (span_equal_ignoring_case(type, "application/json"))
        o->json = q > o->json ? q : o->json;
}

enum exposition exposition_accepted(const struct http_request *r)
{
    struct offer o = {0};
    for (uint32_t i = 0; i < r->header_count; i++) {
        if (!span_equal_ignoring_case(r->headers[i].name, "Accept"))
            continue;
        struct span rest = r->headers[i].value;
        while (rest.length > 0)
            read_item(cut(&rest, ','), &o);
    }
    if (o.json > o.text && o.json > o.openmetrics)
        return EXPOSITION_NONE;
    if (o.openmetrics > 0 && o.openmetrics >= o.text)
        return EXPOSITION_OPENMETRICS;
    return o.text > 0 ? EXPOSITION_TEXT : EXPOSITION_NONE;
}

/* --- lines --- */

static void put_escaped(struct text *t, const char *s, uint32_t length, bool is_quoted)
{
    for (uint32_t i = 0; i < length;) {
        uint32_t n = utf8_character(s + i, length - i);
        if (s[i] == '\\' || (is_quoted && s[i] == '"')) {
            text_put_char(t, '\\');
            text_put_char(t, s[i++]);
        } else if (s[i] == '\n') {
            text_put(t, "\\n");
            i++;
        } else if (n > 0) {
            text_put_n(t, s + i, n);
            i += n;
        } else {
            text_put(t, (uint8_t)s[i] < 0x80 ? "?" : "\xef\xbf\xbd"); /* a control character; not UTF-8 */
            i++;
        }
    }
}

/* OpenMetrics calls the family of a counter without its _total. */
static uint32_t family_length(enum exposition format, const char *name, enum family_type type)
{
    size_t length = strlen(name);
    if (format == EXPOSITION_OPENMETRICS && type == FAMILY_COUNTER)
        length -= strlen("_total");
    return (uint32_t)length;
}

void exposition_head(struct text *t, enum exposition format, const char *name, const char *help,
                     enum family_type type)
{
    const char *untyped = format == EXPOSITION_OPENMETRICS ? "unknown" : "untyped";
    const char *word = type == FAMILY_COUNTER ? "counter" : type == FAMILY_GAUGE ? "gauge" : untyped;
    int length = (int)family_length(format, name, type);
    text_printf(t, "# TYPE %.*s %s\n# HELP %.*s ", length, name, word, length, name);
    put_escaped(t, help, (uint32_t)strlen(help), format == EXPOSITION_OPENMETRICS);
    text_put_char(t, '\n');
}

void exposition_labels(struct text *t, const struct labels *labels)
{
    for (uint32_t i = 0; i < labels->count; i++) {
        text_put_char(t, i == 0 ? '{' : ',');
        text_put(t, labels->at[i].name);
        text_put(t, "=\"");
        put_escaped(t, labels->at[i].value, labels->at[i].length, true);
        text_put_char(t, '"');
    }
    if (labels->count > 0)
        text_put_char(t, '}');
}

void exposition_end(struct text *t, enum exposition format, int64_t time_ms)
{
    if (time_ms != 0) {
        text_put_char(t, ' ');
        text_put_scaled(t, time_ms, format == EXPOSITION_OPENMETRICS ? MS_PER_S : 1);
    }
    text_put_char(t, '\n');
}
