/* SPDX-License-Identifier: MIT */
/* /proc/loadavg; see load.h. */
#include "agent/collect/load.h"

#include "agent/collect/span.h"

void load_parse(const char *text, uint32_t length, struct load_reading *out)
{
    *out = (struct load_reading){0};
    struct span rest = span_of(text, length), line;
    if (!span_line(&rest, &line))
        return;
    out->has = span_x100(&line, &out->x100[0]) && span_x100(&line, &out->x100[1]) &&
               span_x100(&line, &out->x100[2]);
}
