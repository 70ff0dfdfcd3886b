/* SPDX-License-Identifier: MIT */
/* Session tickets of the server.
 *
 * The library's own tickets forget who the client was, so these carry the identity that a certificate
 * has proved. A ticket is
 *
 *   key id    4 bytes    which key sealed it
 *   nonce    12 bytes
 *   sealed               AES-256-GCM over: expires, made (8 bytes each, seconds and milliseconds of the
 *                        wall clock), end of the certificate (8), hash of its key (32), length of the
 *                        identity (1), identity, the library's session. The key id and the CA's
 *                        hash are authenticated with it.
 *   tag      16 bytes
 *
 * Keys lie in "ticket.key" so that agents resume after a restart too; a key is used for a day, accepted
 * for one more, and then gone. A ticket never outlives the certificate that stands behind it, nor does
 * a chain of them. The server keeps no state for a ticket. */
#include "platform/linux/tls/ticket.h"

#include <string.h>

#include <mbedtls/gcm.h>

#include "platform/base/bytes.h"

#define FILE_NAME "ticket.key"
#define NONCE_SIZE 12U
#define TAG_SIZE 16U
#define KEY_RECORD_SIZE 44U /* id, time, key */
#define FIXED_SIZE (24U + HASH_SIZE + 1U) /* before the identity */
#define SEALED_AT 16U       /* key id and nonce before it */
#define KEY_IN_USE_S DAY_S
#define KEY_ACCEPTED_S (2 * DAY_S)

static int64_t wall_s(struct plat *p)
{
    return plat_wall(p).ns / NS_PER_S;
}

/* --- keys --- */

static int store_keys(struct plat *p, const struct authority *a)
{
    uint8_t file[2 * KEY_RECORD_SIZE];
    for (uint32_t i = 0; i < 2; i++) {
        uint8_t *at = file + i * KEY_RECORD_SIZE;
        memcpy(at, a->tickets[i].id, 4);
        put_u64(at + 4, (uint64_t)a->tickets[i].made_s);
        memcpy(at + 12, a->tickets[i].key, 32);
    }
    int result = plat_state_write(p, FILE_NAME, file, sizeof file);
    mbedtls_platform_zeroize(file, sizeof file);
    return result;
}

static bool load_keys(struct plat *p, struct authority *a)
{
    uint8_t file[2 * KEY_RECORD_SIZE];
    if (plat_state_read(p, FILE_NAME, file, sizeof file) != (int)sizeof file)
        return false;
    for (uint32_t i = 0; i < 2; i++) {
        const uint8_t *at = file + i * KEY_RECORD_SIZE;
        memcpy(a->tickets[i].id, at, 4);
        a->tickets[i].made_s = (int64_t)get_u64(at + 4);
        memcpy(a->tickets[i].key, at + 12, 32);
    }
    mbedtls_platform_zeroize(file, sizeof file);
    return true;
}

static bool key_lives(const struct ticket_key *k, int64_t now_s, int64_t life_s)
{
    /* A key from the future was made before the clock was set back: not to be trusted with time. */
    return k->made_s > 0 && now_s >= k->made_s - 60 && now_s < k->made_s + life_s;
}

/* The key to seal with; a new one each day. When it cannot be stored, tickets end with the process. */
static const struct ticket_key *key_in_use(struct authority *a, int64_t now_s)
{
    if (!key_lives(&a->tickets[0], now_s, KEY_IN_USE_S)) {
        a->tickets[1] = a->tickets[0];
        plat_random(a->p, a->tickets[0].id, sizeof a->tickets[0].id);
        plat_random(a->p, a->tickets[0].key, sizeof a->tickets[0].key);
        a->tickets[0].made_s = now_s;
        if (store_keys(a->p, a) < 0)
            plat_log(a->p, LOG_WARN, "cannot store %s: agents will not resume after a restart", FILE_NAME);
    }
    return &a->tickets[0];
}

static const struct ticket_key *key_named(const struct authority *a, const uint8_t id[static 4],
                                          int64_t now_s)
{
    for (uint32_t i = 0; i < 2; i++)
        if (memcmp(a->tickets[i].id, id, 4) == 0 && key_lives(&a->tickets[i], now_s, KEY_ACCEPTED_S))
            return &a->tickets[i];
    return NULL;
}

/* --- sealing --- */

static void bind_to_ca(const struct authority *a, const struct ticket_key *k,
                       uint8_t bound[static 4 + HASH_SIZE])
{
    memcpy(bound, k->id, 4);
    memcpy(bound + 4, a->ca_hash, HASH_SIZE);
}

static int seal(const struct authority *a, const struct ticket_key *k, uint8_t *ticket, size_t size)
{
    uint8_t bound[4 + HASH_SIZE];
    bind_to_ca(a, k, bound);
    memcpy(ticket, k->id, 4);
    plat_random(a->p, ticket + 4, NONCE_SIZE);
    mbedtls_gcm_context gcm;
    mbedtls_gcm_init(&gcm);
    int error = mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, k->key, 256);
    if (error == 0)
        error = mbedtls_gcm_crypt_and_tag(&gcm, MBEDTLS_GCM_ENCRYPT, size, ticket + 4, NONCE_SIZE, bound,
                                          sizeof bound, ticket + SEALED_AT, ticket + SEALED_AT, TAG_SIZE,
                                          ticket + SEALED_AT + size);
    mbedtls_gcm_free(&gcm);
    return error;
}

static int unseal(const struct authority *a, const struct ticket_key *k, uint8_t *ticket, size_t size)
{
    uint8_t bound[4 + HASH_SIZE];
    bind_to_ca(a, k, bound);
    mbedtls_gcm_context gcm;
    mbedtls_gcm_init(&gcm);
    int error = mbedtls_gcm_setkey(&gcm, MBEDTLS_CIPHER_ID_AES, k->key, 256);
    if (error == 0)
        error = mbedtls_gcm_auth_decrypt(&gcm, size, ticket + 4, NONCE_SIZE, bound, sizeof bound,
                                         ticket + SEALED_AT + size, TAG_SIZE, ticket + SEALED_AT,
                                         ticket + SEALED_AT);
    mbedtls_gcm_free(&gcm);
    return error;
}

/* --- callbacks of the library --- */

/* A client without a good certificate gets a ticket that is worth nothing and lives for no time: the
 * library has no way to send none. */
static int refuse_ticket(unsigned char *start, size_t *length, uint32_t *lifetime_s)
{
    start[0] = 0;
    *length = 1;
    *lifetime_s = 0;
    return 0;
}

static int write_ticket(void *context, const mbedtls_ssl_session *library_session,
                        unsigned char *start, const unsigned char *end, size_t *length,
                        uint32_t *lifetime_s)
{
    struct authority *a = context;
    const struct session *s = session_of(a->p, a->p->tls->current);
    int64_t now_s = wall_s(a->p);
    size_t id_length = strlen(s->identity);
    if (end - start < (ptrdiff_t)(SEALED_AT + FIXED_SIZE + id_length + TAG_SIZE))
        return MBEDTLS_ERR_SSL_BUFFER_TOO_SMALL;
    if (s->identity_result < 0 || id_length == 0 || s->identity_until_s <= now_s)
        return refuse_ticket(start, length, lifetime_s);

    const struct ticket_key *k = key_in_use(a, now_s);
    int64_t expires_s = k->made_s + KEY_ACCEPTED_S;
    if (expires_s > s->identity_until_s)
        expires_s = s->identity_until_s;
    uint8_t *at = start + SEALED_AT;
    put_u64(at, (uint64_t)expires_s);
    put_u64(at + 8, (uint64_t)wall_ms(plat_wall(a->p)));
    put_u64(at + 16, (uint64_t)s->identity_until_s);
    memcpy(at + 24, s->key_hash, HASH_SIZE);
    at[FIXED_SIZE - 1] = (uint8_t)id_length;
    memcpy(at + FIXED_SIZE, s->identity, id_length);
    size_t saved, head = FIXED_SIZE + id_length;
    size_t room = (size_t)(end - at) - head - TAG_SIZE;
    int error = mbedtls_ssl_session_save(library_session, at + head, room, &saved);
    if (error == 0)
        error = seal(a, k, start, head + saved);
    *length = SEALED_AT + head + saved + TAG_SIZE;
    *lifetime_s = (uint32_t)(expires_s - now_s);
    return error;
}

/* The library measures the age of a ticket with a clock that begins anew with the machine: the wall
 * clock in the ticket tells what that clock showed, or would have shown, when it was made. The client has
 * said its age when it spoke: what it waited for its turn since then, in the kernel's queue or in ours, is
 * not part of it, else the library would refuse, of a crowd that comes back at once, all tickets but those
 * of the first six seconds. */
static void set_age(struct plat *p, mbedtls_ssl_session *session, int64_t made_ms)
{
    int64_t waited_ms = conn_quiet_ms(p, p->tls->current);
    int64_t age_ms = wall_ms(plat_wall(p)) - made_ms - waited_ms;
    session->ticket_creation_time = mbedtls_ms_time() - (age_ms > 0 ? age_ms : 0);
}

static int parse_ticket(void *context, mbedtls_ssl_session *library_session, unsigned char *ticket,
                        size_t size)
{
    struct authority *a = context;
    struct session *s = session_of(a->p, a->p->tls->current);
    int64_t now_s = wall_s(a->p);
    if (size < SEALED_AT + FIXED_SIZE + TAG_SIZE)
        return MBEDTLS_ERR_SSL_INVALID_MAC;
    const struct ticket_key *k = key_named(a, ticket, now_s);
    size_t sealed_size = size - SEALED_AT - TAG_SIZE;
    if (k == NULL || unseal(a, k, ticket, sealed_size) != 0)
        return MBEDTLS_ERR_SSL_INVALID_MAC;

    const uint8_t *at = ticket + SEALED_AT;
    size_t id_length = at[FIXED_SIZE - 1], head = FIXED_SIZE + id_length;
    if (id_length == 0 || id_length >= IDENTITY_SIZE || head > sealed_size)
        return MBEDTLS_ERR_SSL_INVALID_MAC;
    if (now_s >= (int64_t)get_u64(at))
        return MBEDTLS_ERR_SSL_SESSION_TICKET_EXPIRED;
    int error = mbedtls_ssl_session_load(library_session, at + head, sealed_size - head);
    if (error != 0)
        return MBEDTLS_ERR_SSL_INVALID_MAC; /* another version of the library wrote it */
    set_age(a->p, library_session, (int64_t)get_u64(at + 8));
    /* Counts only if the handshake goes on without certificates: session.c sees to that. */
    memcpy(s->identity, at + FIXED_SIZE, id_length);
    s->identity[id_length] = '\0';
    s->identity_until_s = (int64_t)get_u64(at + 16);
    memcpy(s->key_hash, at + 24, HASH_SIZE);
    return 0;
}

int ticket_open(struct plat *p, struct authority *a)
{
    if (!load_keys(p, a))
        memset(a->tickets, 0, sizeof a->tickets);
    key_in_use(a, wall_s(p));
    mbedtls_ssl_conf_session_tickets_cb(&a->config, write_ticket, parse_ticket, a);
    mbedtls_ssl_conf_new_session_tickets(&a->config, 1);
    return ERR_OK;
}
