/* SPDX-License-Identifier: MIT */
/* gzip, unpacked by zlib in a fixed piece of memory. */
#ifndef NEPHOS_PUSH_INFLATE_H
#define NEPHOS_PUSH_INFLATE_H

#include "platform/base/memory_map.h"

struct inflate_memory; /* what zlib works in: a window of 32 KiB and its tables */

struct inflate_memory *inflate_reserve(struct memory_map *map);
/* Bytes written; ERR_FULL when there are more than `room`; ERR_MALFORMED when it is not one whole gzip
 * stream. */
int inflate_gzip(struct inflate_memory *m, const uint8_t *from, uint32_t size, uint8_t *to, uint32_t room);

#endif
