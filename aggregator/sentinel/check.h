/* SPDX-License-Identifier: MIT */
/* What is looked at from outside, and what is expected there: a section [check.NAME] of the configuration, or
 * one that was made over the API and lies in the store in the same form. Pure.
 *
 *     [check.shop]
 *     url = https://shop.example/health     http, https; tls:// and tcp://HOST:PORT; dns://NAME
 *     contains = "status":"ok"              in the first 16 KiB of the answer; of dns in its addresses
 *     interval = 1m */
#ifndef NEPHOS_SENTINEL_CHECK_H
#define NEPHOS_SENTINEL_CHECK_H

#include "platform/base/section.h"
#include "platform/base/text.h"
#include "proto/limits.h"

#define CHECKS_MAX 64U
#define CHECK_NAME_SIZE 32U
#define CHECK_URL_SIZE 400U
#define CHECK_TEXT_SIZE 120U
#define CHECK_FILE_SIZE 200U
#define CHECKS_DOCUMENT "checks" /* of the store: those of the API */
/* Every redirect is another request; who needs more is lost. */
#define CHECK_REDIRECTS_MAX 3U

#define CHECK_INTERVAL_MS_DEFAULT 60000
#define CHECK_INTERVAL_MS_LEAST 5000
#define CHECK_TIMEOUT_MS_DEFAULT 10000
#define CHECK_DEGRADED_MS_DEFAULT 1000
#define CHECK_UNHEALTHY_MS_DEFAULT 3000

enum check_kind { CHECK_HTTP, CHECK_TLS, CHECK_TCP, CHECK_DNS, CHECK_KIND_COUNT };
extern const char *const check_kind_names[CHECK_KIND_COUNT];
enum check_origin { CHECK_FROM_FILE, CHECK_FROM_API };

struct check {
    char name[CHECK_NAME_SIZE];
    char url[CHECK_URL_SIZE];
    char instance[INSTANCE_ID_SIZE]; /* the host that it is a service of; "": an instance of its own */
    char contains[CHECK_TEXT_SIZE];  /* what the answer must have in it; "": anything */
    char ca_file[CHECK_FILE_SIZE];   /* "": the system's roots */
    int64_t interval_ms, timeout_ms;
    int64_t degraded_ms, unhealthy_ms; /* an answer that takes longer is called that */
    uint32_t status;                 /* of HTTP that is expected; 0: any of 200 to 299 */
    enum check_origin origin;
};

struct check_set {
    uint32_t count;
    struct check checks[CHECKS_MAX];
};

extern const struct section check_section; /* the keys of [check.NAME] */

/* With the values that hold while nothing is said. */
void check_init(struct check *c, const char *name, enum check_origin origin);
bool check_name_allowed(const char *name);
/* One line of the section: ERR_OK, or ERR_MALFORMED and `why`, `where` first. */
int check_set_key(struct check *c, const char *key, const char *value, const char *where, struct text *why);
/* Is it whole? ERR_MALFORMED and `why`. */
int check_check(const struct check *c, struct text *why);
enum check_kind check_kind(const struct check *c);
/* Those of a text of [NAME] sections, behind those that the set has. ERR_MALFORMED or ERR_FULL with `why`;
 * what came before the fault is taken. */
int checks_parse(struct check_set *set, const char *text, uint32_t length, enum check_origin origin,
                 struct text *why);
/* Those of the API, in that form. */
void checks_print(const struct check_set *set, struct text *out);
/* Index, or ERR_MISSING. */
int checks_find(const struct check_set *set, const char *name);

#endif
