/* SPDX-License-Identifier: MIT */
/* What a main() does before there is a plat: read a file that the user named, print a text. */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "platform/linux/plat_linux.h"

int plat_linux_read_file(const char *path, void *to, uint32_t size)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? ERR_MISSING
               : errno == EACCES                   ? ERR_DENIED
                                                   : ERR_SYSTEM;
    uint32_t length = 0;
    int result = ERR_OK;
    for (;;) {
        char more;
        bool full = length == size;
        ssize_t n = full ? read(fd, &more, 1) : read(fd, (char *)to + length, size - length);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 || (n > 0 && full))
            result = n < 0 ? ERR_SYSTEM : ERR_FULL;
        if (n <= 0 || full)
            break;
        length += (uint32_t)n;
    }
    close(fd);
    return result < 0 ? result : (int)length;
}

int plat_linux_print(int fd, const char *text, uint32_t length)
{
    uint32_t done = 0;
    while (done < length) {
        ssize_t n = write(fd, text + done, length - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return ERR_CLOSED;
        done += (uint32_t)n;
    }
    return ERR_OK;
}
