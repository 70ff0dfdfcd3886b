/* SPDX-License-Identifier: MIT */
/* DynamoDB's way to write values in JSON: {"S":"text"}, {"N":"12.5"}, {"M":{...}}. Pure. */
#ifndef NEPHOS_FORWARD_AWS_ATTRIBUTE_H
#define NEPHOS_FORWARD_AWS_ATTRIBUTE_H

#include "aggregator/forward/aws/answers.h"
#include "aggregator/forward/exporter.h"

/* A text, a whole number, a decimal, a time as ISO 8601. */
void attribute_put_text(struct text *out, const char *text);
void attribute_put_integer(struct text *out, int64_t value);
void attribute_put_decimal(struct text *out, int64_t value, uint32_t scale);
void attribute_put_iso(struct text *out, int64_t ms);
/* A point's tags as a map of texts. */
void attribute_put_tags(struct text *out, const struct export_point *p);
/* The members of a JSON object that aws_json_read_raw() read, without the braces around them, each with a
 * comma before it; nothing when it is none. A number that DynamoDB would not take is written as text. */
void attribute_put_members(struct text *out, yyjson_val *object);

#endif
