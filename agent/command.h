/* SPDX-License-Identifier: MIT */
/* The command line: flags of the settings table, and the words that ask for something else than running. */
#ifndef NEPHOS_AGENT_COMMAND_H
#define NEPHOS_AGENT_COMMAND_H

#include "platform/base/settings.h"

enum verb {
    VERB_RUN,
    VERB_HELP,
    VERB_VERSION,
    VERB_CHECK_CONFIG,
    VERB_PRINT_CONFIG,
    VERB_PRINT_MEMORY_MAP,
    VERB_ONCE,
    VERB_ONCE_JSON,
    VERB_ONCE_PROM,
    VERB_DRY_RUN,
};

/* ERR_MALFORMED and `why` for an unknown word or a bad value. */
int command_parse(struct settings *s, int argc, char *argv[], enum verb *verb, struct text *why);
/* Overwrites the values of secret flags: the command line of a process can be read by everybody. */
void command_hide_secrets(int argc, char *argv[]);
/* Word number `index` that asks for something else than running, with its help; false behind the last. */
bool command_verb(uint32_t index, const char **word, const char **help);
void command_help(const struct settings *s, struct text *out);

#endif
