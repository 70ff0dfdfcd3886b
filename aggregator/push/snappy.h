/* SPDX-License-Identifier: MIT */
/* Decoding of Snappy's block format (github.com/google/snappy, format_description.txt), as remote write sends
 * it. The reference library is C++ and allocates; the format takes a page. */
#ifndef NEPHOS_PUSH_SNAPPY_H
#define NEPHOS_PUSH_SNAPPY_H

#include "platform/base/base.h"

/* Bytes written; ERR_FULL when the block says that it is longer than `room`, found before anything is
 * written; ERR_MALFORMED when it is damaged. */
int snappy_decode(const uint8_t *from, uint32_t size, uint8_t *to, uint32_t room);

#endif
