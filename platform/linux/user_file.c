/* SPDX-License-Identifier: MIT */
/* Files that a person names, anywhere: for the commands that copy, restore and look at databases. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/linux/plat.h"

static int error_of_errno(void)
{
    switch (errno) {
    case ENOENT:
    case ENOTDIR: return ERR_MISSING;
    case EEXIST: return ERR_BUSY;
    case EACCES:
    case EPERM:
    case EROFS: return ERR_DENIED;
    case ENOSPC:
    case EDQUOT: return ERR_FULL;
    default: return ERR_SYSTEM;
    }
}

int plat_linux_file(struct plat *p, const char *path, bool create)
{
    int flags = create ? O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW : O_RDONLY;
    for (uint32_t i = 0; i < p->limits.files_max; i++) {
        if (p->files[i].fd != NONE)
            continue;
        int fd = open(path, flags | O_CLOEXEC, 0600);
        if (fd < 0)
            return error_of_errno();
        struct stat s;
        if (fstat(fd, &s) < 0 || !S_ISREG(s.st_mode)) {
            close(fd);
            return ERR_MALFORMED;
        }
        p->files[i] = (struct file_slot){.fd = fd};
        return (int)i;
    }
    return ERR_FULL;
}

/* The folder that a path lies in. */
static int sync_folder_of(const char *path)
{
    char folder[PATH_SIZE] = ".";
    const char *slash = strrchr(path, '/');
    if (slash != NULL && (size_t)(slash - path) + 2 > sizeof folder)
        return ERR_FULL;
    if (slash != NULL)
        (void)text_copy(folder, (uint32_t)(slash - path) + (slash == path ? 2 : 1), path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return error_of_errno();
    int result = fsync(fd) < 0 ? error_of_errno() : ERR_OK;
    close(fd);
    return result;
}

int plat_linux_rename(const char *from, const char *to)
{
    if (rename(from, to) < 0)
        return error_of_errno();
    return sync_folder_of(to);
}

int plat_linux_remove(const char *path)
{
    return remove(path) < 0 ? error_of_errno() : ERR_OK;
}

bool plat_linux_exists(const char *path)
{
    struct stat s;
    return lstat(path, &s) == 0;
}

int plat_linux_names(const char *folder, char *names, uint32_t size)
{
    DIR *d = opendir(folder);
    if (d == NULL)
        return error_of_errno();
    uint32_t used = 0;
    int result = ERR_OK;
    for (struct dirent *e; result == ERR_OK && (e = readdir(d)) != NULL;) {
        uint32_t length = (uint32_t)strlen(e->d_name) + 1;
        if (e->d_name[0] == '.')
            continue;
        if (used + length + 1 > size)
            result = ERR_FULL;
        else
            memcpy(names + used, e->d_name, length);
        used += result == ERR_OK ? length : 0;
    }
    names[used] = '\0';
    closedir(d);
    return result == ERR_OK ? (int)used : result;
}

int plat_linux_input(void *to, uint32_t size)
{
    for (;;) {
        ssize_t n = read(STDIN_FILENO, to, size);
        if (n >= 0 || errno != EINTR)
            return n < 0 ? ERR_SYSTEM : (int)n;
    }
}
