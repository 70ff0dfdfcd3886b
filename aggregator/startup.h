/* SPDX-License-Identifier: MIT */
/* The settings of a run, read at start and again at SIGHUP; secrets come from files, the environment's
 * names of files, or the service manager ($CREDENTIALS_DIRECTORY: api-token, api.crt, api.key), never from
 * argv. */
#ifndef NEPHOS_AGGREGATOR_STARTUP_H
#define NEPHOS_AGGREGATOR_STARTUP_H

#include "aggregator/aggregator.h"
#include "aggregator/config.h"
#include "aggregator/forward/aws/environment.h"

#define STARTUP_FILE_SIZE 16384U
#define STARTUP_TOKEN_SIZE 160U
#define STARTUP_NAMES_SIZE 1024U

enum startup_result { STARTUP_GOOD, STARTUP_BAD_USAGE, STARTUP_BAD_CONFIG };

struct startup {
    int argc;
    char **argv;
    struct config config;
    struct settings settings;
    struct command_line line;
    char api_token[STARTUP_TOKEN_SIZE]; /* "": none */
    char api_names[STARTUP_NAMES_SIZE]; /* for a certificate of our own */
    char rules[RULES_TEXT_SIZE];        /* text of the file of rules */
    struct aws_environment aws;
    struct aggregator_options options;
    /* What was in force before a reload. */
    struct config kept;
    struct settings kept_settings;
    char file[STARTUP_FILE_SIZE];
};

/* Reads command line, file and environment; all of it, then checked. */
enum startup_result startup_read(struct startup *s, int argc, char *argv[], struct text *why);
/* Reads the token's file and fills s->options in, for aggregator_open() and aggregator_configure(). */
int startup_options(struct startup *s, const char *hostname, struct text *why);
/* Everything once more. ERR_MALFORMED and `why`, and the old settings stay in force; else `changed` names the
 * keys that have another value now, `waiting` those that would take a restart and stay as they were. */
int startup_read_again(struct startup *s, struct text *changed, struct text *waiting, struct text *why);

#endif
