/* SPDX-License-Identifier: MIT */
/* The open alerts. A slot holds one from its first breach until its end is on disk:
 *
 *     free --raise--> active <--> acknowledged --settle, change--> resolved --commit--> free
 *                       ^                                             |
 *                       +----------- raise within the grace ----------+
 */
#include <string.h>

#include "aggregator/store/state.h"

static int64_t now_ms(const struct store *s)
{
    return wall_ms(plat_wall(s->plat));
}

static bool is_open(const struct alert *a)
{
    return a->status != ALERT_RESOLVED && a->deleted_ms == 0;
}

/* --- slots --- */

static uint32_t hash_text(uint32_t h, const char *text)
{
    for (; *text != '\0'; text++)
        h = (h ^ (uint8_t)*text) * 16777619U;
    return (h ^ 0x1fU) * 16777619U; /* what ends a text */
}

static uint32_t key_of(const char *instance, const char *rule, const char *tag)
{
    if (rule[0] == '\0')
        return 0;
    uint32_t h = hash_text(hash_text(hash_text(2166136261U, instance), rule), tag);
    return h == 0 ? 1 : h;
}

static bool has_key(const struct alert *a, const char *instance, const char *rule, const char *tag)
{
    return text_equal(a->instance, instance) && text_equal(a->rule, rule) && text_equal(a->tag, tag);
}

/* The one that is not removed; an open one before one that was resolved and waits for the commit. */
static struct alert_slot *find_key(const struct store *s, const char *instance, const char *rule,
                                   const char *tag)
{
    uint32_t key = key_of(instance, rule, tag), left = s->events.alert_count;
    struct alert_slot *found = NULL;
    for (uint32_t i = 0; key != 0 && left > 0; i++) {
        struct alert_slot *slot = &s->events.alerts[i];
        left -= slot->is_used;
        if (!slot->is_used || slot->key != key || slot->alert.deleted_ms != 0 ||
            !has_key(&slot->alert, instance, rule, tag))
            continue;
        found = slot;
        if (is_open(&slot->alert))
            break;
    }
    return found;
}

static struct alert_slot *find_id(const struct store *s, const char *id)
{
    for (uint32_t i = 0, left = s->events.alert_count; left > 0; i++) {
        struct alert_slot *slot = &s->events.alerts[i];
        left -= slot->is_used;
        if (slot->is_used && text_equal(slot->alert.id, id))
            return slot;
    }
    return NULL;
}

/* A free slot with that alert, or NULL. */
static struct alert_slot *take_slot(struct store *s, const struct alert *a)
{
    struct events *e = &s->events;
    if (e->alert_count == e->alert_capacity)
        return NULL;
    struct alert_slot *slot = e->alerts;
    while (slot->is_used)
        slot++;
    *slot = (struct alert_slot){.is_used = true, .key = key_of(a->instance, a->rule, a->tag),
                                .written_ms = a->last_ms, .alert = *a};
    memory_use(e->alert_line, ++e->alert_count);
    return slot;
}

static void free_slot(struct events *e, struct alert_slot *slot)
{
    slot->is_used = slot->is_dirty = false;
    memory_use(e->alert_line, --e->alert_count);
}

static void stage(struct store *s, struct alert_slot *slot)
{
    slot->alert.revision = events_revision(s);
    slot->alert.updated_ms = now_ms(s);
    if (!slot->is_dirty)
        s->events.alert_dirty_count++;
    slot->is_dirty = true;
}

/* --- raising --- */

static bool fits(const char *text, uint32_t size)
{
    return strlen(text) < size;
}

static bool is_sound(const struct alert_report *r)
{
    return r->instance[0] != '\0' && r->type[0] != '\0' && fits(r->instance, INSTANCE_ID_SIZE) &&
           fits(r->rule, ALERT_RULE_SIZE) && fits(r->tag, TAG_SIZE) && fits(r->type, ALERT_TYPE_SIZE) &&
           fits(r->metric, METRIC_SIZE) && fits(r->unit, UNIT_SIZE) &&
           fits(r->message, ALERT_MESSAGE_SIZE) && (uint32_t)r->severity < ALERT_SEVERITY_COUNT;
}

static void take_value(struct alert *a, const struct alert_report *r)
{
    a->last_ms = r->time_ms;
    if (r->scale == 0 || (a->scale != 0 && a->scale != r->scale))
        return;
    bool is_first = a->scale == 0;
    a->scale = r->scale;
    a->last_value = r->value;
    a->level = r->level;
    a->is_low = r->is_low;
    int64_t peak = r->peak_ms != 0 ? r->peak_value : r->value;
    if (is_first)
        a->first_value = r->value;
    if (is_first || (r->is_low ? peak < a->peak_value : peak > a->peak_value)) {
        a->peak_value = peak;
        a->peak_ms = r->peak_ms != 0 ? r->peak_ms : r->time_ms;
    }
}

/* What the newest report says. True when it is more than another number. */
static bool take_words(struct alert *a, const struct alert_report *r)
{
    bool is_news = a->severity != r->severity || !text_equal(a->type, r->type);
    a->severity = r->severity;
    (void)text_copy(a->type, sizeof a->type, r->type);
    (void)text_copy(a->message, sizeof a->message, r->message);
    return is_news;
}

static struct alert_slot *begin(struct store *s, const struct alert_report *r)
{
    struct alert *a = s->events.alert_row;
    *a = (struct alert){.number = s->events.alert_next, .status = ALERT_ACTIVE, .created_ms = now_ms(s),
                        .first_ms = r->begin_ms != 0 ? r->begin_ms : r->time_ms};
    store_new_id(s, a->id);
    (void)text_copy(a->instance, sizeof a->instance, r->instance);
    (void)text_copy(a->rule, sizeof a->rule, r->rule);
    (void)text_copy(a->tag, sizeof a->tag, r->tag);
    (void)text_copy(a->metric, sizeof a->metric, r->metric);
    (void)text_copy(a->unit, sizeof a->unit, r->unit);
    struct alert_slot *slot = take_slot(s, a);
    if (slot != NULL)
        s->events.alert_next++;
    return slot;
}

/* The slot of one that resolved itself within the grace, in memory or from disk; NULL when there is none. */
static struct alert_slot *find_recent(struct store *s, const struct alert_report *r)
{
    if (r->grace_ms <= 0 || r->rule[0] == '\0')
        return NULL;
    struct alert_slot *slot = find_key(s, r->instance, r->rule, r->tag);
    const struct alert *a = slot != NULL ? &slot->alert : s->events.alert_row;
    if (slot == NULL && alert_row_by_key(s, r, s->events.alert_row) != 1)
        return NULL;
    bool is_recent = a->status == ALERT_RESOLVED && a->deleted_ms == 0 && a->who[0] == '\0' &&
                     now_ms(s) - a->resolved_ms <= r->grace_ms;
    if (!is_recent)
        return NULL;
    return slot != NULL ? slot : take_slot(s, a);
}

static void reopen(struct alert *a)
{
    a->status = ALERT_ACTIVE;
    a->resolved_ms = a->acknowledged_ms = 0;
    a->reopened++;
}

int64_t store_alert_raise(struct store *s, const struct alert_report *r, bool *was_open)
{
    if (!is_sound(r))
        return ERR_MALFORMED;
    struct alert_slot *slot = find_key(s, r->instance, r->rule, r->tag);
    *was_open = slot != NULL && is_open(&slot->alert);
    bool is_news = true;
    if (!*was_open) {
        slot = find_recent(s, r);
        if (slot != NULL)
            reopen(&slot->alert);
        else
            slot = begin(s, r);
    }
    if (slot == NULL) {
        s->events.alerts_refused++;
        return ERR_FULL;
    }
    struct alert *a = &slot->alert;
    is_news = take_words(a, r) || !*was_open;
    take_value(a, r);
    a->occurrences++;
    if (is_news || r->write_now || a->last_ms - slot->written_ms >= ALERT_REFRESH_MS)
        stage(s, slot);
    if (a->created_revision == 0)
        a->created_revision = a->revision;
    return a->number;
}

bool store_alert_settle(struct store *s, const char *instance, const char *rule, const char *tag,
                        int64_t time_ms)
{
    struct alert_slot *slot = find_key(s, instance, rule, tag);
    if (slot == NULL || !is_open(&slot->alert))
        return false;
    slot->alert.status = ALERT_RESOLVED;
    slot->alert.resolved_ms = now_ms(s);
    slot->alert.who[0] = '\0';
    if (time_ms > slot->alert.last_ms)
        slot->alert.last_ms = time_ms;
    stage(s, slot);
    return true;
}

const struct alert *store_alert_open(const struct store *s, const char *instance, const char *rule,
                                     const char *tag)
{
    const struct alert_slot *slot = find_key(s, instance, rule, tag);
    return slot != NULL && is_open(&slot->alert) ? &slot->alert : NULL;
}

int store_alert_last(struct store *s, const char *instance, const char *rule, const char *tag,
                     struct alert *out)
{
    const struct alert_slot *slot = find_key(s, instance, rule, tag);
    const struct alert_report key = {.instance = instance, .rule = rule, .tag = tag};
    if (slot == NULL)
        return alert_row_by_key(s, &key, out);
    *out = slot->alert;
    return 1;
}

const struct alert *store_alert_walk_open(const struct store *s, uint32_t *at)
{
    while (*at < s->events.alert_capacity) {
        const struct alert_slot *slot = &s->events.alerts[(*at)++];
        if (slot->is_used && is_open(&slot->alert))
            return &slot->alert;
    }
    return NULL;
}

/* --- changes by people --- */

/* *out is the alert's slot, read from disk when it is closed. */
static int find_to_change(struct store *s, const char *id, struct alert_slot **out)
{
    *out = find_id(s, id);
    if (*out != NULL)
        return (*out)->alert.deleted_ms == 0 ? ERR_OK : ERR_MISSING;
    int n = store_alert_get(s, id, s->events.alert_row);
    if (n != 1)
        return n == 0 ? ERR_MISSING : n;
    *out = take_slot(s, s->events.alert_row);
    return *out == NULL ? ERR_FULL : ERR_OK;
}

static void set_status(struct store *s, struct alert *a, enum alert_status status)
{
    a->status = status;
    if (status != ALERT_RESOLVED)
        a->resolved_ms = 0;
    if (status == ALERT_ACTIVE)
        a->acknowledged_ms = 0;
    if (status == ALERT_ACKNOWLEDGED)
        a->acknowledged_ms = now_ms(s);
    if (status == ALERT_RESOLVED)
        a->resolved_ms = now_ms(s);
}

int store_alert_change(struct store *s, const char *id, const struct alert_change *change)
{
    struct alert_slot *slot;
    if ((change->message != NULL && !fits(change->message, ALERT_MESSAGE_SIZE)) ||
        !fits(change->who, ALERT_WHO_SIZE) || change->status >= (int)ALERT_STATUS_COUNT)
        return ERR_MALFORMED;
    int err = find_to_change(s, id, &slot);
    if (err != ERR_OK)
        return err;
    struct alert *a = &slot->alert;
    bool opens = !is_open(a) && change->status >= 0 && change->status != ALERT_RESOLVED;
    if (opens && store_alert_open(s, a->instance, a->rule, a->tag) != NULL) {
        if (!slot->is_dirty)
            free_slot(&s->events, slot);
        return ERR_BUSY;
    }
    if (change->status >= 0)
        set_status(s, a, (enum alert_status)change->status);
    if (change->resolved)
        a->resolved_ms = now_ms(s);
    if (change->message != NULL)
        (void)text_copy(a->message, sizeof a->message, change->message);
    (void)text_copy(a->who, sizeof a->who, change->who);
    stage(s, slot);
    return ERR_OK;
}

int store_alert_remove(struct store *s, const char *id)
{
    struct alert_slot *slot;
    int err = find_to_change(s, id, &slot);
    if (err != ERR_OK)
        return err;
    slot->alert.deleted_ms = now_ms(s);
    stage(s, slot);
    return ERR_OK;
}

/* --- memory and disk --- */

int alerts_load(struct store *s)
{
    int n;
    while ((n = alert_row_next_open(s, s->events.alert_row)) == 1)
        if (take_slot(s, s->events.alert_row) == NULL) {
            database_reset(&s->database, SQL_ALERT_OPEN);
            plat_log(s->plat, LOG_WARN, "more alerts are open than the %u there is room for; the others close"
                     " by hand only", s->events.alert_capacity);
            return ERR_OK;
        }
    return n;
}

int alerts_write(struct store *s)
{
    const struct events *e = &s->events;
    int err = ERR_OK;
    for (uint32_t i = 0, left = e->alert_dirty_count; err == ERR_OK && left > 0; i++) {
        if (!e->alerts[i].is_dirty)
            continue;
        left--;
        err = alert_row_put(s, &e->alerts[i].alert);
    }
    return err;
}

void alerts_written(struct store *s)
{
    struct events *e = &s->events;
    for (uint32_t i = 0; e->alert_dirty_count > 0; i++) {
        struct alert_slot *slot = &e->alerts[i];
        if (!slot->is_dirty)
            continue;
        slot->is_dirty = false;
        slot->written_ms = slot->alert.last_ms;
        e->alert_dirty_count--;
        if (!is_open(&slot->alert))
            free_slot(e, slot);
    }
}
