/* SPDX-License-Identifier: MIT */
/* What a program has resident and does not need. Code is read from the file when it runs again, at some
 * fifteen faults for a whole handshake; agent/order.ld keeps apart what runs each second. */
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "platform/linux/plat.h"
#include "platform/linux/tls/tls.h"

/* The linker's: the code from its first byte to behind its last. */
extern const char __executable_start[], etext[];

/* Whole pages only: what lies beside on a page stays. */
static void give_back(uintptr_t from, uintptr_t to)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    from = (from + page - 1) / page * page;
    to = to / page * page;
    if (from < to) /* an answer would change nothing */
        (void)madvise((void *)from, to - from, MADV_DONTNEED);
}

void residence_shed(struct plat *p)
{
    p->has_excess = false;
    if (!p->limits.sheds)
        return;
    uint8_t *block;
    uint32_t size = tls_idle_memory(p, &block);
    give_back((uintptr_t)block, (uintptr_t)block + size);
    give_back((uintptr_t)__executable_start, (uintptr_t)etext);
}
