/* SPDX-License-Identifier: MIT */
/* 500: our items' fault, or nobody's? Nothing is left out because an endpoint is broken; but one item that it
 * fails on, as the earlier backend's handlers do where others refuse, must not keep back all behind it.
 *
 *   many fail twice -> half of them, and so on -> one fails twice alone: a suspect
 *   -> the one behind it -> taken? then the suspect again: it fails twice more, and is to blame
 *                        -> fails? a suspect as well, and so on; after a few of them a person must look */
#include <string.h>

#include "aggregator/forward/gateway/gateway.h"

#define SUSPECTS_MAX 4U

bool gateway_lacks_table(const char *body)
{
    static const char *const words[] = {"resource not found", "ResourceNotFoundException", "not authorized",
                                        "non-existent table"};
    for (uint32_t i = 0; i < COUNT_OF(words); i++)
        if (strstr(body, words[i]) != NULL)
            return true;
    return false;
}

/* The first item from that one on that is not done; b->count: there is none. */
static uint32_t waits_from(const struct export_batch *b, uint32_t item)
{
    while (item < b->count && export_is_done(b, item))
        item++;
    return item;
}

static bool has_suspects(const struct gateway_state *st, const struct export_batch *b)
{
    return st->suspects > 0 && st->suspect_serial == b->serial;
}

uint32_t gateway_begin_at(struct gateway_state *st, const struct export_batch *b, struct export_request *r)
{
    if (!has_suspects(st, b))
        return UINT32_MAX;
    if (st->is_cleared && waits_from(b, 0) > st->suspect) {
        st->suspects = 0;
        return UINT32_MAX;
    }
    r->items_max = 1;
    return st->is_cleared || waits_from(b, st->suspect + 1) == b->count ? UINT32_MAX : st->suspect;
}

/* It failed twice alone. */
static enum verdict suspect(struct gateway_state *st, const struct export_batch *b, uint32_t item)
{
    st->failures = 0;
    if (has_suspects(st, b) && st->is_cleared && item <= st->suspect)
        return VERDICT_DROP;
    if (!has_suspects(st, b) || st->is_cleared)
        st->suspects = 0;
    st->is_cleared = false;
    st->suspect_serial = b->serial;
    st->suspect = item;
    if (++st->suspects <= SUSPECTS_MAX && waits_from(b, item + 1) < b->count)
        return VERDICT_AGAIN;
    st->suspects = 0;
    return VERDICT_HOLD;
}

void gateway_crashed(struct gateway_state *st, const struct export_batch *b, const struct export_request *r,
                     const struct export_answer *a, struct export_judgement *j)
{
    if (gateway_lacks_table(a->body)) {
        text_put(&j->why, "; is DYNAMODB_TABLE_NAME of its function set to the table that is there?");
        j->verdict = VERDICT_HOLD;
        return;
    }
    bool is_same = st->failed_serial == b->serial && st->failed_item == r->items[0] &&
                   st->failed_count == r->count;
    st->failures = is_same ? st->failures + 1 : 1;
    st->failed_serial = b->serial;
    st->failed_item = r->items[0];
    st->failed_count = r->count;
    j->verdict = VERDICT_AGAIN;
    if (st->failures >= 2)
        j->verdict = r->count > 1 ? VERDICT_DROP : suspect(st, b, r->items[0]);
}

void gateway_taken(struct gateway_state *st, const struct export_batch *b, const struct export_request *r)
{
    const struct export_item *first = &b->items[r->items[0]];
    st->failures = 0;
    if (!has_suspects(st, b))
        return;
    if (r->items[0] <= st->suspect)
        st->suspects = 0; /* it is none */
    else if (b->kind != EXPORT_POINTS || gateway_can_tell(&first->point))
        st->is_cleared = true;
}
