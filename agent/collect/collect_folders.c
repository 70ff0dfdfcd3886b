/* SPDX-License-Identifier: MIT */
/* Temperatures and slices: finding and reading; see collect_folders.h. */
#include "agent/collect/collect_folders.h"

#include <string.h>

#include "agent/collect/collect_parts.h"
#include "agent/collect/temperature.h"
#include "platform/base/text.h"
#include "platform/base/utf8.h"

#define NUMBER_MAX 32U /* folders and inputs with higher numbers are not looked for */
/* Slices half-way between temperatures. */
#define PHASE_MS (SLOW_MS / 2)

/* Bit n: the folder has the name prefix, n, suffix. */
static uint32_t find_numbers(struct plat *p, char *scratch, const char *folder, const char *prefix,
                             const char *suffix)
{
    uint32_t found = 0;
    int n = plat_list(p, folder, scratch, SCRATCH_SIZE);
    if (n < 0 && n != ERR_FULL)
        return 0;
    for (const char *name = scratch; *name != '\0'; name += strlen(name) + 1) {
        const char *at = name + strlen(prefix), *end = name + strlen(name);
        uint64_t number;
        if (text_starts(name, prefix) && text_take_u64(&at, end, &number) && number < NUMBER_MAX &&
            text_equal(at, suffix))
            found |= 1U << number;
    }
    return found;
}

static uint32_t read_text(struct plat *p, const char *path, char *to, uint32_t size)
{
    int n = plat_text_once(p, path, to, size);
    return n == ERR_FULL ? size : n < 0 ? 0 : (uint32_t)n;
}

/* --- temperatures --- */

/* Two sensors with the same name would be one series: the second is "name 2". */
static void make_distinct(struct folders *f, struct temperature_sensor *s)
{
    uint32_t same = 1;
    char name[TEMPERATURE_NAME_SIZE - 4];
    utf8_copy_clean(name, sizeof name, s->name);
    for (uint32_t i = 0; i < f->sensor_count; i++) {
        if (!text_equal(f->sensors[i].name, s->name))
            continue;
        struct text t;
        text_init(&t, s->name, sizeof s->name);
        text_put(&t, name);
        text_put_char(&t, ' ');
        text_put_u64(&t, ++same);
        i = UINT32_MAX; /* from the beginning: that may be taken too */
    }
}

static void add_sensor(struct folders *f, struct plat *p, const char *path, const char *driver,
                       uint32_t driver_length, const char *label, uint32_t label_length)
{
    char value[32];
    struct temperature_sensor s = {.path = ""};
    if (!temperature_name(driver, driver_length, label, label_length, s.name) ||
        !temperature_parse(value, read_text(p, path, value, sizeof value), &s.milli_celsius))
        return;
    if (f->sensor_count == TEMPERATURES_MAX) {
        f->sensors_skipped++;
        return;
    }
    (void)text_copy(s.path, sizeof s.path, path);
    make_distinct(f, &s);
    f->sensors[f->sensor_count++] = s;
}

static void find_inputs(struct folders *f, struct plat *p, char *scratch, uint32_t chip)
{
    char folder[FOLDER_PATH_SIZE], path[FOLDER_PATH_SIZE], driver[TEMPERATURE_NAME_SIZE];
    char label[TEMPERATURE_NAME_SIZE];
    struct text t;
    text_init(&t, folder, sizeof folder);
    text_printf(&t, "/sys/class/hwmon/hwmon%u", (unsigned)chip);
    uint32_t inputs = find_numbers(p, scratch, folder, "temp", "_input");
    text_init(&t, path, sizeof path);
    text_printf(&t, "%s/name", folder);
    uint32_t driver_length = inputs == 0 ? 0 : read_text(p, path, driver, sizeof driver);
    for (uint32_t i = 0; i < NUMBER_MAX; i++) {
        if ((inputs >> i & 1) == 0)
            continue;
        text_clear(&t);
        text_printf(&t, "%s/temp%u_label", folder, (unsigned)i);
        uint32_t label_length = read_text(p, path, label, sizeof label);
        if (label_length == 0) {
            struct text number;
            text_init(&number, label, sizeof label);
            text_printf(&number, "temp%u", (unsigned)i);
            label_length = number.length;
        }
        text_clear(&t);
        text_printf(&t, "%s/temp%u_input", folder, (unsigned)i);
        add_sensor(f, p, path, driver, driver_length, label, label_length);
    }
}

static void find_zones(struct folders *f, struct plat *p, char *scratch)
{
    uint32_t zones = find_numbers(p, scratch, "/sys/class/thermal", "thermal_zone", "");
    for (uint32_t i = 0; i < NUMBER_MAX; i++) {
        if ((zones >> i & 1) == 0)
            continue;
        char path[FOLDER_PATH_SIZE], type[TEMPERATURE_NAME_SIZE];
        struct text t;
        text_init(&t, path, sizeof path);
        text_printf(&t, "/sys/class/thermal/thermal_zone%u/type", (unsigned)i);
        uint32_t length = read_text(p, path, type, sizeof type);
        text_clear(&t);
        text_printf(&t, "/sys/class/thermal/thermal_zone%u/temp", (unsigned)i);
        add_sensor(f, p, path, type, length, "", 0);
    }
}

static void read_sensors(struct folders *f, struct plat *p)
{
    for (uint32_t i = 0; i < f->sensor_count; i++) {
        struct temperature_sensor *s = &f->sensors[i];
        char value[32];
        s->has = temperature_parse(value, read_text(p, s->path, value, sizeof value), &s->milli_celsius);
    }
}

/* --- slices --- */

static uint32_t read_of_slice(struct plat *p, const struct slice *s, const char *file, char *scratch)
{
    char path[FOLDER_PATH_SIZE + CGROUP_NAME_SIZE];
    struct text t;
    text_init(&t, path, sizeof path);
    text_printf(&t, "/sys/fs/cgroup/%s/%s", s->name, file);
    return read_text(p, path, scratch, SCRATCH_SIZE);
}

static void read_slice(struct folders *f, struct plat *p, char *scratch, struct slice *s)
{
    uint32_t length = read_of_slice(p, s, "cpu.stat", scratch);
    s->has_cpu = cgroup_parse_cpu(scratch, length, &s->cpu_us);
    length = read_of_slice(p, s, "memory.current", scratch);
    s->has_memory = cgroup_parse_number(scratch, length, &s->memory_bytes);
    length = read_of_slice(p, s, "io.stat", scratch);
    s->has_io = length > 0; /* without it, or without any I/O yet, nothing is told */
    cgroup_parse_io(scratch, length, &f->stacked, &s->io);
}

static void read_slices(struct folders *f, struct plat *p, char *scratch)
{
    int n = plat_list(p, "/sys/fs/cgroup", scratch, SCRATCH_SIZE);
    f->slice_count = f->slices_skipped = 0;
    if (n < 0 && n != ERR_FULL)
        return;
    for (const char *name = scratch; *name != '\0'; name += strlen(name) + 1) {
        if (!cgroup_is_watched(name) || !utf8_printable(name))
            continue;
        if (f->slice_count == SLICES_MAX)
            f->slices_skipped++;
        else
            (void)text_copy(f->slices[f->slice_count++].name, CGROUP_NAME_SIZE, name);
    }
    for (uint32_t i = 0; i < f->slice_count; i++)
        read_slice(f, p, scratch, &f->slices[i]);
}

/* --- both --- */

void folders_init(struct folders *f, struct plat *p, char *scratch, struct mono now)
{
    *f = (struct folders){.sensors_at = now, .slices_at = now};
    uint32_t chips = find_numbers(p, scratch, "/sys/class/hwmon", "hwmon", "");
    for (uint32_t i = 0; i < NUMBER_MAX; i++)
        if ((chips >> i & 1) != 0)
            find_inputs(f, p, scratch, i);
    if (f->sensor_count == 0)
        find_zones(f, p, scratch);
    f->is_cgroup_v2 = read_text(p, "/sys/fs/cgroup/cgroup.controllers", scratch, SCRATCH_SIZE) > 0;
    if (f->is_cgroup_v2)
        cgroup_parse_majors(scratch, read_text(p, "/proc/devices", scratch, SCRATCH_SIZE), &f->stacked);
}

static bool is_due(struct mono now, struct mono *at, uint32_t phase_ms)
{
    if (!mono_reached(mono_after_ms(now, INTERVAL_MS_MIN / 2), *at))
        return false;
    *at = mono_after_ms(now, SLOW_MS + phase_ms);
    return true;
}

void folders_read(struct folders *f, struct plat *p, char *scratch, struct mono now)
{
    if (f->sensor_count > 0 && is_due(now, &f->sensors_at, 0))
        read_sensors(f, p);
    bool is_first = f->slice_count == 0;
    if (f->is_cgroup_v2 && is_due(now, &f->slices_at, is_first ? PHASE_MS : 0))
        read_slices(f, p, scratch);
}

void collect_take_folders(struct collect *c, struct sample *out)
{
    struct folders *f = &c->folders;
    folders_read(f, c->plat, c->scratch, c->now);
    collect_say_skipped(c, &f->said_sensors, f->sensors_skipped, TEMPERATURES_MAX, "temperatures");
    collect_say_skipped(c, &f->said_slices, f->slices_skipped, SLICES_MAX, "slices");
    for (uint32_t i = 0; i < f->sensor_count; i++)
        if (f->sensors[i].has)
            collect_put(c, out, METRIC_TEMPERATURE, f->sensors[i].name,
                        (uint64_t)f->sensors[i].milli_celsius);
    for (uint32_t i = 0; i < f->slice_count; i++) {
        const struct slice *s = &f->slices[i];
        if (s->has_cpu)
            collect_put(c, out, METRIC_CGROUP_CPU, s->name, s->cpu_us / 1000);
        if (s->has_memory)
            collect_put(c, out, METRIC_CGROUP_MEMORY, s->name, s->memory_bytes);
        if (!s->has_io)
            continue;
        collect_put(c, out, METRIC_CGROUP_IO_READ, s->name, s->io.read_bytes);
        collect_put(c, out, METRIC_CGROUP_IO_WRITTEN, s->name, s->io.written_bytes);
    }
}
