/* SPDX-License-Identifier: MIT */
/* See dense.h. A state is a number from S to 2 S - 1, S being how many there are. The encoder goes from the
 * last residual to the first and ends in the state in which the decoder begins, so the bits of its steps are
 * kept and written in the order in which they are read. It begins in S: a decoder that does not end there has
 * read something else. Two states, one for every other residual, let a decoder look up two at once. */
#include "aggregator/store/dense.h"

#include <string.h>

#include "aggregator/store/dense_table.h"
#include "platform/base/bytes.h"
#include "proto/bits.h"

#define MODE_DENSE 5U
#define COUNT_LEAST 256U          /* shorter columns pay more for the table than it saves */
#define STATE_MASK (DENSE_STATES_MAX - 1)
#define MEAN_SHIFT 3U
#define HEADER_MAX (2 + 3 * VARINT_SIZE_MAX)
#define TABLE_BYTES_MAX (1 + DENSE_TOKENS_MAX * 7 / 8 + 1)

static_assert(HEADER_MAX + TABLE_BYTES_MAX + 2 + COUNT_LEAST * 9 <= COLUMN_SIZE_MAX(COUNT_LEAST),
              "no dense column is longer than a column may be: 62 and 10 bits a value");

enum prediction { BEFORE, SLOPE, FIRST, MEAN, PREDICTIONS };

static bool has_difference(uint32_t p)
{
    return p == SLOPE || p == MEAN;
}

/* --- prediction --- */

static int64_t rounded_mean(uint64_t mean)
{
    return (int64_t)(mean + (1U << (MEAN_SHIFT - 1))) >> MEAN_SHIFT;
}

/* Residuals; returns their number. */
static uint32_t residuals(const int64_t *values, uint32_t count, uint32_t p, uint64_t *u)
{
    uint32_t n = 0;
    uint64_t step = (uint64_t)values[1] - (uint64_t)values[0], mean = step << MEAN_SHIFT;
    for (uint32_t i = has_difference(p) ? 2 : 1; i < count; i++) {
        uint64_t d = (uint64_t)values[i] - (uint64_t)values[i - 1], off = d;
        switch (p) {
        case SLOPE:
            off = d - step;
            break;
        case FIRST:
            off = (uint64_t)values[i] - (uint64_t)values[0];
            break;
        case MEAN:
            off = d - (uint64_t)rounded_mean(mean);
            mean += off;
            break;
        default:
            break;
        }
        step = d;
        u[n++] = zigzag((int64_t)off);
    }
    return n;
}

/* Logarithm to base 2, times 256, in straight lines between powers: near enough to choose. */
static uint32_t logarithm(uint32_t v)
{
    uint32_t whole = dense_bit_length(v) - 1;
    return whole * 256 + (uint32_t)(((uint64_t)v << 8 >> whole) - 256);
}

/* What residuals of these lengths would cost, in bits times 256. */
static uint64_t cost_of(const uint16_t lengths[static 65], uint32_t count)
{
    uint64_t cost = 0;
    for (uint32_t b = 0; b <= 64; b++)
        if (lengths[b] > 0)
            cost += lengths[b] * (uint64_t)(logarithm(count) - logarithm(lengths[b]) +
                                            (b > 1 ? b - 1 : 0) * 256);
    return cost;
}

static uint32_t choose(const int64_t *values, uint32_t count)
{
    uint16_t lengths[PREDICTIONS][65] = {0};
    uint64_t first = (uint64_t)values[0], before = first, step = (uint64_t)values[1] - first;
    uint64_t mean = step << MEAN_SHIFT, least = UINT64_MAX;
    uint32_t best = BEFORE;
    for (uint32_t i = 1; i < count; i++) {
        uint64_t v = (uint64_t)values[i], d = v - before, off = d - (uint64_t)rounded_mean(mean);
        lengths[BEFORE][dense_bit_length(zigzag((int64_t)d))]++;
        lengths[SLOPE][dense_bit_length(zigzag((int64_t)(d - step)))]++;
        lengths[FIRST][dense_bit_length(zigzag((int64_t)(v - first)))]++;
        lengths[MEAN][dense_bit_length(zigzag((int64_t)off))]++;
        mean += off;
        before = v;
        step = d;
    }
    for (uint32_t p = 0; p < PREDICTIONS; p++) {
        uint64_t cost = cost_of(lengths[p], count);
        if (cost < least) {
            least = cost;
            best = p;
        }
    }
    return best;
}

/* --- writing --- */

struct encoder {
    uint32_t log;                        /* of the number of states */
    uint16_t state_at[DENSE_STATES_MAX]; /* states of each token, behind those of the tokens before it */
    int32_t first_of[DENSE_TOKENS_MAX];  /* into state_at, less the frequency */
    uint32_t bits_of[DENSE_TOKENS_MAX];  /* (state + this) >> 16: how many bits a step from there has */
};

static void make_encoder(struct encoder *e, const uint16_t *frequencies, uint32_t tokens)
{
    uint8_t token_at[DENSE_STATES_MAX];
    uint32_t next[DENSE_TOKENS_MAX], sum = 0, size = 1U << e->log;
    dense_spread(frequencies, tokens, size, token_at);
    for (uint32_t t = 0; t < tokens; t++) {
        uint32_t f = frequencies[t];
        next[t] = sum;
        e->first_of[t] = (int32_t)sum - (int32_t)f;
        uint32_t most = f < 2 ? e->log : e->log - (dense_bit_length(f - 1) - 1);
        e->bits_of[t] = (most << 16) - (f << most);
        sum += f;
    }
    for (uint32_t at = 0; at < size; at++)
        e->state_at[next[token_at[at]]++] = (uint16_t)(size + at);
}

/* From the last residual to the first; leaves the states before them. */
static void make_steps(const struct encoder *e, struct dense_work *work, uint32_t n,
                       uint32_t states[static 2])
{
    states[0] = states[1] = 1U << e->log;
    for (uint32_t i = n; i-- > 0;) {
        uint32_t t = dense_token(work->residuals[i]), state = states[i & 1];
        uint32_t bits = (state + e->bits_of[t]) >> 16;
        work->steps[i] = (uint16_t)((state & ((1U << bits) - 1)) << 4 | bits);
        states[i & 1] = e->state_at[(int32_t)(state >> bits) + e->first_of[t]];
    }
}

static void put_table(struct bit_writer *w, const uint32_t *weights, uint32_t tokens)
{
    bits_put(w, tokens, 8);
    for (uint32_t t = 0; t < tokens; t++) {
        uint32_t length = dense_bit_length(weights[t]), more = length == 0 ? 0 : length < 4 ? length - 1 : 3;
        bits_put(w, length, 4);
        bits_put(w, weights[t] >> (length > 4 ? length - 4 : 0), more);
    }
}

static void put_residuals(struct bit_writer *w, struct dense_work *work, uint32_t n)
{
    struct encoder e = {.log = dense_log_states(n)};
    uint32_t weights[DENSE_TOKENS_MAX] = {0}, tokens = 0, states[2];
    uint16_t frequencies[DENSE_TOKENS_MAX];
    for (uint32_t i = 0; i < n; i++) {
        uint32_t t = dense_token(work->residuals[i]);
        weights[t]++;
        tokens = t >= tokens ? t + 1 : tokens;
    }
    for (uint32_t t = 0; t < tokens; t++)
        weights[t] = dense_weight(weights[t]);
    put_table(w, weights, tokens);
    dense_settle(weights, tokens, 1U << e.log, frequencies);
    make_encoder(&e, frequencies, tokens);
    make_steps(&e, work, n, states);
    bits_put(w, states[0], e.log); /* without their highest bit */
    bits_put(w, states[1], e.log);
    for (uint32_t i = 0; i < n; i++) {
        uint64_t u = work->residuals[i];
        uint32_t low = u < DENSE_DIRECT ? 0 : dense_bit_length(u) - 2;
        bits_put_long(w, u, low);
        bits_put(w, work->steps[i] >> 4, work->steps[i] & 15);
    }
}

/* `values` differ among themselves, and are divided by the factor already. */
static int encode(struct dense_work *work, const int64_t *values, uint32_t count, uint64_t factor,
                  uint8_t *to, uint32_t size)
{
    if (size < HEADER_MAX)
        return ERR_FULL;
    uint32_t p = choose(values, count), at = 2;
    to[0] = MODE_DENSE;
    to[1] = (uint8_t)p;
    at += put_varint(to + at, factor);
    at += put_varint(to + at, zigzag(values[0]));
    if (has_difference(p))
        at += put_varint(to + at, zigzag((int64_t)((uint64_t)values[1] - (uint64_t)values[0])));
    struct bit_writer w = {.to = to, .size = size, .at = at};
    put_residuals(&w, work, residuals(values, count, p, work->residuals));
    bits_flush(&w);
    return w.full ? ERR_FULL : (int)w.at;
}

int dense_pack(struct dense_work *work, int64_t *values, uint32_t count, uint8_t *to, uint32_t size)
{
    if (count < COUNT_LEAST)
        return column_pack(values, count, to, size);
    uint64_t factor = column_factor(values, count);
    if (factor == 0) /* all the same */
        return column_pack(values, count, to, size);
    if (factor < 2 || factor > INT64_MAX)
        return encode(work, values, count, 1, to, size);
    column_divide(values, count, (int64_t)factor);
    int n = encode(work, values, count, factor, to, size);
    column_multiply(values, count, factor);
    return n;
}

/* --- reading --- */

/* What a state means, in one word: the residual's leading bits (5), how many low bits follow (6), how many
 * the step has (4), and the next state without them (10). */
struct decoder {
    uint32_t log;
    uint32_t at[DENSE_STATES_MAX];
};

/* False when the table makes no sense. */
static bool read_table(struct bit_reader *r, uint32_t values, uint16_t *frequencies, uint32_t *tokens)
{
    uint32_t weights[DENSE_TOKENS_MAX], total = 0;
    *tokens = (uint32_t)bits_get(r, 8);
    if (*tokens > DENSE_TOKENS_MAX)
        return false;
    for (uint32_t t = 0; t < *tokens; t++) {
        uint32_t length = (uint32_t)bits_get(r, 4), more = length == 0 ? 0 : length < 4 ? length - 1 : 3;
        weights[t] = length == 0 ? 0 : (1U << more | (uint32_t)bits_get(r, more)) << (length - 1 - more);
        total += weights[t];
    }
    if (r->ended || total == 0 || total > values)
        return false;
    dense_settle(weights, *tokens, 1U << dense_log_states(values), frequencies);
    return true;
}

static void make_decoder(struct decoder *d, const uint16_t *frequencies, uint32_t tokens)
{
    uint8_t token_at[DENSE_STATES_MAX];
    uint16_t next[DENSE_TOKENS_MAX];
    uint32_t size = 1U << d->log;
    dense_spread(frequencies, tokens, size, token_at);
    memcpy(next, frequencies, tokens * sizeof next[0]);
    for (uint32_t at = 0; at < size; at++) {
        uint32_t t = token_at[at], state = next[t]++, bits = d->log + 1 - dense_bit_length(state);
        uint32_t leading = t < DENSE_DIRECT ? t : 2 + (t & 1);
        d->at[at] = leading << 20 | dense_low_bits(t) << 14 | bits << 10 | ((state << bits) - size);
    }
}

/* The next residual, and the state behind it. */
static int64_t get_residual(const struct decoder *d, struct bit_reader *r, uint32_t *state)
{
    uint32_t e = d->at[*state], low = e >> 14 & 63;
    uint64_t u = (uint64_t)(e >> 20) << low | bits_get_long(r, low);
    *state = (e & STATE_MASK) + (uint32_t)bits_get(r, e >> 10 & 15);
    return unzigzag(u);
}

/* Residuals in place of the values; false when the bits make no sense or end. Two at a time, as long as both
 * lie in the window. */
static bool get_residuals(struct bit_reader *r, int64_t *values, uint32_t n)
{
    struct decoder d;
    d.log = dense_log_states(n);
    uint16_t frequencies[DENSE_TOKENS_MAX];
    uint32_t tokens, states[2], i = 0;
    if (!read_table(r, n, frequencies, &tokens))
        return false;
    make_decoder(&d, frequencies, tokens);
    states[0] = (uint32_t)bits_get(r, d.log);
    states[1] = (uint32_t)bits_get(r, d.log);
    for (; i + 2 <= n; i += 2) {
        uint32_t e = d.at[states[0]], low_e = e >> 14 & 63, bits_e = e >> 10 & 15;
        uint32_t f = d.at[states[1]], low_f = f >> 14 & 63, bits_f = f >> 10 & 15;
        uint32_t all = low_e + bits_e + low_f + bits_f;
        bits_refill(r);
        if (all > 56) {
            values[i] = get_residual(&d, r, &states[0]);
            values[i + 1] = get_residual(&d, r, &states[1]);
            continue;
        }
        uint64_t window = r->window;
        values[i] = unzigzag((uint64_t)(e >> 20) << low_e | window >> 1 >> (63 - low_e));
        window <<= low_e;
        states[0] = (e & STATE_MASK) + (uint32_t)(window >> 1 >> (63 - bits_e));
        window <<= bits_e;
        values[i + 1] = unzigzag((uint64_t)(f >> 20) << low_f | window >> 1 >> (63 - low_f));
        window <<= low_f;
        states[1] = (f & STATE_MASK) + (uint32_t)(window >> 1 >> (63 - bits_f));
        bits_skip(r, all);
    }
    if (i < n)
        values[i] = get_residual(&d, r, &states[0]);
    return states[0] == 0 && states[1] == 0 && !r->ended;
}

/* From residuals to values, in place; in front stand the first value and, where it is told, the second. */
static void undo(int64_t *values, uint32_t count, uint32_t p)
{
    uint64_t first = (uint64_t)values[0], step = (uint64_t)values[1] - first, mean = step << MEAN_SHIFT;
    uint64_t v = has_difference(p) ? (uint64_t)values[1] : first;
    if (p == BEFORE)
        for (uint32_t i = 1; i < count; i++)
            values[i] = (int64_t)(v += (uint64_t)values[i]);
    if (p == SLOPE)
        for (uint32_t i = 2; i < count; i++)
            values[i] = (int64_t)(v += step += (uint64_t)values[i]);
    if (p == FIRST)
        for (uint32_t i = 1; i < count; i++)
            values[i] = (int64_t)(first + (uint64_t)values[i]);
    for (uint32_t i = 2; i < count && p == MEAN; i++) {
        uint64_t off = (uint64_t)values[i];
        v += off + (uint64_t)rounded_mean(mean);
        mean += off;
        values[i] = (int64_t)v;
    }
}

/* The next varint of a header, or false. */
static bool take(const uint8_t *from, uint32_t size, uint32_t *at, uint64_t *out)
{
    uint32_t n = get_varint(from + *at, size - *at, out);
    *at += n;
    return n > 0;
}

int dense_decode(const uint8_t *from, uint32_t size, int64_t *values, uint32_t count)
{
    uint64_t factor, first, difference = 0;
    ASSERT(count >= 1 && count <= COLUMN_VALUES_MAX);
    if (size == 0 || from[0] != MODE_DENSE)
        return column_decode(from, size, values, count);
    if (size < 2 || from[1] >= PREDICTIONS || count < COUNT_LEAST)
        return ERR_MALFORMED;
    uint32_t p = from[1], at = 2, head = has_difference(p) ? 2 : 1;
    if (!take(from, size, &at, &factor) || !take(from, size, &at, &first) ||
        (head == 2 && !take(from, size, &at, &difference)))
        return ERR_MALFORMED;
    values[0] = unzigzag(first);
    if (head == 2)
        values[1] = (int64_t)((uint64_t)values[0] + (uint64_t)unzigzag(difference));
    struct bit_reader r = {.from = from, .size = size, .at = at};
    if (!get_residuals(&r, values + head, count - head))
        return ERR_MALFORMED;
    undo(values, count, p);
    if (factor != 1)
        column_multiply(values, count, factor);
    return (int)bits_taken(&r);
}
