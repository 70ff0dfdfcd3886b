/* SPDX-License-Identifier: MIT */
/* The section of processes as bytes; see processes.h. */
#include <string.h>

#include "platform/base/bytes.h"
#include "platform/base/utf8.h"
#include "proto/bits.h"
#include "proto/column.h"
#include "proto/processes.h"

enum flag { IN_EVERY_SAMPLE = 1, IS_PACKED = 2, IS_IDLE = 4, IS_STEADY = 8 };

/* What one process takes before its columns, stretches excepted. */
#define ID_SIZE_MAX (1U + VARINT_SIZE_MAX + PROCESS_NAME_SIZE + BITMAP_SIZE_MAX)
/* A stretch takes two numbers below PROCESS_SAMPLES_MAX, and is behind a number of stretches. */
#define STRETCH_SIZE_MAX 4U
#define BITMAP_SAMPLES_MAX 16U
#define BITMAP_SIZE_MAX (BITMAP_SAMPLES_MAX / 8U)
#define LETTER_BITS 6U
#define PID_MAX INT32_MAX

/* --- out --- */

static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-/_:.()@+ ABCDEFGHIJKLMNPRSX";
static_assert(sizeof letters == (1U << LETTER_BITS) + 1, "each letter takes six bits");

static uint32_t packed_size(uint32_t length)
{
    return (length * LETTER_BITS + 7) / 8;
}

/* Bytes written, 0 when the name cannot be packed or gets no shorter. */
static uint32_t pack_name(const char *name, uint32_t length, uint8_t *to)
{
    struct bit_writer w = {.to = to, .size = PROCESS_NAME_SIZE};
    if (packed_size(length) >= length)
        return 0;
    for (uint32_t i = 0; i < length; i++) {
        const char *letter = strchr(letters, name[i]);
        if (letter == NULL)
            return 0;
        bits_put(&w, (uint64_t)(letter - letters), LETTER_BITS);
    }
    bits_flush(&w);
    return w.at;
}

static void put_bitmap(const struct processes *p, const struct process_id *id, uint32_t samples, uint8_t *to)
{
    memset(to, 0, (samples + 7) / 8);
    for (const struct process_use *u = processes_first_use(p, id); u != NULL && u->sample < samples;
         u = processes_next_use(p, id, u))
        to[u->sample / 8] |= (uint8_t)(1U << u->sample % 8);
}

/* Their number; their bytes are added to *used unless `to` is NULL. */
static uint32_t put_stretches(const struct processes *p, const struct process_id *id, uint32_t samples,
                              uint8_t *to, uint32_t *used)
{
    uint32_t n = 0, end = 0;
    const struct process_use *u = processes_first_use(p, id);
    for (; u != NULL && u->sample < samples; n++) {
        uint32_t begin = u->sample;
        if (to != NULL)
            *used += put_varint(to + *used, begin - end);
        for (end = begin; u != NULL && u->sample == end && end < samples; end++)
            u = processes_next_use(p, id, u);
        if (to != NULL)
            *used += put_varint(to + *used, end - begin);
    }
    return n;
}

/* Which samples name the process; bytes written or ERR_FULL. */
static int put_presence(const struct processes *p, const struct process_id *id, uint32_t samples,
                        uint8_t *to, uint32_t size)
{
    if (samples <= BITMAP_SAMPLES_MAX) {
        put_bitmap(p, id, samples, to);
        return (int)(samples + 7) / 8;
    }
    uint32_t n = put_stretches(p, id, samples, NULL, NULL), used = 0;
    if (size < VARINT_SIZE_MAX + n * STRETCH_SIZE_MAX)
        return ERR_FULL;
    used = put_varint(to, n);
    (void)put_stretches(p, id, samples, to, &used);
    return (int)used;
}

/* One value of each of the first samples' uses; how many. */
static uint32_t gather(const struct processes *p, const struct process_id *id, uint32_t samples,
                       bool is_memory, int64_t *values)
{
    uint32_t n = 0;
    for (const struct process_use *u = processes_first_use(p, id); u != NULL && u->sample < samples;
         u = processes_next_use(p, id, u))
        values[n++] = is_memory ? u->memory_kib : u->cpu_share;
    return n;
}

static bool is_all(const int64_t *values, uint32_t count, int64_t value)
{
    for (uint32_t i = 0; i < count; i++)
        if (values[i] != value)
            return false;
    return true;
}

/* A column, unless it has the same `value` in all; negative when there is no room. */
static int put_values(const int64_t *values, uint32_t count, int64_t value, uint8_t *to, uint32_t size)
{
    return is_all(values, count, value) ? 0 : column_encode(values, count, to, size);
}

/* Head, pid and name: bytes written. The flags of what follows are added to the head later. */
static uint32_t put_name(const struct process_id *id, uint32_t pid_before, uint8_t *to)
{
    uint32_t length = (uint32_t)strlen(id->name), at = 1 + put_varint(to + 1, id->pid - pid_before);
    uint32_t packed = pack_name(id->name, length, to + at);
    to[0] = (uint8_t)(length << 4 | (packed > 0 ? IS_PACKED : 0));
    if (packed > 0)
        return at + packed;
    memcpy(to + at, id->name, length);
    return at + length;
}

/* Bytes written or ERR_FULL. */
static int put_process(const struct processes *p, const struct process_id *id, uint32_t pid_before,
                       uint32_t samples, int64_t *work, uint8_t *to, uint32_t size)
{
    if (size < ID_SIZE_MAX)
        return ERR_FULL;
    uint32_t at = put_name(id, pid_before, to), count = gather(p, id, samples, false, work);
    int n = count == samples ? 0 : put_presence(p, id, samples, to + at, size - at);
    if (n < 0)
        return n;
    to[0] |= n == 0 ? IN_EVERY_SAMPLE : 0;
    at += (uint32_t)n;
    n = put_values(work, count, 0, to + at, size - at);
    if (n < 0)
        return n;
    to[0] |= n == 0 ? IS_IDLE : 0;
    at += (uint32_t)n;
    (void)gather(p, id, samples, true, work);
    if (size - at < VARINT_SIZE_MAX)
        return ERR_FULL;
    n = put_values(work, count, work[0], to + at, size - at);
    if (n < 0)
        return n;
    to[0] |= n == 0 ? IS_STEADY : 0;
    return (int)(at + (n == 0 ? put_varint(to + at, (uint64_t)work[0]) : (uint32_t)n));
}

/* Of those that the samples use: ascending by pid. */
static uint32_t sort_ids(const struct processes *p, uint32_t samples, uint16_t order[static PROCESSES_MAX])
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < p->id_count; i++) {
        const struct process_use *use = processes_first_use(p, &p->ids[i]);
        if (use == NULL || use->sample >= samples)
            continue;
        uint32_t at = count++;
        for (; at > 0 && p->ids[order[at - 1]].pid > p->ids[i].pid; at--)
            order[at] = order[at - 1];
        order[at] = (uint16_t)i;
    }
    return count;
}

int processes_encode(const struct processes *p, uint32_t samples, int64_t *work, uint8_t *to, uint32_t size)
{
    uint16_t order[PROCESSES_MAX];
    ASSERT(p->ids_max <= PROCESSES_MAX);
    uint32_t count = sort_ids(p, samples, order), pid = 0;
    if (count == 0)
        return 0;
    if (size < VARINT_SIZE_MAX)
        return ERR_FULL;
    uint32_t at = put_varint(to, count);
    for (uint32_t i = 0; i < count; i++) {
        const struct process_id *id = &p->ids[order[i]];
        int n = put_process(p, id, pid, samples, work, to + at, size - at);
        if (n < 0)
            return n;
        at += (uint32_t)n;
        pid = id->pid;
    }
    return (int)at;
}

/* --- in --- */

struct reader {
    const uint8_t *at, *end;
    uint32_t samples;
    struct processes *p;
    uint8_t tops[PROCESS_SAMPLES_MAX]; /* processes of each sample so far */
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

/* One more use of the newest process. */
static void take_sample(struct reader *r, uint32_t sample)
{
    struct processes *p = r->p;
    if (r->tops[sample]++ == PROCESS_TOPS_MAX || p->use_count == p->uses_max) {
        r->tops[sample] = PROCESS_TOPS_MAX;
        r->bad = true;
        return;
    }
    processes_put_use(p, &p->ids[p->id_count - 1], sample, 0, 0);
}

static void take_bitmap(struct reader *r)
{
    uint32_t size = (r->samples + 7) / 8;
    if ((size_t)(r->end - r->at) < size) {
        r->bad = true;
        return;
    }
    for (uint32_t i = 0; i < size * 8 && !r->bad; i++) {
        if ((r->at[i / 8] >> i % 8 & 1) == 0)
            continue;
        if (i < r->samples)
            take_sample(r, i);
        else
            r->bad = true;
    }
    r->at += size;
}

static void take_stretches(struct reader *r)
{
    uint32_t count = take(r, r->samples), sample = 0;
    for (uint32_t i = 0; i < count && !r->bad; i++) {
        sample += take(r, r->samples - sample);
        uint32_t length = take(r, r->samples - sample);
        for (uint32_t k = 0; k < length && !r->bad; k++)
            take_sample(r, sample++);
    }
}

static void take_presence(struct reader *r, bool is_every)
{
    if (!is_every && r->samples <= BITMAP_SAMPLES_MAX)
        take_bitmap(r);
    else if (!is_every)
        take_stretches(r);
    for (uint32_t i = 0; i < r->samples && is_every && !r->bad; i++)
        take_sample(r, i);
    r->bad |= r->p->ids[r->p->id_count - 1].count == 0;
}

/* False when the padding is not zero. */
static bool unpack_name(const uint8_t *from, uint32_t length, char *name)
{
    struct bit_reader bits = {.from = from, .size = packed_size(length)};
    for (uint32_t i = 0; i < length; i++)
        name[i] = letters[bits_get(&bits, LETTER_BITS)];
    return bits_get(&bits, packed_size(length) * 8 - length * LETTER_BITS) == 0;
}

static void take_id(struct reader *r, uint32_t pid_before)
{
    uint32_t length = *r->at >> 4, pid;
    bool packed = (*r->at++ & IS_PACKED) != 0;
    uint32_t size = packed ? packed_size(length) : length;
    pid = pid_before + take(r, PID_MAX - pid_before);
    if (r->bad || (size_t)(r->end - r->at) < size) {
        r->bad = true;
        return;
    }
    char name[PROCESS_NAME_SIZE] = {0};
    if (packed)
        r->bad = !unpack_name(r->at, length, name);
    else
        memcpy(name, r->at, length);
    r->at += size;
    r->bad |= strlen(name) != length || !utf8_printable(name);
    if (!r->bad)
        (void)processes_put_id(r->p, pid, name);
}

/* `count` values into work[], each a number that a use can hold. */
static void take_column(struct reader *r, uint32_t count, int64_t *work)
{
    int n = column_decode(r->at, (uint32_t)(r->end - r->at), work, count);
    r->bad = n < 0;
    r->at += n < 0 ? 0 : n;
    for (uint32_t i = 0; i < count && !r->bad; i++)
        r->bad = work[i] < 0 || work[i] > UINT32_MAX;
}

static void take_values(struct reader *r, uint32_t flags, int64_t *work)
{
    const struct process_id *id = &r->p->ids[r->p->id_count - 1];
    struct process_use *uses = &r->p->uses[id->first]; /* one behind the other */
    if ((flags & IS_IDLE) == 0) {
        take_column(r, id->count, work);
        for (uint32_t i = 0; i < id->count && !r->bad; i++)
            uses[i].cpu_share = (uint32_t)work[i];
    }
    if (r->bad)
        return;
    if ((flags & IS_STEADY) != 0) {
        uint32_t memory_kib = take(r, UINT32_MAX);
        for (uint32_t i = 0; i < id->count; i++)
            uses[i].memory_kib = memory_kib;
        return;
    }
    take_column(r, id->count, work);
    for (uint32_t i = 0; i < id->count && !r->bad; i++)
        uses[i].memory_kib = (uint32_t)work[i];
}

int processes_decode(const uint8_t *from, uint32_t size, uint32_t samples, int64_t *work,
                     struct processes *p)
{
    p->id_count = p->use_count = 0;
    if (size == 0)
        return ERR_OK;
    ASSERT(samples >= 1 && samples <= PROCESS_SAMPLES_MAX);
    struct reader r = {.at = from, .end = from + size, .samples = samples, .p = p};
    uint32_t count = take(&r, p->ids_max), pid = 0;
    r.bad |= count == 0;
    for (uint32_t i = 0; i < count && !r.bad; i++) {
        if (r.at == r.end) {
            r.bad = true;
            break;
        }
        uint32_t flags = *r.at & 15U;
        take_id(&r, pid);
        if (!r.bad)
            take_presence(&r, (flags & IN_EVERY_SAMPLE) != 0);
        if (!r.bad)
            take_values(&r, flags, work);
        if (!r.bad)
            pid = p->ids[p->id_count - 1].pid;
    }
    if (!r.bad && r.at == r.end)
        return ERR_OK;
    p->id_count = p->use_count = 0;
    return ERR_MALFORMED;
}
