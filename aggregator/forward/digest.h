/* SPDX-License-Identifier: MIT */
/* What a destination is to be told next: the changes behind its cursor that are news to it. */
#ifndef NEPHOS_FORWARD_DIGEST_H
#define NEPHOS_FORWARD_DIGEST_H

#include "aggregator/forward/destination.h"
#include "aggregator/rules/book.h"

/* Alerts in one message; what is beyond goes into the next. */
#define DIGEST_MAX 64U

enum notice_kind {
    NOTICE_RAISED,
    NOTICE_WORSE,        /* more severe than when it was told */
    NOTICE_REPEATED,     /* nobody has acknowledged it */
    NOTICE_ACKNOWLEDGED,
    NOTICE_RESOLVED,
    NOTICE_PASSED,       /* came and went before it could be told */
    NOTICE_TEST,
    NOTICE_KIND_COUNT
};
extern const char *const notice_words[NOTICE_KIND_COUNT]; /* "raised", ... */

struct notice {
    enum notice_kind kind;
    uint32_t repeats;     /* NOTICE_REPEATED: the how many-th it is; 0 */
    struct alert alert;
    char name[NAME_SIZE]; /* of the instance */
};

struct digest {
    const struct rule_book *book; /* who is silenced; NULL: nobody */
    struct notice notices[DIGEST_MAX];
    uint32_t count;
    uint64_t cursor;      /* all up to here is in it, or no news */
    bool is_full;         /* there may be more behind it */
    bool is_hushed;       /* what is known of silenced alerts changed: to be stored without a message, too */
};

/* Walks the feed from o->cursor, no further than `until` (0: to its end), to at most `max` notices, and, when
 * there is room, adds what was withheld and is not silenced any more, and repeats that are due. Nothing is
 * told of what is silenced, the end of it neither. ERR_OK or a storage error. */
int digest_collect(struct digest *d, const struct destination *to, struct outbox *o, struct store *s,
                   uint64_t until, uint32_t max, int64_t now_ms);
/* Something of it was silenced when it was looked at: look again, it may not be now. */
bool digest_is_withheld(const struct outbox *o);
/* It has arrived: what was told, and the cursor. */
void digest_apply(const struct digest *d, struct outbox *o, int64_t now_ms);
/* When the next repeat is due, by the wall clock; INT64_MAX: never. */
int64_t digest_repeat_due_ms(const struct destination *to, const struct outbox *o);
/* One notice that says that this is a test. */
void digest_test(struct digest *d, int64_t now_ms);

#endif
