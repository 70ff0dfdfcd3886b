/* SPDX-License-Identifier: MIT */
/* Disks and filesystems: from readings to values. */
#include "agent/collect/collect_parts.h"

#include "agent/collect/ratio.h"
#include "platform/base/utf8.h"

/* --- /proc/diskstats --- */

void collect_parse_diskstats(struct collect *c, const char *text, uint32_t length)
{
    c->disks_newest ^= 1;
    struct disk_reading *now = &c->disks[c->disks_newest];
    disk_parse(text, length, now);
    c->disks_elapsed_ms = (c->now.ns - c->disks_at.ns) / NS_PER_MS;
    c->disks_at = c->now;
    collect_say_skipped(c, &c->said_disks, now->skipped, DISKS_MAX, "disks");
}

static void put_counters(struct collect *c, struct sample *out, const struct disk *d)
{
    collect_put(c, out, METRIC_DISK_READ_BYTES, d->name, d->read_sectors * 512);
    collect_put(c, out, METRIC_DISK_WRITTEN_BYTES, d->name, d->written_sectors * 512);
    collect_put(c, out, METRIC_DISK_READS, d->name, d->reads);
    collect_put(c, out, METRIC_DISK_WRITES, d->name, d->writes);
    collect_put(c, out, METRIC_DISK_BUSY, d->name, d->busy_ms);
    collect_put(c, out, METRIC_DISK_READ_SECONDS, d->name, d->read_ms);
    collect_put(c, out, METRIC_DISK_WRITE_SECONDS, d->name, d->write_ms);
    collect_put(c, out, METRIC_DISK_QUEUE_SECONDS, d->name, d->queue_ms);
    collect_put(c, out, METRIC_DISK_IN_FLIGHT, d->name, d->in_flight);
}

static void put_rates(struct collect *c, struct sample *out, const char *name, const struct disk_rates *r)
{
    collect_put(c, out, METRIC_DISK_BUSY_PERCENT, name, r->busy_x100);
    collect_put(c, out, METRIC_DISK_QUEUE_DEPTH, name, r->queue_x100);
    collect_put(c, out, METRIC_DISK_AWAIT, name, r->await_x100);
    collect_put(c, out, METRIC_DISK_READ_AWAIT, name, r->read_await_x100);
    collect_put(c, out, METRIC_DISK_WRITE_AWAIT, name, r->write_await_x100);
}

void collect_put_diskstats(struct collect *c, struct sample *out)
{
    const struct disk_reading *now = &c->disks[c->disks_newest], *before = &c->disks[c->disks_newest ^ 1];
    for (uint32_t i = 0; i < now->count; i++) {
        struct disk_rates rates;
        put_counters(c, out, &now->disks[i]);
        if (disk_compare(before, now, i, c->disks_elapsed_ms, &rates))
            put_rates(c, out, now->disks[i].name, &rates);
    }
}

/* --- /proc/self/mountinfo --- */

void collect_parse_mountinfo(struct collect *c, const char *text, uint32_t length)
{
    struct mount_reading *r = &c->mounts;
    mount_parse(text, length, r);
    collect_say_skipped(c, &c->said_mounts, r->skipped, MOUNTS_MAX, "filesystems");
    for (uint32_t i = 0; i < r->count; i++)
        c->has_use[i] = plat_filesystem(c->plat, r->mounts[i].path, &c->use[i]) == ERR_OK;
}

static void put_space(struct collect *c, struct sample *out, const char *tag,
                      const struct plat_filesystem *use)
{
    uint64_t used = use->total_bytes - use->free_bytes;
    uint64_t usable = used + use->available_bytes;
    if (use->free_bytes > use->total_bytes || usable == 0 || usable < used)
        return;
    collect_put(c, out, METRIC_DISK_USAGE, tag, (uint64_t)ratio_percent_x100(used, usable));
    collect_put(c, out, METRIC_DISK_USED_BYTES, tag, used);
    collect_put(c, out, METRIC_DISK_AVAILABLE_BYTES, tag, use->available_bytes);
}

/* Filesystems that make inodes as they need them (btrfs) tell of none. */
static void put_inodes(struct collect *c, struct sample *out, const char *tag,
                       const struct plat_filesystem *use)
{
    if (use->inodes_total == 0 || use->inodes_free > use->inodes_total)
        return;
    uint64_t used = use->inodes_total - use->inodes_free;
    collect_put(c, out, METRIC_DISK_INODES_USED, tag, used);
    collect_put(c, out, METRIC_DISK_INODES_USAGE, tag,
                (uint64_t)ratio_percent_x100(used, use->inodes_total));
}

void collect_put_mountinfo(struct collect *c, struct sample *out)
{
    for (uint32_t i = 0; i < c->mounts.count; i++) {
        const struct mount *m = &c->mounts.mounts[i];
        char tag[SERIES_TAG_SIZE];
        if (!c->has_use[i])
            continue;
        utf8_copy_clean(tag, sizeof tag, m->path);
        put_space(c, out, tag, &c->use[i]);
        put_inodes(c, out, tag, &c->use[i]);
        collect_put(c, out, METRIC_DISK_READONLY, tag, m->is_readonly);
    }
}
