/* SPDX-License-Identifier: MIT */
/* The state of the rules at work, among the files of it. */
#ifndef NEPHOS_ANALYSIS_WATCH_STATE_H
#define NEPHOS_ANALYSIS_WATCH_STATE_H

#include "aggregator/analysis/watch.h"
#include "aggregator/rules/evaluate.h"

/* Samples older than that are of the past: they move the state and tell nothing. */
#define FRESH_MS INT64_C(90000)
/* Ends and begins so many times, each within so long: it comes and goes, and is over only after a while. */
#define FLAP_RETURNS 3U
#define FLAP_WITHIN_MS INT64_C(3600000)
#define FLAP_HOLD_MS INT64_C(1800000)

struct watch {
    uint16_t rule;               /* index in the book */
    bool is_told, is_dismissed;  /* there is an alert; somebody closed it by hand */
    bool is_live;                /* a fresh sample was a part of the incident */
    uint8_t told_level, returns;
    int64_t told_ms, ended_ms;   /* of samples */
    int64_t asked_ms;            /* wall clock, when it was last found silenced */
    struct binding binding;
    struct evaluation e;
};

struct watched {                 /* an instance */
    uint32_t series_count;       /* that have been bound */
    uint32_t generation;         /* of the book */
    uint32_t count;
    struct mono heard;           /* 0: not since start */
    int64_t interval_ms;         /* longest usual pause of one that is no agent */
    uint32_t arrivals;
    bool is_silent;
    uint64_t of_facts[(WATCHES_PER_INSTANCE + 63) / 64]; /* those that the clock judges, a bit each */
    struct watch watches[WATCHES_PER_INSTANCE];
};

struct watch_room {
    struct watch_limits limits;
    struct store *store;
    const struct rule_book *book;
    struct memory_line *line;
    uint64_t in_use;
    struct watched *hosts;
    uint16_t *positions;         /* of series in the block at hand, or SERIES_NONE */
    int64_t base_ms;             /* wall clock when mono was 0, as it was at the start */
    struct mono looked, quiet_until, aged, kept;
    int64_t looked_wall_ms;
    uint64_t failures;           /* commits that failed, at the last look */
    struct watch_stats stats;
    struct alert alert;          /* scratch */
    char text[DOCUMENT_SIZE];
};

static inline const struct rule *rule_of(const struct watch_room *w, const struct watch *x)
{
    return &book_rules(w->book)->rules[x->rule];
}
/* The next one that the clock judges, from `at` on; its index plus one, or 0. */
static inline uint32_t watch_next_of_facts(const struct watched *h, uint32_t at)
{
    for (uint32_t word = at / 64; word < COUNT_OF(h->of_facts); word++, at = word * 64) {
        uint64_t left = h->of_facts[word] >> at % 64;
        if (left != 0)
            return at + (uint32_t)__builtin_ctzll(left) + 1;
    }
    return 0;
}
const char *watch_tag(const struct watch_room *w, uint32_t instance, const struct watch *x);
void watch_rule_key(const struct watch_room *w, uint32_t instance, const struct watch *x,
                    char to[static ALERT_RULE_SIZE]);
int64_t watch_hold_ms(const struct watch *x, const struct rule *r);

/* watch_bind.c: makes what the rules look at on that instance current. */
void watch_bind(struct watch_room *w, uint32_t instance);
void watch_drop_all(struct watch_room *w, uint32_t instance, int64_t time_ms);

/* watch_tell.c: raises, repeats or settles what follows from the state. `before` is the level before. */
void watch_tell(struct watch_room *w, uint32_t instance, struct watch *x, bool is_fresh, int64_t now_ms);
void watch_settle(struct watch_room *w, uint32_t instance, struct watch *x, int64_t time_ms);
void watch_note_change(struct watch *x, enum rule_level before);

/* watch_clock.c */
void watch_hear(struct watch_room *w, uint32_t instance, struct mono now);
struct mono watch_look(struct watch_room *w, struct mono now, struct wall wall);

/* watch_keep.c: what holds and is not told yet, in a document of the store. */
void watch_keep(struct watch_room *w);
/* NULL when nothing of the instance was kept; else where its lines begin. */
const char *watch_kept(const struct watch_room *w, const char *instance);
void watch_resume_kept(const struct watch_room *w, uint32_t instance, struct watch *x, const char *kept);

#endif
