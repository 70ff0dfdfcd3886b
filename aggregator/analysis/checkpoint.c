/* SPDX-License-Identifier: MIT */
/* What was learnt survives: every host's state goes into the store in turn, all of it in one transaction, and
 * says up to which minute it has seen samples. What came after is learnt from the store (detect_learn.c). */
#include "aggregator/analysis/detect_state.h"

#include <string.h>

#include "aggregator/store/store_models.h"

/* Grows with every change of what is kept; what another version wrote is not read. */
#define VERSION 3U
/* A host's turn comes after so long for each host there is, within these bounds. */
#define EACH_MS 3600
#define PERIOD_MS_LEAST (INT64_C(600) * MS_PER_S)
#define PERIOD_MS_MOST (INT64_C(3600) * MS_PER_S)
#define AGAIN_MS_LEAST 20

struct head {
    uint32_t sum;           /* CRC-32C of what follows */
    uint32_t version, slot_size, tracked;
    struct board_host shown;
    struct detect_host host;
};

struct piece {
    uint32_t sum, zero;
    struct detect_slot slot;
    struct minute minute;
};

static uint32_t sum_of(const struct detect *d, const void *piece, uint32_t size)
{
    return crc32c_fast(d->sums, 0, (const uint8_t *)piece + sizeof(uint32_t), size - sizeof(uint32_t));
}

int checkpoint_save(struct detect *d, uint32_t instance)
{
    struct head head;
    struct piece piece;
    const struct detect_slot *slots = slots_of(d, instance);
    memset(&head, 0, sizeof head);
    memset(&piece, 0, sizeof piece);
    head.version = VERSION;
    head.slot_size = sizeof(struct piece);
    head.tracked = d->shown[instance].tracked;
    head.shown = d->shown[instance];
    head.host = d->hosts[instance];
    head.sum = sum_of(d, &head, sizeof head);
    int err = store_models_begin(d->store);
    if (err == ERR_OK) {
        err = store_model_put(d->store, instance, 0, &head, sizeof head);
        for (uint32_t i = 0; i < head.tracked && err == ERR_OK; i++) {
            piece.slot = slots[i];
            piece.minute = minutes_of(d, instance)[i];
            piece.sum = sum_of(d, &piece, sizeof piece);
            err = store_model_put(d->store, instance, 1 + i, &piece, sizeof piece);
        }
        int end = store_models_end(d->store, err == ERR_OK);
        err = err == ERR_OK ? end : err;
    }
    if (err == ERR_OK) {
        d->hosts[instance].saved_s = head.shown.minute_s;
        d->stats.checkpoints++;
    } else {
        d->stats.checkpoints_failed++;
    }
    return err;
}

/* The minute that was being filled is begun anew, from the store. */
static void rewind_minute(struct minute *m, const struct minute *kept, const struct store_metric *metric,
                          int64_t end_ms)
{
    minute_begin(m, metric);
    m->last_ms = end_ms - 1;
    if (m->is_counter) {
        m->last = m->before = kept->before;
        m->before_ms = kept->before_ms;
    }
}

static bool load_slots(struct detect *d, uint32_t instance, const struct head *head)
{
    struct detect_slot *slots = slots_of(d, instance);
    uint8_t *of = d->slot_of_series + (size_t)instance * d->limits.series_per_instance_max;
    int64_t end_ms = (head->shown.minute_s + MINUTE_S) * MS_PER_S;
    for (uint32_t i = 0; i < head->tracked; i++) {
        struct piece piece;
        int n = store_model_get(d->store, instance, 1 + i, &piece, sizeof piece);
        if (n != (int)sizeof piece || piece.sum != sum_of(d, &piece, sizeof piece) ||
            piece.slot.series >= store_series_count(d->store, instance) || of[piece.slot.series] != 0)
            return false;
        const struct store_series *series = store_series(d->store, instance, piece.slot.series);
        slots[i] = piece.slot;
        rewind_minute(&minutes_of(d, instance)[i], &piece.minute,
                      store_metric(d->store, series->metric_index), end_ms);
        of[piece.slot.series] = (uint8_t)(i + 1);
    }
    return true;
}

int checkpoint_load(struct detect *d, uint32_t instance)
{
    struct head head;
    int n = store_model_get(d->store, instance, 0, &head, sizeof head);
    if (n < 0 && n != ERR_FULL)
        return n;
    if (d->shown[instance].tracked > 0) /* it has begun without */
        return ERR_MISSING;
    if (n != (int)sizeof head || head.sum != sum_of(d, &head, sizeof head) || head.version != VERSION ||
        head.slot_size != sizeof(struct piece) || head.tracked > d->limits.tracked_max ||
        !load_slots(d, instance, &head)) {
        uint8_t *of = d->slot_of_series + (size_t)instance * d->limits.series_per_instance_max;
        memset(of, 0, d->limits.series_per_instance_max);
        d->stats.checkpoints_damaged++;
        return ERR_MISSING;
    }
    struct detect_host *h = &d->hosts[instance];
    const struct detect_host now = *h;
    *h = head.host;
    h->behind_s = now.behind_s;
    h->is_to_be_loaded = false;
    h->saved_s = head.shown.minute_s;
    h->late_minutes = 0;
    h->levels_held = 0;
    d->shown[instance] = head.shown;
    d->shown[instance].surplus = 0; /* they are counted anew */
    d->shown[instance].is_catching_up = true;
    memory_use(d->line, d->line->in_use + head.tracked);
    return ERR_OK;
}

struct mono checkpoint_step(struct detect *d, struct mono now)
{
    if (!d->saves)
        return MONO_NEVER;
    if (!mono_reached(now, d->save_at))
        return d->save_at;
    int64_t period_ms = (int64_t)d->board.count * EACH_MS;
    period_ms = period_ms < PERIOD_MS_LEAST ? PERIOD_MS_LEAST : period_ms;
    period_ms = period_ms > PERIOD_MS_MOST ? PERIOD_MS_MOST : period_ms;
    int64_t again_ms = period_ms / d->board.count;
    again_ms = again_ms > MS_PER_S ? MS_PER_S : again_ms < AGAIN_MS_LEAST ? AGAIN_MS_LEAST : again_ms;
    d->save_at = mono_on_beat(mono_after_ms(now, again_ms));
    uint32_t instance = d->save_next++ % d->board.count;
    struct detect_host *h = &d->hosts[instance];
    if (h->saved_s == 0) /* the first one is not due at once */
        h->saved_s = d->shown[instance].minute_s;
    if (h->behind_s == 0 && d->shown[instance].minute_s - h->saved_s >= period_ms / MS_PER_S)
        (void)checkpoint_save(d, instance);
    return d->save_at;
}
