/* SPDX-License-Identifier: MIT */
/* What the routes that change something have in common, and pages of lists that go from new to old. */
#include <string.h>

#include "aggregator/api/query_string.h"
#include "aggregator/api/routes/handlers.h"

void respond_not_stored(struct exchange *x, int err)
{
    if (err == ERR_AGAIN || err == ERR_BUSY || err == ERR_FULL) {
        respond_busy(x, 1, "too much is waiting to be stored; nothing was changed, try again");
        return;
    }
    respond_error(x, 500, "Internal server error", "storage cannot be read or written; see the log");
}

static int produce_success(struct exchange *x)
{
    text_put(x->json.out, "{\"success\":true}");
    return PRODUCE_DONE;
}

static int respond_success_now(struct exchange *x)
{
    respond_json(x, produce_success);
    return ERR_OK;
}

void respond_success(struct exchange *x)
{
    respond_committed(x, respond_success_now);
}

bool page_read_key(struct exchange *x, const char *name, struct page *page)
{
    char key[48];
    uint64_t ms = 0, number = 0;
    int length = query_text(x->request->query, name, key, sizeof(key));
    if (length == ERR_MISSING)
        return true;
    char *dash = length > 0 ? strchr(key, '-') : NULL;
    if (dash != NULL)
        *dash = 0;
    if (dash != NULL && text_to_u64(key, &ms) && text_to_u64(dash + 1, &number) && ms <= INT64_MAX &&
        number <= INT64_MAX) {
        page->before_ms = (int64_t)ms;
        page->before = (int64_t)number;
        return true;
    }
    respond_error(x, 400, NULL, "%s must be what the page before answered", name);
    return false;
}

bool page_read(struct exchange *x, uint32_t limit_default, struct page *page)
{
    uint64_t limit = limit_default;
    *page = (struct page){.before_ms = INT64_MAX, .before = INT64_MAX};
    if (query_number(x->request->query, "limit", 1, 1000, &limit) == ERR_MALFORMED) {
        respond_error(x, 400, NULL, "limit must be a number from 1 to 1000");
        return false;
    }
    page->limit = (uint32_t)limit;
    return page_read_key(x, "lastEvaluatedKey", page);
}

void page_write_key(struct json *j, const char *name, const struct page *page)
{
    char key[48];
    struct text t;
    text_init(&t, key, sizeof(key));
    text_printf(&t, "%lld-%lld", (long long)page->before_ms, (long long)page->before);
    json_text(j, name, key);
}
