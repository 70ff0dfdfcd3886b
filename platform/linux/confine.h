/* SPDX-License-Identifier: MIT */
/* The two locks of plat_linux_confine(): what may be called, and what may be opened. */
#ifndef NEPHOS_LINUX_CONFINE_H
#define NEPHOS_LINUX_CONFINE_H

#include "platform/linux/plat.h"

/* Only the system calls that an agent makes once it runs. ERR_OK; ERR_MISSING when the kernel has no such
 * filters; ERR_SYSTEM. */
int confine_calls(void);

/* Only these paths: everything to be read below each of `paths`, everything to be read and written in the
 * state directory; no TCP listener. The version of the interface (1 and up), ERR_MISSING when the kernel has
 * none, ERR_SYSTEM. */
int confine_paths(struct plat *p, const char *const *paths, uint32_t path_count);

#endif
