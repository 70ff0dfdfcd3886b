/* SPDX-License-Identifier: MIT */
/* One bit of state is enough: a comma is due after every value and every closing bracket, and none
 * is due after an opening one. */
#include "aggregator/api/json_writer.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "platform/base/utf8.h"

static void put_escaped(struct text *t, const char *s, uint32_t length)
{
    text_put_char(t, '"');
    uint32_t plain = 0; /* bytes before s[i] that can be copied as they are */
    for (uint32_t i = 0; i < length;) {
        uint32_t n = utf8_character(s + i, length - i);
        if (n > 0 && s[i] != '"' && s[i] != '\\') {
            i += n;
            plain += n;
            continue;
        }
        text_put_n(t, s + i - plain, plain);
        plain = 0;
        uint8_t c = (uint8_t)s[i++];
        if (n > 0)
            text_printf(t, "\\%c", c);
        else if (c < 0x80)
            text_printf(t, "\\u%04x", c);
        else
            text_put(t, "\xef\xbf\xbd"); /* U+FFFD, the replacement character */
    }
    text_put_n(t, s + length - plain, plain);
    text_put_char(t, '"');
}

/* What stands before a value: comma and key. */
static struct text *begin(struct json *j, const char *key)
{
    if (j->comma)
        text_put_char(j->out, ',');
    if (key != NULL) {
        text_put_char(j->out, '"');
        text_put(j->out, key);
        text_put(j->out, "\":");
    }
    j->comma = true;
    return j->out;
}

static void open_bracket(struct json *j, const char *key, char bracket)
{
    text_put_char(begin(j, key), bracket);
    j->comma = false;
}

static void close_bracket(struct json *j, char bracket)
{
    text_put_char(j->out, bracket);
    j->comma = true;
}

void json_open_object(struct json *j, const char *key)
{
    open_bracket(j, key, '{');
}

void json_close_object(struct json *j)
{
    close_bracket(j, '}');
}

void json_open_array(struct json *j, const char *key)
{
    open_bracket(j, key, '[');
}

void json_close_array(struct json *j)
{
    close_bracket(j, ']');
}

void json_text(struct json *j, const char *key, const char *value)
{
    json_text_n(j, key, value, (uint32_t)strlen(value));
}

void json_text_n(struct json *j, const char *key, const char *value, uint32_t length)
{
    put_escaped(begin(j, key), value, length);
}

void json_raw(struct json *j, const char *key, const char *value)
{
    text_put(begin(j, key), value);
}

void json_foreign_text(struct json *j, const char *key, uint32_t key_length, const char *value,
                       uint32_t value_length)
{
    put_escaped(begin(j, NULL), key, key_length);
    text_put_char(j->out, ':');
    put_escaped(j->out, value, value_length);
}

void json_u64(struct json *j, const char *key, uint64_t value)
{
    text_put_u64(begin(j, key), value);
}

void json_i64(struct json *j, const char *key, int64_t value)
{
    text_put_i64(begin(j, key), value);
}

void json_scaled(struct json *j, const char *key, int64_t value, uint32_t scale)
{
    text_put_scaled(begin(j, key), value, scale);
}

void json_double(struct json *j, const char *key, double value)
{
    char digits[40];
    int n = isfinite(value) ? snprintf(digits, sizeof(digits), "%.15g", value == 0 ? 0.0 : value) : 0;
    text_put(begin(j, key), n > 0 ? digits : "null");
}

void json_bool(struct json *j, const char *key, bool value)
{
    text_put(begin(j, key), value ? "true" : "false");
}

void json_null(struct json *j, const char *key)
{
    text_put(begin(j, key), "null");
}

void json_iso_ms(struct json *j, const char *key, int64_t ms)
{
    text_put_char(begin(j, key), '"');
    text_put_iso_ms(j->out, ms);
    text_put_char(j->out, '"');
}

struct json_mark json_mark(const struct json *j)
{
    return (struct json_mark){j->out->length, j->comma};
}

void json_rewind(struct json *j, struct json_mark m)
{
    j->out->length = m.length;
    j->out->at[m.length] = 0;
    j->out->truncated = false;
    j->comma = m.comma;
}

bool json_is_full(const struct json *j)
{
    return j->out->truncated;
}
