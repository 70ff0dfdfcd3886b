/* SPDX-License-Identifier: MIT */
/* The journal: blocks as they came, many hosts side by side, from their commit until they are sealed.
 *
 * An entry is a header of JOURNAL_HEADER_SIZE bytes and the block's data:
 *
 *     u32 instance   u32 size of data   u64 epoch   u64 sequence   i64 received, ms
 *     u16 samples    u16 zero           u32 CRC-32C of all before and of the data
 *
 * A row of the table `journal` is some entries one behind the other. What is committed and not sealed is
 * indexed here, a list per instance in the order of commits; those of one epoch are in order of sequence,
 * but live samples and history lie in any mixture. */
#ifndef NEPHOS_STORE_JOURNAL_H
#define NEPHOS_STORE_JOURNAL_H

#include "platform/base/crc32c.h"

#define JOURNAL_HEADER_SIZE 40U
#define JOURNAL_ROW_SIZE_MAX 65536U
#define JOURNAL_NONE UINT32_MAX

struct journal_header {
    uint32_t instance, size;
    uint64_t epoch, sequence;
    int64_t received_ms;
    uint32_t count;
};

/* Writes the header in front of data that stands at to + JOURNAL_HEADER_SIZE already. */
void journal_put_header(const struct crc32c_tables *sums, const struct journal_header *h, uint8_t *to);
/* Reads a header that is known to be good. */
void journal_peek_header(const uint8_t *from, struct journal_header *h);
/* Reads the header of the entry at `from`. ERR_MALFORMED when `size` bytes do not hold the whole entry or
 * its checksum is wrong. */
int journal_get_header(const struct crc32c_tables *sums, const uint8_t *from, uint32_t size,
                       struct journal_header *h);

struct journal_entry {
    int64_t row;            /* in the table, at `offset` */
    uint64_t number;        /* in the staging area, while it is kept there */
    uint64_t epoch, sequence;
    int64_t min_ms, max_ms;
    uint32_t offset;
    uint32_t next;          /* of the same instance; JOURNAL_NONE at the end */
    uint16_t size;          /* of the data */
    uint8_t count;
};

struct journal_list {
    uint32_t first, last, count;
    bool is_oldest_known;   /* since the last drop */
    int64_t oldest_ms;
};

struct journal {
    struct journal_entry *entries;
    uint32_t capacity, used;
    uint32_t free;          /* first of those given back, a list like the others */
    uint32_t fresh;         /* this and all behind it were never used: memory not touched yet */
    int64_t first_row, next_row; /* rows of the table that may exist */
};

void journal_init(struct journal *j, struct journal_entry *entries, uint32_t capacity);
void journal_list_init(struct journal_list *l);
/* False when the index is full. */
bool journal_add(struct journal *j, struct journal_list *l, const struct journal_entry *entry);
/* Time of the oldest sample, INT64_MAX without any. Looks through the list once after each drop. */
int64_t journal_oldest_ms(const struct journal *j, struct journal_list *l);
/* Drops the first `count` entries of that epoch; those of others stay where they are. */
void journal_drop(struct journal *j, struct journal_list *l, uint64_t epoch, uint32_t count);

#endif
