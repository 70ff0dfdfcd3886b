/* SPDX-License-Identifier: MIT */
/* The memory of libcurl and its mbedTLS: one block, managed by mbedTLS's own allocator. The linker gives
 * these functions to everything in this object that would call malloc and its family. */
#include <stdint.h>
#include <string.h>

#include <mbedtls/memory_buffer_alloc.h>
#include <mbedtls/platform.h>

#include "platform/linux/http/http.h"

/* The size goes before each piece, for realloc. */
#define SIZE_ROOM 16U

void http_pool_start(void *block, size_t size)
{
    mbedtls_memory_buffer_alloc_init(block, size);
}

void *http_malloc(size_t size)
{
    if (size > SIZE_MAX - SIZE_ROOM)
        return NULL;
    uint8_t *piece = mbedtls_calloc(1, size + SIZE_ROOM);
    if (piece == NULL)
        return NULL;
    memcpy(piece, &size, sizeof size);
    return piece + SIZE_ROOM;
}

void *http_calloc(size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    return http_malloc(count * size); /* mbedTLS clears what it gives */
}

void http_free(void *memory)
{
    if (memory != NULL)
        mbedtls_free((uint8_t *)memory - SIZE_ROOM);
}

void *http_realloc(void *memory, size_t size)
{
    size_t before = 0;
    void *to = http_malloc(size);
    if (memory == NULL || to == NULL)
        return to;
    memcpy(&before, (uint8_t *)memory - SIZE_ROOM, sizeof before);
    memcpy(to, memory, before < size ? before : size);
    http_free(memory);
    return to;
}

char *http_strdup(const char *text)
{
    size_t size = strlen(text) + 1;
    char *to = http_malloc(size);
    if (to != NULL)
        memcpy(to, text, size);
    return to;
}

void http_qsort(void *list, size_t count, size_t size, int (*compare)(const void *a, const void *b))
{
    uint8_t *bytes = list;
    for (size_t i = 1; i < count; i++) {
        for (size_t k = i; k > 0 && compare(bytes + (k - 1) * size, bytes + k * size) > 0; k--) {
            for (size_t b = 0; b < size; b++) {
                uint8_t swapped = bytes[(k - 1) * size + b];
                bytes[(k - 1) * size + b] = bytes[k * size + b];
                bytes[k * size + b] = swapped;
            }
        }
    }
}

void *http_no_file(const char *name, const char *mode)
{
    (void)name, (void)mode;
    return NULL;
}

int http_no_lookup(const char *name, const char *service, const void *hints, void *result)
{
    (void)name, (void)service, (void)hints, (void)result;
    return -1;
}

void http_no_lookup_end(void *result)
{
    (void)result;
}

int http_no_addresses(void *result)
{
    (void)result;
    return -1;
}

void http_no_addresses_end(void *result)
{
    (void)result;
}
