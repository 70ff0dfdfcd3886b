/* SPDX-License-Identifier: MIT */
/* Series selectors as Prometheus writes them: node_load1, {job="a"}, cpu{mode!="idle",cpu=~"[0-3]"}. What is
 * parsed keeps nothing of the text it came from. */
#ifndef NEPHOS_QUERY_SELECTOR_H
#define NEPHOS_QUERY_SELECTOR_H

#include "aggregator/query/catalog.h"
#include "aggregator/query/regex.h"
#include "platform/base/text.h"

#define SELECTORS_MAX 8U
#define MATCHERS_MAX 10U
#define SELECTION_REGEXES_MAX 6U
#define MATCHER_VALUE_SIZE 128U

enum match_kind { MATCH_EQUAL, MATCH_NOT_EQUAL, MATCH_REGEX, MATCH_NOT_REGEX };

struct matcher {
    enum match_kind kind;
    uint8_t regex;                   /* index, for the latter two */
    char name[48];
    char value[MATCHER_VALUE_SIZE];  /* for the first two */
};

struct selector {
    uint32_t count;
    struct matcher matchers[MATCHERS_MAX];
};

struct selection {
    uint32_t count, regex_count;
    struct selector selectors[SELECTORS_MAX];
    struct regex regexes[SELECTION_REGEXES_MAX];
};

/* Reads one selector at *at and moves it behind. `why` says what is wrong: ERR_MALFORMED (also for a selector
 * that every series matches), ERR_FULL (too long or too many). */
int selection_add(struct selection *s, const char **at, const char *end, struct text *why);

/* Does the selector take metrics of that name? False only when it can take none. */
bool selector_takes_name(const struct selection *s, const struct selector *it, const char *name);
/* Of the metric's name and these labels: all matchers hold. */
bool selector_takes(const struct selection *s, const struct selector *it, const char *name,
                    const struct labels *labels);
/* Does any of the selectors? With none, everything is taken. */
bool selection_takes_name(const struct selection *s, const char *name);
bool selection_takes(const struct selection *s, const char *name, const struct labels *labels);

/* --- words of the language, for who reads more of it --- */

void selector_skip_blanks(const char **at, const char *end);
/* [a-zA-Z_:][a-zA-Z0-9_:]*; its length, 0 when there is none. */
uint32_t selector_word(const char *at, const char *end);
/* A text in quotes, without them: its length, or an error. */
int selector_text(const char **at, const char *end, char *to, uint32_t to_size);

#endif
