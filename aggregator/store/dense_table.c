/* SPDX-License-Identifier: MIT */
/* See dense_table.h. */
#include "aggregator/store/dense_table.h"

uint32_t dense_weight(uint32_t count)
{
    uint32_t length = dense_bit_length(count);
    return length <= 4 ? count : count >> (length - 4) << (length - 4);
}

/* One too many or too few is settled where it matters least. */
void dense_settle(const uint32_t *weights, uint32_t tokens, uint32_t size, uint16_t *frequencies)
{
    uint32_t total = 0, sum = 0;
    for (uint32_t t = 0; t < tokens; t++)
        total += weights[t];
    for (uint32_t t = 0; t < tokens; t++) {
        uint32_t f = (weights[t] * size + total / 2) / total;
        frequencies[t] = (uint16_t)(weights[t] > 0 && f == 0 ? 1 : f);
        sum += frequencies[t];
    }
    while (sum != size) {
        uint32_t best = DENSE_TOKENS_MAX;
        for (uint32_t t = 0; t < tokens; t++) {
            uint64_t f = frequencies[t];
            if (sum > size ? f < 2 : f == 0)
                continue;
            if (best == DENSE_TOKENS_MAX) {
                best = t;
                continue;
            }
            uint64_t mine = (uint64_t)weights[t] * frequencies[best], its = weights[best] * f;
            if (sum > size ? mine < its : mine > its)
                best = t;
        }
        frequencies[best] = (uint16_t)(frequencies[best] + (sum > size ? -1 : 1));
        sum = sum > size ? sum - 1 : sum + 1;
    }
}

void dense_spread(const uint16_t *frequencies, uint32_t tokens, uint32_t size,
                  uint8_t token_at[static DENSE_STATES_MAX])
{
    uint32_t at = 0;
    for (uint32_t t = 0; t < tokens; t++)
        for (uint32_t i = 0; i < frequencies[t]; i++) {
            token_at[at] = (uint8_t)t;
            at = (at + (size >> 1) + (size >> 3) + 3) & (size - 1);
        }
    ASSERT(at == 0);
}
