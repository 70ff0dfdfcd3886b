/* SPDX-License-Identifier: MIT */
/* The tail of the spool: the blocks of the epoch that was put last.
 *
 * When the disk takes no more, the epoch cannot be closed, and what the spool holds of it has to be sent
 * before what is in the ring. It need not wait for older epochs, though: it is read from where it begins,
 * and dropped as a whole when all of it is acknowledged. The disk may not hear of that; then a later process
 * finds it again, asks, and learns that it has arrived. */
#include "agent/spool.h"

#include "agent/spool_file.h"

void spool_tail_begins(struct spool *s, uint64_t epoch)
{
    if (s->tail.epoch == epoch)
        return;
    const struct spool_segment *g = &s->segments[s->newest];
    spool_epoch_begins(s, epoch);
    s->tail = (struct spool_tail){
        .epoch = epoch,
        .number = g->number,
        .place = {.segment = s->newest, .offset = g->used, .chain = s->chain},
        .before = *g,
    };
}

uint64_t spool_tail_end(const struct spool *s)
{
    uint64_t newest = 0;
    for (uint32_t i = 0; i < s->segment_count; i++)
        if (s->segments[i].last_epoch == s->tail.epoch && s->segments[i].last_sequence > newest)
            newest = s->segments[i].last_sequence;
    return newest;
}

/* The segment in which the tail begins goes back to what it was, less what has left it since. */
static uint64_t cut(struct spool *s, uint32_t segment)
{
    struct spool_segment *g = &s->segments[segment];
    const struct spool_segment *before = &s->tail.before;
    uint32_t added = g->all_samples - before->all_samples;
    uint32_t older = g->samples > added ? g->samples - added : 0, dropped = g->samples - older;
    s->sample_count -= dropped;
    g->samples = older;
    if (older == 0) {
        spool_free_segment(s, segment);
        return dropped;
    }
    *g = *before;
    g->samples = older;
    if (segment == s->newest)
        s->chain = s->tail.place.chain;
    return dropped;
}

uint64_t spool_drop_tail(struct spool *s)
{
    uint64_t dropped = 0;
    for (uint32_t i = 0; i < s->segment_count; i++) {
        struct spool_segment *g = &s->segments[i];
        if (g->number == s->tail.number) {
            dropped += cut(s, i);
        } else if (g->number > s->tail.number) {
            dropped += g->samples;
            s->sample_count -= g->samples;
            g->samples = 0;
            spool_free_segment(s, i);
        }
    }
    if (s->has_oldest && s->oldest.epoch == s->tail.epoch)
        s->has_oldest = false;
    s->tail = (struct spool_tail){0};
    s->told_epoch = 0;
    return dropped;
}

void spool_abandon(struct spool *s, uint64_t sequence)
{
    uint64_t newest = spool_tail_end(s);
    uint64_t behind = newest > sequence ? newest - sequence : 0, dropped = spool_drop_tail(s);
    uint64_t lost = dropped < behind ? dropped : behind;
    s->lost_count += lost;
    plat_log(s->plat, LOG_WARN, "the spool cannot be read: %llu samples in it are lost",
             (unsigned long long)lost);
}
