/* SPDX-License-Identifier: MIT */
/* Alerts, insights, notes and told facts inside the store: what of them is in memory, and their rows.
 *
 * On disk they all are; in memory are the open alerts, and what is staged. Each change takes the next
 * revision, so "what is behind revision R" is one walk of an index, now or after a restart. */
#ifndef NEPHOS_STORE_EVENTS_H
#define NEPHOS_STORE_EVENTS_H

#include "aggregator/store/store_alerts.h"
#include "aggregator/store/store_documents.h"
#include "aggregator/store/store_insights.h"
#include "aggregator/store/store_notes.h"
#include "aggregator/store/store_told.h"
#include "platform/base/memory_map.h"

struct sqlite3_stmt;

/* Alerts that may be open beyond one for each instance. */
#define ALERTS_OPEN_SPARE 1024U
#define INSIGHTS_STAGED_MAX 32U
#define NOTES_STAGED_MAX 16U
#define TOLD_STAGED_MAX 64U
/* Closed alerts, insights and notes on disk: at most so many, and fewer in a small database. */
#define ALERTS_CLOSED_MAX 20000U
#define INSIGHTS_MAX 5000U
#define NOTES_MAX 10000U
#define EVENT_DATABASE_SHARE (UINT64_C(64) << 10)
#define REMOVED_KEPT_MS 600000
#define INSIGHT_KEPT_MS (INT64_C(7) * 86400 * 1000)
#define AGING_MS 60000
#define AGING_ROWS 256U

struct alert_slot {
    bool is_used, is_dirty;
    uint32_t key;                 /* hash of instance, rule and tag; 0 when the rule is "" */
    int64_t written_ms;           /* last_ms as it is on disk */
    struct alert alert;
};

struct told_staged {
    uint32_t instance;
    struct told told;
};

struct document {
    char name[DOCUMENT_NAME_SIZE]; /* "": free */
    bool is_staged;
    uint32_t length;
    uint64_t revision;
    char text[DOCUMENT_SIZE];
};

struct events {
    struct document *documents;   /* DOCUMENTS_MAX */
    bool has_staged_documents;
    /* open alerts, and closed ones until they are committed */
    struct alert_slot *alerts;
    uint32_t alert_capacity, alert_count, alert_dirty_count;
    struct memory_line *alert_line;
    int64_t alert_next;
    /* staged */
    struct insight *insights;
    uint32_t insight_count;
    struct note *notes;
    uint32_t note_count;
    struct told_staged *told;
    uint32_t told_count;
    /* scratch of one call */
    struct alert *alert_row;
    struct insight *insight_row;
    struct note *note_row;
    int64_t insight_next, note_next;
    uint32_t closed_max, insights_max, notes_max;
    uint64_t revision, revision_committed;
    uint64_t alerts_refused;
    struct mono aging_at;
};

struct store;

/* events.c */
void events_reserve(struct events *e, struct memory_map *map, uint32_t instances_max);
/* Caps from the size of the database, the newest numbers, the open alerts. */
int events_load(struct store *s);
/* Writes what is staged into the open transaction, and afterwards forgets that it was staged. */
int events_write(struct store *s);
void events_written(struct store *s);
uint64_t events_revision(struct store *s);
/* Deletes what has had its time, a bounded number of rows. ERR_OK or a storage error. */
int events_age(struct store *s, struct mono now);

/* row.c */
enum column_kind { COLUMN_I64, COLUMN_U32, COLUMN_BOOL, COLUMN_TEXT, COLUMN_LIST };
struct row_column {
    enum column_kind kind;
    uint32_t at;                  /* of the field */
    uint32_t size;                /* of a text, or of a list's element */
    uint32_t count_at, count_max; /* of a list */
};
#define ROW_LISTS_SIZE 1024U      /* of all lists of a row, one line each */
/* Binds the fields to ?1, ?2, ...; `lists` must live until the statement has run. */
void row_bind(struct sqlite3_stmt *to, const void *record, const struct row_column *columns, uint32_t count,
              char lists[static ROW_LISTS_SIZE]);
/* Fills in a record that was zeroed. */
void row_take(struct sqlite3_stmt *from, void *record, const struct row_column *columns, uint32_t count);

/* alerts.c */
int alerts_load(struct store *s);
int alerts_write(struct store *s);
void alerts_written(struct store *s);
/* alert_rows.c: 1, 0 or a storage error. */
int alert_row_by_key(struct store *s, const struct alert_report *report, struct alert *out);
int alert_row_put(struct store *s, const struct alert *alert);
int alert_row_next_open(struct store *s, struct alert *out);

/* insights.c, notes.c, told.c */
int insights_write(struct store *s);
int notes_write(struct store *s);
int told_load(struct store *s);
int told_write(struct store *s);

/* documents.c */
int documents_load(struct store *s);
int documents_write(struct store *s);
void documents_written(struct store *s);

#endif
