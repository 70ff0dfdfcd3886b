/* SPDX-License-Identifier: MIT */
/* See calibrate.h. */
#include "tools/yardstick/calibrate.h"

#include <inttypes.h>
#include <stdio.h>

#include "platform/base/base.h"

#define NEAR_S 3600
#define WAITING_MAX 4096U /* alarms of an hour */
#define ENDLESS 1e9

struct tally {
    double from;
    uint64_t alarms, hits;
};

/* Each begins where the one before ends. */
static struct tally by_score[] = {
    {.from = 1}, {.from = 1.25}, {.from = 1.5}, {.from = 2}, {.from = 3}, {.from = 4}, {.from = 6},
    {.from = 8}, {.from = ENDLESS}};
static struct tally by_level[] = {
    {.from = 0}, {.from = 2}, {.from = 2.5}, {.from = 3}, {.from = 3.5}, {.from = 4}, {.from = ENDLESS}};

/* Alarms of which the hour behind them has not been seen yet, the oldest first. */
static struct {
    int64_t time_s;
    double score, level;
} waiting[WAITING_MAX];
static uint32_t first, count;
static int64_t trouble_s = INT64_MIN; /* the newest row in a window */

static void note(struct tally *table, double value, bool is_hit)
{
    while (value >= table[1].from)
        table++;
    table->alarms++;
    table->hits += is_hit;
}

static void settle_first(bool is_hit)
{
    note(by_score, waiting[first].score, is_hit);
    note(by_level, waiting[first].level, is_hit);
    first = (first + 1) % WAITING_MAX;
    count--;
}

void calibrate_row(int64_t time_s, bool is_labelled, bool is_trouble, double score, double level)
{
    if (is_trouble)
        trouble_s = time_s;
    while (count > 0 && (is_trouble || time_s - waiting[first].time_s > NEAR_S))
        settle_first(is_trouble && time_s - waiting[first].time_s <= NEAR_S);
    if (!is_labelled || score < 1)
        return;
    if (count == WAITING_MAX)
        settle_first(false);
    uint32_t at = (first + count++) % WAITING_MAX;
    waiting[at].time_s = time_s;
    waiting[at].score = score;
    waiting[at].level = level;
    if (trouble_s != INT64_MIN && time_s - trouble_s <= NEAR_S)
        while (count > 0) /* so are those that wait: they are newer than the trouble, too */
            settle_first(true);
}

void calibrate_machine_end(void)
{
    while (count > 0)
        settle_first(false);
    trouble_s = INT64_MIN;
}

static void print(const char *what, const struct tally *table)
{
    for (; table->from < ENDLESS; table++) {
        printf("%s %-4g", what, table->from);
        if (table[1].from < ENDLESS)
            printf(" to %-5g", table[1].from);
        else
            printf(" and more");
        printf(" %6" PRIu64 " alarms, %6" PRIu64 " in a labelled window", table->alarms, table->hits);
        if (table->alarms > 0)
            printf(": %.2f", (double)table->hits / (double)table->alarms);
        putchar('\n');
    }
}

void calibrate_print(void)
{
    calibrate_machine_end();
    print("score", by_score);
    print("level", by_level);
}
