/* SPDX-License-Identifier: MIT */
/* Alerts: one for each breach of a rule by an instance, for as long as it lasts.
 *
 * The rules of analysis and clients of the API raise; an open alert (active or acknowledged) of the same
 * instance, rule and tag takes further breaches as occurrences, and one that was resolved a moment ago is
 * opened again. So a breach is one alert, however often it is reported.
 *
 * What is staged becomes visible to readers with the group commit. A repeat that changes nothing but the
 * newest value is written no more than once in ALERT_REFRESH_MS; a crash can take those few occurrences
 * back, never the alert. Closed alerts are kept newest first up to a number that follows from the size of
 * the database. */
#ifndef NEPHOS_STORE_ALERTS_H
#define NEPHOS_STORE_ALERTS_H

#include "aggregator/store/store.h"

#define ALERT_ID_SIZE 64U
#define ALERT_RULE_SIZE 64U
#define ALERT_TYPE_SIZE 64U
#define ALERT_MESSAGE_SIZE 400U
#define ALERT_WHO_SIZE 64U
#define ALERT_REFRESH_MS 60000

enum alert_status { ALERT_ACTIVE, ALERT_ACKNOWLEDGED, ALERT_RESOLVED, ALERT_STATUS_COUNT };
enum alert_severity { ALERT_LOW, ALERT_MEDIUM, ALERT_HIGH, ALERT_CRITICAL, ALERT_SEVERITY_COUNT };

/* "active", "low", ... as clients read them. */
extern const char *const alert_status_names[ALERT_STATUS_COUNT];
extern const char *const alert_severity_names[ALERT_SEVERITY_COUNT];

/* Times are wall clock of the aggregator, milliseconds since 1970; 0: it has not happened. */
struct alert {
    int64_t number;                 /* grows; of the row */
    uint64_t revision;              /* of its newest change */
    uint64_t created_revision;
    char id[ALERT_ID_SIZE];         /* what clients call it */
    char instance[INSTANCE_ID_SIZE];
    char rule[ALERT_RULE_SIZE];     /* with instance and tag: what is one alert; "" is alone */
    char tag[TAG_SIZE];             /* of the series, "" */
    char metric[METRIC_SIZE];       /* "" when no series is behind it */
    char unit[UNIT_SIZE];
    char type[ALERT_TYPE_SIZE];     /* "cpu_usage_critical" */
    char message[ALERT_MESSAGE_SIZE];
    char who[ALERT_WHO_SIZE];       /* who acknowledged or resolved it; "" by itself */
    enum alert_severity severity;
    enum alert_status status;
    int64_t created_ms, updated_ms; /* of the record */
    int64_t acknowledged_ms, resolved_ms, deleted_ms;
    int64_t first_ms, last_ms;      /* of the breach, by the samples' clock */
    int64_t peak_ms;
    int64_t first_value, last_value, peak_value, level; /* of `scale`; level: what was crossed */
    uint32_t scale;                 /* 0: there are no values */
    uint32_t occurrences;           /* reports of the breach, 1 at first */
    uint32_t reopened;              /* times that it came back within the grace */
    bool is_low;                    /* the breach is below the level: the peak is a minimum */
};

struct alert_report {
    const char *instance;           /* id, known to the store or not */
    const char *rule, *tag;         /* "" for a rule: never the same alert as another */
    const char *type, *message;
    const char *metric, *unit;      /* "" */
    enum alert_severity severity;
    int64_t time_ms;                /* of the sample, or now */
    int64_t begin_ms;               /* when the breach began; 0: with this report */
    int64_t value, level;
    int64_t peak_value, peak_ms;    /* of the breach so far; peak_ms 0: this value */
    uint32_t scale;                 /* 0: no values */
    bool is_low;
    int64_t grace_ms;               /* resolved by itself no longer ago than this: opened again */
    bool write_now;                 /* a repeat goes to disk with the next commit, as somebody waits for it */
};

/* The alert's number, *was_open telling whether it was there before. ERR_FULL while as many are open or
 * staged as there is room for; ERR_MALFORMED for a text that is too long or, where one must be, empty. Type,
 * message, severity and level follow the newest report. */
int64_t store_alert_raise(struct store *s, const struct alert_report *report, bool *was_open);
/* The breach is over: resolves the open alert, if any. True when there was one. */
bool store_alert_settle(struct store *s, const char *instance, const char *rule, const char *tag,
                        int64_t time_ms);

struct alert_change {
    int status;                     /* enum alert_status, or -1: as it is */
    const char *message;            /* NULL: as it is */
    bool resolved;                  /* notes now as the time of resolution */
    const char *who;                /* "" */
};
/* ERR_OK, ERR_MISSING, ERR_FULL (come again), ERR_MALFORMED as above, ERR_BUSY for opening one again whose
 * breach is open as another alert by now, or a storage error. */
int store_alert_change(struct store *s, const char *id, const struct alert_change *change);
/* Takes it out of every list. As store_alert_change(). */
int store_alert_remove(struct store *s, const char *id);

/* --- open ones, staged changes included: for who raises --- */

/* Valid until the next call that raises, settles or changes; NULL when none is open. */
const struct alert *store_alert_open(const struct store *s, const char *instance, const char *rule,
                                     const char *tag);
/* The newest of that instance, rule and tag, open or closed, from disk when it is closed: 1, 0 or a storage
 * error. */
int store_alert_last(struct store *s, const char *instance, const char *rule, const char *tag,
                     struct alert *out);
/* Walks all open ones: *at is 0 at first. NULL at the end. */
const struct alert *store_alert_walk_open(const struct store *s, uint32_t *at);

/* --- committed ones --- */

/* 1 and the alert, 0 when there is none, or a storage error. Removed ones count as none. */
int store_alert_get(struct store *s, const char *id, struct alert *out);

struct alert_filter {
    int status;                     /* or -1 */
    const char *instance;           /* or "" */
    int64_t before_ms, before;      /* created_ms and number of the last one of the page before; INT64_MAX */
};
/* Newest created first: how many, up to `max`, or a storage error. */
int store_alert_list(struct store *s, const struct alert_filter *filter, struct alert *out, uint32_t max);
struct alert_counts {
    uint32_t active, acknowledged, critical /* active and critical */;
};
/* 0 or a storage error. */
int store_alert_counts(struct store *s, struct alert_counts *out);

/* --- the feed of changes --- */

/* Revision of the newest committed change of any record: alert, insight, note or instance. It survives
 * restarts. A cursor that begins with it sees only what comes. */
uint64_t store_revision(const struct store *s);
/* Staged changes included: what changes from now on has a greater one. */
uint64_t store_revision_staged(const struct store *s);
/* The next changed alert behind the cursor, which is advanced: 1, 0 when there is none, or a storage error.
 * Changes that follow one another quickly come as one, with what holds now. New to the reader when
 * created_revision is behind the cursor as it was; removed when deleted_ms is set: removed ones stay in the
 * feed for ten minutes. */
int store_alert_next(struct store *s, uint64_t *cursor, struct alert *out);

#endif
