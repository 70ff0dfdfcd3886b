/* SPDX-License-Identifier: MIT */
/* Merging chunks, a column at a time; see chunk_merge.h. */
#include "aggregator/store/chunk_merge.h"

#include <string.h>

#include "platform/base/bytes.h"

#define HEADER_SIZE 12U
#define CRC_OFFSET 8U
/* Of a column in the directory, stretches excepted; and of a stretch. */
#define COLUMN_ENTRY_MAX 20U
#define STRETCH_MAX 4U

/* --- walking --- */

void chunk_walk_begin(struct chunk_walk *w, const struct chunk *parts, uint32_t part_count)
{
    ASSERT(part_count <= CHUNK_PARTS_MAX);
    w->part_count = part_count;
    for (uint32_t i = 0; i < part_count; i++) {
        w->parts[i] = &parts[i];
        w->at[i] = 0;
    }
}

static uint32_t next_series(const struct chunk_walk *w)
{
    uint32_t series = UINT32_MAX;
    for (uint32_t i = 0; i < w->part_count; i++)
        if (w->at[i] < w->parts[i]->column_count && w->parts[i]->columns[w->at[i]].series < series)
            series = w->parts[i]->columns[w->at[i]].series;
    return series;
}

/* Adds the values of a column of part i, whose first sample has the number `first`. */
static int take_column(struct chunk_walk *w, uint32_t i, uint32_t first)
{
    const struct chunk *c = w->parts[i];
    int n = chunk_values(c, &c->columns[w->at[i]], w->part_values, w->part_sample_of);
    if (n < 0)
        return n;
    if (w->count + (uint32_t)n > CHUNK_SAMPLES_MAX)
        return ERR_MALFORMED; /* a series that stands in a part twice */
    memcpy(w->values + w->count, w->part_values, (uint32_t)n * sizeof w->values[0]);
    bool is_whole = (uint32_t)n == c->count;
    for (uint32_t k = 0; k < (uint32_t)n; k++)
        w->sample_of[w->count++] = (uint16_t)(first + (is_whole ? k : w->part_sample_of[k]));
    return ERR_OK;
}

int chunk_walk_next(struct chunk_walk *w)
{
    uint32_t series = next_series(w), first = 0;
    if (series == UINT32_MAX)
        return 0;
    w->series = (uint16_t)series;
    w->count = 0;
    for (uint32_t i = 0; i < w->part_count; i++) {
        const struct chunk *c = w->parts[i];
        while (w->at[i] < c->column_count && c->columns[w->at[i]].series == series) {
            int err = take_column(w, i, first);
            w->at[i]++;
            if (err != ERR_OK)
                return err;
        }
        first += c->count;
    }
    return 1;
}

/* --- merging --- */

struct merging {
    struct chunk_merge_work *work;
    uint32_t samples, columns, previous;
    uint8_t *to;
    uint32_t size, at, directory_at;
};

static int put_values(struct merging *m, int64_t *values, uint32_t count)
{
    int n = dense_pack(&m->work->dense, values, count, m->to + m->at, m->size - m->at);
    if (n > 0)
        m->at += (uint32_t)n;
    return n;
}

/* The end of the stretch that begins with value `from`. */
static uint32_t stretch_end(const struct chunk_walk *w, uint32_t from)
{
    uint32_t to = from + 1;
    while (to < w->count && w->sample_of[to] == w->sample_of[to - 1] + 1)
        to++;
    return to;
}

static void put_stretches(struct merging *m)
{
    const struct chunk_walk *w = &m->work->walk;
    uint8_t *to = m->work->directory;
    uint32_t n = 0, sample = 0;
    for (uint32_t k = 0; k < w->count; k = stretch_end(w, k))
        n++;
    m->directory_at += put_varint(to + m->directory_at, w->count == m->samples ? 0 : n);
    for (uint32_t k = 0, end; k < w->count && w->count < m->samples; k = end) {
        end = stretch_end(w, k);
        m->directory_at += put_varint(to + m->directory_at, w->sample_of[k] - sample);
        m->directory_at += put_varint(to + m->directory_at, end - k);
        sample = w->sample_of[k] + end - k;
    }
}

static int put_series(struct merging *m)
{
    struct chunk_walk *w = &m->work->walk;
    uint8_t *directory = m->work->directory;
    if (w->count == 0)
        return ERR_OK;
    if (m->columns == SLOTS_MAX ||
        m->directory_at + COLUMN_ENTRY_MAX + w->count * STRETCH_MAX > CHUNK_MERGE_DIRECTORY_MAX)
        return ERR_FULL;
    m->directory_at += put_varint(directory + m->directory_at, w->series - m->previous);
    m->previous = w->series;
    put_stretches(m);
    int n = put_values(m, w->values, w->count);
    if (n < 0)
        return n;
    m->directory_at += put_varint(directory + m->directory_at, (uint32_t)n);
    m->columns++;
    return ERR_OK;
}

static int put_times(struct merging *m, const struct chunk *parts, uint32_t part_count)
{
    struct chunk_walk *w = &m->work->walk;
    for (uint32_t i = 0; i < part_count; i++) {
        int err = chunk_times(&parts[i], w->part_values);
        if (err != ERR_OK)
            return err;
        memcpy(w->values + m->samples, w->part_values, parts[i].count * sizeof w->values[0]);
        m->samples += parts[i].count;
    }
    return put_values(m, w->values, m->samples);
}

/* The section's size, or why not. */
static int put_processes(struct merging *m, const struct chunk *parts, uint32_t part_count)
{
    struct chunk_merge_work *work = m->work;
    uint32_t sample = 0;
    struct processes all = {.ids = work->processes.ids, .uses = work->processes.uses,
                            .ids_max = COUNT_OF(work->processes.ids),
                            .uses_max = COUNT_OF(work->processes.uses)};
    for (uint32_t i = 0; i < part_count; i++) {
        int err = chunk_read_processes(&parts[i], work->walk.values, &work->part);
        if (err != ERR_OK)
            return err;
        const struct processes view = chunk_processes_view(&work->part);
        err = processes_append(&all, sample, &view, 0, parts[i].count);
        if (err != ERR_OK)
            return err;
        sample += parts[i].count;
    }
    int n = processes_encode(&all, m->samples, work->walk.values, m->to + m->at, m->size - m->at);
    if (n > 0)
        m->at += (uint32_t)n;
    return n;
}

/* Puts header and directory in front of the columns; the whole size. */
static int finish(struct merging *m, const struct crc32c_tables *sums, uint32_t times_size,
                  uint32_t processes_size)
{
    uint8_t *to = m->to;
    uint32_t at = HEADER_SIZE, body = m->at - CHUNK_MERGE_DIRECTORY_MAX;
    if (HEADER_SIZE + 2 * VARINT_SIZE_MAX + m->directory_at + body > CHUNK_SIZE_MAX ||
        HEADER_SIZE + 2 * VARINT_SIZE_MAX + m->directory_at > CHUNK_MERGE_DIRECTORY_MAX)
        return ERR_FULL;
    chunk_put_header(to, m->samples, m->columns);
    at += put_varint(to + at, times_size);
    at += put_varint(to + at, processes_size);
    memcpy(to + at, m->work->directory, m->directory_at);
    at += m->directory_at;
    memmove(to + at, to + CHUNK_MERGE_DIRECTORY_MAX, body);
    at += body;
    put_u32(to + CRC_OFFSET, crc32c_fast(sums, crc32c_fast(sums, 0, to, CRC_OFFSET), to + HEADER_SIZE,
                                         at - HEADER_SIZE));
    return (int)at;
}

int chunk_merge(const struct crc32c_tables *sums, struct chunk_merge_work *work, const struct chunk *parts,
                uint32_t part_count, uint8_t *to, uint32_t size)
{
    ASSERT(size >= CHUNK_MERGE_SIZE);
    struct merging m = {.work = work, .to = to, .size = size, .at = CHUNK_MERGE_DIRECTORY_MAX};
    int times_size = put_times(&m, parts, part_count), n;
    if (times_size < 0)
        return times_size;
    chunk_walk_begin(&work->walk, parts, part_count);
    while ((n = chunk_walk_next(&work->walk)) == 1) {
        n = put_series(&m);
        if (n != ERR_OK)
            break;
    }
    if (n < 0)
        return n;
    int processes_size = put_processes(&m, parts, part_count);
    if (processes_size < 0)
        return processes_size;
    return finish(&m, sums, (uint32_t)times_size, (uint32_t)processes_size);
}
