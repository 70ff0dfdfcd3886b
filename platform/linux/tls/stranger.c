/* SPDX-License-Identifier: MIT */
/* What a stranger shows of itself. Nobody is trusted for it (PLAT_TLS_ANY is asked for its answer only), so
 * of its certificates the first one is read, for the key that the handshake is signed with; who has signed
 * that certificate, and how, is not looked at. Most public ones are signed in ways that we do not know. */
#include <mbedtls/error.h>

#include "platform/linux/tls/internal.h"

/* The linker puts these before the library's (--wrap). */
int __wrap_mbedtls_x509_crt_parse_der(mbedtls_x509_crt *chain, const unsigned char *der, size_t size);
int __real_mbedtls_x509_crt_parse_der(mbedtls_x509_crt *chain, const unsigned char *der, size_t size);
int __wrap_mbedtls_x509_get_sig_alg(const mbedtls_x509_buf *id, const mbedtls_x509_buf *parameters,
                                    mbedtls_md_type_t *hash, mbedtls_pk_type_t *key, void **options);
int __real_mbedtls_x509_get_sig_alg(const mbedtls_x509_buf *id, const mbedtls_x509_buf *parameters,
                                    mbedtls_md_type_t *hash, mbedtls_pk_type_t *key, void **options);

int __wrap_mbedtls_x509_crt_parse_der(mbedtls_x509_crt *chain, const unsigned char *der, size_t size)
{
    if (guest_is_entered() && chain->version != 0)
        return 0;
    return __real_mbedtls_x509_crt_parse_der(chain, der, size);
}

int __wrap_mbedtls_x509_get_sig_alg(const mbedtls_x509_buf *id, const mbedtls_x509_buf *parameters,
                                    mbedtls_md_type_t *hash, mbedtls_pk_type_t *key, void **options)
{
    int error = __real_mbedtls_x509_get_sig_alg(id, parameters, hash, key, options);
    if (error == 0 || !guest_is_entered())
        return error;
    *hash = MBEDTLS_MD_NONE;
    *key = MBEDTLS_PK_NONE;
    *options = NULL;
    return 0;
}
