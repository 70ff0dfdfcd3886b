/* SPDX-License-Identifier: MIT */
/* GET /api/v1/audit: who changed what, newest first; `before` is the `next` of the page before. */
#include "aggregator/api/query_string.h"
#include "aggregator/api/routes/handlers.h"
#include "aggregator/api/routes/listing.h"

#define PAGE_DEFAULT 100U
#define PAGE_MAX 1000U

static int write_row(struct exchange *x, int64_t *cursor, bool as_text)
{
    struct audit_entry e;
    struct json *j = &x->json;
    int n = store_audit_before(x->world->store, *cursor, &e);
    if (n <= 0)
        return n;
    *cursor = e.id;
    if (as_text) {
        listing_put_time(j->out, e.time_ms, "-");
        text_printf(j->out, "  %-16s %-9s %-21s %s\n", e.who, e.role, e.address, e.what);
        return 1;
    }
    json_open_object(j, NULL);
    json_i64(j, "id", e.id);
    json_iso_ms(j, "time", e.time_ms);
    json_text(j, "who", e.who);
    json_text(j, "role", e.role);
    json_text(j, "address", e.address);
    json_text(j, "method", e.method);
    json_text(j, "path", e.path);
    json_text(j, "what", e.what);
    json_u64(j, "result", e.result);
    json_close_object(j);
    return 1;
}

static void write_tail(struct exchange *x, int64_t cursor)
{
    struct audit_entry e;
    if (cursor != INT64_MAX && store_audit_before(x->world->store, cursor, &e) == 1)
        json_i64(&x->json, "next", cursor);
}

void handle_audit(struct exchange *x)
{
    static const struct listing list = {
        .key = "entries",
        .head = "TIME              WHO              ROLE      ADDRESS               WHAT",
        .row = write_row,
        .tail = write_tail,
    };
    uint64_t before = INT64_MAX, limit = PAGE_DEFAULT;
    int a = query_number(x->request->query, "before", 1, INT64_MAX, &before);
    int b = query_number(x->request->query, "limit", 1, PAGE_MAX, &limit);
    if ((a < 0 && a != ERR_MISSING) || (b < 0 && b != ERR_MISSING)) {
        respond_error(x, 400, NULL, "before must be the next of an earlier answer, limit 1 to %u", PAGE_MAX);
        return;
    }
    listing_respond(x, &list, (int64_t)before, (uint32_t)limit);
}
