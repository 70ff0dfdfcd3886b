/* SPDX-License-Identifier: MIT */
/* Words of the language, between the files that read it. */
#ifndef NEPHOS_QUERY_PROMQL_WORDS_H
#define NEPHOS_QUERY_PROMQL_WORDS_H

#include "aggregator/query/promql.h"

struct promql_call {
    const char *name;
    uint8_t arguments_min, arguments_max;
    uint8_t takes;                /* enum promql_type of its first argument; the others are scalars */
    uint8_t gives;
};
/* A function of that name, or ERR_MISSING. */
int promql_find_function(const char *word, uint32_t length);
const struct promql_call *promql_call_of(enum promql_function f);
/* Something that Prometheus has and we have not. */
bool promql_is_foreign(const char *word, uint32_t length);
int promql_find_aggregate(const char *word, uint32_t length);
bool promql_aggregate_has_parameter(enum promql_aggregate a);
/* The operator at `at`: its length, or 0; words only where they end. */
uint32_t promql_find_operator(const char *at, const char *end, enum promql_operator *op);
/* How closely it binds: higher is closer. */
uint32_t promql_precedence(enum promql_operator op);
bool promql_is_word(const char *at, uint32_t length, const char *word);
/* Skips blanks and comments. */
void promql_skip(const char **at, const char *end);

#endif
