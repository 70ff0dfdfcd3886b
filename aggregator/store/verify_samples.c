/* SPDX-License-Identifier: MIT */
/* Every journal entry and every chunk, decoded as a whole. */
#include "aggregator/store/state.h"
#include "aggregator/store/verify_state.h"

/* --- journal --- */

/* NULL: good; else what is wrong with it. */
static const char *check_block(struct verify *v, const struct journal_header *h, const uint8_t *data)
{
    if (h->instance >= v->instance_count)
        return "it is of an instance that is not there";
    struct verify_epoch *e = verify_epoch(v, h->instance, h->epoch, false);
    bool is_pushed = epoch_is_push(h->epoch); /* the store itself keeps dictionary and sequences of those */
    if (e == NULL && !v->epochs_full && !is_pushed)
        return "it is of an epoch that is not there";
    if (h->size > BLOCK_DATA_MAX || h->count == 0 || h->count > BLOCK_SAMPLES_MAX || h->sequence == 0 ||
        block_decode(data, h->size, h->count, &v->block) < 0)
        return "its block does not decode";
    v->counts.values += (uint64_t)h->count * v->block.slot_count;
    if (e == NULL || is_pushed)
        return NULL;
    uint64_t last = h->sequence + h->count - 1;
    for (uint32_t i = 0; i < v->block.slot_count; i++)
        if (v->block.slots[i] >= e->slot_count)
            return "it names a slot that its dictionary lacks";
    if (h->sequence <= e->sealed && last > e->sealed)
        return "a part of it is sealed";
    if (e->block_last != 0 && h->sequence <= e->block_last)
        return "its samples have been there before";
    e->block_last = last;
    return NULL;
}

static void check_journal_row(struct verify *v, int64_t row, const uint8_t *bytes, uint32_t size)
{
    for (uint32_t at = 0; at < size;) {
        struct journal_header h;
        if (journal_get_header(v->sums, bytes + at, size - at, &h) != ERR_OK) {
            verify_tell(v, "table journal: row %lld at byte %u: checksum or size is wrong; what follows "
                        "in the row"
                        " is lost", (long long)row, at);
            return;
        }
        const char *wrong = check_block(v, &h, bytes + at + JOURNAL_HEADER_SIZE);
        if (wrong != NULL)
            verify_tell(v, "table journal: row %lld at byte %u, sample %llu of epoch %016llx of instance "
                        "%u: %s",
                        (long long)row, at, (unsigned long long)h.sequence, (unsigned long long)h.epoch,
                            h.instance,
                        wrong);
        v->counts.blocks++;
        at += JOURNAL_HEADER_SIZE + h.size;
    }
}

void verify_journal(struct verify *v)
{
    sqlite3_stmt *q = verify_prepare(v, "journal", "SELECT id, data FROM journal ORDER BY id");
    int64_t before = 0;
    while (q != NULL && verify_next(v, "journal", q) == 1) {
        int64_t row = sqlite3_column_int64(q, 0);
        const uint8_t *bytes = sqlite3_column_blob(q, 1);
        uint32_t size = (uint32_t)sqlite3_column_bytes(q, 1);
        if (before != 0 && row != before + 1)
            verify_tell(v, "table journal: row %lld follows %lld", (long long)row, (long long)before);
        before = row;
        if (bytes == NULL || size == 0 || size > JOURNAL_ROW_SIZE_MAX)
            verify_tell(v, "table journal: row %lld has %u bytes", (long long)row, bytes == NULL ? 0 : size);
        else
            check_journal_row(v, row, bytes, size);
        v->counts.journal_rows++;
        verify_row(v);
    }
}

/* --- chunks --- */

struct chunk_row {
    int64_t id, instance, min_ms, max_ms;
    uint64_t epoch, first, last;
    int64_t samples;
    const uint8_t *bytes;
    uint32_t size;
};

static const char *check_columns(struct verify *v, const struct chunk_row *r)
{
    const struct chunk *c = &v->chunk;
    for (uint32_t i = 0; i < c->column_count; i++) {
        int n = chunk_values(c, &c->columns[i], v->values, v->sample_of);
        if (n < 0)
            return "a column does not decode";
        if (c->columns[i].series >= v->series_count[r->instance])
            return "it names a series that is not there";
        v->counts.values += (uint64_t)n;
    }
    return chunk_read_processes(c, v->values, &v->processes) < 0 ? "its processes do not decode" : NULL;
}

static const char *check_chunk(struct verify *v, const struct chunk_row *r)
{
    if (r->instance < 0 || r->instance >= v->instance_count)
        return "its instance is not there";
    if (r->bytes == NULL || chunk_open(v->sums, r->bytes, r->size, &v->chunk) != ERR_OK)
        return "checksum or directory is wrong";
    if (chunk_times(&v->chunk, v->time_ms) != ERR_OK)
        return "its times do not decode";
    uint32_t count = v->chunk.count;
    /* What was pushed is put in the order of times: a row of the chunk may be of several sequences. */
    uint64_t sequences = r->last - r->first + 1;
    bool fits = epoch_is_push(r->epoch) || (sequences == count && r->first != 0);
    if (count != (uint64_t)r->samples || !fits)
        return "its row tells other samples";
    for (uint32_t i = 1; i < count; i++)
        if (v->time_ms[i] < v->time_ms[i - 1])
            return "its times go back";
    if (v->time_ms[0] != r->min_ms || v->time_ms[count - 1] != r->max_ms)
        return "its row tells other times";
    return check_columns(v, r);
}

/* True when another chunk of the epoch has samples of the same numbers. */
static bool is_overlapped(struct verify *v, const struct chunk_row *r)
{
    sqlite3_stmt *q;
    if (sqlite3_prepare_v2(v->database.handle, "SELECT 1 FROM chunk WHERE instance = ?1 AND epoch = ?2 "
                           "AND id <> ?3"
                           " AND first_sequence <= ?5 AND last_sequence >= ?4 LIMIT 1", -1, &q,
                               NULL) != SQLITE_OK)
        return true;
    (void)sqlite3_bind_int64(q, 1, r->instance);
    (void)sqlite3_bind_int64(q, 2, (int64_t)r->epoch);
    (void)sqlite3_bind_int64(q, 3, r->id);
    (void)sqlite3_bind_int64(q, 4, (int64_t)r->first);
    (void)sqlite3_bind_int64(q, 5, (int64_t)r->last);
    bool found = sqlite3_step(q) != SQLITE_DONE;
    (void)sqlite3_finalize(q);
    return found;
}

/* In the order of times sequences ascend, but for hosts whose clock went back: then it takes a look. */
static const char *check_order(struct verify *v, const struct chunk_row *r)
{
    struct verify_epoch *e = verify_epoch(v, (uint32_t)r->instance, r->epoch, false);
    if (epoch_is_push(r->epoch))
        return NULL;
    if (e == NULL)
        return v->epochs_full ? NULL : "its epoch is not there";
    if (r->last > e->sealed)
        return "its epoch does not know that it is sealed";
    bool doubtful = r->first <= e->chunk_last;
    if (r->last > e->chunk_last)
        e->chunk_last = r->last;
    return doubtful && is_overlapped(v, r) ? "its samples are in another chunk too" : NULL;
}

static void take_row(struct chunk_row *r, sqlite3_stmt *q)
{
    *r = (struct chunk_row){
        .id = sqlite3_column_int64(q, 0),
        .instance = sqlite3_column_int64(q, 1),
        .min_ms = sqlite3_column_int64(q, 2),
        .max_ms = sqlite3_column_int64(q, 3),
        .epoch = (uint64_t)sqlite3_column_int64(q, 4),
        .first = (uint64_t)sqlite3_column_int64(q, 5),
        .last = (uint64_t)sqlite3_column_int64(q, 6),
        .samples = sqlite3_column_int64(q, 7),
        .bytes = sqlite3_column_blob(q, 8),
        .size = (uint32_t)sqlite3_column_bytes(q, 8),
    };
}

void verify_chunks(struct verify *v)
{
    sqlite3_stmt *q = verify_prepare(v, "chunk", "SELECT id, instance, min_ms, max_ms, epoch, first_sequence,"
                                     " last_sequence, samples, data FROM chunk ORDER BY instance, min_ms, "
                                         "id");
    while (q != NULL && verify_next(v, "chunk", q) == 1) {
        struct chunk_row r;
        take_row(&r, q);
        const char *wrong = check_chunk(v, &r);
        if (wrong == NULL)
            wrong = check_order(v, &r);
        if (wrong != NULL) {
            char from[32], to[32];
            struct text t;
            text_init(&t, from, sizeof from);
            text_put_iso_ms(&t, r.min_ms);
            text_init(&t, to, sizeof to);
            text_put_iso_ms(&t, r.max_ms);
            verify_tell(v, "table chunk: row %lld, instance %lld from %s to %s: %s", (long long)r.id,
                        (long long)r.instance, from, to, wrong);
            uint64_t series = r.instance >= 0 && r.instance < v->instance_count
                ? v->series_count[r.instance] : 0;
            if (r.samples > 0 && r.samples <= (int64_t)CHUNK_SAMPLES_MAX)
                v->counts.lost_values += (uint64_t)r.samples * series;
        }
        v->counts.chunks++;
        verify_row(v);
    }
}
