/* SPDX-License-Identifier: MIT */
/* See arithmetic.h. */
#include "aggregator/analysis/models/arithmetic.h"

#include <stdint.h>
#include <string.h>

#include "platform/base/base.h"

#define LN_2 0.693147180559945309417
#define SQRT_2 1.41421356237309504880
#define EXPONENT_BIAS 1023
#define MANTISSA_BITS 52

/* ln x = e ln 2 + 2 artanh((m - 1) / (m + 1)) for x = m 2^e with m within sqrt(1/2)..sqrt 2. */
double natural_log(double x)
{
    if (!(x > 0))
        return -1e4;
    int64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int64_t exponent = (bits >> MANTISSA_BITS) - EXPONENT_BIAS;
    if (exponent < -1022)
        return -709.0; /* subnormal: as good as the smallest normal value */
    bits = (bits & ((INT64_C(1) << MANTISSA_BITS) - 1)) | ((int64_t)EXPONENT_BIAS << MANTISSA_BITS);
    double m;
    memcpy(&m, &bits, sizeof m);
    if (m > SQRT_2) {
        m *= 0.5;
        exponent++;
    }
    double s = (m - 1.0) / (m + 1.0), z = s * s, sum = 0;
    for (int k = 19; k >= 3; k -= 2)
        sum = (sum + 1.0 / k) * z;
    return (double)exponent * LN_2 + 2.0 * s * (1.0 + sum);
}

/* 2^x = 2^n e^(f ln 2) with f within -0.5..0.5, by Taylor's series. */
double power_of_two(double x)
{
    x = clamp(x, -1000.0, 1000.0);
    int64_t n = (int64_t)(x < 0 ? x - 0.5 : x + 0.5);
    double f = (x - (double)n) * LN_2, sum = 1.0;
    for (int k = 14; k >= 1; k--)
        sum = 1.0 + sum * f / k;
    int64_t bits = (n + EXPONENT_BIAS) << MANTISSA_BITS;
    double scale;
    memcpy(&scale, &bits, sizeof scale);
    return sum * scale;
}

double square_root(double x)
{
    return x > 0 ? __builtin_sqrt(x) : 0.0;
}

double area_sinh(double x)
{
    double a = absolute(x);
    /* below, the logarithm of a number near 1 would lose what distinguishes it */
    if (a < 1e-4)
        return x;
    double y = natural_log(a + square_root(a * a + 1.0));
    return x < 0 ? -y : y;
}

double weighted_quantile(const double *value, const double *weight, unsigned count, double share)
{
    unsigned order[WEIGHTED_MAX];
    double total = 0, below = 0;
    ASSERT(count >= 1 && count <= WEIGHTED_MAX);
    for (unsigned i = 0; i < count; i++) {
        unsigned j = i;
        for (; j > 0 && value[order[j - 1]] > value[i]; j--)
            order[j] = order[j - 1];
        order[j] = i;
        total += weight[i];
    }
    for (unsigned i = 0; i < count; i++) {
        below += weight[order[i]];
        if (below >= share * total)
            return value[order[i]];
    }
    return value[order[count - 1]];
}
