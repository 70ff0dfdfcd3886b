/* SPDX-License-Identifier: MIT */
/* nephos-yardstick: the aggregator's own models over lines of text, so that they can be held against labelled
 * data. One sample a line in the order of time; docs/ANALYSIS.md has the tasks and what they score. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/analysis/models/anomaly.h"
#include "aggregator/analysis/models/crossing.h"
#include "aggregator/analysis/models/forecast.h"
#include "aggregator/analysis/models/host.h"
#include "aggregator/analysis/models/threshold.h"
#include "aggregator/analysis/models/unusual.h"
#include "platform/base/base.h"
#include "tools/yardstick/calibrate.h"

#define METRICS_MAX 256U
#define LINE_SIZE 8192U

struct line {
    int64_t time_s;
    uint32_t count;
    double values[METRICS_MAX];
};

static struct anomaly anomalies[METRICS_MAX];
static struct unusual states[METRICS_MAX];

static void complain(uint64_t number, const char *what)
{
    fprintf(stderr, "nephos-yardstick: line %" PRIu64 ": %s\n", number, what);
    exit(2);
}

static void parse(const char *text, uint64_t number, struct line *out)
{
    char *end;
    double time = strtod(text, &end);
    if (end == text || !(time >= 0 && time < 1e11))
        complain(number, "a time in seconds since 1970 must come first");
    out->time_s = (int64_t)time;
    out->count = 0;
    while (*end == ',') {
        const char *from = end + 1;
        if (out->count == METRICS_MAX)
            complain(number, "more values than this program takes");
        out->values[out->count++] = strtod(from, &end);
        if (end == from)
            complain(number, "a number must follow each comma");
    }
    if (out->count == 0)
        complain(number, "at least one value must follow the time");
}

static void do_score(const struct line *in)
{
    struct anomaly_score s = anomaly_step(&anomalies[0], in->time_s, in->values[0]);
    printf("%.6g %.6g\n", s.score, unusual_step(&states[0], in->time_s, in->values[0]).lasting);
}

static struct host host;

static struct host_score judge_host(const struct line *in, uint32_t from)
{
    struct host_company news = {0}, state = {0};
    for (uint32_t i = from; i < in->count; i++) {
        host_company_add(&news, i, anomaly_step(&anomalies[i], in->time_s, in->values[i]).raw);
        host_company_add(&state, i, unusual_step(&states[i], in->time_s, in->values[i]).lasting);
    }
    return host_step(&host, in->time_s, &news, &state);
}

static void do_host(const struct line *in)
{
    struct host_score s = judge_host(in, 0);
    printf("%.6g %.6g\n", s.score, s.level);
}

static void do_calibrate(const struct line *in)
{
    struct host_score s = judge_host(in, 1);
    calibrate_row(in->time_s, in->values[0] >= 0, in->values[0] > 0, s.score, s.level);
}

/* The next machine is another one. */
static void forget_host(void)
{
    calibrate_machine_end();
    memset(anomalies, 0, sizeof anomalies);
    memset(states, 0, sizeof states);
    memset(&host, 0, sizeof host);
}

/* The levels that the labels of the data mean; durations as the shipped rules have them. */
#define ALERT_METRICS 3U
static const struct threshold_rule levels[ALERT_METRICS][2] = {
#define LEVEL(value) {value, (value)-10, false, 600000, 1800000, 3600000, 1800000}
    {LEVEL(70), LEVEL(90)},
    {LEVEL(75), LEVEL(90)},
    {LEVEL(80), LEVEL(95)},
#undef LEVEL
};

static void do_alerts(const struct line *in)
{
    static struct threshold thresholds[ALERT_METRICS][2];
    for (uint32_t i = 0; i < ALERT_METRICS && i < in->count; i++) {
        int state = 0;
        for (int k = 0; k < 2; k++) {
            threshold_step(&thresholds[i][k], &levels[i][k], in->time_s * MS_PER_S, in->values[i]);
            if (thresholds[i][k].is_on)
                state = k + 1;
        }
        printf(i == 0 ? "%d" : " %d", state);
    }
    putchar('\n');
}

static struct forecast forecast;
static struct crossing crossing;

static void answer_level(const struct line *last, double ahead_s)
{
    struct forecast_level l;
    if (!forecast_ask(&forecast, last->time_s, (int64_t)ahead_s, &l))
        l.value = l.low = l.high = last->values[0];
    /* what is measured here is never below zero */
    printf("%.6g %.6g %.6g\n", l.value < 0 ? 0 : l.value, l.low < 0 ? 0 : l.low, l.high < 0 ? 0 : l.high);
}

static void answer_crossing(const struct line *last, double threshold, double ahead_s)
{
    struct crossing_time t;
    bool is_known = crossing_ask(&crossing, last->time_s, threshold, (int64_t)ahead_s, &t);
    if (!is_known || t.expected_s == CROSSING_NEVER)
        puts("never");
    else
        printf("%" PRId64 "\n", t.expected_s);
}

static void answer(const char *text, uint64_t number, const struct line *last)
{
    double a, b;
    if (sscanf(text, "?level,%lf", &a) == 1)
        answer_level(last, a);
    else if (sscanf(text, "?cross,%lf,%lf", &a, &b) == 2)
        answer_crossing(last, a, b);
    else
        complain(number, "a question is ?level,SECONDS or ?cross,THRESHOLD,SECONDS");
}

static void do_forecast(const struct line *in)
{
    forecast_step(&forecast, in->time_s, in->values[0]);
    crossing_step(&crossing, in->time_s, in->values[0]);
}

static const struct task {
    const char *name, *help;
    void (*take)(const struct line *in);
} tasks[] = {
    {"score", "TIME,VALUE: alarm (1 and more) and unusualness of one series", do_score},
    {"host", "TIME,V1,...,VN: the same of a machine with all its metrics", do_host},
    {"alerts", "TIME,CPU,MEMORY,DISK: 0 well, 1 warning, 2 critical for each", do_alerts},
    {"calibrate",
     "TIME,LABEL,V1,...,VN: what alarms came to, by score; LABEL 1 trouble, 0 none, -1 not labelled;\n"
     "             a line with # begins another machine",
     do_calibrate},
    {"forecast", "TIME,VALUE and questions: ?level,SECONDS  ?cross,THRESHOLD,SECONDS", do_forecast},
};

static const struct task *find_task(int argc, char *argv[])
{
    for (uint32_t i = 0; argc == 2 && i < COUNT_OF(tasks); i++)
        if (strcmp(argv[1], tasks[i].name) == 0)
            return &tasks[i];
    bool is_help = argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0);
    FILE *to = is_help ? stdout : stderr;
    fprintf(to, "nephos-yardstick TASK: the aggregator's models over lines on standard input\n\n");
    for (uint32_t i = 0; i < COUNT_OF(tasks); i++)
        fprintf(to, "  %-10s %s\n", tasks[i].name, tasks[i].help);
    exit(is_help ? 0 : 2);
}

int main(int argc, char *argv[])
{
    static char text[LINE_SIZE];
    static struct line line;
    const struct task *task = find_task(argc, argv);
    for (uint64_t number = 1; fgets(text, sizeof text, stdin) != NULL; number++) {
        if (text[0] == '?' && task->take == do_forecast) {
            answer(text, number, &line);
            continue;
        }
        if (text[0] == '#' && task->take == do_calibrate) {
            forget_host();
            continue;
        }
        parse(text, number, &line);
        task->take(&line);
    }
    if (task->take == do_calibrate)
        calibrate_print();
    return 0;
}
