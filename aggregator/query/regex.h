/* SPDX-License-Identifier: MIT */
/* Regular expressions without a heap and without backtracking: a pattern becomes a small program, and all
 * of its states walk over the text at once. So the cost of a match is bounded by states times characters,
 * whatever a client asks for. Pure.
 *
 * Literals, '.', "[a-z]", "[^...]", "\d \w \s" and their opposites, '*' '+' '?' (lazy ones match the same),
 * "{2,5}" with small numbers, '|', groups "(...)" and "(?:...)", '^' and '$' at the ends. Matching is
 * anchored at both ends, as in Prometheus. Bytes, not characters: '.' takes one byte of UTF-8, which only
 * counted repetitions can tell. */
#ifndef NEPHOS_QUERY_REGEX_H
#define NEPHOS_QUERY_REGEX_H

#include "platform/base/base.h"

#define REGEX_STATES_MAX 768U
#define REGEX_CLASSES_MAX 8U

struct regex_state {
    uint8_t kind;
    uint8_t byte;     /* literal, or number of the class */
    uint16_t a, b;    /* where it goes on */
};

struct regex {
    uint16_t count, start;
    uint8_t class_count;
    struct regex_state states[REGEX_STATES_MAX];
    uint64_t classes[REGEX_CLASSES_MAX][4];
};

/* ERR_MALFORMED for what is no pattern (or uses more than the above), ERR_FULL when it is too long. */
int regex_compile(struct regex *r, const char *pattern, uint32_t length);
bool regex_match(const struct regex *r, const char *text, uint32_t length);

#endif
