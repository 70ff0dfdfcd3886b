/* SPDX-License-Identifier: MIT */
/* Named memory, reserved once; see memory_map.h. */
#include "platform/base/memory_map.h"

#define MEMORY_ALIGNMENT 64U

void memory_map_init(struct memory_map *m, void *block, uint64_t size)
{
    ASSERT((uintptr_t)block % MEMORY_ALIGNMENT == 0);
    *m = (struct memory_map){.block = block, .size = size};
}

void *memory_reserve(struct memory_map *m, const char *name, uint64_t count, uint64_t unit_size,
                     const char *when_full)
{
    ASSERT(m->line_count < MEMORY_LINES_MAX);
    m->lines[m->line_count++] = (struct memory_line){
        .name = name,
        .when_full = when_full,
        .count = count,
        .unit_size = unit_size,
    };
    uint64_t size = (count * unit_size + MEMORY_ALIGNMENT - 1) & ~(uint64_t)(MEMORY_ALIGNMENT - 1);
    uint64_t at = m->used;
    m->used += size;
    if (m->block == NULL)
        return NULL;
    ASSERT(m->used <= m->size);
    return m->block + at;
}

struct memory_line *memory_last_line(struct memory_map *m)
{
    ASSERT(m->line_count > 0);
    return &m->lines[m->line_count - 1];
}

void memory_use(struct memory_line *line, uint64_t in_use)
{
    line->in_use = in_use;
    if (in_use > line->high_water)
        line->high_water = in_use;
}

void memory_map_print(const struct memory_map *m, struct text *out)
{
    text_printf(out, "%-34s %10s %10s %12s  %s\n", "memory", "slots", "bytes each", "KiB", "when full");
    for (uint32_t i = 0; i < m->line_count; i++) {
        const struct memory_line *l = &m->lines[i];
        text_printf(out, "%-34s %10llu %10llu %12llu  %s\n", l->name, (unsigned long long)l->count,
                    (unsigned long long)l->unit_size,
                    (unsigned long long)(l->count * l->unit_size / 1024), l->when_full);
    }
    text_printf(out, "%-34s %10s %10s %12llu  nothing grows after start\n", "total", "", "",
                (unsigned long long)(m->used / 1024));
}
