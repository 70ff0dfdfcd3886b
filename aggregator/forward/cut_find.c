/* SPDX-License-Identifier: MIT */
/* Finds what is to be cut of an instance: windows that are complete, or late. See cut.h. */
#include "aggregator/forward/cut_parts.h"

static int64_t newest_ms(struct cutter *c, uint32_t instance)
{
    int64_t ms = store_instance(c->store, instance)->last_sample_ms;
    if (ms != 0)
        return ms;
    if (c->newest_ms[instance] < 0)
        c->newest_ms[instance] = store_outlet_newest_ms(c->store, instance);
    return c->newest_ms[instance];
}

/* Windows that end here or before are complete. */
static int64_t complete_ms(struct cutter *c, const struct cut *cut, uint32_t instance, int64_t now_ms)
{
    const struct instance *in = store_instance(c->store, instance);
    int64_t span_ms = cut->to->resolution_ms, newest = newest_ms(c, instance);
    int64_t end_ms = cut_floor(newest, span_ms);
    if (newest == 0)
        return 0;
    if (in->source != INSTANCE_FROM_AGENT && now_ms - CUT_PUSHED_MS < newest)
        end_ms = cut_floor(now_ms - CUT_PUSHED_MS, span_ms);
    int64_t whole_ms = cut_ceil(newest + 1, span_ms);
    int64_t seen_ms = in->last_seen_ms > c->open_ms ? in->last_seen_ms : c->open_ms;
    if (now_ms - seen_ms > CUT_SILENT_MS && now_ms - whole_ms > CUT_SILENT_MS)
        end_ms = whole_ms;
    return end_ms < now_ms ? end_ms : cut_floor(now_ms, span_ms);
}

static bool has_settled(const struct cutter *c, const struct outlet_place *place, uint32_t instance,
                        int64_t now_ms)
{
    bool is_quiet = now_ms - place->noted_ms >= CUT_SETTLE_MS || now_ms < place->noted_ms;
    return (is_quiet && !store_instance(c->store, instance)->catching_up) ||
           now_ms - place->since_ms >= CUT_SETTLE_MS_MAX;
}

/* The first late range below the watermark. */
static bool find_late(const struct cutter *c, const struct cut *cut, uint32_t instance, int64_t now_ms,
                      struct cut_part *part)
{
    const struct outlet_place *place = &cut->outlet->places[instance];
    int64_t span_ms = cut->to->resolution_ms, from_ms = INT64_MAX, to_ms = 0;
    int64_t watermark_ms = cut_floor(store_outlet_watermark_ms(cut->outlet, instance), span_ms);
    for (uint32_t i = 0; i < OUTLET_RANGES; i++) {
        const struct outlet_range *r = &place->late[i];
        if (r->to_ms == 0 || r->from_ms >= from_ms || r->from_ms >= watermark_ms)
            continue;
        from_ms = r->from_ms;
        to_ms = r->to_ms;
    }
    if (to_ms == 0 || place->taken.to_ms != 0 || !has_settled(c, place, instance, now_ms))
        return false;
    to_ms = cut_ceil(to_ms, span_ms);
    *part = (struct cut_part){.instance = instance, .is_late = true, .from_ms = cut_floor(from_ms, span_ms),
                              .to_ms = to_ms < watermark_ms ? to_ms : watermark_ms};
    return part->from_ms < part->to_ms;
}

bool cut_find(struct cutter *c, struct cut *cut, uint32_t instance, int64_t now_ms)
{
    const struct instance *in = store_instance(c->store, instance);
    int64_t span_ms = cut->to->resolution_ms;
    cut->is_given_up = false;
    if (in->deleted_ms != 0 || !target_wants_instance(cut->to, in->id, in->name))
        return false;
    int64_t from_ms = cut_floor(store_outlet_watermark_ms(cut->outlet, instance), span_ms);
    int64_t to_ms = complete_ms(c, cut, instance, now_ms);
    if (from_ms >= to_ms)
        return find_late(c, cut, instance, now_ms, &cut->part);
    int64_t bound_ms = cut_floor(now_ms - cut->to->backlog_max_ms, span_ms);
    if (from_ms < bound_ms) { /* too old */
        cut->is_given_up = true;
        to_ms = bound_ms < to_ms ? bound_ms : to_ms;
    }
    cut->part = (struct cut_part){.instance = instance, .from_ms = from_ms, .to_ms = to_ms};
    return true;
}

int64_t cut_oldest_ms(struct cutter *c, const struct cut *cut, int64_t now_ms)
{
    int64_t span_ms = cut->to->resolution_ms, oldest_ms = 0;
    for (uint32_t i = 0; i < store_instance_count(c->store); i++) {
        const struct instance *in = store_instance(c->store, i);
        int64_t from_ms = cut_floor(store_outlet_watermark_ms(cut->outlet, i), span_ms);
        if (in->deleted_ms != 0 || from_ms >= complete_ms(c, cut, i, now_ms) ||
            !target_wants_instance(cut->to, in->id, in->name))
            continue;
        if (oldest_ms == 0 || from_ms + span_ms < oldest_ms)
            oldest_ms = from_ms + span_ms;
    }
    return oldest_ms;
}
