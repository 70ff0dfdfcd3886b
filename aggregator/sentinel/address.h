/* SPDX-License-Identifier: MIT */
/* Addresses of checks: which are taken, and where a redirect leads. Pure. */
#ifndef NEPHOS_SENTINEL_ADDRESS_H
#define NEPHOS_SENTINEL_ADDRESS_H

#include "platform/base/text.h"

/* http, https, tls, tcp or dns with a host; tls and tcp with a port and nothing behind it; no user, no blank,
 * no control character. */
bool address_allowed(const char *url);
/* Where `location`, a reference of RFC 3986 section 4.1, leads from `base`, which is allowed; without what
 * stands behind #. ERR_OK; ERR_MALFORMED when that is not http or https or not allowed; ERR_FULL when `to` is
 * too small. */
int address_follow(const char *base, const char *location, char *to, uint32_t to_size);

#endif
