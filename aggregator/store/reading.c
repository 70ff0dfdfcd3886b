/* SPDX-License-Identifier: MIT */
/* Blocks that are committed and not yet sealed, read back: from the staging area while they are still
 * there, or else from their row of the journal. */
#include "aggregator/store/state.h"

/* Puts the reader on a row. */
static int go_to_row(struct store *s, struct journal_reader *r, int64_t row)
{
    if (r->blob != NULL && r->row == row)
        return ERR_OK;
    int code = r->blob != NULL
                   ? sqlite3_blob_reopen(r->blob, row)
                   : sqlite3_blob_open(s->database.handle, "main", "journal", "data", row, 0, &r->blob);
    r->row = row;
    if (code == SQLITE_OK)
        return ERR_OK;
    reading_end(r);
    /* SQLITE_ERROR: there is no such row. */
    return (code & 0xff) == SQLITE_ERROR ? ERR_MALFORMED : database_result(code);
}

static int read_entry(struct store *s, struct journal_reader *r, uint32_t instance,
                      const struct journal_entry *entry)
{
    uint8_t *to = s->scratch->entry;
    int size = (int)(JOURNAL_HEADER_SIZE + entry->size);
    int err = go_to_row(s, r, entry->row);
    if (err != ERR_OK)
        return err;
    if ((int64_t)entry->offset + size > sqlite3_blob_bytes(r->blob))
        return ERR_MALFORMED;
    int code = sqlite3_blob_read(r->blob, to, size, (int)entry->offset);
    if (code != SQLITE_OK) {
        reading_end(r);
        return database_result(code);
    }
    struct journal_header h;
    if (journal_get_header(s->sums, to, (uint32_t)size, &h) != ERR_OK || h.instance != instance ||
        h.epoch != entry->epoch || h.sequence != entry->sequence || h.count != entry->count)
        return ERR_MALFORMED;
    return ERR_OK;
}

int reading_block(struct store *s, struct journal_reader *r, uint32_t instance,
                  const struct journal_entry *entry)
{
    const uint8_t *bytes = staging_entry(&s->staging, entry->number);
    if (bytes == NULL) {
        int err = read_entry(s, r, instance, entry);
        if (err == ERR_MALFORMED)
            s->damaged++;
        if (err != ERR_OK)
            return err;
        bytes = s->scratch->entry;
    }
    return block_decode(bytes + JOURNAL_HEADER_SIZE, entry->size, entry->count, &s->scratch->block);
}

void reading_end(struct journal_reader *r)
{
    (void)sqlite3_blob_close(r->blob);
    r->blob = NULL;
}
