/* SPDX-License-Identifier: MIT */
/* TLS as the rest of platform/linux sees it: one session beside each connection, and no word of the
 * library that does it. Sessions live in a fixed table, their insides in the TLS arena. */
#ifndef NEPHOS_LINUX_TLS_H
#define NEPHOS_LINUX_TLS_H

#include "platform/linux/plat.h"

/* NULL while only counting, like everything that reserves. */
struct tls *tls_reserve(struct memory_map *map, const struct plat_linux_limits *limits);
int tls_start(struct plat *p);
void tls_stop(struct plat *p);

/* Begins a session on a connection whose TCP is up; ERR_MISSING when the keys it needs are not there,
 * ERR_FULL when the arena is. On an error the connection has failed and says why. */
int tls_open(struct plat *p, struct conn *c);
/* Goes on with the handshake: ERR_OK when it is over and the peer is as good as asked, ERR_AGAIN
 * (tls_wants_write tells what for), or the connection has failed. */
int tls_handshake(struct plat *p, struct conn *c);
bool tls_wants_write(struct plat *p, const struct conn *c);

/* As plat_send and plat_recv. Bytes that plat_send took may still lie in the session: tls_owes. */
int tls_send(struct plat *p, struct conn *c, const void *from, uint32_t size);
int tls_recv(struct plat *p, struct conn *c, void *to, uint32_t size_max);
/* Sends what lies in the session: ERR_OK when nothing is left, ERR_AGAIN, ERR_CLOSED. */
int tls_flush(struct plat *p, struct conn *c);
/* Bytes lie here that the socket will not report. */
bool tls_has_more(struct plat *p, const struct conn *c);
int tls_identity(struct plat *p, const struct conn *c, char *id, uint32_t id_size);
/* Memory of a session that is not open; its size, 0 when it is. What lies there may be anything. */
uint32_t tls_idle_memory(struct plat *p, uint8_t **block);
/* Says goodbye when `politely`, and gives the session's memory back. */
void tls_close(struct plat *p, struct conn *c, bool politely);

#endif
