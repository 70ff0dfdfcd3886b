/* SPDX-License-Identifier: MIT */
/* Headers and records of the spool as bytes; docs/SPEC.md 2.2 has the tables. */
#include "agent/spool_file.h"

#include <string.h>

#include "platform/base/bytes.h"
#include "platform/base/crc32c.h"

#define MAGIC "NPHSPOOL"
#define VERSION 1U
#define CHECKED_AT 12U /* the header's check covers what stands behind it */
#define FLAG_SEALED 1U
#define FLAG_SENT 1U

static int64_t offset_of(const struct spool *s, uint32_t segment, uint32_t offset)
{
    return (int64_t)segment * s->segment_size + offset;
}

/* All of it, or an error. */
static int read_at(const struct spool *s, uint32_t segment, uint32_t offset, void *to, uint32_t size)
{
    int n = plat_file_read(s->plat, s->file, offset_of(s, segment, offset), to, size);
    return n < 0 ? ERR_SYSTEM : (uint32_t)n == size ? ERR_OK : ERR_MISSING;
}

/* --- headers --- */

int spool_read_header(const struct spool *s, uint32_t segment, struct spool_header *out)
{
    uint8_t bytes[SPOOL_HEADER_SIZE];
    int e = read_at(s, segment, 0, bytes, sizeof bytes);
    if (e < 0)
        return e;
    if (memcmp(bytes, MAGIC, 8) != 0 || get_u16(bytes + 12) != VERSION || bytes[127] != 0 ||
        get_u32(bytes + 8) != crc32c(0, bytes + CHECKED_AT, sizeof bytes - CHECKED_AT))
        return ERR_MISSING;
    out->is_sealed = (get_u16(bytes + 14) & FLAG_SEALED) != 0;
    out->segment = (struct spool_segment){
        .number = get_u64(bytes + 16),
        .used = get_u32(bytes + 24),
        .samples = get_u32(bytes + 28),
        .all_samples = get_u32(bytes + 28),
        .start = get_u32(bytes + 48),
        .last_epoch = get_u64(bytes + 32),
        .last_sequence = get_u64(bytes + 40),
        .epoch_samples = get_u32(bytes + 52),
    };
    memcpy(out->owner, bytes + 64, sizeof out->owner);
    bool is_sane = out->segment.number != 0 && out->segment.number < (uint64_t)INT64_MAX &&
                   (!out->is_sealed ||
                    (out->segment.used >= SPOOL_HEADER_SIZE && out->segment.used <= s->segment_size));
    return is_sane ? ERR_OK : ERR_MISSING;
}

int spool_write_header(struct spool *s, uint32_t segment, bool is_sealed)
{
    uint8_t bytes[SPOOL_HEADER_SIZE] = {0};
    const struct spool_segment *g = &s->segments[segment];
    memcpy(bytes, MAGIC, 8);
    put_u16(bytes + 12, VERSION);
    put_u16(bytes + 14, is_sealed ? FLAG_SEALED : 0);
    put_u64(bytes + 16, g->number);
    put_u32(bytes + 48, g->start);
    if (is_sealed) {
        put_u32(bytes + 24, g->used);
        put_u32(bytes + 28, g->all_samples);
        put_u64(bytes + 32, g->last_epoch);
        put_u64(bytes + 40, g->last_sequence);
        put_u32(bytes + 52, g->epoch_samples);
    }
    text_copy((char *)bytes + 64, INSTANCE_ID_SIZE, s->owner);
    put_u32(bytes + 8, crc32c(0, bytes + CHECKED_AT, sizeof bytes - CHECKED_AT));
    s->written_bytes += sizeof bytes;
    return plat_file_write(s->plat, s->file, offset_of(s, segment, 0), bytes, sizeof bytes);
}

void spool_erase_header(struct spool *s, uint32_t segment)
{
    static const uint8_t nothing[16];
    /* If it fails, the aggregator will say after a restart that it has all of it. */
    (void)plat_file_write(s->plat, s->file, offset_of(s, segment, 0), nothing, sizeof nothing);
    s->written_bytes += sizeof nothing;
}

/* --- records --- */

struct spool_place spool_first_place(const struct spool *s, uint32_t segment)
{
    return (struct spool_place){
        .segment = segment, .offset = SPOOL_HEADER_SIZE, .chain = s->segments[segment].start};
}

/* The first four bytes are the check of the others, continued from the record before. */
static uint32_t record_check(uint32_t chain, const uint8_t bytes[static SPOOL_RECORD_SIZE])
{
    return crc32c(chain, bytes + 4, SPOOL_RECORD_SIZE - 4);
}

int spool_read_record(const struct spool *s, struct spool_place place, uint32_t end,
                      struct spool_record *out)
{
    uint8_t bytes[SPOOL_RECORD_SIZE];
    if (place.offset > end || end - place.offset < sizeof bytes)
        return ERR_MISSING;
    int e = read_at(s, place.segment, place.offset, bytes, sizeof bytes);
    if (e < 0)
        return e;
    *out = (struct spool_record){
        .place = place,
        .kind = bytes[12] == SPOOL_BLOCK ? SPOOL_BLOCK : SPOOL_DICTIONARY,
        .was_sent = (bytes[13] & FLAG_SENT) != 0,
        .check = get_u32(bytes + 4),
        .size = get_u32(bytes + 8),
        .count = get_u16(bytes + 14),
        .epoch = get_u64(bytes + 16),
        .sequence = get_u64(bytes + 24),
    };
    uint32_t check = get_u32(bytes), left = end - place.offset - (uint32_t)sizeof bytes;
    bool is_kind = bytes[12] == SPOOL_BLOCK || bytes[12] == SPOOL_DICTIONARY;
    if (check != record_check(place.chain, bytes) || !is_kind || out->size > SPOOL_DATA_MAX ||
        out->size > left || out->count == 0 || out->sequence > (uint64_t)INT64_MAX)
        return ERR_MISSING;
    out->next = (struct spool_place){.segment = place.segment,
                                     .offset = place.offset + (uint32_t)sizeof bytes + out->size,
                                     .chain = check};
    return ERR_OK;
}

int spool_append(struct spool *s, struct spool_record *r)
{
    uint8_t *bytes = s->scratch;
    struct spool_segment *g = &s->segments[s->newest];
    ASSERT(r->size <= SPOOL_DATA_MAX && g->used + SPOOL_RECORD_SIZE + r->size <= s->segment_size);
    put_u32(bytes + 4, crc32c(0, bytes + SPOOL_RECORD_SIZE, r->size));
    put_u32(bytes + 8, r->size);
    bytes[12] = (uint8_t)r->kind;
    bytes[13] = r->was_sent ? FLAG_SENT : 0;
    put_u16(bytes + 14, (uint16_t)r->count);
    put_u64(bytes + 16, r->epoch);
    put_u64(bytes + 24, r->sequence);
    uint32_t check = record_check(s->chain, bytes);
    put_u32(bytes, check);
    uint32_t size = SPOOL_RECORD_SIZE + r->size;
    int e = plat_file_write(s->plat, s->file, offset_of(s, s->newest, g->used), bytes, size);
    if (e < 0)
        return e;
    s->chain = check;
    s->written_bytes += size;
    g->used += size;
    return ERR_OK;
}

int spool_data(struct spool *s, const struct spool_record *r, uint8_t *to)
{
    int e = read_at(s, r->place.segment, r->place.offset + SPOOL_RECORD_SIZE, to, r->size);
    if (e == ERR_OK && crc32c(0, to, r->size) != r->check)
        e = ERR_MISSING;
    return e == ERR_MISSING ? ERR_MALFORMED : e;
}
