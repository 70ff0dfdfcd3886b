/* SPDX-License-Identifier: MIT */
/* Alerts explained: facts in, the text as it was read and found good out. */
#include <math.h>

#include "tests/unit/words/golden.h"

#include "aggregator/analysis/words/alert_words.h"

/* Thu 15 Jan 2026 14:40:20 UTC */
#define NOW INT64_C(1768488020000)
#define MIN INT64_C(60000)
#define HOUR (60 * MIN)
#define DAY (24 * HOUR)

static const char *explain(const struct alert_facts *f)
{
    static char words[8192];
    static struct alert_words w;
    struct text t;
    alert_words_say(f, &w);
    text_init(&t, words, sizeof words);
    alert_words_join(&w, &t);
    assert_false(t.truncated);
    return words;
}

static struct alert_facts cpu(void)
{
    return (struct alert_facts){
        .now_ms = NOW, .host = "web-3", .metric = "cpu_usage", .tag = "", .unit = "percent", .rule = "cpu",
        .type = "cpu_usage_critical", .message = "CPU is high", .severity = 3, .who = "", .has_values = true,
        .level = 90, .last = 97, .peak = 99.2, .first_ms = NOW - 35 * MIN, .last_ms = NOW - 1000,
        .peak_ms = NOW - 20 * MIN, .occurrences = 12, .cpu_count = 2, .memory_bytes = 4294967296.0,
        .has_baseline = true, .past.last_who = ""};
}

static struct alert_facts busy_cpu(void)
{
    struct alert_facts f = cpu();
    f.evidence[0] = (struct alert_evidence){"load_average_1min", "", "load", false, 0.4, 8.2, 40,
                                            NOW - 34 * MIN};
    f.evidence[1] = (struct alert_evidence){"network_rx_bytes", "interface=eth0", "bytes", true, 20480,
                                            9437184,
                                            22, NOW - 39 * MIN};
    f.evidence[2] = (struct alert_evidence){"memory_available_bytes", "", "bytes", false, 2147483648.0,
                                            1073741824.0, -8, 0};
    f.evidence_count = 3;
    f.processes[0] = (struct alert_process){4211, "ffmpeg", 168, 734003200, 1};
    f.processes[1] = (struct alert_process){911, "nginx", 12.5, 52428800, 4};
    f.process_count = 2;
    f.process_samples = 1;
    f.processes_from_ms = f.processes_to_ms = f.peak_ms;
    f.past = (struct alert_past){.count = 4, .by_itself = 3, .by_hand = 1, .median_ms = 12 * MIN,
                                 .longest_ms = 2 * HOUR, .last_ms = NOW - 3 * DAY, .last_who = "anna"};
    return f;
}

static void processors(struct golden *g)
{
    struct alert_facts f = cpu();
    golden_check(g, "CPU, nothing else known", explain(&f));
    f = busy_cpu();
    golden_check(g, "CPU, all that is known", explain(&f));
    struct alert_facts several = f;
    several.process_samples = 5;
    several.processes_from_ms = f.first_ms;
    several.processes_to_ms = f.last_ms;
    golden_check(g, "CPU, processes of several moments", explain(&several));
    f.state = STATE_ACKNOWLEDGED;
    f.who = "bob";
    f.elsewhere = 3;
    f.company[0] = "memory_usage_percent is warning: 81percent (threshold: 75)";
    f.company[1] = "load is high";
    f.company_count = 5;
    f.company[2] = "disk is slow";
    golden_check(g, "CPU, acknowledged, in company", explain(&f));
    f = busy_cpu();
    f.state = STATE_RESOLVED;
    f.resolved_ms = f.last_ms = NOW - 5 * MIN;
    golden_check(g, "CPU, over", explain(&f));
    f = cpu();
    f.has_baseline = false;
    f.severity = 1;
    f.past = (struct alert_past){.count = 5, .by_itself = 5, .median_ms = 3 * MIN, .longest_ms = 4 * MIN,
                                 .last_ms = NOW - DAY, .last_who = ""};
    golden_check(g, "CPU, of a young host, always by itself", explain(&f));
    f = cpu();
    f.metric = "load_average_5min";
    f.unit = "load";
    f.level = 4;
    f.peak = 6.4;
    f.last = 5.1;
    f.severity = 2;
    f.reopened = 1;
    f.rule = "load";
    f.message = "3.2 threads for each core of web-3 have been running or waiting for 15m";
    golden_check(g, "load by a rule, for each core", explain(&f));
    f.rule = "";
    golden_check(g, "load, came back", explain(&f));
    f.metric = "cpu_seconds";
    f.tag = "mode=steal";
    f.rule = "steal";
    f.unit = "ratio";
    f.level = 0.1;
    f.peak = 0.34;
    f.last = 0.21;
    f.reopened = 4;
    golden_check(g, "steal", explain(&f));
}

/* What has not come yet is not said to be. */
static void forecasts(struct golden *g)
{
    struct alert_facts f = cpu();
    f.metric = "disk_usage_percent";
    f.tag = "mount=/var";
    f.rule = "forecast:disk_usage_percent";
    f.type = "forecast";
    f.message = "Disk use of /var on db-1 will reach 95 % in about 8 hours (6 to 9): now 88.1 %";
    f.host = "db-1";
    f.severity = 2;
    f.level = 95;
    f.last = f.peak = 88.1;
    f.first_ms = f.last_ms = f.peak_ms = NOW - 35 * MIN;
    golden_check(g, "a disk that will be full", explain(&f));
    f.first_ms = NOW - 20 * HOUR;
    f.state = STATE_ACKNOWLEDGED;
    f.who = "bob";
    f.past = (struct alert_past){.count = 2, .by_itself = 2, .median_ms = 6 * HOUR, .longest_ms = 7 * HOUR,
                                 .last_ms = NOW - 3 * DAY, .last_who = ""};
    golden_check(g, "a disk that will be full, foretold since yesterday", explain(&f));
    f.state = STATE_RESOLVED;
    f.who = "";
    f.resolved_ms = NOW;
    golden_check(g, "a disk that will not be full after all", explain(&f));
}

static void memory_and_disks(struct golden *g)
{
    struct alert_facts f = busy_cpu();
    f.metric = "memory_usage_percent";
    f.rule = f.type = "memory";
    f.peak = 96;
    f.level = 90;
    f.last = 95.5;
    f.processes[0].memory_bytes = 3.1e9;
    golden_check(g, "memory, one process holds it", explain(&f));
    f.process_samples = 4;
    f.processes_from_ms = NOW - 15 * HOUR;
    golden_check(g, "memory, one process has held it since yesterday", explain(&f));
    f = cpu();
    f.host = "db-1";
    f.metric = "disk_usage_percent";
    f.tag = "mount=/var/lib/postgresql";
    f.first_ms = NOW - 26 * HOUR;
    f.severity = 2;
    golden_check(g, "disk space since yesterday", explain(&f));
    f.tag = "mount=/srv/$(reboot)";
    golden_check(g, "disk space, a path that must not be run", explain(&f));
    f.metric = "disk_available_bytes";
    f.tag = "mount=/";
    f.unit = "bytes";
    f.is_low = true;
    f.level = 1073741824;
    f.last = 805306368;
    f.peak = 524288000;
    golden_check(g, "disk space, too little is left", explain(&f));
    f.metric = "disk_inodes_usage_percent";
    f.unit = "percent";
    f.is_low = false;
    f.level = 95;
    f.last = f.peak = 98;
    golden_check(g, "inodes", explain(&f));
    f.metric = "disk_await_ms";
    f.tag = "device=vda";
    f.unit = "milliseconds";
    f.level = 50;
    f.last = 64;
    f.peak = 1250;
    golden_check(g, "slow disk", explain(&f));
    f.metric = "disk_readonly";
    f.tag = "mount=/data";
    f.unit = "count";
    f.level = f.last = f.peak = 1;
    golden_check(g, "read-only", explain(&f));
}

static void others(struct golden *g)
{
    struct alert_facts f = cpu();
    f.host = "cache-2";
    f.metric = f.unit = "";
    f.rule = "host-silent";
    f.type = "host_silent";
    f.message = "No samples for 45 s";
    f.has_values = false;
    f.occurrences = 1;
    f.first_ms = f.last_ms = NOW - 50000;
    f.is_silent = true;
    golden_check(g, "silent host", explain(&f));
    f.type = f.rule = "custom_check";
    f.is_silent = false;
    f.message = "backup \"nightly\" failed\nwith \x1b[31mcode 3";
    f.occurrences = 3;
    f.last_ms = NOW;
    f.severity = 0;
    f.past.elsewhere = 2;
    golden_check(g, "a report from outside, hostile text", explain(&f));
    f = cpu();
    f.metric = "response_time_ms";
    f.unit = "milliseconds";
    f.level = 1000;
    f.last = 1400;
    f.peak = 3200;
    f.past = (struct alert_past){.count = 1, .by_hand = 1, .median_ms = 3 * HOUR, .longest_ms = 3 * HOUR,
                                 .last_ms = NOW - 40 * DAY, .last_who = "\x01" "eve"};
    golden_check(g, "response time, resolved by hand once", explain(&f));
    f.metric = "network_errors";
    f.tag = "interface=eth0";
    f.unit = "count";
    f.level = 10;
    f.last = 12;
    f.peak = 40;
    f.rule = "network_errors";
    f.unit = "count/s";
    golden_check(g, "network errors", explain(&f));
    f.rule = f.type = "custom";
    f.metric = "queue_length";
    f.tag = "queue=mail,shard=2";
    f.peak = 1234567;
    golden_check(g, "a metric nobody knows", explain(&f));
}

static void every_alert_reads_as_it_was_found_good(void **state)
{
    (void)state;
    struct golden g = golden_open("alerts");
    processors(&g);
    memory_and_disks(&g);
    forecasts(&g);
    others(&g);
    golden_close(&g);
}

/* Whatever stands in the names: each text stays in its place, printable and without line breaks. */
static void hostile_names_stay_in_their_place(void **state)
{
    (void)state;
    char name[400];
    uint64_t random = 1;
    for (uint32_t round = 0; round < 2000; round++) {
        uint32_t length = (uint32_t)(unit_random(&random) % (sizeof name - 1));
        for (uint32_t i = 0; i < length; i++)
            name[i] = (char)(1 + unit_random(&random) % 255);
        name[length] = 0;
        struct alert_facts f = busy_cpu();
        f.host = f.message = f.tag = f.unit = f.past.last_who = name;
        f.metric = round % 2 == 0 ? name : "disk_usage_percent";
        f.processes[0].name = f.evidence[0].tag = f.evidence[1].unit = name;
        f.company[0] = f.company[1] = f.company[2] = name;
        f.company_count = 9;
        f.elsewhere = UINT32_MAX;
        f.peak = round % 3 == 0 ? NAN : 1e300;
        f.level = -INFINITY;
        struct alert_words w;
        alert_words_say(&f, &w);
        const char *texts[] = {w.meaning, w.why, w.similar, w.actions[0].what, w.actions[0].command,
                               w.actions[1].command, w.urgency_reason};
        for (uint32_t i = 0; i < COUNT_OF(texts); i++)
            for (const char *c = texts[i]; *c != 0; c++)
                assert_true((unsigned char)*c >= 0x20 && *c != 0x7f);
        assert_in_range(w.urgency, 1, 10);
        assert_null(strchr(w.actions[0].command, '$'));
        assert_null(strchr(w.actions[0].command, '`'));
    }
}

static void urgency_follows_severity_and_is_zero_when_it_is_over(void **state)
{
    (void)state;
    uint32_t before = 0;
    for (uint32_t severity = 0; severity < 4; severity++) {
        struct alert_facts f = cpu();
        struct alert_words w;
        f.severity = severity;
        alert_words_say(&f, &w);
        assert_true(w.urgency > before);
        before = w.urgency;
        f.state = STATE_ACKNOWLEDGED;
        alert_words_say(&f, &w);
        assert_true(w.urgency < before || before == 1);
        f.state = STATE_RESOLVED;
        alert_words_say(&f, &w);
        assert_int_equal(w.urgency, 0);
        assert_int_equal(w.action_count, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_alert_reads_as_it_was_found_good),
        cmocka_unit_test(hostile_names_stay_in_their_place),
        cmocka_unit_test(urgency_follows_severity_and_is_zero_when_it_is_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
