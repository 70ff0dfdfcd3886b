/* SPDX-License-Identifier: MIT */
/* One outlet at work: what is new to it, in batches, one request at a time.
 *
 *   idle -(something is complete)-> shaping -> sending -(answer)-> judged -(all done)-> stored -> idle
 *                                      ^                              |
 *                                      +---- the rest, at once, or after a delay (retry.h)
 *
 * Alerts, instances and insights come before points: whenever a request has been answered, and no other
 * belongs to it, they are looked for first. */
#ifndef NEPHOS_FORWARD_SENDER_H
#define NEPHOS_FORWARD_SENDER_H

#include "aggregator/forward/cut.h"
#include "aggregator/forward/exporter.h"

/* What a destination was last told of an instance beside its facts. */
struct sender_told {
    uint32_t told_s;                /* by the monotonic clock; 0: not since the start */
    uint32_t status;                /* a hash of the word */
    bool has_changed;               /* since then, and not told yet */
};

/* Batches of events, and where their texts stand. */
struct sender_events {
    struct export_batch batch;
    struct export_item items[EXPORT_EVENTS_MAX];
    struct alert alerts[EXPORT_EVENTS_MAX];
    struct insight insights[EXPORT_EVENTS_MAX];
    struct told told[EXPORT_EVENTS_MAX];
    char statuses[EXPORT_EVENTS_MAX][TOLD_STATUS_SIZE];
    enum outlet_feed feed;
    uint64_t cursor;                /* when all have arrived */
    uint64_t looked;                /* revision at the last look */
};

struct sender {
    bool is_used, has_next;
    struct target to, next;         /* next: takes its place when no request is under way */
    const struct exporter *exporter;
    struct outlet *outlet;
    struct export_batch points;
    struct cut cut;
    struct sender_events events;
    struct sender_told *told;       /* of each instance */
    uint32_t refresh_at;            /* instance at which to look next whether to tell it again */
    uint64_t serial;

    struct export_batch *batch;     /* that the request is of; NULL: a test */
    bool has_points, has_events;    /* these batches are not done */
    bool is_shaped, is_more;        /* a request waits for its time; others belong to it */
    int request;                    /* of the platform, -1: none */
    struct export_request out;
    uint32_t more_count, items_max;
    uint32_t failures;              /* in a row */
    uint32_t drops;                 /* items left out since something was taken */
    struct mono retry_at, points_at, look_at, oldest_at, round_at, send_at;
    _Alignas(16) uint8_t state[EXPORT_STATE_SIZE];
    char url[EXPORT_URL_SIZE], headers[EXPORT_HEADERS_SIZE], scope[64], hold[OUTBOX_WORDS_SIZE];
    char body[EXPORT_BODY_SIZE], answer[EXPORT_ANSWER_SIZE];
};

/* What senders share. */
struct sender_world {
    struct plat *plat;
    struct store *store;
    const struct aws_environment *aws; /* NULL: not looked for */
    struct cutter cutter;
    uint8_t *scratch;               /* EXPORT_BODY_SIZE */
    struct export_batch empty;      /* of tests */
};

/* Does what is due; when to call again at the latest. */
struct mono sender_step(struct sender *d, struct sender_world *w, struct mono now);

/* sender_events.c */
/* Collects what is to be told before points; true when there is something. */
bool sender_look(struct sender *d, struct sender_world *w, struct mono now);
/* All of it has arrived. */
void sender_told(struct sender *d, struct mono now);

/* sender_answer.c */
/* Judges the answer to the request at hand, and what follows from it. */
void sender_answer(struct sender *d, struct sender_world *w, const struct plat_answer *a, struct mono now);
/* The try-out that was asked for is over. */
void sender_test_done(struct sender *d, bool is_good, const char *words);
/* What the request at hand carries is done without it. */
void sender_needless(struct sender *d, struct sender_world *w, struct mono now);
/* It could not even be sent. */
void sender_failed(struct sender *d, struct sender_world *w, enum verdict v, int64_t asked_ms,
                   struct mono now);
void sender_view(struct sender *d, struct sender_world *w, struct export_view *v);

#endif
