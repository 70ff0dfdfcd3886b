/* SPDX-License-Identifier: MIT */
/* The agent's step; see agent.h. */
#include "agent/agent.h"

#include "platform/credentials.h"

/* Two samples closer than this would tell nothing about the time between them. */
#define FIRST_SAMPLE_MS_MIN 200

static uint64_t draw(struct plat *p)
{
    uint64_t random;
    do
        plat_random(p, &random, sizeof random);
    while (random == 0);
    return random;
}

static int check_credentials(struct plat *p, const struct config *config)
{
    int loaded = credential_load(p);
    if (loaded == ERR_MISSING && config->token[0] != '\0')
        return ERR_MISSING;
    if (loaded == ERR_MISSING)
        plat_log(p, LOG_ERROR, "this agent has not joined an aggregator yet; run `nephos-aggregator token "
                 "create` there and start this agent once with --token or --token-file");
    else if (loaded < 0)
        plat_log(p, LOG_ERROR, "key or certificate in the state directory is damaged; delete agent.key, "
                 "agent.crt and ca.crt there and start this agent once with a new --token");
    return loaded == ERR_MISSING ? ERR_DENIED : loaded;
}

int agent_init(struct agent *a, struct plat *p, const struct config *config)
{
    a->plat = p;
    text_copy(a->server, sizeof a->server, config->server);
    a->interval_ms = config->interval_ms;
    a->samples_skipped = 0;
    a->is_ending = false;
    a->end_at = MONO_NEVER;
    int credentials = check_credentials(p, config);
    if (credentials < 0 && credentials != ERR_MISSING)
        return credentials == ERR_DENIED ? ERR_MISSING : credentials;
    identity_init(&a->identity, p, config->id, config->name);
    series_init(&a->series);
    collect_init(&a->collect, p, &a->series, a->scratch);
    block_builder_init(&a->builder);
    ring_init(&a->ring, a->ring_bytes, sizeof a->ring_bytes);
    const struct uplink_parts parts = {
        .plat = p,
        .ring = &a->ring,
        .series = &a->series,
        .builder = &a->builder,
        .identity = &a->identity,
        .server = a->server,
        .token = config->token,
        .scratch = a->scratch,
        .epoch = draw(p),
        .interval_ms = (uint32_t)a->interval_ms,
    };
    uplink_init(&a->uplink, &parts, credentials == ERR_OK);
    /* Many agents that start together do not sample together. */
    a->sample_at = mono_after_ms(plat_mono(p), FIRST_SAMPLE_MS_MIN +
                                 (int64_t)(draw(p) % (uint64_t)a->interval_ms));
    return ERR_OK;
}

/* The next moment of the same phase. */
static void schedule_next(struct agent *a, struct mono now)
{
    int64_t interval_ns = a->interval_ms * NS_PER_MS;
    int64_t steps = (now.ns - a->sample_at.ns) / interval_ns + 1;
    a->sample_at.ns += steps * interval_ns;
    a->samples_skipped += (uint64_t)(steps - 1);
}

/* The one place where readiness is asked: each index goes to whom it belongs. */
static void pass_readiness(struct agent *a)
{
    for (int conn; (conn = plat_next_ready(a->plat)) >= 0;)
        uplink_ready(&a->uplink, conn);
}

struct mono agent_step(struct agent *a, struct mono now)
{
    pass_readiness(a);
    if (!a->is_ending && mono_reached(now, a->sample_at)) {
        schedule_next(a, now);
        collect_take(&a->collect, &a->sample, now);
        block_builder_add(&a->builder, &a->sample, &a->ring, a->scratch);
        if (uplink_ship_due(&a->uplink, now))
            block_builder_seal(&a->builder, &a->ring, a->scratch);
    }
    struct mono next = uplink_step(&a->uplink, now);
    return mono_earlier(next, a->is_ending ? a->end_at : a->sample_at);
}

void agent_apply(struct agent *a, const struct config *config, struct mono now)
{
    bool is_moved = !text_equal(a->server, config->server);
    bool is_paced = a->interval_ms != config->interval_ms;
    if (!is_moved && !is_paced)
        return;
    text_copy(a->server, sizeof a->server, config->server);
    if (is_paced) {
        a->interval_ms = config->interval_ms;
        a->sample_at = mono_after_ms(now, a->interval_ms);
    }
    /* Also for the interval: the aggregator learns it from Hello. */
    uplink_restart(&a->uplink, now, (uint32_t)a->interval_ms);
}

void agent_flush(struct agent *a, struct mono now)
{
    block_builder_seal(&a->builder, &a->ring, a->scratch);
    (void)uplink_step(&a->uplink, now);
}

void agent_end(struct agent *a, struct mono now)
{
    if (a->is_ending) {
        a->end_at = now;
        return;
    }
    block_builder_seal(&a->builder, &a->ring, a->scratch);
    a->is_ending = true;
    a->end_at = mono_after_ms(now, GOODBYE_MS_MAX);
    (void)uplink_step(&a->uplink, now);
}

bool agent_has_failed(const struct agent *a)
{
    return a->uplink.has_failed;
}

bool agent_is_done(const struct agent *a, struct mono now)
{
    return agent_has_failed(a) ||
           (a->is_ending && (uplink_is_settled(&a->uplink) || mono_reached(now, a->end_at)));
}

void agent_close(struct agent *a)
{
    uplink_close(&a->uplink);
    if (agent_has_failed(a))
        return; /* it has been said */
    if (a->ring.sample_count > 0)
        plat_log(a->plat, LOG_WARN, "ended with %llu samples that the aggregator has not acknowledged",
                 (unsigned long long)a->ring.sample_count);
    else
        plat_log(a->plat, LOG_INFO, "ended; every sample has arrived");
}

void agent_memory(struct memory_map *m)
{
    static const struct {
        const char *name;
        uint32_t count, unit_size;
        const char *when_full;
    } parts[] = {
        {"agent: ring of unacknowledged blocks", 1, RING_SIZE, "the oldest block is lost and counted"},
        {"agent: scratch for one text or block", 1, SCRATCH_SIZE, "the end of a longer text is not read"},
        {"agent: samples of the open block", 1, sizeof(struct block_builder), "the block is sealed"},
        {"agent: series", SLOTS_MAX, sizeof(struct series_entry), "a new series is refused and counted"},
        {"agent: names of custom series", CUSTOM_SERIES_MAX, sizeof(struct custom_series),
         "a newcomer is refused and counted"},
        {"agent: the sample just taken", 1, sizeof(struct sample), "cannot be full"},
        {"agent: disks, mounts, interfaces", 1, sizeof(struct collect), "more are skipped and counted"},
        {"agent: uplink with its two buffers", 1, sizeof(struct uplink), "the rest waits in the ring"},
    };
    uint64_t rest = sizeof(struct agent);
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        memory_reserve(m, parts[i].name, parts[i].count, parts[i].unit_size, parts[i].when_full);
        rest -= (uint64_t)parts[i].count * parts[i].unit_size;
    }
    memory_reserve(m, "agent: identity and the rest", 1, rest, "cannot be full");
}
