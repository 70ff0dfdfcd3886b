/* SPDX-License-Identifier: MIT */
/* Cuts windows out of the store: from the watermark of each instance to what is complete, and late ranges.
 *
 * A window is complete when a sample behind it has come, as an agent's samples come in order; the one with
 * the newest sample of a host that is silent, a while later. Nothing is cut behind the newest sample: what a
 * host keeps through an outage is not late when it comes. One outlet cuts at a time, a bounded piece in each
 * step, and what it found is a batch and the parts it is made of. Retention may have left only coarser
 * samples: then these are cut, and counted. */
#ifndef NEPHOS_FORWARD_CUT_H
#define NEPHOS_FORWARD_CUT_H

#include "aggregator/forward/exporter.h"

#define CUT_PARTS_MAX 512U
#define CUT_SILENT_MS 60000     /* so long a host that is silent may still send the rest of a window */
#define CUT_PUSHED_MS 10000     /* so long clients may take to tell of one moment */
#define CUT_SETTLE_MS 20000     /* late samples come in crowds: so long after the last of them */
#define CUT_SETTLE_MS_MAX 600000 /* but no longer than this after the first */

/* Windows [from, to) of one instance, all in the batch. */
struct cut_part {
    uint32_t instance;
    bool is_late;
    bool is_whole;                  /* of all its series: with it the windows are sent */
    int64_t from_ms, to_ms;
};

/* What the outlets share: the one query. */
struct cutter {
    struct store *store;
    int query;                      /* -1: none */
    struct cut *owner;              /* NULL: nobody cuts */
    struct store_query_ask ask;
    int64_t *newest_ms;             /* of each instance, where none came since the start; -1: not looked up */
    uint32_t instances_max;
    int64_t open_ms;                /* wall clock */
};

/* Of one outlet. */
struct cut {
    struct outlet *outlet;
    const struct target *to;
    struct export_limits limits;
    struct export_batch *batch;
    struct cut_part parts[CUT_PARTS_MAX];
    uint32_t part_count;
    /* the way round all instances */
    uint32_t next, looked;
    uint32_t series_at;             /* of a window that does not fit into one batch: what was cut of it */
    /* the part at hand: the query looks at [at_ms, part.to_ms) of it, and it may go on to end_ms */
    struct cut_part part;
    int64_t at_ms, end_ms;
    uint32_t widen;                 /* nothing was found lately: so many times as many windows at once */
    bool is_open, is_given_up, was_series_end;
};

void cutter_reserve(struct cutter *c, struct memory_map *map, uint32_t instances_max);
void cutter_open(struct cutter *c, struct store *s, int64_t now_ms);
/* Fills an empty batch: 1 come again at once, 0 it is ready, or nothing is to be sent now; ERR_BUSY while
 * another outlet cuts, or a storage error, after which it begins again. */
int cut_step(struct cutter *c, struct cut *cut, int64_t now_ms);
/* When the window that waits longest was complete, wall clock; 0: none waits. */
int64_t cut_oldest_ms(struct cutter *c, const struct cut *cut, int64_t now_ms);
/* All of the batch has arrived: watermarks and ranges move. Staged. */
void cut_arrived(struct store *s, struct cut *cut);
/* The batch will not be sent as it is: what it held is to be cut again. */
void cut_drop(struct cutter *c, struct cut *cut);

#endif
