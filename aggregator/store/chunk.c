/* SPDX-License-Identifier: MIT */
/* Building and reading chunks; the layout is in chunk.h. */
#include "aggregator/store/chunk.h"

#include <string.h>

#include "platform/base/bytes.h"

#define VERSION 2
#define CRC_OFFSET 8U
#define HEADER_SIZE 12U
#define COLUMN_DIRECTORY_MAX 20U
#define STRETCH_DIRECTORY_MAX 4U
/* In the worst case each use of a process is a stretch and two values. */
#define PROCESSES_SIZE_MAX \
    (PROCESSES_MAX * (32U + 2 * COLUMN_SIZE_MAX(0)) + CHUNK_BUILD_SAMPLES * PROCESS_TOPS_MAX * (4U + 2 * 12U))

static_assert(CHUNK_SAMPLES_MAX <= PROCESS_SAMPLES_MAX, "the samples of a chunk fit in a section");
/* In the worst case each value is a stretch of its own. */
static_assert(HEADER_SIZE + (SLOTS_MAX + 1) * COLUMN_DIRECTORY_MAX +
                      CHUNK_VALUES_MAX * STRETCH_DIRECTORY_MAX + COLUMN_SIZE_MAX(CHUNK_BUILD_SAMPLES) +
                      SLOTS_MAX * COLUMN_SIZE_MAX(0) + CHUNK_VALUES_MAX * 12 + PROCESSES_SIZE_MAX <=
                  CHUNK_SIZE_MAX,
              "the worst chunk must fit");

static uint32_t checksum(const struct crc32c_tables *sums, const uint8_t *bytes, uint32_t size)
{
    uint32_t crc = crc32c_fast(sums, 0, bytes, CRC_OFFSET);
    return crc32c_fast(sums, crc, bytes + HEADER_SIZE, size - HEADER_SIZE);
}

static struct processes view_of(struct chunk_processes *p)
{
    return (struct processes){.ids = p->ids, .uses = p->uses, .ids_max = COUNT_OF(p->ids),
                              .uses_max = COUNT_OF(p->uses), .id_count = p->id_count,
                              .use_count = p->use_count};
}

static void take_back(struct chunk_processes *p, const struct processes *view)
{
    p->id_count = view->id_count;
    p->use_count = view->use_count;
}

struct processes chunk_processes_view(const struct chunk_processes *p)
{
    return view_of((struct chunk_processes *)(uintptr_t)p); /* the caller only reads */
}

/* --- building --- */

void chunk_reset(struct chunk_builder *b)
{
    b->processes.id_count = b->processes.use_count = 0;
    b->count = 0;
    b->column_count = 0;
    b->value_count = 0;
}

bool chunk_has_room(const struct chunk_builder *b, uint32_t samples, const struct block_matrix *block)
{
    return b->count + samples <= CHUNK_BUILD_SAMPLES &&
           b->value_count + samples * block->slot_count <= CHUNK_VALUES_MAX &&
           b->processes.id_count + block->processes.id_count <= PROCESSES_MAX;
}

uint32_t chunk_column(struct chunk_builder *b, uint16_t series, uint32_t guess)
{
    if (guess < b->column_count && b->series[guess] == series)
        return guess;
    for (uint32_t i = 0; i < b->column_count; i++)
        if (b->series[i] == series)
            return i;
    if (b->column_count == SLOTS_MAX)
        return CHUNK_COLUMN_NONE;
    uint32_t at = b->column_count++;
    b->series[at] = series;
    b->lengths[at] = 0;
    memset(b->present[at], 0, sizeof b->present[at]);
    return at;
}

void chunk_add(struct chunk_builder *b, const struct block_matrix *block, uint32_t from, uint32_t to,
               const uint16_t *series_of_slot, uint32_t slot_count)
{
    uint32_t n = to - from, column = CHUNK_COLUMN_NONE;
    ASSERT(to <= block->count && b->count + n <= CHUNK_BUILD_SAMPLES);
    memcpy(b->time_ms + b->count, block->time_ms + from, n * sizeof b->time_ms[0]);
    for (uint32_t i = 0; i < block->slot_count; i++) {
        if (block->slots[i] >= slot_count || series_of_slot[block->slots[i]] == CHUNK_SERIES_NONE)
            continue;
        column = chunk_column(b, series_of_slot[block->slots[i]], column + 1);
        /* Room for one value per sample: a dictionary that names a series twice gives it once. */
        if (column == CHUNK_COLUMN_NONE || (b->present[column][b->count / 64] >> b->count % 64 & 1) != 0)
            continue;
        memcpy(b->values[column] + b->lengths[column], block->values[i] + from,
               n * sizeof b->values[0][0]);
        b->lengths[column] = (uint16_t)(b->lengths[column] + n);
        for (uint32_t k = b->count; k < b->count + n; k++)
            b->present[column][k / 64] |= UINT64_C(1) << k % 64;
        b->value_count += n;
    }
    struct processes processes = view_of(&b->processes);
    const struct processes more = block_processes_view(&block->processes);
    int err = processes_append(&processes, b->count, &more, from, to);
    ASSERT(err == ERR_OK); /* chunk_has_room */
    take_back(&b->processes, &processes);
    b->count += n;
}

static bool is_present(const struct chunk_builder *b, uint32_t column, uint32_t sample)
{
    return (b->present[column][sample / 64] >> sample % 64 & 1) != 0;
}

/* Writes the stretches behind each other; returns their number. */
static uint32_t put_stretches(const struct chunk_builder *b, uint32_t column, uint8_t *to,
                              uint32_t *used)
{
    uint32_t n = 0, at = 0;
    *used = 0;
    while (at < b->count) {
        uint32_t start = at;
        while (at < b->count && !is_present(b, column, at))
            at++;
        uint32_t begin = at;
        while (at < b->count && is_present(b, column, at))
            at++;
        if (at == begin)
            break;
        if (to != NULL) {
            *used += put_varint(to + *used, begin - start);
            *used += put_varint(to + *used, at - begin);
        }
        n++;
    }
    return n;
}

static void sort_columns(const struct chunk_builder *b, uint16_t order[static SLOTS_MAX])
{
    for (uint32_t i = 0; i < b->column_count; i++) {
        uint32_t at = i;
        for (; at > 0 && b->series[order[at - 1]] > b->series[i]; at--)
            order[at] = order[at - 1];
        order[at] = (uint16_t)i;
    }
}

/* More than the directory can take: two varints of 2 bytes a stretch, five of at most 4 a column. */
static uint32_t directory_bound(const struct chunk_builder *b)
{
    uint32_t bound = HEADER_SIZE + (b->column_count + 1) * COLUMN_DIRECTORY_MAX, unused;
    for (uint32_t i = 0; i < b->column_count; i++)
        if (b->lengths[i] < b->count)
            bound += put_stretches(b, i, NULL, &unused) * STRETCH_DIRECTORY_MAX;
    return bound;
}

void chunk_put_header(uint8_t *to, uint32_t count, uint32_t column_count)
{
    memset(to, 0, HEADER_SIZE);
    to[0] = VERSION;
    put_u16(to + 2, (uint16_t)count);
    put_u16(to + 4, (uint16_t)column_count);
}

/* Bytes of header and directory, checksum excepted. */
static uint32_t put_directory(const struct chunk_builder *b, const uint16_t *order, uint32_t times_size,
                              uint32_t processes_size, const uint32_t *sizes, uint8_t *to)
{
    chunk_put_header(to, b->count, b->column_count);
    uint32_t at = HEADER_SIZE, previous = 0;
    at += put_varint(to + at, times_size);
    at += put_varint(to + at, processes_size);
    for (uint32_t i = 0; i < b->column_count; i++) {
        uint32_t column = order[i], used = 0;
        at += put_varint(to + at, b->series[column] - previous);
        previous = b->series[column];
        if (b->lengths[column] == b->count) {
            at += put_varint(to + at, 0);
        } else {
            at += put_varint(to + at, put_stretches(b, column, NULL, &used));
            (void)put_stretches(b, column, to + at, &used);
            at += used;
        }
        at += put_varint(to + at, sizes[i]);
    }
    return at;
}

/* The directory stands before the columns, but their sizes are known only after them: so the columns are
 * written behind the room that it can take at most, and then moved up. */
uint32_t chunk_encode(const struct crc32c_tables *sums, struct chunk_builder *b, uint8_t *to, uint32_t size)
{
    uint16_t order[SLOTS_MAX];
    uint32_t sizes[SLOTS_MAX];
    ASSERT(b->count > 0 && size >= CHUNK_SIZE_MAX);
    sort_columns(b, order);
    uint32_t body = directory_bound(b), end = body;
    int n = dense_pack(&b->dense, b->time_ms, b->count, to + end, size - end);
    ASSERT(n > 0);
    uint32_t times_size = (uint32_t)n;
    end += times_size;
    for (uint32_t i = 0; i < b->column_count; i++) {
        n = dense_pack(&b->dense, b->values[order[i]], b->lengths[order[i]], to + end, size - end);
        ASSERT(n > 0);
        sizes[i] = (uint32_t)n;
        end += sizes[i];
    }
    const struct processes processes = view_of(&b->processes);
    n = processes_encode(&processes, b->count, b->work, to + end, size - end);
    ASSERT(n >= 0);
    end += (uint32_t)n;
    uint32_t at = put_directory(b, order, times_size, (uint32_t)n, sizes, to);
    ASSERT(at <= body);
    memmove(to + at, to + body, end - body);
    at += end - body;
    put_u32(to + CRC_OFFSET, checksum(sums, to, at));
    return at;
}

/* --- reading --- */

struct reader {
    const uint8_t *at, *end;
    bool bad;
};

static uint32_t take(struct reader *r, uint32_t max)
{
    uint64_t v = 0;
    uint32_t n = get_varint(r->at, (size_t)(r->end - r->at), &v);
    if (n == 0 || v > max) {
        r->bad = true;
        return 0;
    }
    r->at += n;
    return (uint32_t)v;
}

static void read_directory(struct reader *r, struct chunk *c)
{
    uint32_t series = 0;
    c->times_size = take(r, CHUNK_SIZE_MAX);
    c->processes_size = take(r, CHUNK_SIZE_MAX);
    for (uint32_t i = 0; i < c->column_count && !r->bad; i++) {
        struct chunk_column *column = &c->columns[i];
        series += take(r, UINT16_MAX - series);
        column->series = (uint16_t)series;
        column->stretch_count = take(r, CHUNK_SAMPLES_MAX);
        column->stretches = r->at;
        for (uint32_t k = 0; k < column->stretch_count * 2 && !r->bad; k++)
            (void)take(r, CHUNK_SAMPLES_MAX);
        column->size = take(r, CHUNK_SIZE_MAX);
    }
}

int chunk_open(const struct crc32c_tables *sums, const uint8_t *from, uint32_t size, struct chunk *c)
{
    if (size < HEADER_SIZE || from[0] != VERSION)
        return ERR_MALFORMED;
    c->count = get_u16(from + 2);
    c->column_count = get_u16(from + 4);
    if (c->count == 0 || c->count > CHUNK_SAMPLES_MAX || c->column_count > SLOTS_MAX ||
        get_u32(from + CRC_OFFSET) != checksum(sums, from, size))
        return ERR_MALFORMED;
    struct reader r = {.at = from + HEADER_SIZE, .end = from + size};
    read_directory(&r, c);
    uint64_t left = (uint64_t)(r.end - r.at), needed = c->times_size + c->processes_size;
    c->times = r.at;
    const uint8_t *at = r.at + (c->times_size <= left ? c->times_size : 0);
    for (uint32_t i = 0; i < c->column_count && !r.bad; i++) {
        needed += c->columns[i].size;
        if (needed > left)
            return ERR_MALFORMED;
        c->columns[i].bytes = at;
        at += c->columns[i].size;
    }
    c->processes = at;
    return r.bad || needed != left ? ERR_MALFORMED : ERR_OK;
}

int chunk_times(const struct chunk *c, int64_t time_ms[static CHUNK_SAMPLES_MAX])
{
    int n = dense_decode(c->times, c->times_size, time_ms, c->count);
    return n < 0 ? n : ERR_OK;
}

int chunk_values(const struct chunk *c, const struct chunk_column *column,
                 int64_t values[static CHUNK_SAMPLES_MAX],
                 uint16_t sample_of[static CHUNK_SAMPLES_MAX])
{
    uint32_t count = c->count;
    if (column->stretch_count > 0) {
        struct reader r = {.at = column->stretches, .end = c->times};
        uint32_t sample = 0;
        count = 0;
        for (uint32_t i = 0; i < column->stretch_count; i++) {
            sample += take(&r, c->count - sample);
            uint32_t length = take(&r, c->count - sample);
            for (uint32_t k = 0; k < length; k++)
                sample_of[count++] = (uint16_t)sample++;
        }
        if (r.bad || count == 0)
            return ERR_MALFORMED;
    }
    int n = dense_decode(column->bytes, column->size, values, count);
    return n < 0 ? n : (int)count;
}

int chunk_read_processes(const struct chunk *c, int64_t work[static CHUNK_SAMPLES_MAX],
                         struct chunk_processes *out)
{
    struct processes processes = view_of(out);
    int err = processes_decode(c->processes, c->processes_size, c->count, work, &processes);
    take_back(out, &processes);
    return err;
}
