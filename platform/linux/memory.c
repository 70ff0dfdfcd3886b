/* SPDX-License-Identifier: MIT */
/* The one block of memory of a program whose size is known only from its configuration. */
#include <sys/mman.h>

#include "platform/linux/plat_linux.h"

void *plat_linux_memory(uint64_t size)
{
    if (size == 0 || size > SIZE_MAX)
        return NULL;
    void *block = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return block != MAP_FAILED ? block : NULL;
}
