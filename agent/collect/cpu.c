/* SPDX-License-Identifier: MIT */
/* /proc/stat; see cpu.h. */
#include "agent/collect/cpu.h"

#include <string.h>

#include "agent/collect/span.h"
#include "platform/base/text.h"

static const char *const event_names[CPU_EVENT_COUNT] = {
    [CPU_CONTEXT_SWITCHES] = "ctxt",
    [CPU_FORKS] = "processes",
    [CPU_RUNNING] = "procs_running",
    [CPU_BLOCKED] = "procs_blocked",
    [CPU_BOOT_TIME] = "btime",
};

/* user, nice, system and idle are as old as Linux; the others came one by one. */
#define OLDEST_MODE_COUNT 4U
#define COLUMNS (CPU_MODE_COUNT + CPU_GUEST_COUNT)

static void add_core(struct cpu_reading *r, uint64_t number, const uint64_t column[COLUMNS])
{
    if (r->core_count == CORES_MAX) {
        r->cores_skipped++;
        return;
    }
    uint32_t at = r->core_count++;
    struct cpu_core *core = &r->cores[at];
    *core = (struct cpu_core){.number = (uint32_t)number};
    for (uint32_t i = 0; i < CPU_MODE_COUNT; i++)
        *(i == CPU_IDLE || i == CPU_IOWAIT ? &core->idle : &core->busy) += column[i];
    if (at < CORE_MODES_MAX)
        memcpy(r->core_ticks[at], column, sizeof r->core_ticks[at]);
}

/* "cpu", or "cpu17" */
static void parse_ticks(struct span name, struct span line, struct cpu_reading *out)
{
    uint64_t column[COLUMNS], number;
    bool is_good = span_numbers(&line, column, COLUMNS) >= OLDEST_MODE_COUNT;
    name.at += 3;
    if (name.at == name.end) {
        out->has_ticks = is_good;
        memcpy(out->ticks, column, sizeof out->ticks);
        memcpy(out->guest, column + CPU_MODE_COUNT, sizeof out->guest);
    } else if (is_good && text_take_u64(&name.at, name.end, &number) && name.at == name.end &&
               number <= UINT32_MAX) {
        add_core(out, number, column);
    }
}

void cpu_parse(const char *text, uint32_t length, struct cpu_reading *out)
{
    /* Not the arrays: what is not counted is not looked at, and most machines have few cores. */
    memset(out, 0, offsetof(struct cpu_reading, cores));
    struct span rest = span_of(text, length), line, name;
    while (span_line(&rest, &line)) {
        if (!span_word(&line, &name))
            continue;
        if (span_length(name) >= 3 && memcmp(name.at, "cpu", 3) == 0) {
            parse_ticks(name, line, out);
            continue;
        }
        for (uint32_t i = 0; i < CPU_EVENT_COUNT; i++)
            if (span_is(name, event_names[i]))
                out->has_event[i] = span_u64(&line, &out->events[i]);
    }
}

/* How far a counter came; a lying text cannot make sums of these overflow. */
static uint64_t passed(uint64_t before, uint64_t after)
{
    return (after > before ? after - before : 0) & ((UINT64_C(1) << 40) - 1);
}

static int share(uint64_t busy, uint64_t idle)
{
    return busy + idle == 0 ? ERR_AGAIN : (int)(busy * 10000 / (busy + idle));
}

int cpu_usage(const struct cpu_reading *before, const struct cpu_reading *after)
{
    uint64_t busy = 0, idle = 0;
    for (uint32_t i = 0; i < CPU_MODE_COUNT; i++)
        *(i == CPU_IDLE || i == CPU_IOWAIT ? &idle : &busy) += passed(before->ticks[i], after->ticks[i]);
    return share(busy, idle);
}

/* Mostly the list of cores has not changed. */
static const struct cpu_core *find_core(const struct cpu_reading *r, uint32_t number, uint32_t guess)
{
    if (guess < r->core_count && r->cores[guess].number == number)
        return &r->cores[guess];
    for (uint32_t i = 0; i < r->core_count; i++)
        if (r->cores[i].number == number)
            return &r->cores[i];
    return NULL;
}

int cpu_core_usage(const struct cpu_reading *before, const struct cpu_reading *after, uint32_t index)
{
    ASSERT(index < after->core_count);
    const struct cpu_core *now = &after->cores[index];
    const struct cpu_core *was = find_core(before, now->number, index);
    if (was == NULL)
        return ERR_AGAIN;
    return share(passed(was->busy, now->busy), passed(was->idle, now->idle));
}
