/* SPDX-License-Identifier: MIT */
/* The summary and its one sentence, from nothing at all to a bad day. */
#include "tests/unit/words/golden.h"

#include "aggregator/analysis/words/summary_words.h"

/* Thu 15 Jan 2026 14:40:20 UTC */
#define NOW INT64_C(1768488020000)
#define MIN INT64_C(60000)
#define HOUR (60 * MIN)

static const char *say(const struct summary_facts *f)
{
    static char words[8192];
    struct text t;
    text_init(&t, words, sizeof words);
    summary_words_quick(f, &t);
    text_put(&t, "\n\n");
    uint32_t first = t.length;
    assert_null(memchr(words, '\n', first - 2));
    summary_words_say(f, &t);
    assert_false(t.truncated);
    return words;
}

static void add(struct summary_insights *s, const char *title, const char *advice, uint32_t confidence)
{
    if (s->count < SUMMARY_INSIGHTS_MAX) {
        struct summary_insight *in = &s->list[s->count];
        snprintf(in->title, sizeof in->title, "%s", title);
        snprintf(in->advice, sizeof in->advice, "%s", advice);
        in->confidence_percent = confidence;
    }
    s->count++;
}

static void quiet(struct golden *g)
{
    struct summary_facts f = {.now_ms = NOW};
    golden_check(g, "nothing yet", say(&f));
    f.hosts = 1;
    golden_check(g, "one host", say(&f));
    f.unknown = 1;
    golden_check(g, "one host, never heard of", say(&f));
    f.hosts = 12;
    f.unknown = 0;
    f.quiet_since_ms = NOW - 76 * HOUR;
    golden_check(g, "twelve hosts, quiet", say(&f));
    f.unknown = 2;
    add(&f.savings, "web-7 has had little to do all week: CPU 3 %, memory 20 %", "A smaller plan would "
                                                                                 "do.", 0);
    golden_check(g, "twelve hosts, two never heard of", say(&f));
}

static struct summary_facts bad_day(void)
{
    struct summary_facts f = {.now_ms = NOW, .hosts = 12, .attention = 3, .alert_count = 4, .critical = 1};
    f.worst[0] = (struct summary_host){"db-1", "", NOW, {SUBJECT_SPACE, SUBJECT_DISK_IO}, 2};
    f.worst[1] = (struct summary_host){"web-3", "", NOW, {SUBJECT_CPU}, 1};
    f.worst[2] = (struct summary_host){"cache-2", "unhealthy", NOW - 12 * MIN, {0}, 0};
    f.alerts[0] = (struct summary_alert){"db-1", "disk_usage_percent", "mount=/var", "percent", "m",
                                         SUBJECT_SPACE, 3, true, false, false, 96.2, 95, NOW - 25 * MIN,
                                         false};
    f.alerts[1] = (struct summary_alert){"db-1", "disk_await_ms", "device=vdb", "milliseconds", "m",
                                         SUBJECT_DISK_IO, 2, true, false, false, 84, 50, NOW - 24 * MIN,
                                         false};
    f.alerts[2] = (struct summary_alert){"web-3", "cpu_usage", "", "percent", "m", SUBJECT_CPU, 2, true,
                                         false,
                                         true, 97, 90, NOW - 95 * MIN, false};
    f.alerts[3] = (struct summary_alert){"web-3", "", "", "", "backup is\nold", SUBJECT_OTHER, 0, false,
                                         false,
                                         false, 0, 0, NOW - 30 * HOUR, false};
    f.acknowledged = 1;
    return f;
}

static void trouble(struct golden *g)
{
    struct summary_facts f = bad_day();
    golden_check(g, "three hosts in trouble", say(&f));
    add(&f.predictions, "/data on db-2 will be full in about 31 hours", "Free space or enlarge it.", 90);
    add(&f.anomalies, "Unusual traffic on web-5", "", 0);
    add(&f.patterns, "CPU use on web-1 peaks around 02:00 UTC every day", "Spread the jobs of that "
                                                                          "hour.", 95);
    add(&f.patterns, "Memory in use on api-1 keeps growing, 40 MiB a day", "", 80);
    add(&f.patterns, "a third", "", 0);
    add(&f.patterns, "a fourth", "", 0);
    add(&f.patterns, "a fifth", "", 0);
    golden_check(g, "with what is known beyond", say(&f));
    f.hosts = f.attention = 3;
    f.acknowledged = f.alert_count = 40;
    for (uint32_t i = 4; i < SUMMARY_ALERTS_MAX; i++)
        f.alerts[i] = f.alerts[i - 4];
    golden_check(g, "all hosts, more alerts than are told", say(&f));
    struct summary_facts one = {.now_ms = NOW, .hosts = 1, .attention = 1, .alert_count = 0};
    one.worst[0] = (struct summary_host){"db-1", "degraded", 0, {0}, 0};
    golden_check(g, "the one host is silent", say(&one));
    one.hosts = 8;
    one.attention = 8;
    for (uint32_t i = 0; i < SUMMARY_HOSTS_MAX; i++)
        one.worst[i] = (struct summary_host){"a\x1b[2Jb", "unhealthy", NOW - HOUR, {SUBJECT_SILENT}, 1};
    one.alert_count = 1;
    one.alerts[0] = (struct summary_alert){"a\nb", "", "", "", "no samples for an hour", SUBJECT_SILENT,
                                           3, false,
                                           false, false, 0, 0, NOW - HOUR, false};
    golden_check(g, "hostile names", say(&one));
}

/* What a rule says by itself, what is only foretold, and what is merely unusual. */
static void in_other_words(struct golden *g)
{
    static const char forecast[] = "disk use of /var on db-1 will reach 95 % in about 8 hours: now 91.3 %";
    struct summary_facts f = {.now_ms = NOW, .hosts = 12, .attention = 2, .alert_count = 3};
    f.worst[0] = (struct summary_host){"db-1", "", NOW, {SUBJECT_SPACE}, 1};
    f.worst[1] = (struct summary_host){"web-3", "", NOW, {SUBJECT_LOAD, SUBJECT_UNUSUAL}, 2};
    f.alerts[0] = (struct summary_alert){.host = "db-1", .metric = "disk_usage_percent", .tag = "mount=/var",
                                         .unit = "percent", .message = forecast, .subject = SUBJECT_SPACE,
                                         .severity = 2, .first_ms = NOW - 6 * MIN, .is_forecast = true};
    f.alerts[1] = (struct summary_alert){
        .host = "web-3", .metric = "load_average_5min", .tag = "", .unit = "load",
        .message = "4.43 threads for each core of web-3 have been running or waiting for 27 min",
        .subject = SUBJECT_LOAD, .severity = 1, .first_ms = NOW - 27 * MIN};
    f.alerts[2] = (struct summary_alert){
        .host = "web-3", .metric = "anomaly_level", .tag = "", .unit = "level",
        .message = "unusual: CPU use is 98 %, usually 22 %; load over one minute is 8.9, usually 0.8",
        .subject = SUBJECT_UNUSUAL, .severity = 2, .first_ms = NOW - 26 * MIN};
    add(&f.predictions, "/var on db-1 will be full in about 8 hours", "Make room before that.", 67);
    golden_check(g, "in other words", say(&f));
    f.attention = f.alert_count = 1;
    golden_check(g, "nothing is wrong yet", say(&f));
}

static void every_summary_reads_as_it_was_found_good(void **state)
{
    (void)state;
    struct golden g = golden_open("summaries");
    quiet(&g);
    trouble(&g);
    in_other_words(&g);
    golden_close(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_summary_reads_as_it_was_found_good)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
