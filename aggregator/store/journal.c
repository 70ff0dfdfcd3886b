/* SPDX-License-Identifier: MIT */
/* Entries as bytes, and the index of those that wait to be sealed; see journal.h. */
#include "aggregator/store/journal.h"

#include "platform/base/bytes.h"

#define CRC_OFFSET 36U

static uint32_t checksum(const struct crc32c_tables *sums, const uint8_t *entry, uint32_t data_size)
{
    uint32_t crc = crc32c_fast(sums, 0, entry, CRC_OFFSET);
    return crc32c_fast(sums, crc, entry + JOURNAL_HEADER_SIZE, data_size);
}

void journal_put_header(const struct crc32c_tables *sums, const struct journal_header *h, uint8_t *to)
{
    put_u32(to, h->instance);
    put_u32(to + 4, h->size);
    put_u64(to + 8, h->epoch);
    put_u64(to + 16, h->sequence);
    put_u64(to + 24, (uint64_t)h->received_ms);
    put_u16(to + 32, (uint16_t)h->count);
    put_u16(to + 34, 0);
    put_u32(to + CRC_OFFSET, checksum(sums, to, h->size));
}

void journal_peek_header(const uint8_t *from, struct journal_header *h)
{
    h->instance = get_u32(from);
    h->size = get_u32(from + 4);
    h->epoch = get_u64(from + 8);
    h->sequence = get_u64(from + 16);
    h->received_ms = (int64_t)get_u64(from + 24);
    h->count = get_u16(from + 32);
}

int journal_get_header(const struct crc32c_tables *sums, const uint8_t *from, uint32_t size,
                       struct journal_header *h)
{
    if (size < JOURNAL_HEADER_SIZE)
        return ERR_MALFORMED;
    journal_peek_header(from, h);
    if (h->size > size - JOURNAL_HEADER_SIZE)
        return ERR_MALFORMED;
    return get_u32(from + CRC_OFFSET) == checksum(sums, from, h->size) ? ERR_OK : ERR_MALFORMED;
}

void journal_init(struct journal *j, struct journal_entry *entries, uint32_t capacity)
{
    *j = (struct journal){.entries = entries, .capacity = capacity, .free = JOURNAL_NONE,
                          .first_row = 1, .next_row = 1};
}

void journal_list_init(struct journal_list *l)
{
    *l = (struct journal_list){.first = JOURNAL_NONE, .last = JOURNAL_NONE, .is_oldest_known = true,
                               .oldest_ms = INT64_MAX};
}

bool journal_add(struct journal *j, struct journal_list *l, const struct journal_entry *entry)
{
    uint32_t at = j->free;
    if (at != JOURNAL_NONE)
        j->free = j->entries[at].next;
    else if (j->fresh < j->capacity)
        at = j->fresh++;
    else
        return false;
    j->used++;
    j->entries[at] = *entry;
    j->entries[at].next = JOURNAL_NONE;
    if (l->last == JOURNAL_NONE)
        l->first = at;
    else
        j->entries[l->last].next = at;
    l->last = at;
    l->count++;
    l->oldest_ms = entry->min_ms < l->oldest_ms ? entry->min_ms : l->oldest_ms;
    return true;
}

int64_t journal_oldest_ms(const struct journal *j, struct journal_list *l)
{
    if (l->is_oldest_known)
        return l->oldest_ms;
    l->is_oldest_known = true;
    l->oldest_ms = INT64_MAX;
    for (uint32_t at = l->first; at != JOURNAL_NONE; at = j->entries[at].next)
        if (j->entries[at].min_ms < l->oldest_ms)
            l->oldest_ms = j->entries[at].min_ms;
    return l->oldest_ms;
}

void journal_drop(struct journal *j, struct journal_list *l, uint64_t epoch, uint32_t count)
{
    uint32_t before = JOURNAL_NONE, at = l->first;
    l->is_oldest_known = false;
    while (count > 0) {
        ASSERT(at != JOURNAL_NONE);
        struct journal_entry *e = &j->entries[at];
        uint32_t next = e->next;
        if (e->epoch != epoch) {
            before = at;
            at = next;
            continue;
        }
        if (before == JOURNAL_NONE)
            l->first = next;
        else
            j->entries[before].next = next;
        if (next == JOURNAL_NONE)
            l->last = before;
        e->next = j->free;
        j->free = at;
        j->used--;
        l->count--;
        count--;
        at = next;
    }
}
