/* SPDX-License-Identifier: MIT */
/* Snappy's block format (github.com/google/snappy, format_description.txt), as remote write has it, in both
 * directions. The reference library is C++ and allocates; the format takes a page. */
#ifndef NEPHOS_PROTO_SNAPPY_H
#define NEPHOS_PROTO_SNAPPY_H

#include "platform/base/base.h"

/* Bytes written; ERR_FULL when the block says that it is longer than `room`, found before anything is
 * written; ERR_MALFORMED when it is damaged. */
int snappy_decode(const uint8_t *from, uint32_t size, uint8_t *to, uint32_t room);

/* Room that the block of `size` bytes needs at most: some bytes more for each that cannot be made smaller. */
#define SNAPPY_SIZE_MAX(size) (32U + (size) + (size) / 6U)
/* Bytes written; ERR_FULL when `room` is less than SNAPPY_SIZE_MAX(size). `size` is at most 2^31. */
int snappy_encode(const uint8_t *from, uint32_t size, uint8_t *to, uint32_t room);

#endif
