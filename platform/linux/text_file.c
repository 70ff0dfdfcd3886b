/* SPDX-License-Identifier: MIT */
/* Texts of /proc and /sys: opened once, read again and again from the start. */
#include <fcntl.h>
#include <unistd.h>

#include "platform/linux/plat.h"

/* The kernel fills texts that are made of records (seq_file) by the page: a short read of such a
 * text means only that the next record did not fit any more. Records are far below half a page, so
 * less than that is the end, and most texts cost one system call. */
#define SURE_END_SIZE 2048

int plat_text_open(struct plat *p, const char *path)
{
    char full[PATH_SIZE];
    if (host_path(p, path, full) < 0)
        return ERR_FULL;
    for (uint32_t i = 0; i < p->limits.texts_max; i++) {
        if (p->texts[i].fd != NONE)
            continue;
        int fd = open(full, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (fd < 0)
            return ERR_MISSING;
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

int plat_text_read(struct plat *p, int handle, char *buf, uint32_t buf_size)
{
    int fd = text_fd(p, handle);
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

void plat_text_close(struct plat *p, int handle)
{
    close(text_fd(p, handle));
    p->texts[handle].fd = NONE;
}
