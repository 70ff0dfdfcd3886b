/* SPDX-License-Identifier: MIT */
/* The agent's step; see agent.h. */
#include "agent/agent.h"

#include "platform/credentials.h"

/* Two samples closer than this would tell nothing about the time between them. */
#define FIRST_SAMPLE_MS_MIN 200

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

/* Forgets the hints of the aggregator too. */
static void set_own_levels(struct agent *a, const struct config *config)
{
    a->own_levels[0] = config->alert_cpu;
    a->own_levels[1] = config->alert_memory;
    a->own_levels[2] = config->alert_disk;
    hints_init(&a->hints, config->alert_cpu, config->alert_memory, config->alert_disk);
}

static void set_allowance(struct agent *a, const struct config *config)
{
    a->collect.allowance_gb = config->allowance_gb;
    a->collect.allowance_counts = config_transfer_counts(config);
}

int agent_init(struct agent *a, struct plat *p, const struct config *config)
{
    a->plat = p;
    text_copy(a->server, sizeof a->server, config->server);
    a->interval_ms = a->own_interval_ms = config->interval_ms;
    a->spool_described = false;
    a->samples_skipped = 0;
    a->is_ending = false;
    a->end_at = MONO_NEVER;
    if (plat_data_lock(p) == ERR_BUSY) {
        plat_log(p, LOG_ERROR, "another agent runs with this state directory; end it, or give this one a "
                 "--state of its own");
        return ERR_BUSY;
    }
    int credentials = check_credentials(p, config);
    if (credentials < 0 && credentials != ERR_MISSING)
        return credentials == ERR_DENIED ? ERR_MISSING : credentials;
    identity_init(&a->identity, p, config->id, config->name);
    identity_choose(&a->identity, config->provider, config->region, config->type);
    metadata_init(&a->metadata, p, config_metadata_mode(config), config->metadata_address);
    series_init(&a->series);
    collect_init(&a->collect, p, &a->series, a->scratch);
    collect_restore(&a->collect);
    set_allowance(a, config);
    inputs_init(&a->inputs, p, &a->series, a->scratch, config);
    block_builder_init(&a->builder);
    ring_init(&a->ring, a->ring_bytes, sizeof a->ring_bytes);
    spool_init(&a->spool, p, &a->series, a->scratch, config->spool_size);
    set_own_levels(a, config);
    const struct uplink_parts parts = {
        .plat = p,
        .ring = &a->ring,
        .spool = &a->spool,
        .hints = &a->hints,
        .series = &a->series,
        .builder = &a->builder,
        .identity = &a->identity,
        .server = a->server,
        .token = config->token,
        .scratch = a->scratch,
        .interval_ms = (uint32_t)a->interval_ms,
    };
    uplink_init(&a->uplink, &parts, credentials == ERR_OK);
    a->uplink.is_held = true;
    if (credentials == ERR_OK) /* before that it is not certain whose samples they are */
        spool_open(&a->spool, a->identity.id, plat_mono(p));
    /* Many agents that start together do not sample together. */
    uint64_t random;
    plat_random(p, &random, sizeof random);
    a->sample_at = mono_after_ms(plat_mono(p), FIRST_SAMPLE_MS_MIN +
                                 (int64_t)(random % (uint64_t)a->interval_ms));
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
    for (int conn; (conn = plat_next_ready(a->plat)) >= 0;) {
        uplink_ready(&a->uplink, conn);
        inputs_ready(&a->inputs, conn);
        metadata_ready(&a->metadata, conn);
    }
}

/* The aggregator is to hear from the first word on who this is. */
static struct mono find_out(struct agent *a, struct mono now)
{
    struct mono next = metadata_step(&a->metadata, now);
    if (!metadata_is_settled(&a->metadata))
        return next;
    const struct metadata_facts *facts = &a->metadata.facts;
    if (a->uplink.is_enrolled)
        a->identity.is_made = false; /* its certificate has the id */
    identity_learn(&a->identity, facts->id, facts->provider, facts->region, facts->type);
    a->uplink.is_held = false;
    return MONO_NEVER;
}

/* The aggregator may ask for another interval, within our bounds. */
static void follow_interval(struct agent *a, struct mono now)
{
    int64_t asked_ms = a->uplink.asked_interval_ms;
    int64_t ms = asked_ms == 0               ? a->own_interval_ms
                 : asked_ms < INTERVAL_MS_MIN ? INTERVAL_MS_MIN
                 : asked_ms > INTERVAL_MS_MAX ? INTERVAL_MS_MAX
                                              : asked_ms;
    if (ms == a->interval_ms)
        return;
    plat_log(a->plat, LOG_INFO, "a sample every %lld ms from now on%s", (long long)ms,
             asked_ms == 0 ? "" : ", as the aggregator asks");
    a->interval_ms = ms;
    a->uplink.parts.interval_ms = (uint32_t)ms;
    struct mono soon = mono_after_ms(now, ms);
    a->sample_at = mono_earlier(a->sample_at, soon);
}

/* How long an outage may last is said once some blocks tell how large they are. */
static void describe_spool(struct agent *a)
{
    const struct ring *r = &a->ring;
    if (a->spool_described || a->spool.file < 0 || r->pushed_blocks < SPOOL_MEASURED_BLOCKS)
        return;
    a->spool_described = true;
    char words[160];
    struct text line;
    text_init(&line, words, sizeof words);
    spool_describe(a->spool.size, (uint32_t)(r->pushed_bytes / r->pushed_blocks),
                   (uint32_t)(r->pushed_samples / r->pushed_blocks), a->interval_ms,
                   series_dictionary_size(&a->series), &line);
    plat_log(a->plat, LOG_INFO, "%s", line.at);
}

static void sample(struct agent *a, struct mono now)
{
    schedule_next(a, now);
    a->collect.agent = (struct collect_agent){
        .ring_bytes = ring_used(&a->ring),
        .ring_size = a->ring.size,
        .samples_lost = a->ring.lost_count + a->spool.lost_count,
        .samples_skipped = a->samples_skipped,
    };
    collect_take(&a->collect, &a->sample, now);
    inputs_take(&a->inputs, &a->sample, now);
    block_builder_add(&a->builder, &a->sample, &a->ring, a->scratch);
    bool is_urgent = hints_reached(&a->hints, &a->sample, &a->series, now);
    if (uplink_ship_due(&a->uplink, now) || (is_urgent && uplink_is_heard(&a->uplink)))
        block_builder_seal(&a->builder, &a->ring, a->scratch);
    uplink_keep(&a->uplink, now);
    collect_keep(&a->collect, now, false);
    describe_spool(a);
}

struct mono agent_step(struct agent *a, struct mono now)
{
    pass_readiness(a);
    if (!a->is_ending && mono_reached(now, a->sample_at))
        sample(a, now);
    struct mono found_out = a->uplink.is_held ? find_out(a, now) : MONO_NEVER;
    struct mono next = mono_earlier(found_out, uplink_step(&a->uplink, now));
    if (a->is_ending)
        return mono_earlier(next, a->end_at);
    next = mono_earlier(next, inputs_step(&a->inputs, now));
    follow_interval(a, now);
    return mono_earlier(next, a->sample_at);
}

void agent_apply(struct agent *a, const struct config *config, struct mono now)
{
    const uint32_t own_levels[] = {config->alert_cpu, config->alert_memory, config->alert_disk};
    set_allowance(a, config);
    bool is_moved = !text_equal(a->server, config->server);
    bool is_paced = a->own_interval_ms != config->interval_ms;
    bool is_hinted = memcmp(a->own_levels, own_levels, sizeof own_levels) != 0;
    if (!is_moved && !is_paced && !is_hinted)
        return;
    text_copy(a->server, sizeof a->server, config->server);
    if (is_paced) {
        a->interval_ms = a->own_interval_ms = config->interval_ms;
        a->sample_at = mono_after_ms(now, a->interval_ms);
    }
    if (is_hinted)
        set_own_levels(a, config);
    /* Also for these: the aggregator learns the interval from Hello, and tells its own hints again. */
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
    inputs_close(&a->inputs);
    metadata_close(&a->metadata);
    block_builder_seal(&a->builder, &a->ring, a->scratch);
    collect_keep(&a->collect, now, true);
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
    uplink_keep_all(&a->uplink, plat_mono(a->plat));
    uint64_t kept = a->spool.sample_count;
    spool_close(&a->spool);
    if (agent_has_failed(a))
        return; /* it has been said */
    if (a->ring.sample_count > 0)
        plat_log(a->plat, LOG_WARN, "ended with %llu samples that the aggregator has not acknowledged and "
                 "the spool did not take: they are lost", (unsigned long long)a->ring.sample_count);
    else if (kept > 0)
        plat_log(a->plat, LOG_INFO, "ended; %llu samples wait in the spool for the next start",
                 (unsigned long long)kept);
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
        {"agent: ring of unacknowledged blocks", 1, RING_SIZE,
         "blocks go to the spool; without one the oldest is lost and counted"},
        {"agent: segments of the spool", SPOOL_SEGMENTS_MAX, sizeof(struct spool_segment),
         "the oldest segment is lost and counted"},
        {"agent: hints", OWN_HINTS_MAX + HINTS_MAX, sizeof(struct hint), "cannot be full"},
        {"agent: scratch for one text or block", 1, SCRATCH_SIZE, "the end of a longer text is not read"},
        {"agent: samples of the open block", 1, sizeof(struct block_builder), "the block is sealed"},
        {"agent: series", SLOTS_MAX, sizeof(struct series_entry), "a new series is refused and counted"},
        {"agent: custom series and their names", 1,
         sizeof(struct custom_series) * CUSTOM_SERIES_MAX + CUSTOM_WORDS_SIZE,
         "a newcomer is refused and counted"},
        {"agent: the sample just taken", 1, sizeof(struct sample), "cannot be full"},
        {"agent: disks, mounts, interfaces", 1, sizeof(struct collect) - sizeof(struct process_watch),
         "more are skipped and counted"},
        {"agent: processes", 1, sizeof(struct process_watch), "more take turns in being looked at"},
        {"agent: StatsD, textfile, health", 1, sizeof(struct inputs),
         "newcomers are refused and counted"},
        {"agent: uplink with its two buffers", 1, sizeof(struct uplink), "the rest waits in the ring"},
    };
    uint64_t rest = sizeof(struct agent);
    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        memory_reserve(m, parts[i].name, parts[i].count, parts[i].unit_size, parts[i].when_full);
        rest -= (uint64_t)parts[i].count * parts[i].unit_size;
    }
    memory_reserve(m, "agent: identity and the rest", 1, rest, "cannot be full");
}
