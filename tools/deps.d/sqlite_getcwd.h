/* SPDX-License-Identifier: MIT
 *
 * Included before SQLite's source when tools/deps builds it. SQLite's unix VFS calls getcwd() with a
 * buffer, but musl's getcwd() can also allocate one, and so was the only thing left in the whole
 * aggregator that linked malloc. This one cannot.
 */
#include <sys/syscall.h>
#include <unistd.h>

static inline char *nephos_getcwd(char *buffer, size_t size)
{
    return syscall(SYS_getcwd, buffer, size) < 0 ? (char *)0 : buffer;
}

#define getcwd nephos_getcwd
