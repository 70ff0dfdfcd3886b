/* SPDX-License-Identifier: MIT */
/* JSON bodies of requests, parsed within one fixed pool that all requests share: what is parsed is valid
 * until the handler returns. Whoever finds a fault has answered it (400, 413) and returns false or NULL.
 *
 * "Present" is what JavaScript calls true, as in the backend that clients were written for: "", 0, false and
 * null count as missing. */
#ifndef NEPHOS_API_JSON_READER_H
#define NEPHOS_API_JSON_READER_H

#include "aggregator/api/exchange.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#include <yyjson.h>
#pragma GCC diagnostic pop

#define JSON_NESTING_MAX 32U

/* Enough for any sensible body of body_size bytes; one of very many tiny values is refused with 413. */
void json_pool_reserve(struct memory_map *map, struct json_pool *pool, uint32_t body_size);

/* The whole document, or NULL and a sentence in `why`, with the status to answer. Pure. */
yyjson_val *json_parse(const struct json_pool *pool, struct span body, struct text *why, uint16_t *status);
/* The body's object. */
yyjson_val *json_body(struct exchange *x);
/* True when all of the names are present; else 400 with `required` as clients know it. */
bool json_require(struct exchange *x, yyjson_val *object, const char *const *names, uint32_t count);
bool json_is_present(yyjson_val *value);
/* Copies a text: "" when it is not present. Another type, a zero character in it or a text too long: 400. */
bool json_take_text(struct exchange *x, yyjson_val *object, const char *name, char *to, uint32_t size);
/* Writes an object as text: "" when it is not present. */
bool json_take_object(struct exchange *x, yyjson_val *object, const char *name, char *to, uint32_t size);
/* A time as milliseconds or as ISO 8601 text; `fallback_ms` when it is not present. */
bool json_take_time(struct exchange *x, yyjson_val *object, const char *name, int64_t fallback_ms,
                    int64_t *out);

#endif
