/* SPDX-License-Identifier: MIT */
/* /proc/loadavg; see load.h. */
#include "agent/collect/load.h"

#include "agent/collect/span.h"
#include "platform/base/text.h"

/* "0.38": the kernel always prints two digits behind the point. */
static bool take_x100(struct span *line, uint64_t *out)
{
    uint64_t whole;
    const char *p = line->at;
    if (!text_take_u64(&p, line->end, &whole) || whole > UINT32_MAX || line->end - p < 3 || p[0] != '.')
        return false;
    if (p[1] < '0' || p[1] > '9' || p[2] < '0' || p[2] > '9')
        return false;
    *out = whole * 100 + (uint64_t)(p[1] - '0') * 10 + (uint64_t)(p[2] - '0');
    line->at = p + 3;
    return true;
}

void load_parse(const char *text, uint32_t length, struct load_reading *out)
{
    *out = (struct load_reading){0};
    struct span rest = span_of(text, length), line;
    if (!span_line(&rest, &line))
        return;
    out->has = take_x100(&line, &out->x100[0]) && take_x100(&line, &out->x100[1]) &&
               take_x100(&line, &out->x100[2]);
}
