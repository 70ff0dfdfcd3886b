/* SPDX-License-Identifier: MIT */
/* What the files of the store share: the state, and one another's functions, grouped by file.
 *
 * What is committed and what is staged never mix: `committed` fields change only when a transaction has
 * succeeded, so a rollback needs no undoing here. Tables that only grow (metrics, series) need no dirty
 * marks: what is behind the count on disk is staged. */
#ifndef NEPHOS_STORE_STATE_H
#define NEPHOS_STORE_STATE_H

#include "aggregator/store/backup_state.h"
#include "aggregator/store/chunk.h"
#include "aggregator/store/database.h"
#include "aggregator/store/events.h"
#include "aggregator/store/journal.h"
#include "aggregator/store/roll.h"
#include "aggregator/store/store.h"
#include "aggregator/store/store_access.h"
#include "aggregator/store/store_outbox.h"
#include "aggregator/store/store_outlet.h"

#define STAGING_SIZE (4U << 20)
#define STAGED_BLOCKS_MAX 16384U       /* a power of two */
#define TOKEN_USES_STAGED_MAX 64U

/* From one commit to the next; the first after a silence is at once. Samples that come as they should are in
 * no haste: nothing but an acknowledgement waits for them, and each commit costs as much as hundreds of
 * values. Theirs joins what else wakes the program, or comes COMMIT_SLACK_MS later. */
#define COMMIT_PAUSE_MS 100
#define COMMIT_PAUSE_LONG_MS 180
#define COMMIT_PAUSE_SHORT_MS 15
#define COMMIT_SLACK_MS 70
#define RETRY_MS_MIN 200
#define RETRY_MS_MAX 5000

/* Committed blocks of one instance that may wait to be sealed; with more, the sender is held back. */
#define PENDING_MAX 160U
#define PENDING_AVERAGE 80U            /* the index has room for this many per instance */
/* History is held back earlier than live samples: with so much pending, in the journal's index or staged.
 * While histories are open sealing begins before that, due or not, so that they find room again. */
#define PENDING_HISTORY_MAX (PENDING_MAX / 2)
#define JOURNAL_HISTORY_EIGHTHS 6U
#define STAGED_HISTORY_SIZE (STAGING_SIZE / 2)
#define STAGED_HISTORY_BLOCKS (STAGED_BLOCKS_MAX / 2)
/* Pushed samples likewise leave room for those of agents. */
#define PENDING_PUSH_MAX (PENDING_MAX / 4 * 3)
#define JOURNAL_PUSH_EIGHTHS 7U
#define STAGED_PUSH_SIZE (STAGING_SIZE / 4 * 3)
#define STAGED_PUSH_BLOCKS (STAGED_BLOCKS_MAX / 4 * 3)
#define SEAL_SAMPLES 600U
#define SEAL_ENTRIES 120U
#define SEAL_AGE_MS INT64_C(900000)
#define SEAL_SCAN_MS 5000

/* One block in the staging area, header and data as they go into the journal. */
struct staged_block {
    uint32_t at, size;
    int64_t min_ms, max_ms;
    enum store_stream stream;
    bool is_late;                      /* pushed, and its instance has told later ones before */
};

/* A live block as it came out of its bytes, for who follows the feed: taking it apart again costs more than
 * all else that is done with it. There is room for the blocks of some commits in calm. */
#define STAGED_MATRICES 64U
struct staged_matrix {
    uint64_t number;                   /* of the block plus one, 0: none */
    struct block_matrix block;         /* without processes */
};

/* Blocks are numbered for ever; [oldest, committed) can still be read by who follows the feed, and gives
 * way to new ones; [committed, next) waits for a commit. A block never wraps around the end. */
struct staging {
    uint8_t *bytes;
    struct staged_block *blocks;       /* by number modulo STAGED_BLOCKS_MAX */
    uint64_t oldest, committed, next;
    uint32_t head;                     /* where the next one goes */
    struct staged_matrix *matrices;    /* by number modulo STAGED_MATRICES; NULL: none are kept */
    uint32_t staged_bytes;
};

struct newest_value {
    int64_t value, ms;                 /* ms 0: none staged */
};

/* An epoch while its agent may send more of it. */
struct stream {
    bool is_open, dictionary_changed;
    uint16_t slot_count, staged_blocks;
    uint16_t *series_of_slot;          /* SLOTS_MAX */
    uint64_t epoch;
    uint64_t staged_sequence;          /* newest of the epoch, staged or committed */
    uint64_t committed_sequence;
    uint32_t pending_count, pending_samples; /* of this epoch in the instance's list */
    int64_t pending_since_ms;          /* monotonic: when the first of these came */
};

/* A place of the pool: the second stream of an instance. */
struct history {
    struct stream stream;
    bool is_ending;                    /* free as soon as nothing of it is staged */
};

/* Beside the public facts of an instance. */
struct instance_state {
    bool facts_changed, in_changed_list, revocation_changed;
    uint16_t series_count, series_on_disk;
    uint16_t history;                  /* index into the pool, or HISTORY_NONE */
    uint32_t staged_samples, staged_values, staged_history;
    int64_t staged_last_ms, staged_received_ms;
    struct stream live;
    struct stream push;                /* of all its pages (push.c); open once something was pushed */
    int64_t push_known_ms;             /* no sample was later when it was opened */
    struct journal_list pending;
};
#define HISTORY_NONE UINT16_MAX

/* The dictionary of an epoch of which no stream is open. */
struct epoch_cache {
    bool valid;
    uint32_t instance, slot_count;
    uint64_t epoch, sealed_sequence;
    uint16_t series_of_slot[SLOTS_MAX];
};

struct token_use {
    uint8_t token[8];
    uint8_t holder[32];
};

/* Who waits for what is staged: nobody; a request, an enrolment, history; somebody who looks on. */
enum haste { HASTE_NONE, HASTE_SOON, HASTE_NOW };

/* After a failure: when to try again. */
struct retry {
    int64_t delay_ms;                  /* 0: the last try succeeded */
    struct mono at;
};

/* One of the three resolutions, as the table `tier` has it. */
struct tier_state {
    int64_t rows, bytes;               /* of data in them */
    int64_t horizon_ms;                /* what is older is gone, or must be taken from the coarser one */
};

enum query_stage { QUERY_PENDING, QUERY_CHUNKS, QUERY_MINUTES, QUERY_HOURS, QUERY_DONE };

struct query {
    bool used;
    bool stale;                        /* what it has seen is there no more: begin again */
    enum query_stage stage;
    uint32_t restarts;
    struct store_query_ask ask;
    uint32_t points;
    enum store_tier tier;              /* the coarsest that the step allows */
    int64_t minutes_ms, seconds_ms;    /* hours before the first, minutes before the second, then seconds */
    int64_t chunk_max;                 /* newer chunks hold what was pending at the start */
    int64_t at_ms, at_chunk;           /* the walk goes on behind this */
    int64_t resolution_ms;             /* of the coarsest that was used though the step is finer; or 0 */
    uint16_t *position_of_series;      /* UINT16_MAX: not asked for */
    struct store_cell *cells;
};

/* A moment of pushed samples that wait to be sealed. */
struct push_row {
    int64_t ms;
    uint32_t entry;                    /* of the journal's index */
    uint16_t order;                    /* keeps a sort the same on every machine */
};

/* Work space of one call; nothing survives in here. */
struct scratch {
    struct block_matrix block;
    uint8_t entry[JOURNAL_HEADER_SIZE + BLOCK_DATA_MAX];
    uint8_t pushed[BLOCK_DATA_MAX];
    struct push_row rows[CHUNK_BUILD_SAMPLES];
    struct chunk chunk;
    int64_t time_ms[CHUNK_SAMPLES_MAX];
    int64_t values[CHUNK_SAMPLES_MAX];
    int64_t point_of[CHUNK_SAMPLES_MAX];
    uint16_t sample_of[CHUNK_SAMPLES_MAX];
};

enum map_line {
    LINE_INSTANCES, LINE_METRICS, LINE_HISTORIES, LINE_STAGING, LINE_JOURNAL, LINE_QUERIES, LINE_END
};

/* Of the chunk that store_processes read last. */
struct process_cache {
    int64_t chunk;                     /* its row; 0 none */
    uint32_t count;                    /* 0: it does not read back */
    int64_t time_ms[CHUNK_SAMPLES_MAX];
    struct chunk_processes processes;
};

/* Destinations (store_outbox.h). */
struct outboxes {
    struct outbox *rows;
    uint8_t *bytes;                    /* a row's list, as it is stored */
    struct memory_line *line;
    uint32_t count, dirty;             /* bits: rows to be written */
};

/* Watermarks that one row holds. */
#define OUTLET_PAGE 64U
#define OUTLET_ALIASES_STAGED 64U

/* Destinations of metrics (store_outlet.h). A place has one bit each: of its page, and of its late ranges. */
struct outlets {
    struct outlet *rows;
    uint64_t *pages_dirty, *late_dirty; /* `words` for each outlet */
    uint32_t words;
    struct memory_line *line;
    uint32_t count, dirty;             /* bits: rows to be written */
    bool has_dirty_places;
    struct outlet_alias {
        int64_t outlet;
        char kind[16], id[INSTANCE_ID_SIZE], alias[OUTLET_ALIAS_SIZE]; /* alias "": it goes */
    } *aliases;
    uint32_t alias_count;
};

/* API tokens by place, and audit entries on their way to disk. */
struct access_state {
    struct access_place {
        struct api_token token;        /* without a name: free */
        bool is_changed;               /* since the last commit */
    } places[API_TOKENS_MAX];
    bool has_changed;                  /* one of them */
    struct audit_entry staged[AUDIT_STAGED_MAX];
    uint32_t staged_count;
    int64_t next_id;                   /* of the first staged entry */
};

struct store {
    struct store_limits limits;
    struct plat *plat;
    bool is_open;
    struct database database;
    struct crc32c_tables *sums;

    /* tables */
    struct instance *instances;
    struct instance_state *states;
    uint16_t *series_of_slot;          /* SLOTS_MAX for each instance, then for each history */
    uint16_t *series_numbers;          /* 0, 1, 2, ...: dictionary of pushed samples */
    struct history *histories;
    uint32_t history_count;            /* in use */
    struct store_series *series;       /* series_per_instance_max for each instance */
    struct newest_value *newest;       /* staged; beside series */
    uint32_t *instance_hash;           /* index plus one, 0 free */
    uint32_t instance_hash_mask;
    uint32_t instance_count;
    struct store_metric *metrics;
    uint32_t metric_count, metrics_on_disk;
    struct epoch_cache epoch_cache;

    /* staged */
    struct staging staging;
    uint32_t *changed;                 /* instances with something staged */
    uint32_t changed_count;
    struct token_use tokens[TOKEN_USES_STAGED_MAX];
    uint32_t token_count;
    struct events events;              /* alerts, insights, notes, told facts */
    struct access_state *access;
    struct outboxes outboxes;
    struct outlets outlets;
    struct wordings *wordings;         /* wording.c */
    struct mono staged_since;          /* MONO_NEVER when nothing is staged */
    enum haste haste;                  /* of what is staged */
    bool has_new;                      /* some of it since the last step */
    struct mono committed;             /* when that was tried last; the next follows after a pause */
    uint32_t staged_entries;           /* blocks, for the room they need in the index */

    /* committed */
    struct journal journal;
    int64_t chunk_next;                /* the next id */
    struct tier_state tiers[TIER_COUNT];
    int64_t newest_age_ms;             /* of all chunks; see retention.c */
    struct retry committing, upkeep;
    bool retention_due, seal_due;
    uint64_t sealings;       /* each made room */
    struct mono seal_scan_at;
    uint32_t seal_next;                /* instance at which the search goes on */
    struct mono roll_at, expire_at;    /* when to look again for what is due, for what is too old */

    struct chunk_builder *builder;
    uint8_t *chunk_bytes;
    struct scratch *scratch;
    struct roll_work *roll;
    struct query *queries;
    struct process_cache *process_cache;

    struct backup *backup;
    struct store_stats stats;
    uint64_t damaged;                  /* journal entries and chunks that did not read back */
    struct memory_line *lines[LINE_END];
};


static inline struct store_series *series_of(const struct store *s, uint32_t instance)
{
    return s->series + (size_t)instance * s->limits.series_per_instance_max;
}

static inline struct newest_value *newest_of(const struct store *s, uint32_t instance)
{
    return s->newest + (size_t)instance * s->limits.series_per_instance_max;
}

/* The stream, or NULL when the instance has no history. */
static inline struct stream *stream_of(const struct store *s, uint32_t instance, enum store_stream which)
{
    struct instance_state *st = &s->states[instance];
    if (which == STREAM_LIVE)
        return &st->live;
    if (which == STREAM_PUSH)
        return &st->push;
    return st->history == HISTORY_NONE ? NULL : &s->histories[st->history].stream;
}

static inline struct history *history_of(const struct store *s, uint32_t instance)
{
    uint16_t at = s->states[instance].history;
    return at == HISTORY_NONE ? NULL : &s->histories[at];
}

/* Pending blocks of epochs that no stream has open: nothing more will come to fill a chunk with them. */
static inline uint32_t orphans_of(const struct store *s, uint32_t instance)
{
    const struct stream *history = stream_of(s, instance, STREAM_HISTORY);
    const struct instance_state *st = &s->states[instance];
    return st->pending.count - st->live.pending_count - st->push.pending_count -
           (history != NULL ? history->pending_count : 0);
}

/* tables.c */
/* The next index, with nothing but its id. */
uint32_t tables_add_instance(struct store *s, const char *id);
/* The facts have: the instance takes the next revision. */
void tables_facts_changed(struct store *s, uint32_t instance);
/* Remembers that the instance has something staged, and when the first thing was. */
void tables_changed(struct store *s, uint32_t instance);
void tables_sampled(struct store *s, uint32_t instance); /* as that, and there is no haste */
void tables_staged(struct store *s);

/* records.c */
int records_load(struct store *s, struct text *why);
/* Writes what is staged, blocks excepted, into the open transaction. */
int records_write(struct store *s);
/* The transaction succeeded. */
void records_written(struct store *s);

/* access.c */
void access_reserve(struct store *s, struct memory_map *map);
int access_load(struct store *s);
/* Into the open transaction: tokens and audit entries; whether an instance is revoked. */
int access_write(struct store *s);
int access_write_revocation(struct store *s, uint32_t instance);
/* The transaction succeeded. */
void access_written(struct store *s);

/* outbox.c */
void outbox_reserve(struct store *s, struct memory_map *map);
/* Into the open transaction; the transaction succeeded. */
int outbox_write(struct store *s);
void outbox_written(struct store *s);

/* outlet.c */
void outlet_reserve(struct store *s, struct memory_map *map);
struct wordings *wordings_reserve(struct memory_map *map);
/* The staged blocks are about to be readable: what is late is noted. Into the open transaction. */
int outlet_write(struct store *s);
void outlet_written(struct store *s);

/* epoch.c */
/* The stream that has the epoch open, or NULL. */
struct stream *stream_of_epoch(const struct store *s, uint32_t instance, uint64_t epoch);
/* What the slots of an epoch mean, valid until the next call; NULL when it is unknown. */
const uint16_t *epoch_slots(struct store *s, uint32_t instance, uint64_t epoch, uint32_t *slot_count);
/* Newest sequence of an epoch that was sealed; ERR_MISSING or a storage error. */
int epoch_sealed(struct store *s, uint32_t instance, uint64_t epoch, uint64_t *sequence);
int epoch_put_sealed(struct store *s, uint32_t instance, uint64_t epoch, uint64_t sequence);
/* Loads the live dictionary of an instance at start. */
int epoch_load(struct store *s, uint32_t instance, uint64_t epoch);
/* A commit succeeded: histories that have ended give their place back. */
void epoch_committed(struct store *s, uint32_t instance);

/* staging.c */
/* Puts a block of the stream into the staging area and counts it; false when there is no room now. */
bool staging_put(struct store *s, enum store_stream stream, const struct journal_header *h,
                 const struct block_matrix *block, const uint8_t *data);
void staging_init(struct staging *g, uint8_t *bytes, struct staged_block *blocks,
                  struct staged_matrix *matrices);
/* Header and data of a block that is still kept, or NULL. */
const uint8_t *staging_entry(const struct staging *g, uint64_t number);

/* commit.c */
struct mono commit_from(const struct store *s);   /* from then on it is welcome */
struct mono commit_due_at(const struct store *s); /* and then it must be */
/* Says a failure once and sets when to try again, or says that it is over. `work` as in "cannot ...". */
void commit_note(struct store *s, struct retry *r, const char *work, int err);
bool commit_may_try(const struct retry *r, struct mono now);

/* reading.c */
/* Reads pending entries; open while `blob` is set, and then to be closed before a commit. */
struct journal_reader {
    sqlite3_blob *blob;
    int64_t row;
};
/* Into scratch->block. ERR_MALFORMED when the entry is damaged, ERR_SYSTEM when it cannot be read now. */
int reading_block(struct store *s, struct journal_reader *r, uint32_t instance,
                  const struct journal_entry *entry);
void reading_end(struct journal_reader *r);

/* seal.c */
struct seal {
    struct store *s;
    struct journal_reader reader;
    uint32_t instance;
    uint64_t epoch;
    int64_t gap_ms;          /* a longer pause begins a new chunk */
    int64_t chunk_next;
    int64_t newest_age_ms;
    struct tier_state tiers[TIER_COUNT];
    uint64_t first_sequence, last_sequence; /* of the chunk being built */
    uint32_t taken, samples; /* entries of that epoch in the list, and the samples in them */
    uint64_t values, bytes;
};
/* Writes the chunk that has been built, if any. */
int seal_flush(struct seal *seal);
bool seal_is_due(const struct store *s, uint32_t instance, int64_t now_ms);
/* Looks for the next instance that is due and seals it. */
int seal_step(struct store *s, struct mono now);

/* push.c */
/* Pushed samples have an epoch for each page of SLOTS_MAX series; a slot is the place of a series in its
 * page. */
#define PUSH_EPOCH_FIRST (STORE_EPOCH_AGENT_MAX + 1)
static inline bool epoch_is_push(uint64_t epoch)
{
    return epoch > STORE_EPOCH_AGENT_MAX;
}
/* What the slots of a page mean. */
const uint16_t *push_slots(const struct store *s, uint32_t instance, uint64_t epoch, uint32_t *slot_count);

/* push_seal.c */
/* Adds entries of a page to chunks, in the order of their times; see seal.c. */
int push_seal_entries(struct seal *seal);

/* roll.c */
/* When a chunk that is sealed now and ends at max_ms is to be rolled up, by the wall clock. */
int64_t roll_due_ms(const struct store *s, uint32_t instance, int64_t max_ms);
/* Rolls up what is due, a bounded piece; sets roll_at. */
int roll_step(struct store *s, struct mono now);
/* Rolls up the chunks of an epoch that begin in an hour, as many as one step takes. The number of chunks, or
 * an error. */
int roll_group(struct store *s, uint32_t instance, uint64_t epoch, int64_t hour_ms);

/* tier.c */
int tiers_load(struct store *s);
/* Writes those that differ from what is committed into the open transaction. */
int tiers_put(struct store *s, const struct tier_state next[static TIER_COUNT]);
/* How long each resolution will last on this disk, one line for the log. */
void tiers_announce(struct store *s);
/* The tier whose oldest row is to give way next, by size; TIER_COUNT when there is nothing. */
enum store_tier tiers_choose(const struct store *s);

/* retention.c */
void retention_check(struct store *s);
/* The age of a chunk that holds samples up to max_ms; *newest_ms is the newest age of all chunks. */
int64_t retention_age(struct store *s, int64_t max_ms, int64_t *newest_ms);
/* Makes room: drops some of the oldest rows, or rolls up what must be before it can go. The number of either,
 * 0 when there is nothing left, or an error. `hard`: what was not rolled up yet may go as well. */
int retention_step(struct store *s, uint32_t count_max, bool hard);
/* Drops what is older than its resolution is kept. */
int retention_expire(struct store *s, struct mono now);

/* recovery.c */
int recovery_run(struct store *s, struct text *why);

/* query.c */
/* Is one running that the instance's chunks must stay for? */
bool query_is_running(const struct store *s, uint32_t instance);
/* What running queries have seen has changed: of one instance, or of all with UINT32_MAX. */
void query_disturb(struct store *s, uint32_t instance);
void query_reserve(struct store *s, struct memory_map *map, const struct store_limits *limits);

#endif
