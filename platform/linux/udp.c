/* SPDX-License-Identifier: MIT */
/* Datagrams that come in; net.c opens and closes their sockets. */
#include <sys/socket.h>

#include "platform/linux/plat.h"

int plat_udp_receive(struct plat *p, int socket, void *to, uint32_t size)
{
    struct conn *c = conn_at(p, socket);
    if (c->state != CONN_DATAGRAMS)
        return ERR_AGAIN;
    ssize_t n;
    do
        n = recv(c->fd, to, size, 0);
    while (n < 0 && errno == EINTR);
    return n < 0 ? ERR_AGAIN : (int)n;
}

uint32_t plat_udp_dropped(struct plat *p, int socket)
{
    uint32_t memory[9] = {0}; /* of the kernel's SK_MEMINFO_VARS; the last is SK_MEMINFO_DROPS */
    socklen_t size = sizeof memory;
    if (getsockopt(conn_at(p, socket)->fd, SOL_SOCKET, SO_MEMINFO, memory, &size) < 0 || size < sizeof memory)
        return 0;
    return memory[8];
}
