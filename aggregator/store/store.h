/* SPDX-License-Identifier: MIT */
/* The table in the middle: instances, series, samples. Rooms meet here and nowhere else.
 *
 * Writers (ingest) stage; nothing staged is visible or acknowledged until the group commit that
 * store_step() makes has put it on disk. Readers (api) see committed samples only. Analysis and api
 * keep a cursor into the feed of committed blocks and pull.
 *
 * Underneath: SQLite through our own VFS. A commit is one transaction: changed instances and
 * dictionaries, and one journal row with every staged block. Per host, journal entries are sealed in the
 * background into chunks, columns per series. When the disk refuses, staged work is kept and tried
 * again; when the staging area is full, store_append answers ERR_FULL and the sender is held back. */
#ifndef NEPHOS_STORE_H
#define NEPHOS_STORE_H

#include "platform/base/memory_map.h"
#include "platform/platform.h"
#include "proto/block.h"
#include "proto/limits.h"
#include "proto/metrics.h"

/* Seconds: samples as they came. Minutes and hours: rolled up from them. */
enum store_tier { TIER_SECONDS, TIER_MINUTES, TIER_HOURS, TIER_COUNT };

struct store_limits {
    uint32_t instances_max;
    uint32_t series_per_instance_max; /* at most SLOTS_MAX distinct slots per epoch, this many in all */
    uint32_t histories_max;           /* agents that catch up at one time */
    uint32_t queries_max;             /* running at once */
    uint64_t database_size_max;       /* bytes; the oldest data give way, the finest first */
    int64_t keep_ms[TIER_COUNT];      /* of each resolution at most; 0: as long as there is room */
    uint64_t sqlite_heap_size;
};

struct store;

/* Metrics: names with their scales, of all instances together. */
#define STORE_METRICS_MAX 2048U

/* In place of a series: there was no room for it. */
#define SERIES_NONE UINT16_MAX

/* Reserves everything (see memory_map.h) and, when the map has a block, returns the store. */
struct store *store_reserve(struct memory_map *map, const struct store_limits *limits);
/* Opens or makes "nephos.db", loads tables, replays the journal's index. `why` explains a failure:
 * ERR_BUSY (another aggregator has it), ERR_DENIED, ERR_MALFORMED (not ours, or a newer schema). */
int store_open(struct store *s, struct plat *p, struct text *why);
/* Commits what is staged and closes. */
void store_close(struct store *s);
/* Group commit when due (something is staged and the last one is 100 ms ago; 180 to 250 ms when it is but
 * samples that came when they should; or staging is half full), then a bounded piece of sealing or retention.
 * Returns when it wants to be called next. */
struct mono store_step(struct store *s, struct mono now);
/* Somebody waits for what is staged now: its commit follows the last one after 15 ms. */
void store_hurry(struct store *s);
/* Commits at once; ERR_OK or why not (ERR_FULL disk full, ERR_SYSTEM). */
int store_commit(struct store *s);

/* --- instances --- */

/* Who speaks for an instance. */
enum instance_source {
    INSTANCE_FROM_AGENT,  /* an agent of ours, over its session */
    INSTANCE_FROM_API,    /* a client that registered it over the API */
    INSTANCE_FROM_INGEST, /* a client that sends its samples over the API */
    INSTANCE_FROM_SENTINEL, /* nobody: we look at it from outside */
    INSTANCE_FROM_COUNT
};
#define TOLD_STATUS_SIZE 32U
#define INSTANCE_WHY_SIZE 200U

struct instance {
    char id[INSTANCE_ID_SIZE];
    char name[NAME_SIZE];
    char type[FACT_SIZE], region[FACT_SIZE], provider[FACT_SIZE];
    char os[FACT_SIZE], kernel[FACT_SIZE], architecture[FACT_SIZE], agent_version[FACT_SIZE];
    char address[FACT_SIZE];       /* where it last connected from */
    uint32_t cpu_count, interval_ms;
    uint64_t memory_bytes;
    int64_t created_ms, updated_ms; /* wall clock of the aggregator */
    /* changed by the functions of store_told.h alone */
    enum instance_source source;
    char told_status[TOLD_STATUS_SIZE]; /* as a client told it; "" */
    int64_t told_check_ms;         /* when that client looked, by its clock; 0 */
    bool has_told;                 /* there is more, see there */
    int64_t deleted_ms;            /* not 0: it is in no list until somebody speaks for it again */
    uint64_t revision, created_revision; /* of its facts; see store_alerts.h */
    /* live, not stored */
    int64_t last_sample_ms;        /* time of the newest committed sample; 0 when none since start */
    int64_t last_seen_ms;          /* wall clock of the aggregator at the newest commit */
    int64_t skew_ms;               /* agent's clock less ours, at the last message */
    bool connected;
    /* "check=shop: HTTP 503": why the series with that tag are as they are, by who looked; "" */
    char why[INSTANCE_WHY_SIZE];
    int64_t revoked_ms;            /* wall clock; 0: may connect. Stored, see store_access.h */
    int64_t watched_until_ms;      /* mono; somebody looks at it live: ship every second */
    uint64_t lost_count;           /* samples the agent gave up unsent, as it says */
    uint64_t series_refused;       /* slots of its dictionaries that found no room for a series */
    uint64_t gap_count;            /* samples missing between committed sequences */
    uint64_t duplicate_count;      /* samples resent and recognised */
    uint64_t sample_count;         /* samples (of one host, all series) committed since start */
    uint64_t history_count;        /* those of them that came as history */
    bool catching_up;              /* its history is coming in */
    uint64_t history_left;         /* samples of that epoch that the agent still holds, as it says */
};

uint32_t store_instance_count(const struct store *s);
/* Index below store_instance_count, stable while the program runs, in the order of creation. */
struct instance *store_instance(struct store *s, uint32_t index);
int store_instance_find(const struct store *s, const char *id); /* index or ERR_MISSING */
/* Creates or changes by facts->id (live fields and what was told are left alone); one that was deleted is
 * back. Index, or ERR_FULL. Staged. */
int store_instance_put(struct store *s, const struct instance *facts);
/* Counts one use of a join token by `holder` (a hash of who uses it) in the staged transaction. Who has used
 * it may do so again, without another use: a reply can get lost. ERR_FULL when uses_max others have. */
int store_token_use(struct store *s, const uint8_t token[static 8], const uint8_t holder[static 32],
                    uint32_t uses_max);

/* --- streams: the epochs of which an agent may send --- */

/* What an agent measures now, and, beside it, what it kept of an epoch that has ended. Each has its own
 * dictionary and sequences. Newest values are those of the live stream. And what comes from outside
 * without an agent (store_push), for which the store itself keeps dictionary and sequences. */
enum store_stream { STREAM_LIVE, STREAM_HISTORY, STREAM_PUSH };

/* Epochs from here on are those of pushed samples; no agent may have one. */
#define STORE_EPOCH_AGENT_MAX (UINT64_MAX - 256)

/* Makes `epoch` the live one of the instance, old or new. ERR_MALFORMED beyond STORE_EPOCH_AGENT_MAX.
 * ERR_AGAIN while blocks of it wait for a commit, or storage cannot commit: then
 * store_committed_sequence() would soon say more. ERR_BUSY while it is open as history. */
int store_epoch(struct store *s, uint32_t instance, uint64_t epoch);
/* Opens `epoch` as the history of the instance in one of histories_max places, in place of another one.
 * ERR_FULL while all places are taken; ERR_AGAIN as store_epoch(); ERR_BUSY when it is the live one. */
int store_history(struct store *s, uint32_t instance, uint64_t epoch);
/* Nothing more comes of it now; the place is free once all that is staged has been committed. */
void store_history_end(struct store *s, uint32_t instance);
/* Places that are taken. */
uint32_t store_history_count(const struct store *s);

/* --- dictionary: what the slots of an epoch mean --- */

/* 0 when that stream is not open. */
uint32_t store_dictionary_count(const struct store *s, uint32_t instance, enum store_stream stream);
struct store_series_facts {
    const char *metric, *tag, *unit;
    uint32_t scale;
    enum metric_kind kind;
};
/* Adds slot number store_dictionary_count() and returns it; the same metric and tag keep their series for
 * ever. ERR_FULL when the instance has series_per_instance_max: the slot is there, but what comes for it is
 * not kept, and the series is counted. ERR_MALFORMED for names that are empty or too long, a series that
 * another slot of the epoch has, more than SLOTS_MAX, or when the stream is not open. Staged. */
int store_dictionary_add(struct store *s, uint32_t instance, enum store_stream stream,
                         const struct store_series_facts *facts);

/* --- samples in --- */

/* Stages one decoded block of the stream's epoch (`data` is its encoded form). Number of samples taken;
 * 0 when the block was there already; ERR_FULL (hold back, try again later; history sooner than live
 * samples); ERR_MALFORMED when it overlaps partly, names a slot that the dictionary lacks, or the stream is
 * not open. */
int store_append(struct store *s, uint32_t instance, enum store_stream stream, uint64_t sequence,
                 const struct block_matrix *block, const uint8_t *data, uint32_t size, struct wall received);
/* --- samples that are pushed, at any time, in any order --- */

/* The series of that metric and tag, made when it is not there. Its index; ERR_FULL when the instance has
 * series_per_instance_max, or there are too many metrics: counted; ERR_MALFORMED for names that are empty
 * or too long. Staged. */
int store_series_put(struct store *s, uint32_t instance, const struct store_series_facts *facts);
/* The instance's agent measures it now: nobody else may push it. */
bool store_series_is_live(const struct store *s, uint32_t instance, uint32_t series);

enum store_pushed {
    PUSHED_NEW,      /* staged */
    PUSHED_REPEATED, /* the same value is there already */
    PUSHED_CONFLICT, /* another value is there at that time, and stays */
    PUSHED_TOO_OLD,  /* samples of that time are gone: whether it was there cannot be told */
};
struct store_push_value {
    int64_t time_ms, value;
    uint16_t series;
    uint8_t pushed;  /* enum store_pushed; told by store_push */
};
/* Stages those of the values that are not there yet, on disk or staged; `values` ascend by time, then by
 * series, and what is told twice counts as repeated. The number staged; or ERR_FULL, or ERR_SYSTEM when
 * storage cannot be read now: try all of it again later, what has been staged meanwhile is known then.
 * ERR_MALFORMED when they do not ascend, name a series that there is not, or a time outside 1970..2200. */
int store_push(struct store *s, uint32_t instance, struct store_push_value *values, uint32_t count,
               struct wall received);
/* What store_push would tell of one value (enum store_pushed), or ERR_SYSTEM. */
int store_push_find(struct store *s, uint32_t instance, uint16_t series, int64_t time_ms, int64_t value);

/* --- what is durable --- */

/* Newest sequence on disk of the stream's epoch; 0 when none, or when the stream is not open. */
uint64_t store_committed_sequence(const struct store *s, uint32_t instance, enum store_stream stream);
/* Grows by one with every commit that succeeded; with every one that failed. */
uint64_t store_commit_count(const struct store *s);
uint64_t store_commit_failures(const struct store *s);
/* Grows when there may be room for what store_append() had none for: with each commit and each sealing. */
uint64_t store_room_count(const struct store *s);
/* False when store_append() would answer ERR_FULL to a block of that stream, whatever its size. */
bool store_has_room(const struct store *s, uint32_t instance, enum store_stream stream);
/* What that will be when all that is staged now is durable. */
uint64_t store_commit_awaited(const struct store *s);

/* --- series and the newest values --- */

struct store_series {
    uint32_t metric_index;  /* for store_metric() */
    char tag[TAG_SIZE];
    int64_t last_value;     /* stored integer, valid when last_ms is not 0 */
    int64_t last_ms;
};
/* Names that are pushed may be longer than those of agents. */
#define STORE_METRIC_SIZE 96U
struct store_metric { /* one entry for every name ever seen, or more when it came with several scales */
    char name[STORE_METRIC_SIZE];
    char unit[UNIT_SIZE];
    uint32_t scale;
    enum metric_kind kind;
};
uint32_t store_series_count(const struct store *s, uint32_t instance);
const struct store_series *store_series(const struct store *s, uint32_t instance, uint32_t index);
const struct store_metric *store_metric(const struct store *s, uint32_t metric_index);

/* --- feed: committed blocks in order, for who follows live --- */

struct store_feed_block {
    uint32_t instance;
    uint64_t sequence;
    /* History is old news: it has been measured before what is known already. What is pushed late counts as
     * such, too. */
    enum store_stream stream;
    const uint8_t *data; /* valid, as series_of_slot, until the next call of a store function */
    uint32_t size;
    uint32_t count;
    const struct block_matrix *matrix; /* the same taken apart, but for its processes; NULL: do it yourself */
    /* series index of each slot of this block's epoch, or SERIES_NONE */
    const uint16_t *series_of_slot;
};
/* Cursor position that sees only what is committed from now on. */
uint64_t store_feed_end(const struct store *s);
/* True and *cursor advanced when there was a block. A cursor that fell out of the ring jumps to the
 * oldest block kept, and *missed grows by the blocks passed over. */
bool store_feed_next(struct store *s, uint64_t *cursor, uint64_t *missed, struct store_feed_block *out);

/* --- queries, in slices --- */

enum store_fold { FOLD_AVG, FOLD_MIN, FOLD_MAX, FOLD_LAST, FOLD_SUM, FOLD_COUNT, FOLD_RATE };

/* Cells (series x points) that one query may fill. */
#define QUERY_CELLS_MAX 131072U
#define QUERY_SERIES_MAX SLOTS_MAX

struct store_query_ask {
    uint32_t instance;
    uint32_t series_count;
    uint16_t series[QUERY_SERIES_MAX]; /* indexes */
    int64_t from_ms, to_ms;            /* [from, to), multiples of step after flooring */
    int64_t step_ms;                   /* at least 1 */
};
struct store_cell { /* of one series and one step */
    int64_t sum, min, max, last, last_ms;
    uint32_t count; /* 0: no sample */
};

/* Starts a query: a handle, ERR_FULL when all are running or the cells are too many, ERR_MALFORMED when
 * it names an instance or series that there is not, or times outside 0..2^53. */
int store_query_begin(struct store *s, const struct store_query_ask *ask);
/* A bounded piece of work: 1 more to do, 0 all cells are filled, negative on a storage error (end it). */
int store_query_step(struct store *s, int query);
/* 0 when all cells are as fine as the step asks. Otherwise finer samples are gone for a part of the range,
 * and this is the resolution in milliseconds (60,000 or 3,600,000) of what stands in their place: a cell for
 * each minute or hour, at the time of its newest sample. Valid once store_query_step answered 0. */
int64_t store_query_resolution_ms(const struct store *s, int query);
/* Points per series; cells[series][point] are valid once store_query_step answered 0. */
uint32_t store_query_points(const struct store *s, int query);
const struct store_cell *store_query_cell(const struct store *s, int query, uint32_t series,
                                          uint32_t point);
void store_query_end(struct store *s, int query);

/* --- the processes that stood out --- */

struct store_processes {
    int64_t time_ms;          /* of the sample */
    struct process_tops tops; /* ascending by pid; none when the agent saw none */
};
/* Of the newest sample within from_ms..to_ms-1: 1, or 0 when there is no sample, or a storage error. One
 * bounded piece of work, whatever the stretch. */
int store_processes(struct store *s, uint32_t instance, int64_t from_ms, int64_t to_ms,
                    struct store_processes *out);

/* --- about itself --- */

struct store_stats {
    uint64_t commits, commit_failures, journal_rows, chunks, samples_committed /* series x samples */;
    uint64_t values_sealed, sealed_bytes; /* since start: bytes of chunks over values in them */
    uint64_t database_bytes, database_bytes_max;
    uint64_t blocks_staged, staging_bytes, refused_full;
    uint64_t retention_chunks_dropped, retention_rollups_dropped;
    uint64_t values_rolled, chunks_merged; /* since start */
    struct {
        uint64_t rows, bytes;
        int64_t horizon_ms;                /* what is older is in coarser tiers at most */
    } tiers[TIER_COUNT];
    int64_t oldest_sample_ms;
    int64_t sqlite_heap_bytes, sqlite_heap_high_water;
    const char *trouble;                   /* why nothing can be committed now, and what to do; or NULL */
    int64_t trouble_since_ms;              /* wall clock */
};
void store_stats(struct store *s, struct store_stats *out);

#endif
