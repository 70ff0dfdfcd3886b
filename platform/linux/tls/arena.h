/* SPDX-License-Identifier: MIT */
/* The memory that TLS lives in: one block for the process, set up by the first plat that has one. */
#ifndef NEPHOS_LINUX_TLS_ARENA_H
#define NEPHOS_LINUX_TLS_ARENA_H

#include "platform/platform.h"

void arena_start(uint8_t *block, size_t size);
void arena_stop(void);
/* Bytes with their block headers: most ever, and now. */
void arena_use(uint64_t *high_water, uint64_t *now);

/* Stand in for malloc and its family where a library is built with them; they end the program. */
void *nephos_trap_malloc(size_t size);
void *nephos_trap_calloc(size_t count, size_t size);
void *nephos_trap_realloc(void *memory, size_t size);
void nephos_trap_free(void *memory);

#endif
