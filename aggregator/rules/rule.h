/* SPDX-License-Identifier: MIT */
/* A rule of alerts: what is looked at, from where on it is bad, for how long, and what is said of it.
 *
 *     [disk_space]
 *     value = disk_usage_percent          a metric, rate(metric), a fact, or two of them with + - or /
 *     only_if = disk_available_bytes < 20GiB
 *     tags = !mount=/mnt/backup*          of the series; instance = of the hosts: lists of patterns
 *     warn = 90                           at or above; also > < <=
 *     warn_clear = 85
 *     for = 10m                           so long it must hold
 *     ...
 *
 * The whole list of keys is in docs/OPERATING.md. */
#ifndef NEPHOS_RULES_RULE_H
#define NEPHOS_RULES_RULE_H

#include "aggregator/rules/window.h"
#include "aggregator/store/store_alerts.h"

#define RULES_MAX 96U
#define RULE_NAME_SIZE 40U
#define RULE_LIST_SIZE 160U
#define RULE_MESSAGE_SIZE 240U
#define RULE_TYPE_SIZE 64U
#define RULE_TEXT_MAX 49152U      /* of one file of rules */
/* What the names of our alerts begin with; behind it stands the name of the rule. */
#define RULE_PREFIX "rule:"
/* The name by which silences know the rule of an alert: NAME of "rule:NAME" and "rule:NAME:METRIC"; what
 * others raise is called as it is. */
void rule_name_of(const char *rule, char to[static ALERT_RULE_SIZE]);

enum term_kind {
    TERM_NONE,
    TERM_NUMBER,
    TERM_METRIC, /* its value */
    TERM_RATE,   /* growth a second of one that only grows */
    TERM_FACT,   /* enum rule_fact */
};
enum rule_fact {
    FACT_CORES,           /* of the host */
    FACT_MEMORY_BYTES,
    FACT_MISSED_SHIPMENTS, /* looked at by the clock, not with samples; so is the next */
    FACT_CLOCK_SKEW,      /* seconds that the host's clock is off, either way */
    FACT_COUNT
};
struct rule_term {
    enum term_kind kind;
    enum rule_fact fact;
    double number;
    char metric[METRIC_SIZE];   /* a pattern, when it is the only term */
};
struct rule_expression {
    struct rule_term a, b;
    char operation;             /* 0: a alone */
    char unit[UNIT_SIZE];       /* "" when it is not known */
    uint32_t scale;             /* of what is told; 0: that of the series */
};

/* Terms of value and only_if, in that order. */
#define RULE_TERMS 4U

enum rule_source { RULE_OF_ALL, RULE_OF_AGENTS, RULE_OF_CLIENTS };
enum rule_level { LEVEL_NORMAL, LEVEL_WARNING, LEVEL_CRITICAL };

struct rule_limit {
    bool is_set, is_strict;     /* strict: beyond what is written, as > 0; `at` lies just behind it */
    double at, clear;           /* in the unit of the value */
    int64_t for_ms;
    enum alert_severity severity;
};

struct rule {
    char name[RULE_NAME_SIZE];
    bool is_off;
    bool is_below;              /* low values are the bad ones */
    enum rule_source source;
    struct rule_expression value, only_if;
    char only_if_operation;     /* '<' or '>', or 0: there is no condition */
    double only_if_level;
    char instances[RULE_LIST_SIZE], tags[RULE_LIST_SIZE];
    struct rule_limit warning, critical;
    int64_t over_ms;            /* judged are means over so long; 0: each sample */
    int64_t bridge_ms, clear_for_ms, gap_ms, grace_ms;
    int64_t repeat_ms;          /* how often an alert that goes on is brought up to date */
    char group[RULE_NAME_SIZE];
    char unless[RULE_NAME_SIZE]; /* nothing is said while that rule holds on the same host */
    char message[RULE_MESSAGE_SIZE], type[RULE_TYPE_SIZE];
    struct window silence;      /* nothing is said then */
    uint8_t origin;             /* of its newest change: enum rule_origin */
};

enum rule_origin { RULE_FROM_PROFILE, RULE_FROM_FILE, RULE_FROM_API, RULE_ORIGIN_COUNT };
extern const char *const rule_origin_names[RULE_ORIGIN_COUNT];

struct rule_set {
    uint32_t count;
    struct rule rules[RULES_MAX];
};

/* Reads rules on top of what the set has: a section of a known name changes that rule, any other begins a new
 * one. `name` is of the text, for messages. ERR_MALFORMED with "NAME:LINE: what is wrong (did you mean
 * ...?)"; the set is then worth nothing. */
int rules_parse(struct rule_set *set, const char *name, const char *text, uint32_t length,
                enum rule_origin origin, struct text *why);
/* check.c: what stands in braces in messages and types, NULL behind the last. */
#define RULE_FIELD_SIZE 24U
extern const char *const rule_fields[];
/* All fields of these words are known; ERR_MALFORMED with `why`. */
int rule_check_words(const char *words, struct text *why);
/* All rules that a text just parsed into `set` names are there; else as rules_parse(). */
int rules_check_names(const struct rule_set *set, const char *name, const char *text, uint32_t length,
                      struct text *why);
/* Index, or ERR_MISSING. */
int rules_find(const struct rule_set *set, const char *name);
/* The rule as a file would have it. */
void rule_print(const struct rule *r, struct text *out);

/* expression.c: "a / b"; ERR_MALFORMED with `why`. */
int expression_parse(const char *text, struct rule_expression *out, struct text *why);
void expression_print(const struct rule_expression *e, struct text *out);
/* A number with a unit that fits: "90", "5GiB", "30s". `unit` is that of the expression. */
bool level_parse(const char *text, const char *unit, double *out, struct text *why);

/* profile.c: name of profile number `index`, NULL behind the last; and its texts, part by part, NULL behind
 * the last or for a name that there is not. */
const char *rules_profile_name(uint32_t index);
const char *rules_profile_part(const char *name, uint32_t part);

#endif
