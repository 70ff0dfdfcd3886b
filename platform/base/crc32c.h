/* SPDX-License-Identifier: MIT */
/* CRC-32C (Castagnoli, as in RFC 3720 appendix B.4): finds torn and rotted bytes on disk. */
#ifndef NEPHOS_CRC32C_H
#define NEPHOS_CRC32C_H

#include "platform/base/base.h"

/* Continues `crc` (0 at the start) over `size` bytes. */
uint32_t crc32c(uint32_t crc, const void *bytes, size_t size);

#endif
