/* SPDX-License-Identifier: MIT */
/* The description of every route, which /openapi.json is made of: one row for each row of router.c. A test
 * holds the two tables against each other. */
#ifndef NEPHOS_API_OPENAPI_H
#define NEPHOS_API_OPENAPI_H

#include "aggregator/api/router.h"

#define OPENAPI_ANSWERS_MAX 5U

struct openapi_answer {
    uint16_t status;          /* 0: no more. Of 400 and more the body is an error as everywhere */
    const char *schema;       /* of the body; NULL: a text, or none for 204 */
    const char *media;        /* NULL: application/json */
};

struct openapi_row {
    enum http_method method;
    const char *pattern;      /* as in router.c */
    const char *summary;
    const char *parameters;   /* of the query: names of openapi_parameters, '!' behind those required */
    const char *body;         /* schema, or NULL */
    const char *body_media;   /* NULL: application/json */
    struct openapi_answer answers[OPENAPI_ANSWERS_MAX];
};

struct openapi_parameter {
    const char *name, *schema, *description; /* schema: as JSON */
    const char *in_query;     /* the name that stands in the query, when another */
};

struct openapi_schema {
    const char *name, *json;
};

extern const struct openapi_row openapi_rows[];
extern const uint32_t openapi_row_count;
extern const struct openapi_parameter openapi_parameters[];
extern const uint32_t openapi_parameter_count;
extern const struct openapi_schema openapi_schemas[];
extern const uint32_t openapi_schema_count;

#endif
