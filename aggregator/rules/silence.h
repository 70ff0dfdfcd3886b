/* SPDX-License-Identifier: MIT */
/* Silences: when nothing is said of which hosts and rules. Once, from one time to another, or every week. */
#ifndef NEPHOS_RULES_SILENCE_H
#define NEPHOS_RULES_SILENCE_H

#include "aggregator/rules/window.h"
#include "aggregator/store/store.h"

#define SILENCES_MAX 64U
#define SILENCE_LIST_SIZE 160U
#define SILENCE_ID_SIZE 40U
#define SILENCE_COMMENT_SIZE 160U

struct silence {
    char id[SILENCE_ID_SIZE];
    char instances[SILENCE_LIST_SIZE], rules[SILENCE_LIST_SIZE], tags[SILENCE_LIST_SIZE]; /* patterns */
    int64_t from_ms, to_ms;      /* [from, to); to 0: for ever */
    struct window weekly;        /* and only within it, when it has days */
    char comment[SILENCE_COMMENT_SIZE];
    char who[NAME_SIZE];
    int64_t created_ms;
};
struct silence_set {
    uint32_t count;
    struct silence silences[SILENCES_MAX];
};

/* Reads what silences_print() wrote; ERR_MALFORMED with `why`. */
int silences_parse(struct silence_set *set, const char *text, uint32_t length, struct text *why);
void silences_print(const struct silence_set *set, struct text *out);
bool silence_holds(const struct silence *s, int64_t now_ms);
/* Nothing more will ever come of it. */
bool silence_is_over(const struct silence *s, int64_t now_ms);
/* One that holds now for that rule on that host (of that id and name) and tag, or NULL. */
const struct silence *silences_find(const struct silence_set *set, int64_t now_ms, const char *instance,
                                    const char *name, const char *rule, const char *tag);

#endif
