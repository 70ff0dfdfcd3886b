/* SPDX-License-Identifier: MIT */
/* Destinations of metrics: how far each has come.
 *
 * Nothing that is to be sent is copied: it stands in the store. An outlet has, for each instance, a
 * watermark: windows that end before it have been sent. Samples that come later than that, with the history
 * of an agent or from a client that was away, leave a late range behind: it is noted by the commit that
 * makes them readable, in the same transaction, so that no crash comes between. Alerts, insights and
 * instances go by cursors into the feed of changes (store_alerts.h).
 *
 * Forward moves watermarks and cursors once something has arrived, and the next group commit writes them. */
#ifndef NEPHOS_STORE_OUTLET_H
#define NEPHOS_STORE_OUTLET_H

#include "aggregator/store/store_outbox.h"

#define OUTLET_MAX 8U
#define OUTLET_NAME_SIZE OUTBOX_NAME_SIZE
/* Late ranges of one instance; those nearest to each other become one, which may hold more than was late. */
#define OUTLET_RANGES 3U

struct outlet_range {
    int64_t from_ms, to_ms;          /* [from, to); to 0: there is none */
};

/* Of one instance at one outlet. */
struct outlet_place {
    /* stored */
    int64_t watermark_ms;            /* 0: nothing sent yet, begin at outlet.start_ms */
    struct outlet_range late[OUTLET_RANGES];
    struct outlet_range taken;       /* one of them that is being sent */
    /* live */
    int64_t reached_ms;              /* what has been read goes so far: what comes below it is late */
    int64_t since_ms, noted_ms;      /* wall clock: late ranges are there since then, last grew then */
};

enum outlet_feed { OUTLET_ALERTS, OUTLET_INSTANCES, OUTLET_INSIGHTS, OUTLET_FEED_COUNT };

struct outlet {
    char name[OUTLET_NAME_SIZE], type[OUTBOX_TYPE_SIZE];
    int64_t id;                      /* of the row */
    /* stored */
    int64_t start_ms;                /* wall clock, when it was made: what was before is not sent */
    uint64_t cursors[OUTLET_FEED_COUNT]; /* revision up to which all has arrived */
    int64_t replay_ms;               /* while a replay runs: changes before that time are passed over; 0 */
    uint64_t replay_until;           /* it ends with that revision */
    uint64_t points, events;         /* that have arrived: each once */
    uint64_t given_up;               /* points that were too old to be sent, or had gone */
    uint64_t dropped;                /* items that the other side will never take */
    /* live */
    struct outlet_place *places;     /* one for each instance */
    bool is_configured;
    enum outbox_state state;
    int64_t oldest_ms;               /* wall clock: what waits is there since then; 0: nothing waits */
    int64_t sent_ms, failed_ms, next_try_ms; /* wall clock; 0 */
    uint64_t requests, failures, resent, doubtful, coarser, bytes;
    uint32_t status;                 /* of the newest answer; 0 */
    char error[OUTBOX_WORDS_SIZE];   /* of the newest failure; "" after a success */
    /* tests: asked for by the api, done by forward */
    uint64_t tests_asked, tests_done;
    bool test_good;
    char test_words[OUTBOX_WORDS_SIZE];
};

/* The outlet of that name, made when it is new. NULL when there are OUTLET_MAX. After store_open(). */
struct outlet *store_outlet_open(struct store *s, const char *name, const char *type);
uint32_t store_outlet_count(const struct store *s);
struct outlet *store_outlet(struct store *s, uint32_t index); /* below the count */
/* ERR_MISSING when there is none. */
int store_outlet_find(struct store *s, const char *name);
/* Stages cursors and counts as they are now; the place of an instance. */
void store_outlet_save(struct store *s, struct outlet *o);
void store_outlet_save_place(struct store *s, struct outlet *o, uint32_t instance);
/* [from_ms, to_ms) of the instance is to be sent again, or at last. Staged. */
void store_outlet_late(struct store *s, struct outlet *o, uint32_t instance, int64_t from_ms, int64_t to_ms);
/* Time of the newest sample of the instance, looked up on disk when none came since the start; 0: none, or it
 * cannot be read now. */
int64_t store_outlet_newest_ms(struct store *s, uint32_t instance);
/* Where the windows begin that have not been sent; 1970-01-01 at least. */
int64_t store_outlet_watermark_ms(const struct outlet *o, uint32_t instance);
/* Makes a part of a late range the one that is being sent: what comes for it from now on is late again. On
 * disk it stays until store_outlet_taken() says whether it has arrived; if not, it is late as it was. */
void store_outlet_take(struct store *s, struct outlet *o, uint32_t instance, int64_t from_ms, int64_t to_ms);
/* No more than before to_ms is being sent; the rest is late as it was. */
void store_outlet_take_less(struct outlet *o, uint32_t instance, int64_t to_ms);
void store_outlet_taken(struct store *s, struct outlet *o, uint32_t instance, bool has_arrived);

/* All points of [from_ms, to_ms) that were sent, or passed, go once more, and changes of alerts and insights
 * since from_ms. No further back than OUTLET_REPLAY_MS. Staged. */
#define OUTLET_REPLAY_MS (INT64_C(400) * 86400 * 1000)
void store_outlet_replay(struct store *s, struct outlet *o, int64_t from_ms, int64_t to_ms);

/* --- what the other side calls a thing --- */

#define OUTLET_ALIAS_SIZE 64U
/* `kind`: a word of the exporter's own, as "instance". Staged; replaces. ERR_OK, or ERR_FULL: come again
 * after the commit. */
int store_outlet_alias_put(struct store *s, const struct outlet *o, const char *kind, const char *id,
                           const char *alias);
/* 1 and the alias, staged or committed; 0; or a storage error. */
int store_outlet_alias(struct store *s, const struct outlet *o, const char *kind, const char *id,
                       char alias[static OUTLET_ALIAS_SIZE]);

#endif
