/* SPDX-License-Identifier: MIT */
/* Simulated keys and certificates: no secrecy, the same rules.
 *
 *     key          32 random bytes; its public half is their SHA-256
 *     CA           "SIM-CA--", 32 random bytes
 *     request      "SIM-REQ-", public half, SHA-256 of both (the signature)
 *     certificate  "SIM-CERT", SHA-256 of the CA, public half, name (64 bytes), from and until (wall clock
 *                  in ms, 8 bytes each), SHA-256 of all before */
#include <stdio.h>
#include <string.h>

#include "platform/sim/world.h"

#define MAGIC_SIZE 8U
#define CA_SIZE (MAGIC_SIZE + HASH_SIZE)
#define REQUEST_SIZE (MAGIC_SIZE + 2 * HASH_SIZE)
#define COMMON_NAME_SIZE 64U
#define NAME_AT (MAGIC_SIZE + 2 * HASH_SIZE)
#define TIMES_AT (NAME_AT + COMMON_NAME_SIZE)
#define CERTIFICATE_BODY_SIZE (TIMES_AT + 2 * sizeof(int64_t))
#define DAY_MS INT64_C(86400000)
#define SIM_CERTIFICATE_SIZE (CERTIFICATE_BODY_SIZE + HASH_SIZE)

/* --- SHA-256, FIPS 180-4 --- */

static const uint32_t sha_constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5,
    0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174,
    0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
    0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967,
    0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
    0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3,
    0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208, 0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

static uint32_t rotate_right(uint32_t v, uint32_t n)
{
    return (v >> n) | (v << (32 - n));
}

static void sha_block(uint32_t state[8], const uint8_t block[64])
{
    uint32_t w[64], s[8];
    for (uint32_t i = 0; i < 16; i++)
        w[i] = (uint32_t)block[4 * i] << 24 | (uint32_t)block[4 * i + 1] << 16 |
               (uint32_t)block[4 * i + 2] << 8 | block[4 * i + 3];
    for (uint32_t i = 16; i < 64; i++) {
        uint32_t a = w[i - 15], b = w[i - 2];
        w[i] = w[i - 16] + w[i - 7] + (rotate_right(a, 7) ^ rotate_right(a, 18) ^ (a >> 3)) +
               (rotate_right(b, 17) ^ rotate_right(b, 19) ^ (b >> 10));
    }
    memcpy(s, state, sizeof(s));
    for (uint32_t i = 0; i < 64; i++) {
        uint32_t e = s[4], a = s[0];
        uint32_t t1 = s[7] + (rotate_right(e, 6) ^ rotate_right(e, 11) ^ rotate_right(e, 25)) +
                      ((e & s[5]) ^ (~e & s[6])) + sha_constants[i] + w[i];
        uint32_t t2 = (rotate_right(a, 2) ^ rotate_right(a, 13) ^ rotate_right(a, 22)) +
                      ((a & s[1]) ^ (a & s[2]) ^ (s[1] & s[2]));
        memmove(s + 1, s, 7 * sizeof(s[0]));
        s[4] += t1;
        s[0] = t1 + t2;
    }
    for (uint32_t i = 0; i < 8; i++)
        state[i] += s[i];
}

void plat_sha256(struct plat *p, const void *from, size_t size, uint8_t hash[static HASH_SIZE])
{
    (void)p;
    uint32_t state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a,
                         0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19};
    const uint8_t *at = from;
    size_t left = size;
    for (; left >= 64; left -= 64, at += 64)
        sha_block(state, at);
    uint8_t tail[128] = {0};
    if (left > 0)
        memcpy(tail, at, left);
    tail[left] = 0x80;
    size_t tail_size = left < 56 ? 64 : 128;
    for (uint32_t i = 0; i < 8; i++)
        tail[tail_size - 1 - i] = (uint8_t)((uint64_t)size * 8 >> (8 * i));
    sha_block(state, tail);
    if (tail_size == 128)
        sha_block(state, tail + 64);
    for (uint32_t i = 0; i < HASH_SIZE; i++)
        hash[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
}

static bool hash_is(struct plat *p, const void *from, size_t size, const uint8_t hash[HASH_SIZE])
{
    uint8_t mine[HASH_SIZE];
    plat_sha256(p, from, size, mine);
    return memcmp(mine, hash, HASH_SIZE) == 0;
}

/* --- agent --- */

static bool certificate_fits(struct plat *p, const uint8_t key[HASH_SIZE], const uint8_t *der,
                             uint32_t size, const uint8_t *ca, uint32_t ca_size)
{
    uint8_t public[HASH_SIZE];
    plat_sha256(p, key, HASH_SIZE, public);
    return size == SIM_CERTIFICATE_SIZE && memcmp(der, "SIM-CERT", MAGIC_SIZE) == 0 &&
           ca_size == CA_SIZE && memcmp(ca, "SIM-CA--", MAGIC_SIZE) == 0 &&
           hash_is(p, ca, ca_size, der + MAGIC_SIZE) &&
           memcmp(public, der + MAGIC_SIZE + HASH_SIZE, HASH_SIZE) == 0 &&
           hash_is(p, der, CERTIFICATE_BODY_SIZE, der + CERTIFICATE_BODY_SIZE);
}

int credential_load(struct plat *p)
{
    struct credential *c = &p->credential;
    c->loaded = false;
    int key = disk_state_read(p, "agent.key", c->key, sizeof(c->key));
    int certificate = disk_state_read(p, "agent.crt", c->certificate, sizeof(c->certificate));
    int ca = disk_state_read(p, "ca.crt", c->ca, sizeof(c->ca));
    if (key == ERR_MISSING || certificate == ERR_MISSING || ca == ERR_MISSING)
        return ERR_MISSING;
    if (key != (int)HASH_SIZE || certificate < 0 || ca < 0 ||
        !certificate_fits(p, c->key, c->certificate, (uint32_t)certificate, c->ca, (uint32_t)ca))
        return ERR_MALFORMED;
    c->certificate_size = (uint32_t)certificate;
    c->ca_size = (uint32_t)ca;
    c->loaded = true;
    return ERR_OK;
}

void credential_pin(struct plat *p, const uint8_t ca_hash[static HASH_SIZE])
{
    memcpy(p->credential.pin, ca_hash, HASH_SIZE);
}

int credential_request(struct plat *p, const char *common_name, uint8_t *der, uint32_t size)
{
    (void)common_name; /* the authority decides the name */
    struct credential *c = &p->credential;
    if (size < REQUEST_SIZE)
        return ERR_FULL;
    if (disk_state_read(p, "agent.key", c->key, sizeof(c->key)) != (int)HASH_SIZE) {
        plat_random(p, c->key, sizeof(c->key));
        int written = plat_state_write(p, "agent.key", c->key, sizeof(c->key));
        if (written < 0)
            return written;
    }
    memcpy(der, "SIM-REQ-", MAGIC_SIZE);
    plat_sha256(p, c->key, HASH_SIZE, der + MAGIC_SIZE);
    plat_sha256(p, der, MAGIC_SIZE + HASH_SIZE, der + MAGIC_SIZE + HASH_SIZE);
    return (int)REQUEST_SIZE;
}

int credential_store(struct plat *p, const uint8_t *certificate_der, uint32_t certificate_size,
                     const uint8_t *ca_der, uint32_t ca_size)
{
    const struct credential *c = &p->credential;
    if (!certificate_fits(p, c->key, certificate_der, certificate_size, ca_der, ca_size))
        return ERR_MALFORMED;
    if (!hash_is(p, ca_der, ca_size, c->pin))
        return ERR_DENIED;
    int result = plat_state_write(p, "ca.crt", ca_der, ca_size);
    if (result == ERR_OK)
        result = plat_state_write(p, "agent.crt", certificate_der, certificate_size);
    return result < 0 ? result : credential_load(p);
}

static int64_t time_ms(const uint8_t *certificate, uint32_t which)
{
    int64_t ms;
    memcpy(&ms, certificate + TIMES_AT + which * sizeof(ms), sizeof(ms));
    return ms;
}

int64_t credential_issued_ms(struct plat *p)
{
    return p->credential.loaded ? time_ms(p->credential.certificate, 0) : 0;
}

int64_t credential_expires_ms(struct plat *p)
{
    return p->credential.loaded ? time_ms(p->credential.certificate, 1) : 0;
}

int credential_renewal(struct plat *p, uint8_t *der, uint32_t size)
{
    return p->credential.loaded ? credential_request(p, "", der, size) : ERR_MISSING;
}

int credential_renew(struct plat *p, const uint8_t *certificate_der, uint32_t certificate_size)
{
    const struct credential *c = &p->credential;
    if (!c->loaded)
        return ERR_MISSING;
    if (!certificate_fits(p, c->key, certificate_der, certificate_size, c->ca, c->ca_size) ||
        memcmp(certificate_der + NAME_AT, c->certificate + NAME_AT, COMMON_NAME_SIZE) != 0 ||
        (time_ms(certificate_der, 0) < time_ms(c->certificate, 0) &&
         time_ms(certificate_der, 1) < time_ms(c->certificate, 1)))
        return ERR_MALFORMED;
    int result = plat_state_write(p, "agent.crt", certificate_der, certificate_size);
    return result < 0 ? result : credential_load(p);
}

void sim_certificate_expired(struct plat *p, bool expired)
{
    p->credential.expired = expired;
}

/* --- aggregator --- */

int authority_open(struct plat *p)
{
    struct credential *c = &p->credential;
    int size = disk_state_read(p, "ca.crt", c->authority, sizeof(c->authority));
    if (size == ERR_MISSING) {
        memcpy(c->authority, "SIM-CA--", MAGIC_SIZE);
        plat_random(p, c->authority + MAGIC_SIZE, HASH_SIZE);
        int written = plat_state_write(p, "ca.crt", c->authority, CA_SIZE);
        if (written < 0)
            return written;
        size = (int)CA_SIZE;
    }
    if (size != (int)CA_SIZE || memcmp(c->authority, "SIM-CA--", MAGIC_SIZE) != 0)
        return ERR_MALFORMED;
    c->authority_size = CA_SIZE;
    return ERR_OK;
}

int authority_serve_own(struct plat *p, const char *names, struct text *why)
{
    (void)names;
    if (p->credential.authority_size != 0)
        return ERR_OK;
    text_put(why, "there is no authority");
    return ERR_MISSING;
}

int authority_serve_files(struct plat *p, const char *certificate, const char *key, struct text *why)
{
    (void)p, (void)key;
    text_printf(why, "%s: there is no such file", certificate);
    return ERR_MISSING;
}

void authority_hash(struct plat *p, uint8_t hash[static HASH_SIZE])
{
    plat_sha256(p, p->credential.authority, p->credential.authority_size, hash);
}

int authority_certificate(struct plat *p, uint8_t *der, uint32_t size)
{
    if (size < p->credential.authority_size)
        return ERR_FULL;
    memcpy(der, p->credential.authority, p->credential.authority_size);
    return (int)p->credential.authority_size;
}

int authority_sign(struct plat *p, const uint8_t *request_der, uint32_t request_size,
                   const char *common_name, int64_t life_s, uint8_t *der, uint32_t size)
{
    if (request_size != REQUEST_SIZE || memcmp(request_der, "SIM-REQ-", MAGIC_SIZE) != 0 ||
        !hash_is(p, request_der, MAGIC_SIZE + HASH_SIZE, request_der + MAGIC_SIZE + HASH_SIZE))
        return ERR_MALFORMED;
    if (size < SIM_CERTIFICATE_SIZE || strlen(common_name) >= COMMON_NAME_SIZE)
        return ERR_FULL;
    uint8_t *at = der;
    memset(at, 0, SIM_CERTIFICATE_SIZE);
    memcpy(at, "SIM-CERT", MAGIC_SIZE);
    authority_hash(p, at + MAGIC_SIZE);
    memcpy(at + MAGIC_SIZE + HASH_SIZE, request_der + MAGIC_SIZE, HASH_SIZE);
    memcpy(at + NAME_AT, common_name, strlen(common_name));
    int64_t now_ms = wall_ms(plat_wall(p));
    int64_t lead_s = life_s / CERTIFICATE_LEAD_PARTS;
    lead_s = lead_s < CERTIFICATE_LEAD_S_MAX ? lead_s : CERTIFICATE_LEAD_S_MAX;
    const int64_t times_ms[2] = {now_ms - lead_s * MS_PER_S, now_ms + life_s * MS_PER_S};
    memcpy(at + TIMES_AT, times_ms, sizeof(times_ms));
    plat_sha256(p, der, CERTIFICATE_BODY_SIZE, der + CERTIFICATE_BODY_SIZE);
    return (int)SIM_CERTIFICATE_SIZE;
}

int authority_request_key(struct plat *p, const uint8_t *request_der, uint32_t request_size,
                          uint8_t hash[static HASH_SIZE])
{
    if (request_size != REQUEST_SIZE || memcmp(request_der, "SIM-REQ-", MAGIC_SIZE) != 0)
        return ERR_MALFORMED;
    plat_sha256(p, request_der + MAGIC_SIZE, HASH_SIZE, hash);
    return ERR_OK;
}

/* --- meeting --- */

int plat_peer_identity(struct plat *p, int conn, char *id, uint32_t id_size)
{
    const struct side *side = connection_side(p, conn);
    id[0] = '\0';
    if (side == NULL)
        return 0;
    if (side->identity > 0)
        snprintf(id, id_size, "%s", side->peer_id);
    return side->identity;
}

int plat_peer_key(struct plat *p, int conn, uint8_t hash[static HASH_SIZE])
{
    const struct side *side = connection_side(p, conn);
    if (side == NULL || side->identity <= 0)
        return ERR_MISSING;
    memcpy(hash, side->peer_key, HASH_SIZE);
    return ERR_OK;
}


static void show_client(struct link *l)
{
    struct plat *server = l->side[1].machine;
    const struct credential *c = &l->side[0].machine->credential;
    struct side *s = &l->side[1];
    if (!hash_is(server, server->credential.authority, server->credential.authority_size,
                 c->certificate + MAGIC_SIZE)) {
        s->identity = ERR_DENIED;
        snprintf(s->why, sizeof(s->why), "the certificate was signed by another authority");
    } else if (c->expired || time_ms(c->certificate, 1) < wall_ms(plat_wall(server))) {
        s->identity = ERR_DENIED;
        snprintf(s->why, sizeof(s->why), "the certificate has expired");
    } else {
        memcpy(s->peer_id, c->certificate + NAME_AT, COMMON_NAME_SIZE);
        s->identity = (int)strlen(s->peer_id);
        plat_sha256(server, c->certificate + MAGIC_SIZE + HASH_SIZE, HASH_SIZE, s->peer_key);
    }
}

bool credentials_meet(struct link *l)
{
    if (l->security == PLAT_TLS_ANY) /* it asks for nothing and shows nothing */
        return true;
    struct plat *client = l->side[0].machine;
    const struct credential *server = &l->side[1].machine->credential;
    bool pinned = l->security == PLAT_TLS_PINNED;
    const char *why = NULL;
    if (server->expired)
        why = "the server's certificate has expired";
    else if (pinned && !hash_is(client, server->authority, server->authority_size,
                                client->credential.pin))
        why = "the server's authority is not the one in the token: check the address and the token";
    else if (!pinned && (server->authority_size != client->credential.ca_size ||
                         memcmp(server->authority, client->credential.ca, server->authority_size)))
        why = "the server's certificate was signed by another authority";
    if (why != NULL) {
        snprintf(l->side[0].why, sizeof(l->side[0].why), "%s", why);
        return false;
    }
    if (!pinned)
        show_client(l);
    memcpy(l->side[0].peer_id, SERVER_NAME, sizeof(SERVER_NAME));
    l->side[0].identity = (int)strlen(SERVER_NAME);
    return true;
}
