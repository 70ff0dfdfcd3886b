/* SPDX-License-Identifier: MIT */
/* Pushed samples: told from outside, at any time, in any order, some of them twice.
 *
 * They go the way of an agent's samples, as blocks through staging and journal into chunks. What an agent
 * does for its samples the store does here: the slots of a block are the series of the instance
 * themselves, a page of SLOTS_MAX of them to an epoch, and one row of numbers serves all pages of an
 * instance as sequence.
 *
 * A series has one value at one time, and the first one stays. Whether there is one already need not be
 * asked for what is later than all that the series has: most samples. For the others the store looks into
 * what is staged, what is pending and the chunks of that time. */
#include <string.h>

#include "aggregator/store/state.h"

#define TIME_MS_MAX INT64_C(7258118400000) /* 2200-01-01, as proto/block.c has it */

static uint64_t page_of(uint32_t series)
{
    return PUSH_EPOCH_FIRST + series / SLOTS_MAX;
}

const uint16_t *push_slots(const struct store *s, uint32_t instance, uint64_t epoch, uint32_t *slot_count)
{
    uint32_t first = (uint32_t)(epoch - PUSH_EPOCH_FIRST) * SLOTS_MAX;
    uint32_t count = s->states[instance].series_count;
    if (first >= count)
        return NULL;
    *slot_count = count - first < SLOTS_MAX ? count - first : SLOTS_MAX;
    return s->series_numbers + first;
}

bool store_series_is_live(const struct store *s, uint32_t instance, uint32_t series)
{
    const struct stream *live = &s->states[instance].live;
    for (uint32_t i = 0; live->is_open && i < live->slot_count; i++)
        if (live->series_of_slot[i] == series)
            return true;
    return false;
}

/* --- opening --- */

static int64_t number_of(struct store *s, enum statement which, uint32_t instance, int64_t second, int *err)
{
    int64_t answer = 0;
    sqlite3_stmt *get = database_statement(&s->database, which);
    (void)sqlite3_bind_int64(get, 1, instance);
    if (which == SQL_CHUNK_NEWEST_OF)
        (void)sqlite3_bind_int64(get, 2, second);
    int n = database_next(&s->database, which);
    if (n < 0)
        *err = n;
    if (n == 1) {
        answer = sqlite3_column_int64(get, 0);
        database_reset(&s->database, which);
    }
    return answer;
}

/* Where the numbers go on, and how late the latest sample is that a restart may have made us forget. */
static int open_push(struct store *s, uint32_t instance)
{
    struct instance_state *st = &s->states[instance];
    struct stream *m = &st->push;
    int err = ERR_OK;
    if (m->is_open)
        return ERR_OK;
    int64_t sealed = number_of(s, SQL_EPOCH_PUSHED, instance, 0, &err);
    int64_t known_ms = number_of(s, SQL_CHUNK_NEWEST_OF, instance, CHUNK_SPAN_MS_MAX, &err);
    if (err != ERR_OK)
        return ERR_SYSTEM;
    if ((uint64_t)sealed > m->staged_sequence)
        m->committed_sequence = m->staged_sequence = (uint64_t)sealed;
    for (uint32_t at = st->pending.first; at != JOURNAL_NONE; at = s->journal.entries[at].next)
        if (s->journal.entries[at].max_ms > known_ms)
            known_ms = s->journal.entries[at].max_ms;
    st->push_known_ms = known_ms;
    m->epoch = PUSH_EPOCH_FIRST;
    m->is_open = true;
    return ERR_OK;
}

/* --- is it there already? --- */

/* The values of one moment, ascending by series. */
struct moment {
    int64_t time_ms;
    struct store_push_value *values;
    uint32_t count;
};

static void compare(struct moment *m, uint32_t series, int64_t value)
{
    uint32_t from = 0, to = m->count;
    while (from < to) {
        uint32_t middle = (from + to) / 2;
        if (m->values[middle].series < series)
            from = middle + 1;
        else
            to = middle;
    }
    for (; from < m->count && m->values[from].series == series; from++)
        m->values[from].pushed = m->values[from].value == value ? PUSHED_REPEATED : PUSHED_CONFLICT;
}

static void compare_block(const struct store *s, struct moment *m, uint32_t first_series)
{
    const struct block_matrix *b = &s->scratch->block;
    for (uint32_t k = 0; k < b->count; k++)
        for (uint32_t i = 0; b->time_ms[k] == m->time_ms && i < b->slot_count; i++)
            compare(m, first_series + b->slots[i], b->values[i][k]);
}

static uint32_t first_series(uint64_t epoch)
{
    return (uint32_t)(epoch - PUSH_EPOCH_FIRST) * SLOTS_MAX;
}

static void look_into_staged(const struct store *s, uint32_t instance, struct moment *m)
{
    const struct staging *g = &s->staging;
    if (s->states[instance].push.staged_blocks == 0)
        return;
    for (uint64_t n = g->committed; n < g->next; n++) {
        const struct staged_block *b = &g->blocks[n & (STAGED_BLOCKS_MAX - 1)];
        struct journal_header h;
        if (b->stream != STREAM_PUSH || b->min_ms > m->time_ms || b->max_ms < m->time_ms)
            continue;
        journal_peek_header(g->bytes + b->at, &h);
        if (h.instance != instance)
            continue;
        int err = block_decode(g->bytes + b->at + JOURNAL_HEADER_SIZE, h.size, h.count, &s->scratch->block);
        ASSERT(err == ERR_OK); /* we have made it */
        compare_block(s, m, first_series(h.epoch));
    }
}

static int look_into_pending(struct store *s, uint32_t instance, struct moment *m)
{
    struct journal_reader reader = {.blob = NULL};
    int err = ERR_OK;
    uint32_t at = s->states[instance].pending.first;
    for (; err == ERR_OK && at != JOURNAL_NONE; at = s->journal.entries[at].next) {
        const struct journal_entry *entry = &s->journal.entries[at];
        if (!epoch_is_push(entry->epoch) || entry->max_ms < m->time_ms || entry->min_ms > m->time_ms)
            continue;
        err = reading_block(s, &reader, instance, entry);
        if (err == ERR_OK)
            compare_block(s, m, first_series(entry->epoch));
        if (err == ERR_MALFORMED)
            err = ERR_OK; /* damaged, and counted */
    }
    reading_end(&reader);
    return err;
}

static bool is_asked_for(const struct moment *m, uint32_t series)
{
    return series >= m->values[0].series && series <= m->values[m->count - 1].series;
}

/* The place of that time among those of a chunk, or ERR_MISSING. */
static int place_of(const int64_t *time_ms, uint32_t count, int64_t wanted_ms)
{
    uint32_t from = 0, to = count;
    while (from < to) {
        uint32_t middle = (from + to) / 2;
        if (time_ms[middle] < wanted_ms)
            from = middle + 1;
        else
            to = middle;
    }
    return from < count && time_ms[from] == wanted_ms ? (int)from : ERR_MISSING;
}

static void look_into_chunk(struct store *s, struct moment *m, const uint8_t *bytes, uint32_t size)
{
    struct scratch *work = s->scratch;
    struct chunk *c = &work->chunk;
    if (chunk_open(s->sums, bytes, size, c) != ERR_OK || chunk_times(c, work->time_ms) != ERR_OK) {
        s->damaged++;
        return;
    }
    int at = place_of(work->time_ms, c->count, m->time_ms);
    for (uint32_t i = 0; at >= 0 && i < c->column_count; i++) {
        if (!is_asked_for(m, c->columns[i].series))
            continue;
        int n = chunk_values(c, &c->columns[i], work->values, work->sample_of);
        if (n == (int)c->count)
            compare(m, c->columns[i].series, work->values[at]);
        for (int k = 0; n != (int)c->count && k < n; k++)
            if (work->sample_of[k] == at)
                compare(m, c->columns[i].series, work->values[k]);
    }
}

static int look_into_chunks(struct store *s, uint32_t instance, struct moment *m)
{
    sqlite3_stmt *walk = database_statement(&s->database, SQL_CHUNK_AT);
    int n;
    (void)sqlite3_bind_int64(walk, 1, instance);
    (void)sqlite3_bind_int64(walk, 2, m->time_ms);
    (void)sqlite3_bind_int64(walk, 3, CHUNK_SPAN_MS_MAX);
    while ((n = database_next(&s->database, SQL_CHUNK_AT)) == 1) {
        const uint8_t *bytes = sqlite3_column_blob(walk, 0);
        if (bytes != NULL)
            look_into_chunk(s, m, bytes, (uint32_t)sqlite3_column_bytes(walk, 0));
    }
    return n;
}

/* Marks those values of the moment that the store has. */
static int look_up(struct store *s, uint32_t instance, struct moment *m)
{
    look_into_staged(s, instance, m);
    int err = look_into_pending(s, instance, m);
    if (err == ERR_OK)
        err = look_into_chunks(s, instance, m);
    return err == ERR_OK ? ERR_OK : ERR_SYSTEM;
}

/* Later than all that the series has. */
static bool is_later(const struct store *s, uint32_t instance, uint32_t series, int64_t time_ms)
{
    return time_ms > s->states[instance].push_known_ms && time_ms > series_of(s, instance)[series].last_ms &&
           time_ms > newest_of(s, instance)[series].ms;
}

int store_push_find(struct store *s, uint32_t instance, uint16_t series, int64_t time_ms, int64_t value)
{
    struct store_push_value one = {.time_ms = time_ms, .value = value, .series = series};
    struct moment m = {.time_ms = time_ms, .values = &one, .count = 1};
    ASSERT(instance < s->instance_count && series < s->states[instance].series_count);
    int err = open_push(s, instance);
    if (err == ERR_OK && !is_later(s, instance, series, time_ms))
        err = look_up(s, instance, &m);
    return err == ERR_OK ? one.pushed : err;
}

/* --- staging --- */

static uint32_t end_of_moment(const struct store_push_value *values, uint32_t from, uint32_t count)
{
    uint32_t to = from + 1;
    while (to < count && values[to].time_ms == values[from].time_ms)
        to++;
    return to;
}

static bool is_sane(const struct store *s, uint32_t instance, const struct store_push_value *values,
                    uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const struct store_push_value *v = &values[i], *before = &values[i > 0 ? i - 1 : 0];
        if (v->series >= s->states[instance].series_count || v->time_ms < 0 || v->time_ms > TIME_MS_MAX)
            return false;
        if (v->time_ms < before->time_ms || (v->time_ms == before->time_ms && v->series < before->series))
            return false;
    }
    return true;
}

/* Says of each value whether it is new. */
static int mark(struct store *s, uint32_t instance, struct store_push_value *values, uint32_t count)
{
    int err = ERR_OK;
    for (uint32_t from = 0, to; err == ERR_OK && from < count; from = to) {
        bool is_late = false;
        to = end_of_moment(values, from, count);
        for (uint32_t i = from; i < to; i++) {
            values[i].pushed = PUSHED_NEW;
            is_late = is_late || !is_later(s, instance, values[i].series, values[i].time_ms);
        }
        struct moment m = {.time_ms = values[from].time_ms, .values = values + from, .count = to - from};
        if (is_late)
            err = look_up(s, instance, &m);
        for (uint32_t i = from; i < to; i++)
            if (values[i].time_ms < s->tiers[TIER_SECONDS].horizon_ms)
                values[i].pushed = PUSHED_TOO_OLD;
        for (uint32_t i = from + 1; i < to; i++)
            if (values[i].series == values[i - 1].series && values[i].pushed == PUSHED_NEW)
                values[i].pushed =
                    values[i].value == values[i - 1].value ? PUSHED_REPEATED : PUSHED_CONFLICT;
    }
    return err;
}

/* What is new of the moment at values[from], in the page of `first`, as sample b->count of the block.
 * False, and the block as it was, when it names other series than the samples before it. */
static bool add_moment(struct block_matrix *b, const struct store_push_value *values, uint32_t from,
                       uint32_t to, uint32_t first)
{
    uint32_t n = 0;
    for (uint32_t i = from; i < to; i++) {
        uint32_t slot = values[i].series - first;
        if (values[i].pushed != PUSHED_NEW || values[i].series < first || slot >= SLOTS_MAX)
            continue;
        if (b->count > 0 && (n == b->slot_count || b->slots[n] != slot))
            return false;
        b->slots[n] = (uint16_t)slot;
        b->values[n++][b->count] = values[i].value;
    }
    if (n == 0 || (b->count > 0 && n != b->slot_count))
        return n == 0;
    b->slot_count = n;
    b->time_ms[b->count++] = values[from].time_ms;
    return true;
}

static void note_newest(struct store *s, uint32_t instance, uint32_t first)
{
    const struct block_matrix *b = &s->scratch->block;
    struct instance_state *st = &s->states[instance];
    uint32_t last = b->count - 1;
    for (uint32_t i = 0; i < b->slot_count; i++) {
        struct newest_value *newest = &newest_of(s, instance)[first + b->slots[i]];
        const struct store_series *series = &series_of(s, instance)[first + b->slots[i]];
        if (b->time_ms[last] > newest->ms && b->time_ms[last] > series->last_ms)
            *newest = (struct newest_value){.value = b->values[i][last], .ms = b->time_ms[last]};
    }
    if (st->staged_last_ms < s->instances[instance].last_sample_ms)
        st->staged_last_ms = s->instances[instance].last_sample_ms;
    bool is_late = b->time_ms[last] < st->staged_last_ms;
    if (!is_late)
        st->staged_last_ms = b->time_ms[last];
    s->staging.blocks[(s->staging.next - 1) & (STAGED_BLOCKS_MAX - 1)].is_late = is_late;
}

/* Stages the block in the work space, if there is one. */
static int put_block(struct store *s, uint32_t instance, uint32_t first, struct wall received)
{
    struct block_matrix *b = &s->scratch->block;
    const struct stream *m = &s->states[instance].push;
    if (b->count == 0)
        return 0;
    int size = block_encode(b, s->scratch->pushed, sizeof s->scratch->pushed);
    ASSERT(size > 0); /* no more values than surely fit */
    const struct journal_header h = {.instance = instance, .size = (uint32_t)size, .epoch = page_of(first),
                                     .sequence = m->staged_sequence + 1, .received_ms = wall_ms(received),
                                     .count = b->count};
    if (!staging_put(s, STREAM_PUSH, &h, b, s->scratch->pushed))
        return ERR_FULL;
    note_newest(s, instance, first);
    int n = (int)(b->count * b->slot_count);
    b->count = 0;
    return n;
}

/* Blocks of the page that begins with series `first`. */
static int put_page(struct store *s, uint32_t instance, const struct store_push_value *values, uint32_t count,
                    uint32_t first, struct wall received)
{
    struct block_matrix *b = &s->scratch->block;
    int staged = 0, n = 0;
    b->count = b->slot_count = 0;
    b->processes.id_count = b->processes.use_count = 0;
    for (uint32_t from = 0, to; n >= 0 && from < count; from = to) {
        to = end_of_moment(values, from, count);
        bool is_full = b->count == BLOCK_SAMPLES_MAX || (b->count + 1) * b->slot_count > BLOCK_VALUES_SURE;
        if (!is_full && add_moment(b, values, from, to, first))
            continue;
        n = put_block(s, instance, first, received);
        staged += n > 0 ? n : 0;
        if (n >= 0)
            (void)add_moment(b, values, from, to, first);
    }
    if (n >= 0)
        n = put_block(s, instance, first, received);
    return n < 0 ? n : staged + n;
}

int store_push(struct store *s, uint32_t instance, struct store_push_value *values, uint32_t count,
               struct wall received)
{
    ASSERT(instance < s->instance_count);
    if (!s->is_open || !is_sane(s, instance, values, count))
        return ERR_MALFORMED;
    int err = open_push(s, instance);
    if (err == ERR_OK)
        err = mark(s, instance, values, count);
    if (err != ERR_OK)
        return err;
    int staged = 0;
    for (uint32_t first = 0; first < s->states[instance].series_count; first += SLOTS_MAX) {
        int n = put_page(s, instance, values, count, first, received);
        if (n < 0)
            return n;
        staged += n;
    }
    return staged;
}
