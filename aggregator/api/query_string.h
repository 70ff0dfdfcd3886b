/* SPDX-License-Identifier: MIT */
/* What stands after the '?': names, values, and the times, lengths and patterns that they spell. Pure.
 *
 * Readers answer ERR_MISSING when the name is absent or its value empty (existing clients send both), and
 * ERR_MALFORMED or ERR_FULL for a value that makes no sense or is too long. */
#ifndef NEPHOS_API_QUERY_STRING_H
#define NEPHOS_API_QUERY_STRING_H

#include "aggregator/api/http.h"

/* Decodes %XX, and '+' to a blank when told. Length; ERR_MALFORMED for a broken escape or a zero byte;
 * ERR_FULL. `to` is terminated. */
int percent_decode(struct span from, bool plus_is_blank, char *to, uint32_t to_size);

/* Takes the next name=value off *rest; false at the end. */
bool query_next(struct span *rest, struct span *name, struct span *value);
/* The first value of that name, decoded: its length. */
int query_text(struct span query, const char *name, char *to, uint32_t to_size);
/* A whole number within min..max. */
int query_number(struct span query, const char *name, uint64_t min, uint64_t max, uint64_t *out);
/* A finite number as 95, 0.5 or 1e9, larger than 0. */
int query_positive(struct span query, const char *name, double *out);

/* RFC 3339, YYYY-MM-DD, milliseconds since 1970, "now", or "-6h" counted from `now_ms`. */
int time_parse(const char *s, int64_t now_ms, int64_t *out_ms);
/* "500ms", "10s", "5m", "6h", "7d", "2w"; a bare number is milliseconds. */
int duration_parse(const char *s, int64_t *out_ms);

/* '*' stands for any characters, '?' for one. */
bool glob_match(const char *pattern, const char *text);
/* True when one of the comma-separated patterns fits. */
bool glob_match_any(const char *patterns, const char *text);

#endif
