/* SPDX-License-Identifier: MIT */
/* OpenTelemetry's names, units and attributes for what agents measure. Metrics that it has no name for have
 * ours behind "nephos."; what people send keeps its name. */
#include <string.h>

#include "aggregator/forward/otlp.h"

/* A name of OpenTelemetry's may stand for several metrics of ours, told apart by an attribute. */
static const struct {
    const char *metrics; /* that begin so */
    const char *key, *value;
} attributes[] = {
    {"disk_read", "disk.io.direction", "read"},
    {"disk_writ", "disk.io.direction", "write"},
    {"cgroup_io_read", "disk.io.direction", "read"},
    {"cgroup_io_writ", "disk.io.direction", "write"},
    {"network_rx", "network.io.direction", "receive"},
    {"network_tx", "network.io.direction", "transmit"},
    {"swap_in", "system.paging.direction", "in"},
    {"swap_out", "system.paging.direction", "out"},
    {"major_faults", "system.paging.fault.type", "major"},
    {"memory_used", "system.memory.state", "used"},
    {"swap_used", "system.paging.state", "used"},
    {"disk_used", "system.filesystem.state", "used"},
    {"disk_inodes_used", "system.filesystem.state", "used"},
};

static const struct {
    const char *ours, *theirs;
    uint32_t divisor;
} units[] = {
    {"percent", "1", 100}, {"bytes", "By", 1},    {"seconds", "s", 1}, {"milliseconds", "ms", 1},
    {"celsius", "Cel", 1}, {"count", "1", 1},     {"load", "1", 1},
};

static const char *const key_names[][2] = {
    {"device", "system.device"},        {"mount", "system.filesystem.mountpoint"},
    {"interface", "network.interface.name"}, {"core", "cpu.logical_number"},
    {"mode", "cpu.mode"},               {"sensor", "hw.id"},
};

static void put_unit(struct otlp_name *out, const char *unit)
{
    out->unit = unit;
    out->divisor = 1;
    for (uint32_t i = 0; i < COUNT_OF(units); i++) {
        if (!text_equal(unit, units[i].ours))
            continue;
        out->unit = units[i].theirs;
        out->divisor = units[i].divisor;
    }
}

/* Sums of what is told in parts, too, would count twice under the same name. */
static bool is_sum(int metric, bool has_cores)
{
    return (metric == METRIC_CPU_SECONDS && has_cores) || metric == METRIC_NETWORK_ERRORS ||
           metric == METRIC_NETWORK_DROPS;
}

void otlp_name(const char *metric, const char *unit, bool has_cores, struct otlp_name *out)
{
    struct text name;
    int known = metric_find(metric);
    const struct metric_info *info = known >= 0 ? metric_info((enum metric)known) : NULL;
    *out = (struct otlp_name){0};
    text_init(&name, out->name, sizeof out->name);
    put_unit(out, unit);
    if (info == NULL) { /* in the unit that its sender gave it */
        text_put(&name, metric);
        out->unit = out->divisor == 1 ? out->unit : "%";
        out->divisor = 1;
        return;
    }
    out->since_boot = info->kind == METRIC_COUNTER && !metric_is_told((enum metric)known) &&
                      !text_starts(metric, "cgroup_") && known != METRIC_CLOCK_STEPS;
    if (info->otel[0] == '\0' || is_sum(known, has_cores)) {
        text_printf(&name, "nephos.%s", metric);
        out->unit = out->divisor == 1 ? out->unit : "%";
        out->divisor = 1;
        return;
    }
    text_put(&name, info->otel);
    for (uint32_t i = 0; i < COUNT_OF(attributes); i++)
        if (text_starts(metric, attributes[i].metrics)) {
            out->key = attributes[i].key;
            out->value = attributes[i].value;
        }
}

const char *otlp_key(const char *key, uint32_t length)
{
    for (uint32_t i = 0; i < COUNT_OF(key_names); i++)
        if (strlen(key_names[i][0]) == length && memcmp(key_names[i][0], key, length) == 0)
            return key_names[i][1];
    return NULL;
}
