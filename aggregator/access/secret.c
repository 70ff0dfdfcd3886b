/* SPDX-License-Identifier: MIT */
/* API tokens: making, reading, checking. */
#include "aggregator/access/secret.h"

#include <string.h>

#define PREFIX "npa_"
#define PREFIX_LENGTH 4U
#define RAW_SIZE (API_TOKEN_ID_SIZE + SECRET_SIZE)
#define TEXT_LENGTH (PREFIX_LENGTH + 43U)
static_assert(TEXT_LENGTH < SECRET_TEXT_SIZE, "a token fits in its buffer");

bool secret_equal(const uint8_t *a, const uint8_t *b, uint32_t size)
{
    uint8_t difference = 0;
    for (uint32_t i = 0; i < size; i++)
        difference |= (uint8_t)(a[i] ^ b[i]);
    return difference == 0;
}

void secret_new(struct plat *p, char text[static SECRET_TEXT_SIZE], struct api_token *out)
{
    uint8_t raw[RAW_SIZE];
    plat_random(p, raw, sizeof raw);
    memcpy(out->id, raw, API_TOKEN_ID_SIZE);
    plat_sha256(p, raw + API_TOKEN_ID_SIZE, SECRET_SIZE, out->hash);
    memcpy(text, PREFIX, PREFIX_LENGTH);
    int n = text_base64url_encode(raw, RAW_SIZE, text + PREFIX_LENGTH, SECRET_TEXT_SIZE - PREFIX_LENGTH);
    ASSERT(n == (int)(TEXT_LENGTH - PREFIX_LENGTH));
}

int secret_read(const char *text, uint32_t length, uint8_t id[static API_TOKEN_ID_SIZE],
                uint8_t secret[static SECRET_SIZE])
{
    uint8_t raw[RAW_SIZE];
    if (length != TEXT_LENGTH || memcmp(text, PREFIX, PREFIX_LENGTH) != 0 ||
        text_base64url_decode(text + PREFIX_LENGTH, TEXT_LENGTH - PREFIX_LENGTH, raw, RAW_SIZE) !=
            (int)RAW_SIZE)
        return ERR_MALFORMED;
    memcpy(id, raw, API_TOKEN_ID_SIZE);
    memcpy(secret, raw + API_TOKEN_ID_SIZE, SECRET_SIZE);
    return ERR_OK;
}

int secret_check(struct store *s, struct plat *p, const char *text, uint32_t length, int64_t now_ms)
{
    uint8_t id[API_TOKEN_ID_SIZE], secret[SECRET_SIZE], hash[HASH_SIZE];
    if (secret_read(text, length, id, secret) < 0)
        return ERR_DENIED;
    plat_sha256(p, secret, SECRET_SIZE, hash);
    int place = store_api_token_find(s, id);
    if (place < 0)
        return ERR_DENIED;
    const struct api_token *t = store_api_token(s, (uint32_t)place);
    bool is_expired = t->expires_ms != 0 && now_ms >= t->expires_ms;
    return secret_equal(hash, t->hash, HASH_SIZE) && !is_expired ? place : ERR_DENIED;
}
