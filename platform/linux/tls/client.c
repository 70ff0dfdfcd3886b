/* SPDX-License-Identifier: MIT */
/* The credentials of an agent: its key, its certificate, the CA it trusts, and its newest ticket.
 *
 * Files, in the state directory or, for the further credentials of a load generator, in a folder of
 * it: agent.key.der is made once and never replaced; ca.crt.der and agent.crt.der come with enrolment.
 * The certificate is written last: while it is missing or not of this CA, the agent has not joined. */
#include "platform/linux/tls/internal.h"

#include <stdio.h>
#include <string.h>

#include <mbedtls/sha256.h>
#include <mbedtls/x509_csr.h>

#define KEY_FILE "agent.key.der"
#define CERTIFICATE_FILE "agent.crt.der"
#define CA_FILE "ca.crt.der"
#define NAME_SIZE 32U

/* Small boards start with their clock at some fixed date. Nephos is younger than this. */
#define CLOCK_IS_SET_S INT64_C(1767225600) /* 2026-01-01 */

static struct credential *credential_now(struct plat *p)
{
    ASSERT(p->credential < p->limits.credentials_max);
    return &p->tls->credentials[p->credential];
}

static const char *file_name(struct plat *p, const char *file, char name[static NAME_SIZE])
{
    if (p->credential == 0)
        snprintf(name, NAME_SIZE, "%s", file);
    else
        snprintf(name, NAME_SIZE, "%u/%s", (unsigned)p->credential, file);
    return name;
}

void plat_sha256(struct plat *p, const void *from, size_t size, uint8_t hash[static HASH_SIZE])
{
    (void)p;
    int result = mbedtls_sha256(from, size, hash, 0);
    ASSERT(result == 0);
}

/* --- checking the server --- */

/* A clock that is not set yet is no reason to refuse the aggregator: it makes every certificate look
 * as if it lay in the future, and the samples' own times are corrected there anyway. */
static int overlook_unset_clock(void *context, mbedtls_x509_crt *certificate, int depth,
                                uint32_t *flags)
{
    (void)certificate;
    (void)depth;
    if (plat_wall(context).ns / NS_PER_S < CLOCK_IS_SET_S)
        *flags &= ~(uint32_t)MBEDTLS_X509_BADCERT_FUTURE;
    return 0;
}

static const mbedtls_x509_crt *find_pinned(const struct credential *k, const mbedtls_x509_crt *chain)
{
    uint8_t hash[HASH_SIZE];
    for (; chain != NULL; chain = chain->next) {
        plat_sha256(NULL, chain->raw.p, chain->raw.len, hash);
        if (memcmp(hash, k->pin, HASH_SIZE) == 0)
            return chain;
    }
    return NULL;
}

/* Is `certificate` good, if `ca` is the only one to trust? Says why not. */
static bool check_server(struct plat *p, mbedtls_x509_crt *certificate, mbedtls_x509_crt *ca,
                         struct text *why)
{
    uint32_t flags = 0;
    int error = mbedtls_x509_crt_verify_with_profile(certificate, ca, NULL,
                                                     &mbedtls_x509_crt_profile_suiteb, SERVER_NAME,
                                                     &flags, overlook_unset_clock, p);
    if (mbedtls_x509_crt_check_extended_key_usage(certificate, MBEDTLS_OID_SERVER_AUTH,
                                                  MBEDTLS_OID_SIZE(MBEDTLS_OID_SERVER_AUTH)) != 0)
        flags |= MBEDTLS_X509_BADCERT_EXT_KEY_USAGE;
    if (flags != 0)
        words_for_flags(flags, true, certificate, why);
    else if (error != 0)
        words_for_handshake(error, -1, why);
    return flags == 0 && error == 0;
}

bool client_check_pin(struct plat *p, struct conn *c)
{
    struct credential *k = &p->tls->credentials[c->credential];
    const mbedtls_x509_crt *chain = mbedtls_ssl_get_peer_cert(&session_of(p, c)->ssl);
    const mbedtls_x509_crt *pinned = find_pinned(k, chain);
    struct text why;
    text_init(&why, c->why, sizeof c->why);
    if (pinned == NULL) {
        text_put(&why, "the server's CA is not the one in the token: is this the right server, or "
                       "was the token made by another?");
        return false;
    }
    /* A list of its own: in the chain, other certificates may come behind it. */
    mbedtls_x509_crt ca, leaf;
    mbedtls_x509_crt_init(&ca);
    mbedtls_x509_crt_init(&leaf);
    bool good = false;
    if (mbedtls_x509_crt_parse_der(&ca, pinned->raw.p, pinned->raw.len) != 0 ||
        mbedtls_x509_crt_parse_der(&leaf, chain->raw.p, chain->raw.len) != 0)
        text_put(&why, "no memory to check the server's certificate");
    else
        good = check_server(p, &leaf, &ca, &why);
    mbedtls_x509_crt_free(&leaf);
    mbedtls_x509_crt_free(&ca);
    return good;
}

/* --- configurations --- */

static void prepare(struct credential *k)
{
    if (k->prepared)
        return;
    mbedtls_ssl_config_init(&k->config);
    mbedtls_ssl_config_init(&k->pinned_config);
    mbedtls_pk_init(&k->key);
    mbedtls_x509_crt_init(&k->certificate);
    mbedtls_x509_crt_init(&k->ca);
    k->prepared = true;
}

void client_stop(struct credential *k)
{
    if (!k->prepared)
        return;
    mbedtls_ssl_config_free(&k->config);
    mbedtls_ssl_config_free(&k->pinned_config);
    mbedtls_pk_free(&k->key);
    mbedtls_x509_crt_free(&k->certificate);
    mbedtls_x509_crt_free(&k->ca);
    *k = (struct credential){0};
}

/* In place: sessions that are open go on with what they agreed upon. */
static int configure(struct plat *p, struct credential *k)
{
    mbedtls_ssl_config_free(&k->config);
    if (session_config(p, &k->config, MBEDTLS_SSL_IS_CLIENT) < 0 ||
        mbedtls_ssl_conf_own_cert(&k->config, &k->certificate, &k->key) != 0)
        return ERR_FULL;
    mbedtls_ssl_conf_authmode(&k->config, MBEDTLS_SSL_VERIFY_REQUIRED);
    mbedtls_ssl_conf_ca_chain(&k->config, &k->ca, NULL);
    mbedtls_ssl_conf_verify(&k->config, overlook_unset_clock, p);
    mbedtls_ssl_conf_session_tickets(&k->config, MBEDTLS_SSL_SESSION_TICKETS_ENABLED);
    mbedtls_ssl_conf_tls13_enable_signal_new_session_tickets(
        &k->config, MBEDTLS_SSL_TLS1_3_SIGNAL_NEW_SESSION_TICKETS_ENABLED);
    return ERR_OK;
}

/* Anybody may answer; client_check_pin() decides before a byte of ours is sent. */
static int configure_pinned(struct plat *p, struct credential *k)
{
    mbedtls_ssl_config_free(&k->pinned_config);
    if (session_config(p, &k->pinned_config, MBEDTLS_SSL_IS_CLIENT) < 0)
        return ERR_FULL;
    mbedtls_ssl_conf_authmode(&k->pinned_config, MBEDTLS_SSL_VERIFY_NONE);
    return ERR_OK;
}

const mbedtls_ssl_config *client_config(struct plat *p, const struct conn *c)
{
    if (p->limits.credentials_max == 0)
        return NULL;
    struct credential *k = &p->tls->credentials[c->credential];
    if (c->security == PLAT_TLS_PINNED)
        return k->pinned ? &k->pinned_config : NULL;
    return k->loaded ? &k->config : NULL;
}

/* --- tickets --- */

/* A copy of a machine with a running agent has the same random state as the original: new entropy
 * before anything secret is made. */
void client_refresh_random(void)
{
    (void)!psa_random_reseed(NULL, 0); /* keeps its old seed when it fails */
}

void client_offer_ticket(struct plat *p, const struct conn *c)
{
    struct credential *k = &p->tls->credentials[c->credential];
    struct session *s = session_of(p, c);
    if (c->security != PLAT_TLS || k->ticket_size == 0)
        return;
    mbedtls_ssl_session saved;
    mbedtls_ssl_session_init(&saved);
    if (mbedtls_ssl_session_load(&saved, k->ticket, k->ticket_size) == 0 &&
        mbedtls_ssl_set_session(&s->ssl, &saved) == 0)
        s->offered_ticket = true;
    mbedtls_ssl_session_free(&saved);
}

void client_keep_ticket(struct plat *p, const struct conn *c)
{
    struct credential *k = &p->tls->credentials[c->credential];
    if (c->security != PLAT_TLS)
        return;
    mbedtls_ssl_session now;
    mbedtls_ssl_session_init(&now);
    size_t size;
    if (mbedtls_ssl_get_session(&session_of(p, c)->ssl, &now) == 0 &&
        mbedtls_ssl_session_save(&now, k->ticket, sizeof k->ticket, &size) == 0)
        k->ticket_size = (uint32_t)size;
    mbedtls_ssl_session_free(&now);
}

void client_drop_ticket(struct plat *p, const struct conn *c)
{
    p->tls->credentials[c->credential].ticket_size = 0;
}

/* --- the key --- */

static int parse_key(struct credential *k, uint8_t *der, int size)
{
    mbedtls_pk_free(&k->key);
    mbedtls_pk_init(&k->key);
    int error = mbedtls_pk_parse_key(&k->key, der, (size_t)size, NULL, 0, mbedtls_psa_get_random,
                                     MBEDTLS_PSA_RANDOM_STATE);
    mbedtls_platform_zeroize(der, (size_t)size);
    k->has_key = error == 0;
    return error == 0 ? ERR_OK : ERR_MALFORMED;
}

static int load_key(struct plat *p, struct credential *k)
{
    uint8_t der[KEY_DER_SIZE];
    char name[NAME_SIZE];
    if (k->has_key)
        return ERR_OK;
    int n = plat_state_read(p, file_name(p, KEY_FILE, name), der, sizeof der);
    if (n < 0)
        return n == ERR_FULL ? ERR_MALFORMED : n;
    return parse_key(k, der, n);
}

static int make_key(struct plat *p, struct credential *k)
{
    uint8_t der[KEY_DER_SIZE];
    char name[NAME_SIZE];
    client_refresh_random();
    int size = session_make_key(der, sizeof der);
    if (size < 0)
        return size;
    int result = plat_state_write(p, file_name(p, KEY_FILE, name), der, (uint32_t)size);
    if (result < 0) {
        mbedtls_platform_zeroize(der, sizeof der);
        return result;
    }
    return parse_key(k, der, size);
}

/* --- certificates --- */

/* Do they belong to each other, and to the key? */
static bool belong_together(struct credential *k, mbedtls_x509_crt *certificate, mbedtls_x509_crt *ca)
{
    uint32_t flags = 0;
    int error = mbedtls_x509_crt_verify_with_profile(certificate, ca, NULL,
                                                     &mbedtls_x509_crt_profile_suiteb, NULL, &flags,
                                                     NULL, NULL);
    /* The dates are the aggregator's to judge: our clock may not be set yet. */
    flags &= ~(uint32_t)(MBEDTLS_X509_BADCERT_FUTURE | MBEDTLS_X509_BADCERT_EXPIRED);
    return flags == 0 && (error == 0 || error == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED) &&
           mbedtls_pk_check_pair(&certificate->pk, &k->key, mbedtls_psa_get_random,
                                 MBEDTLS_PSA_RANDOM_STATE) == 0;
}

static bool check_certificates(struct credential *k, const uint8_t *certificate_der,
                               uint32_t certificate_size, const uint8_t *ca_der, uint32_t ca_size)
{
    mbedtls_x509_crt certificate, ca;
    mbedtls_x509_crt_init(&certificate);
    mbedtls_x509_crt_init(&ca);
    bool good = mbedtls_x509_crt_parse_der(&certificate, certificate_der, certificate_size) == 0 &&
                mbedtls_x509_crt_parse_der(&ca, ca_der, ca_size) == 0 &&
                belong_together(k, &certificate, &ca);
    mbedtls_x509_crt_free(&certificate);
    mbedtls_x509_crt_free(&ca);
    return good;
}

static int use_certificates(struct plat *p, struct credential *k, const uint8_t *certificate_der,
                            uint32_t certificate_size, const uint8_t *ca_der, uint32_t ca_size)
{
    k->loaded = false;
    k->ticket_size = 0;
    mbedtls_x509_crt_free(&k->certificate);
    mbedtls_x509_crt_free(&k->ca);
    if (mbedtls_x509_crt_parse_der(&k->certificate, certificate_der, certificate_size) != 0 ||
        mbedtls_x509_crt_parse_der(&k->ca, ca_der, ca_size) != 0)
        return ERR_FULL; /* it was well-formed a moment ago */
    int result = configure(p, k);
    k->loaded = result == ERR_OK;
    return result;
}

int credential_load(struct plat *p)
{
    struct credential *k = credential_now(p);
    uint8_t certificate[CERTIFICATE_SIZE_MAX], ca[CERTIFICATE_SIZE_MAX];
    char name[NAME_SIZE];
    prepare(k);
    int certificate_size =
        plat_state_read(p, file_name(p, CERTIFICATE_FILE, name), certificate, sizeof certificate);
    if (certificate_size < 0)
        return certificate_size == ERR_FULL ? ERR_MALFORMED : certificate_size;
    /* From here on something is there: what else is missing is damage. */
    int ca_size = plat_state_read(p, file_name(p, CA_FILE, name), ca, sizeof ca);
    int result = ca_size < 0 ? ca_size : load_key(p, k);
    if (result == ERR_MISSING || result == ERR_FULL)
        return ERR_MALFORMED;
    if (result < 0)
        return result;
    if (!check_certificates(k, certificate, (uint32_t)certificate_size, ca, (uint32_t)ca_size))
        return ERR_MALFORMED;
    return use_certificates(p, k, certificate, (uint32_t)certificate_size, ca, (uint32_t)ca_size);
}

/* --- joining --- */

void credential_pin(struct plat *p, const uint8_t ca_hash[static HASH_SIZE])
{
    struct credential *k = credential_now(p);
    prepare(k);
    memcpy(k->pin, ca_hash, HASH_SIZE);
    k->pinned = configure_pinned(p, k) == ERR_OK;
}

/* A request by the key for a name. */
static int write_request(struct credential *k, const char *common_name, uint8_t *der, uint32_t size)
{
    char subject[IDENTITY_SIZE + 8];
    snprintf(subject, sizeof subject, "CN=%s", common_name);
    mbedtls_x509write_csr request;
    mbedtls_x509write_csr_init(&request);
    mbedtls_x509write_csr_set_md_alg(&request, MBEDTLS_MD_SHA256);
    mbedtls_x509write_csr_set_key(&request, &k->key);
    int n = mbedtls_x509write_csr_set_subject_name(&request, subject);
    if (n == 0)
        n = mbedtls_x509write_csr_der(&request, der, size, mbedtls_psa_get_random,
                                      MBEDTLS_PSA_RANDOM_STATE);
    mbedtls_x509write_csr_free(&request);
    if (n <= 0)
        return ERR_MALFORMED;
    memmove(der, der + size - n, (size_t)n); /* the library writes at the end */
    return n;
}

int credential_request(struct plat *p, const char *common_name, uint8_t *der, uint32_t size)
{
    struct credential *k = credential_now(p);
    prepare(k);
    int result = load_key(p, k);
    if (result == ERR_MISSING || result == ERR_MALFORMED)
        result = make_key(p, k); /* a damaged key is of no use to anybody */
    if (result < 0)
        return result;
    return write_request(k, common_name, der, size);
}

int credential_store(struct plat *p, const uint8_t *certificate_der, uint32_t certificate_size,
                     const uint8_t *ca_der, uint32_t ca_size)
{
    struct credential *k = credential_now(p);
    uint8_t hash[HASH_SIZE];
    char name[NAME_SIZE];
    if (!k->has_key || certificate_size > CERTIFICATE_SIZE_MAX || ca_size > CERTIFICATE_SIZE_MAX)
        return ERR_MALFORMED;
    plat_sha256(p, ca_der, ca_size, hash);
    if (k->pinned && memcmp(hash, k->pin, HASH_SIZE) != 0)
        return ERR_DENIED;
    if (!check_certificates(k, certificate_der, certificate_size, ca_der, ca_size))
        return ERR_MALFORMED;
    int result = plat_state_write(p, file_name(p, CA_FILE, name), ca_der, ca_size);
    if (result == ERR_OK)
        result = plat_state_write(p, file_name(p, CERTIFICATE_FILE, name), certificate_der,
                                  certificate_size);
    if (result < 0)
        return result;
    return use_certificates(p, k, certificate_der, certificate_size, ca_der, ca_size);
}

/* --- renewing --- */

int64_t credential_issued_ms(struct plat *p)
{
    const struct credential *k = credential_now(p);
    return k->loaded ? words_time_s(&k->certificate.valid_from) * MS_PER_S : 0;
}

int64_t credential_expires_ms(struct plat *p)
{
    const struct credential *k = credential_now(p);
    return k->loaded ? words_time_s(&k->certificate.valid_to) * MS_PER_S : 0;
}

int credential_renewal(struct plat *p, uint8_t *der, uint32_t size)
{
    struct credential *k = credential_now(p);
    char name[IDENTITY_SIZE];
    if (!k->loaded || words_common_name(&k->certificate, name, sizeof name) < 0)
        return ERR_MISSING;
    client_refresh_random();
    return write_request(k, name, der, size);
}

/* The same name as before, and not an old certificate that somebody has kept: that began and ended earlier.
 * One of the two may be earlier when the aggregator has come to give shorter or longer lives. */
static bool follows(const struct credential *k, const uint8_t *certificate_der, uint32_t certificate_size)
{
    char name[IDENTITY_SIZE], new_name[IDENTITY_SIZE];
    mbedtls_x509_crt certificate;
    mbedtls_x509_crt_init(&certificate);
    bool good = mbedtls_x509_crt_parse_der(&certificate, certificate_der, certificate_size) == 0 &&
                words_common_name(&certificate, new_name, sizeof new_name) > 0 &&
                words_common_name(&k->certificate, name, sizeof name) > 0 && text_equal(name, new_name) &&
                (words_time_s(&certificate.valid_from) >= words_time_s(&k->certificate.valid_from) ||
                 words_time_s(&certificate.valid_to) >= words_time_s(&k->certificate.valid_to));
    mbedtls_x509_crt_free(&certificate);
    return good;
}

int credential_renew(struct plat *p, const uint8_t *certificate_der, uint32_t certificate_size)
{
    struct credential *k = credential_now(p);
    uint8_t ca[CERTIFICATE_SIZE_MAX];
    char name[NAME_SIZE];
    uint32_t ca_size = (uint32_t)k->ca.raw.len;
    if (!k->loaded)
        return ERR_MISSING;
    if (certificate_size > CERTIFICATE_SIZE_MAX || ca_size > sizeof ca)
        return ERR_MALFORMED;
    memcpy(ca, k->ca.raw.p, ca_size); /* it is freed below before it is parsed again */
    if (!follows(k, certificate_der, certificate_size) ||
        !check_certificates(k, certificate_der, certificate_size, ca, ca_size))
        return ERR_MALFORMED;
    /* The key and the CA stay: with one file written, either pair is whole at any moment. */
    int result = plat_state_write(p, file_name(p, CERTIFICATE_FILE, name), certificate_der, certificate_size);
    return result < 0 ? result : use_certificates(p, k, certificate_der, certificate_size, ca, ca_size);
}
