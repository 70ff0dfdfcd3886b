/* SPDX-License-Identifier: MIT */
/* The simulated disk of a machine: what programs read, what would survive, and the writes between.
 *
 * A write changes `now` at once and stands in the file's log until the file is synced. A power cut
 * keeps, loses or tears each logged write independently, sector by sector, and leaves what results.
 * After sim_weather.writeback_ns the kernel has written a logged write back by itself.
 * A new name is durable with the first sync of its file; a deleted one may come back until any file
 * of the machine is synced (a journaling file system writes such changes in order). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "platform/sim/world.h"

#define SECTOR_SIZE 512
#define TRUNCATE_MARK (-1)
#define LOG_HEADER_SIZE 24
/* Only now and then is it worth looking what has been written back. */
#define WRITEBACK_LOOK_SIZE 262144

static void image_resize(struct image *m, int64_t size)
{
    if (size > m->capacity) {
        int64_t capacity = m->capacity ? m->capacity : 4096;
        while (capacity < size)
            capacity *= 2;
        m->bytes = realloc(m->bytes, (size_t)capacity);
        ASSERT(m->bytes != NULL);
        m->capacity = capacity;
    }
    if (size > m->size)
        memset(m->bytes + m->size, 0, (size_t)(size - m->size));
    m->size = size;
}

static void image_write(struct image *m, int64_t offset, const void *from, int64_t size)
{
    if (offset + size > m->size)
        image_resize(m, offset + size);
    if (size > 0)
        memcpy(m->bytes + offset, from, (size_t)size);
}

struct log_entry {
    int64_t offset, size, at_ns;
    const uint8_t *bytes;
};

/* The entry at `at`: where the next one is. */
static int64_t log_get(const struct file *f, int64_t at, struct log_entry *e)
{
    memcpy(&e->offset, f->log + at, 8);
    memcpy(&e->size, f->log + at + 8, 8);
    memcpy(&e->at_ns, f->log + at + 16, 8);
    e->bytes = f->log + at + LOG_HEADER_SIZE;
    return at + LOG_HEADER_SIZE + (e->size == TRUNCATE_MARK ? 0 : e->size);
}

static void log_apply(struct file *f, const struct log_entry *e)
{
    if (e->size == TRUNCATE_MARK)
        image_resize(&f->synced, e->offset);
    else
        image_write(&f->synced, e->offset, e->bytes, e->size);
}

/* What is old enough is durable without a sync. */
static void write_back(struct plat *p, struct file *f)
{
    int64_t at = 0;
    while (p->weather.writeback_ns != 0 && at < f->log_size) {
        struct log_entry e;
        int64_t next = log_get(f, at, &e);
        if (e.at_ns + p->weather.writeback_ns > p->world->now_ns)
            break;
        log_apply(f, &e);
        f->durable = true;
        at = next;
    }
    f->log_size -= at;
    if (at > 0)
        memmove(f->log, f->log + at, (size_t)f->log_size);
}

static void log_put(struct plat *p, struct file *f, int64_t offset, int64_t size, const void *bytes)
{
    if (f->log_size > WRITEBACK_LOOK_SIZE)
        write_back(p, f);
    int64_t payload = size == TRUNCATE_MARK ? 0 : size;
    int64_t need = f->log_size + LOG_HEADER_SIZE + payload;
    if (need > f->log_capacity) {
        f->log_capacity = need * 2;
        f->log = realloc(f->log, (size_t)f->log_capacity);
        ASSERT(f->log != NULL);
    }
    memcpy(f->log + f->log_size, &offset, 8);
    memcpy(f->log + f->log_size + 8, &size, 8);
    memcpy(f->log + f->log_size + 16, &p->world->now_ns, 8);
    if (payload > 0)
        memcpy(f->log + f->log_size + LOG_HEADER_SIZE, bytes, (size_t)payload);
    f->log_size = need;
}

/* --- names --- */

static struct file *find(struct plat *p, const char *name)
{
    for (uint32_t i = 0; i < p->file_count; i++)
        if (strcmp(p->files[i]->name, name) == 0)
            return p->files[i];
    return NULL;
}

static struct file *find_or_make(struct plat *p, const char *name)
{
    struct file *f = find(p, name);
    if (f != NULL || p->file_count == FILES_MAX || strlen(name) >= FILE_NAME_SIZE)
        return f;
    f = calloc(1, sizeof(*f));
    ASSERT(f != NULL);
    snprintf(f->name, sizeof(f->name), "%s", name);
    p->files[p->file_count++] = f;
    return f;
}

static void empty(struct file *f)
{
    f->now.size = 0;
    f->synced.size = 0;
    f->log_size = 0;
}

static void forget_deleted(struct plat *p)
{
    for (uint32_t i = 0; i < p->file_count; i++) {
        struct file *f = p->files[i];
        if (!f->exists && f->durable) {
            f->durable = false;
            empty(f);
        }
    }
}

static void make_durable(struct plat *p, struct file *f)
{
    image_resize(&f->synced, 0);
    image_write(&f->synced, 0, f->now.bytes, f->now.size);
    f->log_size = 0;
    f->durable = true;
    forget_deleted(p);
}

/* --- faults --- */

void sim_disk_full(struct plat *p, bool full)
{
    p->disk_full = full;
}

void sim_disk_fail(struct plat *p, uint32_t good, uint32_t bad)
{
    p->disk_good = good;
    p->disk_bad = bad;
}

void sim_disk_lock_held(struct plat *p, bool by_another)
{
    p->lock_busy = by_another;
}

/* Whether the next write or sync succeeds, counting it. */
static bool disk_works(struct plat *p)
{
    if (!effect_allowed(p))
        return false;
    if (p->disk_bad == 0)
        return true;
    if (p->disk_good > 0) {
        p->disk_good--;
        return true;
    }
    p->disk_bad--;
    return false;
}

static void image_write_torn(struct sim_world *w, struct image *m, int64_t offset,
                             const uint8_t *from, int64_t size)
{
    for (int64_t at = 0; at < size;) {
        int64_t n = SECTOR_SIZE - (offset + at) % SECTOR_SIZE;
        if (n > size - at)
            n = size - at;
        if (sim_chance(w, 500))
            image_write(m, offset + at, from + at, n);
        at += n;
    }
}

static void replay_some(struct plat *p, struct file *f)
{
    struct sim_world *w = p->world;
    struct log_entry e;
    for (int64_t at = 0; at < f->log_size;) {
        at = log_get(f, at, &e);
        if (sim_chance(w, p->weather.unsynced_lost_permille))
            continue;
        if (e.size != TRUNCATE_MARK && sim_chance(w, p->weather.unsynced_torn_permille))
            image_write_torn(w, &f->synced, e.offset, e.bytes, e.size);
        else
            log_apply(f, &e);
    }
}

void disk_power_cut(struct plat *p)
{
    for (uint32_t i = 0; i < p->file_count; i++) {
        struct file *f = p->files[i];
        if (f->exists)
            write_back(p, f);
        /* An entry that is not durable is there or not on a coin. */
        if (f->exists != f->durable && sim_chance(p->world, 500))
            f->exists = f->durable;
        if (f->exists) {
            replay_some(p, f);
            image_resize(&f->now, 0);
            image_write(&f->now, 0, f->synced.bytes, f->synced.size);
        } else {
            empty(f);
        }
        f->durable = f->exists;
        f->log_size = 0;
        trace_word(p->world, (uint64_t)f->now.size);
    }
}

void disk_free(struct plat *p)
{
    for (uint32_t i = 0; i < p->file_count; i++) {
        free(p->files[i]->now.bytes);
        free(p->files[i]->synced.bytes);
        free(p->files[i]->log);
        free(p->files[i]);
    }
}

const uint8_t *sim_disk_file(struct plat *p, const char *name, int64_t *size)
{
    struct file *f = find(p, name);
    if (f == NULL || !f->exists)
        return NULL;
    *size = f->now.size;
    return f->now.bytes ? f->now.bytes : (const uint8_t *)"";
}

void sim_disk_put(struct plat *p, const char *name, const void *bytes, int64_t size)
{
    struct file *f = find_or_make(p, name);
    ASSERT(f != NULL);
    empty(f);
    image_write(&f->now, 0, bytes, size);
    f->exists = true;
    make_durable(p, f);
}

/* --- state files --- */

int disk_state_read(struct plat *p, const char *name, void *to, uint32_t size)
{
    const struct file *f = find(p, name);
    if (f == NULL || !f->exists)
        return ERR_MISSING;
    if (f->now.size > (int64_t)size)
        return ERR_FULL;
    if (f->now.size > 0)
        memcpy(to, f->now.bytes, (size_t)f->now.size);
    return (int)f->now.size;
}

int plat_state_read(struct plat *p, const char *name, void *to, uint32_t size)
{
    return disk_state_read(p, name, to, size);
}

int plat_state_write(struct plat *p, const char *name, const void *from, uint32_t size)
{
    if (!disk_works(p))
        return ERR_SYSTEM;
    if (p->disk_full)
        return ERR_FULL;
    if (find_or_make(p, name) == NULL)
        return ERR_SYSTEM;
    trace_bytes(p->world, from, size);
    sim_disk_put(p, name, from, size);
    return ERR_OK;
}

int plat_state_list(struct plat *p, const char *folder, char *names, uint32_t size)
{
    size_t length = strlen(folder);
    uint32_t used = 0;
    bool is_full = false;
    for (uint32_t i = 0; i < p->file_count; i++) {
        const struct file *f = p->files[i];
        if (!f->exists || strncmp(f->name, folder, length) != 0 || f->name[length] != '/')
            continue;
        size_t name_size = strlen(f->name + length + 1) + 1;
        is_full |= used + name_size + 1 > size;
        if (!is_full)
            memcpy(names + used, f->name + length + 1, name_size);
        used += is_full ? 0 : (uint32_t)name_size;
    }
    names[used] = '\0';
    return is_full ? ERR_FULL : used == 0 ? ERR_MISSING : (int)used;
}

int plat_state_delete(struct plat *p, const char *name)
{
    struct file *f = find(p, name);
    if (f == NULL || !f->exists)
        return ERR_MISSING;
    if (!disk_works(p))
        return ERR_SYSTEM;
    f->exists = false;
    f->durable = false;
    empty(f);
    return ERR_OK;
}

/* --- files with random access --- */

static struct file *file_of(struct plat *p, int file)
{
    if (file < 0 || file >= (int)OPEN_FILES_MAX || p->open_files[file] == 0)
        return NULL;
    return p->files[p->open_files[file] - 1];
}

int plat_file_open(struct plat *p, const char *name)
{
    int handle = 0;
    while (handle < (int)OPEN_FILES_MAX && p->open_files[handle] != 0)
        handle++;
    if (handle == (int)OPEN_FILES_MAX)
        return ERR_FULL;
    struct file *f = find(p, name);
    if (f == NULL || !f->exists) {
        if (!p->alive)
            return ERR_SYSTEM;
        f = find_or_make(p, name);
        if (f == NULL)
            return ERR_SYSTEM;
        f->now.size = 0;
        log_put(p, f, 0, TRUNCATE_MARK, NULL); /* over a deleted one that may still come back */
        f->exists = true;
    }
    for (uint32_t i = 0; i < p->file_count; i++)
        if (p->files[i] == f)
            p->open_files[handle] = (int)i + 1;
    return handle;
}

void plat_file_close(struct plat *p, int file)
{
    if (file_of(p, file) != NULL)
        p->open_files[file] = 0;
}

int plat_data_lock(struct plat *p)
{
    return p->lock_busy ? ERR_BUSY : ERR_OK;
}

int plat_file_read(struct plat *p, int file, int64_t offset, void *to, uint32_t size)
{
    const struct file *f = file_of(p, file);
    if (f == NULL || offset < 0)
        return ERR_SYSTEM;
    if (offset >= f->now.size)
        return 0;
    int64_t there = f->now.size - offset;
    uint32_t n = there < (int64_t)size ? (uint32_t)there : size;
    memcpy(to, f->now.bytes + offset, n);
    return (int)n;
}

int plat_file_write(struct plat *p, int file, int64_t offset, const void *from, uint32_t size)
{
    struct file *f = file_of(p, file);
    if (f == NULL || offset < 0)
        return ERR_SYSTEM;
    bool works = disk_works(p);
    if (!p->alive)
        return ERR_SYSTEM;
    if (p->disk_full && offset + (int64_t)size > f->now.size)
        return ERR_FULL;
    /* A failing write may have done its beginning. */
    uint32_t done = works ? size : (uint32_t)sim_below(p->world, (uint64_t)size + 1);
    trace_bytes(p->world, from, done);
    image_write(&f->now, offset, from, done);
    log_put(p, f, offset, done, from);
    return works ? ERR_OK : ERR_SYSTEM;
}

int plat_file_truncate(struct plat *p, int file, int64_t size)
{
    struct file *f = file_of(p, file);
    if (f == NULL || size < 0 || !disk_works(p))
        return ERR_SYSTEM;
    if (p->disk_full && size > f->now.size)
        return ERR_FULL;
    image_resize(&f->now, size);
    log_put(p, f, size, TRUNCATE_MARK, NULL);
    trace_word(p->world, (uint64_t)size);
    return ERR_OK;
}

int plat_file_reserve(struct plat *p, int file, int64_t size)
{
    return plat_file_truncate(p, file, size); /* a simulated disk is full for files that grow, no others */
}

/* Applies the log to the durable image: cheaper than copying the file. */
static void sync_log(struct file *f)
{
    struct log_entry e;
    for (int64_t at = 0; at < f->log_size;) {
        at = log_get(f, at, &e);
        log_apply(f, &e);
    }
    f->log_size = 0;
    f->durable = true;
}

int plat_file_sync(struct plat *p, int file)
{
    struct file *f = file_of(p, file);
    if (f == NULL || !disk_works(p))
        return ERR_SYSTEM;
    sync_log(f);
    forget_deleted(p);
    trace_word(p->world, 0x5f5fU);
    return ERR_OK;
}

int64_t plat_file_size(struct plat *p, int file)
{
    const struct file *f = file_of(p, file);
    return f == NULL ? ERR_SYSTEM : f->now.size;
}

int plat_file_delete(struct plat *p, const char *name)
{
    struct file *f = find(p, name);
    if (f == NULL || !f->exists)
        return ERR_MISSING;
    if (!disk_works(p))
        return ERR_SYSTEM;
    f->exists = false;
    trace_word(p->world, 0xde1e7eU);
    return ERR_OK;
}

bool plat_file_exists(struct plat *p, const char *name)
{
    const struct file *f = find(p, name);
    return f != NULL && f->exists;
}
