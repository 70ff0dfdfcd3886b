/* SPDX-License-Identifier: MIT */
/* Memory for sessions with strangers; see arena.h. A block is a header and its bytes; blocks lie one behind
 * the other and fill the arena. */
#include <string.h>

#include "platform/base/base.h"
#include "platform/linux/tls/arena.h"

#define ALIGNMENT 16U

struct guest_block {
    _Alignas(ALIGNMENT) uint32_t size; /* with this header */
    bool used;
};

/* The library asks for memory without saying for whom, and there is one library in a process: it has to be
 * told here. */
static struct guest_arena *guest;

static struct guest_block *block_at(const struct guest_arena *g, uint32_t offset)
{
    return (struct guest_block *)(void *)(g->block + offset);
}

void guest_start(struct guest_arena *g)
{
    g->used = g->high_water = 0;
    g->entered = g->divided = false;
    guest = g;
}

void guest_stop(void)
{
    guest = NULL;
}

void guest_enter(bool entered)
{
    if (guest != NULL)
        guest->entered = entered;
}

bool guest_is_entered(void)
{
    return guest != NULL && guest->entered;
}

/* Joins the free blocks that follow a free one to it. */
static void merge(const struct guest_arena *g, uint32_t offset)
{
    struct guest_block *b = block_at(g, offset);
    uint32_t end = g->size & ~(ALIGNMENT - 1);
    while (offset + b->size < end && !block_at(g, offset + b->size)->used)
        b->size += block_at(g, offset + b->size)->size;
}

static void *take(struct guest_arena *g, size_t size)
{
    uint32_t end = g->size & ~(ALIGNMENT - 1);
    if (size > end)
        return NULL;
    if (!g->divided) /* not before: memory that nobody has touched costs nothing */
        *block_at(g, 0) = (struct guest_block){.size = end};
    g->divided = true;
    uint32_t rounded = ((uint32_t)size + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    uint32_t wanted = (uint32_t)sizeof(struct guest_block) + rounded;
    for (uint32_t offset = 0; offset < end; offset += block_at(g, offset)->size) {
        struct guest_block *b = block_at(g, offset);
        if (b->used)
            continue;
        merge(g, offset);
        if (b->size < wanted)
            continue;
        if (b->size - wanted > sizeof *b) {
            *block_at(g, offset + wanted) = (struct guest_block){.size = b->size - wanted};
            b->size = wanted;
        }
        b->used = true;
        g->used += b->size;
        g->high_water = g->used > g->high_water ? g->used : g->high_water;
        memset(b + 1, 0, b->size - sizeof *b);
        return b + 1;
    }
    return NULL;
}

static void give_back(struct guest_arena *g, void *memory)
{
    struct guest_block *b = (struct guest_block *)memory - 1;
    ASSERT(b->used);
    b->used = false;
    g->used -= b->size;
}

void *__wrap_mbedtls_calloc(size_t count, size_t size)
{
    if (!guest_is_entered())
        return __real_mbedtls_calloc(count, size);
    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    return take(guest, count * size);
}

void __wrap_mbedtls_free(void *memory)
{
    const uint8_t *at = memory;
    if (guest != NULL && at >= guest->block && at < guest->block + guest->size)
        give_back(guest, memory);
    else
        __real_mbedtls_free(memory);
}
