/* SPDX-License-Identifier: MIT */
/* See inflate.h. zlib is built without an allocator of its own (Z_SOLO): what it asks for, two pieces a
 * stream, comes out of an arena that is empty again when the stream ends. */
#include "aggregator/push/inflate.h"

#define Z_SOLO
#define ZLIB_CONST
#include <zlib/zlib.h>

#define GZIP_WINDOW (15 + 16) /* the largest window; only gzip's own header */

struct inflate_memory {
    uint32_t used;
    _Alignas(16) uint8_t bytes[48U << 10];
};

struct inflate_memory *inflate_reserve(struct memory_map *map)
{
    return memory_reserve(map, "push: unpacking", 1, sizeof(struct inflate_memory), "never full");
}

static voidpf take(voidpf opaque, uInt count, uInt size)
{
    struct inflate_memory *m = opaque;
    uint64_t wanted = ((uint64_t)count * size + 15) & ~UINT64_C(15);
    if (wanted > sizeof m->bytes - m->used)
        return Z_NULL;
    uint8_t *at = m->bytes + m->used;
    m->used += (uint32_t)wanted;
    return at;
}

static void give_back(voidpf opaque, voidpf at)
{
    (void)opaque, (void)at; /* all of it at once, at the end */
}

int inflate_gzip(struct inflate_memory *m, const uint8_t *from, uint32_t size, uint8_t *to, uint32_t room)
{
    z_stream z = {.zalloc = take, .zfree = give_back, .opaque = m, .next_in = from, .avail_in = size,
                  .next_out = to, .avail_out = room};
    m->used = 0;
    if (inflateInit2(&z, GZIP_WINDOW) != Z_OK)
        return ERR_MALFORMED;
    int code = inflate(&z, Z_FINISH);
    uint32_t written = room - z.avail_out;
    bool is_whole = code == Z_STREAM_END && z.avail_in == 0;
    (void)inflateEnd(&z);
    if (code == Z_BUF_ERROR && z.avail_out == 0)
        return ERR_FULL;
    return is_whole ? (int)written : ERR_MALFORMED;
}
