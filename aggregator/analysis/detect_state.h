/* SPDX-License-Identifier: MIT */
/* What the files of anomaly detection share, and one another's functions, grouped by file. */
#ifndef NEPHOS_ANALYSIS_DETECT_STATE_H
#define NEPHOS_ANALYSIS_DETECT_STATE_H

#include "aggregator/analysis/choice.h"
#include "aggregator/analysis/detect.h"
#include "aggregator/analysis/minutes.h"
#include "aggregator/analysis/models/anomaly.h"
#include "aggregator/analysis/models/host.h"
#include "aggregator/analysis/models/unusual.h"
#include "platform/base/crc32c.h"

/* Shorter, and nobody can say what a day looks like. */
#define LEARNING_S INT64_C(86400)
/* What is learnt from the store: the profiles of the models forget more than that. */
#define LEARN_FROM_S (INT64_C(7) * 86400)
/* Levels of a host that are stored at one time, so that they are one piece for the store. */
#define LEVELS_HELD 5U

/* The plain rule's mean and standard deviation over a window, fading. */
struct baseline {
    float mean, variance;
};

/* Its minute at hand lies apart, beside those of the same host: that is all that a sample touches. */
struct detect_slot {
    struct anomaly anomaly;
    struct unusual unusual;
    struct baseline day, week;
    int64_t told_s;              /* when its alarm was recorded last */
    uint16_t series;
};

struct detect_host {
    struct host model;
    int64_t minute_s;            /* begin of the one being filled; 0: none */
    int64_t behind_s;            /* not 0: to be learnt from the store from here on, before samples count */
    int64_t saved_s;             /* the board's minute_s at the newest checkpoint */
    /* an incident, when the board's is_unusual */
    int64_t began_s, news_s, quiet_since_s;
    int64_t suspect_s;           /* minute of an alarm that is not believed yet; 0: none */
    float worst_score;
    /* what came late */
    int64_t late_block_ms, late_minute_s; /* wall clock; the newest minute of it that was counted */
    uint32_t late_minutes;
    bool is_to_be_loaded;        /* there may be a checkpoint of it */
    bool has_level_series;
    uint16_t level_series;
    uint32_t levels_held;
    struct {
        int64_t minute_s;
        int32_t level;           /* hundredths */
    } levels[LEVELS_HELD];
};

enum learning_stage { LEARNING_IDLE, LEARNING_QUERY, LEARNING_FEED };

/* One host at a time. */
struct learning {
    enum learning_stage stage;
    uint32_t instance, next;     /* next: where the search goes on */
    int query;
    int64_t from_s, to_s;        /* of the window */
    int64_t end_s;               /* of all windows */
    uint32_t points, point;
    struct mono again;
    uint32_t refusals;
};

struct detect {
    struct store *store;
    struct detect_limits limits;
    struct detect_host *hosts;
    struct detect_slot *slots;   /* tracked_max for each host */
    struct minute *minutes;      /* beside slots */
    uint8_t *slot_of_series;     /* series_per_instance_max a host: 0 not seen, 255 none, else slot + 1 */
    struct board_host *shown;    /* one for each host: the board's */
    struct board board;
    struct learning learning;
    struct crc32c_tables *sums;
    uint32_t save_next;          /* host at which the search for the next checkpoint goes on */
    struct mono save_at;
    uint32_t behind_count;       /* hosts whose behind_s is not 0 */
    bool saves;                  /* the database is large enough for checkpoints */
    bool is_quiet;               /* what is fed now is old news */
    int64_t hour;                /* of the wall clock; and how many alarms of series were recorded in it */
    uint32_t hour_alarms;
    struct wall now;
    struct detect_stats stats;
    struct memory_line *line;
};

#define SLOT_NONE 255U

static inline struct detect_slot *slots_of(const struct detect *d, uint32_t instance)
{
    return d->slots + (size_t)instance * d->limits.tracked_max;
}

static inline struct minute *minutes_of(const struct detect *d, uint32_t instance)
{
    return d->minutes + (size_t)instance * d->limits.tracked_max;
}

/* detect.c */
/* The slot of a series, by its number among those of the instance: given to it when it takes part and there
 * is room; SLOT_NONE when it has none. */
uint32_t detect_slot_of(struct detect *d, uint32_t instance, uint16_t series);

/* detect_minute.c */
/* Judges the minute that is being filled and begins the one at `minute_s`, 0 for none. */
void detect_end_minute(struct detect *d, uint32_t instance, int64_t minute_s);

/* detect_tell.c */
/* What follows from the minute just judged: incident, alert, insight. */
void detect_tell(struct detect *d, uint32_t instance);
/* Keeps account of an alarm until it is believed, which is when this returns true. Also of what is learnt
 * from the store. */
bool detect_suspect(struct detect *d, uint32_t instance);
/* Learning is over: an alert of before that is open goes on. */
void detect_resume(struct detect *d, uint32_t instance);
/* An alarm of a series alone: recorded, never an alert. */
void detect_tell_series(struct detect *d, uint32_t instance, struct detect_slot *slot,
                        const struct board_metric *m);
/* Keeps the level as a series of the host. */
void detect_keep_level(struct detect *d, uint32_t instance);

/* detect_learn.c */
struct mono detect_learn(struct detect *d, struct mono now);

/* checkpoint.c */
/* Looks for the next host whose state is to be saved. */
struct mono checkpoint_step(struct detect *d, struct mono now);
/* ERR_OK, ERR_MISSING when there is none that fits, or a storage error. */
int checkpoint_load(struct detect *d, uint32_t instance);
int checkpoint_save(struct detect *d, uint32_t instance);

#endif
