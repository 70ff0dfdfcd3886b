/* SPDX-License-Identifier: MIT */
/* What the two directions of a dense column (dense.h) share: residuals as tokens, and the table that says how
 * many states each token has. Pure. */
#ifndef NEPHOS_STORE_DENSE_TABLE_H
#define NEPHOS_STORE_DENSE_TABLE_H

#include "platform/base/base.h"

#define DENSE_DIRECT 32U          /* tokens that are residuals themselves */
#define DENSE_TOKENS_MAX (DENSE_DIRECT + 2 * (64 - 5))
#define DENSE_STATES_MAX 1024U
#define DENSE_MANY 1024U          /* residuals for which DENSE_STATES_MAX pay; half of them serve fewer */

static_assert(DENSE_TOKENS_MAX < 256 && DENSE_TOKENS_MAX <= DENSE_STATES_MAX / 2,
              "tokens are bytes, and each has a place in the table");

static inline uint32_t dense_bit_length(uint64_t v)
{
    return v == 0 ? 0 : 64 - (uint32_t)__builtin_clzll(v);
}

/* Logarithm of the number of states. */
static inline uint32_t dense_log_states(uint32_t residual_count)
{
    return residual_count < DENSE_MANY ? 9 : 10;
}

static inline uint32_t dense_token(uint64_t u)
{
    if (u < DENSE_DIRECT)
        return (uint32_t)u;
    uint32_t length = dense_bit_length(u);
    return DENSE_DIRECT + 2 * (length - 6) + (uint32_t)(u >> (length - 2) & 1);
}

/* How many bits of the residual follow its token. */
static inline uint32_t dense_low_bits(uint32_t token)
{
    return token < DENSE_DIRECT ? 0 : (token - DENSE_DIRECT) / 2 + 4;
}

/* How often a token occurs, to four binary digits, as the table says it. */
uint32_t dense_weight(uint32_t count);
/* Makes frequencies of the weights: at least 1 for what occurs, `size` in all. */
void dense_settle(const uint32_t *weights, uint32_t tokens, uint32_t size, uint16_t *frequencies);
/* Spreads the tokens over the states, each as often as its frequency says. */
void dense_spread(const uint16_t *frequencies, uint32_t tokens, uint32_t size,
                  uint8_t token_at[static DENSE_STATES_MAX]);

#endif
