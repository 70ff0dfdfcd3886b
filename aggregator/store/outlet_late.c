/* SPDX-License-Identifier: MIT */
/* See outlet_late.h. */
#include "aggregator/store/outlet_late.h"

bool late_has_some(const struct outlet_place *place)
{
    for (uint32_t i = 0; i < OUTLET_RANGES; i++)
        if (place->late[i].to_ms != 0)
            return true;
    return false;
}

/* A place that is not taken, or OUTLET_RANGES. */
static uint32_t find_free(const struct outlet_place *place)
{
    uint32_t i = 0;
    while (i < OUTLET_RANGES && place->late[i].to_ms != 0)
        i++;
    return i;
}

/* The gap between a range and [from, to), 0 when they touch. */
static int64_t gap(const struct outlet_range *r, int64_t from_ms, int64_t to_ms)
{
    if (r->from_ms > to_ms)
        return r->from_ms - to_ms;
    return from_ms > r->to_ms ? from_ms - r->to_ms : 0;
}

/* The used range nearest to [from, to), leaving out `but`; its gap in *best. OUTLET_RANGES: there is none. */
static uint32_t nearest(const struct outlet_place *place, int64_t from_ms, int64_t to_ms, uint32_t but,
                        int64_t *best)
{
    uint32_t found = OUTLET_RANGES;
    *best = INT64_MAX;
    for (uint32_t i = 0; i < OUTLET_RANGES; i++) {
        const struct outlet_range *r = &place->late[i];
        if (i == but || r->to_ms == 0 || gap(r, from_ms, to_ms) >= *best)
            continue;
        *best = gap(r, from_ms, to_ms);
        found = i;
    }
    return found;
}

static void swallow(struct outlet_range *into, struct outlet_range *from)
{
    into->from_ms = from->from_ms < into->from_ms ? from->from_ms : into->from_ms;
    into->to_ms = from->to_ms > into->to_ms ? from->to_ms : into->to_ms;
    from->from_ms = from->to_ms = 0;
}

/* Two of those that are there become one, when they are nearer to each other than `than_ms`. */
static bool join_nearest(struct outlet_place *place, int64_t than_ms)
{
    uint32_t first = OUTLET_RANGES, second = OUTLET_RANGES;
    for (uint32_t i = 0; i < OUTLET_RANGES; i++) {
        int64_t ms;
        const struct outlet_range *r = &place->late[i];
        uint32_t other = r->to_ms != 0 ? nearest(place, r->from_ms, r->to_ms, i, &ms) : OUTLET_RANGES;
        if (other == OUTLET_RANGES || ms >= than_ms)
            continue;
        than_ms = ms;
        first = i;
        second = other;
    }
    if (first == OUTLET_RANGES)
        return false;
    swallow(&place->late[first], &place->late[second]);
    return true;
}

void late_add(struct outlet_place *place, int64_t from_ms, int64_t to_ms)
{
    struct outlet_range more = {from_ms, to_ms};
    int64_t ms;
    uint32_t near;
    if (from_ms >= to_ms)
        return;
    while ((near = nearest(place, more.from_ms, more.to_ms, OUTLET_RANGES, &ms)) != OUTLET_RANGES && ms == 0)
        swallow(&more, &place->late[near]);
    uint32_t at = find_free(place);
    if (at == OUTLET_RANGES && join_nearest(place, ms))
        at = find_free(place);
    if (at != OUTLET_RANGES)
        place->late[at] = more;
    else
        swallow(&place->late[near], &more);
}

void late_subtract(struct outlet_place *place, int64_t from_ms, int64_t to_ms)
{
    for (uint32_t i = 0; i < OUTLET_RANGES; i++) {
        struct outlet_range *r = &place->late[i];
        if (r->to_ms == 0 || from_ms >= r->to_ms || to_ms <= r->from_ms)
            continue;
        uint32_t at = find_free(place);
        if (from_ms <= r->from_ms && to_ms >= r->to_ms)
            *r = (struct outlet_range){0, 0};
        else if (from_ms <= r->from_ms)
            r->from_ms = to_ms;
        else if (to_ms >= r->to_ms)
            r->to_ms = from_ms;
        else if (at != OUTLET_RANGES) {
            place->late[at] = (struct outlet_range){to_ms, r->to_ms};
            r->to_ms = from_ms;
        }
    }
}
