/* SPDX-License-Identifier: MIT */
/* Processes of samples: gathering them; see processes.h. */
#include "proto/processes.h"

#include <string.h>

#define NO_ID UINT32_MAX

static_assert(PROCESS_SAMPLES_MAX * PROCESS_TOPS_MAX <= UINT16_MAX, "a use has a number of 16 bits");

static bool is_id(const struct process_id *id, uint32_t pid, const char *name)
{
    return id->pid == pid && memcmp(id->name, name, strlen(name) + 1) == 0;
}

/* Samples mostly name the same processes in the same order, so the guess is mostly right. */
static uint32_t find(const struct processes *p, uint32_t pid, const char *name, uint32_t guess)
{
    if (guess < p->id_count && is_id(&p->ids[guess], pid, name))
        return guess;
    for (uint32_t i = p->id_count; i > 0; i--)
        if (is_id(&p->ids[i - 1], pid, name))
            return i - 1;
    return NO_ID;
}

uint32_t processes_put_id(struct processes *p, uint32_t pid, const char *name)
{
    ASSERT(p->id_count < p->ids_max);
    struct process_id *id = &p->ids[p->id_count];
    *id = (struct process_id){.pid = pid};
    memcpy(id->name, name, strlen(name) + 1);
    return p->id_count++;
}

void processes_put_use(struct processes *p, struct process_id *id, uint32_t sample, uint32_t cpu_share,
                       uint32_t memory_kib)
{
    ASSERT(p->use_count < p->uses_max);
    ASSERT(id->count == 0 || p->uses[id->last].sample < sample);
    uint16_t at = (uint16_t)p->use_count++;
    p->uses[at] = (struct process_use){.cpu_share = cpu_share, .memory_kib = memory_kib,
                                       .sample = (uint16_t)sample};
    if (id->count++ == 0)
        id->first = at;
    else
        p->uses[id->last].next = at;
    id->last = at;
}

int processes_add(struct processes *p, uint32_t sample, const struct process_tops *tops)
{
    uint32_t at[PROCESS_TOPS_MAX], guess = 0, new_count = 0;
    for (uint32_t i = 0; i < tops->count; i++) {
        at[i] = find(p, tops->tops[i].pid, tops->tops[i].name, guess);
        new_count += at[i] == NO_ID;
        guess = at[i] + 1;
    }
    if (new_count > p->ids_max - p->id_count || tops->count > p->uses_max - p->use_count)
        return ERR_FULL;
    for (uint32_t i = 0; i < tops->count; i++) {
        const struct process_top *t = &tops->tops[i];
        if (at[i] == NO_ID)
            at[i] = processes_put_id(p, t->pid, t->name);
        processes_put_use(p, &p->ids[at[i]], sample, t->cpu_share, t->memory_kib);
    }
    return ERR_OK;
}

const struct process_use *processes_next_use(const struct processes *p, const struct process_id *id,
                                             const struct process_use *use)
{
    return use == &p->uses[id->last] ? NULL : &p->uses[use->next];
}

const struct process_use *processes_first_use(const struct processes *p, const struct process_id *id)
{
    return id->count == 0 ? NULL : &p->uses[id->first];
}

/* The first use at or behind a sample. */
static const struct process_use *use_from(const struct processes *p, const struct process_id *id,
                                          uint32_t sample)
{
    const struct process_use *use = processes_first_use(p, id);
    while (use != NULL && use->sample < sample)
        use = processes_next_use(p, id, use);
    return use;
}

int processes_append(struct processes *p, uint32_t at, const struct processes *more, uint32_t from,
                     uint32_t to)
{
    if (more->id_count > p->ids_max - p->id_count || more->use_count > p->uses_max - p->use_count)
        return ERR_FULL;
    uint32_t id_at = NO_ID;
    for (uint32_t i = 0; i < more->id_count; i++) {
        const struct process_id *id = &more->ids[i];
        const struct process_use *use = use_from(more, id, from);
        if (use == NULL || use->sample >= to)
            continue;
        id_at = find(p, id->pid, id->name, id_at + 1);
        if (id_at == NO_ID)
            id_at = processes_put_id(p, id->pid, id->name);
        struct process_id *known = &p->ids[id_at];
        for (; use != NULL && use->sample < to; use = processes_next_use(more, id, use)) {
            uint32_t sample = at + use->sample - from;
            /* A block may name a process twice: it is given once. */
            if (known->count == 0 || p->uses[known->last].sample < sample)
                processes_put_use(p, known, sample, use->cpu_share, use->memory_kib);
        }
    }
    return ERR_OK;
}

void processes_drop(struct processes *p, uint32_t count)
{
    for (uint32_t i = 0; i < p->id_count; i++) {
        struct process_id *id = &p->ids[i];
        while (id->count > 0 && p->uses[id->first].sample < count) {
            id->first = p->uses[id->first].next;
            id->count--;
        }
        uint16_t at = id->first;
        for (uint32_t n = 0; n < id->count; n++) {
            p->uses[at].sample = (uint16_t)(p->uses[at].sample - count);
            at = p->uses[at].next;
        }
    }
}

void processes_of_sample(const struct processes *p, uint32_t sample, struct process_tops *out)
{
    out->count = 0;
    for (uint32_t i = 0; i < p->id_count && out->count < PROCESS_TOPS_MAX; i++) {
        const struct process_id *id = &p->ids[i];
        const struct process_use *use = use_from(p, id, sample);
        if (use == NULL || use->sample != sample)
            continue;
        struct process_top top = {.pid = id->pid, .cpu_share = use->cpu_share,
                                  .memory_kib = use->memory_kib};
        memcpy(top.name, id->name, sizeof top.name);
        uint32_t at = out->count++;
        for (; at > 0 && out->tops[at - 1].pid > top.pid; at--)
            out->tops[at] = out->tops[at - 1];
        out->tops[at] = top;
    }
}
