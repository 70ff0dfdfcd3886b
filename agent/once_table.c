/* SPDX-License-Identifier: MIT */
/* One sample for people: groups as they come, units as people say them; see once.h. */
#include "agent/once.h"

#include <string.h>

#define NAME_WIDTH 30U
#define VALUE_WIDTH 14U
#define PERCENT_HIGH 90
#define PERCENT_RAISED 75

/* What the first word of a metric's name stands for, and the tag that makes a group of its own. */
struct group {
    const char *prefix, *title, *key;
};
static const struct group groups[] = {
    {"cpu_core_", "CPU core", "core"},
    {"cpu_", "CPU", NULL},
    {"memory_", "Memory", NULL},
    {"swap_", "Swap", NULL},
    {"pressure_", "Pressure", NULL},
    {"disk_", "Filesystem", "mount"},
    {"disk_", "Disk", "device"},
    {"network_", "Network", "interface"},
    {"network_", "Network", NULL},
    {"tcp_", "TCP", NULL},
    {"udp_", "UDP", NULL},
    {"agent_", "Agent", NULL},
    {"cgroup_", "Slice", "slice"},
    {"temperature_", "Temperature", NULL},
    {"", "System", NULL},
};

/* Where a series stands in the table. */
struct place {
    const struct group *group;
    const char *value;     /* of the group's tag, not terminated; "" */
    uint32_t value_length;
    const char *rest;      /* the tags that are left */
};

static bool find_place(const struct group *g, const struct wire_series *it, struct place *out)
{
    if (!text_starts(it->metric, g->prefix))
        return false;
    *out = (struct place){.group = g, .value = "", .rest = it->tag};
    if (g->key == NULL)
        return true;
    size_t key_length = strlen(g->key);
    if (!text_starts(it->tag, g->key) || it->tag[key_length] != '=')
        return false;
    out->value = it->tag + key_length + 1;
    /* A mount may hold any character: only what looks like a further tag ends a value. */
    const char *comma = strchr(out->value, ',');
    if (comma == NULL || strchr(comma, '=') == NULL)
        comma = out->value + strlen(out->value);
    out->value_length = (uint32_t)(comma - out->value);
    out->rest = *comma == ',' ? comma + 1 : comma;
    return true;
}

static void place_of(const struct wire_series *it, struct place *out)
{
    for (size_t i = 0; i < COUNT_OF(groups); i++)
        if (find_place(&groups[i], it, out))
            return;
}

/* Megabytes are there for clients that know no bytes: the same numbers once more. */
static bool is_shown(const struct sample *sample, const struct series *series, uint32_t slot,
                     char tag[static TAG_SIZE], struct wire_series *it, struct place *place)
{
    if (!sample_has(sample, slot))
        return false;
    series_describe(series, slot, tag, it);
    place_of(it, place);
    return !text_equal(it->unit, "megabytes");
}

static bool is_same_group(const struct place *a, const struct place *b)
{
    return a->group == b->group && a->value_length == b->value_length &&
           strncmp(a->value, b->value, a->value_length) == 0;
}

/* --- values --- */

/* With one digit behind the point, and the largest unit that leaves one before it. */
static void put_bytes(struct text *t, int64_t bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    uint64_t left = bytes < 0 ? 0 : (uint64_t)bytes, rest = 0;
    uint32_t unit = 0;
    while (left >= 1024 && unit + 1 < COUNT_OF(units)) {
        rest = left % 1024;
        left /= 1024;
        unit++;
    }
    text_put_u64(t, left);
    if (unit > 0)
        text_printf(t, ".%u", (unsigned)(rest * 10 / 1024));
    text_printf(t, " %s", units[unit]);
}

/* Three digits at a time. */
static void put_grouped(struct text *t, int64_t value)
{
    char digits[24];
    struct text d;
    text_init(&d, digits, sizeof digits);
    text_put_i64(&d, value);
    for (uint32_t i = 0; i < d.length; i++) {
        if (i > 0 && (d.length - i) % 3 == 0 && digits[i - 1] != '-')
            text_put_char(t, ',');
        text_put_char(t, digits[i]);
    }
}

static void put_seconds(struct text *t, int64_t value, uint32_t scale)
{
    int64_t seconds = value / scale;
    if (seconds < 600) {
        text_put_scaled(t, value, scale);
        text_put(t, " s");
    } else if (seconds < 3600) {
        text_printf(t, "%lld min %02u s", (long long)(seconds / 60), (unsigned)(seconds % 60));
    } else if (seconds < 2 * 86400) {
        text_printf(t, "%lld h %02u min", (long long)(seconds / 3600), (unsigned)(seconds / 60 % 60));
    } else {
        text_printf(t, "%lld d %02u h", (long long)(seconds / 86400), (unsigned)(seconds / 3600 % 24));
    }
}

/* Of the years that can be written. */
static int64_t sane_seconds(int64_t seconds)
{
    const int64_t max = INT64_C(253402300799); /* 9999-12-31 */
    return seconds < 0 ? 0 : seconds < max ? seconds : max;
}

static void put_value(struct text *t, const struct wire_series *it, int64_t value)
{
    if (text_equal(it->metric, "boot_time")) {
        text_put_iso_ms(t, sane_seconds(value / it->scale) * 1000);
    } else if (text_equal(it->unit, "bytes")) {
        put_bytes(t, value / it->scale);
    } else if (text_equal(it->unit, "seconds")) {
        put_seconds(t, value, it->scale);
    } else if (text_equal(it->unit, "percent")) {
        text_put_scaled(t, value, it->scale);
        text_put(t, " %");
    } else if (it->scale == 1) {
        put_grouped(t, value);
    } else {
        text_put_scaled(t, value, it->scale);
        if (text_equal(it->unit, "milliseconds"))
            text_put(t, " ms");
        else if (text_equal(it->unit, "celsius"))
            text_put(t, " C");
    }
}

/* --- lines --- */

/* "memory_available_bytes" -> "available": the group and the unit are said already. */
static void put_name(struct text *t, const struct wire_series *it, const struct place *place)
{
    static const char *const endings[] = {"_bytes", "_percent", "_seconds", "_ms"};
    const char *name = it->metric + strlen(place->group->prefix);
    size_t length = strlen(name);
    for (size_t i = 0; i < COUNT_OF(endings); i++) {
        size_t size = strlen(endings[i]);
        if (length > size && text_equal(name + length - size, endings[i])) {
            length -= size;
            break;
        }
    }
    for (size_t i = 0; i < length; i++)
        text_put_char(t, name[i] == '_' ? ' ' : name[i]);
    if (*place->rest != '\0')
        text_printf(t, " %s", strchr(place->rest, '=') != NULL ? strchr(place->rest, '=') + 1 : place->rest);
}

static const char *colour_of(const struct wire_series *it, int64_t value)
{
    if (!text_equal(it->unit, "percent"))
        return "";
    int64_t percent = value / it->scale;
    return percent >= PERCENT_HIGH ? "\033[31m" : percent >= PERCENT_RAISED ? "\033[33m" : "";
}

static void put_line(struct text *out, const struct wire_series *it, const struct place *place, int64_t value,
                     bool coloured)
{
    char name_space[TAG_SIZE + METRIC_SIZE], value_space[40];
    struct text name, words;
    text_init(&name, name_space, sizeof name_space);
    text_init(&words, value_space, sizeof value_space);
    put_name(&name, it, place);
    put_value(&words, it, value);
    const char *colour = coloured ? colour_of(it, value) : "";
    text_printf(out, "  %-*s %s%*s%s\n", (int)NAME_WIDTH, name.at, colour, (int)VALUE_WIDTH, words.at,
                *colour != '\0' ? "\033[0m" : "");
}

static void put_group(const struct sample *sample, const struct series *series, uint32_t first,
                      const struct place *place, bool coloured, struct text *out)
{
    text_printf(out, "%s%s%s%.*s%s\n", coloured ? "\033[1m" : "", place->group->title,
                place->value_length > 0 ? " " : "", (int)place->value_length, place->value,
                coloured ? "\033[0m" : "");
    for (uint32_t slot = first; slot < series->count; slot++) {
        char tag[TAG_SIZE];
        struct wire_series it;
        struct place other;
        if (is_shown(sample, series, slot, tag, &it, &other) && is_same_group(place, &other))
            put_line(out, &it, &other, sample->values[slot], coloured);
    }
}

/* The name is printable (proto/processes.h). */
static void put_process(const struct process_top *top, struct text *out)
{
    char memory_space[24], cpu_space[24];
    struct text memory, cpu;
    text_init(&memory, memory_space, sizeof memory_space);
    text_init(&cpu, cpu_space, sizeof cpu_space);
    put_bytes(&memory, (int64_t)top->memory_kib * 1024);
    text_put_scaled(&cpu, top->cpu_share, 100);
    text_printf(out, "  %-16s %8u %10s %% of a CPU %12s\n", top->name, top->pid, cpu.at, memory.at);
}

static bool is_busier(const struct process_top *a, const struct process_top *b)
{
    return a->cpu_share > b->cpu_share || (a->cpu_share == b->cpu_share && a->memory_kib > b->memory_kib);
}

/* The busiest first; those that are there for their memory follow. */
static void put_processes(const struct sample *sample, bool coloured, struct text *out)
{
    const struct process_tops *all = &sample->tops;
    if (all->count > 0)
        text_printf(out, "%sProcesses%s\n", coloured ? "\033[1m" : "", coloured ? "\033[0m" : "");
    bool is_put[PROCESS_TOPS_MAX] = {false};
    for (uint32_t n = 0; n < all->count; n++) {
        uint32_t next = PROCESS_TOPS_MAX;
        for (uint32_t i = 0; i < all->count; i++)
            if (!is_put[i] && (next == PROCESS_TOPS_MAX || is_busier(&all->tops[i], &all->tops[next])))
                next = i;
        is_put[next] = true;
        put_process(&all->tops[next], out);
    }
}

void once_print_table(const struct sample *sample, const struct series *series, bool coloured,
                      struct text *out)
{
    for (uint32_t slot = 0; slot < series->count; slot++) {
        char tag[TAG_SIZE], earlier_tag[TAG_SIZE];
        struct wire_series it;
        struct place place, earlier;
        bool is_first = true;
        if (!is_shown(sample, series, slot, tag, &it, &place))
            continue;
        for (uint32_t i = 0; i < slot && is_first; i++)
            is_first = !is_shown(sample, series, i, earlier_tag, &it, &earlier) ||
                       !is_same_group(&place, &earlier);
        if (is_first)
            put_group(sample, series, slot, &place, coloured, out);
    }
    put_processes(sample, coloured, out);
}
