/* SPDX-License-Identifier: MIT */
/* What PLAT_TLS_SERVER shows: a certificate for browsers and other clients that have none themselves.
 *
 * Two identities, one of which is shown. A new one is made in the other's place and shown from the next
 * handshake on; handshakes that have begun go on with theirs, and sessions that are open need neither. Each
 * identity counts its handshakes, which last some seconds at most, so the other place is soon free again.
 *
 * Certificates from files are passed on as they are: what they say is for clients to judge, so it does not
 * matter which curves and hashes their authorities use. Only the first one's key must be ours. */
#include "platform/linux/tls/certificate.h"

#include <string.h>

#include <mbedtls/pem.h>
#include <mbedtls/platform.h>

#include "platform/linux/tls/public.h"

#define LIFE_S (397 * DAY_S)        /* longer ones some browsers refuse */
#define CHAIN_SIZE_MAX 3800U        /* one TLS message of at most 4 KiB holds it all */
#define POINT_SIZE 65U              /* an uncompressed P-256 key */

static int64_t wall_s(struct plat *p)
{
    return plat_wall(p).ns / NS_PER_S;
}

static void clear(struct public_identity *i)
{
    mbedtls_pk_free(&i->key);
    mbedtls_x509_crt_free(&i->chain);
    mbedtls_pk_init(&i->key);
    mbedtls_x509_crt_init(&i->chain);
}

/* The library asks what to show. */
static int choose(mbedtls_ssl_context *ssl)
{
    struct authority *a = ssl->conf->user_data.p;
    struct public_identity *i = &a->identities[a->identity];
    struct session *s = session_of(a->p, a->p->tls->current);
    if (s->shown == 0) { /* not the second hello of one that began with another curve */
        s->shown = (uint8_t)(a->identity + 1);
        i->handshakes++;
    }
    i = &a->identities[s->shown - 1];
    return mbedtls_ssl_set_hs_own_cert(ssl, &i->chain, &i->key);
}

void public_handshake_over(struct authority *a, struct session *s)
{
    if (s->shown == 0 || s->shown_over)
        return;
    s->shown_over = true;
    a->identities[s->shown - 1].handshakes--;
}

static int prepare(struct plat *p, struct authority *a)
{
    if (a->is_public)
        return ERR_OK;
    if (session_config(p, &a->public_config, MBEDTLS_SSL_IS_SERVER) < 0)
        return ERR_FULL;
    mbedtls_ssl_conf_authmode(&a->public_config, MBEDTLS_SSL_VERIFY_NONE);
    mbedtls_ssl_conf_new_session_tickets(&a->public_config, 0);
    mbedtls_ssl_conf_set_user_data_p(&a->public_config, a);
    mbedtls_ssl_conf_cert_cb(&a->public_config, choose);
    a->over = public_handshake_over;
    return ERR_OK;
}

/* The place for a new identity, empty; ERR_BUSY while handshakes still need what is in it. */
static int begin(struct plat *p, struct public_identity **out, struct text *why)
{
    struct authority *a = p->tls->authority;
    ASSERT(a != NULL && a->open);
    struct public_identity *i = &a->identities[a->is_public ? 1 - a->identity : a->identity];
    if (i->handshakes > 0) {
        text_put(why, "handshakes with the certificate before the last are under way: try again in some "
                      "seconds");
        return ERR_BUSY;
    }
    clear(i);
    *out = i;
    return prepare(p, a);
}

static int finish(struct plat *p, struct public_identity *i, int result)
{
    struct authority *a = p->tls->authority;
    if (result < 0) {
        clear(i);
        return result;
    }
    a->identity = (uint8_t)(i - a->identities);
    a->is_public = true;
    return ERR_OK;
}

/* --- of our own CA --- */

static int make_own(struct plat *p, struct public_identity *i, const char *names, struct text *why)
{
    struct authority *a = p->tls->authority;
    uint8_t der[CHAIN_SIZE_MAX];
    int64_t until_s = wall_s(p) + LIFE_S, ca_until_s = words_time_s(&a->ca.valid_to);
    int n = session_make_key(der, sizeof der);
    if (n < 0 || mbedtls_pk_parse_key(&i->key, der, (size_t)n, NULL, 0, mbedtls_psa_get_random,
                                      MBEDTLS_PSA_RANDOM_STATE) != 0) {
        text_put(why, "no key can be made");
        return ERR_FULL;
    }
    n = certificate_make(p,
                         &(struct certificate_order){.use = CERTIFICATE_SERVER,
                                                     .common_name = "nephos-aggregator API",
                                                     .names = names,
                                                     .issuer = &a->ca,
                                                     .subject_key = &i->key,
                                                     .issuer_key = &a->ca_key,
                                                     .from_s = wall_s(p) - DAY_S,
                                                     .until_s = until_s < ca_until_s ? until_s : ca_until_s},
                         der, sizeof der);
    if (n < 0 || mbedtls_x509_crt_parse_der(&i->chain, der, (size_t)n) != 0 ||
        mbedtls_x509_crt_parse_der(&i->chain, a->ca.raw.p, a->ca.raw.len) != 0) {
        text_printf(why, "no certificate can be made for \"%s\": at most %u names and addresses of hosts, "
                    "with commas between them", names, CERTIFICATE_NAMES_MAX);
        return ERR_MALFORMED;
    }
    return ERR_OK;
}

int authority_serve_own(struct plat *p, const char *names, struct text *why)
{
    struct public_identity *i;
    int e = begin(p, &i, why);
    return e < 0 ? e : finish(p, i, make_own(p, i, names, why));
}

/* --- from files --- */

/* The whole file, terminated, in the authority's buffer: its size with the terminator. */
static int read_file(struct authority *a, const char *name, struct text *why)
{
    int n = plat_linux_read_file(name, a->file, sizeof a->file - 1);
    if (n < 0) {
        text_printf(why, "%s: %s", name,
                    n == ERR_MISSING  ? "there is no such file"
                    : n == ERR_DENIED ? "no permission to read it"
                    : n == ERR_FULL   ? "is too large for a certificate or key"
                                      : "cannot be read");
        return n;
    }
    a->file[n] = '\0';
    return n + 1;
}

/* One more certificate at the end of the chain, unread: the library sends what is in `raw`. */
static int append(struct public_identity *i, const uint8_t *der, size_t size)
{
    mbedtls_x509_crt *last = &i->chain;
    if (last->raw.p != NULL) {
        while (last->next != NULL)
            last = last->next;
        last->next = mbedtls_calloc(1, sizeof *last);
        if (last->next == NULL)
            return ERR_FULL;
        last = last->next;
        mbedtls_x509_crt_init(last);
    }
    last->raw.p = mbedtls_calloc(1, size);
    if (last->raw.p == NULL)
        return ERR_FULL;
    last->own_buffer = 1;
    last->raw.len = size;
    memcpy(last->raw.p, der, size);
    return ERR_OK;
}

static int read_chain(struct public_identity *i, const struct authority *a, const char *name,
                      struct text *why)
{
    const uint8_t *at = a->file;
    size_t total = 0, used = 0;
    for (; strstr((const char *)at, "-----BEGIN CERTIFICATE-----") != NULL; at += used) {
        mbedtls_pem_context pem;
        mbedtls_pem_init(&pem);
        int error = mbedtls_pem_read_buffer(&pem, "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----",
                                            at, NULL, 0, &used);
        size_t size;
        const uint8_t *der = mbedtls_pem_get_buffer(&pem, &size);
        int result = error != 0 ? ERR_MALFORMED : append(i, der, size);
        total += error == 0 ? size : 0;
        mbedtls_pem_free(&pem);
        if (result < 0 || total > CHAIN_SIZE_MAX) {
            text_printf(why, result < 0 ? "%s: a certificate in it is damaged"
                                        : "%s: its certificates are too many bytes; leave out the root",
                        name);
            return ERR_MALFORMED;
        }
    }
    if (total == 0) {
        text_printf(why, "%s: no certificate in it (PEM is expected: -----BEGIN CERTIFICATE-----)", name);
        return ERR_MALFORMED;
    }
    return ERR_OK;
}

/* The key in the certificate is the public half of ours: it stands there byte by byte. */
static bool holds_key(const mbedtls_x509_crt *certificate, mbedtls_pk_context *key)
{
    uint8_t der[KEY_DER_SIZE];
    int n = mbedtls_pk_write_pubkey_der(key, der, sizeof der);
    if (n < (int)POINT_SIZE)
        return false;
    const uint8_t *point = der + sizeof der - POINT_SIZE; /* the library writes at the end */
    for (size_t at = 0; at + POINT_SIZE <= certificate->raw.len; at++)
        if (memcmp(certificate->raw.p + at, point, POINT_SIZE) == 0)
            return true;
    return false;
}

static int read_key(struct public_identity *i, const struct authority *a, int size, const char *name,
                    struct text *why)
{
    mbedtls_pk_context *keys[] = {&i->key, &i->chain.pk};
    for (uint32_t k = 0; k < COUNT_OF(keys); k++)
        if (mbedtls_pk_parse_key(keys[k], a->file, (size_t)size, NULL, 0, mbedtls_psa_get_random,
                                 MBEDTLS_PSA_RANDOM_STATE) != 0 ||
            !mbedtls_pk_can_do(keys[k], MBEDTLS_PK_ECDSA) || mbedtls_pk_get_bitlen(keys[k]) != 256) {
            text_printf(why, "%s: an unencrypted P-256 key is expected (`openssl ecparam -name prime256v1 "
                        "-genkey`; certbot: --key-type ecdsa)", name);
            return ERR_MALFORMED;
        }
    if (holds_key(&i->chain, &i->key))
        return ERR_OK;
    text_printf(why, "%s is not the key of the first certificate", name);
    return ERR_MALFORMED;
}

static int read_identity(struct plat *p, struct public_identity *i, const char *certificate, const char *key,
                         struct text *why)
{
    struct authority *a = p->tls->authority;
    int n = read_file(a, certificate, why);
    if (n >= 0)
        n = read_chain(i, a, certificate, why);
    if (n >= 0)
        n = read_file(a, key, why);
    if (n >= 0)
        n = read_key(i, a, n, key, why);
    mbedtls_platform_zeroize(a->file, sizeof a->file);
    return n;
}

int authority_serve_files(struct plat *p, const char *certificate, const char *key, struct text *why)
{
    struct public_identity *i;
    int e = begin(p, &i, why);
    return e < 0 ? e : finish(p, i, read_identity(p, i, certificate, key, why));
}

void public_open(struct authority *a)
{
    for (uint32_t k = 0; k < COUNT_OF(a->identities); k++) {
        mbedtls_pk_init(&a->identities[k].key);
        mbedtls_x509_crt_init(&a->identities[k].chain);
    }
    mbedtls_ssl_config_init(&a->public_config);
}
