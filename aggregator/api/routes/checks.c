/* SPDX-License-Identifier: MIT */
/* GET /api/v1/checks: what the sentinel looks at, and how each was when it last looked; beside them how it
 * goes with Vultr. GET /api/v1/servers: the servers there, with an agent or without one. */
#include "aggregator/api/routes/handlers.h"
#include "aggregator/api/routes/listing.h"
#include "aggregator/sentinel/board.h"

#define DAY_MS (INT64_C(86400) * 1000)
#define GB UINT64_C(1000000000)

/* --- checks --- */

static void write_times(struct json *j, const struct plat_times *t)
{
    const struct {
        const char *key;
        uint32_t us;
    } times[] = {{"dnsTimeMs", t->found_us},
                 {"connectTimeMs", t->connected_us > t->found_us ? t->connected_us - t->found_us : 0},
                 {"tlsTimeMs", t->secured_us > t->connected_us ? t->secured_us - t->connected_us : 0},
                 {"firstByteMs", t->first_byte_us}};
    for (uint32_t i = 0; i < COUNT_OF(times); i++)
        if (times[i].us > 0)
            json_scaled(j, times[i].key, times[i].us, 1000);
}

static void write_finding(struct json *j, const struct check_state *state, int64_t now_ms)
{
    const struct finding *f = &state->finding;
    json_text(j, "status", health_names[state->has_finding ? f->health : HEALTH_UNKNOWN]);
    if (!state->has_finding)
        return;
    json_iso_ms(j, "checkedAt", state->checked_ms);
    json_iso_ms(j, "since", state->since_ms);
    if (f->has_answer)
        json_scaled(j, "responseTimeMs", f->times.over_us, 1000);
    write_times(j, &f->times);
    if (f->http_status != 0)
        json_u64(j, "httpStatus", f->http_status);
    if (f->certificate_ends_ms != 0) {
        json_iso_ms(j, "certificateEndsAt", f->certificate_ends_ms);
        json_scaled(j, "certificateDaysLeft", (f->certificate_ends_ms - now_ms) / (DAY_MS / 10), 10);
        json_text(j, "certificateIssuer", f->certificate_issuer);
    }
    if (f->words[0] != '\0')
        json_text(j, "error", f->words);
}

static void write_check(struct json *j, const struct check *c, const struct check_state *state,
                        int64_t now_ms)
{
    json_open_object(j, NULL);
    json_text(j, "name", c->name);
    json_text(j, "url", c->url);
    json_text(j, "kind", check_kind_names[check_kind(c)]);
    json_text(j, "origin", c->origin == CHECK_FROM_FILE ? "file" : "api");
    if (state->instance[0] != '\0')
        json_text(j, "instance", state->instance);
    if (c->contains[0] != '\0')
        json_text(j, "contains", c->contains);
    if (c->status != 0)
        json_u64(j, "expectedStatus", c->status);
    json_i64(j, "intervalMs", c->interval_ms);
    json_i64(j, "timeoutMs", c->timeout_ms);
    json_i64(j, "degradedMs", c->degraded_ms);
    json_i64(j, "unhealthyMs", c->unhealthy_ms);
    json_u64(j, "runs", state->runs);
    json_u64(j, "failures", state->failures);
    write_finding(j, state, now_ms);
    json_close_object(j);
}

static int check_row(struct exchange *x, int64_t *cursor, bool as_text)
{
    const struct sentinel_board *b = x->world->sentinel;
    if (b == NULL || *cursor >= (int64_t)b->checks->count)
        return 0;
    const struct check *c = &b->checks->checks[*cursor];
    const struct check_state *state = &b->states[(*cursor)++];
    if (!as_text) {
        write_check(&x->json, c, state, x->now_ms);
        return 1;
    }
    struct text *out = x->json.out;
    text_printf(out, "%-24s %-9s ", c->name, health_names[state->has_finding ? state->finding.health
                                                                              : HEALTH_UNKNOWN]);
    listing_put_time(out, state->checked_ms, "never");
    text_printf(out, " %7u ms  %s  %s\n", state->finding.times.over_us / 1000, c->url, state->finding.words);
    return 1;
}

static const char *const watcher_words[] = {[WATCHER_OFF] = "off", [WATCHER_BEGUN] = "begun",
                                            [WATCHER_GOOD] = "good", [WATCHER_FAILING] = "failing",
                                            [WATCHER_REFUSED] = "refused"};

static void write_vultr(struct exchange *x, int64_t cursor)
{
    const struct sentinel_board *b = x->world->sentinel;
    struct json *j = &x->json;
    (void)cursor;
    if (b == NULL)
        return;
    const struct watcher_board *w = b->vultr;
    json_open_object(j, "vultr");
    json_text(j, "state", watcher_words[w->state]);
    json_u64(j, "servers", w->server_count);
    json_u64(j, "requests", w->requests);
    json_u64(j, "failures", w->failures);
    if (w->asked_ms > 0)
        json_iso_ms(j, "askedAt", w->asked_ms);
    if (w->good_ms > 0)
        json_iso_ms(j, "listedAt", w->good_ms);
    if (w->words[0] != '\0')
        json_text(j, "error", w->words);
    json_close_object(j);
    if (b->complaint[0] != '\0')
        json_text(j, "complaint", b->complaint);
}

void handle_checks(struct exchange *x)
{
    static const struct listing list = {
        .key = "checks",
        .head = "CHECK                    STATE     CHECKED             ANSWER      ADDRESS",
        .row = check_row,
        .tail = write_vultr,
    };
    listing_respond_page(x, &list);
}

/* --- servers --- */

static void write_bandwidth(struct json *j, const struct server *s)
{
    uint64_t allowance = s->facts.allowance_gb * GB;
    if (allowance > 0)
        json_u64(j, "transferAllowanceBytes", allowance);
    if (s->bandwidth_ms == 0)
        return;
    json_u64(j, "transferUsedBytes", s->bandwidth.outgoing_bytes);
    json_u64(j, "transferReceivedBytes", s->bandwidth.incoming_bytes);
    json_iso_ms(j, "transferAt", s->bandwidth_ms);
    if (allowance > 0)
        json_double(j, "transferUsagePercent",
                    (double)(s->bandwidth.outgoing_bytes / (allowance / 10000)) / 100.0);
}

static int server_row(struct exchange *x, int64_t *cursor, bool as_text)
{
    const struct sentinel_board *b = x->world->sentinel;
    struct json *j = &x->json;
    if (b == NULL || *cursor >= (int64_t)b->vultr->server_count)
        return 0;
    const struct server *s = &b->vultr->servers[(*cursor)++];
    const char *status = s->is_gone ? "vanished" : health_names[vultr_health(&s->facts)];
    if (as_text) {
        text_printf(j->out, "%-36s %-9s %-6s %-24s %s\n", s->facts.id, status, s->has_agent ? "agent" : "-",
                    s->facts.label, s->facts.address);
        return 1;
    }
    json_open_object(j, NULL);
    json_text(j, "id", s->facts.id);
    if (s->instance >= 0)
        json_text(j, "instance", store_instance(x->world->store, (uint32_t)s->instance)->id);
    json_text(j, "provider", "vultr");
    json_text(j, "label", s->facts.label);
    json_text(j, "hostname", s->facts.hostname);
    json_text(j, "health", status);
    json_bool(j, "hasAgent", s->has_agent);
    json_text(j, "status", s->facts.status);
    json_text(j, "powerStatus", s->facts.power);
    json_text(j, "serverStatus", s->facts.state);
    json_text(j, "region", s->facts.region);
    json_text(j, "plan", s->facts.plan);
    json_text(j, "os", s->facts.os);
    json_text(j, "ipAddress", s->facts.address);
    json_text(j, "ipv6Address", s->facts.address_v6);
    json_u64(j, "cpuCount", s->facts.cores);
    json_u64(j, "memoryBytes", (uint64_t)s->facts.memory_mib << 20);
    json_u64(j, "diskBytes", (uint64_t)s->facts.disk_gb * GB);
    write_bandwidth(j, s);
    json_close_object(j);
    return 1;
}

void handle_servers(struct exchange *x)
{
    static const struct listing list = {
        .key = "servers",
        .head = "SERVER                               STATE     AGENT  LABEL                    ADDRESS",
        .row = server_row,
    };
    listing_respond_page(x, &list);
}
