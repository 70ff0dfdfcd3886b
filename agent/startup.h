/* SPDX-License-Identifier: MIT */
/* The settings of a run: from flags, environment, files and credential at the start, and again at SIGHUP.
 * Part of the main program: it reads files that the user names. */
#ifndef NEPHOS_AGENT_STARTUP_H
#define NEPHOS_AGENT_STARTUP_H

#include "agent/command.h"
#include "agent/config.h"

struct startup {
    struct settings *settings;
    struct config *config;
    int argc;
    char **argv;
    uint8_t *buffer;         /* CONFIG_FILE_SIZE_MAX bytes, lent: a file while it is read */
    /* at SIGHUP: what is in force until the new settings have been found good */
    struct settings kept_settings;
    struct config kept;
};

enum startup_result { STARTUP_GOOD, STARTUP_BAD_USAGE, STARTUP_BAD_CONFIG };

/* The five before `kept_settings` are filled in and outlive `s`; secrets in argv are overwritten. For help
 * and version nothing but the command line is read. Not STARTUP_GOOD: `why` tells. */
enum startup_result startup_read(struct startup *s, enum verb *verb, struct text *why);

/* Reads everything again. ERR_OK: what may change while the agent runs has changed in `config`, and the keys
 * are listed in `changed`; what may not is as before, and listed in `waiting`. ERR_MALFORMED: all is as
 * before, and `why` tells. */
int startup_read_again(struct startup *s, struct text *changed, struct text *waiting, struct text *why);

#endif
