/* SPDX-License-Identifier: MIT */
/* /proc/diskstats; see disk.h. */
#include "agent/collect/disk.h"

#include <string.h>

#include "agent/collect/span.h"
#include "platform/base/utf8.h"

static const char *const unwatched[] = {
    "loop#", "ram#", "zram#", "dm-#", "sr#", "fd#", "mtdblock#",
};

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* The kernel lists a disk before its parts: sda3, nvme0n1p1, mmcblk0p1, mmcblk0boot0. */
static bool is_part(struct span name, struct span disk)
{
    uint32_t length = span_length(disk);
    if (length == 0 || span_length(name) <= length || memcmp(name.at, disk.at, length) != 0)
        return false;
    struct span rest = {name.at + length, name.end};
    if (is_digit(disk.end[-1]))
        return span_matches(rest, "p#") || span_matches(rest, "boot#") || span_is(rest, "rpmb");
    return span_matches(rest, "#");
}

/* Fields behind the name, of which newer kernels have more. */
enum { READS, READS_MERGED, SECTORS_READ, MS_READING, WRITES, WRITES_MERGED, SECTORS_WRITTEN,
       MS_WRITING, IN_FLIGHT, MS_BUSY, FIELD_COUNT };

static void add(struct disk_reading *r, struct span name, const uint64_t field[FIELD_COUNT])
{
    struct disk d = {
        .reads = field[READS],
        .read_sectors = field[SECTORS_READ],
        .writes = field[WRITES],
        .written_sectors = field[SECTORS_WRITTEN],
        .busy_ms = field[MS_BUSY],
    };
    if (r->count == DISKS_MAX || !span_copy(name, d.name, sizeof d.name) ||
        !utf8_printable(d.name))
        r->skipped++;
    else
        r->disks[r->count++] = d;
}

void disk_parse(const char *text, uint32_t length, struct disk_reading *out)
{
    out->count = 0;
    out->skipped = 0;
    struct span rest = span_of(text, length), line, name;
    struct span whole = {text, text}; /* the last disk that is no part */
    while (span_line(&rest, &line)) {
        uint64_t number[2], field[FIELD_COUNT];
        if (span_numbers(&line, number, 2) < 2 || !span_word(&line, &name) ||
            span_numbers(&line, field, FIELD_COUNT) < FIELD_COUNT || is_part(name, whole))
            continue;
        whole = name;
        if (field[READS] + field[WRITES] == 0 ||
            span_matches_any(name, unwatched, COUNT_OF(unwatched)))
            continue;
        add(out, name, field);
    }
}
