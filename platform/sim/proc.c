/* SPDX-License-Identifier: MIT */
/* The simulated /proc: texts that are a pure function of machine, boot and second.
 *
 * Counters grow by a rate with a bounded wobble (so they never go back) and gauges wobble around a
 * level; all from one hash. sim_proc_at() tells the numbers, and the texts only print them, so a test
 * can recompute everything that an agent should have measured from a sample's uptime alone. */
#include <stdlib.h>
#include <string.h>

#include "platform/sim/proc_pen.h"
#include "platform/sim/world.h"

enum text_kind {
    TEXT_STAT, TEXT_MEMINFO, TEXT_LOADAVG, TEXT_UPTIME, TEXT_DISKSTATS, TEXT_NET_DEV, TEXT_MOUNTS,
    TEXT_BOOT_ID, TEXT_PRESSURE_CPU, TEXT_PRESSURE_MEMORY, TEXT_PRESSURE_IO, TEXT_VMSTAT, TEXT_SNMP,
    TEXT_NETSTAT, TEXT_SOCKSTAT, TEXT_SOCKSTAT6,
    TEXT_PROCESS, /* one for each of sim_processes */
    TEXT_KIND_COUNT = TEXT_PROCESS + SIM_PROCESSES
};

const struct sim_process sim_processes[SIM_PROCESSES] = {
    {1, "systemd"}, {2, "kthreadd"}, {310, "systemd-journal"}, {455, "a) R 1 (b"}, {890, "postgres"},
    {1207, "caf\xc3\xa9"},
};

static const struct {
    const char *path;
    enum text_kind kind;
} paths[] = {
    {"/proc/stat", TEXT_STAT},           {"/proc/meminfo", TEXT_MEMINFO},
    {"/proc/loadavg", TEXT_LOADAVG},     {"/proc/uptime", TEXT_UPTIME},
    {"/proc/diskstats", TEXT_DISKSTATS}, {"/proc/net/dev", TEXT_NET_DEV},
    {"/proc/self/net/dev", TEXT_NET_DEV}, {"/proc/self/mountinfo", TEXT_MOUNTS},
    {"/proc/1/mountinfo", TEXT_MOUNTS},  {"/proc/sys/kernel/random/boot_id", TEXT_BOOT_ID},
    {"/proc/pressure/cpu", TEXT_PRESSURE_CPU}, {"/proc/pressure/memory", TEXT_PRESSURE_MEMORY},
    {"/proc/pressure/io", TEXT_PRESSURE_IO}, {"/proc/vmstat", TEXT_VMSTAT},
    {"/proc/net/snmp", TEXT_SNMP},       {"/proc/net/netstat", TEXT_NETSTAT},
    {"/proc/net/sockstat", TEXT_SOCKSTAT}, {"/proc/net/sockstat6", TEXT_SOCKSTAT6},
    {"/proc/1/stat", TEXT_PROCESS},      {"/proc/2/stat", TEXT_PROCESS + 1},
    {"/proc/310/stat", TEXT_PROCESS + 2}, {"/proc/455/stat", TEXT_PROCESS + 3},
    {"/proc/890/stat", TEXT_PROCESS + 4}, {"/proc/1207/stat", TEXT_PROCESS + 5},
};

void sim_proc_at(uint32_t machine, uint32_t boot, uint64_t second, struct sim_proc *out)
{
    static const uint8_t cpu_rates[8] = {31, 2, 9, 52, 3, 1, 1, 1};
    uint64_t key = mix((uint64_t)machine << 48 ^ (uint64_t)boot << 40 ^ second) ^ machine;
    uint64_t host = machine * 7 + boot + 1;
    for (uint32_t c = 0; c < 2; c++)
        for (uint32_t m = 0; m < 8; m++)
            out->cpu[c][m] = counter(key, c * 8 + m, second, cpu_rates[m]);
    out->context_switches = counter(key, 16, second, 1500 + host);
    out->forks = counter(key, 17, second, 7);
    out->running = 1 + wobble(key, 18, 4);
    out->blocked = wobble(key, 19, 3);
    out->load_centi[0] = wobble(key, 20, 300);
    out->load_centi[1] = 50 + wobble(key, 21, 100);
    out->load_centi[2] = 70 + wobble(key, 22, 40);
    uint64_t total_kib = 4000000 + 1000 * host;
    uint64_t free_kib = 500000 + wobble(key, 23, 300000);
    uint64_t available_kib = 2000000 + wobble(key, 24, 900000);
    const uint64_t memory[8] = {total_kib, free_kib, available_kib, 80000 + wobble(key, 25, 999),
                                1200000 + wobble(key, 26, 99999), wobble(key, 27, 5000), 1048572,
                                1000000 + wobble(key, 28, 48572)};
    memcpy(out->memory_kib, memory, sizeof(memory));
    const uint64_t more[4] = {8000 + wobble(key, 60, 99), 140000 + wobble(key, 61, 9999),
                              90000 + wobble(key, 62, 9999), 700000 + wobble(key, 63, 99999)};
    memcpy(out->memory_more_kib, more, sizeof(more));
    const uint64_t disk_rates[8] = {20, 640, 35, 1900, 410, 3, 2, 5};
    for (uint32_t i = 0; i < 8; i++)
        out->disk[i] = counter(key, 30 + i, second, disk_rates[i]);
    const uint64_t net_rates[4] = {90000 + host, 120, 1, 2};
    for (uint32_t i = 0; i < 4; i++) {
        out->rx[i] = counter(key, 40 + i, second, net_rates[i]);
        out->tx[i] = counter(key, 44 + i, second, net_rates[i] / 2 + 1);
    }
    static const uint8_t process_rates[SIM_PROCESSES] = {0, 1, 0, 12, 3, 0}; /* steady, as most are */
    uint64_t slow = mix(host ^ second / 60); /* processes grow and shrink now and then */
    for (uint32_t i = 0; i < SIM_PROCESSES; i++) {
        out->process_ticks[i] = 100 * i + second * process_rates[i];
        out->process_pages[i] = i == 1 ? 0 : 4000 + SIM_PROCESSES * wobble(slow, 70 + i, 3000) + i;
    }
    uint64_t used = (UINT64_C(6000000) + second * 3 + wobble(key, 50, 999)) * 4096;
    uint64_t size = UINT64_C(60000000000) / 4096 * 4096;
    out->root = (struct plat_filesystem){.total_bytes = size,
                                         .free_bytes = size - used,
                                         .available_bytes = size - used - 3000000512,
                                         .inodes_total = 3900000,
                                         .inodes_free = 3500000 - second};
    proc_counts_at(key, second, out);
    out->machine = machine;
    out->boot = boot;
}

void sim_proc_brief(struct sim_world *w, bool brief)
{
    w->proc_brief = brief;
}

/* --- writing --- */

static void write_stat(struct pen *pen, const struct sim_proc *v, bool brief)
{
    uint64_t all[8];
    for (uint32_t i = 0; i < 8; i++)
        all[i] = v->cpu[0][i] + v->cpu[1][i];
    word(pen, "cpu ");
    numbers(pen, all, 8);
    word(pen, " 0 0\n");
    for (uint32_t c = 0; c < 2; c++) {
        fact(pen, "cpu", c, "");
        numbers(pen, v->cpu[c], 8);
        word(pen, " 0 0\n");
    }
    if (!brief)
        word(pen, "intr 2815043 0 9 0 0 0 0 0 0 0 0 0 0 15 0 0 0 0 0 0 0 0 0 0 0 27 5 0 0\n");
    fact(pen, "ctxt ", v->context_switches, "\nbtime 1767225600\n");
    fact(pen, "processes ", v->forks, "\n");
    fact(pen, "procs_running ", v->running, "\n");
    fact(pen, "procs_blocked ", v->blocked, "\n");
    if (!brief)
        word(pen, "softirq 1293880 0 178213 21 40234 9123 0 1022 512377 0 552890\n");
}

static void write_meminfo(struct pen *pen, const struct sim_proc *v, bool brief)
{
    const uint64_t *kib = v->memory_kib;
    fact(pen, "MemTotal:        ", kib[0], " kB\n");
    fact(pen, "MemFree:          ", kib[1], " kB\n");
    fact(pen, "MemAvailable:    ", kib[2], " kB\n");
    fact(pen, "Buffers:           ", kib[3], " kB\n");
    fact(pen, "Cached:          ", kib[4], " kB\n");
    if (!brief)
        word(pen, "SwapCached:            0 kB\nActive:           812344 kB\n"
                  "Inactive:        1002312 kB\nUnevictable:           0 kB\n");
    fact(pen, "SwapTotal:       ", kib[6], " kB\n");
    fact(pen, "SwapFree:        ", kib[7], " kB\n");
    fact(pen, "Dirty:               ", kib[5], " kB\n");
    if (!brief)
        word(pen, "Writeback:             0 kB\nAnonPages:        700012 kB\n");
    fact(pen, "Shmem:             ", v->memory_more_kib[0], " kB\n");
    fact(pen, "Slab:             ", v->memory_more_kib[1], " kB\n");
    fact(pen, "SReclaimable:     ", v->memory_more_kib[2], " kB\n");
    fact(pen, "Committed_AS:     ", v->memory_more_kib[3], " kB\n");
    if (!brief)
        word(pen, "HugePages_Total:       0\n");
}

static void write_diskstats(struct pen *pen, const struct sim_proc *v, bool brief)
{
    const uint64_t *d = v->disk;
    const char *names[2] = {" 254       0 vda ", " 254       1 vda1 "};
    for (uint32_t i = 0; i < (brief ? 1U : 2U); i++) {
        word(pen, names[i]);
        fact(pen, "", d[0], " 12 ");   /* reads, merged */
        fact(pen, "", d[1], " ");      /* sectors read */
        fact(pen, "", d[5], " ");      /* ms reading */
        fact(pen, "", d[2], " 7 ");    /* writes, merged */
        fact(pen, "", d[3], " ");      /* sectors written */
        fact(pen, "", d[6], " 0 ");    /* ms writing, in flight */
        fact(pen, "", d[4], " ");      /* ms busy */
        fact(pen, "", d[7], " 0 0 0 0 0 0\n");
    }
}

static void write_net_dev(struct pen *pen, const struct sim_proc *v, bool brief)
{
    word(pen, "Inter-|   Receive                                                |  Transmit\n"
              " face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets "
              "errs drop fifo colls carrier compressed\n");
    if (!brief)
        word(pen, "    lo: 1234 10 0 0 0 0 0 0 1234 10 0 0 0 0 0 0\n");
    word(pen, "  eth0:");
    numbers(pen, v->rx, 4);
    word(pen, " 0 0 0 0");
    numbers(pen, v->tx, 4);
    word(pen, " 0 0 0 0\n");
}

static void write_process(struct pen *pen, const struct sim_proc *v, uint32_t i)
{
    fact(pen, "", sim_processes[i].pid, " (");
    word(pen, sim_processes[i].name);
    word(pen, ") S 1 1 1 0 -1 4194560 311 0 2 0");
    const uint64_t times[2] = {v->process_ticks[i] / 3, v->process_ticks[i] - v->process_ticks[i] / 3};
    numbers(pen, times, 2);
    fact(pen, " 0 0 20 0 1 0 ", 10 + i, " 99999744");
    fact(pen, " ", v->process_pages[i], " 18446744073709551615 1 1 0 0 0\n");
}

static void write_text(struct pen *pen, enum text_kind kind, const struct sim_proc *v,
                       uint64_t second, bool brief)
{
    switch (kind) {
    case TEXT_STAT:
        write_stat(pen, v, brief);
        break;
    case TEXT_MEMINFO:
        write_meminfo(pen, v, brief);
        break;
    case TEXT_LOADAVG:
        for (uint32_t i = 0; i < 3; i++)
            centi(pen, v->load_centi[i]);
        word(pen, "1/123 4567\n");
        break;
    case TEXT_UPTIME:
        fact(pen, "", second, ".00 ");
        fact(pen, "", second * 2, ".00\n");
        break;
    case TEXT_DISKSTATS:
        write_diskstats(pen, v, brief);
        break;
    case TEXT_NET_DEV:
        write_net_dev(pen, v, brief);
        break;
    case TEXT_MOUNTS:
        if (!brief)
            word(pen, "21 26 0:19 / /sys rw,nosuid shared:7 - sysfs sysfs rw\n"
                      "22 26 0:20 / /proc rw,nosuid shared:12 - proc proc rw\n"
                      "25 26 0:23 / /run rw,nosuid shared:5 - tmpfs tmpfs rw,size=403340k\n");
        word(pen, "26 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro\n");
        break;
    case TEXT_BOOT_ID:
        fact(pen, "00000000-0000-4000-8000-", UINT64_C(100000000000) + v->machine * 1000 + v->boot, "\n");
        break;
    case TEXT_PRESSURE_CPU:
    case TEXT_PRESSURE_MEMORY:
    case TEXT_PRESSURE_IO:
        proc_write_pressure(pen, v, kind - TEXT_PRESSURE_CPU);
        break;
    case TEXT_VMSTAT:
        proc_write_vmstat(pen, v, brief);
        break;
    case TEXT_SNMP:
        proc_write_snmp(pen, v, brief);
        break;
    case TEXT_NETSTAT:
        proc_write_netstat(pen, v, brief);
        break;
    case TEXT_SOCKSTAT:
        proc_write_sockstat(pen, v);
        break;
    case TEXT_SOCKSTAT6:
        proc_write_sockstat6(pen, v);
        break;
    default:
        write_process(pen, v, (uint32_t)kind - TEXT_PROCESS);
        break;
    }
}

/* --- the seam --- */

static uint64_t second_now(struct plat *p)
{
    uint64_t second = (uint64_t)((p->world->now_ns - p->boot_ns) / NS_PER_S);
    if (p->proc_second != (int64_t)second) {
        sim_proc_at(p->number, p->boot, second, &p->proc);
        p->proc_second = (int64_t)second;
    }
    return second;
}

static int kind_of(const char *path)
{
    for (uint32_t i = 0; i < COUNT_OF(paths); i++)
        if (strcmp(paths[i].path, path) == 0)
            return (int)paths[i].kind;
    return -1;
}

static struct text_entry *find_entry(struct plat *p, const char *path)
{
    for (uint32_t i = 0; i < p->text_count; i++)
        if (strcmp(p->texts[i].path, path) == 0)
            return &p->texts[i];
    return NULL;
}

static struct text_entry *entry_for(struct plat *p, const char *path)
{
    struct text_entry *e = find_entry(p, path);
    if (e != NULL)
        return e;
    if (p->text_count == TEXTS_MAX || strlen(path) >= TEXT_PATH_SIZE)
        return NULL;
    e = &p->texts[p->text_count++];
    *e = (struct text_entry){.kind = kind_of(path)};
    memcpy(e->path, path, strlen(path) + 1);
    return e;
}

static bool is_there(const struct text_entry *e)
{
    return e->kind >= 0 || e->override != NULL;
}

void sim_text(struct plat *p, const char *path, const char *text)
{
    struct text_entry *e = entry_for(p, path);
    ASSERT(e != NULL);
    free(e->override);
    e->override = NULL;
    e->kind = -1;
    if (text != NULL) {
        e->length = (uint32_t)strlen(text);
        e->override = malloc(e->length + 1);
        ASSERT(e->override != NULL);
        memcpy(e->override, text, e->length + 1);
    }
}

int plat_text_open(struct plat *p, const char *path)
{
    if (find_entry(p, path) == NULL && kind_of(path) < 0)
        return ERR_MISSING; /* asking for what is not there takes no room */
    struct text_entry *e = entry_for(p, path);
    if (e == NULL)
        return ERR_FULL;
    if (!is_there(e))
        return ERR_MISSING;
    e->open = true;
    return (int)(e - p->texts);
}

static int read_entry(struct plat *p, const struct text_entry *e, char *buf, uint32_t buf_size)
{
    if (e->override != NULL) {
        uint32_t n = e->length < buf_size ? e->length : buf_size;
        memcpy(buf, e->override, n);
        return n == e->length ? (int)n : ERR_FULL;
    }
    if (e->kind < 0)
        return ERR_MISSING;
    uint64_t second = second_now(p);
    struct pen pen = {buf, buf + buf_size};
    write_text(&pen, (enum text_kind)e->kind, &p->proc, second, p->world->proc_brief);
    return pen.at == pen.end ? ERR_FULL : (int)(pen.at - buf);
}

int plat_text_read(struct plat *p, int handle, char *buf, uint32_t buf_size)
{
    if (handle < 0 || handle >= (int)TEXTS_MAX || !p->texts[handle].open)
        return ERR_MISSING;
    return read_entry(p, &p->texts[handle], buf, buf_size);
}

int plat_text_once(struct plat *p, const char *path, char *buf, uint32_t buf_size)
{
    const struct text_entry *e = find_entry(p, path);
    if (e != NULL)
        return read_entry(p, e, buf, buf_size);
    const struct text_entry built_in = {.kind = kind_of(path)};
    return read_entry(p, &built_in, buf, buf_size);
}

void plat_text_close(struct plat *p, int handle)
{
    if (handle >= 0 && handle < (int)TEXTS_MAX)
        p->texts[handle].open = false;
}

/* --- names --- */

struct names {
    char *at;
    uint32_t size, used;
    bool full;
};

static bool has_name(const struct names *n, const char *name, size_t length)
{
    for (uint32_t at = 0; at < n->used; at += (uint32_t)strlen(n->at + at) + 1)
        if (strlen(n->at + at) == length && memcmp(n->at + at, name, length) == 0)
            return true;
    return false;
}

/* The name that `path` gives in `folder`, once. */
static void put_name(struct names *n, const char *folder, const char *path)
{
    size_t folder_length = strlen(folder);
    if (strncmp(path, folder, folder_length) != 0 || path[folder_length] != '/')
        return;
    const char *name = path + folder_length + 1;
    size_t length = strcspn(name, "/");
    if (has_name(n, name, length))
        return;
    if (length + 2 > n->size - n->used) {
        n->full = true;
        return;
    }
    memcpy(n->at + n->used, name, length);
    n->used += (uint32_t)length + 1;
    n->at[n->used - 1] = '\0';
}

int plat_list(struct plat *p, const char *path, char *names, uint32_t size)
{
    struct names n = {.at = names, .size = size};
    for (uint32_t i = 0; i < COUNT_OF(paths); i++) {
        const struct text_entry *e = find_entry(p, paths[i].path);
        if (e == NULL || is_there(e)) /* or it was taken away */
            put_name(&n, path, paths[i].path);
    }
    for (uint32_t i = 0; i < p->text_count; i++)
        if (is_there(&p->texts[i]))
            put_name(&n, path, p->texts[i].path);
    names[n.used] = '\0';
    return n.full ? ERR_FULL : n.used == 0 ? ERR_MISSING : (int)n.used;
}

int plat_filesystem(struct plat *p, const char *mount, struct plat_filesystem *out)
{
    if (strcmp(mount, "/") != 0)
        return ERR_MISSING;
    second_now(p);
    *out = p->proc.root;
    return ERR_OK;
}
