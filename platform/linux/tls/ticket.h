/* SPDX-License-Identifier: MIT */
/* Session tickets of the server: a reconnecting agent shows one instead of its certificate. */
#ifndef NEPHOS_LINUX_TLS_TICKET_H
#define NEPHOS_LINUX_TLS_TICKET_H

#include "platform/linux/tls/internal.h"

/* Loads the keys, or makes the first, and hooks tickets into the authority's configuration. */
int ticket_open(struct plat *p, struct authority *a);

#endif
