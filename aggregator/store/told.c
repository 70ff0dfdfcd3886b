/* SPDX-License-Identifier: MIT */
/* What clients tell of instances: small facts beside the others in memory, long texts on disk. */
#include "aggregator/store/state.h"

static struct told_staged *find_staged(const struct store *s, uint32_t instance)
{
    for (uint32_t i = 0; i < s->events.told_count; i++)
        if (s->events.told[i].instance == instance)
            return &s->events.told[i];
    return NULL;
}

int store_told_get(struct store *s, uint32_t instance, struct told *out)
{
    const struct told_staged *staged = find_staged(s, instance);
    *out = (struct told){.endpoint = ""};
    if (staged != NULL) {
        *out = staged->told;
        return ERR_OK;
    }
    sqlite3_stmt *row = database_statement(&s->database, SQL_TOLD_GET);
    (void)sqlite3_bind_int64(row, 1, instance);
    int n = database_next(&s->database, SQL_TOLD_GET);
    if (n != 1)
        return n;
    const char *endpoint = (const char *)sqlite3_column_text(row, 0);
    const char *metadata = (const char *)sqlite3_column_text(row, 1);
    (void)text_copy(out->endpoint, sizeof out->endpoint, endpoint == NULL ? "" : endpoint);
    (void)text_copy(out->metadata, sizeof out->metadata, metadata == NULL ? "" : metadata);
    database_reset(&s->database, SQL_TOLD_GET);
    return ERR_OK;
}

int store_told_put(struct store *s, uint32_t instance, const struct told *told)
{
    ASSERT(instance < s->instance_count);
    struct told_staged *to = find_staged(s, instance);
    if (to == NULL && s->events.told_count == TOLD_STAGED_MAX)
        return ERR_AGAIN;
    if (to == NULL)
        to = &s->events.told[s->events.told_count++];
    *to = (struct told_staged){.instance = instance, .told = *told};
    s->instances[instance].has_told = told->endpoint[0] != '\0' || told->metadata[0] != '\0';
    tables_facts_changed(s, instance);
    return ERR_OK;
}

void store_told_status(struct store *s, uint32_t instance, const char *status, int64_t check_ms)
{
    struct instance *i = store_instance(s, instance);
    if (text_equal(i->told_status, status) && i->told_check_ms == check_ms)
        return;
    (void)text_copy(i->told_status, sizeof i->told_status, status);
    i->told_check_ms = check_ms;
    tables_facts_changed(s, instance);
}

void store_told_source(struct store *s, uint32_t instance, enum instance_source source)
{
    struct instance *i = store_instance(s, instance);
    if (i->source == source && i->deleted_ms == 0)
        return;
    i->source = source;
    i->deleted_ms = 0;
    tables_facts_changed(s, instance);
}

void store_instance_remove(struct store *s, uint32_t instance)
{
    struct instance *i = store_instance(s, instance);
    if (i->deleted_ms != 0)
        return;
    i->deleted_ms = wall_ms(plat_wall(s->plat));
    tables_facts_changed(s, instance);
}

int store_instance_next(struct store *s, uint64_t *cursor)
{
    uint64_t best = s->events.revision_committed;
    int found = ERR_MISSING;
    if (*cursor >= best)
        return ERR_MISSING;
    for (uint32_t i = 0; i < s->instance_count; i++) {
        uint64_t revision = s->instances[i].revision;
        if (revision <= *cursor || revision > best)
            continue;
        best = revision;
        found = (int)i;
    }
    *cursor = best;
    return found;
}

/* Agents ship every 10 s unless asked for more; half of that again is grace. */
#define SILENCE_MS_MAX INT64_C(35000)

/* What a client said holds until nothing has come of the instance for so long. */
#define TOLD_MS_MAX INT64_C(300000)

bool store_instance_is_told(const struct instance *in)
{
    return in->source != INSTANCE_FROM_AGENT && in->agent_version[0] == 0;
}

const char *store_instance_status(const struct instance *in, int64_t now_ms)
{
    if (store_instance_is_told(in) && in->told_status[0] != 0) {
        bool is_silent = in->last_seen_ms > 0 && now_ms - in->last_seen_ms > TOLD_MS_MAX;
        return is_silent && text_equal(in->told_status, "healthy") ? "unknown" : in->told_status;
    }
    if (in->last_seen_ms == 0)
        return "unknown";
    int64_t patience_ms = 3 * (int64_t)in->interval_ms + 5000;
    if (patience_ms < SILENCE_MS_MAX)
        patience_ms = SILENCE_MS_MAX;
    if (now_ms - in->last_seen_ms <= patience_ms)
        return "healthy";
    return in->connected ? "degraded" : "unhealthy";
}

int told_load(struct store *s)
{
    int n;
    sqlite3_stmt *row = database_statement(&s->database, SQL_TOLD_LIST);
    while ((n = database_next(&s->database, SQL_TOLD_LIST)) == 1) {
        int64_t instance = sqlite3_column_int64(row, 0);
        if (instance >= 0 && instance < s->instance_count)
            s->instances[instance].has_told = true;
    }
    return n;
}

int told_write(struct store *s)
{
    int err = ERR_OK;
    for (uint32_t i = 0; err == ERR_OK && i < s->events.told_count; i++) {
        const struct told_staged *t = &s->events.told[i];
        sqlite3_stmt *put = database_statement(&s->database, SQL_TOLD_PUT);
        (void)sqlite3_bind_int64(put, 1, t->instance);
        (void)sqlite3_bind_text(put, 2, t->told.endpoint, -1, SQLITE_STATIC);
        (void)sqlite3_bind_text(put, 3, t->told.metadata, -1, SQLITE_STATIC);
        err = database_run(&s->database, SQL_TOLD_PUT);
    }
    return err;
}
