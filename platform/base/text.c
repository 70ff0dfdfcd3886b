/* SPDX-License-Identifier: MIT */
/* Bounded text, see text.h. */
#include "platform/base/text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "platform/base/calendar.h"

void text_init(struct text *t, char *buf, uint32_t size)
{
    ASSERT(size > 0);
    *t = (struct text){.at = buf, .size = size};
    buf[0] = '\0';
}

void text_clear(struct text *t)
{
    text_init(t, t->at, t->size);
}

/* Up to 16 bytes: a call costs more than such a copy, which is what most texts are made of. */
static void copy_short(char *to, const char *s, uint32_t length)
{
    if (length >= 8) { /* its ends, which meet or overlap */
        memcpy(to, s, 8);
        memcpy(to + length - 8, s + length - 8, 8);
    } else if (length >= 4) {
        memcpy(to, s, 4);
        memcpy(to + length - 4, s + length - 4, 4);
    } else {
        for (uint32_t i = 0; i < length; i++)
            to[i] = s[i];
    }
}

void text_put_n(struct text *t, const char *s, uint32_t length)
{
    uint32_t room = t->size - 1 - t->length;
    if (length > room) {
        t->truncated = true;
        length = room;
    }
    if (length <= 16)
        copy_short(t->at + t->length, s, length);
    else
        memcpy(t->at + t->length, s, length);
    t->length += length;
    t->at[t->length] = '\0';
}

void text_put(struct text *t, const char *s)
{
    text_put_n(t, s, (uint32_t)strlen(s));
}

void text_put_char(struct text *t, char c)
{
    if (t->length + 1 >= t->size) {
        t->truncated = true;
        return;
    }
    t->at[t->length++] = c;
    t->at[t->length] = '\0';
}

/* Two digits at a time: a division costs more than all the rest. */
void text_put_u64(struct text *t, uint64_t v)
{
    static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                                "25262728293031323334353637383940414243444546474849"
                                "50515253545556575859606162636465666768697071727374"
                                "75767778798081828384858687888990919293949596979899";
    char digits[20];
    uint32_t at = sizeof digits;
    for (; v >= 100; v /= 100) {
        at -= 2;
        memcpy(digits + at, pairs + v % 100 * 2, 2);
    }
    if (v >= 10) {
        at -= 2;
        memcpy(digits + at, pairs + v * 2, 2);
    } else {
        digits[--at] = (char)('0' + v);
    }
    text_put_n(t, digits + at, (uint32_t)sizeof digits - at);
}

static uint64_t magnitude(int64_t v)
{
    return v < 0 ? ~(uint64_t)v + 1 : (uint64_t)v;
}

void text_put_i64(struct text *t, int64_t v)
{
    if (v < 0)
        text_put_char(t, '-');
    text_put_u64(t, magnitude(v));
}

void text_put_hex(struct text *t, const uint8_t *bytes, uint32_t size)
{
    static const char digits[] = "0123456789abcdef";
    for (uint32_t i = 0; i < size; i++) {
        text_put_char(t, digits[bytes[i] >> 4]);
        text_put_char(t, digits[bytes[i] & 15]);
    }
}

void text_put_base64(struct text *t, const void *bytes, uint32_t size)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *b = bytes;
    for (uint32_t i = 0; i < size; i += 3) {
        uint32_t left = size - i;
        uint32_t v =
            (uint32_t)b[i] << 16 | (left > 1 ? (uint32_t)b[i + 1] << 8 : 0) | (left > 2 ? b[i + 2] : 0U);
        text_put_char(t, digits[v >> 18]);
        text_put_char(t, digits[v >> 12 & 63]);
        text_put_char(t, left > 1 ? digits[v >> 6 & 63] : '=');
        text_put_char(t, left > 2 ? digits[v & 63] : '=');
    }
}

void text_put_scaled(struct text *t, int64_t v, uint32_t scale)
{
    uint64_t size = magnitude(v);
    if (v < 0)
        text_put_char(t, '-');
    text_put_u64(t, size / scale);
    uint64_t rest = size % scale;
    if (rest == 0)
        return;
    text_put_char(t, '.');
    for (uint32_t unit = scale / 10; rest != 0 && unit > 0; unit /= 10) {
        text_put_char(t, (char)('0' + rest / unit));
        rest %= unit;
    }
}

static void put_padded(struct text *t, uint64_t v, uint32_t width)
{
    char digits[8];
    for (uint32_t i = width; i > 0; i--) {
        digits[i - 1] = (char)('0' + v % 10);
        v /= 10;
    }
    text_put_n(t, digits, width);
}

void text_put_iso_ms(struct text *t, int64_t ms)
{
    int64_t days = calendar_day_of_ms(ms);
    int64_t rest = ms - days * 86400 * MS_PER_S;
    struct calendar_date date = calendar_date(days);
    put_padded(t, (uint64_t)(date.year < 0 ? 0 : date.year), 4);
    text_put_char(t, '-');
    put_padded(t, date.month, 2);
    text_put_char(t, '-');
    put_padded(t, date.day, 2);
    text_put_char(t, 'T');
    put_padded(t, (uint64_t)(rest / 3600000), 2);
    text_put_char(t, ':');
    put_padded(t, (uint64_t)(rest / 60000 % 60), 2);
    text_put_char(t, ':');
    put_padded(t, (uint64_t)(rest / 1000 % 60), 2);
    text_put_char(t, '.');
    put_padded(t, (uint64_t)(rest % 1000), 3);
    text_put_char(t, 'Z');
}

void text_printf(struct text *t, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    uint32_t room = t->size - t->length;
    int n = vsnprintf(t->at + t->length, room, format, args);
    va_end(args);
    if (n < 0)
        return;
    if ((uint32_t)n >= room) {
        t->truncated = true;
        t->length = t->size - 1;
    } else {
        t->length += (uint32_t)n;
    }
}

bool text_copy(char *to, uint32_t to_size, const char *from)
{
    struct text t;
    text_init(&t, to, to_size);
    text_put(&t, from);
    return !t.truncated;
}

bool text_equal(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

bool text_starts(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

char *text_trim_line(char *s)
{
    while (is_blank(*s))
        s++;
    char *end = s;
    for (char *at = s; *at != '\0'; at++) {
        if (*at == '#' && (at == s || is_blank(at[-1])))
            break;
        if (!is_blank(*at))
            end = at + 1;
    }
    *end = '\0';
    return s;
}

bool text_take_u64(const char **at, const char *end, uint64_t *out)
{
    const char *p = *at;
    while (p < end && (*p == ' ' || *p == '\t'))
        p++;
    if (p == end || *p < '0' || *p > '9')
        return false;
    uint64_t v = 0;
    for (; p < end && *p >= '0' && *p <= '9'; p++) {
        uint64_t digit = (uint64_t)(*p - '0');
        if (v > (UINT64_MAX - digit) / 10)
            v = UINT64_MAX;
        else
            v = v * 10 + digit;
    }
    *at = p;
    *out = v;
    return true;
}

bool text_to_u64(const char *s, uint64_t *out)
{
    uint64_t v = 0;
    if (*s == '\0')
        return false;
    for (; *s != '\0'; s++) {
        if (*s < '0' || *s > '9')
            return false;
        if (__builtin_mul_overflow(v, (uint64_t)10, &v) ||
            __builtin_add_overflow(v, (uint64_t)(*s - '0'), &v))
            return false;
    }
    *out = v;
    return true;
}

static const char base64url_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

int text_base64url_encode(const uint8_t *bytes, uint32_t size, char *to, uint32_t to_size)
{
    uint32_t length = size / 3 * 4 + (size % 3 == 0 ? 0 : size % 3 + 1);
    if (length + 1 > to_size)
        return ERR_FULL;
    uint32_t at = 0;
    for (uint32_t i = 0; i < size; i += 3) {
        uint32_t n = size - i < 3 ? size - i : 3;
        uint32_t word = (uint32_t)bytes[i] << 16;
        if (n > 1)
            word |= (uint32_t)bytes[i + 1] << 8;
        if (n > 2)
            word |= bytes[i + 2];
        for (uint32_t k = 0; k <= n; k++)
            to[at++] = base64url_digits[word >> (18 - 6 * k) & 63];
    }
    to[at] = '\0';
    return (int)at;
}

static int base64url_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '-' ? 62 : c == '_' ? 63 : -1;
}

int text_base64url_decode(const char *s, uint32_t length, uint8_t *to, uint32_t to_size)
{
    if (length % 4 == 1)
        return ERR_MALFORMED;
    uint32_t size = length / 4 * 3 + (length % 4 == 0 ? 0 : length % 4 - 1);
    if (size > to_size)
        return ERR_FULL;
    uint32_t word = 0, bits = 0, at = 0;
    for (uint32_t i = 0; i < length; i++) {
        int v = base64url_value(s[i]);
        if (v < 0)
            return ERR_MALFORMED;
        word = word << 6 | (uint32_t)v;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            to[at++] = (uint8_t)(word >> bits);
        }
    }
    if ((word & ((1U << bits) - 1)) != 0)
        return ERR_MALFORMED; /* bits beyond the last byte: not what an encoder writes */
    return (int)at;
}

#define DISTANCE_TEXT_MAX 31U

/* Levenshtein's distance over one row (Wagner and Fischer 1974). */
uint32_t text_distance(const char *a, const char *b)
{
    size_t a_length = strlen(a), b_length = strlen(b);
    if (a_length > DISTANCE_TEXT_MAX || b_length > DISTANCE_TEXT_MAX)
        return 99;
    uint32_t row[DISTANCE_TEXT_MAX + 1];
    for (uint32_t j = 0; j <= b_length; j++)
        row[j] = j;
    for (uint32_t i = 1; i <= a_length; i++) {
        uint32_t diagonal = row[0];
        row[0] = i;
        for (uint32_t j = 1; j <= b_length; j++) {
            uint32_t best = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            diagonal = row[j];
            row[j] = best;
        }
    }
    return row[b_length];
}
