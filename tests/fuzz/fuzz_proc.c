/* SPDX-License-Identifier: MIT */
/* A text of /proc, given to every parser of the agent: none may be harmed by another's file, a cut one or
 * one from a kernel to come.
 *
 * Promises: counts within their arrays, names terminated, shares within 0..100 %. */
#include "tests/fuzz/fuzz.h"

#include "agent/collect/cgroup.h"
#include "agent/collect/cpu.h"
#include "agent/collect/disk.h"
#include "agent/collect/filesystem.h"
#include "agent/collect/load.h"
#include "agent/collect/memory.h"
#include "agent/collect/network.h"
#include "agent/collect/pressure.h"
#include "agent/collect/process.h"
#include "agent/collect/snmp.h"
#include "agent/collect/sockstat.h"
#include "agent/collect/temperature.h"
#include "agent/collect/transfer.h"
#include "agent/collect/uptime.h"
#include "agent/collect/vmstat.h"
#include "platform/base/bytes.h"
#include "platform/base/crc32c.h"
#include "platform/base/utf8.h"

#define IS_TERMINATED(array) (memchr(array, 0, sizeof(array)) != NULL)

static struct cpu_reading whole, half;
static struct disk_reading disks, fewer;
static struct mount_reading mounts;
static struct network_reading network;

static void check_cpu(const char *text, uint32_t length)
{
    cpu_parse(text, length, &whole);
    cpu_parse(text + length / 2, length - length / 2, &half);
    int usage = cpu_usage(&half, &whole);
    FUZZ_CHECK(usage == ERR_AGAIN || (usage >= 0 && usage <= 10000));
    FUZZ_CHECK(whole.core_count <= CORES_MAX);
    for (uint32_t i = 0; i < whole.core_count; i++) {
        usage = cpu_core_usage(&half, &whole, i);
        FUZZ_CHECK(usage == ERR_AGAIN || (usage >= 0 && usage <= 10000));
    }
}

static void check_memory(const char *text, uint32_t length)
{
    struct memory_reading r;
    memory_parse(text, length, &r);
    int usage = memory_usage(&r);
    FUZZ_CHECK(usage == ERR_MISSING || (usage >= 0 && usage <= 10000));
    usage = memory_swap_usage(&r);
    FUZZ_CHECK(usage == ERR_MISSING || (usage >= 0 && usage <= 10000));
}

/* What was not found is zero. */
static void check_fields(const char *text, uint32_t length)
{
    struct vmstat_reading vmstat;
    struct snmp_reading snmp;
    struct netstat_reading netstat;
    struct sockstat_reading sockstat;
    vmstat_parse(text, length, &vmstat);
    snmp_parse(text, length, &snmp);
    netstat_parse(text, length, &netstat);
    sockstat_parse(text, length, &sockstat);
    for (uint32_t i = 0; i < VMSTAT_FIELD_COUNT; i++)
        FUZZ_CHECK(vmstat.has[i] || vmstat.counts[i] == 0);
    for (uint32_t i = 0; i < SNMP_FIELD_COUNT; i++)
        FUZZ_CHECK(snmp.has[i] || snmp.values[i] == 0);
    for (uint32_t i = 0; i < NETSTAT_FIELD_COUNT; i++)
        FUZZ_CHECK(netstat.has[i] || netstat.values[i] == 0);
    for (uint32_t i = 0; i < SOCKSTAT_FIELD_COUNT; i++)
        FUZZ_CHECK(sockstat.has[i] || sockstat.counts[i] == 0);
}

static void check_pressure(const char *text, uint32_t length)
{
    struct pressure_reading r;
    pressure_parse(text, length, &r);
    for (uint32_t i = 0; i < PRESSURE_KIND_COUNT; i++)
        FUZZ_CHECK(!r.has[i] || r.avg10_x100[i] <= 10000);
}

static void check_lists(const char *text, uint32_t length)
{
    disk_parse(text, length, &disks);
    FUZZ_CHECK(disks.count <= DISKS_MAX);
    for (uint32_t i = 0; i < disks.count; i++)
        FUZZ_CHECK(IS_TERMINATED(disks.disks[i].name) && disks.disks[i].name[0] != '\0');
    disk_parse(text + length / 2, length - length / 2, &fewer);
    for (uint32_t i = 0; i < disks.count; i++) {
        struct disk_rates rates;
        if (disk_compare(&fewer, &disks, i, 1000, &rates))
            FUZZ_CHECK(rates.busy_x100 <= 10000);
    }
    mount_parse(text, length, &mounts);
    FUZZ_CHECK(mounts.count <= MOUNTS_MAX);
    for (uint32_t i = 0; i < mounts.count; i++)
        FUZZ_CHECK(IS_TERMINATED(mounts.mounts[i].path) && mounts.mounts[i].path[0] != '\0');
    network_parse(text, length, &network);
    FUZZ_CHECK(network.count <= INTERFACES_MAX);
    for (uint32_t i = 0; i < network.count; i++)
        FUZZ_CHECK(IS_TERMINATED(network.interfaces[i].name) && network.interfaces[i].name[0] != '\0');
}

static void check_process(const char *text, uint32_t length)
{
    struct process_reading r;
    int err = process_parse(text, length, &r);
    FUZZ_CHECK(err == ERR_OK || err == ERR_MALFORMED);
    FUZZ_CHECK(err != ERR_OK || (r.pid > 0 && IS_TERMINATED(r.name) && utf8_printable(r.name)));
}

static void check_folders(const char *text, uint32_t length)
{
    struct cgroup_majors majors;
    struct cgroup_io io;
    uint64_t value;
    int64_t milli;
    char name[TEMPERATURE_NAME_SIZE];
    cgroup_parse_majors(text, length, &majors);
    FUZZ_CHECK(majors.count <= sizeof majors.numbers / sizeof majors.numbers[0]);
    cgroup_parse_io(text, length, &majors, &io);
    FUZZ_CHECK(io.read_bytes <= INT64_MAX && io.written_bytes <= INT64_MAX);
    (void)cgroup_parse_cpu(text, length, &value);
    (void)cgroup_parse_number(text, length, &value);
    FUZZ_CHECK(!temperature_parse(text, length, &milli) || (milli >= -100000 && milli <= 250000));
    if (temperature_name(text, length / 2, text + length / 2, length - length / 2, name))
        FUZZ_CHECK(IS_TERMINATED(name) && utf8_printable(name));
    char *whole = fuzz_text(text, length);
    (void)cgroup_is_watched(whole);
    free(whole);
}

/* As if the text were what is kept of the bytes of the month, with a right checksum. */
static void check_transfer(const char *text, uint32_t length)
{
    uint8_t kept[TRANSFER_KEPT_SIZE], again[TRANSFER_KEPT_SIZE];
    struct transfer t;
    if (length < 4 || length > sizeof kept)
        return;
    memcpy(kept, text, length);
    kept[0] = 1;
    put_u32(kept + length - 4, crc32c(0, kept, length - 4));
    transfer_init(&t, "");
    if (length > 64)
        memcpy(t.boot_id, kept + 24, BOOT_ID_SIZE);
    if (transfer_load(&t, kept, length) != ERR_OK)
        return;
    FUZZ_CHECK(t.count <= INTERFACES_MAX);
    for (uint32_t i = 0; i < t.count; i++)
        FUZZ_CHECK(IS_TERMINATED(t.last[i].name));
    FUZZ_CHECK(transfer_store(&t, again) <= sizeof again);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *text = fuzz_exact(bytes, size);
    uint32_t length = (uint32_t)size;
    struct load_reading load;
    check_cpu(text, length);
    check_memory(text, length);
    check_fields(text, length);
    check_transfer(text, length);
    check_pressure(text, length);
    check_lists(text, length);
    check_process(text, length);
    check_folders(text, length);
    load_parse(text, length, &load);
    int64_t uptime = uptime_parse(text, length);
    FUZZ_CHECK(uptime >= 0 || uptime == ERR_MALFORMED);
    free(text);
    return 0;
}
