/* SPDX-License-Identifier: MIT */
/* Decimal numbers; see decimal.h. */
#include "agent/inputs/decimal.h"

/* More digits than these do not change what a 64-bit integer can hold; larger exponents saturate. */
#define DIGITS_MAX 19U
#define EXPONENT_MAX 1000

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool take_sign(struct span *s)
{
    bool negative = s->at < s->end && *s->at == '-';
    if (negative || (s->at < s->end && *s->at == '+'))
        s->at++;
    return negative;
}

/* Digits with at most one point among them: value = mantissa * 10^exponent. False when there is no digit. */
static bool take_mantissa(struct span *s, uint64_t *mantissa, int64_t *exponent)
{
    bool any = false, behind_point = false;
    uint32_t digits = 0;
    *mantissa = 0;
    *exponent = 0;
    for (; s->at < s->end && (is_digit(*s->at) || (*s->at == '.' && !behind_point)); s->at++) {
        if (*s->at == '.') {
            behind_point = true;
            continue;
        }
        any = true;
        if (digits < DIGITS_MAX) {
            *mantissa = *mantissa * 10 + (uint64_t)(*s->at - '0');
            digits += *mantissa != 0;
            *exponent -= behind_point;
        } else {
            *exponent += !behind_point;
        }
    }
    return any;
}

static bool take_exponent(struct span *s, int64_t *exponent)
{
    if (s->at == s->end || (*s->at != 'e' && *s->at != 'E'))
        return true;
    s->at++;
    bool negative = take_sign(s);
    int64_t n = 0;
    if (s->at == s->end || !is_digit(*s->at))
        return false;
    for (; s->at < s->end && is_digit(*s->at); s->at++)
        n = n < EXPONENT_MAX ? n * 10 + (*s->at - '0') : EXPONENT_MAX;
    *exponent += negative ? -n : n;
    return true;
}

/* mantissa * 10^exponent, at most 2^63. */
static uint64_t shift(uint64_t mantissa, int64_t exponent)
{
    const uint64_t most = (uint64_t)1 << 63;
    for (; exponent > 0 && mantissa != 0; exponent--)
        if (__builtin_mul_overflow(mantissa, (uint64_t)10, &mantissa) || mantissa > most)
            return most;
    for (; exponent < -1 && mantissa != 0; exponent++)
        mantissa /= 10;
    if (exponent == -1)
        mantissa = mantissa / 10 + (mantissa % 10 >= 5);
    return mantissa > most ? most : mantissa;
}

static int64_t with_sign(uint64_t magnitude, bool negative)
{
    if (negative)
        return magnitude >= (uint64_t)1 << 63 ? INT64_MIN : -(int64_t)magnitude;
    return magnitude > INT64_MAX ? INT64_MAX : (int64_t)magnitude;
}

int decimal_parse(struct span s, uint32_t places, int64_t *out)
{
    ASSERT(places <= 9);
    uint64_t mantissa;
    int64_t exponent;
    bool negative = take_sign(&s);
    if (!take_mantissa(&s, &mantissa, &exponent) || !take_exponent(&s, &exponent) || s.at != s.end)
        return ERR_MALFORMED;
    *out = with_sign(shift(mantissa, exponent + places), negative);
    return ERR_OK;
}

int64_t decimal_scale(int64_t a, uint32_t b, uint32_t c)
{
    int64_t whole;
    if (__builtin_mul_overflow(a / (int64_t)c, (int64_t)b, &whole))
        return a < 0 ? INT64_MIN : INT64_MAX;
    return decimal_add(whole, a % (int64_t)c * (int64_t)b / (int64_t)c);
}

int64_t decimal_add(int64_t a, int64_t b)
{
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum))
        return a < 0 ? INT64_MIN : INT64_MAX;
    return sum;
}
