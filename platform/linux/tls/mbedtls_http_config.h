/* SPDX-License-Identifier: MIT
 *
 * What talking to strangers on the Internet needs of mbedTLS 3.6, behind libcurl: everything of the agent
 * (mbedtls_agent_config.h), and in addition TLS 1.2, RSA, the larger hashes and curves that public
 * certificates use, and records of 16 KiB. Only platform/linux/http sees this build of the library; its
 * names are hidden behind that folder's, so that it does not meet the one that agents are served with. Its
 * memory is the pool of outbound requests. One thread calls it.
 */
#ifndef NEPHOS_MBEDTLS_HTTP_CONFIG_H
#define NEPHOS_MBEDTLS_HTTP_CONFIG_H

#include "mbedtls_agent_config.h"

#define MBEDTLS_RSA_C
#define MBEDTLS_PKCS1_V15
#define MBEDTLS_PKCS1_V21
#define MBEDTLS_X509_RSASSA_PSS_SUPPORT
#define MBEDTLS_GENPRIME
#define MBEDTLS_X509_CRL_PARSE_C
#define MBEDTLS_ERROR_C

#define MBEDTLS_MD5_C
#define MBEDTLS_SHA1_C
#define MBEDTLS_SHA224_C
#define MBEDTLS_SHA384_C
#define MBEDTLS_SHA512_C
#define MBEDTLS_ECP_DP_SECP384R1_ENABLED
#define MBEDTLS_ECP_DP_SECP521R1_ENABLED

#define MBEDTLS_SSL_PROTO_TLS1_2
#define MBEDTLS_SSL_EXTENDED_MASTER_SECRET
#define MBEDTLS_KEY_EXCHANGE_ECDHE_RSA_ENABLED
#define MBEDTLS_KEY_EXCHANGE_ECDHE_ECDSA_ENABLED
#define MBEDTLS_SSL_ALPN

/* Keys of ours in files may be encrypted (PKCS#8: openssl pkcs8 -topk8 -v2 aes256 or des3). What is needed
 * for that must not bring its ciphers to connections, so these are listed. */
#define MBEDTLS_CIPHER_MODE_CBC
#define MBEDTLS_CIPHER_PADDING_PKCS7
#define MBEDTLS_DES_C
#define MBEDTLS_PKCS5_C
#define MBEDTLS_SSL_CIPHERSUITES \
    MBEDTLS_TLS1_3_CHACHA20_POLY1305_SHA256, \
    MBEDTLS_TLS1_3_AES_256_GCM_SHA384, \
    MBEDTLS_TLS1_3_AES_128_GCM_SHA256, \
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, \
    MBEDTLS_TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256, \
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, \
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384, \
    MBEDTLS_TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, \
    MBEDTLS_TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256

#undef MBEDTLS_SSL_IN_CONTENT_LEN
#define MBEDTLS_SSL_IN_CONTENT_LEN 16384
#undef MBEDTLS_MPI_MAX_SIZE
#define MBEDTLS_MPI_MAX_SIZE 1024 /* RSA with 8192 bits */
#undef MBEDTLS_PSA_KEY_SLOT_COUNT
#define MBEDTLS_PSA_KEY_SLOT_COUNT 256 /* eight for each connection that there can be at once */

#endif
