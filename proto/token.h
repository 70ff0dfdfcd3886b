/* SPDX-License-Identifier: MIT */
/* The text of a join token, which both sides read: the agent for the CA's hash, the aggregator for id
 * and secret. Layout in docs/SPEC.md. */
#ifndef NEPHOS_PROTO_TOKEN_H
#define NEPHOS_PROTO_TOKEN_H

#include "platform/base/base.h"
#include "proto/limits.h"

#define TOKEN_ID_SIZE 8U
#define TOKEN_SECRET_SIZE 16U
#define TOKEN_CA_HASH_SIZE 32U

struct token {
    uint8_t id[TOKEN_ID_SIZE];
    uint8_t secret[TOKEN_SECRET_SIZE];
    uint8_t ca_hash[TOKEN_CA_HASH_SIZE];
};

void token_write(const struct token *t, char text[static TOKEN_TEXT_SIZE]);
/* ERR_MALFORMED for a wrong prefix, length, character or checksum. Blanks around it are ignored. */
int token_read(const char *text, struct token *out);

#endif
