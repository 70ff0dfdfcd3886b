/* SPDX-License-Identifier: MIT */
/* JSON, written piece by piece into a bounded text. Numbers come as scaled integers, which are exact; what is
 * computed over many of them comes as a double.
 *
 * A writer that runs out of room takes its last piece back and goes on when there is room again:
 *
 *     struct json_mark m = json_mark(j);
 *     ... one element ...
 *     if (json_is_full(j)) { json_rewind(j, m); return PRODUCE_MORE; }
 *
 * Strings may hold any bytes: quotes, controls and what is not UTF-8 are escaped or replaced. */
#ifndef NEPHOS_API_JSON_WRITER_H
#define NEPHOS_API_JSON_WRITER_H

#include "platform/base/text.h"

struct json {
    struct text *out;
    bool comma; /* the next element needs one before it */
};

struct json_mark {
    uint32_t length;
    bool comma;
};

/* `key` is NULL for an element of an array and for the outermost value. Keys are ours: not escaped. */
void json_open_object(struct json *j, const char *key);
void json_close_object(struct json *j);
void json_open_array(struct json *j, const char *key);
void json_close_array(struct json *j);
void json_text(struct json *j, const char *key, const char *value);
void json_text_n(struct json *j, const char *key, const char *value, uint32_t length);
/* A member whose key comes from outside. */
void json_foreign_text(struct json *j, const char *key, uint32_t key_length, const char *value,
                       uint32_t value_length);
void json_u64(struct json *j, const char *key, uint64_t value);
void json_i64(struct json *j, const char *key, int64_t value);
/* value / scale, with just the digits needed. */
void json_scaled(struct json *j, const char *key, int64_t value, uint32_t scale);
/* Up to 15 digits; null for what is no number. */
void json_double(struct json *j, const char *key, double value);
void json_bool(struct json *j, const char *key, bool value);
void json_null(struct json *j, const char *key);
/* A value that is JSON already. */
void json_raw(struct json *j, const char *key, const char *value);
/* "2026-01-15T12:00:00.000Z" */
void json_iso_ms(struct json *j, const char *key, int64_t ms);

struct json_mark json_mark(const struct json *j);
void json_rewind(struct json *j, struct json_mark m);
bool json_is_full(const struct json *j);

#endif
