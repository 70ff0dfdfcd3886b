/* SPDX-License-Identifier: MIT */
/* The memory that TLS lives in: one block for the process, set up by the first plat that has one. */
#ifndef NEPHOS_LINUX_TLS_ARENA_H
#define NEPHOS_LINUX_TLS_ARENA_H

#include "platform/platform.h"

void arena_start(uint8_t *block, size_t size);
void arena_stop(void);

/* Memory for a session with a stranger, apart from everybody else's: whatever certificates it shows, it
 * can only use this up. Small, and few blocks: first fit, merged when freed. */
struct guest_arena {
    uint8_t *block;            /* aligned like a pointer twice as large */
    uint32_t size;
    bool entered, divided;
    uint32_t used, high_water; /* bytes with their block headers */
};
/* One in a process. */
void guest_start(struct guest_arena *g);
void guest_stop(void);
/* While entered, the library's memory comes from there and not from the arena. What is given back goes to
 * where it came from at any time. */
void guest_enter(bool entered);
bool guest_is_entered(void);

/* Bytes with their block headers: most ever, and now. */
void arena_use(uint64_t *high_water, uint64_t *now);

/* Stand in for malloc and its family where a library is built with them; they end the program. */
void *nephos_trap_malloc(size_t size);
void *nephos_trap_calloc(size_t count, size_t size);
void *nephos_trap_realloc(void *memory, size_t size);
void nephos_trap_free(void *memory);

/* The linker puts these before the library's mbedtls_calloc and mbedtls_free (--wrap). */
void *__wrap_mbedtls_calloc(size_t count, size_t size);
void __wrap_mbedtls_free(void *memory);
void *__real_mbedtls_calloc(size_t count, size_t size);
void __real_mbedtls_free(void *memory);

#endif
