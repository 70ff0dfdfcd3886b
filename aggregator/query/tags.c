/* SPDX-License-Identifier: MIT */
/* The way through a tag. */
#include "aggregator/query/tags.h"

#include <string.h>

static bool is_key_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
}

static const char *pair_end(const char *tag)
{
    const char *comma = tag;
    while ((comma = strchr(comma, ',')) != NULL) {
        const char *next = comma + 1;
        while (is_key_letter(*next))
            next++;
        if (next > comma + 1 && *next == '=')
            return comma;
        comma++;
    }
    return tag + strlen(tag);
}

bool tags_next(const char **rest, struct tag_pair *out)
{
    const char *tag = *rest;
    if (tag[0] == 0)
        return false;
    const char *end = pair_end(tag);
    const char *equals = memchr(tag, '=', (size_t)(end - tag));
    const char *value = equals != NULL ? equals + 1 : tag;
    *out = (struct tag_pair){tag, value, equals != NULL ? (uint32_t)(equals - tag) : 0,
                             (uint32_t)(end - value)};
    *rest = *end == ',' ? end + 1 : end;
    return true;
}

int tags_value(const char *tag, const char *key, const char **value)
{
    struct tag_pair pair;
    size_t length = strlen(key);
    while (tags_next(&tag, &pair))
        if (pair.key_length == length && memcmp(pair.key, key, length) == 0) {
            *value = pair.value;
            return (int)pair.value_length;
        }
    return ERR_MISSING;
}
