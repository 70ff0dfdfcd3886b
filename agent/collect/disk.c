/* SPDX-License-Identifier: MIT */
/* /proc/diskstats; see disk.h. */
#include "agent/collect/disk.h"

#include <string.h>

#include "agent/collect/span.h"
#include "platform/base/text.h"
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
       MS_WRITING, IN_FLIGHT, MS_BUSY, MS_QUEUE, FIELD_COUNT };

static void add(struct disk_reading *r, struct span name, const uint64_t field[FIELD_COUNT])
{
    struct disk d = {
        .reads = field[READS],
        .read_sectors = field[SECTORS_READ],
        .writes = field[WRITES],
        .written_sectors = field[SECTORS_WRITTEN],
        .read_ms = field[MS_READING],
        .write_ms = field[MS_WRITING],
        .busy_ms = field[MS_BUSY],
        .queue_ms = field[MS_QUEUE],
        .in_flight = field[IN_FLIGHT],
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

/* --- since the reading before --- */

static const struct disk *find_disk(const struct disk_reading *r, const char *name, uint32_t guess)
{
    if (guess < r->count && text_equal(r->disks[guess].name, name))
        return &r->disks[guess];
    for (uint32_t i = 0; i < r->count; i++)
        if (text_equal(r->disks[i].name, name))
            return &r->disks[i];
    return NULL;
}

static uint32_t passed_ms(uint64_t before, uint64_t after)
{
    return (uint32_t)after - (uint32_t)before;
}

/* Average time of `count` operations that took `total_ms` together. */
static uint64_t await_x100(uint64_t total_ms, uint64_t count)
{
    return count == 0 ? 0 : total_ms * 100 / count;
}

bool disk_compare(const struct disk_reading *before, const struct disk_reading *after, uint32_t index,
                  int64_t elapsed_ms, struct disk_rates *out)
{
    ASSERT(index < after->count);
    const struct disk *now = &after->disks[index];
    const struct disk *was = find_disk(before, now->name, index);
    if (was == NULL || elapsed_ms <= 0 || now->reads < was->reads || now->writes < was->writes)
        return false;
    uint64_t reads = now->reads - was->reads, writes = now->writes - was->writes;
    uint64_t read_ms = passed_ms(was->read_ms, now->read_ms);
    uint64_t write_ms = passed_ms(was->write_ms, now->write_ms);
    uint64_t busy_x100 = passed_ms(was->busy_ms, now->busy_ms) * UINT64_C(10000) / (uint64_t)elapsed_ms;
    uint64_t operations = reads > UINT64_MAX - writes ? UINT64_MAX : reads + writes;
    *out = (struct disk_rates){
        .busy_x100 = busy_x100 < 10000 ? busy_x100 : 10000,
        .queue_x100 = passed_ms(was->queue_ms, now->queue_ms) * UINT64_C(100) / (uint64_t)elapsed_ms,
        .await_x100 = await_x100(read_ms + write_ms, operations),
        .read_await_x100 = await_x100(read_ms, reads),
        .write_await_x100 = await_x100(write_ms, writes),
    };
    return true;
}
