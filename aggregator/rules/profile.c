/* SPDX-License-Identifier: MIT */
/* The rules that are shipped, in the form of files. "nephos" judges by incidents: means over a minute, held
 * for minutes, over only when left for a while. The others have the levels of earlier Nephos systems. */
#include "aggregator/rules/rule.h"

/* Each breach at once, and each end. */
#define AT_ONCE "for = 0s\nbridge = 0s\nclear_for = 0s\ngrace = 0s\nrepeat = 0s\n"

static const char processor_and_memory[] =
    "[cpu]\nvalue = cpu_usage\nover = 1m\nsource = agents\ngroup = cpu\n"
    "warn = 90\nwarn_clear = 80\ncritical = 97\ncritical_clear = 90\nfor = 15m\ncritical_severity = high\n"
    "message = CPU has been at {value} % on {name} for {for}\n"
    "[load]\nvalue = load_average_5min / cores\nsource = agents\ngroup = cpu\n"
    "warn = 2\nwarn_clear = 1.5\ncritical = 5\ncritical_clear = 3\nfor = 15m\n"
    "warn_severity = low\ncritical_severity = high\n"
    "message = {value} threads for each core of {name} have been running or waiting for {for}\n"
    "[steal]\nvalue = rate(cpu_seconds) / cores\ntags = mode=steal\nover = 1m\nsource = agents\ngroup = cpu\n"
    "warn = 0.1\nwarn_clear = 0.05\ncritical = 0.3\ncritical_clear = 0.15\nfor = 20m\n"
    "critical_severity = high\n"
    "message = other guests of its host take {value} of the CPU time of {name} (1 is all)\n"
    "[pressure_cpu]\nvalue = pressure_cpu_some_avg10\nover = 1m\nsource = agents\ngroup = cpu\n"
    "warn = 85\nwarn_clear = 60\nfor = 20m\nwarn_severity = low\n"
    "message = tasks on {name} waited for a CPU {value} % of the time, for {for}\n"
    "[memory]\nvalue = memory_usage_percent\nover = 1m\nsource = agents\ngroup = memory\n"
    "warn = 90\nwarn_clear = 85\ncritical = 96\ncritical_clear = 92\nfor = 5m\n"
    "message = {value} % of the memory of {name} is in use\n"
    "[swap_thrash]\nvalue = rate(swap_in_pages)\nonly_if = rate(swap_out_pages) > 10\nover = 1m\n"
    "source = agents\ngroup = memory\n"
    "warn = 200\nwarn_clear = 50\ncritical = 2000\ncritical_clear = 500\nfor = 3m\n"
    "message = {name} is swapping: {value} pages a second come back from swap while others go there\n"
    "[pressure_memory]\nvalue = pressure_memory_full_avg10\nover = 1m\nsource = agents\ngroup = memory\n"
    "warn = 10\nwarn_clear = 5\ncritical = 40\ncritical_clear = 20\nfor = 3m\n"
    "message = everything on {name} waited for memory {value} % of the time\n"
    "[oom]\nvalue = rate(oom_kills)\nsource = agents\ngroup = memory\n"
    "critical = > 0\nfor = 0s\nclear_for = 15m\ncritical_severity = high\n"
    "message = the kernel of {name} killed a process because memory ran out\n";

static const char disks[] =
    "[disk_space]\nvalue = disk_usage_percent\nonly_if = disk_available_bytes < 50GiB\n"
    "tags = !mount=/snap/*\nsource = agents\ngroup = disk\n"
    "warn = 90\nwarn_clear = 88\ncritical = 97\ncritical_clear = 95\nfor = 5m\n"
    "message = {tag} of {name} is {value} % full\n"
    "[disk_free]\nvalue = disk_available_bytes\nonly_if = disk_usage_percent > 80\n"
    "tags = !mount=/boot*, !mount=/snap/*\nsource = agents\ngroup = disk\n"
    "warn = < 1GiB\nwarn_clear = 1536MiB\ncritical = < 256MiB\ncritical_clear = 512MiB\nfor = 3m\n"
    "message = {value} bytes are left on {tag} of {name}\n"
    "[disk_inodes]\nvalue = disk_inodes_usage_percent\ntags = !mount=/snap/*\nsource = agents\ngroup = disk\n"
    "warn = 90\nwarn_clear = 88\ncritical = 97\ncritical_clear = 95\nfor = 5m\n"
    "message = {value} % of the inodes of {tag} on {name} are taken\n"
    "[disk_latency]\nvalue = disk_await_ms\nonly_if = disk_busy_percent > 20\nover = 1m\nsource = agents\n"
    "group = disk\nwarn = 200\nwarn_clear = 100\ncritical = 1000\ncritical_clear = 400\nfor = 10m\n"
    "critical_severity = high\n"
    "message = operations on {tag} of {name} take {value} ms\n"
    "[pressure_io]\nvalue = pressure_io_full_avg10\nover = 1m\nsource = agents\ngroup = disk\n"
    "warn = 50\nwarn_clear = 30\ncritical = 85\ncritical_clear = 60\nfor = 10m\ncritical_severity = high\n"
    "message = everything on {name} waited for disks {value} % of the time, for {for}\n";

static const char network_and_host[] =
    "[network_errors]\nvalue = rate(network_errors)\nover = 1m\nsource = agents\ngroup = network\n"
    "warn = 1\nwarn_clear = 0.2\ncritical = 50\ncritical_clear = 10\nfor = 5m\ncritical_severity = high\n"
    "message = {value} errors a second on {tag} of {name}\n"
    "[network_drops]\nvalue = rate(network_drops)\nover = 1m\nsource = agents\ngroup = network\n"
    "warn = 50\nwarn_clear = 10\ncritical = 1000\ncritical_clear = 200\nfor = 10m\nwarn_severity = low\n"
    "critical_severity = high\n"
    "message = {value} packets a second are dropped on {tag} of {name}\n"
    "[transfer]\nvalue = transfer_usage_percent\ngroup = network\n"
    "warn = 80\ncritical = 95\nfor = 5m\nwarn_severity = low\ncritical_severity = medium\n"
    "message = {name} has used {value} % of the traffic that its plan allows this month\n"
    "[response_time]\nvalue = response_time_ms\ntags = !check=*\nover = 1m\nsource = agents\n"
    "group = service\n"
    "warn = 1000\nwarn_clear = 700\ncritical = 3000\ncritical_clear = 1500\nfor = 3m\n"
    "message = the health check of {name} takes {value} ms\n"
    "[health]\nvalue = health_up\nsource = agents\ngroup = service\ncritical = < 1\n"
    "for = 1m\nclear_for = 2m\n"
    "message = the health check of {name} fails\n"
    "[temperature]\nvalue = temperature_celsius\nover = 1m\nsource = agents\ngroup = hardware\n"
    "warn = 90\nwarn_clear = 80\ncritical = 100\ncritical_clear = 90\nfor = 5m\n"
    "message = {tag} of {name} is at {value} degrees\n"
    "[clock]\nvalue = clock_skew_seconds\nsource = agents\ngroup = host\n"
    "warn = 5\nwarn_clear = 2\ncritical = 60\ncritical_clear = 30\nfor = 5m\nwarn_severity = low\n"
    "critical_severity = medium\n"
    "message = the clock of {name} is {value} seconds off\n"
    "[host_silent]\nvalue = missed_shipments\ngroup = host\n"
    "critical = 3\ncritical_clear = 1\nfor = 0s\nclear_for = 10s\nbridge = 0s\n"
    "message = nothing has come from {name} for {value} times as long as it takes at most\n";

/* What the sentinel looks at from outside: a failure is looked at again within seconds, and told then; what
 * is over is over after two good looks. A host that is silent explains what fails on it. */
static const char sentinel[] =
    "[check_down]\nvalue = check_status\ntags = check=*\ngroup = service\nunless = host_silent\n"
    "critical = 2\ncritical_clear = 1\nfor = 5s\nclear_for = 5s\nbridge = 0s\nforget_after = 3h\n"
    "type = instance_down\nmessage = {name} fails its check ({tag}){why}\n"
    "[check_slow]\nvalue = response_time_ms\nonly_if = check_status > 0\ntags = check=*\n"
    "group = service\nunless = check_down\nwarn = > 0\nfor = 5s\nclear_for = 5s\nbridge = 0s\n"
    "forget_after = 3h\n"
    "warn_severity = high\n"
    "type = performance_degradation\nmessage = {name} answers slowly ({tag}): after {value} ms\n"
    "[certificate]\nvalue = certificate_days_left\ntags = check=*\ngroup = service\n"
    "warn = < 14\ncritical = < 3\nfor = 0s\nclear_for = 0s\nbridge = 0s\nforget_after = 3h\n"
    "type = certificate_expiring\n"
    "message = the certificate of {tag} on {name} is good for {value} more days\n"
    "[server_down]\nvalue = server_status\ntags = source=*\ngroup = host\nunless = host_silent\n"
    "critical = 2\ncritical_clear = 1\nfor = 1m\nclear_for = 0s\nbridge = 0s\nforget_after = 3h\n"
    "type = instance_down\nmessage = {name} is down, says its provider{why}\n";

/* The levels of who takes batches: at or above. */
#define INGEST_RULE(name, source, metric, warn, critical) \
    "[" name "]\nvalue = last(" metric ")\ntags = !check=*\n" source "warn = " warn "\n" \
    "critical = " critical "\n" \
    "warn_severity = high\n" AT_ONCE "type = {metric}_{level}\n" \
    "message = {metric} is {word}: {value}{unit} (threshold: {threshold})\n"
#define INGEST_RULES(prefix, source) \
    INGEST_RULE(prefix "cpu", source, "cpu_usage", "70", "90") \
    INGEST_RULE(prefix "memory", source, "memory_usage_percent", "75", "90") \
    INGEST_RULE(prefix "disk", source, "disk_usage_percent", "80", "95") \
    INGEST_RULE(prefix "network_errors", source, "network_errors", "10", "50") \
    INGEST_RULE(prefix "response_time", source, "response_time_ms", "1000", "3000")

static const char of_clients[] = INGEST_RULES("client_", "source = clients\n");
static const char ingest[] = INGEST_RULES("", "");

/* What an earlier agent judged by itself. */
static const char agent[] =
    "[cpu]\nvalue = cpu_usage\nwarn = > 80\ncritical = > 95\nwarn_severity = high\n" AT_ONCE
    "type = high_cpu_usage\nmessage = CPU usage is at {value2}%\n"
    "[memory]\nvalue = memory_usage_percent\nwarn = > 85\ncritical = > 95\nwarn_severity = high\n" AT_ONCE
    "type = high_memory_usage\nmessage = Memory usage is at {value2}%\n";

/* What the guide advises for production. */
static const char guide[] =
    "[cpu]\nvalue = cpu_usage\nwarn = > 90\nwarn_severity = high\n" AT_ONCE
    "type = high_cpu_usage\nmessage = CPU usage is at {value2}%\n"
    "[memory]\nvalue = memory_usage_percent\nwarn = > 85\nwarn_severity = high\n" AT_ONCE
    "type = high_memory_usage\nmessage = Memory usage is at {value2}%\n";

/* What the documents show as examples. */
static const char documents[] =
    "[memory]\nvalue = memory_usage_percent\ncritical = 90\n" AT_ONCE
    "type = high_memory_usage\nmessage = Memory usage is at {value2}%\n"
    "[cpu]\nvalue = cpu_usage\nwarn = 70\nwarn_severity = high\n" AT_ONCE
    "type = high_cpu_usage\nmessage = CPU usage is at {value2}%\n"
    "[response_time]\nvalue = response_time_ms\nwarn = 1000\nwarn_severity = medium\n" AT_ONCE
    "type = slow_response\nmessage = Response time is {value} ms\n"
    "[disk]\nvalue = disk_usage_percent\nwarn = 80\nwarn_severity = low\n" AT_ONCE
    "type = high_disk_usage\nmessage = Disk usage is at {value2}%\n";

#define PARTS_MAX 5U
static const struct {
    const char *name;
    const char *parts[PARTS_MAX];
} table[] = {
    {"nephos", {processor_and_memory, disks, network_and_host, sentinel, of_clients}},
    {"agent", {agent, NULL}},
    {"ingest", {ingest, NULL}},
    {"guide", {guide, NULL}},
    {"documents", {documents, NULL}},
    {"none", {NULL}},
};

const char *rules_profile_name(uint32_t index)
{
    return index < COUNT_OF(table) ? table[index].name : NULL;
}

const char *rules_profile_part(const char *name, uint32_t part)
{
    for (uint32_t i = 0; i < COUNT_OF(table) && part < PARTS_MAX; i++)
        if (text_equal(table[i].name, name))
            return table[i].parts[part];
    return NULL;
}
