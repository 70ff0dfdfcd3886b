/* SPDX-License-Identifier: MIT */
/* One table of options makes flags, environment, configuration file, --help, --check-config and
 * --print-config. A later origin wins: default < file < environment < flag.
 *
 * The file is INI: [section], key = value, # comments; durations and sizes carry a unit
 * (10s, 64MiB). An unknown key or flag is an error that names the nearest known one. */
#ifndef NEPHOS_SETTINGS_H
#define NEPHOS_SETTINGS_H

#include "platform/base/base.h"
#include "platform/base/text.h"

enum setting_type {
    SETTING_TEXT,        /* char[limit] at the offset */
    SETTING_SECRET,      /* the same, shown as *** */
    SETTING_COUNT,       /* uint32_t, min..max */
    SETTING_DURATION_MS, /* int64_t milliseconds, min..max; 500ms 10s 5m 1h 7d */
    SETTING_SIZE,        /* uint64_t bytes, min..max; 64KiB 16MiB 2GiB */
    SETTING_SWITCH,      /* bool; a flag without a value turns it on */
};

enum setting_origin { ORIGIN_DEFAULT, ORIGIN_FILE, ORIGIN_ENVIRONMENT, ORIGIN_FLAG };

struct setting {
    const char *key;         /* "server.address": section and name in the file */
    const char *flag;        /* "--server", or NULL */
    const char *environment; /* "NEPHOS_SERVER", or NULL */
    enum setting_type type;
    uint32_t offset;         /* in the program's config struct */
    uint32_t limit;          /* text: size of the array, terminator included */
    uint64_t min, max;       /* numbers: inclusive */
    const char *default_text;
    const char *help;        /* one line */
};

#define SETTINGS_MAX 48U

struct settings {
    const struct setting *table;
    uint32_t count;                       /* at most SETTINGS_MAX */
    void *config;                         /* the program's struct */
    uint8_t origin[SETTINGS_MAX];         /* enum setting_origin */
};

/* Fills in the defaults. A default that does not parse is a bug. */
void settings_init(struct settings *s, const struct setting *table, uint32_t count, void *config);
/* One value from outside. On an error returns ERR_MALFORMED and `why` says what, where ("--interval",
 * "nephos.conf:12:5") and what to do; the config is unchanged. */
int settings_set(struct settings *s, uint32_t index, const char *value, enum setting_origin origin,
                 const char *where, struct text *why);
/* Whole file text; `name` is for messages. Stops at the first error. */
int settings_parse_file(struct settings *s, const char *name, const char *text, uint32_t length,
                        struct text *why);
/* Looks each environment name up through `lookup` (NULL result: not set). */
int settings_parse_environment(struct settings *s, const char *(*lookup)(const char *name),
                               struct text *why);
/* Takes the flags of argv[*at..argc) that are in the table, `--flag=value` or `--flag value`, and
 * leaves *at at the first word that is not a flag of the table. ERR_MALFORMED for a bad value. */
int settings_parse_flags(struct settings *s, int argc, char *argv[], int *at, struct text *why);
/* "unknown flag --intervall (did you mean --interval?)" */
void settings_explain_unknown(const struct settings *s, const char *flag, struct text *why);
/* The list of flags for --help. */
void settings_print_help(const struct settings *s, struct text *out);
/* Every effective value with its origin, in the form of the file. */
void settings_print(const struct settings *s, struct text *out);

#endif
