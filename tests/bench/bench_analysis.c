/* SPDX-License-Identifier: MIT */
/* What anomaly detection and forecasts cost: bytes of a series, CPU time of a sample, of a minute, of a
 * look ahead. A series of a month, its mean of every step checked to be used. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "aggregator/analysis/detect_state.h"
#include "aggregator/analysis/outlook.h"

#define MINUTES 43200U
#define SERIES 32U
#define SAMPLES_EACH 60U

static double cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static uint64_t random_state = 88172645463325252U;

static int64_t noise(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (int64_t)(random_state % 1000);
}

static double bench_samples(struct minute *m, double *sum)
{
    double began = cpu_ns();
    for (uint32_t i = 0; i < MINUTES; i++) {
        struct minute_value v;
        for (uint32_t k = 0; k < SAMPLES_EACH; k++)
            (void)minute_add(m, 2000 + (int64_t)(i * 7919 + k * 104729) % 1000,
                             ((int64_t)i * SAMPLES_EACH + k) * 1000);
        if (minute_end(m, &v))
            *sum += v.mean;
    }
    return (cpu_ns() - began) / (MINUTES * (double)SAMPLES_EACH);
}

/* As a host has them: one series after the other, a minute each. */
static double bench_minutes(struct detect_slot *slots, double *sum)
{
    double began = cpu_ns();
    for (uint32_t i = 0; i < MINUTES / 4; i++)
        for (uint32_t k = 0; k < SERIES; k++) {
            double v = 20.0 + (double)noise() / 100.0;
            *sum += anomaly_step(&slots[k].anomaly, 1700000000 + (int64_t)i * 60, v).raw;
            *sum += unusual_step(&slots[k].unusual, 1700000000 + (int64_t)i * 60, v).lasting;
        }
    return (cpu_ns() - began) / (MINUTES / 4 * (double)SERIES);
}

static double bench_outlook(struct outlook *o, const struct store_metric *m, double *sum)
{
    double began = cpu_ns();
    struct forecast_level level;
    struct crossing_time at;
    for (uint32_t round = 0; round < 20; round++) {
        outlook_begin(o, m, 95);
        for (uint32_t i = 0; i < OUTLOOK_POINTS; i++) {
            int64_t ms = INT64_C(1700000000000) + i * OUTLOOK_STEP_MS, v = 5000 + (int64_t)i + noise() / 10;
            const struct store_cell cell = {.sum = v, .min = v, .max = v, .last = v, .last_ms = ms,
                                            .count = 1};
            outlook_take(o, ms, &cell);
        }
        *sum += outlook_level(o, o->last_s, 24, &level) ? level.value : 0;
        *sum += outlook_full(o, o->last_s, 172800, &at) ? 1 : 0;
    }
    return (cpu_ns() - began) / 20;
}

int main(void)
{
    static struct detect_slot slots[SERIES];
    static struct outlook outlook;
    const struct store_metric percent = {.name = "cpu_usage", .unit = "percent", .scale = 100};
    double sum = 0;
    struct minute minute;
    minute_begin(&minute, &percent);
    printf("%zu bytes a series, %zu a host\n", sizeof slots[0] + sizeof minute,
           sizeof(struct detect_host) + sizeof(struct board_host));
    printf("%.1f ns a sample into its minute\n", bench_samples(&minute, &sum));
    printf("%.0f ns a minute of a series, anomaly and state\n", bench_minutes(slots, &sum));
    double look_ms = bench_outlook(&outlook, &percent, &sum) / 1e6;
    printf("%.1f ms to look ahead from two weeks of a series\n", look_ms);
    if (!(sum > 0))
        abort();
    return 0;
}
