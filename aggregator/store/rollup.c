/* SPDX-License-Identifier: MIT */
/* The codec of rollup rows; the layout is in rollup.h. */
#include "aggregator/store/rollup.h"

#include <string.h>

#include "aggregator/store/cell.h"
#include "platform/base/bytes.h"
#include "proto/column.h"

#define VERSION 1
#define CRC_OFFSET 8U
#define HEADER_SIZE 12U
#define SIZE_FIELD 3U                  /* of a series, written as a varint of three bytes */
#define COUNT_MAX INT64_C(4294967295)

enum flag { SAME_COUNTS = 1, SAME_TIMES = 2, LAST_IS_GREATEST = 4, ALL_ARE_EQUAL = 8 };
#define FLAGS_ALL 15U

/* --- building --- */

void rollup_reset(struct rollup_builder *b, const struct rollup_spec *spec)
{
    ASSERT(spec->points >= 1 && spec->points <= ROLLUP_POINTS_MAX);
    b->spec = *spec;
    memset(b->named, 0, sizeof b->named);
}

struct store_cell *rollup_cells(struct rollup_builder *b, uint32_t series)
{
    ASSERT(series < ROLLUP_SERIES_MAX);
    if (!b->named[series]) {
        memset(b->cells[series], 0, b->spec.points * sizeof b->cells[0][0]);
        b->named[series] = true;
    }
    return b->cells[series];
}

static uint32_t checksum(const struct crc32c_tables *sums, const uint8_t *bytes, uint32_t size)
{
    uint32_t crc = crc32c_fast(sums, 0, bytes, CRC_OFFSET);
    return crc32c_fast(sums, crc, bytes + HEADER_SIZE, size - HEADER_SIZE);
}

/* What the series share; false when none has a sample. */
static bool find_shared(const struct rollup_builder *b, int64_t *counts, int64_t *last_ms)
{
    bool some = false;
    memset(counts, 0, b->spec.points * sizeof *counts);
    memset(last_ms, 0, b->spec.points * sizeof *last_ms);
    for (uint32_t s = 0; s < ROLLUP_SERIES_MAX; s++) {
        for (uint32_t p = 0; b->named[s] && p < b->spec.points; p++) {
            const struct store_cell *c = &b->cells[s][p];
            int64_t late_ms = c->last_ms - b->spec.start_ms - p * b->spec.point_ms;
            if (c->count == 0)
                continue;
            some = true;
            counts[p] = c->count > counts[p] ? c->count : counts[p];
            last_ms[p] = late_ms > last_ms[p] ? late_ms : last_ms[p];
        }
    }
    return some;
}

struct writer {
    uint8_t *to;
    uint32_t size, at;
};

static void put_column(struct writer *w, int64_t *values, uint32_t count)
{
    int n = column_pack(values, count, w->to + w->at, w->size - w->at);
    ASSERT(n > 0); /* ROLLUP_SIZE_MAX has room for the worst */
    w->at += (uint32_t)n;
}

/* The columns of a series that are in question, and which of them are not needed. */
struct columns {
    uint32_t present;
    uint8_t flags;
    int64_t below[ROLLUP_POINTS_MAX];  /* of every point; the others of those that have samples */
    int64_t before[ROLLUP_POINTS_MAX], greatest[ROLLUP_POINTS_MAX], last[ROLLUP_POINTS_MAX];
    int64_t least[ROLLUP_POINTS_MAX], sum[ROLLUP_POINTS_MAX];
};

static int64_t less(int64_t a, int64_t b)
{
    return (int64_t)((uint64_t)a - (uint64_t)b);
}

static void fill_columns(const struct rollup_builder *b, const struct store_cell *cells,
                         const int64_t *counts, const int64_t *last_ms, struct columns *c)
{
    c->present = 0;
    c->flags = FLAGS_ALL;
    for (uint32_t p = 0; p < b->spec.points; p++) {
        const struct store_cell *cell = &cells[p];
        c->below[p] = counts[p] - cell->count;
        c->flags &= c->below[p] == 0 ? FLAGS_ALL : (uint8_t)~SAME_COUNTS;
        if (cell->count == 0)
            continue;
        uint32_t k = c->present++;
        c->before[k] = last_ms[p] - (cell->last_ms - b->spec.start_ms - p * b->spec.point_ms);
        c->greatest[k] = cell->max;
        c->last[k] = less(cell->max, cell->last);
        c->least[k] = less(cell->max, cell->min);
        c->sum[k] = (int64_t)((uint64_t)cell->sum - (uint64_t)cell->count * (uint64_t)cell->min);
        c->flags &= c->before[k] == 0 ? FLAGS_ALL : (uint8_t)~SAME_TIMES;
        c->flags &= c->last[k] == 0 ? FLAGS_ALL : (uint8_t)~LAST_IS_GREATEST;
        c->flags &= c->least[k] == 0 ? FLAGS_ALL : (uint8_t)~ALL_ARE_EQUAL;
    }
}

static void put_columns(struct writer *w, struct columns *c, uint32_t points)
{
    if ((c->flags & SAME_COUNTS) == 0)
        put_column(w, c->below, points);
    if ((c->flags & SAME_TIMES) == 0)
        put_column(w, c->before, c->present);
    put_column(w, c->greatest, c->present);
    if ((c->flags & LAST_IS_GREATEST) == 0)
        put_column(w, c->last, c->present);
    if ((c->flags & ALL_ARE_EQUAL) == 0) {
        put_column(w, c->least, c->present);
        put_column(w, c->sum, c->present);
    }
}

/* The size stands before the columns and is known behind them, so its varint is filled up to three bytes. */
static void put_size(uint8_t *to, uint32_t size)
{
    ASSERT(size < 1U << 7 * SIZE_FIELD);
    to[0] = (uint8_t)(size | 0x80);
    to[1] = (uint8_t)(size >> 7 | 0x80);
    to[2] = (uint8_t)(size >> 14);
}

uint32_t rollup_encode(const struct crc32c_tables *sums, const struct rollup_builder *b, uint8_t *to,
                       uint32_t size)
{
    int64_t counts[ROLLUP_POINTS_MAX], last_ms[ROLLUP_POINTS_MAX];
    struct columns c;
    uint32_t series_count = 0, previous = 0;
    ASSERT(size >= ROLLUP_SIZE_MAX);
    if (!find_shared(b, counts, last_ms))
        return 0;
    struct writer w = {.to = to, .size = size, .at = HEADER_SIZE};
    put_column(&w, counts, b->spec.points);
    put_column(&w, last_ms, b->spec.points);
    for (uint32_t s = 0; s < ROLLUP_SERIES_MAX; s++) {
        if (!b->named[s])
            continue;
        fill_columns(b, b->cells[s], counts, last_ms, &c);
        if (c.present == 0)
            continue;
        w.at += put_varint(to + w.at, s - previous);
        previous = s;
        to[w.at++] = c.flags;
        uint32_t size_at = w.at;
        w.at += SIZE_FIELD;
        put_columns(&w, &c, b->spec.points);
        put_size(to + size_at, w.at - size_at - SIZE_FIELD);
        series_count++;
    }
    memset(to, 0, HEADER_SIZE);
    to[0] = VERSION;
    put_u16(to + 2, (uint16_t)b->spec.points);
    put_u16(to + 4, (uint16_t)series_count);
    put_u32(to + CRC_OFFSET, checksum(sums, to, w.at));
    return w.at;
}

/* --- reading --- */

static bool take_column(const uint8_t **at, const uint8_t *end, int64_t *values, uint32_t count)
{
    int n = column_decode(*at, (uint32_t)(end - *at), values, count);
    if (n > 0)
        *at += n;
    return n > 0;
}

int rollup_open(const struct crc32c_tables *sums, const struct rollup_spec *spec, const uint8_t *from,
                uint32_t size, struct rollup *r)
{
    if (size < HEADER_SIZE || from[0] != VERSION || get_u16(from + 2) != spec->points ||
        get_u32(from + CRC_OFFSET) != checksum(sums, from, size))
        return ERR_MALFORMED;
    *r = (struct rollup){.spec = *spec, .series_count = get_u16(from + 4), .at = from + HEADER_SIZE,
                         .end = from + size};
    if (!take_column(&r->at, r->end, r->counts, spec->points) ||
        !take_column(&r->at, r->end, r->last_ms, spec->points))
        return ERR_MALFORMED;
    for (uint32_t p = 0; p < spec->points; p++)
        if (r->counts[p] < 0 || r->counts[p] > COUNT_MAX || r->last_ms[p] < 0 ||
            r->last_ms[p] >= spec->point_ms)
            return ERR_MALFORMED;
    return ERR_OK;
}

int rollup_next(struct rollup *r, struct rollup_series *out)
{
    uint64_t step, size;
    if (r->series_count == 0)
        return 0;
    uint32_t n = get_varint(r->at, (size_t)(r->end - r->at), &step);
    if (n == 0 || step >= ROLLUP_SERIES_MAX - r->series || r->end - r->at <= (int64_t)n)
        return ERR_MALFORMED;
    r->series += (uint32_t)step;
    out->series = r->series;
    out->flags = r->at[n];
    r->at += n + 1;
    n = get_varint(r->at, (size_t)(r->end - r->at), &size);
    if (n == 0 || size > (uint64_t)(r->end - r->at) - n)
        return ERR_MALFORMED;
    out->columns = r->at + n;
    out->size = (uint32_t)size;
    r->at += n + size;
    r->series_count--;
    return 1;
}

/* Counts and newest times: the number of points with samples, or ERR_MALFORMED. */
static int read_counts(const struct rollup *r, const struct rollup_series *s, const uint8_t **at,
                       struct store_cell *cells)
{
    int64_t below[ROLLUP_POINTS_MAX] = {0};
    uint32_t present = 0;
    if ((s->flags & SAME_COUNTS) == 0 && !take_column(at, s->columns + s->size, below, r->spec.points))
        return ERR_MALFORMED;
    for (uint32_t p = 0; p < r->spec.points; p++) {
        if (below[p] < 0 || below[p] > r->counts[p])
            return ERR_MALFORMED;
        cells[p] = (struct store_cell){.count = (uint32_t)(r->counts[p] - below[p])};
        present += cells[p].count > 0;
    }
    return (int)present;
}

int rollup_read(const struct rollup *r, const struct rollup_series *s,
                struct store_cell cells[static ROLLUP_POINTS_MAX])
{
    int64_t before[ROLLUP_POINTS_MAX] = {0}, greatest[ROLLUP_POINTS_MAX], last[ROLLUP_POINTS_MAX] = {0};
    int64_t least[ROLLUP_POINTS_MAX] = {0}, sum[ROLLUP_POINTS_MAX] = {0};
    const uint8_t *at = s->columns, *end = at + s->size;
    int present = read_counts(r, s, &at, cells);
    if (present < 0)
        return present;
    uint32_t n = (uint32_t)present, k = 0;
    if (n == 0)
        return at == end ? ERR_OK : ERR_MALFORMED;
    bool good = (s->flags & SAME_TIMES) != 0 || take_column(&at, end, before, n);
    good = good && take_column(&at, end, greatest, n);
    good = good && ((s->flags & LAST_IS_GREATEST) != 0 || take_column(&at, end, last, n));
    if ((s->flags & ALL_ARE_EQUAL) == 0)
        good = good && take_column(&at, end, least, n) && take_column(&at, end, sum, n);
    if (!good || at != end)
        return ERR_MALFORMED;
    for (uint32_t p = 0; p < r->spec.points; p++) {
        struct store_cell *c = &cells[p];
        if (c->count == 0)
            continue;
        if (before[k] < 0 || before[k] > r->last_ms[p])
            return ERR_MALFORMED;
        c->last_ms = r->spec.start_ms + p * r->spec.point_ms + r->last_ms[p] - before[k];
        c->max = greatest[k];
        c->last = less(greatest[k], last[k]);
        c->min = less(greatest[k], least[k]);
        c->sum = (int64_t)((uint64_t)sum[k] + (uint64_t)c->count * (uint64_t)c->min);
        k++;
    }
    return ERR_OK;
}

int rollup_add(struct rollup *r, struct rollup_builder *b)
{
    struct rollup_series series;
    struct store_cell cells[ROLLUP_POINTS_MAX];
    int n;
    while ((n = rollup_next(r, &series)) == 1) {
        n = rollup_read(r, &series, cells);
        if (n != ERR_OK)
            return n;
        struct store_cell *to = rollup_cells(b, series.series);
        for (uint32_t p = 0; p < b->spec.points; p++)
            cell_merge(&to[p], &cells[p]);
    }
    return n;
}
