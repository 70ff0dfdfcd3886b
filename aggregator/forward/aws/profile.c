/* SPDX-License-Identifier: MIT */
/* See profile.h. */
#include "aggregator/forward/aws/profile.h"

#include <string.h>

struct piece {
    const char *at;
    uint32_t length;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static struct piece trim(const char *at, const char *end)
{
    while (at < end && is_blank(*at))
        at++;
    while (end > at && is_blank(end[-1]))
        end--;
    return (struct piece){at, (uint32_t)(end - at)};
}

static bool is_word(struct piece p, const char *word)
{
    return p.length == strlen(word) && memcmp(p.at, word, p.length) == 0;
}

/* "[name]", "[profile name]". */
static bool is_section(struct piece line, const char *name)
{
    static const char prefix[] = "profile";
    const char *end = memchr(line.at, ']', line.length);
    struct piece inside = trim(line.at + 1, end != NULL ? end : line.at + 1);
    if (is_word(inside, name))
        return true;
    if (inside.length < sizeof prefix || memcmp(inside.at, prefix, sizeof prefix - 1) != 0 ||
        !is_blank(inside.at[sizeof prefix - 1]))
        return false;
    return is_word(trim(inside.at + sizeof prefix - 1, inside.at + inside.length), name);
}

static void keep(struct piece value, char *to, uint32_t size)
{
    if (value.length >= size)
        return;
    for (uint32_t i = 0; i < value.length; i++)
        if ((unsigned char)value.at[i] < 0x20 || value.at[i] == 0x7f)
            return;
    memcpy(to, value.at, value.length);
    to[value.length] = '\0';
}

static void take_line(struct piece line, struct aws_profile *out)
{
    const char *equals = memchr(line.at, '=', line.length), *end = line.at + line.length;
    if (equals == NULL)
        return;
    struct piece key = trim(line.at, equals), value = trim(equals + 1, end);
    if (is_word(key, "aws_access_key_id"))
        keep(value, out->keys.id, sizeof out->keys.id);
    else if (is_word(key, "aws_secret_access_key"))
        keep(value, out->keys.secret, sizeof out->keys.secret);
    else if (is_word(key, "aws_session_token"))
        keep(value, out->keys.token, sizeof out->keys.token);
    else if (is_word(key, "region"))
        keep(value, out->region, sizeof out->region);
}

bool aws_profile_read(const char *bytes, uint32_t size, const char *name, struct aws_profile *out)
{
    bool is_inside = false, is_found = false;
    for (const char *at = bytes, *end = bytes + size; at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *stop = newline != NULL ? newline : end;
        bool is_indented = is_blank(*at); /* lines of a nested group: not ours */
        struct piece line = trim(at, stop);
        at = newline != NULL ? newline + 1 : end;
        if (line.length == 0 || line.at[0] == '#' || line.at[0] == ';')
            continue;
        if (line.at[0] == '[') {
            is_inside = is_section(line, name);
            is_found |= is_inside;
        } else if (is_inside && !is_indented) {
            take_line(line, out);
        }
    }
    return is_found;
}
