/* SPDX-License-Identifier: MIT */
/* Bounded text: building it without overflow, and reading numbers out of it.
 *
 * A `struct text` is always terminated; what does not fit is left out and `truncated` is set.
 * No floating point: decimals are scaled integers (value 1234 with scale 100 reads 12.34). */
#ifndef NEPHOS_TEXT_H
#define NEPHOS_TEXT_H

#include "platform/base/base.h"

struct text {
    char *at;
    uint32_t size;     /* of the buffer, terminator included; at least 1 */
    uint32_t length;   /* without the terminator */
    bool truncated;
};

void text_init(struct text *t, char *buf, uint32_t size);
void text_clear(struct text *t);
void text_put(struct text *t, const char *s);
void text_put_n(struct text *t, const char *s, uint32_t length);
void text_put_char(struct text *t, char c);
void text_put_u64(struct text *t, uint64_t v);
void text_put_i64(struct text *t, int64_t v);
/* Lower-case hexadecimal, two digits a byte. */
void text_put_hex(struct text *t, const uint8_t *bytes, uint32_t size);
/* RFC 4648 section 4, with padding. */
void text_put_base64(struct text *t, const void *bytes, uint32_t size);
/* `v / scale` as a decimal with just the digits needed; scale is 1, 10, 100, 1000, ... */
void text_put_scaled(struct text *t, int64_t v, uint32_t scale);
/* ISO 8601 UTC with milliseconds, as in 2026-01-15T12:00:00.000Z. */
void text_put_iso_ms(struct text *t, int64_t ms);
/* printf without floating point. */
void text_printf(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Copies with truncation; the result is always terminated. Returns true when all of it fit. */
bool text_copy(char *to, uint32_t to_size, const char *from);
bool text_equal(const char *a, const char *b);
bool text_starts(const char *s, const char *prefix);
/* A line of a configuration without the blanks at its ends, in place, and without its comment: a # at the
 * start or behind a blank, and what follows. */
char *text_trim_line(char *s);

/* Reads digits at *at up to `end`, saturating at UINT64_MAX; skips leading blanks and tabs.
 * Returns false, with *at where it stood, when there is no digit. */
bool text_take_u64(const char **at, const char *end, uint64_t *out);
/* Whole text to number; false unless every character was used and it fits. */
bool text_to_u64(const char *s, uint64_t *out);

/* Base64url without padding (RFC 4648 section 5). Encode returns the length, decode the byte
 * count; ERR_FULL when it does not fit, ERR_MALFORMED for a foreign character or length. */
int text_base64url_encode(const uint8_t *bytes, uint32_t size, char *to, uint32_t to_size);
int text_base64url_decode(const char *s, uint32_t length, uint8_t *to, uint32_t to_size);

/* Edit distance for "did you mean", at most 8 considered; texts over 31 characters differ by 99. */
uint32_t text_distance(const char *a, const char *b);

#endif
