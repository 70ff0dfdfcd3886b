/* SPDX-License-Identifier: MIT */
/* What AWS answers: keys, and what is wrong. Pure; the memory for parsing is
 * brought along. */
#ifndef NEPHOS_FORWARD_AWS_ANSWERS_H
#define NEPHOS_FORWARD_AWS_ANSWERS_H

#include "aggregator/forward/aws/environment.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wconversion"
#include <yyjson.h>
#pragma GCC diagnostic pop

/* The document's root, valid as long as the pool is left alone; NULL when it is
 * no JSON, nests deeper than 32 or needs more than the pool, whose alignment is
 * that of anything. */
yyjson_val *aws_json_read(const char *bytes, uint32_t size, uint8_t *pool, uint32_t pool_size);
/* The same, but numbers stay as they are written: yyjson_get_raw(). */
yyjson_val *aws_json_read_raw(const char *bytes, uint32_t size, uint8_t *pool, uint32_t pool_size);
/* A member that is a text: it, terminated; "" when there is none or it has a
 * zero in it. */
const char *aws_json_text(yyjson_val *object, const char *name);

/* {"AccessKeyId","SecretAccessKey","Token","Expiration"}, of instance metadata
 * and of containers. ERR_MALFORMED when it is something else, one of the first
 * two is missing, or a text does not fit or has a control character. */
int aws_keys_read(const char *bytes, uint32_t size, uint8_t *pool, uint32_t pool_size, struct aws_keys *out);
/* "2026-11-21T20:00:00Z", a fraction of a second allowed, in ms since 1970;
 * negative when it is not one. */
int64_t aws_time_ms(const char *text);

/* BatchWriteItem: the ids of the operations in "UnprocessedItems", valid as the document is; how many, at
 * most ids_max. "" stands for one that has none. */
uint32_t aws_unprocessed_ids(yyjson_val *root, const char **ids, uint32_t ids_max);
/* PutRecords: of `count` records, in the bits of `failed` (cleared first) those that were not taken, and
 * the newest code of why. How many; ERR_MALFORMED when it does not speak of that many. */
int aws_failed_records(yyjson_val *root, uint32_t count, uint64_t *failed, const char **code);

struct aws_error {
    char code[64];     /* "ThrottlingException"; "" when the answer says none, or is
                    not of AWS */
    char message[160]; /* printable, cut */
};
/* Of JSON ("__type" with what stands before #, or "code") or of XML (<Code>,
 * <Message>). */
void aws_error_read(const char *bytes, uint32_t size, uint8_t *pool, uint32_t pool_size,
                    struct aws_error *out);

#endif
