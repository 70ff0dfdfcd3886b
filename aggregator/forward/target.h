/* SPDX-License-Identifier: MIT */
/* What a person says of a destination of metrics: a section [forward.NAME] of the configuration. Pure.
 *
 * One struct for all types: a key means the same wherever it is used. Secrets stand in files of their own,
 * which startup reads at the start and at each reload. */
#ifndef NEPHOS_FORWARD_TARGET_H
#define NEPHOS_FORWARD_TARGET_H

#include "aggregator/store/store_alerts.h"
#include "aggregator/store/store_outlet.h"
#include "platform/base/section.h"

enum target_type {
    TARGET_APIGATEWAY,   /* the Nephos API of the earlier backend, or of another aggregator */
    TARGET_DYNAMODB,
    TARGET_KINESIS,
    TARGET_SNOWFLAKE,
    TARGET_OTLP,
    TARGET_REMOTE_WRITE,
    TARGET_TYPE_COUNT
};
extern const char *const target_type_names[TARGET_TYPE_COUNT]; /* "apigateway", ... */

#define TARGET_NAME_SIZE OUTLET_NAME_SIZE
#define TARGET_URL_SIZE 768U
#define TARGET_FILE_SIZE 256U
#define TARGET_WORD_SIZE 128U
#define TARGET_LIST_SIZE 512U
/* A session token of AWS takes up to two thousand characters. */
#define TARGET_TOKEN_SIZE 2304U
#define TARGET_SECRET_SIZE 256U
#define TARGET_KEY_SIZE 4096U
#define TARGET_HEADERS_SIZE 1024U

enum target_mode { TARGET_BATCH, TARGET_SINGLES, TARGET_AGGREGATOR };
enum target_layout { TARGET_NEPHOS, TARGET_CLOUDPULSE };

struct target {
    char name[TARGET_NAME_SIZE];
    bool has_type;
    enum target_type type;
    char url[TARGET_URL_SIZE];       /* base or whole address; AWS: in place of its own. Or in url_file */
    char url_file[TARGET_FILE_SIZE];
    char ca_file[TARGET_FILE_SIZE];
    enum target_mode mode;           /* apigateway: how the other side takes it */

    /* what goes there */
    uint32_t sends;                  /* bits of enum export_kind (exporter.h); 0: all that the type takes */
    char metrics[TARGET_LIST_SIZE];  /* names with * and ?, commas between; "": all */
    char instances[TARGET_LIST_SIZE]; /* names or ids, likewise */
    enum alert_severity severity;    /* alerts of this and above */
    int64_t resolution_ms;           /* a point for each; 0: what is usual for the type. Divides a day */
    int64_t interval_ms;             /* points are looked for no more often; 0: as they come */
    int64_t refresh_ms;              /* facts of an instance are told again, 0: when they change only */
    int64_t backlog_max_ms;          /* older points that wait are given up */
    int64_t timeout_ms;              /* of one request */
    bool no_repeat;                  /* what may have arrived is not sent again where that would double it */

    /* who we are there */
    char user[TARGET_WORD_SIZE];     /* AWS: access key id; Snowflake: user; else for basic authentication */
    char password[TARGET_SECRET_SIZE]; /* of password_file. AWS: secret access key */
    char password_file[TARGET_FILE_SIZE];
    char token[TARGET_TOKEN_SIZE];   /* of token_file: bearer; AWS: session token */
    char token_file[TARGET_FILE_SIZE];
    char api_key[TARGET_SECRET_SIZE]; /* of api_key_file: x-api-key */
    char api_key_file[TARGET_FILE_SIZE];
    char key[TARGET_KEY_SIZE];       /* of key_file, PEM, all lines */
    char key_file[TARGET_FILE_SIZE];
    char credentials_file[TARGET_FILE_SIZE], profile[TARGET_WORD_SIZE]; /* of AWS' own tools */
    char headers[TARGET_HEADERS_SIZE]; /* lines "Name: value\n" of headers_file, to go along */
    char headers_file[TARGET_FILE_SIZE];

    /* AWS */
    char region[32];
    char stream[TARGET_WORD_SIZE];   /* name or ARN */
    char metrics_table[TARGET_WORD_SIZE], alerts_table[TARGET_WORD_SIZE], instances_table[TARGET_WORD_SIZE];
    enum target_layout layout;       /* of tables and records: key `schema` */
    char stage[32];                  /* completes the names of tables: dev, staging, prod */
    int64_t ttl_ms;                  /* items leave by themselves after that; 0: never */

    /* Snowflake; `schema` is the layout's key for other types */
    char account[TARGET_WORD_SIZE], warehouse[TARGET_WORD_SIZE], database[TARGET_WORD_SIZE];
    char schema[TARGET_WORD_SIZE], role[TARGET_WORD_SIZE];
    char insights_table[TARGET_WORD_SIZE];
    char model[TARGET_WORD_SIZE];    /* of Cortex; "": its words are not asked for */
};

extern const struct section target_section; /* the keys of [forward.NAME] */

/* The values that hold while nothing is said. */
void target_init(struct target *t, const char *name);
/* One line of the section: ERR_OK, or ERR_MALFORMED and `why` says what and what to do, `where` first. */
int target_set(struct target *t, const char *key, const char *value, const char *where, struct text *why);
/* Is it whole? After the secrets were read. ERR_MALFORMED. What was left out gets the type's own value. */
int target_check(struct target *t, struct text *why);
/* Do they ask for this metric, this instance? */
bool target_wants_metric(const struct target *t, const char *metric);
bool target_wants_instance(const struct target *t, const char *id, const char *name);

/* Files with secrets: number `index` of a target, false behind the last. `is_whole`: all lines count, not
 * only the first. `to` is where its text belongs. */
struct target_secret {
    const char *key, *file;
    char *to;
    uint32_t size;
    bool is_whole;
};
bool target_secret(struct target *t, uint32_t index, struct target_secret *out);

#endif
