/* SPDX-License-Identifier: MIT */
/* Sockets in the state directory. There is one process on a simulated machine: nobody who could connect. */
#include "platform/platform.h"

int plat_listen_local(struct plat *p, const char *name)
{
    (void)p, (void)name;
    return ERR_MISSING;
}

int plat_connect_local(struct plat *p, const char *name)
{
    (void)p, (void)name;
    return ERR_MISSING;
}
