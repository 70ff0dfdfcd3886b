/* SPDX-License-Identifier: MIT */
/* GET /api/v1/agents, POST /api/v1/agents/{id}/revoke and .../allow: whose certificate is good here. {id}
 * is an instance's id, or its name when only one has it. */
#include "aggregator/api/audit.h"
#include "aggregator/api/routes/handlers.h"
#include "aggregator/api/routes/listing.h"

static const char *state_of(const struct instance *in)
{
    return in->revoked_ms != 0 ? "revoked" : in->connected ? "connected" : "away";
}

/* Others than agents come into the table, too: they have no version. */
static bool is_agent(const struct instance *in)
{
    return in->agent_version[0] != 0 || in->connected || in->revoked_ms != 0;
}

static int write_row(struct exchange *x, int64_t *cursor, bool as_text)
{
    struct json *j = &x->json;
    if (*cursor >= (int64_t)store_instance_count(x->world->store))
        return 0;
    const struct instance *in = store_instance(x->world->store, (uint32_t)(*cursor)++);
    if (!is_agent(in))
        return 1;
    if (as_text) {
        text_printf(j->out, "%-36s %-24s %-9s %-10s ", in->id, in->name, state_of(in), in->agent_version);
        listing_put_time(j->out, in->last_seen_ms, "-");
        text_put_char(j->out, '\n');
        return 1;
    }
    json_open_object(j, NULL);
    json_text(j, "id", in->id);
    json_text(j, "name", in->name);
    json_text(j, "state", state_of(in));
    json_text(j, "agentVersion", in->agent_version);
    json_text(j, "address", in->address);
    if (in->last_seen_ms != 0)
        json_iso_ms(j, "lastSeenAt", in->last_seen_ms);
    if (in->revoked_ms != 0)
        json_iso_ms(j, "revokedAt", in->revoked_ms);
    json_close_object(j);
    return 1;
}

void handle_agents(struct exchange *x)
{
    static const struct listing list = {
        .key = "agents",
        .head = "ID                                   NAME                     STATE     VERSION    LAST "
                "SEEN",
        .row = write_row,
    };
    listing_respond_page(x, &list);
}

/* By id, or by name; else it has been answered. */
static int find(struct exchange *x)
{
    struct store *s = x->world->store;
    int found = store_instance_find(s, x->parameter);
    if (found >= 0)
        return found;
    for (uint32_t i = 0; i < store_instance_count(s); i++) {
        if (!text_equal(store_instance(s, i)->name, x->parameter))
            continue;
        if (found >= 0) {
            respond_error(x, 409, NULL, "several agents have that name: give the id of one; `agent list` "
                                        "shows them");
            return ERR_BUSY;
        }
        found = (int)i;
    }
    if (found < 0)
        respond_error(x, 404, NULL, "there is no agent of that id or name; `agent list` shows them");
    return found;
}

static int respond_changed(struct exchange *x)
{
    const struct instance *in = store_instance(x->world->store, *(uint32_t *)x->state);
    if (in->revoked_ms != 0)
        listing_say(x, 200, "revoked: %s (%s) is cut off and cannot connect, renew or join until it is "
                            "allowed again",
                    in->id, in->name);
    else
        listing_say(x, 200, "allowed: %s (%s) may connect", in->id, in->name);
    return ERR_OK;
}

static void change(struct exchange *x, int64_t revoked_ms, const char *verb)
{
    int found = find(x);
    if (found < 0)
        return;
    struct store *s = x->world->store;
    *(uint32_t *)exchange_state(x, sizeof(uint32_t)) = (uint32_t)found;
    if ((store_instance(s, (uint32_t)found)->revoked_ms != 0) != (revoked_ms != 0)) {
        if (!audit(x, "%s the agent %s", verb, store_instance(s, (uint32_t)found)->id))
            return;
        store_instance_revoke(s, (uint32_t)found, revoked_ms);
    }
    respond_committed(x, respond_changed);
}

void handle_agent_revoke(struct exchange *x)
{
    change(x, x->now_ms, "revoked");
}

void handle_agent_allow(struct exchange *x)
{
    change(x, 0, "allowed");
}
