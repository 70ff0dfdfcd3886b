/* SPDX-License-Identifier: MIT */
/* Small private files in the state or data directory, each replaced whole: written beside under
 * another name, made durable, and renamed over the old one. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/linux/plat.h"

#define NAME_MAX_LENGTH 96U

bool state_name_good(const char *name)
{
    size_t length = strlen(name);
    uint32_t slashes = 0;
    if (length == 0 || length > NAME_MAX_LENGTH)
        return false;
    for (size_t i = 0; i < length; i++) {
        char c = name[i];
        bool at_start = i == 0 || name[i - 1] == '/';
        bool word = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                    c == '-' || c == '_' || (c == '.' && !at_start);
        if (c == '/' && !at_start && i + 1 < length && slashes == 0)
            slashes++;
        else if (!word)
            return false;
    }
    return true;
}

static int error_of_errno(void)
{
    switch (errno) {
    case ENOENT:
    case ENOTDIR: return ERR_MISSING;
    case EACCES:
    case EPERM: return ERR_DENIED;
    case EROFS: return ERR_DENIED;
    case ENOSPC:
    case EDQUOT: return ERR_FULL;
    default: return ERR_SYSTEM;
    }
}

int plat_state_read(struct plat *p, const char *name, void *to, uint32_t size)
{
    if (p->state_fd == NONE || !state_name_good(name))
        return ERR_MISSING;
    int fd = openat(p->state_fd, name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return error_of_errno();
    uint32_t length = 0;
    int result = ERR_FULL; /* unless the end comes before the buffer's */
    while (length < size) {
        ssize_t n = read(fd, (uint8_t *)to + length, size - length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0) {
            result = n < 0 ? ERR_SYSTEM : (int)length;
            break;
        }
        length += (uint32_t)n;
    }
    if (result == ERR_FULL) {
        char more;
        if (read(fd, &more, 1) == 0)
            result = (int)length;
    }
    close(fd);
    return result;
}

static int sync_folder(struct plat *p, const char *name)
{
    if (p->not_durable)
        return ERR_OK;
    const char *slash = strchr(name, '/');
    if (slash == NULL)
        return fsync(p->state_fd) < 0 ? error_of_errno() : ERR_OK;
    char folder[NAME_MAX_LENGTH + 1];
    text_copy(folder, (uint32_t)(slash - name) + 1, name);
    int fd = openat(p->state_fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_of_errno();
    int result = fsync(fd) < 0 ? error_of_errno() : ERR_OK;
    close(fd);
    return result;
}

/* What root puts into the directory of a service's own user is that user's: `token create` beside a running
 * aggregator. For everybody else nothing changes. */
static void give_to_owner(struct plat *p, int fd)
{
    struct stat directory;
    if (geteuid() != 0 || fstat(p->state_fd, &directory) < 0 || directory.st_uid == 0)
        return;
    if (fchown(fd, directory.st_uid, directory.st_gid) < 0)
        plat_log(p, LOG_WARN, "a file made by root cannot be given to the data directory's owner; chown it");
}

/* Makes the folder of `name`, if it has one and it is not there. */
static int make_folder(struct plat *p, const char *name)
{
    const char *slash = strchr(name, '/');
    if (slash == NULL)
        return ERR_OK;
    char folder[NAME_MAX_LENGTH + 1];
    text_copy(folder, (uint32_t)(slash - name) + 1, name);
    if (mkdirat(p->state_fd, folder, 0700) == 0) {
        int fd = openat(p->state_fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        if (fd >= 0) {
            give_to_owner(p, fd);
            close(fd);
        }
        return sync_folder(p, "");
    }
    return errno == EEXIST ? ERR_OK : error_of_errno();
}

static int write_new(struct plat *p, const char *name, const void *from, uint32_t size)
{
    /* What a crash may have left under this name is of no use. */
    int fd = openat(p->state_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return error_of_errno();
    give_to_owner(p, fd);
    int result = ERR_OK;
    uint32_t done = 0;
    while (done < size && result == ERR_OK) {
        ssize_t n = write(fd, (const uint8_t *)from + done, size - done);
        if (n > 0)
            done += (uint32_t)n;
        else if (n == 0 || errno != EINTR)
            result = n < 0 ? error_of_errno() : ERR_SYSTEM;
    }
    if (result == ERR_OK && !p->not_durable && fsync(fd) < 0)
        result = error_of_errno();
    if (close(fd) < 0 && result == ERR_OK)
        result = error_of_errno();
    return result;
}

int plat_state_write(struct plat *p, const char *name, const void *from, uint32_t size)
{
    if (p->state_fd == NONE)
        return ERR_MISSING;
    ASSERT(state_name_good(name));
    int result = make_folder(p, name);
    if (result < 0)
        return result;
    char beside[NAME_MAX_LENGTH + 8];
    snprintf(beside, sizeof beside, "%s.new", name);
    result = write_new(p, beside, from, size);
    if (result == ERR_OK && renameat(p->state_fd, beside, p->state_fd, name) < 0)
        result = error_of_errno();
    if (result < 0) {
        unlinkat(p->state_fd, beside, 0);
        return result;
    }
    return sync_folder(p, name);
}

int plat_state_delete(struct plat *p, const char *name)
{
    if (p->state_fd == NONE || !state_name_good(name))
        return ERR_MISSING;
    if (unlinkat(p->state_fd, name, 0) < 0)
        return error_of_errno();
    return sync_folder(p, name);
}

int state_hold(struct plat *p, const char *name)
{
    if (p->state_fd == NONE)
        return ERR_MISSING;
    int fd = openat(p->state_fd, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return error_of_errno();
    give_to_owner(p, fd);
    while (flock(fd, LOCK_EX) < 0) {
        if (errno != EINTR) {
            close(fd);
            return ERR_SYSTEM;
        }
    }
    return fd;
}
