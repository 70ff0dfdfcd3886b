/* SPDX-License-Identifier: MIT */
#include "aggregator/demo/demo.h"

#include "aggregator/demo/host.h"
#include "aggregator/store/store_notes.h"
#include "aggregator/store/store_told.h"
#include "proto/block.h"

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS (60 * MINUTE_MS)
/* The past as history, coarse, then finer; the last of it as live samples, so that rules look at it. */
#define PAST_MS (7 * 24 * HOUR_MS)
#define FINER_MS (6 * HOUR_MS)
#define LIVE_MS (30 * MINUTE_MS)
#define COARSE_STEP_MS MINUTE_MS
#define FINER_STEP_MS INT64_C(10000)
#define LIVE_STEP_MS INT64_C(1000)
/* Blocks in one pass of the loop, that others have their turn. */
#define BLOCKS_PER_STEP 12U
/* The store's memory is full until its next commit. */
#define FULL_WAIT_MS 20
#define HISTORY_EPOCH 1U
#define LIVE_EPOCH 2U
#define NOTE_BEFORE_MS (16 * MINUTE_MS)

enum phase { PHASE_HISTORY, PHASE_LIVE };

struct demo_feed {
    struct demo_host host;
    enum phase phase;
    bool is_open;
    uint32_t instance;
    uint64_t sequence;              /* of the last sample that was staged in this phase */
    int64_t next_ms;                /* time of the next one */
};

struct demo {
    struct plat *plat;
    struct store *store;
    int64_t begun_ms;
    bool has_note, is_caught_up;
    uint32_t turn;                  /* whose past comes next */
    struct demo_feed feeds[DEMO_HOSTS];
    uint32_t pending;               /* bytes of the block that the store had no room for; 0: none */
    struct block_matrix block;
    uint8_t bytes[BLOCK_DATA_MAX];
};

struct demo *demo_reserve(struct memory_map *map)
{
    return memory_reserve(map, "demonstration", 1, sizeof(struct demo), "there is one");
}

static void introduce(struct demo *d, struct demo_feed *f, uint32_t number)
{
    const struct demo_role *r = &demo_roles[number];
    struct instance it = {.cpu_count = r->cpus, .interval_ms = LIVE_STEP_MS,
                          .memory_bytes = (uint64_t)r->memory_gib << 30};
    struct text id;
    text_init(&id, it.id, sizeof it.id);
    text_printf(&id, "demo-%s", r->name);
    (void)text_copy(it.name, sizeof it.name, r->name);
    (void)text_copy(it.type, sizeof it.type, r->type);
    (void)text_copy(it.region, sizeof it.region, r->region);
    (void)text_copy(it.provider, sizeof it.provider, r->provider);
    (void)text_copy(it.os, sizeof it.os, "simulated");
    (void)text_copy(it.kernel, sizeof it.kernel, "demonstration");
    (void)text_copy(it.architecture, sizeof it.architecture,
                    text_equal(r->type, "raspberry-pi-4") || text_equal(r->type, "m6g.large") ? "aarch64"
                                                                                              : "x86_64");
    (void)text_copy(it.agent_version, sizeof it.agent_version, NEPHOS_VERSION);
    int index = store_instance_put(d->store, &it);
    ASSERT(index >= 0); /* the store is new, and has room for more */
    f->instance = (uint32_t)index;
    store_instance(d->store, f->instance)->connected = true;
}

void demo_open(struct demo *d, struct plat *p, struct store *s, struct wall now)
{
    d->plat = p;
    d->store = s;
    d->begun_ms = wall_ms(now) / LIVE_STEP_MS * LIVE_STEP_MS;
    for (uint32_t i = 0; i < DEMO_HOSTS; i++) {
        struct demo_feed *f = &d->feeds[i];
        demo_host_init(&f->host, i, d->begun_ms);
        f->next_ms = d->begun_ms - PAST_MS;
        introduce(d, f, i);
    }
}

static int64_t step_of(const struct demo *d, int64_t time_ms)
{
    int64_t before_ms = d->begun_ms - time_ms;
    return before_ms > FINER_MS ? COARSE_STEP_MS : before_ms > LIVE_MS ? FINER_STEP_MS : LIVE_STEP_MS;
}

/* --- one host --- */

static enum store_stream stream_of(const struct demo_feed *f)
{
    return f->phase == PHASE_HISTORY ? STREAM_HISTORY : STREAM_LIVE;
}

/* Opens the epoch, and says what its slots mean. */
static int open_feed(struct demo *d, struct demo_feed *f)
{
    int e = f->phase == PHASE_HISTORY ? store_history(d->store, f->instance, HISTORY_EPOCH)
                                      : store_epoch(d->store, f->instance, LIVE_EPOCH);
    if (e < 0)
        return e;
    if (f->host.count == 0) {
        demo_host_step(&f->host, f->next_ms); /* makes the list of its series */
        f->next_ms += step_of(d, f->next_ms);
    }
    for (uint32_t i = 0; i < f->host.count; i++) {
        const struct metric_info *m = metric_info(f->host.series[i].metric);
        const struct store_series_facts facts = {.metric = m->name, .tag = f->host.series[i].tag,
                                                 .unit = m->unit, .scale = m->scale, .kind = m->kind};
        e = store_dictionary_add(d->store, f->instance, stream_of(f), &facts);
        if (e < 0 && e != ERR_FULL)
            return e;
    }
    f->is_open = true;
    f->sequence = 0;
    return ERR_OK;
}

/* The host's next samples before `end_ms`, as a block: their number. */
static uint32_t make_block(struct demo *d, struct demo_feed *f, int64_t end_ms)
{
    struct block_matrix *m = &d->block;
    m->count = 0;
    m->slot_count = f->host.count;
    m->processes.id_count = m->processes.use_count = 0;
    for (uint32_t i = 0; i < f->host.count; i++)
        m->slots[i] = (uint16_t)i;
    while (m->count < BLOCK_SAMPLES_MAX && f->next_ms < end_ms) {
        demo_host_step(&f->host, f->next_ms);
        m->time_ms[m->count] = f->next_ms;
        for (uint32_t i = 0; i < f->host.count; i++)
            m->values[i][m->count] = f->host.values[i];
        int e = block_processes_add(&m->processes, m->count, &f->host.tops);
        ASSERT(e == ERR_OK);
        m->count++;
        f->next_ms += step_of(d, f->next_ms);
    }
    int n = m->count > 0 ? block_encode(m, d->bytes, sizeof d->bytes) : 0;
    ASSERT(n >= 0);
    d->pending = (uint32_t)n;
    return m->count;
}

/* Stages the block that is pending; false: there is no room now. */
static bool stage(struct demo *d, struct demo_feed *f, struct wall wall)
{
    int e = store_append(d->store, f->instance, stream_of(f), f->sequence + 1, &d->block, d->bytes,
                         d->pending, wall);
    if (e == ERR_FULL)
        return false;
    if (e < 0)
        plat_log(d->plat, LOG_ERROR, "the demonstration's samples of %s are refused", f->host.role->name);
    f->sequence += d->block.count;
    d->pending = 0;
    return true;
}

/* One block of the host: 1 done, 0 there is none now, negative: come again. */
static int feed(struct demo *d, struct demo_feed *f, struct wall wall)
{
    if (!f->is_open) {
        int e = open_feed(d, f);
        if (e < 0)
            return ERR_AGAIN;
    }
    int64_t end_ms = f->phase == PHASE_HISTORY ? d->begun_ms - LIVE_MS : wall_ms(wall);
    if (d->pending == 0 && make_block(d, f, end_ms) == 0) {
        if (f->phase == PHASE_LIVE)
            return 0;
        store_history_end(d->store, f->instance);
        f->phase = PHASE_LIVE;
        f->is_open = false;
        return 1;
    }
    return stage(d, f, wall) ? 1 : ERR_AGAIN;
}

/* --- all of them --- */

/* What a person would have written beside the curves. */
static void write_note(struct demo *d)
{
    struct note n = {.from_ms = d->begun_ms - NOTE_BEFORE_MS, .to_ms = d->begun_ms - NOTE_BEFORE_MS};
    (void)text_copy(n.instance, sizeof n.instance, store_instance(d->store, d->feeds[1].instance)->id);
    (void)text_copy(n.text, sizeof n.text, "DEMO: deployed shop 4.2");
    (void)text_copy(n.author, sizeof n.author, "demo");
    d->has_note = store_note_put(d->store, &n) == ERR_OK;
}

/* The hosts one after the other, a block each; false when the store wants to commit first. */
static bool catch_up(struct demo *d, struct wall wall)
{
    uint32_t idle = 0;
    for (uint32_t i = 0; i < BLOCKS_PER_STEP && idle < DEMO_HOSTS; i++) {
        int e = feed(d, &d->feeds[d->turn], wall);
        if (e < 0)
            return false;
        idle = e == 0 ? idle + 1 : 0;
        d->turn = (d->turn + 1) % DEMO_HOSTS;
    }
    if (idle == DEMO_HOSTS && !d->is_caught_up) {
        d->is_caught_up = true;
        plat_log(d->plat, LOG_INFO, "DEMO: seven days of %u simulated hosts are in the store; they go on "
                 "live", DEMO_HOSTS);
    }
    return true;
}

struct mono demo_step(struct demo *d, struct mono now, struct wall wall)
{
    if (!d->has_note)
        write_note(d);
    if (!catch_up(d, wall))
        return mono_after_ms(now, FULL_WAIT_MS);
    if (!d->is_caught_up)
        return now;
    return mono_after_ms(now, LIVE_STEP_MS - wall_ms(wall) % LIVE_STEP_MS);
}
