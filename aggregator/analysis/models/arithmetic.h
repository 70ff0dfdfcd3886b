/* SPDX-License-Identifier: MIT */
/* The few functions of analysis that a C library may round in its own way. Made of additions,
 * multiplications, divisions and square roots, which IEEE 754 rounds in one way only, they give the same
 * answer on every machine (compiled without contraction into fused operations). */
#ifndef NEPHOS_MODELS_ARITHMETIC_H
#define NEPHOS_MODELS_ARITHMETIC_H

/* Natural logarithm of x > 0, to about 1e-15 of its size; -1e4 for zero, negative values and no number. */
double natural_log(double x);
/* 2 to the power of x, -1000 <= x <= 1000 (beyond: as at the bound), to about 1e-15. */
double power_of_two(double x);
/* Area hyperbolic sine: x near zero, sign(x) ln(2|x|) far from it. */
double area_sinh(double x);
double square_root(double x);
/* The value below which `share` (0..1) of the weight lies: of 1..24 values with weights of which one at least
 * is positive. */
double weighted_quantile(const double *value, const double *weight, unsigned count, double share);
#define WEIGHTED_MAX 24U

static inline double absolute(double x)
{
    return x < 0 ? -x : x;
}

static inline double larger(double a, double b)
{
    return a > b ? a : b;
}

static inline double smaller(double a, double b)
{
    return a < b ? a : b;
}

/* x, or the nearer bound. */
static inline double clamp(double x, double least, double most)
{
    return x < least ? least : x > most ? most : x;
}

/* The weight of one more value in a mean: that of the plain mean until `window` values have been seen, that
 * of an exponentially weighted one from then on. */
static inline double mean_weight(double window, double seen)
{
    return larger(1.0 / window, 1.0 / (seen + 1.0));
}

#endif
