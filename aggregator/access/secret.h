/* SPDX-License-Identifier: MIT */
/* API tokens as text: "npa_" and base64url of 8 bytes id and 24 bytes secret. Shown once; what is kept is the
 * SHA-256 of the secret, which needs no salt and no slow hash: nobody can try 2^192 of them. */
#ifndef NEPHOS_ACCESS_SECRET_H
#define NEPHOS_ACCESS_SECRET_H

#include "aggregator/store/store_access.h"
#include "platform/credentials.h"

#define SECRET_SIZE 24U
#define SECRET_TEXT_SIZE 48U /* 4 + 43 characters and a terminator */
static_assert(API_TOKEN_HASH_SIZE == HASH_SIZE, "a token keeps a whole hash");

/* A new token: its text for who will use it, id and hash for the store. */
void secret_new(struct plat *p, char text[static SECRET_TEXT_SIZE], struct api_token *out);
/* Does this text look like a token of ours? ERR_MALFORMED when not. */
int secret_read(const char *text, uint32_t length, uint8_t id[static API_TOKEN_ID_SIZE],
                uint8_t secret[static SECRET_SIZE]);
/* The place of the token that this text is, or ERR_DENIED: unknown, wrong or expired. */
int secret_check(struct store *s, struct plat *p, const char *text, uint32_t length, int64_t now_ms);
/* Looks at every byte whatever it finds, so that time does not tell how much was right. */
bool secret_equal(const uint8_t *a, const uint8_t *b, uint32_t size);

#endif
