/* SPDX-License-Identifier: MIT */
/* What the files of this folder share: the walk (patterns.c) and what it does with one host (host.c), with
 * groups of hosts (groups.c). */
#ifndef NEPHOS_PATTERNS_STATE_H
#define NEPHOS_PATTERNS_STATE_H

#include "aggregator/analysis/patterns/patterns.h"
#include "aggregator/analysis/patterns/tell.h"
#include "aggregator/store/store_alerts.h"

#define PATTERN_SERIES_MAX 24U
#define PATTERN_PENDING_MAX 12U /* of one host or group, told at once */

#define PATTERN_KINDS_MAX 8U /* of alerts of one host */
#define PATTERN_TIMES_MAX 32U

enum pattern_use {
    USE_SPIKE = 1,
    USE_LEAK = 2,
    USE_PAIR = 4,
    USE_CPU = 8,
    USE_MEMORY = 16,
    USE_STEAL = 32,
    USE_PRESSURE = 64
};

struct pattern_course {
    uint16_t series;
    uint32_t uses; /* enum pattern_use, or'd */
    struct course course;
};

/* A host's CPU use from hour to hour, in sixteenths of its standard deviation; PATTERN_NONE: not there. */
#define PATTERN_NONE (-128)
struct pattern_shape {
    bool is_there, is_grouped;
    int8_t z[COURSE_HOURS];
};

/* Alerts of one rule and tag within the week. */
struct pattern_kind {
    struct recurring r;
    char rule[ALERT_RULE_SIZE], tag[TAG_SIZE], type[ALERT_TYPE_SIZE], metric[METRIC_SIZE];
    int64_t durations[PATTERN_TIMES_MAX];
    uint32_t hours[24];
};

enum pattern_stage {
    PATTERNS_REST,
    PATTERNS_HOST,
    PATTERNS_QUERY,
    PATTERNS_FIND,
    PATTERNS_PAIRS,
    PATTERNS_ALERTS,
    PATTERNS_NEXT,
    PATTERNS_GROUPS
};

struct patterns {
    struct store *store;
    struct pattern_shape *shapes; /* of each instance */
    uint32_t instances_max;
    enum pattern_stage stage;
    struct mono due;
    int64_t now_ms, end_ms; /* the hour that the week ends with */
    uint32_t instance;      /* at hand; of groups: the leader */
    uint32_t at;            /* series or pair or host at hand */
    int query;
    uint32_t course_count;
    struct pattern_course courses[PATTERN_SERIES_MAX];
    struct pattern_kind kinds[PATTERN_KINDS_MAX];
    struct insight pending[PATTERN_PENDING_MAX];
    uint32_t pending_count;
    struct patterns_stats stats;
};

/* Where the next one of this host is written; NULL, and counted, when there are too many. */
struct insight *pattern_next(struct patterns *p);
/* host.c: how many series are to be asked for; then their courses from the query; then what is in them, one
 * series or pair after the other: true while there is more. */
uint32_t host_select(struct patterns *p);
void host_read(struct patterns *p);
bool host_find(struct patterns *p);
bool host_find_pairs(struct patterns *p);
/* 0 or a storage error. */
int host_find_recurring(struct patterns *p);
/* groups.c: true while there is more. */
bool groups_find(struct patterns *p);
void groups_note(struct patterns *p, const struct course *cpu);

#endif
