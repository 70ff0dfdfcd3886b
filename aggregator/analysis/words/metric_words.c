/* SPDX-License-Identifier: MIT */
/* The two tables. */
#include "aggregator/analysis/words/metric_words.h"

#include <string.h>

#include "aggregator/analysis/words/phrase.h"

static const struct {
    const char *metric, *noun;
    enum subject subject;
    bool is_plural;
} known[] = {
    {"cpu_usage", "CPU use", SUBJECT_CPU, false},
    {"cpu_core_usage", "CPU use", SUBJECT_CPU, false},
    {"cpu_steal_percent", "CPU time taken by the hypervisor (steal)", SUBJECT_STEAL, false},
    {"cpu_iowait_percent", "CPU time spent waiting for disks", SUBJECT_DISK_IO, false},
    {"context_switches", "context switches", SUBJECT_CPU, true},
    {"forks", "new processes", SUBJECT_CPU, true},
    {"processes_running", "runnable threads", SUBJECT_LOAD, true},
    {"processes_blocked", "threads waiting for disks", SUBJECT_DISK_IO, true},
    {"load_average_1min", "load over one minute", SUBJECT_LOAD, false},
    {"load_average_5min", "load over five minutes", SUBJECT_LOAD, false},
    {"load_average_15min", "load over fifteen minutes", SUBJECT_LOAD, false},
    {"pressure_cpu_some_avg10", "time in which tasks waited for a CPU", SUBJECT_CPU_PRESSURE, false},
    {"pressure_memory_some_avg10", "time in which tasks waited for memory", SUBJECT_MEMORY, false},
    {"pressure_memory_full_avg10", "time in which everything waited for memory", SUBJECT_MEMORY, false},
    {"pressure_io_some_avg10", "time in which tasks waited for disks", SUBJECT_DISK_IO, false},
    {"pressure_io_full_avg10", "time in which everything waited for disks", SUBJECT_DISK_IO, false},
    {"memory_usage_percent", "memory use", SUBJECT_MEMORY, false},
    {"memory_available_bytes", "available memory", SUBJECT_MEMORY, false},
    {"memory_used_bytes", "memory in use", SUBJECT_MEMORY, false},
    {"memory_dirty_bytes", "data waiting to be written", SUBJECT_DISK_IO, false},
    {"swap_usage_percent", "swap use", SUBJECT_SWAP, false},
    {"swap_used_bytes", "swap in use", SUBJECT_SWAP, false},
    {"swap_in_pages", "pages read back from swap", SUBJECT_SWAP, true},
    {"swap_out_pages", "pages written to swap", SUBJECT_SWAP, true},
    {"major_faults", "page faults that wait for a disk", SUBJECT_MEMORY, true},
    {"oom_kills", "processes killed for want of memory", SUBJECT_OOM, true},
    {"disk_read_bytes", "data read", SUBJECT_DISK_IO, false},
    {"disk_written_bytes", "data written", SUBJECT_DISK_IO, false},
    {"disk_reads", "reads", SUBJECT_DISK_IO, true},
    {"disk_writes", "writes", SUBJECT_DISK_IO, true},
    {"disk_busy_percent", "busy time", SUBJECT_DISK_IO, false},
    {"disk_queue_depth", "queue", SUBJECT_DISK_IO, false},
    {"disk_await_ms", "time of a disk operation", SUBJECT_DISK_IO, false},
    {"disk_read_await_ms", "time of a read", SUBJECT_DISK_IO, false},
    {"disk_write_await_ms", "time of a write", SUBJECT_DISK_IO, false},
    {"disk_usage_percent", "disk use", SUBJECT_SPACE, false},
    {"disk_used_bytes", "disk space in use", SUBJECT_SPACE, false},
    {"disk_available_bytes", "free disk space", SUBJECT_SPACE, false},
    {"disk_inodes_usage_percent", "inode use", SUBJECT_INODES, false},
    {"disk_inodes_used", "inodes in use", SUBJECT_INODES, true},
    {"disk_readonly", "read-only state", SUBJECT_READONLY, false},
    {"network_rx_bytes", "traffic received", SUBJECT_TRAFFIC, false},
    {"network_tx_bytes", "traffic sent", SUBJECT_TRAFFIC, false},
    {"network_rx_mb", "traffic received", SUBJECT_TRAFFIC, false},
    {"network_tx_mb", "traffic sent", SUBJECT_TRAFFIC, false},
    {"network_rx_packets", "packets received", SUBJECT_TRAFFIC, true},
    {"network_tx_packets", "packets sent", SUBJECT_TRAFFIC, true},
    {"network_errors", "network errors", SUBJECT_NETWORK_ERRORS, true},
    {"network_drops", "dropped packets", SUBJECT_NETWORK_ERRORS, true},
    {"network_rx_errors", "receive errors", SUBJECT_NETWORK_ERRORS, true},
    {"network_tx_errors", "transmit errors", SUBJECT_NETWORK_ERRORS, true},
    {"network_rx_drops", "dropped incoming packets", SUBJECT_NETWORK_ERRORS, true},
    {"network_tx_drops", "dropped outgoing packets", SUBJECT_NETWORK_ERRORS, true},
    {"transfer_usage_percent", "traffic of this month against what the plan allows", SUBJECT_TRANSFER, false},
    {"network_month_bytes", "traffic of this month", SUBJECT_TRANSFER, false},
    {"network_month_rx_bytes", "traffic received this month", SUBJECT_TRANSFER, false},
    {"network_month_tx_bytes", "traffic sent this month", SUBJECT_TRANSFER, false},
    {"tcp_established", "open TCP connections", SUBJECT_TCP, true},
    {"tcp_retransmits", "TCP segments sent again", SUBJECT_TCP, true},
    {"tcp_resets", "TCP connections that were reset", SUBJECT_TCP, true},
    {"tcp_attempt_fails", "TCP connections that failed", SUBJECT_TCP, true},
    {"tcp_listen_overflows", "TCP connections lost at a full listener", SUBJECT_TCP, true},
    {"tcp_listen_drops", "TCP connections lost at a listener", SUBJECT_TCP, true},
    {"tcp_time_wait", "TCP connections in TIME-WAIT", SUBJECT_TCP, true},
    {"sockets_used", "sockets", SUBJECT_TCP, true},
    {"response_time_ms", "response time", SUBJECT_RESPONSE, false},
    {"response_time", "response time", SUBJECT_RESPONSE, false},
    {"health_check_latency", "response time of the health check", SUBJECT_RESPONSE, false},
    {"latency", "latency", SUBJECT_RESPONSE, false},
    {"health_up", "state of the health check", SUBJECT_HEALTH, false},
    {"health_status", "HTTP status of the health check", SUBJECT_HEALTH, false},
    {"check_status", "state of the check", SUBJECT_HEALTH, false},
    {"server_status", "state that the cloud tells", SUBJECT_SILENT, false},
    {"certificate_days_left", "days that the certificate is good for", SUBJECT_HEALTH, false},
    {"request_rate", "requests", SUBJECT_OTHER, true},
    {"error_rate", "failed requests", SUBJECT_RESPONSE, true},
    {"active_users", "active users", SUBJECT_OTHER, true},
    {"temperature_celsius", "temperature", SUBJECT_TEMPERATURE, false},
    {"clock_offset_seconds", "clock offset", SUBJECT_CLOCK, false},
    {"clock_error_seconds", "possible clock error", SUBJECT_CLOCK, false},
    {"clock_synchronized", "clock synchronisation", SUBJECT_CLOCK, false},
    {"failed_units", "failed systemd units", SUBJECT_UNITS, true},
    {"agent_samples_lost", "samples lost by the agent", SUBJECT_AGENT, true},
    {"agent_memory_bytes", "memory of the agent", SUBJECT_AGENT, false},
};

/* Parts of words by which rules, types and unknown metrics tell what they are about; the first one found. */
static const struct {
    const char *part;
    enum subject subject;
} hints[] = {
    {"anomaly", SUBJECT_UNUSUAL}, {"silent", SUBJECT_SILENT}, {"instance_down", SUBJECT_SILENT},
    {"host_down", SUBJECT_SILENT},
    {"unreachable", SUBJECT_SILENT}, {"offline", SUBJECT_SILENT}, {"steal", SUBJECT_STEAL},
    {"pressure_cpu", SUBJECT_CPU_PRESSURE}, {"cpu_pressure", SUBJECT_CPU_PRESSURE},
    {"psi_cpu", SUBJECT_CPU_PRESSURE}, {"pressure_io", SUBJECT_DISK_IO}, {"oom", SUBJECT_OOM},
    {"swap", SUBJECT_SWAP}, {"inode", SUBJECT_INODES}, {"readonly", SUBJECT_READONLY},
    {"read_only", SUBJECT_READONLY}, {"await", SUBJECT_DISK_IO}, {"disk_latency", SUBJECT_DISK_IO},
    {"disk_busy", SUBJECT_DISK_IO}, {"iowait", SUBJECT_DISK_IO}, {"disk", SUBJECT_SPACE},
    {"filesystem", SUBJECT_SPACE}, {"memory", SUBJECT_MEMORY}, {"mem_", SUBJECT_MEMORY},
    {"load", SUBJECT_LOAD}, {"cpu", SUBJECT_CPU}, {"transfer", SUBJECT_TRANSFER},
    {"network_err", SUBJECT_NETWORK_ERRORS}, {"network_drop", SUBJECT_NETWORK_ERRORS},
    {"tcp", SUBJECT_TCP}, {"network", SUBJECT_TRAFFIC}, {"response", SUBJECT_RESPONSE},
    {"latency", SUBJECT_RESPONSE}, {"performance", SUBJECT_RESPONSE}, {"health", SUBJECT_HEALTH},
    {"down", SUBJECT_SILENT}, {"clock", SUBJECT_CLOCK}, {"skew", SUBJECT_CLOCK},
    {"temperature", SUBJECT_TEMPERATURE}, {"failed_unit", SUBJECT_UNITS}, {"agent", SUBJECT_AGENT},
};

static const char *const nouns[SUBJECT_COUNT] = {
    [SUBJECT_CPU] = "CPU", [SUBJECT_LOAD] = "load", [SUBJECT_STEAL] = "stolen CPU time",
    [SUBJECT_CPU_PRESSURE] = "waiting for CPU", [SUBJECT_MEMORY] = "memory", [SUBJECT_SWAP] = "swap",
    [SUBJECT_OOM] = "out of memory", [SUBJECT_SPACE] = "disk space", [SUBJECT_INODES] = "inodes",
    [SUBJECT_READONLY] = "read-only disk", [SUBJECT_DISK_IO] = "slow disk",
    [SUBJECT_NETWORK_ERRORS] = "network errors", [SUBJECT_TRAFFIC] = "network traffic",
    [SUBJECT_TRANSFER] = "transfer allowance", [SUBJECT_TCP] = "TCP", [SUBJECT_RESPONSE] = "slow answers",
    [SUBJECT_HEALTH] = "health check", [SUBJECT_SILENT] = "silent", [SUBJECT_CLOCK] = "clock",
    [SUBJECT_TEMPERATURE] = "temperature", [SUBJECT_UNITS] = "failed units", [SUBJECT_AGENT] = "agent",
    [SUBJECT_UNUSUAL] = "unusual behaviour", [SUBJECT_OTHER] = "an alert",
};

static int find(const char *metric)
{
    for (uint32_t i = 0; i < COUNT_OF(known); i++)
        if (text_equal(metric, known[i].metric))
            return (int)i;
    return ERR_MISSING;
}

static enum subject by_hint(const char *word)
{
    for (uint32_t i = 0; i < COUNT_OF(hints); i++)
        if (strstr(word, hints[i].part) != NULL)
            return hints[i].subject;
    return SUBJECT_OTHER;
}

enum subject subject_of(const char *metric, const char *rule, const char *type)
{
    int at = find(metric);
    if (at >= 0)
        return known[at].subject;
    const char *const words[] = {rule, metric, type};
    for (uint32_t i = 0; i < COUNT_OF(words); i++)
        if (by_hint(words[i]) != SUBJECT_OTHER)
            return by_hint(words[i]);
    return SUBJECT_OTHER;
}

const char *subject_noun(enum subject subject)
{
    return nouns[subject];
}

const char *tag_value(const char *tag)
{
    const char *value = strchr(tag, '=');
    return value == NULL ? "" : value + 1;
}

bool metric_is_plain(const char *metric, const char *rule)
{
    static const char *const told_by_rule[] = {"load_average", "check_status", "server_status"};
    for (uint32_t i = 0; i < COUNT_OF(told_by_rule); i++)
        if (rule[0] != '\0' && text_starts(metric, told_by_rule[i]))
            return false;
    return metric[0] != '\0';
}

const char *metric_joint(const char *tag)
{
    return text_starts(tag, "interface=") ? " of " : " on ";
}

static void put_tag(struct text *t, const char *tag)
{
    static const struct {
        const char *key, *words;
    } keys[] = {{"mount=", " of "}, {"device=", " of "}, {"interface=", " on "}, {"core=", " of core "},
                {"sensor=", " of "}};
    for (uint32_t i = 0; i < COUNT_OF(keys); i++)
        if (text_starts(tag, keys[i].key) && strchr(tag, ',') == NULL) {
            text_put(t, keys[i].words);
            phrase_foreign(t, tag + strlen(keys[i].key), PHRASE_NAME_MAX);
            return;
        }
    text_put(t, " (");
    phrase_foreign(t, tag, PHRASE_NAME_MAX);
    text_put_char(t, ')');
}

bool metric_is_worded(const char *metric)
{
    return find(metric) >= 0;
}

bool metric_is_plural(const char *metric)
{
    int at = find(metric);
    return at >= 0 && known[at].is_plural;
}

void metric_begin(struct text *t, const char *metric, const char *tag)
{
    uint32_t from = t->length;
    metric_noun(t, metric, tag);
    if (find(metric) >= 0)
        phrase_capital(t, from);
}

void metric_noun(struct text *t, const char *metric, const char *tag)
{
    int at = find(metric);
    if (at >= 0)
        text_put(t, known[at].noun);
    else if (text_equal(metric, "cpu_seconds") && text_equal(tag, "mode=steal")) {
        text_put(t, "CPU time taken by the hypervisor (steal)");
        return;
    } else if (text_equal(metric, "cpu_seconds") && text_starts(tag, "mode=")) {
        text_put(t, "CPU time in mode ");
        phrase_foreign(t, tag_value(tag), 16);
        return;
    } else
        phrase_foreign(t, metric, 64);
    if (tag[0] != '\0')
        put_tag(t, tag);
}
