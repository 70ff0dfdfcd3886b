/* SPDX-License-Identifier: MIT */
/* CRC-32C (Castagnoli, as in RFC 3720 appendix B.4): finds torn and rotted bytes on disk. */
#ifndef NEPHOS_CRC32C_H
#define NEPHOS_CRC32C_H

#include "platform/base/base.h"

/* Continues `crc` (0 at the start) over `size` bytes. */
uint32_t crc32c(uint32_t crc, const void *bytes, size_t size);

/* For who checks megabytes: the same sum several times as fast, with tables that the caller keeps. */
struct crc32c_tables {
    uint32_t of[8][256]; /* [n][b]: what byte b adds when n more bytes follow it */
};
void crc32c_tables_init(struct crc32c_tables *t);
uint32_t crc32c_fast(const struct crc32c_tables *t, uint32_t crc, const void *bytes, size_t size);

#endif
