/* SPDX-License-Identifier: MIT */
/* cgroup v2; see cgroup.h. */
#include "agent/collect/cgroup.h"

#include <string.h>

#include "agent/collect/fields.h"
#include "agent/collect/span.h"
#include "platform/base/text.h"

bool cgroup_is_watched(const char *name)
{
    struct span s = span_of(name, (uint32_t)strlen(name));
    static const char ending[] = ".slice";
    uint32_t length = span_length(s);
    if (length == 0 || length >= CGROUP_NAME_SIZE)
        return false;
    if (memchr(name, '.', length) == NULL)
        return true;
    return length > sizeof ending - 1 && strcmp(s.end - (sizeof ending - 1), ending) == 0;
}

bool cgroup_parse_cpu(const char *text, uint32_t length, uint64_t *usage_us)
{
    static const struct field_name usage = {"", "usage_usec"};
    bool has;
    fields_lines(text, length, &usage, 1, &has, usage_us);
    return has;
}

bool cgroup_parse_number(const char *text, uint32_t length, uint64_t *out)
{
    struct span rest = span_of(text, length), line;
    return span_line(&rest, &line) && span_u64(&line, out) && line.at == line.end;
}

static bool is_stacked(const struct cgroup_majors *stacked, uint64_t major)
{
    for (uint32_t i = 0; i < stacked->count; i++)
        if (stacked->numbers[i] == major)
            return true;
    return false;
}

/* "rbytes=1459200", added. */
static void add_value(struct span word, const char *name, uint64_t *sum)
{
    uint32_t length = (uint32_t)strlen(name);
    if (span_length(word) <= length || memcmp(word.at, name, length) != 0)
        return;
    struct span rest = {word.at + length, word.end};
    uint64_t value;
    if (span_u64(&rest, &value) && rest.at == rest.end)
        *sum = value > INT64_MAX - *sum ? INT64_MAX : *sum + value;
}

void cgroup_parse_io(const char *text, uint32_t length, const struct cgroup_majors *stacked,
                     struct cgroup_io *out)
{
    struct span rest = span_of(text, length), line, word;
    *out = (struct cgroup_io){0};
    while (span_line(&rest, &line)) {
        uint64_t major;
        if (!text_take_u64(&line.at, line.end, &major) || line.at == line.end || *line.at != ':' ||
            is_stacked(stacked, major))
            continue;
        while (span_word(&line, &word)) {
            add_value(word, "rbytes=", &out->read_bytes);
            add_value(word, "wbytes=", &out->written_bytes);
        }
    }
}

void cgroup_parse_majors(const char *text, uint32_t length, struct cgroup_majors *out)
{
    static const char *const stacked[] = {"device-mapper", "md", "loop", "zram"};
    struct span rest = span_of(text, length), line, name;
    uint64_t major;
    out->count = 0;
    while (out->count < COUNT_OF(out->numbers) && span_line(&rest, &line))
        if (span_u64(&line, &major) && major <= UINT32_MAX && span_word(&line, &name) &&
            span_matches_any(name, stacked, COUNT_OF(stacked)))
            out->numbers[out->count++] = (uint32_t)major;
}
