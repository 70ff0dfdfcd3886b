/* SPDX-License-Identifier: MIT */
/* Hosts of one type and region whose CPU use changes together. Of each host only the shape of its week is
 * kept until all have been read. */
#include <math.h>

#include "aggregator/analysis/patterns/state.h"

#define TOGETHER_LEAST 0.85
#define UNIT 16.0
#define POINTS_LEAST 96U
#define CHANGE_LEAST 1.0 /* percent, standard deviation: less is no movement */
#define PAIRS_A_STEP 256U

void groups_note(struct patterns *p, const struct course *cpu)
{
    struct pattern_shape *s = &p->shapes[p->instance];
    double n = 0, sum = 0, squares = 0;
    for (uint32_t i = 1; i < COURSE_HOURS; i++) {
        double d = (double)cpu->v[i] - (double)cpu->v[i - 1];
        if (d == d) {
            n++;
            sum += d;
            squares += d * d;
        }
    }
    double variance = n < POINTS_LEAST ? 0 : squares / n - sum * sum / n / n;
    s->is_there = variance >= CHANGE_LEAST * CHANGE_LEAST;
    double size = s->is_there ? sqrt(variance) : 1;
    s->z[0] = PATTERN_NONE;
    for (uint32_t i = 1; i < COURSE_HOURS; i++) {
        double z = ((double)cpu->v[i] - (double)cpu->v[i - 1] - (n > 0 ? sum / n : 0)) / size * UNIT;
        s->z[i] = z != z     ? PATTERN_NONE
                  : z > 127  ? 127
                  : z < -127 ? -127
                             : (int8_t)(z < 0 ? z - 0.5 : z + 0.5);
    }
}

static double similarity(const struct pattern_shape *a, const struct pattern_shape *b)
{
    int64_t ab = 0, aa = 0, bb = 0;
    uint32_t n = 0;
    for (uint32_t i = 1; i < COURSE_HOURS; i++) {
        if (a->z[i] == PATTERN_NONE || b->z[i] == PATTERN_NONE)
            continue;
        ab += a->z[i] * b->z[i];
        aa += a->z[i] * a->z[i];
        bb += b->z[i] * b->z[i];
        n++;
    }
    return n < POINTS_LEAST || aa == 0 || bb == 0 ? 0 : (double)ab / sqrt((double)aa * (double)bb);
}

static bool is_candidate(const struct patterns *p, uint32_t i)
{
    return p->shapes[i].is_there && !p->shapes[i].is_grouped &&
           store_instance(p->store, i)->deleted_ms == 0;
}

/* The insight under way is the last of the pending ones while p->at is inside of the list. */
static void try_member(struct patterns *p, uint32_t i)
{
    const struct instance *leader = store_instance(p->store, p->instance),
                          *in = store_instance(p->store, i);
    if (!is_candidate(p, i) || !text_equal(leader->type, in->type) ||
        !text_equal(leader->region, in->region) ||
        similarity(&p->shapes[p->instance], &p->shapes[i]) < TOGETHER_LEAST)
        return;
    p->shapes[i].is_grouped = p->shapes[p->instance].is_grouped = true;
}

/* All members are known: they are told. */
static void tell_members(struct patterns *p)
{
    uint32_t count = 1;
    double least = 1;
    const struct pattern_shape *first = &p->shapes[p->instance];
    for (uint32_t pass = 0; pass < 2; pass++) {
        struct insight *out = pass == 0 ? NULL : pattern_next(p);
        if (pass == 1 && out == NULL)
            return;
        if (out != NULL)
            tell_group(out, store_instance(p->store, p->instance), count, least);
        for (uint32_t i = p->instance + 1; i < store_instance_count(p->store); i++) {
            const struct instance *in = store_instance(p->store, i);
            const struct instance *leader = store_instance(p->store, p->instance);
            double r = p->shapes[i].is_there && p->shapes[i].is_grouped &&
                               text_equal(leader->type, in->type) && text_equal(leader->region, in->region)
                           ? similarity(first, &p->shapes[i])
                           : 0;
            if (r < TOGETHER_LEAST)
                continue;
            least = r < least ? r : least;
            count += pass == 0;
            if (out != NULL)
                tell_group_add(out, in, count);
        }
        if (out != NULL)
            tell_group_end(out, count);
    }
}

bool groups_find(struct patterns *p)
{
    uint32_t count = store_instance_count(p->store);
    for (uint32_t pairs = 0; pairs < PAIRS_A_STEP;) {
        if (p->instance >= count)
            return false;
        if (p->at == 0 && !is_candidate(p, p->instance)) {
            p->instance++;
            pairs++;
            continue;
        }
        if (p->at == 0)
            p->at = p->instance + 1;
        if (p->at < count) {
            try_member(p, p->at++);
            pairs++;
            continue;
        }
        if (p->shapes[p->instance].is_grouped)
            tell_members(p);
        p->instance++;
        p->at = 0;
        return true; /* what is pending is put first */
    }
    return true;
}
