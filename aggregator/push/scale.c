/* SPDX-License-Identifier: MIT */
/* See scale.h. No library: the rounding is written out, so it is the same everywhere. */
#include "aggregator/push/scale.h"

#include <string.h>

#define TWO_63 9223372036854775808.0
#define SCALE_MOST 1000000000U

static const uint32_t scales[] = {1, 1000, 1000000, SCALE_MOST};

bool scale_is_number(const struct scale_number *n)
{
    return n->is_integer || (n->value >= -TWO_63 && n->value <= TWO_63); /* false for NaN */
}

/* Halves go away from zero. What is beyond 2^52 has no fraction. */
static bool round_off(double x, int64_t *out)
{
    if (!(x >= -TWO_63 && x <= TWO_63))
        return false;
    if (x >= TWO_63)
        *out = INT64_MAX;
    else if (x > -4503599627370496.0 && x < 4503599627370496.0)
        *out = (int64_t)(x < 0 ? x - 0.5 : x + 0.5);
    else
        *out = (int64_t)x;
    return true;
}

bool scale_number(const struct scale_number *n, uint32_t scale, int64_t *out, bool *exact)
{
    if (n->is_integer) {
        *exact = true;
        return !__builtin_mul_overflow(n->integer, (int64_t)scale, out);
    }
    if (!round_off(n->value * scale, out))
        return false;
    *exact = (double)*out / scale == n->value;
    return true;
}

static bool ends(const char *name, const char *end)
{
    size_t length = strlen(name), tail = strlen(end);
    return length >= tail && strcmp(name + length - tail, end) == 0;
}

/* What is mostly fractional begins with a fine scale, so that its first value, often 0, does not decide. */
static uint32_t suggested(const char *name)
{
    for (int id = 0; id < METRIC_COUNT; id++)
        if (strcmp(metric_info((enum metric)id)->prometheus, name) == 0)
            return metric_info((enum metric)id)->scale;
    if (strstr(name, "_seconds") != NULL && !ends(name, "_count") && !ends(name, "_bucket"))
        return SCALE_MOST;
    if (strstr(name, ".duration") != NULL || strstr(name, ".utilization") != NULL)
        return SCALE_MOST;
    if (strstr(name, "_ratio") != NULL || strstr(name, "percent") != NULL)
        return 1000000;
    return 1;
}

uint32_t scale_choose(const char *name, const struct scale_number *n)
{
    uint32_t least = suggested(name), best = 1;
    int64_t value;
    bool exact;
    if (scale_number(n, least, &value, &exact) && exact)
        return least;
    for (uint32_t i = 0; i < COUNT_OF(scales); i++) {
        if (!scale_number(n, scales[i], &value, &exact))
            break; /* and so with all finer ones */
        best = scales[i];
        if (exact && best >= least)
            break;
    }
    return best;
}
