/* SPDX-License-Identifier: MIT */
/* What the aggregator says of itself: /api/v1/self, /api/v1/self/memory, /healthz. */
#include "aggregator/api/routes/handlers.h"
#include "aggregator/store/store_outlet.h"

static void write_store(struct json *j, struct store *s)
{
    struct store_stats st;
    store_stats(s, &st);
    json_open_object(j, "store");
    json_u64(j, "commits", st.commits);
    json_u64(j, "commit_failures", st.commit_failures);
    if (st.trouble != NULL) {
        json_text(j, "trouble", st.trouble);
        json_iso_ms(j, "trouble_since", st.trouble_since_ms);
    }
    json_u64(j, "journal_rows", st.journal_rows);
    json_u64(j, "chunks", st.chunks);
    json_u64(j, "samples_committed", st.samples_committed);
    json_u64(j, "values_sealed", st.values_sealed);
    json_u64(j, "sealed_bytes", st.sealed_bytes);
    json_u64(j, "database_bytes", st.database_bytes);
    json_u64(j, "database_bytes_max", st.database_bytes_max);
    json_u64(j, "blocks_staged", st.blocks_staged);
    json_u64(j, "staging_bytes", st.staging_bytes);
    json_u64(j, "refused_full", st.refused_full);
    json_u64(j, "retention_chunks_dropped", st.retention_chunks_dropped);
    json_u64(j, "retention_rollups_dropped", st.retention_rollups_dropped);
    json_u64(j, "values_rolled", st.values_rolled);
    json_u64(j, "chunks_merged", st.chunks_merged);
    json_open_array(j, "tiers");
    for (uint32_t i = 0; i < TIER_COUNT; i++) {
        static const char *const names[TIER_COUNT] = {"1s", "1min", "1h"};
        json_open_object(j, NULL);
        json_text(j, "resolution", names[i]);
        json_u64(j, "rows", st.tiers[i].rows);
        json_u64(j, "bytes", st.tiers[i].bytes);
        json_i64(j, "horizon_ms", st.tiers[i].horizon_ms);
        json_close_object(j);
    }
    json_close_array(j);
    json_i64(j, "oldest_sample_ms", st.oldest_sample_ms);
    json_i64(j, "sqlite_heap_bytes", st.sqlite_heap_bytes);
    json_i64(j, "sqlite_heap_high_water", st.sqlite_heap_high_water);
    json_close_object(j);
}

static void write_api(struct json *j, const struct api_stats *st, const struct body_pool *bodies)
{
    json_open_object(j, "api");
    json_u64(j, "connections", st->connections);
    json_u64(j, "gave_way", st->gave_way);
    json_u64(j, "refused_full", st->refused_full);
    json_u64(j, "requests", st->requests);
    json_u64(j, "answered_4xx", st->answered_4xx);
    json_u64(j, "answered_5xx", st->answered_5xx);
    json_u64(j, "malformed", st->malformed);
    json_u64(j, "timeouts", st->timeouts);
    json_u64(j, "refused_rate", st->refused_rate);
    json_u64(j, "refused_token", st->refused_token);
    json_u64(j, "cut_responses", st->cut_responses);
    json_u64(j, "tx_bytes", st->tx_bytes);
    json_u64(j, "websockets", st->websockets);
    json_u64(j, "websocket_messages", st->websocket_messages);
    json_u64(j, "websocket_missed", st->websocket_missed);
    json_u64(j, "feed_missed", st->feed_missed);
    json_u64(j, "bodies_too_large", st->bodies_too_large);
    json_u64(j, "bodies_refused", bodies->refused);
    json_close_object(j);
}

static void write_push(struct json *j, const struct push_stats *st)
{
    json_open_object(j, "push");
    json_u64(j, "requests", st->requests);
    json_u64(j, "samples", st->samples);
    json_u64(j, "repeated", st->repeated);
    json_u64(j, "conflicts", st->conflicts);
    json_u64(j, "malformed", st->malformed);
    json_u64(j, "not_finite", st->not_finite);
    json_u64(j, "no_instance", st->no_instance);
    json_u64(j, "no_series", st->no_series);
    json_u64(j, "agents_own", st->agents_own);
    json_u64(j, "rounded", st->rounded);
    json_u64(j, "held_back", st->held_back);
    json_close_object(j);
}

/* All of it fits in one piece: names are ours, numbers have an end. */
static int produce_self(struct exchange *x)
{
    struct world *w = x->world;
    struct json *j = &x->json;
    json_open_object(j, NULL);
    json_text(j, "name", "nephos-aggregator");
    json_text(j, "version", NEPHOS_VERSION);
    json_bool(j, "demo", w->is_demo);
    json_i64(j, "now_ms", x->now_ms);
    json_i64(j, "started_ms", w->started_ms);
    json_i64(j, "uptime_s", (x->now.ns - w->started.ns) / NS_PER_S);
    json_u64(j, "instances", store_instance_count(w->store));
    write_store(j, w->store);
    write_api(j, &w->stats, &w->bodies);
    json_open_array(j, "destinations");
    for (uint32_t i = 0; i < store_outbox_count(w->store); i++)
        destinations_write(j, store_outbox(w->store, i), wall_ms(plat_wall(w->plat)));
    for (uint32_t i = 0; i < store_outlet_count(w->store); i++)
        outlets_write(j, store_outlet(w->store, i), wall_ms(plat_wall(w->plat)));
    json_close_array(j);
    write_push(j, push_stats(w->push));
    json_open_object(j, "gauges");
    for (uint32_t i = 0; i < w->gauge_count; i++)
        json_u64(j, w->gauges[i].name, w->gauges[i].value);
    json_close_object(j);
    json_close_object(j);
    return json_is_full(j) ? ERR_FULL : PRODUCE_DONE;
}

void handle_self(struct exchange *x)
{
    respond_json(x, produce_self);
}

struct memory_state {
    bool is_begun;
    uint32_t line;
};

static void write_line(struct json *j, const struct memory_line *line)
{
    json_open_object(j, NULL);
    json_text(j, "name", line->name);
    json_u64(j, "count", line->count);
    json_u64(j, "unit_bytes", line->unit_size);
    json_u64(j, "bytes", line->count * line->unit_size);
    json_u64(j, "in_use", line->in_use);
    json_u64(j, "high_water", line->high_water);
    json_text(j, "when_full", line->when_full);
    json_close_object(j);
}

static int produce_memory(struct exchange *x)
{
    struct memory_state *st = (struct memory_state *)x->state;
    const struct memory_map *map = x->world->map;
    struct json *j = &x->json;
    if (!st->is_begun) {
        json_open_object(j, NULL);
        json_u64(j, "total_bytes", map->used);
        json_open_array(j, "lines");
    }
    st->is_begun = true; /* the first piece has room for this */
    for (; st->line < map->line_count; st->line++) {
        struct json_mark m = json_mark(j);
        write_line(j, &map->lines[st->line]);
        if (produce_or_rewind(j, m) != PRODUCE_DONE)
            return PRODUCE_MORE;
    }
    struct json_mark m = json_mark(j);
    json_close_array(j);
    json_close_object(j);
    return produce_or_rewind(j, m);
}

void handle_memory(struct exchange *x)
{
    (void)exchange_state(x, sizeof(struct memory_state));
    respond_json(x, produce_memory);
}

void self_watch_commits(struct world *w)
{
    struct store_stats st;
    store_stats(w->store, &st);
    if (st.commit_failures > w->commit_failures)
        w->is_commit_failing = true;
    else if (st.commits > w->commit_count)
        w->is_commit_failing = false;
    w->commit_count = st.commits;
    w->commit_failures = st.commit_failures;
}

static int produce_health(struct exchange *x)
{
    struct store_stats st;
    store_stats(x->world->store, &st);
    if (x->status == 200)
        text_put(x->json.out, "ok\n");
    else
        text_printf(x->json.out, "nothing can be stored: %s. Agents keep their samples until it can.\n",
                    st.trouble != NULL ? st.trouble : "a commit has just failed");
    return PRODUCE_DONE;
}

void handle_health(struct exchange *x)
{
    self_watch_commits(x->world);
    respond(x, x->world->is_commit_failing ? 503 : 200, "text/plain; charset=utf-8", produce_health);
}
