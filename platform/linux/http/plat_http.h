/* SPDX-License-Identifier: MIT */
/* What a main() needs to know of outbound requests (platform/outbound.h) on Linux. A program without them
 * does not link this folder. */
#ifndef NEPHOS_PLAT_HTTP_H
#define NEPHOS_PLAT_HTTP_H

#include "platform/linux/plat_linux.h"

/* Reserves `requests_max` slots (0: none), the pool of libcurl and its thread's stack. */
struct http *plat_http_reserve(struct memory_map *map, uint32_t requests_max);
/* After plat_linux_start(), with what plat_http_reserve() gave. ERR_OK, or ERR_SYSTEM after having said what
 * failed. */
int plat_http_start(struct plat *p, struct http *http);
/* Before plat_linux_stop(). Requests under way are given up. */
void plat_http_stop(struct plat *p);

#endif
