/* SPDX-License-Identifier: MIT */
/* The words before the flags: what the program is asked to do. One table makes parsing, --help, manual and
 * completion. */
#ifndef NEPHOS_AGGREGATOR_VERBS_H
#define NEPHOS_AGGREGATOR_VERBS_H

#include "platform/base/text.h"

enum config_verb {
    VERB_SERVE,
    VERB_DEMO,
    VERB_TOKEN_CREATE,
    VERB_TOKEN_LIST,
    VERB_TOKEN_REVOKE,
    VERB_ACCESS_CREATE,
    VERB_ACCESS_LIST,
    VERB_ACCESS_REVOKE,
    VERB_AGENT_LIST,
    VERB_AGENT_REVOKE,
    VERB_AGENT_ALLOW,
    VERB_AUDIT,
    VERB_NOTIFY_LIST,
    VERB_NOTIFY_TEST,
    VERB_FORWARD_STATUS,
    VERB_FORWARD_TEST,
    VERB_FORWARD_REPLAY,
    VERB_RULES_LIST,
    VERB_RULES_CHECK,
    VERB_RULES_SET,
    VERB_RULES_TEST,
    VERB_SILENCE_LIST,
    VERB_SILENCE_CREATE,
    VERB_SILENCE_DELETE,
    VERB_BACKUP,
    VERB_RESTORE,
    VERB_VERIFY,
    VERB_EXPORT,
    VERB_IMPORT,
};

struct verb {
    const char *word, *second; /* second NULL: one word is enough */
    enum config_verb verb;
    const char *operand;       /* what follows: "FILE", "[FILE]", "NAME", or NULL */
    const char *help;
};

/* Verb number `index`, NULL behind the last. */
const struct verb *verbs_at(uint32_t index);
const struct verb *verbs_of(enum config_verb verb);
/* Reads the words at *at: the verb, `serve` when there is none, with *at behind it. ERR_MALFORMED and `why`.
 * */
int verbs_parse(int argc, char *argv[], int *at, enum config_verb *verb, struct text *why);
/* "unknown word ..." with the nearest that is known. ERR_MALFORMED. */
int verbs_explain(const char *word, struct text *why);
/* The lines of --help. */
void verbs_print(struct text *out);

#endif
