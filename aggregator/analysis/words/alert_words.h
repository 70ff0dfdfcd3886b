/* SPDX-License-Identifier: MIT */
/* An alert explained: what it means, why, how it ended before, what to do, and how urgent it is. Facts in,
 * sentences out; nothing is said that the facts do not bear out. Texts of the facts may hold any bytes. */
#ifndef NEPHOS_WORDS_ALERT_WORDS_H
#define NEPHOS_WORDS_ALERT_WORDS_H

#include "aggregator/analysis/words/metric_words.h"

#define ALERT_EVIDENCE_MAX 6U
#define ALERT_PROCESSES_MAX 3U
#define ALERT_COMPANY_MAX 3U
#define ALERT_ACTIONS_MAX 4U

enum alert_state { STATE_ACTIVE, STATE_ACKNOWLEDGED, STATE_RESOLVED };

/* Another series of the host that moved. */
struct alert_evidence {
    const char *metric, *tag, *unit;
    bool is_rate;              /* of a counter: values are per second */
    double before, during;     /* means */
    double deviations;         /* how far, in what it usually departs by; its sign is the direction */
    int64_t onset_ms;          /* when it began to; 0: not known */
};

struct alert_process {
    uint32_t pid;              /* in the newest sample that has it */
    const char *name;
    double cpu_percent;        /* of one CPU */
    double memory_bytes;
    uint32_t count;            /* more than 1: so many of that name were seen, and these are their sums */
};

/* Earlier alerts of the same rule, tag and host that are over, as far as they are kept. */
struct alert_past {
    uint32_t count;
    uint32_t by_itself, by_hand;      /* how they ended; the rest is not known */
    int64_t median_ms, longest_ms;    /* of their breaches */
    int64_t last_ms;                  /* when the newest began */
    const char *last_who;             /* who resolved the newest by hand, or "" */
    uint32_t elsewhere;               /* on other hosts, over */
};

struct alert_facts {
    int64_t now_ms;
    const char *host;
    const char *metric, *tag, *unit, *rule, *type, *message;
    uint32_t severity;         /* 0 low .. 3 critical */
    enum alert_state state;
    const char *who;           /* acknowledged or resolved it; "" by itself */
    bool has_values, is_low;
    double level, last, peak;
    int64_t first_ms, last_ms, peak_ms, resolved_ms;
    uint32_t occurrences, reopened;
    uint32_t cpu_count;        /* of the host; 0: not known */
    double memory_bytes;       /* of the host; 0: not known */
    bool has_baseline;         /* there were samples before it to compare with */
    struct alert_evidence evidence[ALERT_EVIDENCE_MAX]; /* what moved most comes first */
    uint32_t evidence_count;
    /* Means of process_samples samples, 1 being that sample itself; largest first. */
    struct alert_process processes[ALERT_PROCESSES_MAX];
    uint32_t process_count, process_samples;
    int64_t processes_from_ms, processes_to_ms; /* the first and the last of them */
    struct alert_past past;
    const char *company[ALERT_COMPANY_MAX]; /* messages of what else is open on the host */
    uint32_t company_count;    /* in all */
    uint32_t elsewhere;        /* hosts on which the same rule is open */
    bool is_silent;            /* the host has not sent for a while */
};

struct alert_action {
    char what[280];
    char command[200];         /* to be run on the host; "" when there is none to give */
};

struct alert_words {
    enum subject subject;
    char meaning[800];
    char why[1600];
    char similar[480];
    struct alert_action actions[ALERT_ACTIONS_MAX];
    uint32_t action_count;
    uint32_t urgency;          /* 0 nothing to do .. 10 drop everything */
    char urgency_reason[240];
};

void alert_words_say(const struct alert_facts *f, struct alert_words *out);
/* All of it in one text, as people read it. */
void alert_words_join(const struct alert_words *w, struct text *t);

/* The parts, in the files of their names. */
enum subject alert_subject(const struct alert_facts *f);
/* Nothing is wrong yet: the message says what is to come, and the values are of the time when it was said. */
bool alert_is_forecast(const struct alert_facts *f);
void alert_words_why(const struct alert_facts *f, enum subject subject, struct text *t);
void alert_words_similar(const struct alert_facts *f, struct text *t);
void alert_words_actions(const struct alert_facts *f, struct alert_words *out);
/* "free space on ...": the first thing to do for that subject, without commands; for the summary. */
void advice_short(enum subject subject, const char *tag, struct text *t);

#endif
