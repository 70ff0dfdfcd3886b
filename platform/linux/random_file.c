/* SPDX-License-Identifier: MIT */
/* Files with random access in the data directory, for the database. */
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "platform/linux/plat.h"

/* A process that was killed a moment ago may still hold its locks: for a second we wait. */
#define LOCK_TRIES_MAX 50
#define LOCK_PAUSE_NS (20 * NS_PER_MS)

int plat_file_open(struct plat *p, const char *name)
{
    if (p->state_fd == NONE || !state_name_good(name))
        return ERR_MISSING;
    for (uint32_t i = 0; i < p->limits.files_max; i++) {
        if (p->files[i].fd != NONE)
            continue;
        bool is_new = false;
        int fd = openat(p->state_fd, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW);
        if (fd < 0 && errno == ENOENT) {
            is_new = true;
            fd = openat(p->state_fd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
        }
        if (fd < 0)
            return errno == EACCES || errno == EROFS ? ERR_DENIED : ERR_SYSTEM;
        p->files[i] = (struct file_slot){.fd = fd, .is_new = is_new};
        return (int)i;
    }
    return ERR_FULL;
}

static struct file_slot *file_at(struct plat *p, int file)
{
    ASSERT(file >= 0 && (uint32_t)file < p->limits.files_max);
    ASSERT(p->files[file].fd != NONE);
    return &p->files[file];
}

void plat_file_close(struct plat *p, int file)
{
    struct file_slot *f = file_at(p, file);
    close(f->fd);
    f->fd = NONE;
}

int plat_data_lock(struct plat *p)
{
    if (p->state_fd == NONE)
        return ERR_MISSING;
    if (p->lock_fd != NONE)
        return ERR_OK;
    int fd = openat(p->state_fd, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return errno == EACCES || errno == EROFS ? ERR_DENIED : ERR_SYSTEM;
    int locked = flock(fd, LOCK_EX | LOCK_NB);
    for (int tries = 0; locked < 0 && errno == EWOULDBLOCK && tries < LOCK_TRIES_MAX; tries++) {
        nanosleep(&(struct timespec){.tv_nsec = LOCK_PAUSE_NS}, NULL);
        locked = flock(fd, LOCK_EX | LOCK_NB);
    }
    if (locked < 0) {
        int result = errno == EWOULDBLOCK ? ERR_BUSY : ERR_SYSTEM;
        plat_log(p, LOG_ERROR, "cannot lock the directory %s: %s", p->state_dir,
                 result == ERR_BUSY ? "another process holds it; is this program running already?"
                                    : errno_words(errno));
        close(fd);
        return result;
    }
    p->lock_fd = fd;
    return ERR_OK;
}

int plat_file_read(struct plat *p, int file, int64_t offset, void *to, uint32_t size)
{
    int fd = file_at(p, file)->fd;
    uint32_t done = 0;
    while (done < size) {
        ssize_t n = pread(fd, (uint8_t *)to + done, size - done, offset + done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ERR_SYSTEM;
        if (n == 0)
            break;
        done += (uint32_t)n;
    }
    return (int)done;
}

static int write_error(void)
{
    switch (errno) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG: return ERR_FULL;
    case EROFS: /* the kernel does so to a filesystem that it finds damaged, under whoever uses it */
    case EPERM:
    case EACCES: return ERR_DENIED;
    default: return ERR_SYSTEM;
    }
}

int plat_file_write(struct plat *p, int file, int64_t offset, const void *from, uint32_t size)
{
    int fd = file_at(p, file)->fd;
    uint32_t done = 0;
    while (done < size) {
        ssize_t n = pwrite(fd, (const uint8_t *)from + done, size - done, offset + done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return write_error();
        done += (uint32_t)n;
    }
    return ERR_OK;
}

int plat_file_truncate(struct plat *p, int file, int64_t size)
{
    return ftruncate(file_at(p, file)->fd, size) == 0 ? ERR_OK : write_error();
}

/* For filesystems that do not know how to allocate: zeros, behind what is there. */
static int fill_up(struct plat *p, int file, int64_t from, int64_t to)
{
    const uint8_t zeros[4096] = {0};
    int result = ERR_OK;
    while (from < to && result == ERR_OK) {
        uint32_t n = to - from < (int64_t)sizeof zeros ? (uint32_t)(to - from) : (uint32_t)sizeof zeros;
        result = plat_file_write(p, file, from, zeros, n);
        from += n;
    }
    return result;
}

int plat_file_reserve(struct plat *p, int file, int64_t size)
{
    int fd = file_at(p, file)->fd;
    int64_t before = plat_file_size(p, file);
    if (before < 0 || size < 0)
        return ERR_SYSTEM;
    if (size <= before && plat_file_truncate(p, file, size) < 0)
        return ERR_SYSTEM;
    if (size == 0)
        return ERR_OK;
    int error;
    do
        error = posix_fallocate(fd, 0, size); /* musl's is the system call, and nothing else */
    while (error == EINTR);
    errno = error;
    int result = error == 0 ? ERR_OK : write_error();
    if (error == EOPNOTSUPP || error == ENOSYS || error == EINVAL)
        result = fill_up(p, file, before, size);
    if (result < 0 && size > before)
        (void)plat_file_truncate(p, file, before);
    return result;
}

int plat_file_sync(struct plat *p, int file)
{
    struct file_slot *f = file_at(p, file);
    if (fdatasync(f->fd) < 0)
        return write_error();
    /* A file whose name is lost in a power cut is lost, however durable its bytes are. */
    if (f->is_new && fsync(p->state_fd) < 0)
        return write_error();
    f->is_new = false;
    return ERR_OK;
}

int64_t plat_file_size(struct plat *p, int file)
{
    struct stat s;
    return fstat(file_at(p, file)->fd, &s) == 0 ? (int64_t)s.st_size : ERR_SYSTEM;
}

/* Durable at once: a database that commits by deleting its journal relies on it. */
int plat_file_delete(struct plat *p, const char *name)
{
    return plat_state_delete(p, name);
}

bool plat_file_exists(struct plat *p, const char *name)
{
    return p->state_fd != NONE && state_name_good(name) &&
           faccessat(p->state_fd, name, F_OK, 0) == 0;
}
