/* SPDX-License-Identifier: MIT */
/* One table of options makes flags, environment, configuration files, --help, --check-config,
 * --print-config, manual and shell completion. A later origin wins: default < file < environment < flag;
 * of several files the one read last. A second table holds names that earlier programs gave to some of them.
 *
 * A file is INI: [section], key = value, # comments; durations and sizes carry a unit
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

enum setting_origin { ORIGIN_DEFAULT, ORIGIN_CREDENTIAL, ORIGIN_FILE, ORIGIN_ENVIRONMENT, ORIGIN_FLAG };

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

/* How an earlier program wrote the value that we want. */
enum setting_form {
    FORM_SAME,
    FORM_URL,          /* http://host:1234/path stands for host:1234 */
    FORM_MILLISECONDS, /* a bare number; beyond our bounds the nearest within them is taken */
    FORM_DEBUG,        /* a true value stands for the log level debug, any other for nothing */
};
struct setting_earlier {
    const char *environment; /* "INSTANCE_ID" */
    const char *key;         /* of the table: "host.id" */
    enum setting_form form;
};
enum setting_fate {
    EARLIER_ABSENT,
    EARLIER_TAKEN,
    EARLIER_BOUNDED,   /* taken, as near as our bounds let it */
    EARLIER_IDLE,      /* says that something is not wanted which is not done anyway */
    EARLIER_OVERRULED, /* another name of the same setting is there too */
    EARLIER_FOREIGN,   /* the address is that of a service that no agent of ours can speak to */
};

#define SETTINGS_MAX 64U
#define SETTINGS_EARLIER_MAX 24U
/* Names of all files read, with their terminators. */
#define SETTINGS_FILE_NAMES_SIZE 1024U

/* Sections that a person names, as [notify.ops]: any number of them, and what is in them is not in the
 * table. */
struct settings_family {
    const char *prefix;      /* "notify." */
    /* One line of [prefix NAME]: ERR_OK, or ERR_MALFORMED and `why`, which begins with `where`. `config` is
     * that of the settings. */
    int (*set)(void *config, const char *name, const char *key, const char *value, const char *where,
               struct text *why);
};

struct settings {
    const struct setting *table;
    uint32_t count;                       /* at most SETTINGS_MAX */
    void *config;                         /* the program's struct */
    const struct settings_family *families; /* sections with names */
    uint32_t family_count;
    uint8_t origin[SETTINGS_MAX];         /* enum setting_origin */
    /* File: where its name begins in `files`. Environment: 0, or 1 + the index of the earlier name. */
    uint16_t detail[SETTINGS_MAX];
    uint16_t line[SETTINGS_MAX];          /* file: counted from 1 */
    const struct setting_earlier *earlier;
    uint32_t earlier_count;               /* at most SETTINGS_EARLIER_MAX */
    uint8_t fate[SETTINGS_EARLIER_MAX];   /* enum setting_fate */
    uint32_t files_length;
    char files[SETTINGS_FILE_NAMES_SIZE];
};

/* Fills in the defaults. A default that does not parse is a bug. */
void settings_init(struct settings *s, const struct setting *table, uint32_t count, void *config);
/* From now on settings_parse_environment() honours these names too. Each key must be in the table. */
void settings_use_earlier(struct settings *s, const struct setting_earlier *earlier, uint32_t count);
/* Index of a key, or ERR_MISSING. */
int settings_find(const struct settings *s, const char *key);
/* One value from outside. On an error returns ERR_MALFORMED and `why` says what, where ("--interval",
 * "nephos.conf:12:5") and what to do; the config is unchanged. */
int settings_set(struct settings *s, uint32_t index, const char *value, enum setting_origin origin,
                 const char *where, struct text *why);
/* Whole file text; `name` is for messages and for settings_print(). Stops at the first error. */
int settings_parse_file(struct settings *s, const char *name, const char *text, uint32_t length,
                        struct text *why);
/* Value and origin of one setting as they are in `from`, which has the same table. */
void settings_keep(struct settings *s, const struct settings *from, uint32_t index);
/* Looks each environment name up through `lookup` (NULL result: not set). An earlier name counts only where
 * the one of today is not set; of several earlier names the first in their table. */
int settings_parse_environment(struct settings *s, const char *(*lookup)(const char *name),
                               struct text *why);
/* What a person should know about earlier name number `index`: false, and nothing, when it is not set. */
bool settings_explain_earlier(const struct settings *s, uint32_t index, struct text *note);
/* Takes the flags of argv[*at..argc) that are in the table, `--flag=value` or `--flag value`, and
 * leaves *at at the first word that is not a flag of the table. ERR_MALFORMED for a bad value. */
int settings_parse_flags(struct settings *s, int argc, char *argv[], int *at, struct text *why);
/* "unknown flag --intervall (did you mean --interval?)" */
void settings_explain_unknown(const struct settings *s, const char *flag, struct text *why);
/* The list of flags for --help. */
void settings_print_help(const struct settings *s, struct text *out);
/* Every effective value with its origin, in the form of the file. */
void settings_print(const struct settings *s, struct text *out);
/* One value as a file would have it; a secret as ***. */
void settings_put_value(const struct settings *s, uint32_t index, struct text *out);

/* A number with its unit, as 500ms, 10s, 5m, 1h or 7d, in milliseconds. */
bool settings_take_duration(const char *value, uint64_t *ms);

#endif
