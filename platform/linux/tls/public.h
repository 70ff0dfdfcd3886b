/* SPDX-License-Identifier: MIT */
/* The certificate of PLAT_TLS_SERVER; the contract is authority_serve_own() and authority_serve_files(). */
#ifndef NEPHOS_LINUX_TLS_PUBLIC_H
#define NEPHOS_LINUX_TLS_PUBLIC_H

#include "platform/linux/tls/internal.h"

void public_open(struct authority *a);
/* The session needs its identity no longer: it is open, or has failed. */
void public_handshake_over(struct authority *a, struct session *s);

#endif
