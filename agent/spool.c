/* SPDX-License-Identifier: MIT */
/* What goes into the spool and what leaves it; see spool.h. */
#include "agent/spool.h"

#include <string.h>

#include "agent/spool_file.h"
#include "platform/base/bytes.h"

void spool_init(struct spool *s, struct plat *p, const struct series *series, uint8_t *scratch,
                uint64_t size)
{
    /* The table is left alone: pages of it that nobody needs are never touched. */
    memset(s, 0, offsetof(struct spool, segments));
    s->plat = p;
    s->series = series;
    s->scratch = scratch;
    s->size = size;
    s->file = ERR_MISSING;
    /* Less than the settings allow is for simulations, which fill it in minutes. */
    s->segment_size = size >= SPOOL_SIZE_MIN ? SPOOL_SEGMENT_SIZE : (uint32_t)(size / SPOOL_SEGMENTS_LEAST);
    s->newest = SPOOL_NOWHERE;
}

void spool_failed(struct spool *s, int error, struct mono now)
{
    s->can_write = false;
    s->retry_at = mono_after_ms(now, SPOOL_RETRY_MS);
    if (!s->said)
        plat_log(s->plat, LOG_WARN, "the file `spool` in --state cannot be written: %s; samples that "
                 "cannot be sent are kept in memory only, until it works again",
                 error == ERR_FULL     ? "the disk is full"
                 : error == ERR_DENIED ? "no permission, or a disk that is read-only"
                                       : "the disk fails");
    s->said = true;
}

/* --- the oldest --- */

uint32_t spool_segment_after(const struct spool *s, uint64_t number)
{
    uint32_t found = SPOOL_NOWHERE;
    for (uint32_t i = 0; i < s->segment_count; i++)
        if (s->segments[i].number > number &&
            (found == SPOOL_NOWHERE || s->segments[i].number < s->segments[found].number))
            found = i;
    return found;
}

void spool_free_segment(struct spool *s, uint32_t segment)
{
    ASSERT(s->segments[segment].samples == 0);
    s->segments[segment] = (struct spool_segment){0};
    spool_erase_header(s, segment);
    if (segment == s->newest)
        s->newest = SPOOL_NOWHERE;
}

/* There are no records any more in the segment. If it holds samples by its header, the records are damaged;
 * those of its last epoch stood at the end. */
static void run_out(struct spool *s, uint32_t segment)
{
    struct spool_segment *g = &s->segments[segment];
    uint32_t known = g->samples < g->epoch_samples ? g->samples : g->epoch_samples;
    if (known > g->last_sequence || g->last_epoch == 0)
        known = 0;
    if (known > 0)
        spool_doubt(s, g->last_epoch, g->last_sequence + 1 - known, known);
    s->lost_count += g->samples - known;
    s->sample_count -= g->samples;
    g->samples = 0;
    spool_free_segment(s, segment);
}

void spool_settle(struct spool *s, struct spool_place from)
{
    s->has_oldest = false;
    for (;;) {
        uint32_t segment = spool_segment_after(s, 0);
        if (segment == SPOOL_NOWHERE)
            return;
        if (from.segment != segment)
            from = spool_first_place(s, segment);
        int e = spool_read_record(s, from, s->segments[segment].used, &s->oldest);
        if (e == ERR_SYSTEM)
            return; /* asked again with the next walk */
        if (e == ERR_MISSING) {
            run_out(s, segment);
            from.segment = SPOOL_NOWHERE; /* there is no record that tells where the next one is */
            continue;
        }
        if (s->oldest.kind == SPOOL_BLOCK) {
            s->has_oldest = true;
            return;
        }
        from = s->oldest.next;
    }
}

static void drop_oldest(struct spool *s)
{
    struct spool_segment *g = &s->segments[s->oldest.place.segment];
    uint32_t count = s->oldest.count < g->samples ? s->oldest.count : g->samples;
    g->samples -= count;
    s->sample_count -= count;
    spool_settle(s, s->oldest.next);
}

uint64_t spool_acknowledge(struct spool *s, uint64_t epoch, uint64_t sequence)
{
    uint64_t before = s->sample_count;
    while (s->has_oldest && s->oldest.epoch == epoch && spool_last_sequence(&s->oldest) <= sequence)
        drop_oldest(s);
    if (s->has_oldest && s->oldest.epoch != epoch && s->tail.epoch == epoch &&
        spool_tail_end(s) <= sequence)
        (void)spool_drop_tail(s);
    return before - s->sample_count;
}

void spool_give_up_block(struct spool *s)
{
    ASSERT(s->has_oldest);
    s->lost_count += s->oldest.count;
    drop_oldest(s);
}

bool spool_can_read(struct spool *s)
{
    if (!s->has_oldest && s->sample_count > 0)
        spool_settle(s, (struct spool_place){.segment = SPOOL_NOWHERE});
    return s->has_oldest;
}

uint32_t spool_segments_in_use(const struct spool *s)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < s->segment_count; i++)
        count += s->segments[i].number != 0;
    return count;
}

/* The oldest segment makes place. What was sent and never answered may have arrived. */
static void give_up_segment(struct spool *s)
{
    uint32_t segment = s->oldest.place.segment;
    uint64_t lost_before = s->lost_count;
    while (s->has_oldest && s->oldest.place.segment == segment) {
        if (spool_may_have_arrived(s, &s->oldest))
            spool_doubt(s, s->oldest.epoch, s->oldest.sequence, s->oldest.count);
        else
            s->lost_count += s->oldest.count;
        drop_oldest(s);
    }
    if (lost_before == 0)
        plat_log(s->plat, LOG_WARN, "the spool is full: the oldest samples are given up from now on; a "
                 "larger spool.size holds more");
}

/* --- putting --- */

static bool has_room(const struct spool *s, uint32_t size)
{
    return s->newest != SPOOL_NOWHERE && s->segment_size - s->segments[s->newest].used >= size;
}

/* A free place below the configured size, or SPOOL_NOWHERE. */
static uint32_t free_place(const struct spool *s)
{
    for (uint32_t i = 0; i < s->segment_count && (i + 1) * (uint64_t)s->segment_size <= s->size; i++)
        if (s->segments[i].number == 0)
            return i;
    return SPOOL_NOWHERE;
}

static int begin_segment(struct spool *s)
{
    int e = s->newest != SPOOL_NOWHERE ? spool_write_header(s, s->newest, true) : ERR_OK;
    if (e < 0)
        return e;
    s->newest = SPOOL_NOWHERE; /* its header holds for good: nothing may be appended any more */
    uint32_t segment = free_place(s);
    for (; segment == SPOOL_NOWHERE && s->has_oldest; segment = free_place(s))
        give_up_segment(s);
    if (segment == SPOOL_NOWHERE)
        return ERR_SYSTEM; /* what is held cannot be read, so it cannot be given up in order */
    uint32_t start;
    plat_random(s->plat, &start, sizeof start);
    s->segments[segment] =
        (struct spool_segment){.number = ++s->last_number, .used = SPOOL_HEADER_SIZE, .start = start};
    e = spool_write_header(s, segment, false);
    if (e < 0) {
        s->segments[segment] = (struct spool_segment){0};
        return e;
    }
    s->newest = segment;
    s->chain = start;
    s->told_epoch = 0;
    return ERR_OK;
}

/* The slots that the newest segment does not know yet of this epoch. */
static int put_dictionary(struct spool *s, uint64_t epoch)
{
    spool_tail_begins(s, epoch);
    if (s->told_epoch != epoch)
        s->told_slots = 0;
    s->told_epoch = epoch;
    while (s->told_slots < s->series->count) {
        uint32_t count;
        uint8_t *frame = s->scratch + SPOOL_RECORD_SIZE - FRAME_HEADER_SIZE;
        int size = series_put_dictionary(s->series, epoch, s->told_slots, frame, TRANSMIT_SIZE, &count);
        ASSERT(size > 0);
        struct spool_record r = {
            .kind = SPOOL_DICTIONARY,
            .count = count,
            .size = (uint32_t)size - FRAME_HEADER_SIZE,
            .epoch = epoch,
            .sequence = s->told_slots,
        };
        int e = has_room(s, SPOOL_RECORD_SIZE + r.size) ? spool_append(s, &r) : ERR_FULL;
        if (e < 0)
            return e;
        s->told_slots += count;
    }
    return ERR_OK;
}

static int put_block(struct spool *s, uint64_t epoch, const struct ring_block *b, bool was_sent)
{
    struct spool_record r = {
        .kind = SPOOL_BLOCK,
        .was_sent = was_sent,
        .count = b->count,
        .size = b->size,
        .epoch = epoch,
        .sequence = b->sequence,
    };
    if (!has_room(s, SPOOL_RECORD_SIZE + r.size))
        return ERR_FULL;
    struct spool_place place = {
        .segment = s->newest, .offset = s->segments[s->newest].used, .chain = s->chain};
    memcpy(s->scratch + SPOOL_RECORD_SIZE, b->data, b->size);
    int e = spool_append(s, &r);
    if (e < 0)
        return e;
    struct spool_segment *g = &s->segments[s->newest];
    g->samples += b->count;
    g->all_samples += b->count;
    g->epoch_samples = b->count + (g->last_epoch == epoch ? g->epoch_samples : 0);
    g->last_epoch = epoch;
    g->last_sequence = b->sequence + b->count - 1;
    s->sample_count += b->count;
    if (!s->has_oldest)
        spool_settle(s, place);
    return ERR_OK;
}

int spool_put(struct spool *s, uint64_t epoch, const struct ring_block *b, bool was_sent, struct mono now)
{
    ASSERT(s->can_write && b->size <= BLOCK_SIZE_MAX);
    int e = ERR_FULL;
    if (s->newest != SPOOL_NOWHERE) {
        e = put_dictionary(s, epoch);
        if (e == ERR_OK)
            e = put_block(s, epoch, b, was_sent);
    }
    /* Full so far means: the segment. A new one has room for all of it. */
    if (e == ERR_FULL) {
        e = begin_segment(s);
        if (e == ERR_OK)
            e = put_dictionary(s, epoch);
        if (e == ERR_OK)
            e = put_block(s, epoch, b, was_sent);
    }
    if (e < 0)
        spool_failed(s, e, now);
    else if (s->said)
        plat_log(s->plat, LOG_INFO, "the spool takes samples again");
    s->said &= e < 0;
    return e;
}

/* --- reading --- */

uint64_t spool_newest_epoch(const struct spool *s)
{
    const struct spool_segment *newest = NULL;
    for (uint32_t i = 0; i < s->segment_count; i++)
        if (s->segments[i].last_epoch != 0 &&
            (newest == NULL || s->segments[i].number > newest->number))
            newest = &s->segments[i];
    return newest == NULL ? 0 : newest->last_epoch;
}

struct spool_place spool_start(const struct spool *s, uint64_t epoch)
{
    ASSERT(s->has_oldest);
    return s->oldest.epoch != epoch && s->tail.epoch == epoch ? s->tail.place
                                                              : spool_first_place(s, s->oldest.place.segment);
}

bool spool_record(struct spool *s, struct spool_place place, struct spool_record *out)
{
    while (place.segment != SPOOL_NOWHERE) {
        const struct spool_segment *g = &s->segments[place.segment];
        int e = spool_read_record(s, place, g->used, out);
        if (e != ERR_MISSING)
            return e == ERR_OK;
        uint32_t next = spool_segment_after(s, g->number);
        place = next == SPOOL_NOWHERE ? (struct spool_place){.segment = next} : spool_first_place(s, next);
    }
    return false;
}

bool spool_is_past(const struct spool *s, const struct spool_record *r)
{
    return !s->has_oldest || (r->place.segment == s->oldest.place.segment &&
                              r->place.offset < s->oldest.place.offset);
}

uint64_t spool_oldest_epoch_end(struct spool *s)
{
    ASSERT(s->has_oldest);
    uint64_t end = s->oldest.sequence, epoch = s->oldest.epoch;
    struct spool_place place = s->oldest.place;
    /* Whole segments first, by what the table knows. */
    for (uint32_t i = place.segment; i != SPOOL_NOWHERE && s->segments[i].last_epoch == epoch;) {
        end = s->segments[i].last_sequence + 1;
        i = spool_segment_after(s, s->segments[i].number);
        place = i == SPOOL_NOWHERE ? (struct spool_place){.segment = i} : spool_first_place(s, i);
    }
    struct spool_record r;
    while (spool_record(s, place, &r) && r.epoch == epoch) {
        if (r.kind == SPOOL_BLOCK)
            end = spool_last_sequence(&r) + 1;
        place = r.next;
    }
    return end;
}

/* --- words --- */

void spool_describe(uint64_t size, uint32_t block_size, uint32_t samples, int64_t interval_ms,
                    uint32_t dictionary_size, struct text *out)
{
    uint64_t segments = size / SPOOL_SEGMENT_SIZE;
    uint64_t a_segment = SPOOL_SEGMENT_SIZE - SPOOL_HEADER_SIZE - dictionary_size;
    uint64_t blocks = segments * (a_segment / (SPOOL_RECORD_SIZE + (uint64_t)block_size));
    uint64_t minutes = blocks * samples * (uint64_t)interval_ms / 60000U;
    text_printf(out, "spool: %llu MiB holds about %llu h at %u bytes a block of %u samples",
                (unsigned long long)(size >> 20), (unsigned long long)(minutes / 60), block_size, samples);
}
