/* SPDX-License-Identifier: MIT */
/* See choice.h. */
#include "aggregator/analysis/choice.h"

#include "platform/base/text.h"
#include "proto/metrics.h"

/* Of metrics that agents know. `tag`: only that one. */
static const struct {
    const char *metric, *tag;
} core[] = {
    {"cpu_usage", NULL}, {"cpu_seconds", "mode=steal"}, {"cpu_seconds", "mode=iowait"},
    {"load_average_1min", NULL}, {"context_switches", NULL}, {"forks", NULL}, {"processes_running", NULL},
    {"processes_blocked", NULL}, {"pressure_cpu_some_seconds", NULL}, {"pressure_memory_some_seconds", NULL},
    {"pressure_io_some_seconds", NULL}, {"memory_usage_percent", NULL}, {"memory_cached_bytes", NULL},
    {"memory_dirty_bytes", NULL}, {"swap_usage_percent", NULL}, {"swap_in_pages", NULL},
    {"swap_out_pages", NULL}, {"major_faults", NULL}, {"disk_read_bytes", NULL}, {"disk_written_bytes", NULL},
    {"disk_busy_percent", NULL}, {"disk_await_ms", NULL}, {"disk_usage_percent", NULL},
    {"disk_inodes_usage_percent", NULL}, {"network_rx_bytes", NULL}, {"network_tx_bytes", NULL},
    {"network_errors", NULL}, {"network_drops", NULL}, {"tcp_established", NULL}, {"tcp_retransmits", NULL},
    {"tcp_passive_opens", NULL}, {"tcp_listen_drops", NULL}, {"tcp_time_wait", NULL},
    {"response_time_ms", NULL},
    {"active_users", NULL}, {"request_rate", NULL}, {"error_rate", NULL}, {"temperature_celsius", NULL},
    {"failed_units", NULL},
};

enum choice choice_of(const char *metric, const char *tag)
{
    for (uint32_t i = 0; i < COUNT_OF(core); i++)
        if (text_equal(core[i].metric, metric) && (core[i].tag == NULL || text_equal(core[i].tag, tag)))
            return CHOICE_CORE;
    bool is_ours = metric_find(metric) >= 0 || text_equal(metric, ANOMALY_LEVEL_METRIC);
    return is_ours ? CHOICE_NOT : CHOICE_FURTHER;
}
