/* SPDX-License-Identifier: MIT */
/* Browsers that have logged in: a token turned into a random key that is good for a while.
 *
 * The table is in memory only: after a restart people log in again. It keeps the SHA-256 of a key, not the
 * key. A login ends when its token is revoked or expires, after LOGIN_IDLE_MS without a request, and
 * LOGIN_LIFE_MS after it began in any case. When all places are taken, the one unused longest gives way. */
#ifndef NEPHOS_ACCESS_LOGIN_H
#define NEPHOS_ACCESS_LOGIN_H

#include "platform/base/memory_map.h"
#include "platform/base/text.h"
#include "platform/credentials.h"

#define LOGINS_MAX 64U
#define LOGIN_KEY_SIZE 44U /* 43 characters and a terminator */
#define LOGIN_IDLE_MS (INT64_C(8) * 3600 * 1000)
#define LOGIN_LIFE_MS (INT64_C(7) * 86400 * 1000)
#define LOGIN_TOKEN_ID_SIZE 8U

struct login {
    bool is_used;
    int place;                               /* of the token */
    uint8_t token_id[LOGIN_TOKEN_ID_SIZE];   /* another token may get that place */
    uint8_t hash[HASH_SIZE];
    struct mono began, used;
};

struct login_table;

struct login_table *login_reserve(struct memory_map *map);
/* A new login, and its key for the cookie. */
void login_begin(struct login_table *t, struct plat *p, int place,
                 const uint8_t token_id[static LOGIN_TOKEN_ID_SIZE], struct mono now,
                 char key[static LOGIN_KEY_SIZE]);
/* The login with that key, now in use, or NULL. Whether its token is still good is for the caller to see. */
struct login *login_find(struct login_table *t, struct plat *p, const char *key, uint32_t length,
                         struct mono now);
void login_end(struct login_table *t, struct login *l);

#endif
