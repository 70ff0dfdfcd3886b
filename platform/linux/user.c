/* SPDX-License-Identifier: MIT */
/* Whom a program speaks to, and what it may touch: questions of a main(). */
#include <sys/stat.h>
#include <unistd.h>

#include "platform/linux/plat_linux.h"

bool plat_linux_is_terminal(int fd)
{
    return isatty(fd) == 1;
}

bool plat_linux_is_writable_directory(const char *path)
{
    struct stat s;
    return stat(path, &s) == 0 && S_ISDIR(s.st_mode) && access(path, W_OK | X_OK) == 0;
}
