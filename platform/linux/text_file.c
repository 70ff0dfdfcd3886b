/* SPDX-License-Identifier: MIT */
/* Texts of /proc and /sys: opened once, read again and again from the start; and lists of names there. */
#define _GNU_SOURCE /* getdents */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "platform/linux/plat.h"

/* The kernel fills texts that are made of records (seq_file) by the page: a short read of such a
 * text means only that the next record did not fit any more. Records are far below half a page, so
 * less than that is the end, and most texts cost one system call. */
#define SURE_END_SIZE 2048

static int open_below(struct plat *p, const char *path, int flags)
{
    char full[PATH_SIZE];
    if (host_path(p, path, full) < 0)
        return ERR_FULL;
    /* musl's open() makes a second call for O_CLOEXEC, for kernels before 2.6.23; its openat() does not. */
    int fd = openat(AT_FDCWD, full, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | flags);
    return fd < 0 ? ERR_MISSING : fd;
}

int plat_text_open(struct plat *p, const char *path)
{
    for (uint32_t i = 0; i < p->limits.texts_max; i++) {
        if (p->texts[i].fd != NONE)
            continue;
        int fd = open_below(p, path, 0);
        if (fd < 0)
            return fd;
        p->texts[i].fd = fd;
        return (int)i;
    }
    return ERR_FULL;
}

static int text_fd(struct plat *p, int handle)
{
    ASSERT(handle >= 0 && (uint32_t)handle < p->limits.texts_max);
    ASSERT(p->texts[handle].fd != NONE);
    return p->texts[handle].fd;
}

static int read_whole(int fd, char *buf, uint32_t buf_size)
{
    uint32_t length = 0;
    for (;;) {
        if (length == buf_size)
            return ERR_FULL;
        ssize_t n = pread(fd, buf + length, buf_size - length, length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return length == 0 ? ERR_MISSING : (int)length;
        length += (uint32_t)n;
        if (n == 0 || (n < SURE_END_SIZE && length < buf_size))
            return (int)length;
    }
}

int plat_text_read(struct plat *p, int handle, char *buf, uint32_t buf_size)
{
    return read_whole(text_fd(p, handle), buf, buf_size);
}

int plat_text_once(struct plat *p, const char *path, char *buf, uint32_t buf_size)
{
    int fd = open_below(p, path, 0);
    if (fd < 0)
        return fd;
    int result = read_whole(fd, buf, buf_size);
    close(fd);
    return result;
}

void plat_text_close(struct plat *p, int handle)
{
    close(text_fd(p, handle));
    p->texts[handle].fd = NONE;
}

/* --- names --- */

/* Takes the names of one answer of the kernel in: false when one does not fit. */
static bool take_names(const char *entries, int size, char *names, uint32_t names_size, uint32_t *used)
{
    for (int at = 0; at < size;) {
        const struct dirent *entry = (const struct dirent *)(const void *)(entries + at);
        at += entry->d_reclen;
        if (text_equal(entry->d_name, ".") || text_equal(entry->d_name, ".."))
            continue;
        uint32_t length = (uint32_t)strlen(entry->d_name) + 1;
        if (length >= names_size - *used) /* one byte more for the empty name at the end */
            return false;
        memcpy(names + *used, entry->d_name, length);
        *used += length;
    }
    return true;
}

/* Not readdir(): it has its buffer from malloc. */
static int list_folder(int fd, char *names, uint32_t size)
{
    _Alignas(struct dirent) char entries[4096];
    uint32_t used = 0;
    names[0] = '\0';
    if (fd < 0)
        return fd;
    int n, result = ERR_OK;
    while (result == ERR_OK && (n = getdents(fd, (struct dirent *)(void *)entries, sizeof entries)) != 0) {
        if (n < 0)
            result = used > 0 ? ERR_FULL : ERR_MISSING; /* it went away while it was read */
        else if (!take_names(entries, n, names, size, &used))
            result = ERR_FULL;
    }
    names[used] = '\0';
    close(fd);
    return result < 0 ? result : (int)used;
}

int plat_list(struct plat *p, const char *path, char *names, uint32_t size)
{
    names[0] = '\0';
    return list_folder(open_below(p, path, O_DIRECTORY), names, size);
}

int plat_state_list(struct plat *p, const char *folder, char *names, uint32_t size)
{
    names[0] = '\0';
    if (p->state_fd == NONE || !state_name_good(folder))
        return ERR_MISSING;
    int fd = openat(p->state_fd, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return list_folder(fd < 0 ? ERR_MISSING : fd, names, size);
}
