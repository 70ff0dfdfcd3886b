/* SPDX-License-Identifier: MIT */
/* Join tokens as text: "nph1_" and base64url of id, secret, CA hash and a checksum of the three. */
#include "proto/token.h"

#include <string.h>

#include "platform/base/bytes.h"
#include "platform/base/crc32c.h"
#include "platform/base/text.h"

#define PREFIX "nph1_"
#define PREFIX_LENGTH 5U
#define SECRET_AT TOKEN_ID_SIZE
#define CA_HASH_AT (SECRET_AT + TOKEN_SECRET_SIZE)
#define CHECKSUM_AT (CA_HASH_AT + TOKEN_CA_HASH_SIZE)
#define RAW_SIZE (CHECKSUM_AT + 4U)
#define TEXT_LENGTH (PREFIX_LENGTH + RAW_SIZE * 4U / 3U)
static_assert(RAW_SIZE % 3 == 0, "base64url without a remainder: one spelling for each token");
static_assert(TEXT_LENGTH < TOKEN_TEXT_SIZE, "a token fits in its buffer");

void token_write(const struct token *t, char text[static TOKEN_TEXT_SIZE])
{
    uint8_t raw[RAW_SIZE];
    memcpy(raw, t->id, TOKEN_ID_SIZE);
    memcpy(raw + SECRET_AT, t->secret, TOKEN_SECRET_SIZE);
    memcpy(raw + CA_HASH_AT, t->ca_hash, TOKEN_CA_HASH_SIZE);
    put_u32(raw + CHECKSUM_AT, crc32c(0, raw, CHECKSUM_AT));
    memcpy(text, PREFIX, PREFIX_LENGTH);
    int n = text_base64url_encode(raw, RAW_SIZE, text + PREFIX_LENGTH,
                                  TOKEN_TEXT_SIZE - PREFIX_LENGTH);
    ASSERT(n == (int)(TEXT_LENGTH - PREFIX_LENGTH));
    text[TEXT_LENGTH] = '\0';
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

int token_read(const char *text, struct token *out)
{
    while (is_blank(*text))
        text++;
    size_t length = strlen(text);
    while (length > 0 && is_blank(text[length - 1]))
        length--;
    if (length != TEXT_LENGTH || memcmp(text, PREFIX, PREFIX_LENGTH) != 0)
        return ERR_MALFORMED;
    uint8_t raw[RAW_SIZE];
    int n = text_base64url_decode(text + PREFIX_LENGTH, TEXT_LENGTH - PREFIX_LENGTH, raw, RAW_SIZE);
    if (n != (int)RAW_SIZE || get_u32(raw + CHECKSUM_AT) != crc32c(0, raw, CHECKSUM_AT))
        return ERR_MALFORMED;
    memcpy(out->id, raw, TOKEN_ID_SIZE);
    memcpy(out->secret, raw + SECRET_AT, TOKEN_SECRET_SIZE);
    memcpy(out->ca_hash, raw + CA_HASH_AT, TOKEN_CA_HASH_SIZE);
    return ERR_OK;
}
