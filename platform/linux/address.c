/* SPDX-License-Identifier: MIT */
/* Addresses as text and as the kernel wants them, and its errors as words. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "platform/linux/plat.h"

int address_split(const char *address, char *host, uint32_t host_size, uint16_t *port)
{
    const char *colon = strrchr(address, ':');
    uint64_t number;
    if (colon == NULL || !text_to_u64(colon + 1, &number) || number > 65535)
        return ERR_MALFORMED;
    const char *end = colon;
    if (*address == '[') {
        address++;
        if (end == address || end[-1] != ']')
            return ERR_MALFORMED;
        end--;
    } else if (memchr(address, ':', (size_t)(end - address)) != NULL) {
        return ERR_MALFORMED; /* a bare V6 address: where does it end? */
    }
    uint32_t length = (uint32_t)(end - address);
    if (length == 0 || length >= host_size)
        return ERR_MALFORMED;
    memcpy(host, address, length);
    host[length] = '\0';
    *port = (uint16_t)number;
    return ERR_OK;
}

uint32_t address_socket(const struct ip *ip, uint16_t port, struct sockaddr_storage *out)
{
    memset(out, 0, sizeof *out);
    if (ip->family == 4) {
        struct sockaddr_in *a = (struct sockaddr_in *)out;
        a->sin_family = AF_INET;
        a->sin_port = htons(port);
        memcpy(&a->sin_addr, ip->bytes, 4);
        return sizeof *a;
    }
    struct sockaddr_in6 *a = (struct sockaddr_in6 *)out;
    a->sin6_family = AF_INET6;
    a->sin6_port = htons(port);
    memcpy(&a->sin6_addr, ip->bytes, 16);
    return sizeof *a;
}

void address_text(const struct sockaddr_storage *from, char *to, uint32_t to_size)
{
    struct text t;
    text_init(&t, to, to_size);
    char host[INET6_ADDRSTRLEN];
    if (from->ss_family == AF_UNIX) {
        text_put(&t, "local");
        return;
    }
    if (from->ss_family == AF_INET) {
        const struct sockaddr_in *a = (const struct sockaddr_in *)from;
        inet_ntop(AF_INET, &a->sin_addr, host, sizeof host);
        text_printf(&t, "%s:%u", host, ntohs(a->sin_port));
        return;
    }
    const struct sockaddr_in6 *a = (const struct sockaddr_in6 *)from;
    if (IN6_IS_ADDR_V4MAPPED(&a->sin6_addr)) {
        inet_ntop(AF_INET, a->sin6_addr.s6_addr + 12, host, sizeof host);
        text_printf(&t, "%s:%u", host, ntohs(a->sin6_port));
        return;
    }
    inet_ntop(AF_INET6, &a->sin6_addr, host, sizeof host);
    text_printf(&t, "[%s]:%u", host, ntohs(a->sin6_port));
}

const char *errno_words(int error)
{
    switch (error) {
    case ECONNREFUSED: return "connection refused: nothing listens there";
    case ETIMEDOUT: return "no answer: is a firewall in between?";
    case EHOSTUNREACH:
    case ENETUNREACH: return "no route to it from this machine";
    case ECONNRESET:
    case EPIPE: return "the peer closed the connection";
    default: return strerror(error);
    }
}
