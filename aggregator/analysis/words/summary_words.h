/* SPDX-License-Identifier: MIT */
/* How everything is, for somebody who comes back from a weekend: what is wrong, what to do now, what is
 * coming, what repeats, what could be leaner. Facts in, sentences out. */
#ifndef NEPHOS_WORDS_SUMMARY_WORDS_H
#define NEPHOS_WORDS_SUMMARY_WORDS_H

#include "aggregator/analysis/words/metric_words.h"

#define SUMMARY_HOSTS_MAX 5U
#define SUMMARY_ALERTS_MAX 8U
#define SUMMARY_INSIGHTS_MAX 4U
#define SUMMARY_REASONS_MAX 2U

/* A host that needs attention. */
struct summary_host {
    const char *name;
    const char *status;        /* "" when it is healthy, else "degraded", "unhealthy", ... */
    int64_t seen_ms;           /* last heard of; 0: not since the start */
    enum subject reasons[SUMMARY_REASONS_MAX]; /* of its alerts, the worst first */
    uint32_t reason_count;     /* in all, and at most SUMMARY_REASONS_MAX of them are there */
};

struct summary_alert {
    const char *host;
    const char *metric, *tag, *unit, *message;
    enum subject subject;
    uint32_t severity;         /* 0 low .. 3 critical */
    bool has_values, is_low, is_acknowledged;
    double last, level;
    int64_t first_ms;
    bool is_forecast;          /* nothing is wrong yet: it is told with what is coming */
};

struct summary_insight {
    char title[160];
    char advice[240];          /* what to do about it; "" */
    uint32_t confidence_percent; /* 0: not told */
};

struct summary_insights {
    struct summary_insight list[SUMMARY_INSIGHTS_MAX];
    uint32_t count;            /* in all */
};

struct summary_facts {
    int64_t now_ms;
    uint32_t hosts, unknown;   /* unknown: never heard of, and without an alert */
    uint32_t attention;        /* that have an open alert or are not healthy */
    uint32_t critical_hosts;   /* of these: a high or critical alert that nobody is on, or unhealthy */
    struct summary_host worst[SUMMARY_HOSTS_MAX];
    struct summary_alert alerts[SUMMARY_ALERTS_MAX]; /* the worst first */
    uint32_t alert_count;      /* open ones in all */
    uint32_t critical, acknowledged; /* among them */
    int64_t quiet_since_ms;    /* with no alert open: when the last one ended; 0: there was none */
    struct summary_insights predictions, anomalies, patterns, savings;
};

/* Several paragraphs, with line breaks. */
void summary_words_say(const struct summary_facts *f, struct text *t);
/* One sentence, on one line. */
void summary_words_quick(const struct summary_facts *f, struct text *t);

#endif
