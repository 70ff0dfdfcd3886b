/* SPDX-License-Identifier: MIT */
/* One decoder, three questions. Over-long forms, surrogates and code points beyond U+10FFFF are not
 * characters. */
#include "platform/base/utf8.h"

#include <string.h>

static bool is_direction_mark(uint32_t c)
{
    return (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

uint32_t utf8_character(const char *s, uint32_t length)
{
    if (length == 0)
        return 0;
    uint8_t first = (uint8_t)s[0];
    if (first < 0x80)
        return first >= 0x20 && first != 0x7f;
    uint32_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4 || length < size)
        return 0;
    uint32_t c = first & (0xffU >> (size + 1));
    for (uint32_t i = 1; i < size; i++) {
        if (((uint8_t)s[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | ((uint8_t)s[i] & 0x3f);
    }
    static const uint32_t smallest[5] = {0, 0, 0x80, 0x800, 0x10000};
    if (c < smallest[size] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    return c < 0xa0 || is_direction_mark(c) ? 0 : size;
}

bool utf8_printable(const char *s)
{
    uint32_t length = (uint32_t)strlen(s);
    uint32_t at = 0;
    while (at < length) {
        uint32_t n = utf8_character(s + at, length - at);
        if (n == 0)
            return false;
        at += n;
    }
    return true;
}

void utf8_copy_clean(char *to, uint32_t to_size, const char *from)
{
    uint32_t length = (uint32_t)strlen(from);
    uint32_t used = 0;
    for (uint32_t at = 0; at < length;) {
        uint32_t n = utf8_character(from + at, length - at);
        uint32_t taken = n > 0 ? n : 1;
        if (used + taken + 1 > to_size)
            break;
        if (n > 0)
            memcpy(to + used, from + at, n);
        else
            to[used] = '?';
        used += taken;
        at += taken;
    }
    to[used] = '\0';
}
