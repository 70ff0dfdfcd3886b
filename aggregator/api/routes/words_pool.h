/* SPDX-License-Identifier: MIT */
/* Where facts are gathered and words made: a few slots that the routes of insights share. */
#ifndef NEPHOS_API_WORDS_POOL_H
#define NEPHOS_API_WORDS_POOL_H

#include "aggregator/analysis/words/alert_words.h"
#include "aggregator/analysis/words/moved.h"
#include "aggregator/analysis/words/summary_words.h"
#include "aggregator/api/routes/handlers.h"
#include "aggregator/store/store_wording.h"

#define EXPLAIN_PAST_MAX 64U    /* durations for the median */
#define EXPLAIN_PAST_TOLD 5U    /* of earlier alerts that are listed */
#define EXPLAIN_MOMENTS_MAX 5U  /* of which the processes are looked at */
#define SUMMARY_TEXT_SIZE 6144U

/* A series as it is shown beside the words. */
struct shown_series {
    uint16_t series;
    double deviations;
    enum subject subject;
    struct moved moved;
    double values[MOVED_POINTS_MAX];
};

struct past_alert {
    char id[ALERT_ID_SIZE], who[ALERT_WHO_SIZE];
    int64_t first_ms, last_ms;
};

enum explain_stage { EXPLAIN_QUERY, EXPLAIN_MOVED, EXPLAIN_PROCESSES, EXPLAIN_PAST, EXPLAIN_ELSEWHERE,
                     EXPLAIN_WORDS };

struct explain {
    struct alert alert;
    int instance;              /* or negative: not known */
    enum explain_stage stage;
    int query;                 /* of the store, or -1 */
    uint32_t series_count, at_series;
    uint16_t series[QUERY_SERIES_MAX];
    int64_t from_ms;           /* of the values; a minute apart */
    uint32_t points, baseline_end, during_from;
    bool has_own;              /* shown[0] is the alert's own series */
    struct shown_series shown[ALERT_EVIDENCE_MAX + 1], next;
    uint32_t shown_count;
    struct store_processes moments[EXPLAIN_MOMENTS_MAX]; /* the peak's first, if there is one */
    uint32_t moment_count, at_moment;
    int64_t durations[EXPLAIN_PAST_MAX];
    struct past_alert past[EXPLAIN_PAST_TOLD];
    uint32_t looked_at;        /* alerts */
    struct alert_filter filter;
    char company[ALERT_COMPANY_MAX][ALERT_MESSAGE_SIZE];
    struct alert_facts facts;
    struct alert_words words;
    char text[6144];
};

struct summary {
    struct summary_facts facts;
    struct alert alerts[SUMMARY_ALERTS_MAX];
    uint32_t stats[INSIGHT_TYPE_COUNT][INSIGHT_SEVERITY_COUNT];
    uint8_t *marks;            /* two bits for each instance */
    char text[SUMMARY_TEXT_SIZE];
};

struct words_slot {
    bool is_taken;
    struct memory_line *line;
    uint8_t *marks;
    char reworded[WORDING_TEXT_SIZE]; /* our words as a model puts them, see rewording.h; "" */
    char model[WORDING_MODEL_SIZE], prompt[WORDING_PROMPT_SIZE];
    union {
        struct explain explain;
        struct summary summary;
    };
};

/* A cleared slot; NULL, after a 503, when all are taken. */
struct words_slot *words_take(struct exchange *x);
void words_release(struct words_slot *slot);

/* explain_gather.c: a piece of the way to e->words: ERR_AGAIN, ERR_BUSY, ERR_OK or a storage error. */
int explain_gather(struct exchange *x, struct explain *e);
void explain_end(struct store *s, struct explain *e);
/* explain_processes.c: its part of that, moment by moment, until e->stage is behind it. */
int explain_processes(struct exchange *x, struct explain *e);
/* summary_gather.c: e->facts. ERR_OK or a storage error. */
int summary_gather(struct exchange *x, struct summary *e);

#endif
