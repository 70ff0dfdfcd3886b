/* SPDX-License-Identifier: MIT */
/* Instances, metrics, series and the uses of tokens: in memory as a whole, on disk since the commit that
 * followed a change. */
#include <string.h>

#include "aggregator/store/state.h"

/* --- what is staged --- */

static void stage(struct store *s, enum haste haste)
{
    if (s->staged_since.ns == MONO_NEVER.ns)
        s->staged_since = plat_mono(s->plat);
    s->haste = haste > s->haste ? haste : s->haste;
    s->has_new = true;
}

void tables_staged(struct store *s)
{
    stage(s, HASTE_SOON);
}

void tables_changed(struct store *s, uint32_t instance)
{
    tables_staged(s);
    tables_sampled(s, instance);
}

void tables_sampled(struct store *s, uint32_t instance)
{
    stage(s, HASTE_NONE);
    if (s->states[instance].in_changed_list)
        return;
    s->states[instance].in_changed_list = true;
    s->changed[s->changed_count++] = instance;
}

void tables_facts_changed(struct store *s, uint32_t instance)
{
    s->states[instance].facts_changed = true;
    s->instances[instance].revision = events_revision(s);
    tables_changed(s, instance);
}

/* --- instances --- */

/* FNV-1a (Fowler, Noll, Vo). */
static uint32_t hash_of(const char *id)
{
    uint32_t h = 2166136261U;
    for (; *id != '\0'; id++)
        h = (h ^ (uint8_t)*id) * 16777619U;
    return h;
}

/* The slot of the hash table that holds the id, or the free one where it belongs. */
static uint32_t *hash_slot(const struct store *s, const char *id)
{
    uint32_t at = hash_of(id) & s->instance_hash_mask;
    while (s->instance_hash[at] != 0 && !text_equal(s->instances[s->instance_hash[at] - 1].id, id))
        at = (at + 1) & s->instance_hash_mask;
    return &s->instance_hash[at];
}

uint32_t store_instance_count(const struct store *s)
{
    return s->instance_count;
}

struct instance *store_instance(struct store *s, uint32_t index)
{
    ASSERT(index < s->instance_count);
    return &s->instances[index];
}

int store_instance_find(const struct store *s, const char *id)
{
    uint32_t found = *hash_slot(s, id);
    return found == 0 ? ERR_MISSING : (int)(found - 1);
}

uint32_t tables_add_instance(struct store *s, const char *id)
{
    uint32_t index = s->instance_count++;
    struct instance *i = &s->instances[index];
    *i = (struct instance){.created_ms = 0};
    (void)text_copy(i->id, sizeof i->id, id);
    s->states[index] = (struct instance_state){.history = HISTORY_NONE};
    s->states[index].live.series_of_slot = s->series_of_slot + (size_t)index * SLOTS_MAX;
    journal_list_init(&s->states[index].pending);
    *hash_slot(s, id) = index + 1;
    memory_use(s->lines[LINE_INSTANCES], s->instance_count);
    return index;
}

static bool take_text(char *to, const char *from, uint32_t size)
{
    if (text_equal(to, from))
        return false;
    (void)text_copy(to, size, from);
    return true;
}

static bool take_facts(struct instance *i, const struct instance *facts)
{
    bool changed = i->cpu_count != facts->cpu_count || i->interval_ms != facts->interval_ms ||
                   i->memory_bytes != facts->memory_bytes;
    i->cpu_count = facts->cpu_count;
    i->interval_ms = facts->interval_ms;
    i->memory_bytes = facts->memory_bytes;
    changed = take_text(i->name, facts->name, sizeof i->name) || changed;
    changed = take_text(i->type, facts->type, FACT_SIZE) || changed;
    changed = take_text(i->region, facts->region, FACT_SIZE) || changed;
    changed = take_text(i->provider, facts->provider, FACT_SIZE) || changed;
    changed = take_text(i->os, facts->os, FACT_SIZE) || changed;
    changed = take_text(i->kernel, facts->kernel, FACT_SIZE) || changed;
    changed = take_text(i->architecture, facts->architecture, FACT_SIZE) || changed;
    changed = take_text(i->agent_version, facts->agent_version, FACT_SIZE) || changed;
    return take_text(i->address, facts->address, FACT_SIZE) || changed;
}

/* Takes the id out of the index; those behind it move up. */
static void unhash(struct store *s, const char *id)
{
    uint32_t hole = (uint32_t)(hash_slot(s, id) - s->instance_hash);
    s->instance_hash[hole] = 0;
    for (uint32_t at = (hole + 1) & s->instance_hash_mask; s->instance_hash[at] != 0;
         at = (at + 1) & s->instance_hash_mask) {
        uint32_t entry = s->instance_hash[at];
        s->instance_hash[at] = 0;
        *hash_slot(s, s->instances[entry - 1].id) = entry;
    }
}

int store_instance_rename(struct store *s, uint32_t instance, const char *id)
{
    ASSERT(instance < s->instance_count);
    if (store_instance_find(s, id) >= 0)
        return ERR_BUSY;
    unhash(s, s->instances[instance].id);
    (void)text_copy(s->instances[instance].id, INSTANCE_ID_SIZE, id);
    *hash_slot(s, id) = instance + 1;
    tables_facts_changed(s, instance);
    return ERR_OK;
}

/* The place of an instance that was deleted and never had a series, for a newcomer. */
static int take_deleted_place(struct store *s, const char *id)
{
    for (uint32_t i = 0; i < s->instance_count; i++) {
        const struct instance_state *st = &s->states[i];
        const struct told nothing = {.endpoint = ""};
        if (s->instances[i].deleted_ms == 0 || st->series_count > 0 || st->live.is_open ||
            st->history != HISTORY_NONE || st->pending.count > 0 ||
            store_told_put(s, i, &nothing) != ERR_OK || store_instance_rename(s, i, id) != ERR_OK)
            continue;
        s->instances[i] = (struct instance){.created_ms = 0};
        (void)text_copy(s->instances[i].id, INSTANCE_ID_SIZE, id);
        return (int)i;
    }
    return ERR_FULL;
}

int store_instance_put(struct store *s, const struct instance *facts)
{
    int64_t now_ms = wall_ms(plat_wall(s->plat));
    int found = store_instance_find(s, facts->id);
    bool is_new = found < 0;
    if (is_new && s->instance_count == s->limits.instances_max)
        found = take_deleted_place(s, facts->id);
    else if (is_new)
        found = (int)tables_add_instance(s, facts->id);
    if (found < 0)
        return found;
    uint32_t index = (uint32_t)found;
    struct instance *i = &s->instances[index];
    if (is_new)
        i->created_ms = now_ms;
    bool was_deleted = i->deleted_ms != 0;
    i->deleted_ms = 0;
    if (take_facts(i, facts) || is_new || was_deleted) {
        i->updated_ms = now_ms;
        tables_facts_changed(s, index);
    }
    if (is_new)
        i->created_revision = i->revision;
    return (int)index;
}

/* --- metrics and series --- */

uint32_t store_series_count(const struct store *s, uint32_t instance)
{
    return s->states[instance].series_count;
}

const struct store_series *store_series(const struct store *s, uint32_t instance, uint32_t index)
{
    ASSERT(index < s->states[instance].series_count);
    return &series_of(s, instance)[index];
}

const struct store_metric *store_metric(const struct store *s, uint32_t metric_index)
{
    ASSERT(metric_index < s->metric_count);
    return &s->metrics[metric_index];
}

static int add_metric(struct store *s, const struct store_series_facts *facts)
{
    struct store_metric m = {.scale = facts->scale, .kind = facts->kind};
    if (s->metric_count == STORE_METRICS_MAX)
        return ERR_FULL;
    if (facts->metric[0] == '\0' || facts->scale == 0 ||
        !text_copy(m.name, sizeof m.name, facts->metric) ||
        !text_copy(m.unit, sizeof m.unit, facts->unit))
        return ERR_MALFORMED;
    s->metrics[s->metric_count] = m;
    memory_use(s->lines[LINE_METRICS], s->metric_count + 1);
    return (int)s->metric_count++;
}

/* A name that comes with another scale, unit or kind is another metric: no odd agent can change what the
 * numbers of the others mean. */
static int find_or_add_metric(struct store *s, const struct store_series_facts *facts)
{
    for (uint32_t i = 0; i < s->metric_count; i++) {
        const struct store_metric *m = &s->metrics[i];
        if (m->scale == facts->scale && m->kind == facts->kind && text_equal(m->name, facts->metric) &&
            text_equal(m->unit, facts->unit))
            return (int)i;
    }
    return add_metric(s, facts);
}

static int find_or_add_series(struct store *s, uint32_t instance, uint32_t metric, const char *tag)
{
    struct instance_state *st = &s->states[instance];
    struct store_series *series = series_of(s, instance);
    for (uint32_t i = 0; i < st->series_count; i++)
        if (series[i].metric_index == metric && text_equal(series[i].tag, tag))
            return (int)i;
    if (st->series_count == s->limits.series_per_instance_max)
        return ERR_FULL;
    struct store_series *new = &series[st->series_count];
    *new = (struct store_series){.metric_index = metric};
    if (!text_copy(new->tag, sizeof new->tag, tag))
        return ERR_MALFORMED;
    newest_of(s, instance)[st->series_count] = (struct newest_value){.ms = 0};
    return st->series_count++;
}

uint32_t store_dictionary_count(const struct store *s, uint32_t instance, enum store_stream stream)
{
    const struct stream *m = stream_of(s, instance, stream);
    return m == NULL ? 0 : m->slot_count;
}

int store_series_put(struct store *s, uint32_t instance, const struct store_series_facts *facts)
{
    ASSERT(instance < s->instance_count);
    int metric = find_or_add_metric(s, facts);
    int series = metric < 0 ? metric : find_or_add_series(s, instance, (uint32_t)metric, facts->tag);
    s->instances[instance].series_refused += series == ERR_FULL;
    if (series >= 0)
        tables_changed(s, instance);
    return series;
}

int store_dictionary_add(struct store *s, uint32_t instance, enum store_stream stream,
                         const struct store_series_facts *facts)
{
    ASSERT(instance < s->instance_count);
    struct stream *m = stream_of(s, instance, stream);
    if (m == NULL || !m->is_open)
        return ERR_MALFORMED;
    if (m->slot_count == SLOTS_MAX)
        return ERR_MALFORMED;
    int metric = find_or_add_metric(s, facts);
    int series = metric < 0 ? metric : find_or_add_series(s, instance, (uint32_t)metric, facts->tag);
    if (series < 0 && series != ERR_FULL)
        return series;
    for (uint32_t i = 0; i < m->slot_count && series >= 0; i++)
        if (m->series_of_slot[i] == series)
            return ERR_MALFORMED;
    /* One that finds no room keeps its slot, without values: the others must not suffer. */
    m->series_of_slot[m->slot_count++] = series < 0 ? SERIES_NONE : (uint16_t)series;
    m->dictionary_changed = true;
    s->instances[instance].series_refused += series < 0;
    tables_changed(s, instance);
    return series < 0 ? ERR_FULL : m->slot_count - 1;
}

/* --- tokens --- */

/* Uses on disk, and whether one of them is the holder's. ERR_OK or an error. */
static int uses_on_disk(struct store *s, const struct token_use *use, int64_t *count, bool *is_known)
{
    sqlite3_stmt *get = database_statement(&s->database, SQL_TOKEN_GET);
    (void)sqlite3_bind_blob(get, 1, use->token, (int)sizeof use->token, SQLITE_STATIC);
    (void)sqlite3_bind_blob(get, 2, use->holder, (int)sizeof use->holder, SQLITE_STATIC);
    int n = database_next(&s->database, SQL_TOKEN_GET);
    if (n < 0)
        return n;
    *count = sqlite3_column_int64(get, 0);
    *is_known = sqlite3_column_int64(get, 1) != 0;
    database_reset(&s->database, SQL_TOKEN_GET);
    return ERR_OK;
}

int store_token_use(struct store *s, const uint8_t token[static 8], const uint8_t holder[static 32],
                    uint32_t uses_max)
{
    struct token_use use;
    memcpy(use.token, token, sizeof use.token);
    memcpy(use.holder, holder, sizeof use.holder);
    if (s->token_count == TOKEN_USES_STAGED_MAX && store_commit(s) != ERR_OK)
        return ERR_AGAIN;
    int64_t count = 0;
    bool is_known = false;
    int err = uses_on_disk(s, &use, &count, &is_known);
    if (err != ERR_OK)
        return err;
    for (uint32_t i = 0; i < s->token_count; i++) {
        if (memcmp(s->tokens[i].token, use.token, sizeof use.token) != 0)
            continue;
        count++;
        is_known |= memcmp(s->tokens[i].holder, use.holder, sizeof use.holder) == 0;
    }
    if (is_known)
        return ERR_OK;
    if (count >= uses_max)
        return ERR_FULL;
    s->tokens[s->token_count++] = use;
    tables_staged(s);
    return ERR_OK;
}
