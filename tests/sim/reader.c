/* SPDX-License-Identifier: MIT */
/* Chunks and journal of a database, sample by sample; see reader.h. */
#include "tests/sim/reader.h"

#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/store/dense.h"
#include "aggregator/store/store.h"
#include "aggregator/store/vfs.h"
#include "platform/base/bytes.h"
#include "platform/base/crc32c.h"
#include "proto/block.h"
#include "tests/sim/oracle.h"

#define SAMPLES_MAX 4096U
#define SERIES_MAX SLOTS_MAX
#define INSTANCES_MAX 32U
/* A power of two would put all columns of a sample into the same set of the cache. */
#define COLUMN_STRIDE (SAMPLES_MAX + 8U)

struct reader {
    const struct reader_sink *sink;
    sqlite3 *db;
    char ids[INSTANCES_MAX][INSTANCE_ID_SIZE];
    uint16_t field_of_series[INSTANCES_MAX][SERIES_MAX];
    /* one chunk or entry */
    uint32_t count, columns;
    int64_t time_ms[SAMPLES_MAX];
    uint16_t fields[SERIES_MAX];
    int64_t values[SERIES_MAX][COLUMN_STRIDE];
    bool present[SERIES_MAX][SAMPLES_MAX];
    bool whole[SERIES_MAX];
    int64_t run[SAMPLES_MAX];
    struct block_matrix block;
    struct process_id process_ids[PROCESSES_MAX];
    struct process_use process_uses[SAMPLES_MAX * PROCESS_TOPS_MAX];
    struct processes processes;
    struct process_tops tops[SAMPLES_MAX];
};

static void broken(struct reader *r, const char *what, int64_t row)
{
    char words[200];
    snprintf(words, sizeof words, "%s (row %lld, SQLite says: %s)", what, (long long)row,
             sqlite3_errmsg(r->db));
    r->sink->broken(r->sink->ctx, words);
}

/* The processes of all samples, in one walk over what they used: asking sample by sample would walk it each
 * time. */
static void spread_tops(struct reader *r)
{
    const struct processes *p = &r->processes;
    for (uint32_t i = 0; i < r->count; i++)
        r->tops[i].count = 0;
    for (uint32_t i = 0; i < p->id_count; i++) {
        const struct process_id *id = &p->ids[i];
        for (const struct process_use *use = processes_first_use(p, id); use != NULL;
             use = processes_next_use(p, id, use)) {
            struct process_top top = {.pid = id->pid, .cpu_share = use->cpu_share,
                                      .memory_kib = use->memory_kib};
            memcpy(top.name, id->name, sizeof top.name);
            struct process_tops *of = &r->tops[use->sample];
            ASSERT(use->sample < r->count && of->count < PROCESS_TOPS_MAX);
            uint32_t at = of->count++;
            for (; at > 0 && of->tops[at - 1].pid > top.pid; at--)
                of->tops[at] = of->tops[at - 1];
            of->tops[at] = top;
        }
    }
}

static void give_samples(struct reader *r, uint32_t instance, uint64_t epoch, uint64_t first)
{
    spread_tops(r);
    uint16_t fields[SERIES_MAX];
    int64_t values[SERIES_MAX];
    for (uint32_t i = 0; i < r->count; i++) {
        uint32_t n = 0;
        for (uint32_t c = 0; c < r->columns; c++)
            if (r->whole[c] || r->present[c][i]) {
                fields[n] = r->fields[c];
                values[n++] = r->values[c][i];
            }
        struct reader_sample sample = {.instance = r->ids[instance],
                                             .epoch = epoch,
                                             .sequence = first + i,
                                             .time_ms = r->time_ms[i],
                                             .count = n,
                                             .fields = fields,
                                             .values = values,
                                             .tops = &r->tops[i]};
        r->sink->sample(r->sink->ctx, &sample);
    }
}

/* --- chunks --- */

struct cursor {
    const uint8_t *at, *end;
    bool bad;
};

static uint32_t number(struct cursor *c)
{
    uint64_t v = 0;
    uint32_t n = get_varint(c->at, (size_t)(c->end - c->at), &v);
    c->bad |= n == 0 || v > UINT32_MAX;
    c->at += n;
    return (uint32_t)v;
}

/* Marks the samples in which column `at` is present; their number. */
static uint32_t read_stretches(struct reader *r, struct cursor *c, uint32_t at)
{
    uint32_t stretches = number(c), sample = 0, present = 0;
    r->whole[at] = stretches == 0;
    if (r->whole[at])
        return r->count;
    memset(r->present[at], 0, sizeof r->present[at]);
    for (uint32_t i = 0; i < stretches && !c->bad; i++) {
        sample += number(c);
        uint32_t length = number(c);
        c->bad |= sample > r->count || length > r->count - sample;
        for (uint32_t k = 0; k < length && !c->bad; k++, present++)
            r->present[at][sample++] = true;
    }
    return present;
}

static bool read_column(struct reader *r, uint32_t at, uint32_t present, struct cursor *c,
                        uint32_t size)
{
    int64_t *to = r->whole[at] ? r->values[at] : r->run;
    if (size > (size_t)(c->end - c->at) ||
        dense_decode(c->at, size, to, present) != (int)size)
        return false;
    c->at += size;
    for (uint32_t i = 0, k = 0; i < r->count && !r->whole[at]; i++)
        if (r->present[at][i])
            r->values[at][i] = r->run[k++];
    return true;
}

static bool read_chunk(struct reader *r, uint32_t instance, const uint8_t *bytes, uint32_t size)
{
    uint32_t present[SERIES_MAX], sizes[SERIES_MAX], series = 0;
    if (size < 12 || bytes[0] != 2)
        return false;
    r->count = get_u16(bytes + 2);
    r->columns = get_u16(bytes + 4);
    if (get_u32(bytes + 8) != crc32c(crc32c(0, bytes, 8), bytes + 12, size - 12) || r->count == 0 ||
        r->count > SAMPLES_MAX || r->columns > SERIES_MAX)
        return false;
    struct cursor c = {.at = bytes + 12, .end = bytes + size};
    uint32_t times_size = number(&c), processes_size = number(&c);
    for (uint32_t i = 0; i < r->columns && !c.bad; i++) {
        series += number(&c);
        if (series >= SERIES_MAX)
            return false;
        r->fields[i] = r->field_of_series[instance][series];
        present[i] = read_stretches(r, &c, i);
        sizes[i] = number(&c);
    }
    if (c.bad || times_size > (size_t)(c.end - c.at) ||
        dense_decode(c.at, times_size, r->time_ms, r->count) != (int)times_size)
        return false;
    c.at += times_size;
    for (uint32_t i = 0; i < r->columns; i++)
        if (!read_column(r, i, present[i], &c, sizes[i]))
            return false;
    r->processes = (struct processes){.ids = r->process_ids, .uses = r->process_uses,
                                      .ids_max = PROCESSES_MAX,
                                      .uses_max = SAMPLES_MAX * PROCESS_TOPS_MAX};
    return processes_size == (size_t)(c.end - c.at) &&
           processes_decode(c.at, processes_size, r->count, r->run, &r->processes) == ERR_OK;
}

/* Columns of the row: id instance min_ms max_ms epoch first last samples data. */
static void take_chunk(struct reader *r, sqlite3_stmt *q)
{
    int64_t row = sqlite3_column_int64(q, 0);
    uint32_t instance = (uint32_t)sqlite3_column_int64(q, 1);
    uint64_t first = (uint64_t)sqlite3_column_int64(q, 5), last = (uint64_t)sqlite3_column_int64(q, 6);
    if ((uint64_t)sqlite3_column_int64(q, 4) > STORE_EPOCH_AGENT_MAX)
        return;
    if (instance >= INSTANCES_MAX ||
        !read_chunk(r, instance, sqlite3_column_blob(q, 8), (uint32_t)sqlite3_column_bytes(q, 8))) {
        broken(r, "a chunk does not read back", row);
        return;
    }
    int64_t min_ms = INT64_MAX, max_ms = INT64_MIN;
    for (uint32_t i = 0; i < r->count; i++) {
        min_ms = r->time_ms[i] < min_ms ? r->time_ms[i] : min_ms;
        max_ms = r->time_ms[i] > max_ms ? r->time_ms[i] : max_ms;
    }
    if (min_ms != sqlite3_column_int64(q, 2) || max_ms != sqlite3_column_int64(q, 3) ||
        sqlite3_column_int64(q, 7) != (int64_t)r->count)
        broken(r, "a chunk's row does not say what is in it", row);
    if (last - first + 1 != r->count)
        broken(r, "a chunk goes over a gap in the sequence", row);
    give_samples(r, instance, (uint64_t)sqlite3_column_int64(q, 4), first);
}

/* --- journal --- */

struct epoch_facts {
    uint64_t sealed;
    uint32_t slots;
    uint16_t series_of_slot[SLOTS_MAX];
};

static bool find_epoch(struct reader *r, uint32_t instance, uint64_t epoch, struct epoch_facts *out)
{
    sqlite3_stmt *q = NULL;
    bool found = false;
    if (sqlite3_prepare_v2(r->db, "SELECT series_of_slot, sealed_sequence FROM epoch WHERE instance = ?"
                                  " AND epoch = ?", -1, &q, NULL) != SQLITE_OK)
        return false;
    sqlite3_bind_int64(q, 1, instance);
    sqlite3_bind_int64(q, 2, (int64_t)epoch);
    if (sqlite3_step(q) == SQLITE_ROW) {
        const uint8_t *bytes = sqlite3_column_blob(q, 0);
        out->slots = (uint32_t)sqlite3_column_bytes(q, 0) / 2;
        out->sealed = (uint64_t)sqlite3_column_int64(q, 1);
        found = out->slots <= SLOTS_MAX;
        for (uint32_t i = 0; i < out->slots && found; i++)
            out->series_of_slot[i] = get_u16(bytes + 2 * i);
    }
    sqlite3_finalize(q);
    return found;
}

static bool take_entry(struct reader *r, const uint8_t *bytes, uint32_t size)
{
    uint32_t instance = get_u32(bytes), data_size = get_u32(bytes + 4), count = get_u16(bytes + 32);
    uint64_t epoch = get_u64(bytes + 8), first = get_u64(bytes + 16);
    struct epoch_facts facts;
    if (epoch > STORE_EPOCH_AGENT_MAX && data_size <= size - 40)
        return true; /* pushed: no agent's, see pushes.c */
    if (data_size > size - 40 || instance >= INSTANCES_MAX ||
        get_u32(bytes + 36) != crc32c(crc32c(0, bytes, 36), bytes + 40, data_size) ||
        !find_epoch(r, instance, epoch, &facts) ||
        block_decode(bytes + 40, data_size, count, &r->block) < 0)
        return false;
    if (first + count - 1 <= facts.sealed)
        return true; /* stands in a chunk already; the row goes when all of it is sealed */
    r->count = count;
    r->columns = r->block.slot_count;
    for (uint32_t i = 0; i < r->columns; i++) {
        uint32_t slot = r->block.slots[i];
        if (slot >= facts.slots || facts.series_of_slot[slot] >= SERIES_MAX)
            return false;
        r->whole[i] = true;
        r->fields[i] = r->field_of_series[instance][facts.series_of_slot[slot]];
        memcpy(r->values[i], r->block.values[i], count * sizeof(int64_t));
    }
    memcpy(r->time_ms, r->block.time_ms, count * sizeof(int64_t));
    r->processes = block_processes_view(&r->block.processes);
    give_samples(r, instance, epoch, first);
    return true;
}

static void take_journal(struct reader *r, sqlite3_stmt *q)
{
    const uint8_t *bytes = sqlite3_column_blob(q, 1);
    uint32_t size = (uint32_t)sqlite3_column_bytes(q, 1);
    while (size > 0) {
        uint32_t entry = size < 40 ? size : 40 + get_u32(bytes + 4);
        if (size < 40 || entry > size || !take_entry(r, bytes, size)) {
            broken(r, "a journal row does not read back", sqlite3_column_int64(q, 0));
            return;
        }
        bytes += entry;
        size -= entry;
    }
}

/* --- tables --- */

static void take_instance(struct reader *r, sqlite3_stmt *q)
{
    int64_t index = sqlite3_column_int64(q, 0);
    if (index < 0 || index >= (int64_t)INSTANCES_MAX)
        broken(r, "an instance has a strange number", index);
    else
        snprintf(r->ids[index], sizeof r->ids[index], "%s", (const char *)sqlite3_column_text(q, 1));
}

static void take_series(struct reader *r, sqlite3_stmt *q)
{
    int64_t instance = sqlite3_column_int64(q, 0), series = sqlite3_column_int64(q, 1);
    if (instance < 0 || instance >= (int64_t)INSTANCES_MAX || series < 0 || series >= (int64_t)SERIES_MAX) {
        broken(r, "a series has a strange number", series);
        return;
    }
    int field = oracle_field((const char *)sqlite3_column_text(q, 2),
                             (const char *)sqlite3_column_text(q, 3));
    r->field_of_series[instance][series] = field < 0 ? UINT16_MAX : (uint16_t)field;
}

static void each_row(struct reader *r, const char *sql, void (*take)(struct reader *, sqlite3_stmt *))
{
    sqlite3_stmt *q = NULL;
    int code = sqlite3_prepare_v2(r->db, sql, -1, &q, NULL);
    while (code == SQLITE_OK || code == SQLITE_ROW) {
        code = sqlite3_step(q);
        if (code == SQLITE_ROW)
            take(r, q);
    }
    if (code != SQLITE_DONE)
        broken(r, sql, code);
    sqlite3_finalize(q);
}

static void read_all(struct reader *r)
{
    memset(r->field_of_series, 0xff, sizeof r->field_of_series);
    each_row(r, "SELECT id, instance_id FROM instance", take_instance);
    each_row(r, "SELECT s.instance, s.series, m.name, s.tag FROM series s JOIN metric m"
                " ON m.id = s.metric", take_series);
    each_row(r, "SELECT * FROM chunk ORDER BY id", take_chunk);
    each_row(r, "SELECT id, data FROM journal ORDER BY id", take_journal);
    sqlite3_stmt *q = NULL;
    if (sqlite3_prepare_v2(r->db, "PRAGMA integrity_check", -1, &q, NULL) != SQLITE_OK ||
        sqlite3_step(q) != SQLITE_ROW || strcmp((const char *)sqlite3_column_text(q, 0), "ok") != 0)
        broken(r, "SQLite's integrity check fails", 0);
    sqlite3_finalize(q);
}

static void copy_file(struct plat *from, struct plat *to, const char *name)
{
    int64_t size;
    const uint8_t *bytes = sim_disk_file(from, name, &size);
    if (bytes != NULL)
        sim_disk_put(to, name, bytes, size);
    else if (plat_file_exists(to, name))
        (void)plat_file_delete(to, name);
}

void reader_run(struct plat *aggregator, struct plat *inspector, const struct reader_sink *sink)
{
    struct reader *r = calloc(1, sizeof *r);
    ASSERT(r != NULL);
    r->sink = sink;
    copy_file(aggregator, inspector, "nephos.db");
    copy_file(aggregator, inspector, "nephos.db-wal");
    (void)sqlite3_shutdown();
    (void)sqlite3_config(SQLITE_CONFIG_HEAP, NULL, 0, 0);
    (void)sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
    (void)sqlite3_initialize();
    struct vfs vfs;
    vfs_init(&vfs, inspector);
    (void)sqlite3_vfs_register(&vfs.table, 1);
    int code = sqlite3_open_v2("nephos.db", &r->db, SQLITE_OPEN_READWRITE, NULL);
    if (code == SQLITE_OK)
        code = sqlite3_exec(r->db, "PRAGMA locking_mode = EXCLUSIVE", NULL, NULL, NULL);
    if (code == SQLITE_OK)
        read_all(r);
    else
        broken(r, "the database does not open", code);
    (void)sqlite3_close(r->db);
    (void)sqlite3_vfs_unregister(&vfs.table);
    (void)sqlite3_shutdown();
    free(r);
}
