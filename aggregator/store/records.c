/* SPDX-License-Identifier: MIT */
/* The tables of memory as rows of the database: read once at start, written by the commit that follows a
 * change. The row of an instance has its index as id. */
#include "aggregator/store/state.h"
#include "platform/base/bytes.h"

/* --- reading --- */

static uint32_t take_u32(sqlite3_stmt *row, int column)
{
    return (uint32_t)sqlite3_column_int64(row, column);
}

static void take_instance(struct store *s, sqlite3_stmt *row)
{
    char id[INSTANCE_ID_SIZE];
    database_take_text(row, 1, id, sizeof id);
    struct instance *i = &s->instances[tables_add_instance(s, id)];
    database_take_text(row, 2, i->name, sizeof i->name);
    database_take_text(row, 3, i->type, sizeof i->type);
    database_take_text(row, 4, i->region, sizeof i->region);
    database_take_text(row, 5, i->provider, sizeof i->provider);
    database_take_text(row, 6, i->os, sizeof i->os);
    database_take_text(row, 7, i->kernel, sizeof i->kernel);
    database_take_text(row, 8, i->architecture, sizeof i->architecture);
    database_take_text(row, 9, i->agent_version, sizeof i->agent_version);
    database_take_text(row, 10, i->address, sizeof i->address);
    i->cpu_count = take_u32(row, 11);
    i->interval_ms = take_u32(row, 12);
    i->memory_bytes = (uint64_t)sqlite3_column_int64(row, 13);
    i->created_ms = sqlite3_column_int64(row, 14);
    i->updated_ms = sqlite3_column_int64(row, 15);
    struct instance_state *st = &s->states[s->instance_count - 1];
    uint32_t source = take_u32(row, 17);
    i->source = source < INSTANCE_FROM_COUNT ? (enum instance_source)source : INSTANCE_FROM_AGENT;
    database_take_text(row, 18, i->told_status, sizeof i->told_status);
    i->told_check_ms = sqlite3_column_int64(row, 19);
    i->deleted_ms = sqlite3_column_int64(row, 20);
    i->revision = (uint64_t)sqlite3_column_int64(row, 21);
    i->created_revision = (uint64_t)sqlite3_column_int64(row, 22);
    st->live.is_open = sqlite3_column_type(row, 16) != SQLITE_NULL;
    st->live.epoch = (uint64_t)sqlite3_column_int64(row, 16);
}

static int damaged(struct text *why, const char *table)
{
    text_printf(why, "nephos.db is damaged (table %s): restore it from a backup, or move it away",
                table);
    return ERR_MALFORMED;
}

static int load_instances(struct store *s, struct text *why)
{
    sqlite3_stmt *row = database_statement(&s->database, SQL_INSTANCE_LIST);
    int n;
    while ((n = database_next(&s->database, SQL_INSTANCE_LIST)) == 1) {
        bool fits = s->instance_count < s->limits.instances_max;
        bool good = sqlite3_column_int64(row, 0) == s->instance_count;
        if (fits && good) {
            take_instance(s, row);
            continue;
        }
        database_reset(&s->database, SQL_INSTANCE_LIST);
        if (!good)
            return damaged(why, "instance");
        text_printf(why, "nephos.db holds more than %u instances: raise the configured maximum",
                    s->limits.instances_max);
        return ERR_FULL;
    }
    return n;
}

static int load_metrics(struct store *s, struct text *why)
{
    sqlite3_stmt *row = database_statement(&s->database, SQL_METRIC_LIST);
    int n;
    while ((n = database_next(&s->database, SQL_METRIC_LIST)) == 1) {
        struct store_metric m = {.scale = take_u32(row, 3),
                                 .kind = take_u32(row, 4) == METRIC_COUNTER ? METRIC_COUNTER
                                                                            : METRIC_GAUGE};
        database_take_text(row, 1, m.name, sizeof m.name);
        database_take_text(row, 2, m.unit, sizeof m.unit);
        if (sqlite3_column_int64(row, 0) != s->metric_count || s->metric_count == STORE_METRICS_MAX ||
            m.scale == 0) {
            database_reset(&s->database, SQL_METRIC_LIST);
            return damaged(why, "metric");
        }
        s->metrics[s->metric_count++] = m;
    }
    s->metrics_on_disk = s->metric_count;
    memory_use(s->lines[LINE_METRICS], s->metric_count);
    return n;
}

static int load_series(struct store *s, struct text *why)
{
    sqlite3_stmt *row = database_statement(&s->database, SQL_SERIES_LIST);
    int n;
    while ((n = database_next(&s->database, SQL_SERIES_LIST)) == 1) {
        uint32_t instance = take_u32(row, 0), index = take_u32(row, 1), metric = take_u32(row, 2);
        bool good = instance < s->instance_count && metric < s->metric_count &&
                    index == s->states[instance].series_count;
        if (good && index < s->limits.series_per_instance_max) {
            struct store_series *series = &series_of(s, instance)[index];
            series->metric_index = metric;
            database_take_text(row, 3, series->tag, sizeof series->tag);
            s->states[instance].series_on_disk = ++s->states[instance].series_count;
            continue;
        }
        database_reset(&s->database, SQL_SERIES_LIST);
        if (!good)
            return damaged(why, "series");
        text_printf(why, "an instance in nephos.db has more than %u series: raise the configured"
                    " maximum", s->limits.series_per_instance_max);
        return ERR_FULL;
    }
    return n;
}

int records_load(struct store *s, struct text *why)
{
    int err = load_instances(s, why);
    if (err == ERR_OK)
        err = load_metrics(s, why);
    if (err == ERR_OK)
        err = load_series(s, why);
    if (err == ERR_OK)
        err = access_load(s);
    for (uint32_t i = 0; err == ERR_OK && i < s->instance_count; i++) {
        if (!s->states[i].live.is_open)
            continue;
        err = epoch_load(s, i, s->states[i].live.epoch);
        if (err == ERR_MISSING || err == ERR_MALFORMED)
            err = damaged(why, "epoch");
    }
    if (err != ERR_OK && why->length == 0)
        text_printf(why, "nephos.db cannot be read: %s", sqlite3_errmsg(s->database.handle));
    return err;
}

/* --- writing --- */

static int write_instance(struct store *s, uint32_t index)
{
    const struct instance *i = &s->instances[index];
    const struct instance_state *st = &s->states[index];
    sqlite3_stmt *put = database_statement(&s->database, SQL_INSTANCE_PUT);
    (void)sqlite3_bind_int64(put, 1, index);
    database_bind_text(put, 2, i->id);
    database_bind_text(put, 3, i->name);
    database_bind_text(put, 4, i->type);
    database_bind_text(put, 5, i->region);
    database_bind_text(put, 6, i->provider);
    database_bind_text(put, 7, i->os);
    database_bind_text(put, 8, i->kernel);
    database_bind_text(put, 9, i->architecture);
    database_bind_text(put, 10, i->agent_version);
    database_bind_text(put, 11, i->address);
    (void)sqlite3_bind_int64(put, 12, i->cpu_count);
    (void)sqlite3_bind_int64(put, 13, i->interval_ms);
    (void)sqlite3_bind_int64(put, 14, (int64_t)i->memory_bytes);
    (void)sqlite3_bind_int64(put, 15, i->created_ms);
    (void)sqlite3_bind_int64(put, 16, i->updated_ms);
    if (st->live.is_open)
        (void)sqlite3_bind_int64(put, 17, (int64_t)st->live.epoch);
    (void)sqlite3_bind_int64(put, 18, i->source);
    database_bind_text(put, 19, i->told_status);
    (void)sqlite3_bind_int64(put, 20, i->told_check_ms);
    (void)sqlite3_bind_int64(put, 21, i->deleted_ms);
    (void)sqlite3_bind_int64(put, 22, (int64_t)i->revision);
    (void)sqlite3_bind_int64(put, 23, (int64_t)i->created_revision);
    return database_run(&s->database, SQL_INSTANCE_PUT);
}

static int write_series(struct store *s, uint32_t instance, uint32_t index)
{
    const struct store_series *series = &series_of(s, instance)[index];
    sqlite3_stmt *put = database_statement(&s->database, SQL_SERIES_PUT);
    (void)sqlite3_bind_int64(put, 1, instance);
    (void)sqlite3_bind_int64(put, 2, index);
    (void)sqlite3_bind_int64(put, 3, series->metric_index);
    database_bind_text(put, 4, series->tag);
    return database_run(&s->database, SQL_SERIES_PUT);
}

static int write_dictionary(struct store *s, uint32_t instance, const struct stream *m)
{
    uint8_t bytes[SLOTS_MAX * 2];
    if (m == NULL || !m->dictionary_changed)
        return ERR_OK;
    for (uint32_t i = 0; i < m->slot_count; i++)
        put_u16(bytes + 2 * (size_t)i, m->series_of_slot[i]);
    sqlite3_stmt *put = database_statement(&s->database, SQL_EPOCH_PUT);
    (void)sqlite3_bind_int64(put, 1, instance);
    (void)sqlite3_bind_int64(put, 2, (int64_t)m->epoch);
    (void)sqlite3_bind_blob(put, 3, bytes, m->slot_count * 2, SQLITE_STATIC);
    return database_run(&s->database, SQL_EPOCH_PUT);
}

static int write_metric(struct store *s, uint32_t index)
{
    const struct store_metric *m = &s->metrics[index];
    sqlite3_stmt *put = database_statement(&s->database, SQL_METRIC_PUT);
    (void)sqlite3_bind_int64(put, 1, index);
    database_bind_text(put, 2, m->name);
    database_bind_text(put, 3, m->unit);
    (void)sqlite3_bind_int64(put, 4, m->scale);
    (void)sqlite3_bind_int64(put, 5, m->kind);
    return database_run(&s->database, SQL_METRIC_PUT);
}

static int write_token(struct store *s, const struct token_use *use)
{
    sqlite3_stmt *put = database_statement(&s->database, SQL_TOKEN_PUT);
    (void)sqlite3_bind_blob(put, 1, use->token, (int)sizeof use->token, SQLITE_STATIC);
    (void)sqlite3_bind_blob(put, 2, use->holder, (int)sizeof use->holder, SQLITE_STATIC);
    return database_run(&s->database, SQL_TOKEN_PUT);
}

static int write_changed(struct store *s, uint32_t instance)
{
    const struct instance_state *st = &s->states[instance];
    int err = st->facts_changed ? write_instance(s, instance) : ERR_OK;
    if (err == ERR_OK && st->revocation_changed)
        err = access_write_revocation(s, instance);
    for (uint32_t i = st->series_on_disk; err == ERR_OK && i < st->series_count; i++)
        err = write_series(s, instance, i);
    if (err == ERR_OK)
        err = write_dictionary(s, instance, &st->live);
    return err == ERR_OK ? write_dictionary(s, instance, stream_of(s, instance, STREAM_HISTORY)) : err;
}

int records_write(struct store *s)
{
    int err = ERR_OK;
    for (uint32_t i = s->metrics_on_disk; err == ERR_OK && i < s->metric_count; i++)
        err = write_metric(s, i);
    for (uint32_t i = 0; err == ERR_OK && i < s->changed_count; i++)
        err = write_changed(s, s->changed[i]);
    for (uint32_t i = 0; err == ERR_OK && i < s->token_count; i++)
        err = write_token(s, &s->tokens[i]);
    if (err == ERR_OK)
        err = events_write(s);
    if (err == ERR_OK)
        err = outbox_write(s);
    if (err == ERR_OK)
        err = outlet_write(s);
    return err == ERR_OK ? access_write(s) : err;
}

void records_written(struct store *s)
{
    s->metrics_on_disk = s->metric_count;
    for (uint32_t i = 0; i < s->changed_count; i++) {
        struct instance_state *st = &s->states[s->changed[i]];
        struct stream *history = stream_of(s, s->changed[i], STREAM_HISTORY);
        st->facts_changed = st->revocation_changed = false;
        st->live.dictionary_changed = false;
        if (history != NULL)
            history->dictionary_changed = false;
        st->in_changed_list = false;
        st->series_on_disk = st->series_count;
        epoch_committed(s, s->changed[i]);
    }
    s->changed_count = 0;
    s->token_count = 0;
    events_written(s);
    access_written(s);
    outbox_written(s);
    outlet_written(s);
}
