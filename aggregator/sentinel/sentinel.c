/* SPDX-License-Identifier: MIT */
/* See sentinel.h. */
#include "aggregator/sentinel/sentinel.h"

#include <string.h>

#include "aggregator/sentinel/probe.h"
#include "aggregator/sentinel/tell.h"
#include "aggregator/store/store_documents.h"

/* After a change two looks follow quickly: an alert need not wait for long, nor be made of one slip. */
#define CONFIRM_MS 10000
#define CONFIRMATIONS 2U
/* At the start and after a change of the configuration, one behind the other. */
#define STAGGER_MS 50
#define TELL_AGAIN_MS 500
/* Storage that refuses for longer loses the result: the next one is newer. */
#define KEEP_MS 60000

struct sentinel {
    struct plat *plat;
    struct store *store;
    struct watcher *watcher;
    struct check_set set, spare;
    struct check_state states[CHECKS_MAX], spare_states[CHECKS_MAX];
    struct check configured[CHECKS_MAX];
    uint32_t configured_count;
    uint64_t revision;             /* of the checks in the store */
    bool is_open;                  /* configured at least once */
    struct mono found_at[SENTINEL_SLOTS];
    struct probe probes[SENTINEL_SLOTS];
    struct memory_line *line;
    char complaint[200];
    struct sentinel_board board;
};

struct sentinel *sentinel_reserve(struct memory_map *map, uint32_t servers_max)
{
    struct sentinel *s = memory_reserve(map, "sentinel: checks", 1, sizeof *s, "further checks are refused");
    struct memory_line *line = memory_last_line(map);
    struct watcher *w = watcher_reserve(map, servers_max);
    if (s != NULL) {
        s->watcher = w;
        s->line = line;
        s->board = (struct sentinel_board){.checks = &s->set, .states = s->states,
                                           .complaint = s->complaint, .vultr = watcher_board(w)};
    }
    return s;
}

void sentinel_open(struct sentinel *s, struct plat *p, struct store *store)
{
    s->plat = p;
    s->store = store;
    watcher_open(s->watcher, p, store);
}

const struct sentinel_board *sentinel_board(const struct sentinel *s)
{
    return &s->board;
}

/* --- which checks there are --- */

/* What was known of a check that is still the same goes on. */
static void take_over(struct sentinel *s, uint32_t index, struct mono now)
{
    const struct check *c = &s->spare.checks[index];
    int was = checks_find(&s->set, c->name);
    struct check_state *to = &s->spare_states[index];
    bool is_same = was >= 0 && text_equal(s->set.checks[was].url, c->url);
    *to = is_same ? s->states[was] : (struct check_state){.due = mono_after_ms(now, index * STAGGER_MS)};
    if (was >= 0 && !text_equal(s->set.checks[was].instance, c->instance))
        to->instance[0] = '\0';
    if (to->due.ns > mono_after_ms(now, c->interval_ms).ns)
        to->due = mono_after_ms(now, c->interval_ms);
}

static void rebuild(struct sentinel *s, struct mono now)
{
    uint32_t length;
    struct text why;
    const char *text = store_document(s->store, CHECKS_DOCUMENT, &length, &s->revision);
    s->spare.count = s->configured_count;
    memcpy(s->spare.checks, s->configured, s->configured_count * sizeof s->configured[0]);
    text_init(&why, s->complaint, sizeof s->complaint);
    if (checks_parse(&s->spare, text, length, CHECK_FROM_API, &why) >= 0)
        text_clear(&why);
    else
        plat_log(s->plat, LOG_ERROR, "checks in the store are left out: %s", s->complaint);
    for (uint32_t i = 0; i < s->spare.count; i++)
        take_over(s, i, now);
    for (uint32_t i = 0; i < s->set.count; i++)
        if (checks_find(&s->spare, s->set.checks[i].name) < 0)
            tell_check_gone(s->store, s->set.checks[i].name);
    s->set = s->spare;
    memcpy(s->states, s->spare_states, sizeof s->states);
}

void sentinel_configure(struct sentinel *s, const struct check *checks, uint32_t count,
                        const struct watcher_settings *vultr)
{
    bool is_first = !s->is_open;
    ASSERT(count <= CHECKS_MAX);
    if (count > 0)
        memcpy(s->configured, checks, count * sizeof *checks);
    s->configured_count = count;
    s->is_open = true;
    rebuild(s, plat_mono(s->plat));
    if (is_first)
        tell_orphans_gone(s->store, &s->set);
    watcher_configure(s->watcher, vultr);
}

/* --- checks under way --- */

static void begin(struct sentinel *s, struct probe *b, uint32_t index, struct mono now)
{
    const struct check *c = &s->set.checks[index];
    struct check_state *state = &s->states[index];
    bool is_late = state->runs > 0 && mono_reached(now, mono_after_ms(state->due, c->interval_ms));
    s->board.late += is_late;
    state->is_running = true;
    state->due = mono_after_ms(is_late || state->runs == 0 ? now : state->due, c->interval_ms);
    state->runs++;
    probe_start(b, c, now);
}

/* The check that is due first, begun in a free slot; false when there is none, or no slot. */
static bool begin_next(struct sentinel *s, struct mono now, struct mono *next)
{
    struct probe *unused = NULL;
    int first = ERR_MISSING;
    for (uint32_t i = 0; i < SENTINEL_SLOTS && unused == NULL; i++)
        unused = s->probes[i].state == PROBE_FREE ? &s->probes[i] : NULL;
    for (uint32_t i = 0; i < s->set.count && unused != NULL; i++)
        if (!s->states[i].is_running && (first < 0 || s->states[i].due.ns < s->states[first].due.ns))
            first = (int)i;
    if (first < 0)
        return false;
    if (!mono_reached(now, s->states[first].due)) {
        *next = mono_earlier(*next, s->states[first].due);
        return false;
    }
    begin(s, unused, (uint32_t)first, now);
    return true;
}

static void note_change(struct check_state *state, const struct finding *f, const struct check *c,
                        struct mono now, int64_t now_ms)
{
    bool is_change = !state->has_finding || state->finding.health != f->health;
    if (is_change)
        state->since_ms = now_ms;
    if (is_change && (state->has_finding || f->health != HEALTHY))
        state->confirmations = CONFIRMATIONS;
    else if (state->confirmations > 0)
        state->confirmations--;
    struct mono soon = mono_after_ms(now, CONFIRM_MS < c->interval_ms ? CONFIRM_MS : c->interval_ms);
    if (state->confirmations > 0)
        state->due = mono_earlier(state->due, soon);
}

/* What was found, once; the slot stays taken until storage has it. */
static bool settle(struct sentinel *s, struct probe *b, struct mono now, struct mono found_at)
{
    struct wall wall = plat_wall(s->plat);
    int index = checks_find(&s->set, b->check.name);
    struct check_state *state = index < 0 ? NULL : &s->states[index];
    bool is_same = state != NULL && text_equal(s->set.checks[index].url, b->check.url);
    if (!is_same)
        return true; /* gone, or another one by now */
    if (state->is_running) {
        note_change(state, &b->finding, &b->check, now, wall_ms(wall));
        state->finding = b->finding;
        state->has_finding = true;
        state->is_running = false;
        state->checked_ms = wall_ms(wall);
        state->failures += b->finding.health == UNHEALTHY;
    }
    int told = tell_finding(s->store, &s->set.checks[index], state, wall);
    bool is_waiting = (told == ERR_FULL || told == ERR_SYSTEM) &&
                      !mono_reached(now, mono_after_ms(found_at, KEEP_MS));
    s->board.results_lost += told < 0 && !is_waiting;
    return !is_waiting;
}

static struct mono step_probe(struct sentinel *s, uint32_t slot, struct mono now)
{
    struct probe *b = &s->probes[slot];
    bool was_asking = b->state == PROBE_ASKING;
    struct mono next = probe_step(b, s->plat, now);
    if (b->state != PROBE_DONE)
        return next;
    if (was_asking)
        s->found_at[slot] = now;
    if (!settle(s, b, now, s->found_at[slot]))
        return mono_after_ms(now, TELL_AGAIN_MS);
    b->state = PROBE_FREE;
    return now;
}

struct mono sentinel_step(struct sentinel *s, struct mono now)
{
    struct mono next = MONO_NEVER;
    uint32_t length;
    uint64_t revision;
    if (!s->is_open)
        return next;
    (void)store_document(s->store, CHECKS_DOCUMENT, &length, &revision);
    if (revision != s->revision)
        rebuild(s, now);
    for (uint32_t i = 0; i < SENTINEL_SLOTS; i++)
        if (s->probes[i].state != PROBE_FREE)
            next = mono_earlier(next, step_probe(s, i, now));
    while (begin_next(s, now, &next))
        next = now;
    memory_use(s->line, s->set.count > 0);
    return mono_earlier(next, watcher_step(s->watcher, now));
}
