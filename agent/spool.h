/* SPDX-License-Identifier: MIT */
/* The spool: unacknowledged blocks on disk, the ring continued in a file of fixed size.
 *
 * It is used in an outage only. The agent moves blocks from the ring to the spool, oldest first, so the spool
 * always holds what is older than the ring; the uplink reads them back, oldest first, and they leave when
 * they are acknowledged, or when a newer one needs the room: then a whole segment is given up and its
 * samples are counted. Unlike the ring it holds blocks of several epochs, each with its dictionary, and it
 * survives the process. The bytes are in docs/SPEC.md, 2.2.
 *
 *     file = segments of SPOOL_SEGMENT_SIZE, in any order, each with an ascending number
 *     segment = header, records; each record stands in a chain of checks that begins with chance, so that
 *               what an earlier use of the place has left is never taken for new
 *     record = dictionary or block
 *
 * Nothing is synced: what is written survives the death of the process, and a power cut takes what the kernel
 * has not written back yet (some 30 seconds). Always
 *     samples put = acknowledged + sample_count + in_doubt_count + lost_count.
 *
 * What is given up may have arrived: it was sent, and the answer got lost; or it was acknowledged to an
 * earlier process, for the file forgets only whole segments. Such samples are in doubt until the aggregator
 * tells how far it has their epoch (spool_doubt.c). */
#ifndef NEPHOS_SPOOL_H
#define NEPHOS_SPOOL_H

#include "agent/limits.h"
#include "agent/ring.h"
#include "agent/series.h"
#include "platform/base/text.h"
#include "platform/platform.h"

#define SPOOL_NOWHERE UINT32_MAX

/* Where a record begins. */
struct spool_place {
    uint32_t segment; /* index, or SPOOL_NOWHERE */
    uint32_t offset;
    uint32_t chain;   /* check of the record before */
};

enum spool_kind { SPOOL_DICTIONARY = 1, SPOOL_BLOCK = 2 };

struct spool_record {
    struct spool_place place, next;
    enum spool_kind kind;
    bool was_sent;     /* before it came here: its acknowledgement may have got lost */
    uint32_t count;    /* samples, or series */
    uint32_t size;     /* of the data: a block, or the payload of a Dictionary message */
    uint32_t check;    /* of the data */
    uint64_t epoch;
    uint64_t sequence; /* of the first sample, or the first slot */
};

struct spool_segment {
    uint64_t number;   /* the higher, the newer; 0: free */
    uint32_t used;     /* bytes, header included */
    uint32_t samples;  /* of its blocks that are still held */
    uint32_t all_samples;
    uint32_t start;    /* of the chain of checks: by chance, for what lies there from before must not fit */
    uint64_t last_epoch, last_sequence; /* newest sample in it */
    uint32_t epoch_samples; /* of last_epoch */
};

/* What is known of an epoch on the other side. */
struct spool_known {
    uint64_t epoch;         /* 0: nothing */
    uint64_t sent_sequence; /* newest that was sent since; 0: none was */
    uint64_t told_sequence; /* what is held up to it has not arrived, unless it was sent since */
};

/* Samples that were given up and may have arrived. */
struct spool_doubt {
    uint64_t epoch, first, last;
};

/* The blocks of the epoch that was put last: the end of what is held. */
struct spool_tail {
    uint64_t epoch;             /* 0: none was put */
    uint64_t number;            /* of the segment in which it begins */
    struct spool_place place;   /* its first record there */
    struct spool_segment before; /* that segment, before it */
};

struct spool {
    struct plat *plat;
    const struct series *series;
    uint8_t *scratch;             /* SCRATCH_SIZE bytes, lent: a record on its way */
    const char *owner;            /* instance id: nobody else's samples are sent */
    uint64_t size;                /* as configured; 0: no spool */
    int file;                     /* negative: not open */
    bool can_write;
    bool said;                    /* that it cannot be written */
    struct mono retry_at;

    /* writing */
    uint32_t segment_size, segment_count;
    uint32_t newest;              /* segment that is written, or SPOOL_NOWHERE */
    uint64_t last_number;         /* of a segment, ever */
    uint64_t found_number;        /* of the newest segment that was found when it was opened, and ... */
    uint32_t found_used;          /* ... how much of it */
    uint32_t chain;               /* check of its last record */
    uint64_t told_epoch;          /* its dictionary is in the newest segment ... */
    uint32_t told_slots;          /* ... up to this slot */

    /* reading */
    bool has_oldest;
    struct spool_record oldest;   /* oldest block that is held */
    struct spool_tail tail;
    struct spool_known known[SPOOL_KNOWN_MAX];
    uint32_t known_next;          /* makes room for another epoch */
    struct spool_doubt doubts[SPOOL_DOUBTS_MAX]; /* oldest first */
    uint32_t doubt_count;

    uint64_t sample_count;        /* held */
    uint64_t lost_count;          /* samples given up or found damaged */
    uint64_t in_doubt_count;      /* samples given up that may have arrived */
    uint64_t written_bytes;
    struct spool_segment segments[SPOOL_SEGMENTS_MAX];
};

/* Not open yet. `scratch` has SCRATCH_SIZE bytes and is used only while a function of the spool runs. */
void spool_init(struct spool *s, struct plat *p, const struct series *series, uint8_t *scratch,
                uint64_t size);
/* Opens or makes the file and finds what is held in it. The directory is locked for this process, and `owner`
 * is who the samples are of: it outlives the spool. A spool that cannot be opened is said once and tried
 * again now and then. */
void spool_open(struct spool *s, const char *owner, struct mono now);
void spool_close(struct spool *s); /* after all else: also syncs */
/* Can a block be put now? Tries a broken spool again when its time has come. */
bool spool_is_ready(struct spool *s, struct mono now);
/* A block of `epoch`, newer than all before, whose slots are in the series. Gives up the oldest segment when
 * there is no room. ERR_OK, or an error: then the block is not in it, and the spool is not ready for a
 * while. */
int spool_put(struct spool *s, uint64_t epoch, const struct ring_block *b, bool was_sent, struct mono now);

/* Segments that hold something. */
uint32_t spool_segments_in_use(const struct spool *s);
/* The epoch of the newest block held, 0 when none is. */
uint64_t spool_newest_epoch(const struct spool *s);
/* One more than the newest sample held of the epoch of the oldest block. */
uint64_t spool_oldest_epoch_end(struct spool *s);
/* Where to begin with the samples of the epoch that is the oldest, or the newest: its dictionary is there. */
struct spool_place spool_start(const struct spool *s, uint64_t epoch);
/* The record at `place`, or the first one behind it: false at the end, or when the file cannot be read. */
bool spool_record(struct spool *s, struct spool_place place, struct spool_record *out);
/* Is this block older than the oldest that is held? */
bool spool_is_past(const struct spool *s, const struct spool_record *r);
/* The record's data, r->size bytes: ERR_OK, ERR_MALFORMED when they are damaged, ERR_SYSTEM. */
int spool_data(struct spool *s, const struct spool_record *r, uint8_t *to);
/* Samples of `epoch` up to `sequence` have been sent. */
void spool_sent(struct spool *s, uint64_t epoch, uint64_t sequence);
/* The aggregator has `epoch` up to `sequence`, and nothing newer: settles what is in doubt. */
void spool_told(struct spool *s, uint64_t epoch, uint64_t sequence);
/* The oldest samples in doubt, or NULL. */
const struct spool_doubt *spool_oldest_doubt(const struct spool *s);
/* Drops the oldest blocks as long as they are of `epoch` and end at or before `sequence`; the newest ones
 * when all of them do. Samples dropped. */
uint64_t spool_acknowledge(struct spool *s, uint64_t epoch, uint64_t sequence);
/* The oldest block cannot be sent: counts it as lost. */
void spool_give_up_block(struct spool *s);
/* Is the oldest block known? Looks again when it could not be read before. */
bool spool_can_read(struct spool *s);
/* The disk does not give back what is held of the newest epoch, and newer samples of it must not wait: all of
 * it behind `sequence`, which is acknowledged, counts as lost. */
void spool_abandon(struct spool *s, uint64_t sequence);

/* "spool: 16 MiB holds about 31 h at 512 bytes a block"; `size` of the spool, blocks of `samples` samples
 * each `interval_ms` apart that take `block_size` bytes on average, and a dictionary of `dictionary_size`. */
void spool_describe(uint64_t size, uint32_t block_size, uint32_t samples, int64_t interval_ms,
                    uint32_t dictionary_size, struct text *out);

#endif
