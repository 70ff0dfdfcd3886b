/* SPDX-License-Identifier: MIT */
/* SHA-1 as FIPS 180-4 section 6.1 describes it: the padded message in blocks of 64 bytes. */
#include "platform/base/sha1.h"

#include <string.h>

#define BLOCK_SIZE 64U

static uint32_t rotate(uint32_t v, uint32_t bits)
{
    return v << bits | v >> (32 - bits);
}

static void expand(const uint8_t block[static BLOCK_SIZE], uint32_t w[static 80])
{
    for (uint32_t i = 0; i < 16; i++) {
        const uint8_t *b = block + 4 * i;
        w[i] = (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
    }
    for (uint32_t i = 16; i < 80; i++)
        w[i] = rotate(w[i - 3] ^ w[i - 8] ^ w[i - 14] ^ w[i - 16], 1);
}

static void mix(uint32_t state[static 5], const uint8_t block[static BLOCK_SIZE])
{
    uint32_t w[80];
    expand(block, w);
    uint32_t a = state[0], b = state[1], c = state[2], d = state[3], e = state[4];
    for (uint32_t i = 0; i < 80; i++) {
        uint32_t f, k;
        if (i < 20) {
            f = (b & c) | (~b & d);
            k = 0x5a827999;
        } else if (i < 40) {
            f = b ^ c ^ d;
            k = 0x6ed9eba1;
        } else if (i < 60) {
            f = (b & c) | (b & d) | (c & d);
            k = 0x8f1bbcdc;
        } else {
            f = b ^ c ^ d;
            k = 0xca62c1d6;
        }
        uint32_t next = rotate(a, 5) + f + e + k + w[i];
        e = d;
        d = c;
        c = rotate(b, 30);
        b = a;
        a = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

void sha1(const void *from, size_t size, uint8_t hash[static SHA1_SIZE])
{
    uint32_t state[5] = {0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476, 0xc3d2e1f0};
    const uint8_t *at = from;
    size_t left = size;
    for (; left >= BLOCK_SIZE; left -= BLOCK_SIZE, at += BLOCK_SIZE)
        mix(state, at);

    /* The rest, one set bit, zeros, and the length in bits as a big-endian word of 64. */
    uint8_t tail[2 * BLOCK_SIZE] = {0};
    if (left > 0)
        memcpy(tail, at, left);
    tail[left] = 0x80;
    size_t tail_size = left + 9 <= BLOCK_SIZE ? BLOCK_SIZE : 2 * BLOCK_SIZE;
    for (uint32_t i = 0; i < 8; i++)
        tail[tail_size - 1 - i] = (uint8_t)((uint64_t)size * 8 >> (8 * i));
    mix(state, tail);
    if (tail_size > BLOCK_SIZE)
        mix(state, tail + BLOCK_SIZE);

    for (uint32_t i = 0; i < SHA1_SIZE; i++)
        hash[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}
