/* SPDX-License-Identifier: MIT */
/* Join tokens: what an administrator copies to a new VM, and the file that remembers it.
 *
 * Text: "nph1_" and base64url of: 8 bytes id, 16 bytes secret, 32 bytes SHA-256 of the CA, 4 bytes
 * CRC-32C of the 56 bytes before (tells a typing error from an unknown token). The data directory keeps
 * tokens/<id in hex>, 52 bytes: "NTK1", SHA-256 of the secret, u32 uses allowed, i64 expiry (wall clock,
 * ms), CRC-32C of what stands before; never the secret. Uses are counted by the store. */
#ifndef NEPHOS_TOKEN_H
#define NEPHOS_TOKEN_H

#include "platform/base/text.h"
#include "platform/credentials.h"
#include "proto/token.h"

struct token_record {
    uint8_t id[TOKEN_ID_SIZE];
    uint32_t uses_max;
    int64_t expires_ms; /* wall clock */
};

/* Makes a token, stores its record, writes its text. Needs authority_open() before. ERR_FULL or
 * ERR_SYSTEM when the record cannot be written. */
int token_create(struct plat *p, uint32_t uses_max, int64_t ttl_ms, char text[static TOKEN_TEXT_SIZE]);
/* Checks a text that a peer sent, all but the number of uses. On ERR_DENIED or ERR_MALFORMED `why`
 * says which of malformed, unknown, expired, and what to do. */
int token_check(struct plat *p, const char *text, struct token_record *out, struct text *why);
/* The record of the token that is number `index` in the data directory, in no order. ERR_MISSING behind
 * the last; ERR_MALFORMED when it is damaged. */
int token_list(struct plat *p, uint32_t index, struct token_record *out);
/* By its id in hexadecimal digits. */
bool token_is_known(struct plat *p, const char *id);
/* Nobody can join with it any more. ERR_MISSING, ERR_SYSTEM. */
int token_revoke(struct plat *p, const char *id);

#endif
