/* SPDX-License-Identifier: MIT */
/* The column codec.
 *
 *     u8      mode: 0 constant, 1 differences, 2 differences of differences, 3 around the first value,
 *             4 scaled: a varint, and a column of another mode, whose differences are to be multiplied by it
 *     varint  zigzag of the first value
 *     varint  mode 2 only: zigzag of the first difference
 *     bits    modes 1 to 3: the remaining values as residuals, in groups of COLUMN_GROUP
 *
 * A group is 1 bit (0 plain, 1 runs), 6 bits k, and its residuals r as u = zigzag(r). Plain: every u as
 * rice(u, k). Runs: again and again gamma(zeros + 1), then, unless the group is full, rice(u - 1, k) of the
 * u that ended the run. rice(u, k) is u >> k in unary (ones, then a zero) and the low k bits; a quotient of
 * RICE_QUOTIENT_MAX or more is that many ones and u in 64 bits. gamma is Elias' (1975): n-1 zeros, then
 * the n bits of the number.
 *
 * Arithmetic is modulo 2^64, so every difference fits and decoding is exact for every input. */
#include "proto/column.h"

#include "platform/base/bytes.h"
#include "proto/bits.h"

enum mode { MODE_CONSTANT, MODE_DELTA, MODE_DELTA2, MODE_AROUND, MODE_SCALED, MODE_END };

#define RICE_QUOTIENT_MAX 24U
#define GROUP_HEADER_BITS 7U

static uint32_t rice_bits(uint64_t u, uint32_t k)
{
    uint64_t quotient = u >> k;
    return quotient < RICE_QUOTIENT_MAX ? (uint32_t)quotient + 1 + k : RICE_QUOTIENT_MAX + 64;
}

static uint32_t bit_length(uint64_t v)
{
    return v == 0 ? 0 : 64 - (uint32_t)__builtin_clzll(v);
}

static uint32_t gamma_bits(uint32_t v)
{
    return 2 * bit_length(v) - 1;
}

/* How one group is to be written, and what that costs. */
struct group_plan {
    bool runs;
    uint32_t k;
    uint64_t bits;
};

/* Bits of the group with parameter k; `runs` counts the zero runs as well. */
static uint64_t group_bits(const uint64_t *u, uint32_t count, uint32_t k, bool runs)
{
    uint64_t bits = GROUP_HEADER_BITS;
    uint32_t zeros = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!runs) {
            bits += rice_bits(u[i], k);
        } else if (u[i] == 0) {
            zeros++;
        } else {
            bits += gamma_bits(zeros + 1) + rice_bits(u[i] - 1, k);
            zeros = 0;
        }
    }
    return runs && zeros > 0 ? bits + gamma_bits(zeros + 1) : bits;
}

/* The best k is near the logarithm of the mean; the neighbours decide. */
static struct group_plan plan_kind(const uint64_t *u, uint32_t count, bool runs)
{
    uint64_t sum = 0, terms = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (runs && u[i] == 0)
            continue;
        uint64_t term = runs ? u[i] - 1 : u[i];
        sum = sum > UINT64_MAX - term ? UINT64_MAX : sum + term;
        terms++;
    }
    uint32_t near = terms == 0 ? 0 : bit_length(sum / terms);
    uint32_t from = near < 2 ? 0 : near - 2;
    struct group_plan best = {.runs = runs, .k = 0, .bits = UINT64_MAX};
    for (uint32_t k = from; k <= near && k < 64; k++) {
        uint64_t bits = group_bits(u, count, k, runs);
        if (bits < best.bits)
            best = (struct group_plan){.runs = runs, .k = k, .bits = bits};
    }
    return best;
}

static struct group_plan plan_group(const uint64_t *u, uint32_t count)
{
    uint32_t zeros = 0;
    for (uint32_t i = 0; i < count; i++)
        zeros += u[i] == 0;
    struct group_plan plain = plan_kind(u, count, false);
    if (zeros * 3 < count)
        return plain; /* too few zeros for runs to pay */
    struct group_plan runs = plan_kind(u, count, true);
    return runs.bits < plain.bits ? runs : plain;
}

static void put_rice(struct bit_writer *w, uint64_t u, uint32_t k)
{
    uint64_t quotient = u >> k;
    if (quotient < RICE_QUOTIENT_MAX) {
        bits_put(w, ((UINT64_C(1) << quotient) - 1) << 1, (uint32_t)quotient + 1);
        bits_put_long(w, u, k);
    } else {
        bits_put(w, (UINT64_C(1) << RICE_QUOTIENT_MAX) - 1, RICE_QUOTIENT_MAX);
        bits_put_long(w, u, 64);
    }
}

static void put_gamma(struct bit_writer *w, uint32_t v)
{
    uint32_t length = bit_length(v);
    bits_put(w, 0, length - 1);
    bits_put(w, v, length);
}

static void put_group(struct bit_writer *w, const uint64_t *u, uint32_t count, struct group_plan plan)
{
    bits_put(w, plan.runs, 1);
    bits_put(w, plan.k, 6);
    uint32_t zeros = 0;
    for (uint32_t i = 0; i < count; i++) {
        if (!plan.runs) {
            put_rice(w, u[i], plan.k);
        } else if (u[i] == 0) {
            zeros++;
        } else {
            put_gamma(w, zeros + 1);
            put_rice(w, u[i] - 1, plan.k);
            zeros = 0;
        }
    }
    if (zeros > 0)
        put_gamma(w, zeros + 1);
}

/* Zigzag residuals of values[start..], a group's worth; order 1 to 3. */
static uint32_t residuals(const int64_t *values, uint32_t count, uint32_t start, uint32_t order,
                          uint64_t *u)
{
    uint32_t n = count - start < COLUMN_GROUP ? count - start : COLUMN_GROUP;
    for (uint32_t i = 0; i < n && order == MODE_AROUND; i++)
        u[i] = zigzag((int64_t)((uint64_t)values[start + i] - (uint64_t)values[0]));
    if (order == MODE_AROUND)
        return n;
    for (uint32_t i = 0; i < n; i++) {
        const int64_t *v = values + start + i;
        uint64_t d = (uint64_t)v[0] - (uint64_t)v[-1];
        if (order == 2)
            d -= (uint64_t)v[-1] - (uint64_t)v[-2];
        u[i] = zigzag((int64_t)d);
    }
    return n;
}

static uint64_t residual_bits(const int64_t *values, uint32_t count, uint32_t order)
{
    uint64_t u[COLUMN_GROUP], bits = 0;
    for (uint32_t at = order; at < count;) {
        uint32_t n = residuals(values, count, at, order, u);
        bits += plan_group(u, n).bits;
        at += n;
    }
    return bits;
}

static bool is_constant(const int64_t *values, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++)
        if (values[i] != values[0])
            return false;
    return true;
}

static int encode_as(const int64_t *values, uint32_t count, uint32_t order, uint8_t *to, uint32_t size)
{
    uint32_t at = 0;
    if (size < 1 + 2 * VARINT_SIZE_MAX)
        return ERR_FULL;
    to[at++] = (uint8_t)order;
    at += put_varint(to + at, zigzag(values[0]));
    if (order == 2)
        at += put_varint(to + at, zigzag((int64_t)((uint64_t)values[1] - (uint64_t)values[0])));
    if (order == 0)
        return (int)at;
    struct bit_writer w = {.to = to, .size = size, .at = at};
    uint64_t u[COLUMN_GROUP];
    for (uint32_t start = order == MODE_DELTA2 ? 2 : 1; start < count;) {
        uint32_t n = residuals(values, count, start, order, u);
        put_group(&w, u, n, plan_group(u, n));
        start += n;
    }
    bits_flush(&w);
    return w.full ? ERR_FULL : (int)w.at;
}

int column_encode(const int64_t *values, uint32_t count, uint8_t *to, uint32_t size)
{
    ASSERT(count >= 1 && count <= COLUMN_VALUES_MAX);
    uint32_t order = MODE_CONSTANT;
    if (!is_constant(values, count)) {
        order = MODE_DELTA;
        if (count > 2 && residual_bits(values, count, 2) + 8 < residual_bits(values, count, 1))
            order = MODE_DELTA2;
    }
    return encode_as(values, count, order, to, size);
}

/* --- with all modes, for what is kept --- */

uint64_t column_factor(const int64_t *values, uint32_t count)
{
    uint64_t divisor = 0;
    for (uint32_t i = 1; i < count && divisor != 1; i++) {
        int64_t d = (int64_t)((uint64_t)values[i] - (uint64_t)values[i - 1]);
        uint64_t rest = d < 0 ? 0 - (uint64_t)d : (uint64_t)d;
        while (rest != 0) {
            uint64_t t = divisor % rest;
            divisor = rest;
            rest = t;
            if (divisor == 0)
                break;
        }
    }
    return divisor;
}

void column_divide(int64_t *values, uint32_t count, int64_t divisor)
{
    int64_t before = values[0];
    for (uint32_t i = 1; i < count; i++) {
        int64_t d = (int64_t)((uint64_t)values[i] - (uint64_t)before) / divisor;
        before = values[i];
        values[i] = (int64_t)((uint64_t)values[i - 1] + (uint64_t)d);
    }
}

void column_multiply(int64_t *values, uint32_t count, uint64_t factor)
{
    for (uint32_t i = 1; i < count; i++)
        values[i] = (int64_t)((uint64_t)values[0] + ((uint64_t)values[i] - (uint64_t)values[0]) * factor);
}

/* The mode whose residuals have the fewest bits: near enough to the one that gets shortest. */
static uint32_t guess_order(const int64_t *values, uint32_t count)
{
    uint64_t bits[MODE_SCALED] = {0};
    uint64_t first = (uint64_t)values[0], before = first, step = 0;
    for (uint32_t i = 1; i < count; i++) {
        uint64_t v = (uint64_t)values[i], d = v - before;
        bits[MODE_DELTA] += bit_length(zigzag((int64_t)d));
        bits[MODE_DELTA2] += bit_length(zigzag((int64_t)(d - step)));
        bits[MODE_AROUND] += bit_length(zigzag((int64_t)(v - first)));
        before = v;
        step = d;
    }
    uint32_t best = MODE_DELTA;
    if (count > 2 && bits[MODE_DELTA2] < bits[best])
        best = MODE_DELTA2;
    return bits[MODE_AROUND] < bits[best] ? MODE_AROUND : best;
}

int column_pack(int64_t *values, uint32_t count, uint8_t *to, uint32_t size)
{
    ASSERT(count >= 1 && count <= COLUMN_VALUES_MAX);
    if (size < 1 + VARINT_SIZE_MAX)
        return ERR_FULL;
    if (is_constant(values, count))
        return encode_as(values, count, MODE_CONSTANT, to, size);
    uint64_t divisor = column_factor(values, count);
    if (divisor < 2 || divisor > INT64_MAX)
        return encode_as(values, count, guess_order(values, count), to, size);
    to[0] = MODE_SCALED;
    uint32_t at = 1 + put_varint(to + 1, divisor);
    column_divide(values, count, (int64_t)divisor);
    int n = encode_as(values, count, guess_order(values, count), to + at, size - at);
    column_multiply(values, count, divisor);
    return n < 0 ? n : (int)at + n;
}

/* Nearly always all its bits are in the window at once. */
static inline uint64_t get_rice(struct bit_reader *r, uint32_t k)
{
    bits_refill(r);
    uint32_t quotient = ~r->window == 0 ? 64 : (uint32_t)__builtin_clzll(~r->window);
    uint32_t size = quotient + 1 + k;
    if (quotient < RICE_QUOTIENT_MAX && size <= r->have && size < 64) {
        uint64_t low = r->window << (quotient + 1) >> 1 >> (63 - k);
        bits_skip(r, size);
        return (uint64_t)quotient << k | low;
    }
    quotient = bits_get_unary(r, RICE_QUOTIENT_MAX);
    if (quotient == RICE_QUOTIENT_MAX)
        return bits_get_long(r, 64);
    return (uint64_t)quotient << k | bits_get_long(r, k);
}

/* 0 when the bits are no gamma code of a number up to COLUMN_GROUP + 1. */
static uint32_t get_gamma(struct bit_reader *r)
{
    bits_refill(r);
    if (r->window >> 56 == 0) /* longer than 8 bits */
        return 0;
    return (uint32_t)bits_get(r, 2 * (uint32_t)__builtin_clzll(r->window) + 1);
}

/* Fills u[0..count); false when the bits make no sense or end. */
static bool get_group(struct bit_reader *r, uint64_t *u, uint32_t count)
{
    bool runs = bits_get(r, 1) != 0;
    uint32_t k = (uint32_t)bits_get(r, 6);
    if (!runs) {
        for (uint32_t i = 0; i < count; i++)
            u[i] = get_rice(r, k);
        return !r->ended;
    }
    for (uint32_t i = 0; i < count;) {
        uint32_t zeros = get_gamma(r);
        if (zeros == 0 || zeros - 1 > count - i)
            return false;
        for (zeros--; zeros > 0; zeros--)
            u[i++] = 0;
        if (i < count)
            u[i++] = get_rice(r, k) + 1;
    }
    return !r->ended;
}

/* v holds zigzag residuals, and then values. */
static void undo_differences(int64_t *v, uint32_t n, uint32_t order, int64_t first)
{
    for (uint32_t i = 0; i < n && order == MODE_AROUND; i++)
        v[i] = (int64_t)((uint64_t)first + (uint64_t)unzigzag((uint64_t)v[i]));
    if (order == MODE_AROUND)
        return;
    for (uint32_t i = 0; i < n; i++) {
        uint64_t d = (uint64_t)unzigzag((uint64_t)*v);
        if (order == 2)
            d += (uint64_t)v[-1] - (uint64_t)v[-2];
        *v = (int64_t)((uint64_t)v[-1] + d);
        v++;
    }
}

/* A column of any mode but MODE_SCALED. */
static int decode_simple(const uint8_t *from, uint32_t size, int64_t *values, uint32_t count)
{
    if (size == 0 || from[0] >= MODE_SCALED)
        return ERR_MALFORMED;
    uint32_t order = from[0], at = 1;
    uint64_t first, difference;
    uint32_t n = get_varint(from + at, size - at, &first);
    if (n == 0 || (order == MODE_AROUND ? 1 : order) >= count)
        return ERR_MALFORMED;
    at += n;
    values[0] = unzigzag(first);
    if (order == 0) {
        for (uint32_t i = 1; i < count; i++)
            values[i] = values[0];
        return (int)at;
    }
    if (order == 2) {
        n = get_varint(from + at, size - at, &difference);
        if (n == 0)
            return ERR_MALFORMED;
        at += n;
        values[1] = (int64_t)((uint64_t)values[0] + (uint64_t)unzigzag(difference));
    }
    struct bit_reader r = {.from = from, .size = size, .at = at};
    for (uint32_t start = order == MODE_DELTA2 ? 2 : 1; start < count; start += n) {
        n = count - start < COLUMN_GROUP ? count - start : COLUMN_GROUP;
        /* where the values go: a buffer of a group would be cleared for each of these short columns */
        if (!get_group(&r, (uint64_t *)values + start, n))
            return ERR_MALFORMED;
        undo_differences(values + start, n, order, values[0]);
    }
    return (int)bits_taken(&r);
}

int column_decode(const uint8_t *from, uint32_t size, int64_t *values, uint32_t count)
{
    uint64_t factor;
    ASSERT(count >= 1 && count <= COLUMN_VALUES_MAX);
    if (size == 0 || from[0] != MODE_SCALED)
        return decode_simple(from, size, values, count);
    uint32_t n = get_varint(from + 1, size - 1, &factor);
    if (n == 0)
        return ERR_MALFORMED;
    int taken = decode_simple(from + 1 + n, size - 1 - n, values, count);
    if (taken < 0)
        return taken;
    column_multiply(values, count, factor);
    return taken + 1 + (int)n;
}
