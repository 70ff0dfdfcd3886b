/* SPDX-License-Identifier: MIT */
/* SHA-1, for the WebSocket handshake (RFC 6455 section 4.2.2) and for UUIDs made of names (RFC 9562 section
 * 5.5), where it is a checksum and not a protection. Nothing that needs a hash to be strong may use it. */
#ifndef NEPHOS_SHA1_H
#define NEPHOS_SHA1_H

#include "platform/base/base.h"

#define SHA1_SIZE 20U

void sha1(const void *from, size_t size, uint8_t hash[static SHA1_SIZE]);

#endif
