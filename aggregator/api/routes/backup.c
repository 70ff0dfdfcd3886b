/* SPDX-License-Identifier: MIT */
/* GET /api/v1/backup: a copy of the database as a stream of records (aggregator/store/backup.h), one at a
 * time for all clients. `nephos-aggregator backup` puts the records into a file; that is what it is for. */
#include "aggregator/api/access.h"
#include "aggregator/api/routes/handlers.h"
#include "aggregator/store/store_backup.h"

/* One record, read straight into the connection's buffer. */
static int produce_backup(struct exchange *x)
{
    struct text *out = x->json.out;
    int n = store_backup_next(x->world->store, (uint8_t *)out->at, out->size);
    if (n == ERR_AGAIN)
        return ERR_AGAIN;
    if (n < 0)
        plat_log(x->world->plat, LOG_ERROR, "the backup was given up: %s",
                 n == ERR_FULL ? "whoever takes it is too slow for what is written meanwhile; try it on a "
                     "faster disk"
                               : "the database cannot be read");
    if (n < 0)
        return n;
    out->length = (uint32_t)n;
    return n == 0 ? PRODUCE_DONE : PRODUCE_MORE;
}

static void release_backup(struct exchange *x)
{
    store_backup_end(x->world->store);
}

void handle_backup(struct exchange *x)
{
    int err = store_backup_begin(x->world->store);
    if (err == ERR_BUSY) {
        respond_busy(x, 10, "another backup is being taken");
        return;
    }
    if (err < 0) {
        respond_error(x, 500, NULL, "the database cannot be read; see the aggregator's log");
        return;
    }
    respond(x, 200, "application/octet-stream", produce_backup);
    x->release = release_backup;
    x->is_long = true;
}
