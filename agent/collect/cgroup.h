/* SPDX-License-Identifier: MIT */
/* cgroup v2 (kernel: Documentation/admin-guide/cgroup-v2.rst): what each group at the top of the tree uses.
 * There systemd keeps its slices (system.slice, user.slice) and container engines their containers. */
#ifndef NEPHOS_COLLECT_CGROUP_H
#define NEPHOS_COLLECT_CGROUP_H

#include "agent/limits.h"

/* Block devices by major number that stand on others: their bytes are counted below again. */
struct cgroup_majors {
    uint32_t count;
    uint32_t numbers[4];
};

struct cgroup_io {
    uint64_t read_bytes, written_bytes;
};

/* Is a name in /sys/fs/cgroup a group that is watched? Groups end in ".slice", or have no dot, which all
 * files there have. */
bool cgroup_is_watched(const char *name);
/* cpu.stat: CPU time of the group in us; false when it is not told. */
bool cgroup_parse_cpu(const char *text, uint32_t length, uint64_t *usage_us);
/* memory.current and the like: one number. */
bool cgroup_parse_number(const char *text, uint32_t length, uint64_t *out);
/* io.stat: all devices together, those of `stacked` left out. An empty text is a group without I/O. */
void cgroup_parse_io(const char *text, uint32_t length, const struct cgroup_majors *stacked,
                     struct cgroup_io *out);
/* /proc/devices: the majors of device-mapper, md, loop and zram. */
void cgroup_parse_majors(const char *text, uint32_t length, struct cgroup_majors *out);

#endif
