/* SPDX-License-Identifier: MIT */
/* The simulated world: its clock, its chance, its trace, and machines that live, die and return. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/sim/world.h"

/* 2026-01-01T00:00:00Z: when every world begins. */
#define WALL_START_NS (INT64_C(1767225600) * NS_PER_S)

/* splitmix64 (Steele, Lea, Flood 2014) spreads one seed over the state of the generator. */
static void random_seed(uint64_t state[4], uint64_t seed)
{
    for (uint32_t i = 0; i < 4; i++) {
        seed += UINT64_C(0x9e3779b97f4a7c15);
        uint64_t z = seed;
        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        state[i] = z ^ (z >> 31);
    }
}

static uint64_t rotate_left(uint64_t v, uint32_t n)
{
    return (v << n) | (v >> (64 - n));
}

/* xoshiro256** (Blackman, Vigna 2018). */
static uint64_t random_next(uint64_t state[4])
{
    uint64_t result = rotate_left(state[1] * 5, 7) * 9;
    uint64_t t = state[1] << 17;
    state[2] ^= state[0];
    state[3] ^= state[1];
    state[1] ^= state[2];
    state[0] ^= state[3];
    state[2] ^= t;
    state[3] = rotate_left(state[3], 45);
    return result;
}

void trace_word(struct sim_world *w, uint64_t word)
{
    uint64_t x = (w->trace ^ word) * UINT64_C(0x9fb21c651e98df25);
    w->trace = x ^ (x >> 29);
}

void trace_bytes(struct sim_world *w, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    trace_word(w, (uint64_t)w->now_ns ^ size);
    for (; size >= 8; at += 8, size -= 8) {
        uint64_t word;
        memcpy(&word, at, 8);
        trace_word(w, word);
    }
    uint64_t rest = 0;
    memcpy(&rest, at, size);
    trace_word(w, rest);
}

bool effect_allowed(struct plat *p)
{
    if (p->alive && p->doom_effects != 0 && --p->doom_effects == 0)
        sim_kill(p, p->doom_how);
    return p->alive;
}

static void *take(size_t size)
{
    void *block = calloc(1, size);
    ASSERT(block != NULL);
    return block;
}

/* --- the world --- */

struct sim_world *sim_new(uint64_t seed)
{
    struct sim_world *w = take(sizeof(*w));
    w->seed = seed;
    random_seed(w->random, seed);
    return w;
}

void sim_free(struct sim_world *w)
{
    net_free(w);
    for (uint32_t i = 0; i < w->machine_count; i++)
        outbound_machine_dies(w->machines[i]);
    for (uint32_t i = 0; i < w->machine_count; i++) {
        struct plat *p = w->machines[i];
        disk_free(p);
        for (uint32_t t = 0; t < TEXTS_MAX; t++)
            free(p->texts[t].override);
        for (uint32_t c = 0; c < SIM_CONNECTIONS_MAX; c++)
            free(p->slots[c].mailbox);
        free(p);
    }
    free(w);
}

int64_t sim_now(const struct sim_world *w)
{
    return w->now_ns;
}

int64_t sim_next_event(struct sim_world *w)
{
    if (!w->event_known || w->event_ns <= w->now_ns) {
        int64_t outbound_ns = outbound_next_event(w);
        w->event_ns = net_next_event(w);
        if (outbound_ns < w->event_ns)
            w->event_ns = outbound_ns;
        w->event_known = true;
    }
    return w->event_ns;
}

void sim_advance_to(struct sim_world *w, int64_t ns)
{
    ASSERT(ns >= w->now_ns && ns != SIM_NEVER);
    for (int64_t next; (next = sim_next_event(w)) < ns;) {
        w->now_ns = next;
        net_settle(w);
        outbound_settle(w);
    }
    w->now_ns = ns;
    net_settle(w);
    outbound_settle(w);
}

void sim_advance(struct sim_world *w, int64_t ns)
{
    sim_advance_to(w, w->now_ns + ns);
}

int64_t sim_next_due(struct sim_world *w)
{
    int64_t next = sim_next_event(w);
    for (uint32_t i = 0; i < w->machine_count; i++) {
        const struct plat *p = w->machines[i];
        if (p->alive && p->deadline_ns < next)
            next = p->deadline_ns;
    }
    return next < w->now_ns ? w->now_ns : next;
}

uint64_t sim_below(struct sim_world *w, uint64_t n)
{
    ASSERT(n >= 1);
    return random_next(w->random) % n;
}

bool sim_chance(struct sim_world *w, uint32_t permille)
{
    return permille != 0 && random_next(w->random) % 1000 < permille;
}

uint64_t sim_trace(const struct sim_world *w)
{
    return w->trace;
}

void sim_log_to(struct sim_world *w,
                void (*sink)(void *ctx, struct plat *p, enum log_level level, const char *line),
                void *ctx)
{
    w->log_sink = sink;
    w->log_ctx = ctx;
}

void sim_tap(struct sim_world *w,
             void (*tap)(void *ctx, struct plat *p, uint64_t connection, const uint8_t *bytes,
                         uint32_t size),
             void *ctx)
{
    w->tap = tap;
    w->tap_ctx = ctx;
}

/* --- machines --- */

static const struct sim_weather calm = {
    .latency_min_ns = 200 * 1000,
    .latency_max_ns = 1000 * 1000,
    .window = SIM_WINDOW_MAX,
    .connect_timeout_ns = 10 * NS_PER_S,
};

struct plat *sim_machine(struct sim_world *w, const char *name)
{
    ASSERT(w->machine_count < SIM_MACHINES_MAX);
    struct plat *p = take(sizeof(*p));
    p->world = w;
    snprintf(p->name, sizeof(p->name), "%s", name);
    p->number = w->machine_count;
    p->alive = true;
    p->boot_ns = w->now_ns;
    p->deadline_ns = w->now_ns;
    p->weather = calm;
    p->clock = (struct plat_clock){.is_synchronized = true, .error_us = 1000};
    p->port_next = 40000;
    p->proc_second = -1;
    random_seed(p->random, w->seed * 1000003 + p->number + 1);
    w->machines[w->machine_count++] = p;
    return p;
}

struct plat *sim_find(struct sim_world *w, const char *name)
{
    for (uint32_t i = 0; i < w->machine_count; i++)
        if (strcmp(w->machines[i]->name, name) == 0)
            return w->machines[i];
    return NULL;
}

const char *sim_name(const struct plat *p)
{
    return p->name;
}

uint32_t sim_number(const struct plat *p)
{
    return p->number;
}

uint32_t sim_boot(const struct plat *p)
{
    return p->boot;
}

uint32_t sim_second(const struct plat *p)
{
    return (uint32_t)((p->world->now_ns - p->boot_ns) / NS_PER_S);
}

struct sim_weather *sim_weather(struct plat *p)
{
    return &p->weather;
}

bool sim_due(struct plat *p)
{
    return p->alive &&
           (p->deadline_ns <= p->world->now_ns || p->signals != 0 || sim_ready(p) || outbound_ready(p));
}

void sim_signal(struct plat *p, uint32_t signals)
{
    p->signals |= signals;
}

uint32_t plat_signals(struct plat *p)
{
    uint32_t signals = p->signals;
    p->signals = 0;
    return signals;
}

bool sim_is_alive(const struct plat *p)
{
    return p->alive;
}

void sim_kill(struct plat *p, enum sim_death how)
{
    if (!p->alive)
        return;
    p->alive = false;
    p->dark = how == SIM_POWER_CUT;
    p->doom_effects = 0;
    trace_word(p->world, 0xdead0000U + p->number);
    net_machine_dies(p, how);
    outbound_machine_dies(p);
}

void sim_doom(struct plat *p, uint32_t effects, enum sim_death how)
{
    p->doom_effects = effects + 1;
    p->doom_how = how;
}

void sim_spare(struct plat *p)
{
    p->doom_effects = 0;
}

void sim_restart(struct plat *p)
{
    ASSERT(!p->alive);
    struct sim_world *w = p->world;
    if (p->dark) {
        disk_power_cut(p);
        p->boot++;
        p->boot_ns = w->now_ns;
        p->proc_second = -1;
        p->suspended_ms = 0;
    }
    memset(p->open_files, 0, sizeof(p->open_files));
    for (uint32_t i = 0; i < TEXTS_MAX; i++)
        p->texts[i].open = false;
    bool expired = p->credential.expired;
    p->credential = (struct credential){.expired = expired};
    p->incarnation++;
    p->alive = true;
    p->signals = 0;
    p->deadline_ns = w->now_ns;
    net_machine_returns(p);
    outbound_machine_returns(p);
    p->dark = false;
    trace_word(w, 0xa11fe000U + p->number);
}

/* --- clocks, chance, words, facts: the seam --- */

struct mono plat_mono(struct plat *p)
{
    /* No program may take the start of its clock for zero. */
    return (struct mono){p->world->now_ns - p->boot_ns + NS_PER_S};
}

struct wall plat_wall(struct plat *p)
{
    int64_t now_ns = p->world->now_ns;
    int64_t drift_ns = now_ns / 1000000 * p->wall_drift_ppm;
    return (struct wall){WALL_START_NS + now_ns + drift_ns + p->wall_offset_ns};
}

void sim_wall_jump(struct plat *p, int64_t ns)
{
    p->wall_offset_ns += ns;
}

void sim_wall_drift(struct plat *p, int32_t ppm)
{
    /* The clock goes on from where it is. */
    int64_t before_ns = plat_wall(p).ns;
    p->wall_drift_ppm = ppm;
    p->wall_offset_ns += before_ns - plat_wall(p).ns;
}

void sim_clock(struct plat *p, const struct plat_clock *clock)
{
    p->clock = *clock;
}

int plat_clock(struct plat *p, struct plat_clock *out)
{
    *out = p->clock;
    return ERR_OK;
}

void sim_suspended(struct plat *p, int64_t ms)
{
    p->suspended_ms = ms;
}

int64_t plat_suspended_ms(struct plat *p)
{
    return p->suspended_ms;
}

void plat_self(struct plat *p, struct plat_self *out)
{
    *out = (struct plat_self){
        .cpu_ns = (uint64_t)(p->world->now_ns - p->boot_ns) / SIM_SELF_CPU_DIVISOR,
        .rss_bytes = SIM_SELF_RSS};
}

void plat_random(struct plat *p, void *to, size_t size)
{
    uint8_t *at = to;
    while (size > 0) {
        uint64_t word = random_next(p->random);
        size_t n = size < sizeof(word) ? size : sizeof(word);
        memcpy(at, &word, n);
        at += n;
        size -= n;
    }
}

void plat_log(struct plat *p, enum log_level level, const char *format, ...)
{
    if (!p->alive)
        return;
    char line[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(line, sizeof(line), format, arguments);
    va_end(arguments);
    trace_bytes(p->world, line, strlen(line));
    if (p->world->log_sink)
        p->world->log_sink(p->world->log_ctx, p, level, line);
}

void plat_host(struct plat *p, struct plat_host *out)
{
    struct sim_proc proc;
    sim_proc_at(p->number, p->boot, 0, &proc);
    *out = (struct plat_host){.cpu_count = 2, .page_size = 4096,
                              .memory_bytes = proc.memory_kib[0] * 1024};
    snprintf(out->hostname, sizeof(out->hostname), "%s", p->name);
    snprintf(out->os, sizeof(out->os), "Simulated GNU/Linux 12");
    snprintf(out->kernel, sizeof(out->kernel), "6.1.0-sim");
    snprintf(out->architecture, sizeof(out->architecture), "x86_64");
    snprintf(out->machine_id, sizeof(out->machine_id), "%032x", p->number + 1);
}

int plat_wait(struct plat *p, struct mono deadline)
{
    if (!p->alive)
        return ERR_CLOSED;
    int64_t ns = deadline.ns > INT64_MAX / 2 ? SIM_NEVER : deadline.ns - NS_PER_S + p->boot_ns;
    p->deadline_ns = ns;
    p->ready_left = p->slot_end;
    p->ready_next = p->slot_end ? (uint32_t)(random_next(p->world->random) % p->slot_end) : 0;
    return ERR_OK;
}
