/* SPDX-License-Identifier: MIT */
/* Facts about this machine, and the use of its filesystems. */
#define _GNU_SOURCE /* cpu_set_t */
#include <sched.h>
#include <string.h>
#include <sys/statfs.h>
#include <sys/sysinfo.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "platform/linux/plat.h"

int host_path(const struct plat *p, const char *path, char to[static PATH_SIZE])
{
    struct text t;
    text_init(&t, to, PATH_SIZE);
    text_put(&t, p->root);
    text_put(&t, path);
    return t.truncated ? ERR_FULL : ERR_OK;
}

/* A small file as text: "" when it is missing. */
static void read_small(struct plat *p, const char *path, char *to, uint32_t to_size)
{
    char full[PATH_SIZE];
    int n = ERR_FULL;
    if (host_path(p, path, full) == ERR_OK)
        n = plat_linux_read_file(full, to, to_size - 1);
    to[n > 0 ? n : 0] = '\0';
}

/* PRETTY_NAME="Debian GNU/Linux 12 (bookworm)" of os-release(5). */
static void read_os_name(struct plat *p, char *to, uint32_t to_size)
{
    char text[4096];
    read_small(p, "/etc/os-release", text, sizeof text);
    if (text[0] == '\0')
        read_small(p, "/usr/lib/os-release", text, sizeof text);
    static const char key[] = "PRETTY_NAME=";
    const char *at = text;
    while (at != NULL && !text_starts(at, key)) {
        at = strchr(at, '\n');
        if (at != NULL)
            at++;
    }
    text_copy(to, to_size, "Linux");
    if (at == NULL)
        return;
    at += sizeof key - 1;
    char quote = *at == '"' || *at == '\'' ? *at++ : '\n';
    uint32_t n = 0;
    while (n + 1 < to_size && at[n] != '\0' && at[n] != quote && at[n] != '\n') {
        to[n] = at[n];
        n++;
    }
    to[n] = '\0';
}

static void read_machine_id(struct plat *p, char to[static 33])
{
    char text[64];
    read_small(p, "/etc/machine-id", text, sizeof text);
    size_t digits = strspn(text, "0123456789abcdef");
    bool good = digits == 32 && (text[32] == '\n' || text[32] == '\0');
    text_copy(to, 33, good ? text : "");
}

/* "0-3,5" of /sys/devices/system/cpu/online. The affinity of this process does not matter. */
static uint32_t read_cpu_count(struct plat *p)
{
    char text[256];
    read_small(p, "/sys/devices/system/cpu/online", text, sizeof text);
    const char *at = text, *end = text + strlen(text);
    uint64_t count = 0, first, last;
    while (text_take_u64(&at, end, &first)) {
        last = first;
        if (at < end && *at == '-') {
            at++;
            if (!text_take_u64(&at, end, &last) || last < first || last > 65535)
                break;
        }
        count += last - first + 1;
        if (at == end || *at != ',')
            break;
        at++;
    }
    if (count > 0 && count <= 65536)
        return (uint32_t)count;
    cpu_set_t set;
    CPU_ZERO(&set);
    return sched_getaffinity(0, sizeof set, &set) == 0 ? (uint32_t)CPU_COUNT(&set) : 1;
}

void plat_host(struct plat *p, struct plat_host *out)
{
    *out = (struct plat_host){0};
    struct utsname u;
    if (uname(&u) == 0) {
        text_copy(out->hostname, sizeof out->hostname, u.nodename);
        text_copy(out->kernel, sizeof out->kernel, u.release);
        text_copy(out->architecture, sizeof out->architecture, u.machine);
    }
    read_os_name(p, out->os, sizeof out->os);
    read_machine_id(p, out->machine_id);
    out->cpu_count = read_cpu_count(p);
    out->page_size = (uint32_t)getpagesize();
    struct sysinfo s;
    if (sysinfo(&s) == 0)
        out->memory_bytes = (uint64_t)s.totalram * s.mem_unit;
}

int plat_filesystem(struct plat *p, const char *mount, struct plat_filesystem *out)
{
    char full[PATH_SIZE];
    struct statfs s;
    *out = (struct plat_filesystem){0};
    if (host_path(p, mount, full) < 0)
        return ERR_FULL;
    if (statfs(full, &s) < 0)
        return errno == EACCES ? ERR_DENIED : ERR_MISSING;
    uint64_t unit = (uint64_t)(s.f_frsize > 0 ? s.f_frsize : s.f_bsize);
    *out = (struct plat_filesystem){.total_bytes = s.f_blocks * unit,
                                    .free_bytes = s.f_bfree * unit,
                                    .available_bytes = s.f_bavail * unit,
                                    .inodes_total = s.f_files,
                                    .inodes_free = s.f_ffree};
    return ERR_OK;
}
