/* SPDX-License-Identifier: MIT */
/* The processes of an alert: those of its peak, and of a few more moments from its beginning to its end.
 *
 * One moment is not enough. What stays at its bound has its peak in the very first sample, when the agent may
 * not yet have found who does it: a newcomer is seen by the next list of processes, seconds later. And a
 * process that happened to be busy at the peak need not be the one that was busy all the time. */
#include "aggregator/api/routes/words_pool.h"

#define MINUTE_MS INT64_C(60000)
#define PROCESSES_MS INT64_C(120000) /* how far from a moment its sample may be */

/* All of a name, over the moments. */
struct busy {
    struct alert_process mean;
    int64_t seen_ms; /* the newest moment */
};

#define BUSY_MAX (EXPLAIN_MOMENTS_MAX * PROCESS_TOPS_MAX)

/* The peak first, then the beginning, two between, and the last time over the level. */
static int64_t moment_ms(const struct exchange *x, const struct alert *a, uint32_t at)
{
    int64_t first_ms = a->first_ms, last_ms = a->last_ms;
    if (at == 0)
        return a->scale != 0 && a->peak_ms > 0 ? a->peak_ms : first_ms;
    /* While it is open, the record is brought up to date about once a minute. */
    if (a->status != ALERT_RESOLVED)
        last_ms = x->now_ms < last_ms + MINUTE_MS ? x->now_ms : last_ms + MINUTE_MS;
    if (last_ms < first_ms)
        last_ms = first_ms;
    return first_ms + (last_ms - first_ms) * (at - 1) / (EXPLAIN_MOMENTS_MAX - 2);
}

static bool is_known(const struct explain *e, int64_t time_ms)
{
    for (uint32_t i = 0; i < e->moment_count; i++)
        if (e->moments[i].time_ms == time_ms)
            return true;
    return false;
}

/* --- the means --- */

/* The process had another number in all moments before. */
static bool is_new(const struct explain *e, uint32_t moment, const struct process_top *p)
{
    for (uint32_t m = 0; m < moment; m++)
        for (uint32_t i = 0; i < e->moments[m].tops.count; i++) {
            const struct process_top *other = &e->moments[m].tops.tops[i];
            if (other->pid == p->pid && text_equal(other->name, p->name))
                return false;
        }
    return true;
}

/* Those of one name are told together: ten workers are one answer. Who is not among the top of a moment adds
 * nothing to the mean. How many names. */
static uint32_t group(const struct explain *e, struct busy list[BUSY_MAX])
{
    uint32_t count = 0;
    for (uint32_t m = 0; m < e->moment_count; m++) {
        const struct store_processes *moment = &e->moments[m];
        for (uint32_t i = 0; i < moment->tops.count; i++) {
            const struct process_top *p = &moment->tops.tops[i];
            uint32_t at = 0;
            while (at < count && !text_equal(list[at].mean.name, p->name))
                at++;
            if (at == count)
                list[count++] = (struct busy){.mean.name = p->name};
            struct busy *b = &list[at];
            if (b->mean.pid == 0 || b->seen_ms < moment->time_ms) {
                b->mean.pid = p->pid;
                b->seen_ms = moment->time_ms;
            }
            b->mean.count += is_new(e, m, p);
            b->mean.cpu_percent += p->cpu_share / 100.0 / e->moment_count;
            b->mean.memory_bytes += 1024.0 * p->memory_kib / e->moment_count;
        }
    }
    return count;
}

static bool is_before(const struct alert_process *a, const struct alert_process *b, bool by_memory)
{
    double left = by_memory ? a->memory_bytes : a->cpu_percent;
    double right = by_memory ? b->memory_bytes : b->cpu_percent;
    return left > right || (left == right && a->pid < b->pid);
}

static void put_largest(struct explain *e)
{
    bool by_memory = e->words.subject == SUBJECT_MEMORY || e->words.subject == SUBJECT_SWAP ||
                     e->words.subject == SUBJECT_OOM;
    struct busy list[BUSY_MAX];
    uint32_t count = group(e, list);
    for (uint32_t k = 0; k < count && k < ALERT_PROCESSES_MAX; k++) {
        for (uint32_t i = k + 1; i < count; i++)
            if (is_before(&list[i].mean, &list[k].mean, by_memory)) {
                struct busy other = list[k];
                list[k] = list[i];
                list[i] = other;
            }
        e->facts.processes[e->facts.process_count++] = list[k].mean;
    }
}

static void put_times(struct explain *e)
{
    struct alert_facts *f = &e->facts;
    f->process_samples = e->moment_count;
    for (uint32_t i = 0; i < e->moment_count; i++) {
        int64_t time_ms = e->moments[i].time_ms;
        if (i == 0 || time_ms < f->processes_from_ms)
            f->processes_from_ms = time_ms;
        if (i == 0 || time_ms > f->processes_to_ms)
            f->processes_to_ms = time_ms;
    }
}

/* A slice looks at one moment, as that may cost the reading of a chunk. */
int explain_processes(struct exchange *x, struct explain *e)
{
    if (e->at_moment == EXPLAIN_MOMENTS_MAX) {
        put_largest(e);
        put_times(e);
        e->stage = EXPLAIN_PAST;
        return ERR_AGAIN;
    }
    struct store_processes *found = &e->moments[e->moment_count];
    int64_t at_ms = moment_ms(x, &e->alert, e->at_moment++);
    int n = store_processes(x->world->store, (uint32_t)e->instance,
                            at_ms > PROCESSES_MS ? at_ms - PROCESSES_MS : 0, at_ms + MS_PER_S, found);
    if (n < 0)
        return n;
    /* A sample without processes tells nothing of who was busy. */
    e->moment_count += n > 0 && found->tops.count > 0 && !is_known(e, found->time_ms);
    return ERR_AGAIN;
}
