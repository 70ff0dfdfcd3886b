/* SPDX-License-Identifier: MIT */
/* Who may do what, as it is kept: API tokens, agents that are shut out, and the audit log.
 *
 * A change counts in memory at once and is staged like everything else; who must not speak of it before
 * it is durable waits for store_commit_awaited(). An audit entry that is staged together with a change goes
 * into the same transaction: neither is ever on disk without the other. */
#ifndef NEPHOS_STORE_ACCESS_H
#define NEPHOS_STORE_ACCESS_H

#include "aggregator/store/store.h"

/* What somebody may do; also what a route asks for. INGEST only pushes samples and does not read; from
 * VIEWER on each may what those before it may, and from OPERATOR on push samples too. ADMIN is what whoever
 * is on this machine may while the API is open to it; KEEPER, a token of the role "admin", also keeps tokens,
 * agents' certificates and the audit log. The numbers are on disk. */
enum role { ROLE_UNSET, ROLE_INGEST, ROLE_VIEWER, ROLE_OPERATOR, ROLE_ADMIN, ROLE_KEEPER };

#define API_TOKENS_MAX 256U
#define API_TOKEN_ID_SIZE 8U
#define API_TOKEN_HASH_SIZE 32U
#define AUDIT_KEPT_MAX 20000       /* entries; the oldest go */
#define AUDIT_STAGED_MAX 64U

struct api_token {
    uint8_t id[API_TOKEN_ID_SIZE];
    uint8_t hash[API_TOKEN_HASH_SIZE]; /* SHA-256 of the secret */
    char name[NAME_SIZE];              /* "" in a free place */
    enum role role;
    int64_t created_ms, used_ms;       /* wall clock; used_ms 0: never, kept to the minute */
    int64_t expires_ms;                /* 0: never */
};

/* The token in one of API_TOKENS_MAX places, or NULL when that is free. */
const struct api_token *store_api_token(const struct store *s, uint32_t place);
/* The place of the token with that id or name, or ERR_MISSING. */
int store_api_token_find(const struct store *s, const uint8_t id[static API_TOKEN_ID_SIZE]);
int store_api_token_named(const struct store *s, const char *name);
/* Its place; ERR_BUSY when the name is taken, ERR_FULL when there is no place (one that has just been given
 * up is free after the next commit). Staged. */
int store_api_token_add(struct store *s, const struct api_token *token);
/* The token is gone at once, and from the disk with the next commit. */
void store_api_token_remove(struct store *s, uint32_t place);
/* It has just been used: noted once a minute. */
void store_api_token_used(struct store *s, uint32_t place, int64_t now_ms);

/* From now on nobody may be this instance (at_ms, wall clock), or somebody may again (0). Staged;
 * instance.revoked_ms tells it at once. */
void store_instance_revoke(struct store *s, uint32_t instance, int64_t at_ms);

struct audit_entry {
    int64_t id, time_ms;  /* id grows by one; set by the store */
    char who[NAME_SIZE];
    char role[16];
    char address[64];
    char method[8];
    char path[96];
    char what[192];
    uint16_t result;      /* HTTP status */
};
/* Stages an entry, to go with what else is staged. ERR_FULL when too many wait for a commit that does not
 * succeed: the change must then not be made. */
int store_audit(struct store *s, const struct audit_entry *entry);
/* The newest committed entry older than entry number `before` (INT64_MAX: of all): 1, 0 when there is none,
 * or a storage error. */
int store_audit_before(struct store *s, int64_t before, struct audit_entry *out);
/* How many have ever used a join token, as committed; or a storage error. */
int64_t store_token_uses(struct store *s, const uint8_t token[static 8]);

#endif
