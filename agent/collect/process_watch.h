/* SPDX-License-Identifier: MIT */
/* Which processes use most: five by CPU and five by memory with every sample, at a bounded cost.
 *
 * Reading every process every second would cost more than everything else together. So those that may be at
 * the top are held: their texts stay open and are read with every sample. All others are looked at in turn, a
 * few with each sample, and one that turns out to use more takes a place. That would find a process that
 * becomes busy only when its turn comes; but /proc/stat tells how much CPU time all processes used, so time
 * that those held do not explain starts a sweep: the list of processes is read again, and many are looked at
 * with each sample until all have been. It finds the process within
 *
 *     1 sample to notice, n / PROCESSES_LOOKS_SWEEP samples for n processes: 4 s for 300, 6 s for 512
 *
 * Time that a whole sweep cannot explain (processes that live shorter than a second) starts no other until
 * there is more of it by half, or PROCESSES_SWEEP_PAUSE_MS have passed: so where much is compiled, a busy
 * process may be found only after that pause.
 *
 * A process uses CPU "since it was read before": one second if it is held, longer the first time. With more
 * than PROCESSES_WATCHED_MAX processes, those that have been looked at give way to the others in turn. */
#ifndef NEPHOS_COLLECT_PROCESS_WATCH_H
#define NEPHOS_COLLECT_PROCESS_WATCH_H

#include "agent/collect/process.h"
#include "agent/limits.h"
#include "platform/platform.h"
#include "proto/processes.h"

/* Numbers that count on go round: only differences matter. */
struct watched_process {
    uint32_t pid;
    uint32_t start_ticks, cpu_ticks;
    uint32_t read_ms;    /* when that was */
    uint32_t memory_kib;
    uint32_t cpu_share;  /* percent of one CPU times 100, between the last two readings */
    bool is_read, is_new, is_held, is_listed;
};

struct held_process {
    uint32_t pid;        /* 0: the place is free */
    int handle;
    uint32_t heat;       /* its share, fading: who was busy lately stays a while */
    bool is_large;       /* among the first by memory */
    char name[PROCESS_NAME_SIZE];
};

struct process_watch {
    struct plat *plat;
    char *scratch;       /* SCRATCH_SIZE bytes, lent */
    uint32_t page_kib;
    uint64_t busy_ticks; /* at the sample before */
    uint32_t now_ms, before_ms;
    uint32_t listed_ms, listed_before_ms;
    uint64_t forks_listed;
    /* sweeps */
    uint32_t sweep_left;        /* processes still to be looked at */
    uint32_t settled_ticks;     /* a second: what the last sweep could not explain */
    uint32_t sweep_again_ms;
    uint32_t looks;             /* with this sample so far */

    uint32_t turn;              /* index of who is looked at next */
    uint32_t unread_count;
    uint32_t waiting_count;     /* processes beyond the table at the last listing */
    bool said_waiting;
    uint32_t waiting_pid, evict_at;
    uint32_t count;
    struct held_process held[PROCESSES_HELD_MAX];
    struct watched_process watched[PROCESSES_WATCHED_MAX]; /* ascending by pid */
};

/* What the sample knows already. */
struct process_moment {
    struct mono now;
    uint64_t busy_ticks; /* user, nice and system time of all CPUs since boot; 0: unknown */
    uint64_t forks;
};

/* Lists the processes and looks at the first of them, so that the first sample has a share to tell. */
void process_watch_init(struct process_watch *w, struct plat *p, char *scratch,
                        const struct process_moment *m);
void process_watch_take(struct process_watch *w, const struct process_moment *m, struct process_tops *out);

#endif
