/* SPDX-License-Identifier: MIT */
/* /proc/PID/stat; see process.h. */
#include "agent/collect/process.h"

#include <string.h>

#include "agent/collect/span.h"
#include "platform/base/utf8.h"

/* Of a worker thread of the kernel, with every character escaped by the kernel. */
#define RAW_NAME_SIZE 264U

/* A process may call itself ") R 1 1 1": behind the last parenthesis are only numbers. */
static const char *name_end(const char *text, uint32_t length)
{
    while (length > 0 && text[length - 1] != ')')
        length--;
    return length == 0 ? NULL : text + length - 1;
}

static void take_name(const char *at, const char *end, char to[static PROCESS_NAME_SIZE])
{
    char raw[RAW_NAME_SIZE];
    size_t length = (size_t)(end - at);
    if (length > sizeof raw - 1)
        length = sizeof raw - 1;
    memcpy(raw, at, length);
    raw[length] = '\0';
    utf8_copy_clean(to, PROCESS_NAME_SIZE, raw);
}

static bool skip_words(struct span *line, uint32_t count)
{
    struct span word;
    while (count > 0 && span_word(line, &word))
        count--;
    return count == 0;
}

/* "12 (sh) S 1 12 ...": the state is field 3, utime and stime are 14 and 15, starttime 22, rss 24. What
 * stands behind rss shows that its number was not cut off. */
int process_parse(const char *text, uint32_t length, struct process_reading *out)
{
    struct span line = span_of(text, length);
    const char *open = length == 0 ? NULL : memchr(text, '(', length), *close = name_end(text, length);
    uint64_t pid, user, system;
    *out = (struct process_reading){0};
    if (open == NULL || close == NULL || close <= open || !span_u64(&line, &pid) || pid == 0 ||
        pid > INT32_MAX || line.at >= open)
        return ERR_MALFORMED;
    line.at = close + 1;
    if (!skip_words(&line, 11) || !span_u64(&line, &user) || !span_u64(&line, &system) ||
        !skip_words(&line, 6) || !span_u64(&line, &out->start_ticks) || !skip_words(&line, 1) ||
        !span_u64(&line, &out->resident_pages) || line.at == line.end)
        return ERR_MALFORMED;
    out->pid = (uint32_t)pid;
    out->cpu_ticks = user > UINT64_MAX - system ? UINT64_MAX : user + system;
    take_name(open + 1, close, out->name);
    return ERR_OK;
}
