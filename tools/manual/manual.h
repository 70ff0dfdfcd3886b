/* SPDX-License-Identifier: MIT */
/* Manual pages and shell completion, written from the tables that the programs themselves are made of.
 *
 * One of these programs is linked for each of ours, with its config.c: agent.c and aggregator.c here tell
 * what the tables do not. They run on the machine that builds; nothing of this is in what ships. */
#ifndef NEPHOS_TOOLS_MANUAL_H
#define NEPHOS_TOOLS_MANUAL_H

#include "platform/base/section.h"
#include "platform/base/settings.h"

struct manual_word {
    const char *word, *help; /* help NULL: another spelling of the one before */
};

/* Sections that a person names, as [forward.NAME]. */
struct manual_named {
    const char *name, *what; /* "forward", "where metrics go" */
    const struct section *section;
};

struct manual {
    const char *program, *purpose;   /* "nephos-agent", "measure this machine ..." */
    const char *config_file;
    const char *synopsis;            /* mdoc */
    const char *description, *files, *signals, *examples, *exit_codes, *see_also; /* mdoc */
    struct manual_word words[24];    /* instead of running, in the order of --help */
    uint32_t word_count;
    const char *commands;            /* words before the flags, separated by blanks; "" */
    struct manual_named named[4];    /* of the file; those without a name are none */
};

/* Tells all about the program; its settings with their defaults. */
void manual_program(struct manual *m, struct settings *s);

void manual_page(const struct manual *m, const struct settings *s, const char *date);        /* section 8 */
void manual_config_page(const struct manual *m, const struct settings *s, const char *date); /* section 5 */
void manual_bash(const struct manual *m, const struct settings *s);
void manual_zsh(const struct manual *m, const struct settings *s);
void manual_fish(const struct manual *m, const struct settings *s);

#endif
