/* SPDX-License-Identifier: MIT */
/* What mbedTLS and others would take from libc, and get from us instead: memory from one block,
 * randomness from getrandom, a calendar without time zones. */
#include <mbedtls/build_info.h>
#include <mbedtls/memory_buffer_alloc.h>
#include <mbedtls/platform_time.h>
#include <mbedtls/platform_util.h>
#include <time.h>

#include "platform/base/base.h"
#include "platform/base/calendar.h"
#include "platform/linux/tls/arena.h"

/* --- heaps that must never be reached --- */

void *nephos_trap_malloc(size_t size)
{
    (void)size;
    ASSERT(!"a library asked libc for memory");
    return NULL;
}

void *nephos_trap_calloc(size_t count, size_t size)
{
    (void)count;
    return nephos_trap_malloc(size);
}

void *nephos_trap_realloc(void *memory, size_t size)
{
    (void)memory;
    return nephos_trap_malloc(size);
}

void nephos_trap_free(void *memory)
{
    ASSERT(memory == NULL);
}

/* --- memory --- */

void arena_start(uint8_t *block, size_t size)
{
    mbedtls_memory_buffer_alloc_init(block, size);
}

void arena_stop(void)
{
    mbedtls_memory_buffer_alloc_free();
}

void arena_use(uint64_t *high_water, uint64_t *now)
{
    /* The library counts bytes and blocks apart; a block has a header of eight words. */
    size_t bytes_max, blocks_max, bytes, blocks;
    const size_t header_size = 8 * sizeof(void *);
    mbedtls_memory_buffer_alloc_max_get(&bytes_max, &blocks_max);
    mbedtls_memory_buffer_alloc_cur_get(&bytes, &blocks);
    *high_water = bytes_max + blocks_max * header_size;
    *now = bytes + blocks * header_size;
}

/* --- chance --- */

/* Declared only in a header that the library does not install. */
int mbedtls_hardware_poll(void *data, unsigned char *output, size_t size, size_t *length);

int mbedtls_hardware_poll(void *data, unsigned char *output, size_t size, size_t *length)
{
    (void)data;
    plat_random(NULL, output, size);
    *length = size;
    return 0;
}

/* --- calendar --- */

struct tm *mbedtls_platform_gmtime_r(const mbedtls_time_t *seconds, struct tm *out)
{
    int64_t days = calendar_day_of_ms(*seconds * MS_PER_S), rest = *seconds - days * 86400;
    struct calendar_date date = calendar_date(days);
    *out = (struct tm){.tm_hour = (int)(rest / 3600),
                       .tm_min = (int)(rest / 60 % 60),
                       .tm_sec = (int)(rest % 60),
                       .tm_mday = (int)date.day,
                       .tm_mon = (int)date.month - 1,
                       .tm_year = (int)(date.year - 1900)};
    return out;
}
