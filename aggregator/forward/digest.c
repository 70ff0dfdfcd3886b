/* SPDX-License-Identifier: MIT */
/* See digest.h. */
#include "aggregator/forward/digest.h"

#include <string.h>

const char *const notice_words[NOTICE_KIND_COUNT] = {
    [NOTICE_RAISED] = "raised",     [NOTICE_WORSE] = "worsened",
    [NOTICE_REPEATED] = "repeated", [NOTICE_ACKNOWLEDGED] = "acknowledged",
    [NOTICE_RESOLVED] = "resolved", [NOTICE_PASSED] = "passed",
    [NOTICE_TEST] = "test",
};

static struct outbox_told *find_told(struct outbox *o, int64_t alert)
{
    for (uint32_t i = 0; i < o->told_count; i++)
        if (o->told[i].alert == alert)
            return &o->told[i];
    return NULL;
}

static void forget(struct outbox *o, struct outbox_told *t)
{
    *t = o->told[--o->told_count];
}

static bool is_over(const struct alert *a)
{
    return a->status == ALERT_RESOLVED || a->deleted_ms != 0;
}

static const char *name_of(struct store *s, const char *instance)
{
    int found = store_instance_find(s, instance);
    const char *name = found >= 0 ? store_instance(s, (uint32_t)found)->name : "";
    return name[0] != '\0' ? name : instance;
}

static bool is_withheld(const struct outbox_told *t)
{
    return t->status == OUTBOX_WITHHELD || t->status == OUTBOX_WITHHELD_WORSE;
}

/* The end of a silenced alert is silent, too; only where an incident would stay open for ever it is closed,
 * which wakes nobody. */
static bool tells_end(const struct destination *to, const struct outbox_told *t, bool is_silenced)
{
    return !to->no_resolved && t->status != OUTBOX_WITHHELD &&
           (!is_silenced || to->type == DESTINATION_PAGERDUTY);
}

/* The notice about an alert that the destination knows of, or -1. Silent news are noted at once: to walk the
 * same way again finds nothing else. */
static int judge_known(const struct destination *to, struct outbox *o, struct outbox_told *t,
                       const struct alert *a, bool is_silenced)
{
    if (is_over(a)) {
        if (tells_end(to, t, is_silenced))
            return NOTICE_RESOLVED;
        forget(o, t);
        return -1;
    }
    if (t->status == OUTBOX_WITHHELD) {
        if (is_silenced)
            return -1;
        if (a->status == ALERT_ACTIVE)
            return NOTICE_RAISED;
        forget(o, t);
        return -1;
    }
    if (a->severity > t->severity) {
        if (!is_silenced)
            return NOTICE_WORSE;
        t->status = OUTBOX_WITHHELD_WORSE;
        return -1;
    }
    if (a->status == ALERT_ACKNOWLEDGED && t->status == ALERT_ACTIVE && !is_silenced)
        return NOTICE_ACKNOWLEDGED;
    t->status = (uint8_t)a->status;
    return -1;
}

static void withhold(struct outbox *o, const struct alert *a)
{
    o->told[o->told_count++] = (struct outbox_told){.alert = a->number, .status = OUTBOX_WITHHELD};
}

static int judge(const struct destination *to, struct outbox *o, const struct alert *a, const char *name,
                 bool is_silenced)
{
    struct outbox_told *t = find_told(o, a->number);
    if (t != NULL)
        return judge_known(to, o, t, a, is_silenced);
    if (!destination_wants(to, a, name) || a->deleted_ms != 0)
        return -1;
    if (is_over(a))
        return a->created_revision > o->cursor && !to->no_resolved && !is_silenced ? NOTICE_PASSED : -1;
    if (a->status == ALERT_ACKNOWLEDGED)
        return -1;
    if (o->told_count == OUTBOX_TOLD_MAX) {
        o->told_lost++;
        return -1;
    }
    if (is_silenced) {
        withhold(o, a);
        return -1;
    }
    return NOTICE_RAISED;
}

static bool is_silenced_now(const struct digest *d, const struct alert *a, const char *name, int64_t now_ms)
{
    return d->book != NULL && book_is_silenced(d->book, now_ms, a->instance, name, a->rule, a->tag);
}

static void add(struct digest *d, enum notice_kind kind, const struct alert *a, const char *name)
{
    struct notice *n = &d->notices[d->count++];
    n->kind = kind;
    n->repeats = 0;
    n->alert = *a;
    (void)text_copy(n->name, sizeof n->name, name);
}

static bool has(const struct digest *d, int64_t number)
{
    for (uint32_t i = 0; i < d->count; i++)
        if (d->notices[i].alert.number == number)
            return true;
    return false;
}

/* What was withheld, and is not silenced any more. */
static void add_withheld(struct digest *d, const struct destination *to, struct outbox *o, struct store *s,
                         uint32_t max, int64_t now_ms)
{
    uint32_t at = 0;
    const struct alert *a;
    while (d->count < max && (a = store_alert_walk_open(s, &at)) != NULL) {
        struct outbox_told *t = find_told(o, a->number);
        if (t == NULL || !is_withheld(t) || has(d, a->number))
            continue;
        const char *name = name_of(s, a->instance);
        int kind = is_silenced_now(d, a, name, now_ms) ? -1 : judge_known(to, o, t, a, false);
        if (kind >= 0)
            add(d, (enum notice_kind)kind, a, name);
    }
}

static void add_repeats(struct digest *d, const struct destination *to, struct outbox *o, struct store *s,
                        uint32_t max, int64_t now_ms)
{
    uint32_t at = 0;
    const struct alert *a;
    if (digest_repeat_due_ms(to, o) > now_ms)
        return;
    while (d->count < max && (a = store_alert_walk_open(s, &at)) != NULL) {
        const struct outbox_told *t = find_told(o, a->number);
        if (t != NULL && t->status == ALERT_ACTIVE && a->status == ALERT_ACTIVE &&
            now_ms - t->told_ms >= to->repeat_ms && !has(d, a->number) &&
            !is_silenced_now(d, a, name_of(s, a->instance), now_ms)) {
            add(d, NOTICE_REPEATED, a, name_of(s, a->instance));
            d->notices[d->count - 1].repeats = t->repeats + 1U;
        }
    }
}

int digest_collect(struct digest *d, const struct destination *to, struct outbox *o, struct store *s,
                   uint64_t until, uint32_t max, int64_t now_ms)
{
    struct alert a;
    int n = 0;
    d->count = 0;
    d->cursor = o->cursor;
    d->is_full = d->is_hushed = false;
    while (d->count < max) {
        uint64_t next = d->cursor;
        n = store_alert_next(s, &next, &a);
        if (n != 1 || (until != 0 && next > until))
            break;
        d->cursor = next;
        const char *name = name_of(s, a.instance);
        bool is_silenced = is_silenced_now(d, &a, name, now_ms);
        int kind = judge(to, o, &a, name, is_silenced);
        d->is_hushed |= is_silenced && kind < 0;
        if (kind >= 0)
            add(d, (enum notice_kind)kind, &a, name);
    }
    d->is_full = d->count == max;
    if (n >= 0 && digest_is_withheld(o))
        add_withheld(d, to, o, s, max, now_ms);
    if (n >= 0 && to->repeat_ms > 0)
        add_repeats(d, to, o, s, max, now_ms);
    return n < 0 ? n : ERR_OK;
}

void digest_apply(const struct digest *d, struct outbox *o, int64_t now_ms)
{
    for (uint32_t i = 0; i < d->count; i++) {
        const struct notice *n = &d->notices[i];
        struct outbox_told *t = find_told(o, n->alert.number);
        if (n->kind == NOTICE_TEST || n->kind == NOTICE_PASSED)
            continue;
        if (n->kind == NOTICE_RESOLVED) {
            if (t != NULL)
                forget(o, t);
            continue;
        }
        if (t == NULL && o->told_count < OUTBOX_TOLD_MAX) {
            t = &o->told[o->told_count++];
            *t = (struct outbox_told){.alert = n->alert.number};
        }
        if (t == NULL)
            continue;
        t->told_ms = now_ms;
        t->status = (uint8_t)n->alert.status;
        t->severity = (uint8_t)n->alert.severity;
        t->reopened = n->alert.reopened;
        t->repeats = (uint16_t)(t->repeats + (n->kind == NOTICE_REPEATED && t->repeats < UINT16_MAX));
    }
    o->cursor = d->cursor;
}

int64_t digest_repeat_due_ms(const struct destination *to, const struct outbox *o)
{
    int64_t due = INT64_MAX;
    for (uint32_t i = 0; to->repeat_ms > 0 && i < o->told_count; i++)
        if (o->told[i].status == ALERT_ACTIVE && o->told[i].told_ms + to->repeat_ms < due)
            due = o->told[i].told_ms + to->repeat_ms;
    return due;
}

bool digest_is_withheld(const struct outbox *o)
{
    for (uint32_t i = 0; i < o->told_count; i++)
        if (is_withheld(&o->told[i]))
            return true;
    return false;
}

void digest_test(struct digest *d, int64_t now_ms)
{
    d->count = 0;
    d->is_full = false;
    const struct alert a = {.id = "test", .instance = "nephos", .type = "test", .severity = ALERT_LOW,
                            .status = ALERT_RESOLVED, .created_ms = now_ms, .updated_ms = now_ms,
                            .resolved_ms = now_ms, .first_ms = now_ms, .last_ms = now_ms, .occurrences = 1,
                            .message = "This is a test of notifications. Nothing is wrong."};
    add(d, NOTICE_TEST, &a, "nephos");
}
