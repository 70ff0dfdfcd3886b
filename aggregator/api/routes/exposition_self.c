/* SPDX-License-Identifier: MIT */
/* What is told to scrapers besides the metrics of hosts: who the hosts are, and the aggregator itself. */
#include <stddef.h>
#include <string.h>

#include "aggregator/api/routes/exposition.h"
#include "aggregator/api/routes/handlers.h"
#include "aggregator/query/info.h"

/* --- hosts --- */

static int64_t one(const struct exchange *x, const struct instance *in)
{
    (void)x;
    (void)in;
    return 1;
}

static int64_t is_up(const struct exchange *x, const struct instance *in)
{
    return text_equal(instance_status(in, x->now_ms), "healthy");
}

static int64_t last_sample(const struct exchange *x, const struct instance *in)
{
    (void)x;
    return in->last_sample_ms;
}

/* Who it is stands in info.h. */
static const struct {
    const char *name, *help;
    const struct info_family *info;
    int64_t (*value)(const struct exchange *x, const struct instance *in);
    uint32_t scale;
} host_families[] = {
    {NULL, NULL, &info_families[0], one, 1},
    {"nephos_instance_up", "1 while its samples come, else 0", NULL, is_up, 1},
    {"nephos_instance_last_sample_timestamp_seconds", "Time of its newest sample, by its own clock", NULL,
     last_sample, 1000},
    {NULL, NULL, &info_families[1], one, 1},
};

static const char *host_family_name(uint32_t family)
{
    const struct info_family *info = host_families[family].info;
    return info != NULL ? info->name : host_families[family].name;
}

static void put_host(struct exchange *x, struct exposition_state *st, uint32_t family, struct text *t)
{
    struct labels labels = {0}, all = {0};
    const struct instance *in = store_instance(x->world->store, st->own_instance);
    const char *name = host_family_name(family);
    const struct info_family *info = host_families[family].info;
    if (in->deleted_ms != 0)
        return;
    info_add_label(&labels, "instance", in->id);
    if (info != NULL)
        info->labels(in, &labels);
    if (st->selection != NULL) {
        info_add_label(&all, "instance", in->id);
        info_add_facts(in, &all);
        if (!selection_takes(st->selection, name, &labels) && !selection_takes(st->selection, name, &all))
            return;
    }
    if (!st->is_head_done)
        exposition_head(t, st->format, name, info != NULL ? info->help : host_families[family].help,
                        FAMILY_GAUGE);
    st->is_head_done = true;
    text_put(t, name);
    exposition_labels(t, &labels);
    text_put_char(t, ' ');
    text_put_scaled(t, host_families[family].value(x, in), host_families[family].scale);
    exposition_end(t, st->format, st->is_federate ? x->now_ms : 0);
}

/* --- the aggregator --- */

#define OWN "nephos_aggregator_"

struct own_family {
    const char *name, *help;
    enum family_type type;
    uint16_t offset;
    bool is_of_api;     /* offset into struct api_stats, else into struct store_stats */
};
#define STORE(field, name, type, help) {OWN name, help, type, offsetof(struct store_stats, field), false}
#define API(field, name, type, help) {OWN name, help, type, offsetof(struct api_stats, field), true}

static const struct own_family own_families[] = {
    STORE(commits, "store_commits_total", FAMILY_COUNTER, "Group commits"),
    STORE(commit_failures, "store_commit_failures_total", FAMILY_COUNTER, "Commits that storage refused"),
    STORE(samples_committed, "store_values_committed_total", FAMILY_COUNTER, "Values made durable"),
    STORE(journal_rows, "store_journal_rows", FAMILY_GAUGE, "Rows of the journal"),
    STORE(chunks, "store_chunks", FAMILY_GAUGE, "Chunks that are kept"),
    STORE(values_sealed, "store_values_sealed_total", FAMILY_COUNTER, "Values put into chunks"),
    STORE(sealed_bytes, "store_sealed_bytes_total", FAMILY_COUNTER, "Bytes of these chunks"),
    STORE(database_bytes, "store_database_bytes", FAMILY_GAUGE, "Size of the database"),
    STORE(database_bytes_max, "store_database_limit_bytes", FAMILY_GAUGE, "What it may grow to"),
    STORE(blocks_staged, "store_staged_blocks", FAMILY_GAUGE, "Blocks that wait for a commit"),
    STORE(staging_bytes, "store_staged_bytes", FAMILY_GAUGE, "Their size"),
    STORE(refused_full, "store_refused_total", FAMILY_COUNTER, "Blocks held back because there was no room"),
    STORE(retention_chunks_dropped, "store_dropped_chunks_total", FAMILY_COUNTER,
          "Chunks that gave way to newer ones"),
    STORE(sqlite_heap_bytes, "store_sqlite_heap_bytes", FAMILY_GAUGE, "Memory that SQLite uses of its own"),
    API(connections, "api_connections_total", FAMILY_COUNTER, "Connections accepted"),
    API(gave_way, "api_connections_gave_way_total", FAMILY_COUNTER, "Slow connections ended for newcomers"),
    API(refused_full, "api_connections_refused_total", FAMILY_COUNTER, "Connections that found no slot"),
    API(requests, "api_requests_total", FAMILY_COUNTER, "Requests"),
    API(answered_4xx, "api_client_errors_total", FAMILY_COUNTER, "Answers 400 to 499"),
    API(answered_5xx, "api_server_errors_total", FAMILY_COUNTER, "Answers 500 to 599"),
    API(malformed, "api_malformed_total", FAMILY_COUNTER, "Requests that could not be read"),
    API(timeouts, "api_timeouts_total", FAMILY_COUNTER, "Connections that were too slow"),
    API(cut_responses, "api_cut_responses_total", FAMILY_COUNTER, "Answers that could not be completed"),
    API(tx_bytes, "api_sent_bytes_total", FAMILY_COUNTER, "Bytes sent"),
    API(websockets, "api_websockets_total", FAMILY_COUNTER, "WebSockets opened"),
    API(websocket_messages, "api_websocket_messages_total", FAMILY_COUNTER, "Messages to WebSockets"),
    API(websocket_missed, "api_websocket_missed_total", FAMILY_COUNTER,
        "Updates left out for listeners that were too slow"),
};

static void put_number(struct exposition_state *st, struct text *t, const char *name, const char *help,
                       enum family_type type, uint64_t value, int64_t now_ms)
{
    static const struct labels none;
    if (st->selection != NULL && !selection_takes(st->selection, name, &none))
        return;
    exposition_head(t, st->format, name, help, type);
    text_printf(t, "%s %llu", name, (unsigned long long)value);
    exposition_end(t, st->format, st->is_federate ? now_ms : 0);
}

static void put_own(struct exchange *x, struct exposition_state *st, uint32_t index, struct text *t)
{
    const struct own_family *family = &own_families[index];
    struct store_stats store;
    uint64_t value;
    const uint8_t *from = (const uint8_t *)&x->world->stats;
    if (!family->is_of_api) {
        store_stats(x->world->store, &store);
        from = (const uint8_t *)&store;
    }
    memcpy(&value, from + family->offset, sizeof(value));
    put_number(st, t, family->name, family->help, family->type, value, x->now_ms);
}

static void put_fixed(struct exchange *x, struct exposition_state *st, struct text *t)
{
    static const char name[] = OWN "build_info";
    struct labels labels = {0};
    info_add_label(&labels, "version", NEPHOS_VERSION);
    if (st->selection != NULL && !selection_takes(st->selection, name, &labels))
        return;
    exposition_head(t, st->format, name, "Which aggregator this is", FAMILY_GAUGE);
    text_put(t, name);
    exposition_labels(t, &labels);
    text_put(t, " 1");
    exposition_end(t, st->format, st->is_federate ? x->now_ms : 0);
}

static void put_gauge(struct exchange *x, struct exposition_state *st, uint32_t index, struct text *t)
{
    const struct api_gauge *gauge = &x->world->gauges[index];
    char name[96];
    struct text n;
    text_init(&n, name, sizeof(name));
    text_printf(&n, OWN "%s", gauge->name);
    put_number(st, t, name, "As at /api/v1/self", FAMILY_UNTYPED, gauge->value, x->now_ms);
}

bool exposition_self_next(struct exchange *x, struct exposition_state *st, struct text *t)
{
    uint32_t at = st->own;
    if (at < COUNT_OF(host_families)) {
        bool is_wanted = exposition_takes_family(st, host_family_name(at));
        if (is_wanted && st->own_instance < store_instance_count(x->world->store)) {
            put_host(x, st, at, t);
            st->own_instance++;
            return true;
        }
        st->own_instance = 0;
        st->is_head_done = false;
        st->own++;
        return true;
    }
    at -= (uint32_t)COUNT_OF(host_families);
    if (at > COUNT_OF(own_families) + x->world->gauge_count)
        return false;
    if (at == 0)
        put_fixed(x, st, t);
    else if (at <= COUNT_OF(own_families))
        put_own(x, st, at - 1, t);
    else
        put_gauge(x, st, at - 1 - (uint32_t)COUNT_OF(own_families), t);
    st->own++;
    return true;
}
