/* SPDX-License-Identifier: MIT */
/* Making and checking join tokens. A record is found by the token's id, so a wrong secret costs one
 * small file and one hash; secrets are compared as hashes, in constant time. */
#include "aggregator/access/token.h"

#include <string.h>

#include "platform/base/bytes.h"
#include "platform/base/crc32c.h"

#define RECORD_MAGIC "NTK1"
#define HASH_AT 4U
#define USES_AT (HASH_AT + HASH_SIZE)
#define EXPIRY_AT (USES_AT + 4U)
#define CHECKSUM_AT (EXPIRY_AT + 8U)
#define RECORD_SIZE (CHECKSUM_AT + 4U)
#define FILE_NAME_SIZE 32U
#define FOLDER "tokens"
#define NAMES_SIZE 4096U /* some 240 tokens; the rest is told when these have gone */
static_assert(TOKEN_CA_HASH_SIZE == HASH_SIZE, "a token carries a whole hash");

static void record_name(const uint8_t id[static TOKEN_ID_SIZE], char name[static FILE_NAME_SIZE])
{
    struct text t;
    text_init(&t, name, FILE_NAME_SIZE);
    text_put(&t, FOLDER "/");
    text_put_hex(&t, id, TOKEN_ID_SIZE);
    ASSERT(!t.truncated);
}

static bool equal_in_constant_time(const uint8_t *a, const uint8_t *b, uint32_t size)
{
    uint8_t difference = 0;
    for (uint32_t i = 0; i < size; i++)
        difference |= (uint8_t)(a[i] ^ b[i]);
    return difference == 0;
}

int token_create(struct plat *p, uint32_t uses_max, int64_t ttl_ms, char text[static TOKEN_TEXT_SIZE])
{
    struct token t;
    plat_random(p, t.id, sizeof t.id);
    plat_random(p, t.secret, sizeof t.secret);
    authority_hash(p, t.ca_hash);

    uint8_t record[RECORD_SIZE];
    memcpy(record, RECORD_MAGIC, HASH_AT);
    plat_sha256(p, t.secret, sizeof t.secret, record + HASH_AT);
    put_u32(record + USES_AT, uses_max);
    put_u64(record + EXPIRY_AT, (uint64_t)(wall_ms(plat_wall(p)) + ttl_ms));
    put_u32(record + CHECKSUM_AT, crc32c(0, record, CHECKSUM_AT));
    char name[FILE_NAME_SIZE];
    record_name(t.id, name);
    int e = plat_state_write(p, name, record, sizeof record);
    if (e < 0)
        return e;
    token_write(&t, text);
    return ERR_OK;
}

static bool read_record(struct plat *p, const char *name, uint8_t record[static RECORD_SIZE + 1])
{
    return plat_state_read(p, name, record, RECORD_SIZE + 1) == (int)RECORD_SIZE &&
           memcmp(record, RECORD_MAGIC, HASH_AT) == 0 &&
           get_u32(record + CHECKSUM_AT) == crc32c(0, record, CHECKSUM_AT);
}

static int deny(struct text *why, const char *words)
{
    text_put(why, words);
    return ERR_DENIED;
}

int token_check(struct plat *p, const char *text, struct token_record *out, struct text *why)
{
    struct token t;
    if (token_read(text, &t) < 0) {
        text_put(why, "the join token is malformed; copy all of what `nephos-aggregator token create` "
                      "printed");
        return ERR_MALFORMED;
    }
    uint8_t hash[HASH_SIZE];
    authority_hash(p, hash);
    if (!equal_in_constant_time(hash, t.ca_hash, HASH_SIZE))
        return deny(why, "the join token was made by another aggregator; make one here with "
                         "`nephos-aggregator token create`");
    char name[FILE_NAME_SIZE];
    record_name(t.id, name);
    uint8_t record[RECORD_SIZE + 1];
    if (!read_record(p, name, record))
        return deny(why, "the join token is unknown here; make one with `nephos-aggregator token "
                         "create` and the same --data");
    plat_sha256(p, t.secret, sizeof t.secret, hash);
    if (!equal_in_constant_time(hash, record + HASH_AT, HASH_SIZE))
        return deny(why, "the join token's secret is wrong; make a new token with "
                         "`nephos-aggregator token create`");
    memcpy(out->id, t.id, TOKEN_ID_SIZE);
    out->uses_max = get_u32(record + USES_AT);
    out->expires_ms = (int64_t)get_u64(record + EXPIRY_AT);
    if (wall_ms(plat_wall(p)) >= out->expires_ms) {
        text_put(why, "the join token expired at ");
        text_put_iso_ms(why, out->expires_ms);
        text_put(why, "; make a new one with `nephos-aggregator token create`");
        return ERR_DENIED;
    }
    return ERR_OK;
}

/* --- lists --- */

/* "tokens/" and the id, when it can be one. */
static bool name_of(const char *id, char name[static FILE_NAME_SIZE])
{
    struct text t;
    text_init(&t, name, FILE_NAME_SIZE);
    text_printf(&t, FOLDER "/%s", id);
    return strlen(id) == (size_t)2 * TOKEN_ID_SIZE && strspn(id, "0123456789abcdef") == strlen(id);
}

static int hex_digit(char c)
{
    return c <= '9' ? c - '0' : c - 'a' + 10;
}

int token_list(struct plat *p, uint32_t index, struct token_record *out)
{
    char names[NAMES_SIZE], name[FILE_NAME_SIZE];
    uint8_t record[RECORD_SIZE + 1];
    if (plat_state_list(p, FOLDER, names, sizeof names) == ERR_MISSING)
        return ERR_MISSING;
    const char *id = names;
    while (id[0] != '\0' && index > 0) {
        id += strlen(id) + 1;
        index--;
    }
    if (id[0] == '\0')
        return ERR_MISSING;
    if (!name_of(id, name) || !read_record(p, name, record))
        return ERR_MALFORMED;
    for (uint32_t i = 0; i < TOKEN_ID_SIZE; i++)
        out->id[i] = (uint8_t)(hex_digit(id[2 * i]) << 4 | hex_digit(id[2 * i + 1]));
    out->uses_max = get_u32(record + USES_AT);
    out->expires_ms = (int64_t)get_u64(record + EXPIRY_AT);
    return ERR_OK;
}

bool token_is_known(struct plat *p, const char *id)
{
    char name[FILE_NAME_SIZE];
    return name_of(id, name) && plat_file_exists(p, name);
}

int token_revoke(struct plat *p, const char *id)
{
    char name[FILE_NAME_SIZE];
    return name_of(id, name) ? plat_state_delete(p, name) : ERR_MISSING;
}
