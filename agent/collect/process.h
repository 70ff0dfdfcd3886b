/* SPDX-License-Identifier: MIT */
/* /proc/PID/stat (proc(5)): what one process, all its threads together, has used. */
#ifndef NEPHOS_COLLECT_PROCESS_H
#define NEPHOS_COLLECT_PROCESS_H

#include "proto/limits.h"

struct process_reading {
    uint32_t pid;
    char name[PROCESS_NAME_SIZE]; /* whatever the process calls itself, made printable */
    uint64_t cpu_ticks;           /* user and system, of 1/100 s (USER_HZ) */
    uint64_t start_ticks;         /* since boot: tells two processes with the same pid apart */
    uint64_t resident_pages;
};

/* ERR_OK, or ERR_MALFORMED. */
int process_parse(const char *text, uint32_t length, struct process_reading *out);

#endif
