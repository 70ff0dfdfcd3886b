/* SPDX-License-Identifier: MIT */
/* One metric of a JSON body as a sample. */
#ifndef NEPHOS_API_SAMPLE_READER_H
#define NEPHOS_API_SAMPLE_READER_H

#include "aggregator/api/json_reader.h"

/* Names of the members, which differ between the routes. */
struct sample_keys {
    const char *name, *value;
};

struct sample_texts {
    char metric[STORE_METRIC_SIZE], unit[UNIT_SIZE], tag[TAG_SIZE];
};

/* Fills in `out`, whose texts point into `texts`. False, with the fault in `why`, when it makes no sample. */
bool sample_read(yyjson_val *object, const struct sample_keys *keys, int64_t now_ms,
                 struct sample_texts *texts, struct push_sample *out, struct text *why);
/* A text that is told of an instance and measures nothing (unit "string"). */
bool sample_is_text(yyjson_val *object);

#endif
