/* SPDX-License-Identifier: MIT */
/* The book of rules: what holds now. Rules come from three places, later ones changing what earlier ones say:
 * a profile that is shipped, a file, and what was put over the API and lies in the store; silences lie in the
 * store. Who judges and who shows them look into the same book. */
#ifndef NEPHOS_RULES_BOOK_H
#define NEPHOS_RULES_BOOK_H

#include "aggregator/rules/rule.h"
#include "aggregator/rules/silence.h"
#include "aggregator/store/store_documents.h"

#define BOOK_RULES "rules"       /* documents in the store */
#define BOOK_SILENCES "silences"
#define BOOK_FILE_NAME_SIZE 256U

struct rule_book;

struct rule_book *book_reserve(struct memory_map *map);
/* Takes what the store holds on top of the profile `nephos`. Stored rules that do not parse any more are left
 * out, with words in `why`. */
void book_open(struct rule_book *b, struct store *s, struct text *why);
/* Another profile and another file's text. ERR_MALFORMED with `why`, and then the old rules stay. */
int book_configure(struct rule_book *b, const char *profile, const char *file_name, const char *file_text,
                   uint32_t file_length, struct text *why);
/* Would these rules do in place of those in the store? ERR_OK, or ERR_MALFORMED with `why`. Nothing
 * changes. */
int book_try(struct rule_book *b, const char *text, uint32_t length, struct text *why);
/* Rules for a test: those of a text on top of what holds, or (`text` NULL) those that hold; of these the ones
 * whose names match the patterns, "" for all. ERR_OK; ERR_MISSING; ERR_MALFORMED with `why`. */
int book_draft(struct rule_book *b, const char *names, const char *text, uint32_t length,
               struct rule_set *out, struct text *why);
/* Notices what has been put into the store since. Cheap. */
void book_step(struct rule_book *b);

const struct rule_set *book_rules(const struct rule_book *b);
/* Grows whenever the rules change. */
uint32_t book_generation(const struct rule_book *b);
/* Where rule number `index` of the generation before stands now, or ERR_MISSING when it changed or went. */
int book_moved(const struct rule_book *b, uint32_t index);
const struct silence_set *book_silences(const struct rule_book *b);
/* Is nothing to be said now of an alert? By a silence, or by the hours of its rule. `rule`: as the alert has
 * it, or a rule's name; `name`: of the instance. */
bool book_is_silenced(const struct rule_book *b, int64_t now_ms, const char *instance, const char *name,
                      const char *rule, const char *tag);
const char *book_profile(const struct rule_book *b);
const char *book_file_name(const struct rule_book *b);
/* Why the stored rules are left out, or "". */
const char *book_complaint(const struct rule_book *b);

#endif
