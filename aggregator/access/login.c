/* SPDX-License-Identifier: MIT */
/* See login.h. */
#include "aggregator/access/login.h"

#include <string.h>

#include "aggregator/access/secret.h"

#define KEY_RAW_SIZE 32U

struct login_table {
    struct login logins[LOGINS_MAX];
    struct memory_line *line;
};

struct login_table *login_reserve(struct memory_map *map)
{
    struct login_table *t = memory_reserve(map, "api: logins", 1, sizeof *t,
                                           "the login that was not used for longest ends");
    if (t != NULL)
        *t = (struct login_table){.line = memory_last_line(map)};
    return t;
}

static bool is_over(const struct login *l, struct mono now)
{
    return mono_reached(now, mono_after_ms(l->used, LOGIN_IDLE_MS)) ||
           mono_reached(now, mono_after_ms(l->began, LOGIN_LIFE_MS));
}

static struct login *free_place(struct login_table *t, struct mono now)
{
    struct login *oldest = &t->logins[0];
    for (uint32_t i = 0; i < LOGINS_MAX; i++) {
        struct login *l = &t->logins[i];
        if (!l->is_used || is_over(l, now))
            return l;
        if (l->used.ns < oldest->used.ns)
            oldest = l;
    }
    return oldest;
}

void login_begin(struct login_table *t, struct plat *p, int place,
                 const uint8_t token_id[static LOGIN_TOKEN_ID_SIZE], struct mono now,
                 char key[static LOGIN_KEY_SIZE])
{
    uint8_t raw[KEY_RAW_SIZE];
    plat_random(p, raw, sizeof raw);
    int n = text_base64url_encode(raw, sizeof raw, key, LOGIN_KEY_SIZE);
    ASSERT(n == (int)LOGIN_KEY_SIZE - 1);
    struct login *l = free_place(t, now);
    *l = (struct login){.is_used = true, .place = place, .began = now, .used = now};
    memcpy(l->token_id, token_id, LOGIN_TOKEN_ID_SIZE);
    plat_sha256(p, raw, sizeof raw, l->hash);
}

struct login *login_find(struct login_table *t, struct plat *p, const char *key, uint32_t length,
                         struct mono now)
{
    uint8_t raw[KEY_RAW_SIZE], hash[HASH_SIZE];
    struct login *found = NULL;
    if (length != LOGIN_KEY_SIZE - 1 ||
        text_base64url_decode(key, length, raw, sizeof raw) != (int)sizeof raw)
        return NULL;
    plat_sha256(p, raw, sizeof raw, hash);
    for (uint32_t i = 0; i < LOGINS_MAX; i++) {
        struct login *l = &t->logins[i];
        if (l->is_used && secret_equal(l->hash, hash, HASH_SIZE))
            found = l;
    }
    if (found == NULL)
        return NULL;
    if (is_over(found, now)) {
        login_end(t, found);
        return NULL;
    }
    found->used = now;
    return found;
}

void login_end(struct login_table *t, struct login *l)
{
    (void)t;
    *l = (struct login){.is_used = false};
}
