/* SPDX-License-Identifier: MIT */
/* Holding, looking and listing; see process_watch.h. */
#include "agent/collect/process_watch.h"

#include <string.h>

#include "platform/base/text.h"

#define TICKS_PER_S 100U
#define PATH_SIZE 32U
#define NOBODY UINT32_MAX

/* --- the table --- */

/* The index of the first process with this pid or a larger one. */
static uint32_t position(const struct process_watch *w, uint32_t pid)
{
    uint32_t low = 0, high = w->count;
    while (low < high) {
        uint32_t middle = (low + high) / 2;
        if (w->watched[middle].pid < pid)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct watched_process *find(struct process_watch *w, uint32_t pid)
{
    uint32_t at = position(w, pid);
    return at < w->count && w->watched[at].pid == pid ? &w->watched[at] : NULL;
}

static struct held_process *find_held(struct process_watch *w, uint32_t pid)
{
    for (uint32_t i = 0; i < PROCESSES_HELD_MAX; i++)
        if (w->held[i].pid == pid)
            return &w->held[i];
    return NULL;
}

static void let_go(struct process_watch *w, struct held_process *h)
{
    struct watched_process *it = find(w, h->pid);
    if (it != NULL)
        it->is_held = false;
    plat_text_close(w->plat, h->handle);
    h->pid = 0;
}

static void remove_at(struct process_watch *w, uint32_t at)
{
    struct watched_process *it = &w->watched[at];
    struct held_process *h = it->is_held ? find_held(w, it->pid) : NULL;
    if (h != NULL)
        let_go(w, h);
    w->unread_count -= !it->is_read;
    w->count--;
    memmove(it, it + 1, (w->count - at) * sizeof *it);
    w->turn -= w->turn > at;
    w->evict_at -= w->evict_at > at;
}

static void insert(struct process_watch *w, uint32_t pid, bool is_new)
{
    uint32_t at = position(w, pid);
    struct watched_process *it = &w->watched[at];
    ASSERT(w->count < PROCESSES_WATCHED_MAX);
    memmove(it + 1, it, (w->count - at) * sizeof *it);
    *it = (struct watched_process){.pid = pid, .is_new = is_new, .is_listed = true};
    w->count++;
    w->unread_count++;
    w->turn += w->turn > at;
    w->evict_at += w->evict_at > at;
}

/* --- reading one --- */

static uint32_t share_of(uint32_t ticks, uint32_t elapsed_ms)
{
    if (elapsed_ms == 0 || ticks > INT32_MAX) /* went back */
        return 0;
    uint64_t share = ((uint64_t)ticks * (10000 * MS_PER_S / TICKS_PER_S) + elapsed_ms / 2) / elapsed_ms;
    return share > UINT32_MAX ? UINT32_MAX : (uint32_t)share;
}

/* CPU ticks since it was read before. */
static uint32_t note(struct process_watch *w, struct watched_process *it, const struct process_reading *r)
{
    uint32_t start = (uint32_t)r->start_ticks, ticks = (uint32_t)r->cpu_ticks, used = 0;
    uint64_t kib = r->resident_pages > UINT32_MAX ? UINT32_MAX : r->resident_pages * w->page_kib;
    if (it->is_read && it->start_ticks == start) {
        used = ticks - it->cpu_ticks;
        if (it->read_ms != w->now_ms)
            it->cpu_share = share_of(used, w->now_ms - it->read_ms);
    } else {
        /* A new one began after the listing before; of others nothing is known, nor of one that took the
         * pid of another. */
        it->cpu_share = it->is_new ? share_of(ticks, w->now_ms - w->listed_before_ms) : 0;
    }
    w->unread_count -= !it->is_read;
    it->is_read = true;
    it->is_new = false;
    it->start_ticks = start;
    it->cpu_ticks = ticks;
    it->read_ms = w->now_ms;
    it->memory_kib = kib > UINT32_MAX ? UINT32_MAX : (uint32_t)kib;
    return used > INT32_MAX ? 0 : used;
}

static void path_of(uint32_t pid, char to[static PATH_SIZE])
{
    struct text path;
    text_init(&path, to, PATH_SIZE);
    text_put(&path, "/proc/");
    text_put_u64(&path, pid);
    text_put(&path, "/stat");
}

static bool parse(struct process_watch *w, int length, uint32_t pid, struct process_reading *r)
{
    return length > 0 && process_parse(w->scratch, (uint32_t)length, r) == ERR_OK && r->pid == pid;
}

/* False when it has ended. */
static bool look(struct process_watch *w, struct watched_process *it, struct process_reading *r)
{
    char path[PATH_SIZE];
    path_of(it->pid, path);
    w->looks++;
    if (!parse(w, plat_text_once(w->plat, path, w->scratch, SCRATCH_SIZE), it->pid, r))
        return false;
    (void)note(w, it, r);
    return true;
}

/* --- who is held --- */

/* The place of who matters least, if that is less than `share`; NULL when there is none. */
static struct held_process *find_place(struct process_watch *w, uint32_t share)
{
    struct held_process *least = NULL;
    uint32_t least_share = share;
    for (uint32_t i = 0; i < PROCESSES_HELD_MAX; i++) {
        struct held_process *h = &w->held[i];
        if (h->pid == 0)
            return h;
        if (h->is_large)
            continue;
        const struct watched_process *it = find(w, h->pid);
        uint32_t its = it == NULL ? 0 : it->cpu_share;
        if (its < least_share || (its == least_share && least != NULL && h->heat < least->heat)) {
            least = h;
            least_share = its;
        }
    }
    return least;
}

static struct held_process *hold(struct process_watch *w, struct watched_process *it, const char *name,
                                 uint32_t share)
{
    char path[PATH_SIZE];
    struct held_process *h = find_place(w, share);
    if (h == NULL)
        return NULL;
    if (h->pid != 0)
        let_go(w, h);
    path_of(it->pid, path);
    int handle = plat_text_open(w->plat, path);
    if (handle < 0)
        return NULL;
    *h = (struct held_process){.pid = it->pid, .handle = handle, .heat = it->cpu_share};
    memcpy(h->name, name, sizeof h->name);
    it->is_held = true;
    return h;
}

/* CPU ticks that those held used since the sample before. */
static uint32_t read_held(struct process_watch *w)
{
    uint32_t used = 0;
    for (uint32_t i = 0; i < PROCESSES_HELD_MAX; i++) {
        struct held_process *h = &w->held[i];
        struct process_reading r;
        if (h->pid == 0)
            continue;
        struct watched_process *it = find(w, h->pid);
        ASSERT(it != NULL);
        if (!parse(w, plat_text_read(w->plat, h->handle, w->scratch, SCRATCH_SIZE), h->pid, &r)) {
            remove_at(w, (uint32_t)(it - w->watched)); /* it has ended */
            continue;
        }
        used += note(w, it, &r);
        memcpy(h->name, r.name, sizeof h->name);
        h->heat -= (h->heat + 3) / 4;
        if (it->cpu_share > h->heat)
            h->heat = it->cpu_share;
        if (h->heat == 0 && !h->is_large)
            let_go(w, h);
    }
    return used;
}

/* --- listing --- */

/* Each name of /proc that is a pid, one after the other; 0 at the end. */
static uint32_t next_pid(const char **name)
{
    while (**name != '\0') {
        uint64_t pid;
        bool good = text_to_u64(*name, &pid) && pid > 0 && pid <= INT32_MAX;
        *name += strlen(*name) + 1;
        if (good)
            return (uint32_t)pid;
    }
    return 0;
}

/* Somebody who has been looked at makes room; false when there is nobody. */
static bool evict(struct process_watch *w)
{
    for (uint32_t i = 0; i < w->count; i++) {
        uint32_t at = (w->evict_at + i) % w->count;
        if (!w->watched[at].is_read || w->watched[at].is_held)
            continue;
        w->evict_at = at;
        remove_at(w, at);
        return true;
    }
    return false;
}

/* Pids that are not in the table yet. When they are too many, some take their turn: as many as will be
 * looked at until the next listing. */
static void insert_listed(struct process_watch *w, uint32_t turns)
{
    const char *name = w->scratch;
    uint32_t pid, listed = 0, taken = 0, waiting_from = w->waiting_pid;
    bool is_first = w->listed_ms == w->listed_before_ms;
    for (; (pid = next_pid(&name)) != 0; listed++) {
        if (find(w, pid) != NULL)
            continue;
        if (w->count < PROCESSES_WATCHED_MAX) {
            insert(w, pid, !is_first);
            continue;
        }
        if (pid <= waiting_from || taken == turns || !evict(w))
            continue;
        insert(w, pid, false);
        w->waiting_pid = pid;
        taken++;
    }
    if (taken < turns)
        w->waiting_pid = 0; /* from the beginning again */
    w->waiting_count = listed - w->count;
}

static void list(struct process_watch *w, uint32_t turns)
{
    const char *name = w->scratch;
    int n = plat_list(w->plat, "/proc", w->scratch, SCRATCH_SIZE);
    w->listed_before_ms = w->count == 0 ? w->now_ms : w->listed_ms;
    w->listed_ms = w->now_ms;
    if (n < 0 && n != ERR_FULL)
        return;
    uint32_t pid;
    while ((pid = next_pid(&name)) != 0) {
        struct watched_process *it = find(w, pid);
        if (it != NULL)
            it->is_listed = true;
    }
    for (uint32_t i = w->count; i > 0; i--) {
        if (!w->watched[i - 1].is_listed)
            remove_at(w, i - 1);
        else
            w->watched[i - 1].is_listed = false;
    }
    insert_listed(w, turns);
    for (uint32_t i = 0; i < w->count; i++)
        w->watched[i].is_listed = false;
    if (w->waiting_count == 0 || w->said_waiting)
        return;
    w->said_waiting = true;
    plat_log(w->plat, LOG_INFO, "more than %u processes: %u of them take turns, so a busy one may be found "
             "late", PROCESSES_WATCHED_MAX, w->waiting_count);
}

/* --- looking at the others --- */

/* Who is next: new ones first. */
static uint32_t next_in_turn(struct process_watch *w)
{
    for (uint32_t i = 0; i < w->count; i++) {
        uint32_t at = (w->turn + i) % w->count;
        const struct watched_process *it = &w->watched[at];
        if (w->unread_count > 0 ? it->is_read : it->is_held || it->read_ms == w->now_ms)
            continue;
        if (w->unread_count == 0)
            w->turn = at + 1;
        return at;
    }
    return NOBODY;
}

static void look_around(struct process_watch *w)
{
    uint32_t most = w->sweep_left > 0 ? PROCESSES_LOOKS_SWEEP : PROCESSES_LOOKS;
    while (w->looks < most) {
        struct process_reading r;
        uint32_t at = next_in_turn(w);
        w->sweep_left -= w->sweep_left > 0;
        if (at == NOBODY) {
            w->sweep_left = 0;
            return;
        }
        if (!look(w, &w->watched[at], &r))
            remove_at(w, at);
        else if (w->watched[at].cpu_share > 0)
            (void)hold(w, &w->watched[at], r.name, w->watched[at].cpu_share);
    }
}

/* --- sweeps --- */

/* Ticks a second that those held do not explain. */
static uint32_t unexplained(struct process_watch *w, const struct process_moment *m, uint32_t explained)
{
    uint32_t elapsed_ms = w->now_ms - w->before_ms;
    uint64_t busy = m->busy_ticks > w->busy_ticks ? m->busy_ticks - w->busy_ticks : 0;
    if (w->busy_ticks == 0 || elapsed_ms == 0 || busy <= explained || busy > UINT32_MAX)
        return 0;
    return (uint32_t)((busy - explained) * MS_PER_S / elapsed_ms);
}

static bool has_passed(const struct process_watch *w, uint32_t since_ms, uint32_t ms)
{
    return w->now_ms - since_ms >= ms;
}

static void plan(struct process_watch *w, const struct process_moment *m, uint32_t ticks)
{
    bool was_sweeping = w->sweep_left > 0;
    uint32_t settled = w->settled_ticks, margin = settled / 2;
    if (margin < PROCESSES_UNEXPLAINED_TICKS)
        margin = PROCESSES_UNEXPLAINED_TICKS;
    if (!was_sweeping && ticks < settled)
        w->settled_ticks -= (settled - ticks + 3) / 4; /* slowly: short lives come in bursts */
    bool more = ticks > settled + margin;
    bool again = ticks > PROCESSES_UNEXPLAINED_TICKS && (int32_t)(w->now_ms - w->sweep_again_ms) >= 0;
    bool begin = !was_sweeping && (more || again);
    bool is_old = m->forks != w->forks_listed && has_passed(w, w->listed_ms, PROCESSES_LIST_MS_MIN);
    if (has_passed(w, w->listed_ms, PROCESSES_LIST_MS) || (begin && is_old)) {
        list(w, begin || was_sweeping ? PROCESSES_LOOKS_SWEEP : 10 * PROCESSES_LOOKS);
        w->forks_listed = m->forks;
    }
    if (!begin)
        return;
    w->sweep_left = w->count;
    w->settled_ticks = ticks;
    w->sweep_again_ms = w->now_ms + PROCESSES_SWEEP_PAUSE_MS;
}

/* --- ranking --- */

/* Indexes of the first by memory, the largest first; how many. */
static uint32_t find_large(const struct process_watch *w, uint32_t first[static PROCESSES_RANKED])
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < w->count; i++) {
        uint32_t kib = w->watched[i].memory_kib;
        if (kib == 0 || (n == PROCESSES_RANKED && kib <= w->watched[first[n - 1]].memory_kib))
            continue;
        uint32_t at = n < PROCESSES_RANKED ? n++ : n - 1;
        for (; at > 0 && w->watched[first[at - 1]].memory_kib < kib; at--)
            first[at] = first[at - 1];
        first[at] = i;
    }
    return n;
}

/* Marks those held that are among the first by memory, and holds them from now on. */
static void hold_large(struct process_watch *w)
{
    uint32_t first[PROCESSES_RANKED], n = find_large(w, first);
    for (uint32_t i = 0; i < PROCESSES_HELD_MAX; i++)
        w->held[i].is_large = false;
    for (uint32_t i = 0; i < n; i++) {
        struct held_process *h = find_held(w, w->watched[first[i]].pid);
        if (h != NULL)
            h->is_large = true;
    }
    for (uint32_t i = 0; i < n; i++) {
        struct watched_process *it = &w->watched[first[i]];
        struct process_reading r;
        if (it->is_held)
            continue;
        if (!look(w, it, &r)) {
            it->memory_kib = 0; /* it has ended, and goes with the next listing */
            continue;
        }
        struct held_process *h = hold(w, it, r.name, UINT32_MAX);
        if (h != NULL)
            h->is_large = true;
    }
}

static void put(struct process_tops *out, const struct watched_process *it, const char *name)
{
    for (uint32_t i = 0; i < out->count; i++)
        if (out->tops[i].pid == it->pid)
            return;
    struct process_top *top = &out->tops[out->count++];
    *top = (struct process_top){.pid = it->pid, .cpu_share = it->cpu_share, .memory_kib = it->memory_kib};
    memcpy(top->name, name, sizeof top->name);
}

/* Of those held the first by CPU. All have been read for this sample. */
static void put_busiest(struct process_watch *w, struct process_tops *out)
{
    uint32_t done = 0; /* a bit for each place */
    for (uint32_t n = 0; n < PROCESSES_RANKED; n++) {
        const struct watched_process *best = NULL;
        uint32_t best_at = 0;
        for (uint32_t i = 0; i < PROCESSES_HELD_MAX; i++) {
            const struct watched_process *it = w->held[i].pid != 0 ? find(w, w->held[i].pid) : NULL;
            if (it == NULL || (done >> i & 1) != 0 || it->cpu_share == 0 ||
                (best != NULL && it->cpu_share <= best->cpu_share))
                continue;
            best = it;
            best_at = i;
        }
        if (best == NULL)
            return;
        done |= 1U << best_at;
        put(out, best, w->held[best_at].name);
    }
}

/* --- the room's doors --- */

void process_watch_init(struct process_watch *w, struct plat *p, char *scratch,
                        const struct process_moment *m)
{
    struct plat_host host;
    plat_host(p, &host);
    w->plat = p;
    w->scratch = scratch;
    w->page_kib = host.page_size / 1024;
    w->busy_ticks = m->busy_ticks;
    w->forks_listed = m->forks;
    w->now_ms = w->before_ms = w->sweep_again_ms = (uint32_t)(m->now.ns / NS_PER_MS);
    list(w, 0);
    w->sweep_left = w->count;
    look_around(w);
    w->sweep_left = w->count; /* once more with the first sample */
}

void process_watch_take(struct process_watch *w, const struct process_moment *m, struct process_tops *out)
{
    w->now_ms = (uint32_t)(m->now.ns / NS_PER_MS);
    w->looks = 0;
    plan(w, m, unexplained(w, m, read_held(w)));
    look_around(w);
    hold_large(w);
    out->count = 0;
    for (uint32_t i = 0; i < PROCESSES_HELD_MAX; i++)
        if (w->held[i].pid != 0 && w->held[i].is_large)
            put(out, find(w, w->held[i].pid), w->held[i].name);
    put_busiest(w, out);
    w->busy_ticks = m->busy_ticks;
    w->before_ms = w->now_ms;
}
