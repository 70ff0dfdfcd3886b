/* SPDX-License-Identifier: MIT */
/* Half-byte tables cost 64 bytes and are fast enough for an agent; slicing by 8 (Kounavis and Berry 2005)
 * takes 8 KiB that only those spend who need it. */
#include "platform/base/crc32c.h"

#include "platform/base/bytes.h"

static const uint32_t nibble_table[16] = {
    0x00000000, 0x105ec76f, 0x20bd8ede, 0x30e349b1, 0x417b1dbc, 0x5125dad3, 0x61c69362, 0x7198540d,
    0x82f63b78, 0x92a8fc17, 0xa24bb5a6, 0xb21572c9, 0xc38d26c4, 0xd3d3e1ab, 0xe330a81a, 0xf36e6f75,
};

uint32_t crc32c(uint32_t crc, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    crc = ~crc;
    for (size_t i = 0; i < size; i++) {
        crc ^= at[i];
        crc = nibble_table[crc & 15] ^ (crc >> 4);
        crc = nibble_table[crc & 15] ^ (crc >> 4);
    }
    return ~crc;
}

void crc32c_tables_init(struct crc32c_tables *t)
{
    for (uint32_t b = 0; b < 256; b++) {
        uint32_t crc = b;
        crc = nibble_table[crc & 15] ^ (crc >> 4);
        t->of[0][b] = nibble_table[crc & 15] ^ (crc >> 4);
    }
    for (uint32_t n = 1; n < 8; n++)
        for (uint32_t b = 0; b < 256; b++)
            t->of[n][b] = t->of[0][t->of[n - 1][b] & 255] ^ (t->of[n - 1][b] >> 8);
}

uint32_t crc32c_fast(const struct crc32c_tables *t, uint32_t crc, const void *bytes, size_t size)
{
    const uint8_t *at = bytes;
    crc = ~crc;
    for (; size >= 8; size -= 8, at += 8) {
        uint32_t low = get_u32(at) ^ crc, high = get_u32(at + 4);
        crc = t->of[7][low & 255] ^ t->of[6][low >> 8 & 255] ^ t->of[5][low >> 16 & 255] ^
              t->of[4][low >> 24] ^ t->of[3][high & 255] ^ t->of[2][high >> 8 & 255] ^
              t->of[1][high >> 16 & 255] ^ t->of[0][high >> 24];
    }
    for (; size > 0; size--, at++)
        crc = t->of[0][(crc ^ *at) & 255] ^ (crc >> 8);
    return ~crc;
}
