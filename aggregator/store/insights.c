/* SPDX-License-Identifier: MIT */
/* Insights: a bounded number staged, the others on disk. */
#include "aggregator/store/state.h"

#define I64(name) {COLUMN_I64, offsetof(struct insight, name), 0, 0, 0}
#define U32(name) {COLUMN_U32, offsetof(struct insight, name), 0, 0, 0}
#define TEXT(name) {COLUMN_TEXT, offsetof(struct insight, name), sizeof(((struct insight *)NULL)->name), 0, 0}
#define LIST(name, size, count, max) \
    {COLUMN_LIST, offsetof(struct insight, name), size, offsetof(struct insight, count), max}

const char *const insight_type_names[INSIGHT_TYPE_COUNT] = {
    [INSIGHT_PATTERN] = "pattern", [INSIGHT_ANOMALY] = "anomaly", [INSIGHT_PREDICTION] = "prediction",
};
const char *const insight_severity_names[INSIGHT_SEVERITY_COUNT] = {
    [INSIGHT_LOW] = "low", [INSIGHT_MEDIUM] = "medium", [INSIGHT_HIGH] = "high",
};

/* In the order of the table (schema_events.h). */
static const struct row_column columns[] = {
    I64(number), I64(revision), I64(created_revision), TEXT(id), TEXT(key), U32(type), U32(severity),
    TEXT(title), TEXT(description), TEXT(recommendations),
    LIST(instances, INSTANCE_ID_SIZE, instance_count, INSIGHT_INSTANCES_MAX),
    LIST(metrics, METRIC_SIZE, metric_count, INSIGHT_METRICS_MAX), U32(confidence_permille),
    I64(created_ms), I64(expires_ms), TEXT(metadata), I64(dismissed_ms),
};
static_assert(COUNT_OF(columns) == 17, "as many as the table has");
static_assert(INSIGHT_INSTANCES_MAX * INSTANCE_ID_SIZE + INSIGHT_METRICS_MAX * METRIC_SIZE <= ROW_LISTS_SIZE,
              "both lists fit");

/* How long one of that type is good for. */
static int64_t life_ms(enum insight_type type)
{
    static const int days[INSIGHT_TYPE_COUNT] = {
        [INSIGHT_PATTERN] = 7, [INSIGHT_ANOMALY] = 1, [INSIGHT_PREDICTION] = 2};
    return days[type] * INT64_C(86400) * MS_PER_S;
}

static int64_t now_ms(const struct store *s)
{
    return wall_ms(plat_wall(s->plat));
}

static void take(sqlite3_stmt *row, struct insight *out)
{
    *out = (struct insight){.number = 0};
    row_take(row, out, columns, COUNT_OF(columns));
    if ((uint32_t)out->type >= INSIGHT_TYPE_COUNT)
        out->type = INSIGHT_PATTERN;
    if ((uint32_t)out->severity >= INSIGHT_SEVERITY_COUNT)
        out->severity = INSIGHT_HIGH;
}

static int take_one(struct store *s, enum statement which, struct insight *out)
{
    int n = database_next(&s->database, which);
    if (n != 1)
        return n;
    take(database_statement(&s->database, which), out);
    database_reset(&s->database, which);
    return 1;
}

/* The staged one of that key that has not ended, or NULL. */
static struct insight *find_staged(struct store *s, const char *key)
{
    for (uint32_t i = 0; i < s->events.insight_count; i++) {
        struct insight *staged = &s->events.insights[i];
        if (text_equal(staged->key, key) && staged->expires_ms > now_ms(s))
            return staged;
    }
    return NULL;
}

/* The insight of that key as it was put last: 1, 0 or a storage error. */
static int find(struct store *s, const char *key, struct insight **staged, struct insight *stored)
{
    *staged = key[0] == '\0' ? NULL : find_staged(s, key);
    if (*staged != NULL || key[0] == '\0')
        return *staged != NULL;
    for (uint32_t i = 0; i < s->events.insight_count; i++)
        if (text_equal(s->events.insights[i].key, key))
            return 0; /* ended, and that is not on disk yet */
    sqlite3_stmt *get = database_statement(&s->database, SQL_INSIGHT_BY_KEY);
    (void)sqlite3_bind_text(get, 1, key, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(get, 2, now_ms(s));
    return take_one(s, SQL_INSIGHT_BY_KEY, stored);
}

static struct insight *stage_place(struct store *s)
{
    if (s->events.insight_count == INSIGHTS_STAGED_MAX)
        (void)store_commit(s);
    if (s->events.insight_count == INSIGHTS_STAGED_MAX)
        return NULL;
    return &s->events.insights[s->events.insight_count++];
}

int store_insight_put(struct store *s, const struct insight *insight)
{
    struct insight *staged, *stored = s->events.insight_row;
    if (insight->title[0] == '\0' || insight->instance_count > INSIGHT_INSTANCES_MAX ||
        insight->metric_count > INSIGHT_METRICS_MAX || (uint32_t)insight->type >= INSIGHT_TYPE_COUNT ||
        (uint32_t)insight->severity >= INSIGHT_SEVERITY_COUNT || insight->confidence_permille > 1000)
        return ERR_MALFORMED;
    int known = find(s, insight->key, &staged, stored);
    if (known < 0)
        return known;
    if (staged != NULL)
        *stored = *staged;
    struct insight *to = staged != NULL ? staged : stage_place(s);
    if (to == NULL)
        return ERR_FULL;
    *to = *insight;
    to->revision = events_revision(s);
    if (known == 1) {
        to->number = stored->number;
        to->created_ms = stored->created_ms;
        to->created_revision = stored->created_revision;
        to->dismissed_ms = stored->dismissed_ms;
        (void)text_copy(to->id, sizeof to->id, stored->id);
    } else {
        to->number = s->events.insight_next++;
        to->created_ms = now_ms(s);
        to->created_revision = to->revision;
        store_new_id(s, to->id);
    }
    if (to->expires_ms == 0)
        to->expires_ms = now_ms(s) + life_ms(to->type);
    return ERR_OK;
}

/* What was found, staged with a new revision, or NULL when there is no room. */
static struct insight *stage_change(struct store *s, struct insight *staged, const struct insight *stored)
{
    struct insight *to = staged != NULL ? staged : stage_place(s);
    if (to == NULL)
        return NULL;
    if (staged == NULL)
        *to = *stored;
    to->revision = events_revision(s);
    return to;
}

int store_insight_end(struct store *s, const char *key)
{
    struct insight *staged, *stored = s->events.insight_row;
    int known = find(s, key, &staged, stored);
    if (known != 1)
        return known == 0 ? ERR_MISSING : known;
    struct insight *to = stage_change(s, staged, stored);
    if (to == NULL)
        return ERR_FULL;
    to->expires_ms = now_ms(s);
    return ERR_OK;
}

/* The insight of that id as it was put last, if it has not ended: 1, 0 or a storage error. */
static int find_id(struct store *s, const char *id, struct insight **staged, struct insight *stored)
{
    *staged = NULL;
    for (uint32_t i = 0; i < s->events.insight_count; i++)
        if (text_equal(s->events.insights[i].id, id))
            *staged = &s->events.insights[i];
    if (*staged != NULL)
        return (*staged)->expires_ms > now_ms(s);
    sqlite3_stmt *get = database_statement(&s->database, SQL_INSIGHT_BY_ID);
    (void)sqlite3_bind_text(get, 1, id, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(get, 2, now_ms(s));
    return take_one(s, SQL_INSIGHT_BY_ID, stored);
}

int store_insight_get(struct store *s, const char *id, struct insight *out)
{
    struct insight *staged;
    int known = find_id(s, id, &staged, out);
    if (known == 1 && staged != NULL)
        *out = *staged;
    return known;
}

int store_insight_dismiss(struct store *s, const char *id)
{
    struct insight *staged, *stored = s->events.insight_row;
    int known = find_id(s, id, &staged, stored);
    if (known != 1)
        return known == 0 ? ERR_MISSING : known;
    if ((staged != NULL ? staged : stored)->dismissed_ms != 0)
        return ERR_OK;
    struct insight *to = stage_change(s, staged, stored);
    if (to == NULL)
        return ERR_FULL;
    to->dismissed_ms = now_ms(s);
    return ERR_OK;
}

int store_insight_list(struct store *s, const struct insight_filter *filter, struct insight *out,
                       uint32_t max)
{
    sqlite3_stmt *list = database_statement(&s->database, SQL_INSIGHT_LIST);
    (void)sqlite3_bind_int64(list, 1, now_ms(s));
    (void)sqlite3_bind_int64(list, 2, filter->type);
    (void)sqlite3_bind_int64(list, 3, filter->severity);
    (void)sqlite3_bind_text(list, 4, filter->instance, -1, SQLITE_STATIC);
    (void)sqlite3_bind_int64(list, 5, filter->created_from_ms);
    (void)sqlite3_bind_int64(list, 6, filter->before_ms);
    (void)sqlite3_bind_int64(list, 7, filter->before);
    (void)sqlite3_bind_int64(list, 8, max);
    uint32_t count = 0;
    int n = 0;
    while (count < max && (n = database_next(&s->database, SQL_INSIGHT_LIST)) == 1)
        take(list, &out[count++]);
    database_reset(&s->database, SQL_INSIGHT_LIST);
    return n < 0 ? n : (int)count;
}

int store_insight_counts(struct store *s, uint32_t counts[INSIGHT_TYPE_COUNT][INSIGHT_SEVERITY_COUNT])
{
    sqlite3_stmt *row = database_statement(&s->database, SQL_INSIGHT_COUNTS);
    for (uint32_t t = 0; t < INSIGHT_TYPE_COUNT; t++)
        for (uint32_t v = 0; v < INSIGHT_SEVERITY_COUNT; v++)
            counts[t][v] = 0;
    (void)sqlite3_bind_int64(row, 1, now_ms(s));
    int n;
    while ((n = database_next(&s->database, SQL_INSIGHT_COUNTS)) == 1) {
        int64_t type = sqlite3_column_int64(row, 0), severity = sqlite3_column_int64(row, 1);
        if (type >= 0 && type < (int)INSIGHT_TYPE_COUNT && severity >= 0 &&
            severity < (int)INSIGHT_SEVERITY_COUNT)
            counts[type][severity] = (uint32_t)sqlite3_column_int64(row, 2);
    }
    return n;
}

int store_insight_next(struct store *s, uint64_t *cursor, struct insight *out)
{
    if (*cursor >= s->events.revision_committed)
        return 0;
    (void)sqlite3_bind_int64(database_statement(&s->database, SQL_INSIGHT_NEXT), 1, (int64_t)*cursor);
    int n = take_one(s, SQL_INSIGHT_NEXT, out);
    if (n >= 0)
        *cursor = n == 1 ? out->revision : s->events.revision_committed;
    return n;
}

int insights_write(struct store *s)
{
    char lists[ROW_LISTS_SIZE];
    int err = ERR_OK;
    for (uint32_t i = 0; err == ERR_OK && i < s->events.insight_count; i++) {
        row_bind(database_statement(&s->database, SQL_INSIGHT_PUT), &s->events.insights[i], columns,
                 COUNT_OF(columns), lists);
        err = database_run(&s->database, SQL_INSIGHT_PUT);
    }
    return err;
}
