/* SPDX-License-Identifier: MIT */
/* Opening the spool: room is reserved, and what an earlier run has left is found.
 *
 * A segment that was filled says in its header what it holds. The others, normally one, are read whole: the
 * first record that does not fit its check is where the writing was cut off. */
#include "agent/spool.h"

#include <string.h>

#include "agent/spool_file.h"

/* Walks an unsealed segment, checking every byte. ERR_SYSTEM when it cannot be read. */
static int examine(struct spool *s, uint32_t segment, uint32_t *chain)
{
    struct spool_segment *g = &s->segments[segment];
    struct spool_place place = spool_first_place(s, segment);
    for (;;) {
        struct spool_record r;
        int e = spool_read_record(s, place, s->segment_size, &r);
        if (e == ERR_OK)
            e = spool_data(s, &r, s->scratch);
        if (e == ERR_SYSTEM)
            return e;
        if (e < 0)
            break;
        if (r.kind == SPOOL_BLOCK) {
            g->samples += r.count;
            g->all_samples += r.count;
            g->epoch_samples = r.count + (g->last_epoch == r.epoch ? g->epoch_samples : 0);
            g->last_epoch = r.epoch;
            g->last_sequence = spool_last_sequence(&r);
        }
        place = r.next;
    }
    g->used = place.offset;
    *chain = place.chain;
    return ERR_OK;
}

/* What is held, and where to go on writing. */
static int scan(struct spool *s)
{
    uint64_t strange = 0, newest = 0;
    for (uint32_t i = 0; i < s->segment_count; i++) {
        struct spool_header h;
        uint32_t chain = 0;
        s->segments[i] = (struct spool_segment){0};
        int e = spool_read_header(s, i, &h);
        if (e == ERR_MISSING)
            continue;
        if (e == ERR_OK && !text_equal(h.owner, s->owner)) {
            strange++;
            continue;
        }
        if (e == ERR_OK) {
            s->segments[i] = h.segment;
            if (!h.is_sealed)
                e = examine(s, i, &chain);
        }
        if (e < 0)
            return e;
        s->sample_count += s->segments[i].samples;
        if (s->segments[i].number <= newest)
            continue;
        newest = s->last_number = s->found_number = s->segments[i].number;
        s->found_used = s->segments[i].used;
        s->newest = h.is_sealed ? SPOOL_NOWHERE : i;
        s->chain = chain;
    }
    if (strange > 0)
        plat_log(s->plat, LOG_WARN, "the spool holds %llu segments of samples of another instance; they "
                 "cannot be sent as those of %s and are given up", (unsigned long long)strange, s->owner);
    return ERR_OK;
}

/* As many segments as are configured, or as the file has already: all are read. */
static int make_room(struct spool *s)
{
    int64_t size = plat_file_size(s->plat, s->file), wanted = (int64_t)s->size;
    if (size < 0)
        return ERR_SYSTEM;
    int e = size < wanted ? plat_file_reserve(s->plat, s->file, wanted) : ERR_OK;
    if (e == ERR_OK && size < wanted)
        size = wanted;
    uint64_t count = (uint64_t)size / s->segment_size;
    s->segment_count = count < SPOOL_SEGMENTS_MAX ? (uint32_t)count : SPOOL_SEGMENTS_MAX;
    return e;
}

/* A file that was larger once is cut when nothing lies in the part that is too much. */
static void cut(struct spool *s)
{
    if (plat_file_size(s->plat, s->file) <= (int64_t)s->size)
        return;
    for (uint32_t i = 0; i < s->segment_count; i++)
        if (s->segments[i].number != 0 && (i + 1) * (uint64_t)s->segment_size > s->size)
            return;
    (void)plat_file_truncate(s->plat, s->file, (int64_t)s->size);
}

void spool_open(struct spool *s, const char *owner, struct mono now)
{
    s->owner = owner;
    if (s->size == 0)
        return;
    int file = plat_file_open(s->plat, SPOOL_FILE);
    if (file < 0) {
        spool_failed(s, file, now);
        return;
    }
    s->file = file;
    s->newest = SPOOL_NOWHERE;
    s->told_epoch = 0;
    s->sample_count = 0;
    int room = make_room(s), e = scan(s);
    if (e < 0) {
        plat_file_close(s->plat, file);
        s->file = ERR_MISSING;
        s->segment_count = 0;
        s->sample_count = 0;
        spool_failed(s, e, now);
        return;
    }
    spool_settle(s, (struct spool_place){.segment = SPOOL_NOWHERE});
    s->can_write = true;
    if (room < 0)
        spool_failed(s, room, now);
    else
        cut(s);
    if (s->sample_count > 0)
        plat_log(s->plat, LOG_INFO, "the spool holds %llu samples from before; they are sent beside the "
                 "new ones",
                 (unsigned long long)s->sample_count);
}

bool spool_is_ready(struct spool *s, struct mono now)
{
    if (s->size == 0 || s->owner == NULL)
        return false;
    if (s->can_write || !mono_reached(now, s->retry_at))
        return s->can_write;
    if (s->file < 0)
        spool_open(s, s->owner, now);
    else if (make_room(s) < 0)
        s->retry_at = mono_after_ms(now, SPOOL_RETRY_MS);
    else
        s->can_write = true; /* the next block will tell */
    return s->can_write;
}

void spool_close(struct spool *s)
{
    if (s->file < 0)
        return;
    if (s->sample_count > 0)
        (void)plat_file_sync(s->plat, s->file);
    plat_file_close(s->plat, s->file);
    s->file = ERR_MISSING;
    s->can_write = false;
}
