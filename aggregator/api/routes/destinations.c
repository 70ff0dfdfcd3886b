/* SPDX-License-Identifier: MIT */
/* GET /api/v1/destinations and POST /api/v1/destinations/{name}/test: where alerts are sent, and how that
 * goes. */
#include "aggregator/api/audit.h"
#include "aggregator/api/routes/handlers.h"
#include "aggregator/api/routes/listing.h"
#include "aggregator/store/store_outbox.h"

static const char *state_of(const struct outbox *o)
{
    return o->is_configured ? outbox_state_names[o->state] : "removed";
}

void destinations_write(struct json *j, const struct outbox *o, int64_t now_ms)
{
    json_open_object(j, NULL);
    json_text(j, "name", o->name);
    json_text(j, "type", o->type);
    json_text(j, "state", state_of(o));
    json_u64(j, "requests", o->requests);
    json_u64(j, "failures", o->failures);
    json_u64(j, "messages", o->messages);
    json_u64(j, "items", o->items);
    json_u64(j, "dropped", o->dropped);
    json_u64(j, "doubtful", o->doubtful);
    json_u64(j, "toldLost", o->told_lost);
    json_u64(j, "openTold", o->told_count);
    json_i64(j, "oldestUnsentMs", o->oldest_ms != 0 && now_ms > o->oldest_ms ? now_ms - o->oldest_ms : 0);
    if (o->status != 0)
        json_u64(j, "lastStatus", o->status);
    if (o->sent_ms != 0)
        json_iso_ms(j, "lastSentAt", o->sent_ms);
    if (o->failed_ms != 0)
        json_iso_ms(j, "lastFailedAt", o->failed_ms);
    if (o->next_try_ms != 0)
        json_iso_ms(j, "nextTryAt", o->next_try_ms);
    if (o->error[0] != '\0')
        json_text(j, "lastError", o->error);
    json_close_object(j);
}

static int write_row(struct exchange *x, int64_t *cursor, bool as_text)
{
    struct json *j = &x->json;
    if (*cursor >= (int64_t)store_outbox_count(x->world->store))
        return 0;
    const struct outbox *o = store_outbox(x->world->store, (uint32_t)(*cursor)++);
    if (as_text) {
        text_printf(j->out, "%-24s %-10s %-9s %8llu ", o->name, o->type, state_of(o),
                    (unsigned long long)o->messages);
        listing_put_time(j->out, o->sent_ms, "-");
        text_printf(j->out, "%s%s\n", o->error[0] != '\0' ? "  " : "", o->error);
        return 1;
    }
    destinations_write(j, o, x->now_ms);
    return 1;
}

void handle_destinations(struct exchange *x)
{
    static const struct listing list = {
        .key = "destinations",
        .head = "NAME                     TYPE       STATE     MESSAGES LAST SENT         LAST ERROR",
        .row = write_row,
    };
    listing_respond_page(x, &list);
}

struct test {
    uint32_t index;
    uint64_t number;
};

static int decide(struct exchange *x)
{
    const struct test *t = (const struct test *)(void *)x->state;
    const struct outbox *o = store_outbox(x->world->store, t->index);
    if (o->tests_done < t->number)
        return ERR_BUSY;
    if (o->test_good)
        listing_say(x, 200, "the test message to %s has been taken", o->name);
    else
        respond_error(x, 502, NULL, "the test message to %s has not been taken: %s", o->name, o->test_words);
    return ERR_OK;
}

void handle_destination_test(struct exchange *x)
{
    struct store *s = x->world->store;
    int found = store_outbox_find(s, x->parameter);
    if (found < 0 || !store_outbox(s, (uint32_t)found)->is_configured) {
        respond_error(x, 404, NULL,
                      "there is no destination of that name; [notify.NAME] in the configuration makes "
                      "one");
        return;
    }
    struct outbox *o = store_outbox(s, (uint32_t)found);
    if (!audit(x, "tested the destination %s", o->name))
        return;
    struct test *t = exchange_state(x, sizeof *t);
    *t = (struct test){.index = (uint32_t)found, .number = ++o->tests_asked};
    respond_later(x, decide);
}
