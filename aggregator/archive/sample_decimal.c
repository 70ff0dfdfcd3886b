/* SPDX-License-Identifier: MIT */
/* A decimal number to a scaled integer, without floating point; see sample_text.h. */
#include "aggregator/archive/sample_text.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The exponent behind e or E, bounded. */
static int take_exponent(const char **at, const char *end, int32_t *out)
{
    bool negative = false;
    int32_t e = 0;
    if (*at == end || (**at != 'e' && **at != 'E'))
        return ERR_OK;
    ++*at;
    if (*at < end && (**at == '-' || **at == '+'))
        negative = *(*at)++ == '-';
    if (*at == end || !is_digit(**at))
        return ERR_MALFORMED;
    for (; *at < end && is_digit(**at); ++*at)
        e = e > 9999 ? e : e * 10 + (**at - '0');
    *out += negative ? -e : e;
    return ERR_OK;
}

/* digits * 10^power, away from zero at a half. */
static int apply_power(uint64_t *digits, int32_t power, bool *rounded)
{
    for (; power > 0 && *digits != 0; power--)
        if (__builtin_mul_overflow(*digits, UINT64_C(10), digits))
            return ERR_MALFORMED;
    uint64_t rest = 0;
    for (; power < 0 && *digits != 0; power++) {
        rest = *digits % 10;
        *digits /= 10;
        *rounded |= rest != 0;
    }
    *digits += rest >= 5;
    return ERR_OK;
}

int sample_decimal(const char *at, uint32_t length, uint32_t scale, int64_t *out, bool *rounded)
{
    const char *end = at + length;
    uint64_t digits = 0;
    int32_t power = 0;
    bool negative = false, any = false;
    if (at < end && (*at == '-' || *at == '+'))
        negative = *at++ == '-';
    for (bool point = false; at < end && (is_digit(*at) || (*at == '.' && !point)); at++) {
        if (*at == '.') {
            point = true;
            continue;
        }
        any = true;
        if (digits > (UINT64_MAX - 9) / 10) { /* finer than can be held */
            if (!point)
                return ERR_MALFORMED;
            *rounded |= *at != '0';
            continue;
        }
        digits = digits * 10 + (uint64_t)(*at - '0');
        power -= point;
    }
    if (!any || take_exponent(&at, end, &power) < 0 || at != end)
        return ERR_MALFORMED;
    for (; scale > 1 && scale % 10 == 0; scale /= 10)
        power++;
    if (scale > 1 && __builtin_mul_overflow(digits, (uint64_t)scale, &digits))
        return ERR_MALFORMED;
    if (apply_power(&digits, power, rounded) < 0 || digits > (uint64_t)INT64_MAX + negative)
        return ERR_MALFORMED;
    *out = negative ? (int64_t)(0 - digits) : (int64_t)digits;
    return ERR_OK;
}
