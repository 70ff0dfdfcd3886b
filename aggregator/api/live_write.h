/* SPDX-License-Identifier: MIT */
/* The words of live updates: a committed block as columns or as points, the newest values of a host,
 * changes of records. Each message goes to a sink as it is written. */
#ifndef NEPHOS_API_LIVE_WRITE_H
#define NEPHOS_API_LIVE_WRITE_H

#include "aggregator/api/live.h"
#include "aggregator/store/store_alerts.h"
#include "aggregator/store/store_insights.h"

/* Each place in a block has its number: so seq stays the same in every form, and in what is sent again. */
#define LIVE_PARTS (BLOCK_SAMPLES_MAX * SLOTS_MAX)

/* seq behind which block `number` begins; that of its last part is live_seq(number + 1). */
static inline uint64_t live_seq(uint64_t number)
{
    return number * LIVE_PARTS;
}

struct live_words {
    struct world *world;
    struct block_matrix *matrix; /* the block at hand, decoded */
    char *message;               /* LIVE_MESSAGE_SIZE */
};

/* False: it does not want more of this. */
struct live_sink {
    bool (*take)(struct live_sink *sink, uint64_t seq, const struct text *message);
};

/* False when the block cannot be decoded, which is not to be expected. */
bool live_decode(struct live_words *w, const struct store_feed_block *b);
/* The decoded block, from the first part with a seq above `after`; number is that of the block. False when
 * the sink stopped it. */
bool live_write_columns(struct live_words *w, const struct store_feed_block *b, uint64_t number,
                        uint64_t after, struct live_sink *sink);
bool live_write_points(struct live_words *w, const struct store_feed_block *b, uint64_t number,
                       uint64_t after, struct live_sink *sink);
/* The newest value of every series, those of the newest sample only; or of the classic metrics. All of these
 * messages together fit in LIVE_MESSAGE_SIZE. */
bool live_write_latest(struct live_words *w, uint32_t instance, bool as_columns, uint64_t seq,
                       struct live_sink *sink);

enum live_event { LIVE_INSERT, LIVE_MODIFY, LIVE_REMOVE };
struct live_change {
    enum live_type type;
    enum live_event event;
    uint64_t revision;
    uint32_t instance;           /* index for LIVE_INSTANCE */
    struct alert alert;          /* for LIVE_ALERT */
    struct insight insight;      /* for LIVE_INSIGHT */
};
bool live_write_change(struct live_words *w, const struct live_change *change, struct text *out);

#endif
