/* SPDX-License-Identifier: MIT */
/* Dense columns: long columns in fewer bytes than those of proto/column.h, for chunks on disk.
 *
 * A column is predicted value by value, and what the prediction is off by is entropy coded with one table for
 * the whole column: asymmetric numeral systems in their tabled form (Duda 2013), the tables as in the FSE of
 * Collet. So a value costs what its rarity says, to a fraction of a bit, where a Rice code spends a whole bit
 * at least. A short column would pay more for its table than that saves, and stays as it was.
 *
 *     u8      5
 *     u8      prediction p: 0 the value before, 1 that and the last difference, 2 the first value,
 *             3 the value before and the running mean of differences
 *     varint  factor by which the distances from the first value are to be multiplied, 1 when they are not
 *     varint  zigzag of the first value
 *     varint  p 1 and 3: zigzag of the first difference, which takes the place of a residual
 *     bits    the table, the two first states less S in log2 S bits each, then for each residual the low
 *             bits of its token and the bits of the step to the next state; every other residual has the
 *             other state
 *
 * A residual r stands as u = zigzag(r). Below 32 its token is u. Of greater ones, with b bits, the token is
 * 32 + 2 (b - 6) and the bit below the highest; the b - 2 low bits follow. The table: the number of tokens
 * in 8 bits, then for each the bit length of how often it occurs (4 bits) and the up to three bits below the
 * highest; further ones are zero. Frequencies follow from it: see dense_table.c. There are S = 1024
 * states for 1024 residuals and more, and 512 for fewer.
 *
 * The running mean m begins as the first difference times 8; the prediction of a difference is m / 8,
 * rounded, and m grows by what it was off by. All arithmetic is modulo 2^64. */
#ifndef NEPHOS_STORE_DENSE_H
#define NEPHOS_STORE_DENSE_H

#include "proto/column.h"

struct dense_work {
    uint64_t residuals[COLUMN_VALUES_MAX];
    uint16_t steps[COLUMN_VALUES_MAX];   /* bits of each step, and how many: 4 bits below */
};

/* The column in the form that is thought shortest, a dense one or another. As column_pack(), and within
 * COLUMN_SIZE_MAX. */
int dense_pack(struct dense_work *work, int64_t *values, uint32_t count, uint8_t *to, uint32_t size);
/* Reads a column of either kind, as column_decode(). */
int dense_decode(const uint8_t *from, uint32_t size, int64_t *values, uint32_t count);

#endif
