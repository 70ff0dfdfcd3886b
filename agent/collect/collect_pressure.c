/* SPDX-License-Identifier: MIT */
/* Pressure: from readings to values. Of the CPU only "some" is kept: that all tasks wait for it cannot be,
 * and the kernel prints zero for it. */
#include "agent/collect/collect_parts.h"

enum { CPU, MEMORY, IO };

static void put_kind(struct collect *c, struct sample *out, const struct pressure_reading *r,
                     enum pressure_kind kind, enum metric total, enum metric avg10)
{
    if (!r->has[kind])
        return;
    collect_put(c, out, total, "", r->total_us[kind] / 1000);
    collect_put(c, out, avg10, "", r->avg10_x100[kind]);
}

void collect_parse_pressure_cpu(struct collect *c, const char *text, uint32_t length)
{
    pressure_parse(text, length, &c->pressure[CPU]);
}

void collect_put_pressure_cpu(struct collect *c, struct sample *out)
{
    put_kind(c, out, &c->pressure[CPU], PRESSURE_SOME, METRIC_PRESSURE_CPU_SOME,
             METRIC_PRESSURE_CPU_SOME_AVG10);
}

void collect_parse_pressure_memory(struct collect *c, const char *text, uint32_t length)
{
    pressure_parse(text, length, &c->pressure[MEMORY]);
}

void collect_put_pressure_memory(struct collect *c, struct sample *out)
{
    const struct pressure_reading *r = &c->pressure[MEMORY];
    put_kind(c, out, r, PRESSURE_SOME, METRIC_PRESSURE_MEMORY_SOME, METRIC_PRESSURE_MEMORY_SOME_AVG10);
    put_kind(c, out, r, PRESSURE_FULL, METRIC_PRESSURE_MEMORY_FULL, METRIC_PRESSURE_MEMORY_FULL_AVG10);
}

void collect_parse_pressure_io(struct collect *c, const char *text, uint32_t length)
{
    pressure_parse(text, length, &c->pressure[IO]);
}

void collect_put_pressure_io(struct collect *c, struct sample *out)
{
    const struct pressure_reading *r = &c->pressure[IO];
    put_kind(c, out, r, PRESSURE_SOME, METRIC_PRESSURE_IO_SOME, METRIC_PRESSURE_IO_SOME_AVG10);
    put_kind(c, out, r, PRESSURE_FULL, METRIC_PRESSURE_IO_FULL, METRIC_PRESSURE_IO_FULL_AVG10);
}
