/* SPDX-License-Identifier: MIT */
/* The column codec: a run of 64-bit integers in few bytes, exact for every value.
 *
 * Byte for byte in docs/SPEC.md. A column is constant, or first value and differences (or differences
 * of differences), in groups of COLUMN_GROUP residuals, each group Rice coded with its own parameter,
 * with zeros either coded like other residuals or as run lengths: whichever is shortest, by exact
 * count. Rice 1971; the escape bounds a residual at 24 + 64 bits. */
#ifndef NEPHOS_COLUMN_H
#define NEPHOS_COLUMN_H

#include "platform/base/base.h"

#define COLUMN_GROUP 128U
#define COLUMN_VALUES_MAX 4096U
/* Never more than this for `count` values; what an encoder's buffer needs. */
#define COLUMN_SIZE_MAX(count) (32U + (count) * 12U)

/* Returns the bytes written, or ERR_FULL. count is 1..COLUMN_VALUES_MAX. */
int column_encode(const int64_t *values, uint32_t count, uint8_t *to, uint32_t size);
/* The same in fewer bytes, with modes that a sender does not use: for what is kept. Of nearly the same speed.
 * `values` are changed and changed back. */
int column_pack(int64_t *values, uint32_t count, uint8_t *to, uint32_t size);
/* Reads exactly `count` values; returns the bytes taken, or ERR_MALFORMED. Never reads past `size`. */
int column_decode(const uint8_t *from, uint32_t size, int64_t *values, uint32_t count);

/* The greatest number that divides all differences: 1 when there is none to speak of, 0 when all values are
 * the same. */
uint64_t column_factor(const int64_t *values, uint32_t count);
/* Distances from the first value divided by such a number, or multiplied (modulo 2^64), in place. */
void column_divide(int64_t *values, uint32_t count, int64_t divisor);
void column_multiply(int64_t *values, uint32_t count, uint64_t factor);

#endif
