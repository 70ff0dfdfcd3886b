/* SPDX-License-Identifier: MIT */
/* /proc/uptime; see uptime.h. */
#include "agent/collect/uptime.h"

#include "agent/collect/span.h"
#include "platform/base/text.h"

int64_t uptime_parse(const char *text, uint32_t length)
{
    struct span rest = span_of(text, length), line;
    uint64_t seconds;
    if (!span_line(&rest, &line) || !text_take_u64(&line.at, line.end, &seconds) ||
        line.at == line.end || *line.at != '.' || seconds > INT64_MAX)
        return ERR_MALFORMED;
    return (int64_t)seconds;
}
