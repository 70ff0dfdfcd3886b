/* SPDX-License-Identifier: MIT */
/* What a person says of a destination: a section [notify.NAME] of the configuration. Pure. */
#ifndef NEPHOS_FORWARD_DESTINATION_H
#define NEPHOS_FORWARD_DESTINATION_H

#include "aggregator/store/store_alerts.h"
#include "aggregator/store/store_outbox.h"
#include "platform/base/section.h"

enum destination_type {
    DESTINATION_WEBHOOK, /* JSON of our own shape */
    DESTINATION_SLACK,
    DESTINATION_DISCORD,
    DESTINATION_TELEGRAM,
    DESTINATION_NTFY,
    DESTINATION_PAGERDUTY,
    DESTINATION_EMAIL,
    DESTINATION_SNS,
    DESTINATION_HEARTBEAT, /* no alerts: a sign of life */
    DESTINATION_TYPE_COUNT
};
extern const char *const destination_type_names[DESTINATION_TYPE_COUNT];

#define DESTINATION_URL_SIZE 768U
#define DESTINATION_FILE_SIZE 256U
#define DESTINATION_SECRET_SIZE 512U
#define DESTINATION_WORD_SIZE 256U
#define DESTINATION_NAME_SIZE OUTBOX_NAME_SIZE

struct destination {
    char name[DESTINATION_NAME_SIZE];
    bool has_type;
    enum destination_type type;
    char url[DESTINATION_URL_SIZE];         /* or in url_file, when it holds a secret */
    char url_file[DESTINATION_FILE_SIZE];
    char token[DESTINATION_SECRET_SIZE]; /* read from token_file: bearer, bot's, routing key, AWS' session */
    char token_file[DESTINATION_FILE_SIZE];
    char user[DESTINATION_WORD_SIZE];       /* mail server's; AWS access key id */
    char password[DESTINATION_SECRET_SIZE]; /* read from password_file */
    char password_file[DESTINATION_FILE_SIZE];
    char ca_file[DESTINATION_FILE_SIZE];
    char from[DESTINATION_WORD_SIZE],
        to[DESTINATION_WORD_SIZE]; /* mail; chat (Telegram), topic (ntfy, SNS) */
    char region[32];
    char instances[DESTINATION_WORD_SIZE];  /* names or ids with * and ?, commas between; "": all */
    char types[DESTINATION_WORD_SIZE];      /* the same of alert types */
    enum alert_severity severity;           /* this and above */
    int64_t group_ms, repeat_ms, timeout_ms, interval_ms;
    bool no_resolved, plain_smtp;
};

extern const struct section destination_section; /* the keys of [notify.NAME] */

/* One line of the section: ERR_OK, or ERR_MALFORMED and `why` says what and what to do, `where` first. */
int destination_set(struct destination *d, const char *key, const char *value, const char *where,
                    struct text *why);
/* The values that hold while nothing is said. */
void destination_init(struct destination *d, const char *name);
/* Is it whole? After the secrets were read. ERR_MALFORMED. */
int destination_check(const struct destination *d, struct text *why);
/* Does it want to hear of such an alert? `name`: of the instance. */
bool destination_wants(const struct destination *d, const struct alert *a, const char *name);
/* * and ?; a list has commas between its patterns. "" matches all. */
bool destination_matches(const char *patterns, const char *text);

#endif
