/* SPDX-License-Identifier: MIT */
/* Insights: what analysis found out, in sentences, with an end. Patterns, anomalies and predictions.
 *
 * An insight that is put again under the key of one that has not expired takes its place, id and time of
 * creation included. Expired ones are out of every list at once and deleted a week later. One that somebody
 * has dismissed is out of every list, too, and stays so when it is put again; when it has ended, the next
 * under its key is a new one. */
#ifndef NEPHOS_STORE_INSIGHTS_H
#define NEPHOS_STORE_INSIGHTS_H

#include "aggregator/store/store.h"

#define INSIGHT_ID_SIZE 40U
#define INSIGHT_KEY_SIZE 160U
#define INSIGHT_TITLE_SIZE 160U
#define INSIGHT_TEXT_SIZE 1024U
#define INSIGHT_METADATA_SIZE 1024U
#define INSIGHT_INSTANCES_MAX 8U
#define INSIGHT_METRICS_MAX 8U

enum insight_type { INSIGHT_PATTERN, INSIGHT_ANOMALY, INSIGHT_PREDICTION, INSIGHT_TYPE_COUNT };
enum insight_severity { INSIGHT_LOW, INSIGHT_MEDIUM, INSIGHT_HIGH, INSIGHT_SEVERITY_COUNT };
extern const char *const insight_type_names[INSIGHT_TYPE_COUNT];
extern const char *const insight_severity_names[INSIGHT_SEVERITY_COUNT];

struct insight {
    int64_t number;
    uint64_t revision, created_revision;
    char id[INSIGHT_ID_SIZE];                /* made by the store */
    char key[INSIGHT_KEY_SIZE];              /* what is one insight; "": never the same as another */
    enum insight_type type;
    enum insight_severity severity;
    char title[INSIGHT_TITLE_SIZE];
    char description[INSIGHT_TEXT_SIZE];
    char recommendations[INSIGHT_TEXT_SIZE];
    char instances[INSIGHT_INSTANCES_MAX][INSTANCE_ID_SIZE];
    char metrics[INSIGHT_METRICS_MAX][METRIC_SIZE];
    uint32_t instance_count, metric_count;
    uint32_t confidence_permille;            /* 0..1000 */
    int64_t created_ms, expires_ms;          /* wall clock; created_ms is the store's */
    char metadata[INSIGHT_METADATA_SIZE];    /* a JSON object, or "" */
    int64_t dismissed_ms;                    /* wall clock, the store's; 0: nobody has */
};

/* Stages a copy; id, number, revisions and created_ms are the store's, expires_ms 0 means the usual life.
 * ERR_OK, ERR_FULL (come again after the commit), ERR_MALFORMED without a title. */
int store_insight_put(struct store *s, const struct insight *insight);
/* Ends the insight of that key, which has turned out to be over. ERR_OK, ERR_MISSING or ERR_FULL. */
int store_insight_end(struct store *s, const char *key);
/* The one of that id as it was put last, dismissed or not: 1, 0 when there is none or it has ended, or a
 * storage error. */
int store_insight_get(struct store *s, const char *id, struct insight *out);
/* Somebody has read it and wants it out of sight. ERR_OK, also when it was dismissed before; ERR_MISSING when
 * there is none of that id, or it has ended; ERR_FULL or a storage error. */
int store_insight_dismiss(struct store *s, const char *id);

struct insight_filter {
    int type, severity;                      /* or -1 */
    const char *instance;                    /* one that it names, or "" */
    int64_t created_from_ms;                 /* 0: all */
    int64_t before_ms, before;               /* created_ms and number of the last of the page before */
};
/* Committed ones that have not expired and are not dismissed, newest first: how many, up to `max`, or a
 * storage error. */
int store_insight_list(struct store *s, const struct insight_filter *filter, struct insight *out,
                       uint32_t max);
/* How many there are of each type and severity. 0 or a storage error. */
int store_insight_counts(struct store *s, uint32_t counts[INSIGHT_TYPE_COUNT][INSIGHT_SEVERITY_COUNT]);
/* As store_alert_next(). */
int store_insight_next(struct store *s, uint64_t *cursor, struct insight *out);

#endif
