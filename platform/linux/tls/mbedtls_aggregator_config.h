/* SPDX-License-Identifier: MIT
 *
 * What the aggregator needs of mbedTLS 3.6: everything of the agent (mbedtls_agent_config.h), and in
 * addition the server side of TLS 1.3 with tickets, the making of certificates (it is its own
 * certificate authority), and room for many sessions at once. The same hooks stay replaced, so both
 * programs link the same files of platform/linux. RSA, TLS 1.2 and 16 KiB records, which only
 * strangers on the Internet ask for, are not here: outbound HTTP has its own build of the library.
 *
 * MBEDTLS_THREADING_C is off: one thread may call this library. Turning it on changes struct
 * layouts and is a change of this one file; tools/deps then rebuilds the library.
 */
#ifndef NEPHOS_MBEDTLS_AGGREGATOR_CONFIG_H
#define NEPHOS_MBEDTLS_AGGREGATOR_CONFIG_H

#include <stddef.h>

void *nephos_trap_calloc(size_t count, size_t size);
void nephos_trap_free(void *memory);

/* Platform: memory from one static arena, entropy and calendar from us, no files. */
#define MBEDTLS_HAVE_ASM
#define MBEDTLS_HAVE_TIME
#define MBEDTLS_HAVE_TIME_DATE
#define MBEDTLS_PLATFORM_C
#define MBEDTLS_PLATFORM_MEMORY
#define MBEDTLS_PLATFORM_STD_CALLOC nephos_trap_calloc
#define MBEDTLS_PLATFORM_STD_FREE nephos_trap_free
#define MBEDTLS_MEMORY_BUFFER_ALLOC_C
#define MBEDTLS_MEMORY_DEBUG /* mbedtls_memory_buffer_alloc_max_get(): the arena's high water */
#define MBEDTLS_PLATFORM_GMTIME_R_ALT
#define MBEDTLS_NO_PLATFORM_ENTROPY
#define MBEDTLS_ENTROPY_HARDWARE_ALT
#define MBEDTLS_DEPRECATED_REMOVED

/* Ciphers and hashes: the two AEADs of TLS 1.3 that every peer has, SHA-256. */
#define MBEDTLS_AES_C
#define MBEDTLS_AESNI_C
#define MBEDTLS_AESCE_C
#define MBEDTLS_GCM_C
#define MBEDTLS_CHACHA20_C
#define MBEDTLS_POLY1305_C
#define MBEDTLS_CHACHAPOLY_C
#define MBEDTLS_CIPHER_C
#define MBEDTLS_MD_C
#define MBEDTLS_SHA256_C
#define MBEDTLS_HKDF_C
#define MBEDTLS_ENTROPY_C
#define MBEDTLS_ENTROPY_FORCE_SHA256
#define MBEDTLS_CTR_DRBG_C
#define MBEDTLS_HMAC_DRBG_C

/* Elliptic curves: P-256 for certificates, X25519 or P-256 for the key exchange. */
#define MBEDTLS_BIGNUM_C
#define MBEDTLS_ECP_C
#define MBEDTLS_ECP_DP_SECP256R1_ENABLED
#define MBEDTLS_ECP_DP_CURVE25519_ENABLED
#define MBEDTLS_ECP_NIST_OPTIM
#define MBEDTLS_ECDH_C
#define MBEDTLS_ECDSA_C
#define MBEDTLS_ECDSA_DETERMINISTIC

/* Keys, certificates, requests: read, checked, signed. */
#define MBEDTLS_ASN1_PARSE_C
#define MBEDTLS_ASN1_WRITE_C
#define MBEDTLS_OID_C
#define MBEDTLS_PK_C
#define MBEDTLS_PK_PARSE_C
#define MBEDTLS_PK_WRITE_C
#define MBEDTLS_BASE64_C
#define MBEDTLS_PEM_PARSE_C
#define MBEDTLS_PEM_WRITE_C
#define MBEDTLS_X509_USE_C
#define MBEDTLS_X509_CRT_PARSE_C
#define MBEDTLS_X509_CREATE_C
#define MBEDTLS_X509_CRT_WRITE_C
#define MBEDTLS_X509_CSR_WRITE_C
#define MBEDTLS_X509_CSR_PARSE_C
#define MBEDTLS_PSA_CRYPTO_C
#define MBEDTLS_USE_PSA_CRYPTO
/* Key slots from the arena as needed: with a fixed table, 64 slots ran out at 15 connections. */
#define MBEDTLS_PSA_KEY_STORE_DYNAMIC

/* TLS: 1.3, both sides. */
#define MBEDTLS_SSL_TLS_C
#define MBEDTLS_SSL_CLI_C
#define MBEDTLS_SSL_SRV_C
#define MBEDTLS_SSL_TICKET_C
#define MBEDTLS_SSL_PROTO_TLS1_3
#define MBEDTLS_SSL_TLS1_3_COMPATIBILITY_MODE
#define MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ENABLED
#define MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK_EPHEMERAL_ENABLED
#define MBEDTLS_SSL_KEEP_PEER_CERTIFICATE /* TLS 1.3 insists */
#define MBEDTLS_SSL_SERVER_NAME_INDICATION
#define MBEDTLS_SSL_ALPN /* browsers offer h2 and http/1.1; we answer http/1.1 */
#define MBEDTLS_SSL_SESSION_TICKETS
#define MBEDTLS_SSL_MAX_FRAGMENT_LENGTH
#define MBEDTLS_SSL_RECORD_SIZE_LIMIT

/* Sizes. With 4 KiB records a held connection costs 16 KiB. Curves and AES are tuned for speed;
 * P-256's base point has its table in ROM; the window bounds the tables of other points. */
#define MBEDTLS_SSL_IN_CONTENT_LEN 4096
#define MBEDTLS_SSL_OUT_CONTENT_LEN 4096
#define MBEDTLS_MPI_MAX_SIZE 64
#define MBEDTLS_ECP_WINDOW_SIZE 6
#define MBEDTLS_ECP_FIXED_POINT_OPTIM 1
#define MBEDTLS_AES_ROM_TABLES

#endif
