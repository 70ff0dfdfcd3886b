/* SPDX-License-Identifier: MIT */
/* What the store costs, without network and TLS: a made-up fleet appended block by block, sealed, asked and
 * opened again, on the simulated disk (memory), so the figures are CPU time.
 *
 *     bench_store [HOSTS [MINUTES]] */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "aggregator/store/store.h"
#include "platform/sim/sim.h"
#include "tools/loadgen/fleet.h"

#define BLOCK_SAMPLES 10U

static int64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static int by_value(const void *a, const void *b)
{
    int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

struct bench {
    struct sim_world *world;
    struct plat *machine;
    struct store_limits limits;
    struct memory_map map;
    struct store *store;
    struct fleet_host *hosts;
    uint32_t host_count;
    struct block_matrix block;
    uint8_t data[BLOCK_DATA_MAX];
    int64_t append_ns, step_ns, step_worst_ns;
    uint64_t values;
};

static void fail(const char *what)
{
    printf("bench_store: %s\n", what);
    exit(1);
}

static void open_store(struct bench *b)
{
    char words[256];
    struct text why;
    text_init(&why, words, sizeof words);
    memory_map_init(&b->map, NULL, 0);
    (void)store_reserve(&b->map, &b->limits);
    uint64_t size = b->map.used;
    void *block = aligned_alloc(64, size);
    if (block == NULL)
        fail("no memory");
    memset(block, 0, size);
    memory_map_init(&b->map, block, size);
    b->store = store_reserve(&b->map, &b->limits);
    if (store_open(b->store, b->machine, &why) != ERR_OK)
        fail(words);
}

static void close_store(struct bench *b)
{
    store_close(b->store);
    free(b->map.block);
}

static void add_hosts(struct bench *b)
{
    for (uint32_t i = 0; i < b->host_count; i++) {
        struct instance facts = {.interval_ms = 1000, .cpu_count = 2};
        fleet_init(&b->hosts[i], 1, i);
        snprintf(facts.id, sizeof facts.id, "host-%04u", i);
        int instance = store_instance_put(b->store, &facts);
        if (instance != (int)i || store_epoch(b->store, i, 7) != ERR_OK)
            fail("instance");
        for (uint32_t k = 0; k < FLEET_SERIES; k++) {
            struct store_series_facts series = {
                .metric = fleet_series[k].name, .tag = "", .unit = "", .scale = fleet_series[k].scale,
                .kind = fleet_series[k].counter ? METRIC_COUNTER : METRIC_GAUGE};
            if (store_dictionary_add(b->store, i, STREAM_LIVE, &series) != (int)k)
                fail("dictionary");
        }
    }
}

static void step(struct bench *b)
{
    struct mono now = plat_mono(b->machine), next = now;
    for (uint32_t i = 0; i < 8 && next.ns <= now.ns; i++) {
        int64_t start = cpu_ns();
        next = store_step(b->store, now);
        int64_t took = cpu_ns() - start;
        b->step_ns += took;
        if (took > b->step_worst_ns)
            b->step_worst_ns = took;
    }
}

static void append(struct bench *b, uint32_t host, uint64_t sequence)
{
    struct fleet_host *h = &b->hosts[host];
    b->block.count = BLOCK_SAMPLES;
    b->block.slot_count = FLEET_SERIES;
    for (uint32_t k = 0; k < BLOCK_SAMPLES; k++) {
        fleet_step(h);
        b->block.time_ms[k] = h->second * 1000 + h->phase_ms;
        for (uint32_t i = 0; i < FLEET_SERIES; i++) {
            b->block.slots[i] = (uint16_t)i;
            b->block.values[i][k] = h->values[i];
        }
    }
    int size = block_encode(&b->block, b->data, sizeof b->data);
    int64_t start = cpu_ns();
    int n = store_append(b->store, host, STREAM_LIVE, sequence, &b->block, b->data, (uint32_t)size,
                         plat_wall(b->machine));
    b->append_ns += cpu_ns() - start;
    if (n != (int)BLOCK_SAMPLES)
        fail("append");
    b->values += BLOCK_SAMPLES * FLEET_SERIES;
}

/* All hosts send a block every ten seconds, spread evenly over them. */
static void run(struct bench *b, uint32_t minutes)
{
    uint32_t rounds = minutes * 60 / BLOCK_SAMPLES;
    for (uint32_t round = 0; round < rounds; round++) {
        for (uint32_t host = 0; host < b->host_count; host++) {
            append(b, host, 1 + (uint64_t)round * BLOCK_SAMPLES);
            sim_advance(b->world, BLOCK_SAMPLES * NS_PER_S / b->host_count);
            step(b);
        }
    }
}

static int64_t ask(struct bench *b, uint32_t host, uint32_t series_count, int64_t span_ms, int64_t step_ms,
                   uint64_t *count)
{
    struct store_query_ask question = {.instance = host, .series_count = series_count, .step_ms = step_ms};
    question.to_ms = (b->hosts[host].second + 1) * 1000;
    question.from_ms = question.to_ms - span_ms;
    for (uint32_t i = 0; i < series_count; i++)
        question.series[i] = (uint16_t)i;
    int64_t start = cpu_ns();
    int q = store_query_begin(b->store, &question), n = 1;
    while (q >= 0 && (n = store_query_step(b->store, q)) == 1)
        continue;
    int64_t took = cpu_ns() - start;
    if (q < 0 || n != 0)
        fail("query");
    *count = 0;
    for (uint32_t i = 0; i < series_count; i++)
        for (uint32_t p = 0; p < store_query_points(b->store, q); p++)
            *count += store_query_cell(b->store, q, i, p)->count;
    store_query_end(b->store, q);
    return took;
}

static void ask_often(struct bench *b, const char *name, uint32_t series_count, int64_t span_ms,
                      int64_t step_ms)
{
    int64_t took[101];
    uint64_t count = 0;
    for (uint32_t i = 0; i < COUNT_OF(took); i++)
        took[i] = ask(b, i * 7 % b->host_count, series_count, span_ms, step_ms, &count);
    qsort(took, COUNT_OF(took), sizeof took[0], by_value);
    printf("  %-36s p50 %6lld us   worst %6lld us   (%llu values)\n", name,
           (long long)took[COUNT_OF(took) / 2] / 1000, (long long)took[COUNT_OF(took) - 1] / 1000,
           (unsigned long long)count);
}

int main(int argc, char *argv[])
{
    static struct bench bench;
    struct bench *b = &bench;
    b->host_count = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 100;
    uint32_t minutes = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 65;
    b->limits = (struct store_limits){.instances_max = b->host_count, .series_per_instance_max = 128,
                                      .histories_max = 1,
                                      .queries_max = 4, .database_size_max = UINT64_C(4) << 30,
                                      .sqlite_heap_size = 8U << 20};
    b->world = sim_new(1);
    b->machine = sim_machine(b->world, "central");
    b->hosts = calloc(b->host_count, sizeof *b->hosts);
    open_store(b);
    add_hosts(b);
    run(b, minutes);

    struct store_stats stats;
    store_stats(b->store, &stats);
    printf("store: %u hosts x %u series x %u minutes, blocks of %u samples\n", b->host_count, FLEET_SERIES,
           minutes, BLOCK_SAMPLES);
    printf("  append            %6.1f ns a value\n", (double)b->append_ns / (double)b->values);
    printf("  commit and seal   %6.1f ns a value   worst step %lld us\n",
           (double)b->step_ns / (double)b->values, (long long)b->step_worst_ns / 1000);
    printf("  chunks            %6.4f bytes a value   (%llu chunks)\n",
           (double)stats.sealed_bytes / (double)stats.values_sealed, (unsigned long long)stats.chunks);
    printf("  file              %6.4f bytes a value, journal included (%llu rows)\n",
           (double)stats.database_bytes / (double)b->values, (unsigned long long)stats.journal_rows);
    for (uint32_t i = TIER_MINUTES; i < TIER_COUNT; i++)
        printf("  %-17s %6.4f bytes a value of those rolled up (%llu rows)\n",
               i == TIER_MINUTES ? "minutes" : "hours",
               stats.values_rolled == 0 ? 0.0 : (double)stats.tiers[i].bytes / (double)stats.values_rolled,
               (unsigned long long)stats.tiers[i].rows);
    printf("  samples           %6.4f bytes a value sealed, merged where they are (%llu merged)\n",
           (double)stats.tiers[TIER_SECONDS].bytes / (double)stats.values_sealed,
           (unsigned long long)stats.chunks_merged);
    printf("  SQLite heap       %lld KiB at most\n", (long long)stats.sqlite_heap_high_water / 1024);
    ask_often(b, "1 series, last hour, 1 s", 1, 3600000, 1000);
    ask_often(b, "1 series, last minute, 1 s", 1, 60000, 1000);
    ask_often(b, "40 series, last hour, 60 s", 40, 3600000, 60000);
    ask_often(b, "40 series, 24 hours, 60 s", 40, 86400000, 60000);
    ask_often(b, "40 series, 24 hours, 1 h", 40, 86400000, 3600000);
    int64_t start_ns = cpu_ns(), sum = 0;
    for (uint32_t i = 0; i < b->host_count; i++)
        for (uint32_t k = 0; k < store_series_count(b->store, i); k++)
            sum += store_series(b->store, i, k)->last_ms;
    printf("  latest of all hosts                  %lld us (%u hosts, sum %lld)\n",
           (long long)(cpu_ns() - start_ns) / 1000, b->host_count, (long long)(sum & 1023));
    close_store(b);

    int64_t start = cpu_ns();
    open_store(b);
    printf("  open again        %lld us\n", (long long)(cpu_ns() - start) / 1000);
    close_store(b);
    sim_free(b->world);
    free(b->hosts);
    return 0;
}
