/* SPDX-License-Identifier: MIT */
/* Destinations outside: how far each has come, and how it is with it.
 *
 * Nothing that is to be sent is copied: it stands in the store, and a destination has a cursor into the feed
 * of changes (store_alerts.h) and, of each open alert, what it has been told. Both are one row, written by
 * the group commit that follows store_outbox_save(). Forward fills all of it in; the api reads it, and asks
 * for tests. */
#ifndef NEPHOS_STORE_OUTBOX_H
#define NEPHOS_STORE_OUTBOX_H

#include "aggregator/store/store.h"

#define OUTBOX_MAX 8U
#define OUTBOX_NAME_SIZE 32U
#define OUTBOX_TYPE_SIZE 16U
#define OUTBOX_WORDS_SIZE 176U
/* Open alerts of which a destination remembers what it was told; beyond, their end is not told, and
 * counted. */
#define OUTBOX_TOLD_MAX 2048U

/* Instead of a status, while the alert is silenced: it has not been told; or it has, but not that it is
 * worse. */
#define OUTBOX_WITHHELD 255U
#define OUTBOX_WITHHELD_WORSE 254U
struct outbox_told {
    int64_t alert;                  /* its number */
    int64_t told_ms;                /* wall clock, of the newest message about it */
    uint8_t status, severity;       /* as told: enum alert_status, alert_severity */
    uint16_t repeats;
    uint32_t reopened;              /* of the alert, as told */
};

enum outbox_state {
    OUTBOX_IDLE,                    /* all told */
    OUTBOX_WAITING,                 /* collects what comes, for one message */
    OUTBOX_SENDING,
    OUTBOX_RETRYING,                /* the last try failed; the next is at next_try_ms */
    OUTBOX_DOWN,                    /* several did: one slow probe at a time */
    OUTBOX_HELD,                    /* it refuses us: a person must look; tried again slowly */
    OUTBOX_STATE_COUNT
};
extern const char *const outbox_state_names[OUTBOX_STATE_COUNT];

struct outbox {
    char name[OUTBOX_NAME_SIZE], type[OUTBOX_TYPE_SIZE];
    /* stored */
    uint64_t cursor;                /* revision up to which all has arrived */
    uint64_t messages;              /* that have arrived */
    struct outbox_told told[OUTBOX_TOLD_MAX];
    uint32_t told_count;
    /* live */
    bool is_configured;
    enum outbox_state state;
    int64_t oldest_ms;              /* wall clock of the oldest change that has not arrived; 0: none */
    int64_t sent_ms, failed_ms, next_try_ms; /* wall clock; 0 */
    uint64_t requests, failures, items, dropped, doubtful, told_lost;
    uint32_t status;                /* of the newest answer; 0 */
    char error[OUTBOX_WORDS_SIZE];  /* of the newest failure; "" after a success */
    /* tests: asked for by the api, done by forward */
    uint64_t tests_asked, tests_done;
    bool test_good;
    char test_words[OUTBOX_WORDS_SIZE];
};

/* The destination of that name, made when it is new: then its cursor is the newest revision, so that it is
 * told what comes and not what was. NULL when there are OUTBOX_MAX. After store_open(). */
struct outbox *store_outbox_open(struct store *s, const char *name, const char *type);
uint32_t store_outbox_count(const struct store *s);
struct outbox *store_outbox(struct store *s, uint32_t index); /* below the count */
/* ERR_MISSING when there is none. */
int store_outbox_find(struct store *s, const char *name);
/* Stages the stored part as it is now. */
void store_outbox_save(struct store *s, struct outbox *o);

#endif
