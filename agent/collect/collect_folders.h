/* SPDX-License-Identifier: MIT */
/* What is found by looking into folders of /sys: temperatures and slices. Both change slowly: they are read
 * every SLOW_MS, and what was read last is told until then. */
#ifndef NEPHOS_COLLECT_FOLDERS_H
#define NEPHOS_COLLECT_FOLDERS_H

#include "agent/collect/cgroup.h"
#include "agent/limits.h"
#include "platform/platform.h"

#define FOLDER_PATH_SIZE 64U

struct temperature_sensor {
    char path[FOLDER_PATH_SIZE];
    char name[TEMPERATURE_NAME_SIZE]; /* no two have the same */
    int64_t milli_celsius;
    bool has;
};

struct slice {
    char name[CGROUP_NAME_SIZE];
    bool has_cpu, has_memory, has_io;
    uint64_t cpu_us, memory_bytes;
    struct cgroup_io io;
};

struct folders {
    uint32_t sensor_count, sensors_skipped;
    uint32_t slice_count, slices_skipped;
    bool is_cgroup_v2, said_sensors, said_slices;
    struct mono sensors_at, slices_at; /* when to read them again */
    struct cgroup_majors stacked;
    struct temperature_sensor sensors[TEMPERATURES_MAX];
    struct slice slices[SLICES_MAX];
};

/* Finds the sensors. `scratch` has SCRATCH_SIZE bytes. */
void folders_init(struct folders *f, struct plat *p, char *scratch, struct mono now);
void folders_read(struct folders *f, struct plat *p, char *scratch, struct mono now);

#endif
