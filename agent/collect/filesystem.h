/* SPDX-License-Identifier: MIT */
/* /proc/self/mountinfo (proc(5)): local filesystems that can fill up.
 *
 * Only filesystems on local storage are asked for their use: a network filesystem may hang. A filesystem
 * that is mounted at several places is watched at the one with the shortest name.
 *
 * Whether it can be written is told by the options of the filesystem (the last word), not by those of the
 * mount: in the agent's own namespace systemd mounts everything read-only (ProtectSystem=strict). */
#ifndef NEPHOS_COLLECT_FILESYSTEM_H
#define NEPHOS_COLLECT_FILESYSTEM_H

#include "agent/limits.h"

struct mount {
    uint64_t device;             /* major << 32 | minor */
    char path[SERIES_TAG_SIZE];  /* escapes undone */
    bool is_readonly;            /* the filesystem itself, not only this view of it */
};

struct mount_reading {
    uint32_t count;
    uint32_t skipped; /* more than MOUNTS_MAX, or with a path that is too long */
    struct mount mounts[MOUNTS_MAX];
};

void mount_parse(const char *text, uint32_t length, struct mount_reading *out);

#endif
