/* SPDX-License-Identifier: MIT */
/* Where each microsecond of the agent's cycle goes: the agent's own collecting and encoding, over the real
 * /proc of this machine, with the calls to the platform taken apart.
 *
 * Every source is asked as often as the agent asks it: `now` moves on by a second for each sample. The time
 * of a call is "read"; what passes until the next call is "parse": numbers from the text, slots, and the put
 * into the sample. Between two samples of an agent a second passes in which others use the caches; so the
 * benchmark spoils them by writing a block larger than they are, and shows the warm figures beside.
 *
 *     bench_collect [SAMPLES]     one line of each source; CPU time, not wall time */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/agent.h"
#include "platform/linux/plat_linux.h"

#define COSTS_MAX 96U
#define LABEL_SIZE 48U
#define HANDLES_MAX 64
#define SPOIL_SIZE (24U << 20)
/* A source that is asked once in this many samples or more often is seen several times. */
#define SAMPLES_DEFAULT 600

struct cost {
    char label[LABEL_SIZE];
    uint64_t calls, read_ns, parse_ns, bytes;
};

struct table {
    struct cost costs[COSTS_MAX];
    uint32_t count;
    struct cost *last; /* whose text is being parsed */
    int64_t since_ns;  /* the last call's return */
};

static struct table table;
static struct cost *by_handle[HANDLES_MAX];
static struct agent agent;
static struct memory_map map;
static _Alignas(64) uint8_t platform_block[PLAT_LINUX_AGENT_SIZE];
static uint8_t spoil[SPOIL_SIZE];
static int64_t clock_ns; /* what one look at the CPU clock costs */

static int64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * INT64_C(1000000000) + t.tv_nsec;
}

static void calibrate(void)
{
    int64_t began = cpu_ns();
    for (int i = 0; i < 10000; i++)
        (void)cpu_ns();
    clock_ns = (cpu_ns() - began) / 10001;
}

/* "/proc/4711/stat" and its like are one source: digits become N. */
static struct cost *cost_of(const char *path)
{
    char label[LABEL_SIZE];
    uint32_t length = 0;
    for (const char *p = path; *p != '\0' && length < LABEL_SIZE - 1; p++) {
        bool is_digit = *p >= '0' && *p <= '9';
        if (is_digit && length > 0 && label[length - 1] == 'N')
            continue;
        bool starts_number = is_digit && p > path && p[-1] == '/';
        label[length++] = starts_number ? 'N' : *p;
    }
    label[length] = '\0';
    for (uint32_t i = 0; i < table.count; i++)
        if (strcmp(table.costs[i].label, label) == 0)
            return &table.costs[i];
    if (table.count == COSTS_MAX)
        return &table.costs[COSTS_MAX - 1];
    struct cost *c = &table.costs[table.count++];
    *c = (struct cost){0};
    memcpy(c->label, label, sizeof label);
    return c;
}

/* --- around every call to the platform --- */

static int64_t enter(void)
{
    int64_t now = cpu_ns();
    int64_t passed = now - table.since_ns - clock_ns;
    if (table.last != NULL && passed > 0)
        table.last->parse_ns += (uint64_t)passed;
    return cpu_ns();
}

static void leave(struct cost *c, int64_t entered, int64_t bytes)
{
    int64_t now = cpu_ns();
    int64_t passed = now - entered - clock_ns;
    c->calls++;
    c->read_ns += passed > 0 ? (uint64_t)passed : 0;
    c->bytes += bytes > 0 ? (uint64_t)bytes : 0;
    table.last = c;
    table.since_ns = cpu_ns();
}

int __real_plat_text_open(struct plat *p, const char *path);
int __wrap_plat_text_open(struct plat *p, const char *path);
int __wrap_plat_text_open(struct plat *p, const char *path)
{
    int handle = __real_plat_text_open(p, path);
    if (handle >= 0 && handle < HANDLES_MAX)
        by_handle[handle] = cost_of(path);
    return handle;
}

int __real_plat_text_read(struct plat *p, int handle, char *buf, uint32_t buf_size);
int __wrap_plat_text_read(struct plat *p, int handle, char *buf, uint32_t buf_size);
int __wrap_plat_text_read(struct plat *p, int handle, char *buf, uint32_t buf_size)
{
    int64_t entered = enter();
    int n = __real_plat_text_read(p, handle, buf, buf_size);
    leave(handle >= 0 && handle < HANDLES_MAX ? by_handle[handle] : cost_of("?"), entered, n);
    return n;
}

int __real_plat_text_once(struct plat *p, const char *path, char *buf, uint32_t buf_size);
int __wrap_plat_text_once(struct plat *p, const char *path, char *buf, uint32_t buf_size);
int __wrap_plat_text_once(struct plat *p, const char *path, char *buf, uint32_t buf_size)
{
    int64_t entered = enter();
    int n = __real_plat_text_once(p, path, buf, buf_size);
    leave(cost_of(path), entered, n);
    return n;
}

int __real_plat_list(struct plat *p, const char *path, char *names, uint32_t size);
int __wrap_plat_list(struct plat *p, const char *path, char *names, uint32_t size);
int __wrap_plat_list(struct plat *p, const char *path, char *names, uint32_t size)
{
    int64_t entered = enter();
    int n = __real_plat_list(p, path, names, size);
    leave(cost_of(path), entered, n);
    return n;
}

int __real_plat_filesystem(struct plat *p, const char *mount, struct plat_filesystem *out);
int __wrap_plat_filesystem(struct plat *p, const char *mount, struct plat_filesystem *out);
int __wrap_plat_filesystem(struct plat *p, const char *mount, struct plat_filesystem *out)
{
    int64_t entered = enter();
    int n = __real_plat_filesystem(p, mount, out);
    leave(cost_of("statfs of a mount"), entered, 0);
    return n;
}

void __real_plat_self(struct plat *p, struct plat_self *out);
void __wrap_plat_self(struct plat *p, struct plat_self *out);
void __wrap_plat_self(struct plat *p, struct plat_self *out)
{
    int64_t entered = enter();
    __real_plat_self(p, out);
    leave(cost_of("own cost"), entered, 0);
}

int __real_plat_clock(struct plat *p, struct plat_clock *out);
int __wrap_plat_clock(struct plat *p, struct plat_clock *out);
int __wrap_plat_clock(struct plat *p, struct plat_clock *out)
{
    int64_t entered = enter();
    int n = __real_plat_clock(p, out);
    leave(cost_of("clock state"), entered, 0);
    return n;
}

/* --- the cycle --- */

static void spoil_caches(void)
{
    for (uint32_t i = 0; i < sizeof spoil; i += 64)
        spoil[i]++;
}

/* So many samples; the CPU time of the encoding, in ns. */
static int64_t run(struct mono *now, int samples, bool cold)
{
    int64_t encoding = 0;
    table.last = NULL;
    for (uint32_t i = 0; i < table.count; i++)
        table.costs[i].calls = table.costs[i].read_ns = table.costs[i].parse_ns = table.costs[i].bytes = 0;
    for (int i = 0; i < samples; i++) {
        if (cold)
            spoil_caches();
        *now = mono_after_ms(*now, 1000);
        table.last = NULL;
        collect_take(&agent.collect, &agent.sample, *now);
        (void)enter();
        table.last = NULL;
        int64_t began = cpu_ns();
        block_builder_add(&agent.builder, &agent.sample, &agent.ring, agent.scratch);
        if (i % 10 == 9)
            block_builder_seal(&agent.builder, &agent.ring, agent.scratch);
        int64_t took = cpu_ns() - began - clock_ns;
        encoding += took > 0 ? took : 0;
    }
    return encoding;
}

static double us(uint64_t ns, uint64_t count)
{
    return count == 0 ? 0 : (double)ns / 1000 / (double)count;
}

int main(int argc, char *argv[])
{
    int samples = argc > 1 ? (int)strtol(argv[1], NULL, 10) : SAMPLES_DEFAULT;
    static struct table warm;
    memory_map_init(&map, platform_block, sizeof platform_block);
    struct plat *p = plat_linux_reserve(&map, &plat_linux_agent_limits);
    const struct plat_linux_options options = {.log_level = LOG_WARN};
    if (samples < 10 || plat_linux_start(p, &options) < 0)
        return 1;
    calibrate();
    series_init(&agent.series);
    collect_init(&agent.collect, p, &agent.series, agent.scratch);
    block_builder_init(&agent.builder);
    ring_init(&agent.ring, agent.ring_bytes, sizeof agent.ring_bytes);
    struct mono now = plat_mono(p);
    (void)run(&now, 20, false);
    int64_t encoding_warm = run(&now, samples, false);
    warm = table;
    int64_t encoding = run(&now, samples, true);

    printf("%-34s %7s %8s %8s %8s %8s %9s\n", "source", "calls/s", "bytes", "read us", "parse us", "warm us",
           "us/s cold");
    double sum = us((uint64_t)encoding, (uint64_t)samples);
    for (uint32_t i = 0; i < table.count; i++) {
        const struct cost *c = &table.costs[i], *w = &warm.costs[i];
        if (c->calls == 0)
            continue;
        double each_second = us(c->read_ns + c->parse_ns, (uint64_t)samples);
        printf("%-34s %7.2f %8.0f %8.2f %8.2f %8.2f %9.2f\n", c->label, (double)c->calls / samples,
               (double)c->bytes / (double)c->calls, us(c->read_ns, c->calls), us(c->parse_ns, c->calls),
               us(w->read_ns + w->parse_ns, w->calls), each_second);
        sum += each_second;
    }
    printf("%-34s %7.2f %8s %8s %8.2f %8.2f %9.2f\n", "encoding: block and seal", 1.0, "", "",
           us((uint64_t)encoding, (uint64_t)samples), us((uint64_t)encoding_warm, (uint64_t)samples),
           us((uint64_t)encoding, (uint64_t)samples));
    printf("%-34s %7s %8s %8s %8s %8s %9.2f\n", "together", "", "", "", "", "", sum);
    printf("series %u\n", agent.series.count);
    plat_linux_stop(p);
    return 0;
}
