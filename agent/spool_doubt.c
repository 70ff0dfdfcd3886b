/* SPDX-License-Identifier: MIT */
/* What the spool gave up and may have arrived all the same. The lost samples that people are shown are to be
 * lost: what is in doubt is counted when the aggregator has told how far it has the epoch. */
#include "agent/spool.h"

#include <string.h>

#include "agent/spool_file.h"

/* The place of an epoch in `known`, or ERR_MISSING. */
static int find(const struct spool *s, uint64_t epoch)
{
    for (uint32_t i = 0; i < SPOOL_KNOWN_MAX; i++)
        if (s->known[i].epoch == epoch)
            return (int)i;
    return ERR_MISSING;
}

/* Another epoch may have to be forgotten for it: what is found of that one is in doubt again. */
static struct spool_known *find_or_make(struct spool *s, uint64_t epoch)
{
    int at = find(s, epoch);
    if (at >= 0)
        return &s->known[at];
    struct spool_known *k = &s->known[s->known_next];
    s->known_next = (s->known_next + 1) % SPOOL_KNOWN_MAX;
    *k = (struct spool_known){.epoch = epoch};
    return k;
}

void spool_sent(struct spool *s, uint64_t epoch, uint64_t sequence)
{
    struct spool_known *k = find_or_make(s, epoch);
    if (sequence > k->sent_sequence)
        k->sent_sequence = sequence;
}

void spool_epoch_begins(struct spool *s, uint64_t epoch)
{
    int at = find(s, epoch);
    if (at >= 0)
        s->known[at].told_sequence = 0;
}

/* It was there when the file was opened: an earlier process may have sent it. */
static bool was_found(const struct spool *s, struct spool_place place)
{
    uint64_t number = s->segments[place.segment].number;
    return number < s->found_number || (number == s->found_number && place.offset < s->found_used);
}

bool spool_may_have_arrived(const struct spool *s, const struct spool_record *r)
{
    int at = find(s, r->epoch);
    uint64_t last = spool_last_sequence(r);
    if (at >= 0 && last <= s->known[at].sent_sequence)
        return true;
    return (at < 0 || last > s->known[at].told_sequence) && (r->was_sent || was_found(s, r->place));
}

static void forget_first(struct spool *s)
{
    s->doubt_count--;
    memmove(s->doubts, s->doubts + 1, s->doubt_count * sizeof s->doubts[0]);
}

void spool_doubt(struct spool *s, uint64_t epoch, uint64_t first, uint64_t count)
{
    struct spool_doubt *newest = s->doubt_count > 0 ? &s->doubts[s->doubt_count - 1] : NULL;
    s->in_doubt_count += count;
    if (newest != NULL && newest->epoch == epoch && newest->last + 1 == first) {
        newest->last += count;
        return;
    }
    if (s->doubt_count == SPOOL_DOUBTS_MAX) { /* nobody will ask about the oldest any more */
        uint64_t samples = s->doubts[0].last + 1 - s->doubts[0].first;
        s->in_doubt_count -= samples;
        s->lost_count += samples;
        forget_first(s);
    }
    s->doubts[s->doubt_count++] =
        (struct spool_doubt){.epoch = epoch, .first = first, .last = first + count - 1};
}

void spool_told(struct spool *s, uint64_t epoch, uint64_t sequence)
{
    struct spool_known *k = find_or_make(s, epoch);
    k->told_sequence = epoch == s->tail.epoch ? spool_tail_end(s) : UINT64_MAX; /* an epoch that is over */
    k->sent_sequence = 0;
    uint32_t kept = 0;
    for (uint32_t i = 0; i < s->doubt_count; i++) {
        const struct spool_doubt *d = &s->doubts[i];
        if (d->epoch != epoch) {
            s->doubts[kept++] = *d;
            continue;
        }
        uint64_t behind = sequence < d->first ? d->first - 1 : sequence; /* what has arrived ends here */
        s->in_doubt_count -= d->last + 1 - d->first;
        s->lost_count += d->last > behind ? d->last - behind : 0;
    }
    s->doubt_count = kept;
}

const struct spool_doubt *spool_oldest_doubt(const struct spool *s)
{
    return s->doubt_count > 0 ? &s->doubts[0] : NULL;
}
