/* SPDX-License-Identifier: MIT */
/* The twelve hosts of the demonstration: who they are, what they do all day, and what ails two of them. */
#ifndef NEPHOS_DEMO_ROLES_H
#define NEPHOS_DEMO_ROLES_H

#include "platform/base/base.h"

#define DEMO_HOSTS 12U
#define DEMO_PROCESSES 5U

enum demo_ailment {
    AILMENT_NONE,
    AILMENT_DISK,    /* its second mount fills, and is full within half a day */
    AILMENT_RUNAWAY, /* for some minutes a process has taken all CPU */
};

struct demo_process {
    const char *name;
    double share;        /* of the CPU that is used */
    uint32_t memory_mib;
};

struct demo_role {
    const char *name, *provider, *region, *type;
    uint32_t cpus, memory_gib, disk_gib;
    const char *mount;          /* of its data; NULL: it has none */
    uint32_t mount_gib;
    double cpu_low, cpu_swing;  /* percent at night, and how much more at noon */
    double memory_percent, disk_percent, mount_percent;
    double rx_kib_s, tx_kib_s, read_kib_s, write_kib_s; /* at noon */
    double connections;         /* at noon */
    double response_ms;         /* of its health check; 0: it has none */
    enum demo_ailment ailment;
    struct demo_process processes[DEMO_PROCESSES]; /* the first is the one that runs away */
};

extern const struct demo_role demo_roles[DEMO_HOSTS];

#endif
