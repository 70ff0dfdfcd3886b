/* SPDX-License-Identifier: MIT */
/* GET /api/v1/destinations and POST /api/v1/destinations/{name}/test: where alerts and metrics are sent, and
 * how that goes. POST /api/v1/forward/replay: {"name":"","from":...,"to":...} sends metrics once more. */
#include "aggregator/api/audit.h"
#include "aggregator/api/json_reader.h"
#include "aggregator/api/routes/handlers.h"
#include "aggregator/api/routes/listing.h"
#include "aggregator/store/store_outlet.h"

static const char *state_word(bool is_configured, enum outbox_state state)
{
    return is_configured ? outbox_state_names[state] : "removed";
}

/* How long something has been waiting, in milliseconds. */
static int64_t unsent_ms(int64_t oldest_ms, int64_t now_ms)
{
    return oldest_ms != 0 && now_ms > oldest_ms ? now_ms - oldest_ms : 0;
}

static void put_time(struct json *j, const char *key, int64_t ms)
{
    if (ms != 0)
        json_iso_ms(j, key, ms);
}

void destinations_write(struct json *j, const struct outbox *o, int64_t now_ms)
{
    json_open_object(j, NULL);
    json_text(j, "name", o->name);
    json_text(j, "type", o->type);
    json_text(j, "kind", "notify");
    json_text(j, "state", state_word(o->is_configured, o->state));
    json_u64(j, "requests", o->requests);
    json_u64(j, "failures", o->failures);
    json_u64(j, "messages", o->messages);
    json_u64(j, "items", o->items);
    json_u64(j, "dropped", o->dropped);
    json_u64(j, "doubtful", o->doubtful);
    json_u64(j, "toldLost", o->told_lost);
    json_u64(j, "openTold", o->told_count);
    json_i64(j, "oldestUnsentMs", unsent_ms(o->oldest_ms, now_ms));
    if (o->status != 0)
        json_u64(j, "lastStatus", o->status);
    put_time(j, "lastSentAt", o->sent_ms);
    put_time(j, "lastFailedAt", o->failed_ms);
    put_time(j, "nextTryAt", o->next_try_ms);
    if (o->error[0] != '\0')
        json_text(j, "lastError", o->error);
    json_close_object(j);
}

void outlets_write(struct json *j, const struct outlet *o, int64_t now_ms)
{
    json_open_object(j, NULL);
    json_text(j, "name", o->name);
    json_text(j, "type", o->type);
    json_text(j, "kind", "forward");
    json_text(j, "state", state_word(o->is_configured, o->state));
    json_u64(j, "requests", o->requests);
    json_u64(j, "failures", o->failures);
    json_u64(j, "bytes", o->bytes);
    json_u64(j, "points", o->points);
    json_u64(j, "events", o->events);
    json_u64(j, "resent", o->resent);
    json_u64(j, "dropped", o->dropped);
    json_u64(j, "doubtful", o->doubtful);
    json_u64(j, "givenUp", o->given_up);
    json_u64(j, "coarser", o->coarser);
    json_i64(j, "oldestUnsentMs", unsent_ms(o->oldest_ms, now_ms));
    if (o->status != 0)
        json_u64(j, "lastStatus", o->status);
    put_time(j, "lastSentAt", o->sent_ms);
    put_time(j, "lastFailedAt", o->failed_ms);
    put_time(j, "nextTryAt", o->next_try_ms);
    put_time(j, "replayFrom", o->replay_ms);
    if (o->error[0] != '\0')
        json_text(j, "lastError", o->error);
    json_close_object(j);
}

/* The same columns for a channel of notifications and a destination of samples. */
static void put_line(struct text *t, const char *name, const char *type, const char *state, uint64_t sent,
                     int64_t waiting_ms, int64_t sent_ms, const char *error)
{
    text_printf(t, "%-24s %-12s %-9s %10llu %6llds ", name, type, state, (unsigned long long)sent,
                (long long)waiting_ms / 1000);
    listing_put_time(t, sent_ms, "-");
    text_printf(t, "%s%s\n", error[0] != '\0' ? "  " : "", error);
}

static int write_outlet(struct exchange *x, const struct outlet *o, bool as_text)
{
    struct json *j = &x->json;
    if (!as_text) {
        outlets_write(j, o, x->now_ms);
        return 1;
    }
    const char *state = state_word(o->is_configured, o->state);
    put_line(j->out, o->name, o->type, state, o->points + o->events, unsent_ms(o->oldest_ms, x->now_ms),
             o->sent_ms, o->error);
    return 1;
}

static int write_row(struct exchange *x, int64_t *cursor, bool as_text)
{
    struct json *j = &x->json;
    uint32_t notify = store_outbox_count(x->world->store);
    if (*cursor >= (int64_t)notify + store_outlet_count(x->world->store))
        return 0;
    if (*cursor >= (int64_t)notify) {
        uint32_t index = (uint32_t)((*cursor)++ - notify);
        return write_outlet(x, store_outlet(x->world->store, index), as_text);
    }
    const struct outbox *o = store_outbox(x->world->store, (uint32_t)(*cursor)++);
    if (as_text) {
        const char *state = state_word(o->is_configured, o->state);
        put_line(j->out, o->name, o->type, state, o->messages, unsent_ms(o->oldest_ms, x->now_ms), o->sent_ms,
                 o->error);
        return 1;
    }
    destinations_write(j, o, x->now_ms);
    return 1;
}

void handle_destinations(struct exchange *x)
{
    static const struct listing list = {
        .key = "destinations",
        .head = "NAME                     TYPE         STATE           SENT  UNSENT LAST SENT         "
                "LAST ERROR",
        .row = write_row,
    };
    listing_respond_page(x, &list);
}

struct test {
    uint32_t index;
    uint64_t number;
    bool is_outlet;
};

static int say_test(struct exchange *x, const char *name, bool is_good, const char *words)
{
    if (is_good)
        listing_say(x, 200, "the test message to %s has been taken", name);
    else
        respond_error(x, 502, NULL, "the test message to %s has not been taken: %s", name, words);
    return ERR_OK;
}

static int decide(struct exchange *x)
{
    const struct test *t = (const struct test *)(void *)x->state;
    if (t->is_outlet) {
        const struct outlet *o = store_outlet(x->world->store, t->index);
        return o->tests_done < t->number ? ERR_BUSY : say_test(x, o->name, o->test_good, o->test_words);
    }
    const struct outbox *o = store_outbox(x->world->store, t->index);
    return o->tests_done < t->number ? ERR_BUSY : say_test(x, o->name, o->test_good, o->test_words);
}

void handle_destination_test(struct exchange *x)
{
    struct store *s = x->world->store;
    int box = store_outbox_find(s, x->parameter), outlet = store_outlet_find(s, x->parameter);
    bool has_box = box >= 0 && store_outbox(s, (uint32_t)box)->is_configured;
    bool has_outlet = outlet >= 0 && store_outlet(s, (uint32_t)outlet)->is_configured;
    if (!has_box && !has_outlet) {
        respond_error(x, 404, NULL,
                      "there is no destination of that name; [notify.NAME] and [forward.NAME] in the "
                      "configuration make one");
        return;
    }
    if (!audit(x, "tested the destination %s", x->parameter))
        return;
    struct test *t = exchange_state(x, sizeof *t);
    *t = (struct test){.index = (uint32_t)(has_box ? box : outlet), .is_outlet = !has_box};
    t->number = has_box ? ++store_outbox(s, t->index)->tests_asked : ++store_outlet(s, t->index)->tests_asked;
    respond_later(x, decide);
}

/* --- once more --- */

static int respond_replayed(struct exchange *x)
{
    listing_say(x, 202, "what was asked for is sent once more; `forward status` tells how that goes");
    return ERR_OK;
}

void handle_forward_replay(struct exchange *x)
{
    struct store *s = x->world->store;
    char name[OUTLET_NAME_SIZE];
    int64_t from_ms, to_ms;
    uint32_t found = 0;
    yyjson_val *root = json_body(x);
    if (root == NULL || !json_take_text(x, root, "name", name, sizeof name) ||
        !json_take_time(x, root, "from", -1, &from_ms) || !json_take_time(x, root, "to", x->now_ms, &to_ms))
        return;
    if (from_ms < 0 || from_ms >= to_ms) {
        respond_error(x, 400, NULL, "`from` must be given, and lie before `to`");
        return;
    }
    for (uint32_t i = 0; i < store_outlet_count(s); i++)
        found += store_outlet(s, i)->is_configured &&
                 (name[0] == '\0' || text_equal(store_outlet(s, i)->name, name));
    if (found == 0) {
        respond_error(x, 404, NULL, "there is no destination of metrics of that name; [forward.NAME] in the "
                                    "configuration makes one");
        return;
    }
    if (!audit(x, "asked for a replay to %s", name[0] != '\0' ? name : "all destinations"))
        return;
    for (uint32_t i = 0; i < store_outlet_count(s); i++)
        if (store_outlet(s, i)->is_configured &&
            (name[0] == '\0' || text_equal(store_outlet(s, i)->name, name)))
            store_outlet_replay(s, store_outlet(s, i), from_ms, to_ms);
    respond_committed(x, respond_replayed);
}
