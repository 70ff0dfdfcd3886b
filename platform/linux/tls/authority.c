/* SPDX-License-Identifier: MIT */
/* The aggregator as its own certificate authority.
 *
 * Files, in the data directory: ca.key.der, ca.crt.der, server.key.der, server.crt.der. Each is written
 * whole and durably, the key before its certificate; whatever is missing is made from what is there, so
 * a kill between any two writes is repaired by the next start. A certificate whose key is gone cannot be
 * repaired and is an error: every agent trusts that CA. One process at a time gets this far: others wait
 * at "authority.lock", and then find everything made. */
#include "platform/linux/tls/certificate.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <mbedtls/x509_csr.h>

#include "platform/linux/tls/public.h"
#include "platform/linux/tls/ticket.h"

#define CA_KEY "ca.key.der"
#define CA_CERTIFICATE "ca.crt.der"
#define SERVER_KEY "server.key.der"
#define SERVER_CERTIFICATE "server.crt.der"
#define LOCK "authority.lock"
#define CA_LIFE_S (20 * 365 * DAY_S)
#define LIFE_S (10 * 365 * DAY_S) /* of the server's certificate */
#define RENEW_BEFORE_S (90 * DAY_S)

static int64_t wall_s(struct plat *p)
{
    return plat_wall(p).ns / NS_PER_S;
}

static int parse_key(mbedtls_pk_context *key, uint8_t *der, int size)
{
    int error = mbedtls_pk_parse_key(key, der, (size_t)size, NULL, 0, mbedtls_psa_get_random,
                                     MBEDTLS_PSA_RANDOM_STATE);
    mbedtls_platform_zeroize(der, (size_t)size);
    return error == 0 ? ERR_OK : ERR_MALFORMED;
}

/* Loads a key, or makes it when it is not there and may be made. */
static int open_key(struct plat *p, const char *name, bool may_make, mbedtls_pk_context *key)
{
    uint8_t der[KEY_DER_SIZE];
    int n = plat_state_read(p, name, der, sizeof der);
    if (n == ERR_MISSING && may_make) {
        n = session_make_key(der, sizeof der);
        int result = n < 0 ? n : plat_state_write(p, name, der, (uint32_t)n);
        if (result < 0)
            n = result;
    }
    if (n < 0)
        plat_log(p, LOG_ERROR, n == ERR_MISSING ? "%s is missing from the data directory: restore it from a "
                                                  "backup, or move the directory away and start anew"
                                                : "cannot read or write %s in the data directory: check its "
                                                  "owner, its mode and the disk",
                 name);
    int result = n < 0 ? n : parse_key(key, der, n);
    if (n >= 0 && result < 0)
        plat_log(p, LOG_ERROR, "%s is damaged: restore it from a backup", name);
    return result;
}

static int load_certificate(struct plat *p, const char *name, mbedtls_x509_crt *to)
{
    uint8_t der[CERTIFICATE_SIZE_MAX];
    int n = plat_state_read(p, name, der, sizeof der);
    if (n < 0)
        return n;
    return mbedtls_x509_crt_parse_der(to, der, (size_t)n) == 0 ? ERR_OK : ERR_MALFORMED;
}

static int make_certificate(struct plat *p, const struct certificate_order *order, const char *name,
                            mbedtls_x509_crt *to)
{
    uint8_t der[CERTIFICATE_SIZE_MAX];
    int n = certificate_make(p, order, der, sizeof der);
    int result = n < 0 ? n : plat_state_write(p, name, der, (uint32_t)n);
    if (result == ERR_OK && mbedtls_x509_crt_parse_der(to, der, (size_t)n) != 0)
        result = ERR_FULL;
    return result;
}

static bool key_fits(const mbedtls_x509_crt *certificate, const mbedtls_pk_context *key)
{
    return mbedtls_pk_check_pair(&certificate->pk, key, mbedtls_psa_get_random,
                                 MBEDTLS_PSA_RANDOM_STATE) == 0;
}

/* --- opening --- */

static int open_ca(struct plat *p, struct authority *a)
{
    bool is_there = plat_file_exists(p, CA_CERTIFICATE);
    int result = open_key(p, CA_KEY, !is_there, &a->ca_key);
    if (result < 0)
        return result;
    if (is_there) {
        result = load_certificate(p, CA_CERTIFICATE, &a->ca);
        if (result == ERR_OK && !key_fits(&a->ca, &a->ca_key))
            result = ERR_MALFORMED;
    } else {
        uint8_t tag[4];
        char name[32];
        plat_random(p, tag, sizeof tag);
        snprintf(name, sizeof name, "Nephos CA %02x%02x%02x%02x", tag[0], tag[1], tag[2], tag[3]);
        result = make_certificate(p,
                                  &(struct certificate_order){.use = CERTIFICATE_CA,
                                                              .common_name = name,
                                                              .subject_key = &a->ca_key,
                                                              .issuer_key = &a->ca_key,
                                                              .from_s = wall_s(p) - DAY_S,
                                                              .until_s = wall_s(p) + CA_LIFE_S},
                                  CA_CERTIFICATE, &a->ca);
    }
    if (result < 0) {
        plat_log(p, LOG_ERROR, "%s is damaged or does not belong to %s: restore both from one backup",
                 CA_CERTIFICATE, CA_KEY);
        return result;
    }
    plat_sha256(p, a->ca.raw.p, a->ca.raw.len, a->ca_hash);
    return ERR_OK;
}

/* Signed by this CA, fitting its key, and good for a while yet. */
static bool server_certificate_good(struct plat *p, struct authority *a)
{
    uint32_t flags;
    return load_certificate(p, SERVER_CERTIFICATE, &a->chain) == ERR_OK &&
           key_fits(&a->chain, &a->server_key) &&
           mbedtls_x509_crt_verify(&a->chain, &a->ca, NULL, SERVER_NAME, &flags, NULL, NULL) == 0 &&
           words_time_s(&a->chain.valid_to) > wall_s(p) + RENEW_BEFORE_S;
}

/* Agents trust the CA, not this certificate: whenever it is not good, a new one is. */
static int open_server(struct plat *p, struct authority *a)
{
    int result = open_key(p, SERVER_KEY, true, &a->server_key);
    if (result < 0)
        return result;
    if (!server_certificate_good(p, a)) {
        mbedtls_x509_crt_free(&a->chain);
        mbedtls_x509_crt_init(&a->chain);
        int64_t until_s = wall_s(p) + LIFE_S, ca_until_s = words_time_s(&a->ca.valid_to);
        result = make_certificate(p,
                                  &(struct certificate_order){.use = CERTIFICATE_SERVER,
                                                              .common_name = SERVER_NAME,
                                                              .issuer = &a->ca,
                                                              .subject_key = &a->server_key,
                                                              .issuer_key = &a->ca_key,
                                                              .from_s = wall_s(p) - DAY_S,
                                                              .until_s = until_s < ca_until_s
                                                                             ? until_s
                                                                             : ca_until_s},
                                  SERVER_CERTIFICATE, &a->chain);
    }
    /* The CA goes with it: an agent that joins knows only the hash of that. */
    if (result == ERR_OK && mbedtls_x509_crt_parse_der(&a->chain, a->ca.raw.p, a->ca.raw.len) != 0)
        result = ERR_FULL;
    if (result < 0)
        plat_log(p, LOG_ERROR, "cannot make the server's certificate: check the data directory and disk");
    return result;
}

static int configure(struct plat *p, struct authority *a)
{
    if (session_config(p, &a->config, MBEDTLS_SSL_IS_SERVER) < 0 ||
        mbedtls_ssl_conf_own_cert(&a->config, &a->chain, &a->server_key) != 0)
        return ERR_FULL;
    /* Whoever shows nothing may still join, and whoever shows the wrong thing is told so. */
    mbedtls_ssl_conf_authmode(&a->config, MBEDTLS_SSL_VERIFY_OPTIONAL);
    mbedtls_ssl_conf_ca_chain(&a->config, &a->ca, NULL);
    return ticket_open(p, a);
}

int authority_open(struct plat *p)
{
    struct authority *a = p->tls->authority;
    ASSERT(a != NULL);
    if (a->open)
        return ERR_OK;
    *a = (struct authority){.p = p};
    mbedtls_ssl_config_init(&a->config);
    mbedtls_pk_init(&a->ca_key);
    mbedtls_pk_init(&a->server_key);
    mbedtls_x509_crt_init(&a->ca);
    mbedtls_x509_crt_init(&a->chain);
    public_open(a);
    int lock = state_hold(p, LOCK);
    if (lock < 0) {
        plat_log(p, LOG_ERROR, "cannot write into the data directory: check its owner and mode");
        return lock;
    }
    int result = open_ca(p, a);
    if (result == ERR_OK)
        result = open_server(p, a);
    if (result == ERR_OK)
        result = configure(p, a);
    close(lock);
    a->open = result == ERR_OK;
    return result;
}

/* --- the rest of the contract --- */

void authority_hash(struct plat *p, uint8_t hash[static HASH_SIZE])
{
    ASSERT(p->tls->authority->open);
    memcpy(hash, p->tls->authority->ca_hash, HASH_SIZE);
}

int authority_certificate(struct plat *p, uint8_t *der, uint32_t size)
{
    const struct authority *a = p->tls->authority;
    ASSERT(a->open);
    if (a->ca.raw.len > size)
        return ERR_FULL;
    memcpy(der, a->ca.raw.p, a->ca.raw.len);
    return (int)a->ca.raw.len;
}

/* The library checks the signature of certificates, but leaves that of requests to its callers. */
static bool request_signed(mbedtls_x509_csr *request)
{
    uint8_t hash[HASH_SIZE];
    if (request->sig_md != MBEDTLS_MD_SHA256 || !mbedtls_pk_can_do(&request->pk, MBEDTLS_PK_ECDSA) ||
        mbedtls_pk_get_bitlen(&request->pk) != 256)
        return false;
    plat_sha256(NULL, request->cri.p, request->cri.len, hash);
    return mbedtls_pk_verify(&request->pk, MBEDTLS_MD_SHA256, hash, sizeof hash, request->sig.p,
                             request->sig.len) == 0;
}

int authority_sign(struct plat *p, const uint8_t *request_der, uint32_t request_size,
                   const char *common_name, int64_t life_s, uint8_t *der, uint32_t size)
{
    struct authority *a = p->tls->authority;
    ASSERT(a->open && life_s > 0);
    int64_t lead_s = life_s / CERTIFICATE_LEAD_PARTS;
    int64_t until_s = wall_s(p) + life_s, ca_until_s = words_time_s(&a->ca.valid_to);
    lead_s = lead_s < CERTIFICATE_LEAD_S_MAX ? lead_s : CERTIFICATE_LEAD_S_MAX;
    mbedtls_x509_csr request;
    mbedtls_x509_csr_init(&request);
    int result = ERR_MALFORMED;
    if (mbedtls_x509_csr_parse_der(&request, request_der, request_size) == 0 && request_signed(&request))
        result = certificate_make(p,
                                  &(struct certificate_order){.use = CERTIFICATE_AGENT,
                                                              .common_name = common_name,
                                                              .issuer = &a->ca,
                                                              .subject_key = &request.pk,
                                                              .issuer_key = &a->ca_key,
                                                              .from_s = wall_s(p) - lead_s,
                                                              .until_s = until_s < ca_until_s ? until_s
                                                                                              : ca_until_s},
                                  der, size);
    mbedtls_x509_csr_free(&request);
    return result;
}

/* Written anew from the parsed key: one key has one hash, however the request spells it. */
int authority_request_key(struct plat *p, const uint8_t *request_der, uint32_t request_size,
                          uint8_t hash[static HASH_SIZE])
{
    uint8_t key[KEY_DER_SIZE];
    mbedtls_x509_csr request;
    mbedtls_x509_csr_init(&request);
    int n = ERR_MALFORMED;
    if (mbedtls_x509_csr_parse_der(&request, request_der, request_size) == 0)
        n = mbedtls_pk_write_pubkey_der(&request.pk, key, sizeof key);
    mbedtls_x509_csr_free(&request);
    if (n <= 0)
        return ERR_MALFORMED;
    plat_sha256(p, key + sizeof key - n, (size_t)n, hash); /* the library writes at the end */
    return ERR_OK;
}

int plat_peer_key(struct plat *p, int conn, uint8_t hash[static HASH_SIZE])
{
    char id[IDENTITY_SIZE];
    if (plat_peer_identity(p, conn, id, sizeof id) <= 0)
        return ERR_MISSING;
    memcpy(hash, session_of(p, &p->conns[conn])->key_hash, HASH_SIZE);
    return ERR_OK;
}
