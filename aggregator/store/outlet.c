/* SPDX-License-Identifier: MIT */
/* Destinations of metrics as rows: cursors and counts, pages of watermarks, late ranges. outlet_late.c has
 * the arithmetic of ranges. */
#include "aggregator/store/outlet_late.h"

#include <string.h>

#include "aggregator/store/state.h"
#include "platform/base/bytes.h"

static uint32_t words_for(const struct store *s)
{
    return (s->limits.instances_max + 63) / 64;
}

void outlet_reserve(struct store *s, struct memory_map *map)
{
    struct outlets o = {.words = words_for(s)};
    o.rows = memory_reserve(map, "store: outlets", OUTLET_MAX, sizeof *o.rows,
                            "the configuration is refused");
    o.line = memory_last_line(map);
    struct outlet_place *places =
        memory_reserve(map, "store: outlets, watermarks", (uint64_t)OUTLET_MAX * s->limits.instances_max,
                       sizeof *places, "as instances");
    o.pages_dirty = memory_reserve(map, "store: outlets, changed", 2ULL * OUTLET_MAX * o.words,
                                   sizeof *o.pages_dirty, "as instances");
    o.aliases = memory_reserve(map, "store: outlets, names", OUTLET_ALIASES_STAGED, sizeof *o.aliases,
                               "they wait for the next commit");
    if (o.rows == NULL)
        return;
    o.late_dirty = o.pages_dirty + (size_t)OUTLET_MAX * o.words;
    for (uint32_t i = 0; i < OUTLET_MAX; i++)
        o.rows[i].places = places + (size_t)i * s->limits.instances_max;
    s->outlets = o;
}

/* --- reading --- */

/* 1 and the row in *o, 0 when there is none, or a storage error. */
static int load_row(struct store *s, const char *name, struct outlet *o)
{
    sqlite3_stmt *row = database_statement(&s->database, SQL_OUTLET_GET);
    (void)sqlite3_bind_text(row, 1, name, -1, SQLITE_STATIC);
    int n = database_next(&s->database, SQL_OUTLET_GET);
    if (n != 1)
        return n;
    o->id = sqlite3_column_int64(row, 0);
    o->start_ms = sqlite3_column_int64(row, 1);
    for (int i = 0; i < (int)OUTLET_FEED_COUNT; i++)
        o->cursors[i] = (uint64_t)sqlite3_column_int64(row, 2 + i);
    o->replay_ms = sqlite3_column_int64(row, 5);
    o->replay_until = (uint64_t)sqlite3_column_int64(row, 6);
    o->points = (uint64_t)sqlite3_column_int64(row, 7);
    o->events = (uint64_t)sqlite3_column_int64(row, 8);
    o->given_up = (uint64_t)sqlite3_column_int64(row, 9);
    o->dropped = (uint64_t)sqlite3_column_int64(row, 10);
    database_reset(&s->database, SQL_OUTLET_GET);
    return 1;
}

static int load_pages(struct store *s, struct outlet *o)
{
    sqlite3_stmt *row = database_statement(&s->database, SQL_OUTLET_PAGE_LIST);
    int n;
    (void)sqlite3_bind_int64(row, 1, o->id);
    while ((n = database_next(&s->database, SQL_OUTLET_PAGE_LIST)) == 1) {
        int64_t page = sqlite3_column_int64(row, 0);
        const uint8_t *bytes = sqlite3_column_blob(row, 1);
        uint32_t size = (uint32_t)sqlite3_column_bytes(row, 1);
        for (uint32_t i = 0; i < OUTLET_PAGE && (i + 1) * 8 <= size; i++) {
            int64_t instance = page * OUTLET_PAGE + i;
            if (instance >= 0 && instance < s->limits.instances_max)
                o->places[instance].watermark_ms = (int64_t)get_u64(bytes + 8 * (size_t)i);
        }
    }
    return n;
}

/* What is late and lies behind the watermark will be sent with all that is there. */
static void load_ranges(struct outlet *o, uint32_t instance, const uint8_t *bytes, uint32_t size)
{
    int64_t watermark_ms = store_outlet_watermark_ms(o, instance);
    for (uint32_t at = 0; at + 16 <= size; at += 16) {
        int64_t from_ms = (int64_t)get_u64(bytes + at), to_ms = (int64_t)get_u64(bytes + at + 8);
        late_add(&o->places[instance], from_ms, to_ms < watermark_ms ? to_ms : watermark_ms);
    }
}

static int load_late(struct store *s, struct outlet *o)
{
    sqlite3_stmt *row = database_statement(&s->database, SQL_OUTLET_LATE_LIST);
    int n;
    (void)sqlite3_bind_int64(row, 1, o->id);
    while ((n = database_next(&s->database, SQL_OUTLET_LATE_LIST)) == 1) {
        int64_t instance = sqlite3_column_int64(row, 0);
        const uint8_t *bytes = sqlite3_column_blob(row, 1);
        if (instance >= 0 && instance < s->limits.instances_max)
            load_ranges(o, (uint32_t)instance, bytes, (uint32_t)sqlite3_column_bytes(row, 1));
    }
    return n;
}

/* Alerts come and go; who was told of those that are gone needs no name for them. */
static void trim_aliases(struct store *s, const struct outlet *o)
{
    sqlite3_stmt *trim = database_statement(&s->database, SQL_OUTLET_ALIAS_TRIM);
    (void)sqlite3_bind_int64(trim, 1, o->id);
    (void)database_run(&s->database, SQL_OUTLET_ALIAS_TRIM); /* the next start does it as well */
}

static int load(struct store *s, struct outlet *o)
{
    int n = load_row(s, o->name, o);
    if (n == 1)
        trim_aliases(s, o);
    if (n == 1)
        n = load_pages(s, o) == ERR_OK && load_late(s, o) == ERR_OK ? 1 : ERR_SYSTEM;
    return n;
}

/* --- outlets --- */

/* A new one: told what comes and not what was, but of all instances. */
static int make(struct store *s, struct outlet *o)
{
    sqlite3_stmt *put = database_statement(&s->database, SQL_OUTLET_MAKE);
    (void)sqlite3_bind_text(put, 1, o->name, -1, SQLITE_STATIC);
    int err = database_run(&s->database, SQL_OUTLET_MAKE);
    if (err != ERR_OK)
        return err;
    o->id = sqlite3_last_insert_rowid(s->database.handle);
    o->start_ms = wall_ms(plat_wall(s->plat));
    o->cursors[OUTLET_ALERTS] = o->cursors[OUTLET_INSIGHTS] = store_revision(s);
    store_outlet_save(s, o);
    return ERR_OK;
}

struct outlet *store_outlet_open(struct store *s, const char *name, const char *type)
{
    int found = store_outlet_find(s, name);
    if (found >= 0) {
        struct outlet *o = store_outlet(s, (uint32_t)found);
        (void)text_copy(o->type, sizeof o->type, type);
        return o;
    }
    if (s->outlets.count == OUTLET_MAX)
        return NULL;
    struct outlet *o = &s->outlets.rows[s->outlets.count];
    struct outlet_place *places = o->places;
    memset(o, 0, sizeof *o);
    o->places = places;
    (void)text_copy(o->name, sizeof o->name, name);
    (void)text_copy(o->type, sizeof o->type, type);
    int n = load(s, o);
    if (n == 0)
        n = make(s, o);
    if (n < 0) {
        plat_log(s->plat, LOG_ERROR, "how far the destination %s has come cannot be read", name);
        return NULL;
    }
    memory_use(s->outlets.line, ++s->outlets.count);
    return o;
}

uint32_t store_outlet_count(const struct store *s)
{
    return s->outlets.count;
}

struct outlet *store_outlet(struct store *s, uint32_t index)
{
    ASSERT(index < s->outlets.count);
    return &s->outlets.rows[index];
}

int store_outlet_find(struct store *s, const char *name)
{
    for (uint32_t i = 0; i < s->outlets.count; i++)
        if (text_equal(s->outlets.rows[i].name, name))
            return (int)i;
    return ERR_MISSING;
}

static uint32_t index_of(const struct store *s, const struct outlet *o)
{
    return (uint32_t)(o - s->outlets.rows);
}

void store_outlet_save(struct store *s, struct outlet *o)
{
    s->outlets.dirty |= UINT32_C(1) << index_of(s, o);
    tables_staged(s);
}

void store_outlet_save_place(struct store *s, struct outlet *o, uint32_t instance)
{
    uint32_t page = instance / OUTLET_PAGE;
    s->outlets.pages_dirty[(size_t)index_of(s, o) * s->outlets.words + page / 64] |= UINT64_C(1) << page % 64;
    s->outlets.has_dirty_places = true;
    tables_staged(s);
}

static void mark_late(struct store *s, const struct outlet *o, uint32_t instance)
{
    s->outlets.late_dirty[(size_t)index_of(s, o) * s->outlets.words + instance / 64] |= UINT64_C(1)
                                                                                       << instance % 64;
    s->outlets.has_dirty_places = true;
}

int64_t store_outlet_watermark_ms(const struct outlet *o, uint32_t instance)
{
    const struct outlet_place *place = &o->places[instance];
    return place->watermark_ms != 0 ? place->watermark_ms : o->start_ms;
}

int64_t store_outlet_newest_ms(struct store *s, uint32_t instance)
{
    int64_t newest_ms = s->instances[instance].last_sample_ms;
    if (newest_ms != 0)
        return newest_ms;
    sqlite3_stmt *get = database_statement(&s->database, SQL_CHUNK_NEWEST_OF);
    (void)sqlite3_bind_int64(get, 1, instance);
    (void)sqlite3_bind_int64(get, 2, CHUNK_SPAN_MS_MAX);
    if (database_next(&s->database, SQL_CHUNK_NEWEST_OF) != 1)
        return 0;
    newest_ms = sqlite3_column_int64(get, 0);
    database_reset(&s->database, SQL_CHUNK_NEWEST_OF);
    return newest_ms;
}

/* --- late ranges --- */

static void note(struct store *s, struct outlet *o, uint32_t instance, int64_t from_ms, int64_t to_ms)
{
    struct outlet_place *place = &o->places[instance];
    if (from_ms >= to_ms)
        return;
    place->noted_ms = wall_ms(plat_wall(s->plat));
    if (!late_has_some(place) || place->since_ms > place->noted_ms) /* or the clock was set back */
        place->since_ms = place->noted_ms;
    late_add(place, from_ms, to_ms);
    mark_late(s, o, instance);
}

void store_outlet_late(struct store *s, struct outlet *o, uint32_t instance, int64_t from_ms, int64_t to_ms)
{
    note(s, o, instance, from_ms, to_ms);
    tables_staged(s);
}

void store_outlet_take(struct store *s, struct outlet *o, uint32_t instance, int64_t from_ms, int64_t to_ms)
{
    struct outlet_place *place = &o->places[instance];
    ASSERT(place->taken.to_ms == 0);
    (void)s;
    late_subtract(place, from_ms, to_ms);
    place->taken = (struct outlet_range){from_ms, to_ms};
}

void store_outlet_take_less(struct outlet *o, uint32_t instance, int64_t to_ms)
{
    struct outlet_place *place = &o->places[instance];
    ASSERT(to_ms > place->taken.from_ms && to_ms <= place->taken.to_ms);
    int64_t before_ms = place->taken.to_ms;
    place->taken.to_ms = to_ms;
    late_add(place, to_ms, before_ms);
}

void store_outlet_taken(struct store *s, struct outlet *o, uint32_t instance, bool has_arrived)
{
    struct outlet_place *place = &o->places[instance];
    struct outlet_range taken = place->taken;
    place->taken = (struct outlet_range){0, 0};
    if (!has_arrived)
        late_add(place, taken.from_ms, taken.to_ms);
    mark_late(s, o, instance);
    tables_staged(s);
}

void store_outlet_replay(struct store *s, struct outlet *o, int64_t from_ms, int64_t to_ms)
{
    int64_t first_ms = wall_ms(plat_wall(s->plat)) - OUTLET_REPLAY_MS;
    from_ms = from_ms > first_ms ? from_ms : first_ms;
    for (uint32_t i = 0; i < s->instance_count; i++) {
        int64_t passed_ms = store_outlet_watermark_ms(o, i);
        note(s, o, i, from_ms, to_ms < passed_ms ? to_ms : passed_ms);
        o->places[i].noted_ms = 0; /* nothing more of it will come */
    }
    o->replay_ms = from_ms;
    o->replay_until = store_revision(s);
    o->cursors[OUTLET_ALERTS] = o->cursors[OUTLET_INSIGHTS] = 0;
    store_outlet_save(s, o);
}

/* A block that is committed now is late where it lies below what has been read. */
static void note_block(struct store *s, uint32_t instance, const struct staged_block *b)
{
    for (uint32_t i = 0; i < s->outlets.count; i++) {
        struct outlet *o = &s->outlets.rows[i];
        int64_t passed_ms = store_outlet_watermark_ms(o, instance);
        if (o->places[instance].reached_ms > passed_ms)
            passed_ms = o->places[instance].reached_ms;
        if (b->min_ms < passed_ms && b->max_ms >= o->start_ms)
            note(s, o, instance, b->min_ms > o->start_ms ? b->min_ms : o->start_ms,
                 b->max_ms < passed_ms ? b->max_ms + 1 : passed_ms);
    }
}

static void note_staged(struct store *s)
{
    const struct staging *g = &s->staging;
    for (uint64_t n = g->committed; s->outlets.count > 0 && n < g->next; n++) {
        const struct staged_block *b = &g->blocks[n & (STAGED_BLOCKS_MAX - 1)];
        struct journal_header h;
        journal_peek_header(g->bytes + b->at, &h);
        note_block(s, h.instance, b);
    }
}

/* --- writing --- */

static int write_row(struct store *s, const struct outlet *o)
{
    sqlite3_stmt *put = database_statement(&s->database, SQL_OUTLET_PUT);
    const int64_t values[] = {o->id,
                              o->start_ms,
                              (int64_t)o->cursors[OUTLET_ALERTS],
                              (int64_t)o->cursors[OUTLET_INSTANCES],
                              (int64_t)o->cursors[OUTLET_INSIGHTS],
                              o->replay_ms,
                              (int64_t)o->replay_until,
                              (int64_t)o->points,
                              (int64_t)o->events,
                              (int64_t)o->given_up,
                              (int64_t)o->dropped};
    for (uint32_t i = 0; i < COUNT_OF(values); i++)
        (void)sqlite3_bind_int64(put, (int)i + 1, values[i]);
    return database_run(&s->database, SQL_OUTLET_PUT);
}

static int write_page(struct store *s, const struct outlet *o, uint32_t page)
{
    uint8_t bytes[OUTLET_PAGE * 8];
    uint32_t first = page * OUTLET_PAGE, count = s->limits.instances_max - first;
    count = count < OUTLET_PAGE ? count : OUTLET_PAGE;
    for (uint32_t i = 0; i < count; i++)
        put_u64(bytes + 8 * (size_t)i, (uint64_t)o->places[first + i].watermark_ms);
    sqlite3_stmt *put = database_statement(&s->database, SQL_OUTLET_PAGE_PUT);
    (void)sqlite3_bind_int64(put, 1, o->id);
    (void)sqlite3_bind_int64(put, 2, page);
    (void)sqlite3_bind_blob(put, 3, bytes, (int)count * 8, SQLITE_STATIC);
    return database_run(&s->database, SQL_OUTLET_PAGE_PUT);
}

static int write_late(struct store *s, const struct outlet *o, uint32_t instance)
{
    const struct outlet_place *place = &o->places[instance];
    uint8_t bytes[(OUTLET_RANGES + 1) * 16];
    uint32_t size = 0;
    for (uint32_t i = 0; i <= OUTLET_RANGES; i++) {
        const struct outlet_range *r = i < OUTLET_RANGES ? &place->late[i] : &place->taken;
        if (r->to_ms == 0)
            continue;
        put_u64(bytes + size, (uint64_t)r->from_ms);
        put_u64(bytes + size + 8, (uint64_t)r->to_ms);
        size += 16;
    }
    enum statement which = size > 0 ? SQL_OUTLET_LATE_PUT : SQL_OUTLET_LATE_DROP;
    sqlite3_stmt *put = database_statement(&s->database, which);
    (void)sqlite3_bind_int64(put, 1, o->id);
    (void)sqlite3_bind_int64(put, 2, instance);
    if (size > 0)
        (void)sqlite3_bind_blob(put, 3, bytes, (int)size, SQLITE_STATIC);
    return database_run(&s->database, which);
}

/* Those of a bit each. */
static int write_places(struct store *s, const struct outlet *o, const uint64_t *bits,
                        int (*write)(struct store *, const struct outlet *, uint32_t))
{
    int err = ERR_OK;
    for (uint32_t word = 0; word < s->outlets.words; word++)
        for (uint64_t left = bits[word]; left != 0 && err == ERR_OK; left &= left - 1)
            err = write(s, o, word * 64 + (uint32_t)__builtin_ctzll(left));
    return err;
}

static int write_alias(struct store *s, const struct outlet_alias *a)
{
    enum statement which = a->alias[0] != '\0' ? SQL_OUTLET_ALIAS_PUT : SQL_OUTLET_ALIAS_DROP;
    sqlite3_stmt *put = database_statement(&s->database, which);
    (void)sqlite3_bind_int64(put, 1, a->outlet);
    (void)sqlite3_bind_text(put, 2, a->kind, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(put, 3, a->id, -1, SQLITE_STATIC);
    if (a->alias[0] != '\0')
        (void)sqlite3_bind_text(put, 4, a->alias, -1, SQLITE_STATIC);
    return database_run(&s->database, which);
}

int outlet_write(struct store *s)
{
    struct outlets *all = &s->outlets;
    int err = ERR_OK;
    note_staged(s);
    for (uint32_t i = 0; err == ERR_OK && i < all->count; i++) {
        const struct outlet *o = &all->rows[i];
        if ((all->dirty & UINT32_C(1) << i) != 0)
            err = write_row(s, o);
        if (err == ERR_OK && all->has_dirty_places)
            err = write_places(s, o, all->pages_dirty + (size_t)i * all->words, write_page);
        if (err == ERR_OK && all->has_dirty_places)
            err = write_places(s, o, all->late_dirty + (size_t)i * all->words, write_late);
    }
    for (uint32_t i = 0; err == ERR_OK && i < all->alias_count; i++)
        err = write_alias(s, &all->aliases[i]);
    return err;
}

void outlet_written(struct store *s)
{
    struct outlets *all = &s->outlets;
    if (all->has_dirty_places)
        memset(all->pages_dirty, 0, 2ULL * OUTLET_MAX * all->words * sizeof *all->pages_dirty);
    all->has_dirty_places = false;
    all->dirty = 0;
    all->alias_count = 0;
}

/* --- aliases --- */

int store_outlet_alias_put(struct store *s, const struct outlet *o, const char *kind, const char *id,
                           const char *alias)
{
    if (s->outlets.alias_count == OUTLET_ALIASES_STAGED)
        return ERR_FULL;
    struct outlet_alias *a = &s->outlets.aliases[s->outlets.alias_count];
    a->outlet = o->id;
    if (!text_copy(a->kind, sizeof a->kind, kind) || !text_copy(a->id, sizeof a->id, id) ||
        !text_copy(a->alias, sizeof a->alias, alias))
        return ERR_MALFORMED;
    s->outlets.alias_count++;
    tables_staged(s);
    return ERR_OK;
}

int store_outlet_alias(struct store *s, const struct outlet *o, const char *kind, const char *id,
                       char alias[static OUTLET_ALIAS_SIZE])
{
    for (uint32_t i = s->outlets.alias_count; i-- > 0;) {
        const struct outlet_alias *a = &s->outlets.aliases[i];
        if (a->outlet == o->id && text_equal(a->kind, kind) && text_equal(a->id, id))
            return text_copy(alias, OUTLET_ALIAS_SIZE, a->alias) && a->alias[0] != '\0';
    }
    sqlite3_stmt *row = database_statement(&s->database, SQL_OUTLET_ALIAS_GET);
    (void)sqlite3_bind_int64(row, 1, o->id);
    (void)sqlite3_bind_text(row, 2, kind, -1, SQLITE_STATIC);
    (void)sqlite3_bind_text(row, 3, id, -1, SQLITE_STATIC);
    int n = database_next(&s->database, SQL_OUTLET_ALIAS_GET);
    if (n != 1)
        return n;
    const char *text = (const char *)sqlite3_column_text(row, 0);
    (void)text_copy(alias, OUTLET_ALIAS_SIZE, text == NULL ? "" : text);
    database_reset(&s->database, SQL_OUTLET_ALIAS_GET);
    return 1;
}
