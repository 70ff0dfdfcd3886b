/* SPDX-License-Identifier: MIT
 *
 * What the agent needs of mbedTLS 3.6, and nothing else: a TLS 1.3 client that proves itself with a
 * P-256 certificate, resumes by ticket, can make its own key and write a certificate request, and
 * never touches libc's heap. tools/deps builds the library with this file and installs it as
 * <mbedtls/mbedtls_config.h> beside the headers, so users of the headers cannot disagree with the
 * library about the layout of a struct.
 *
 * Four things have no default and must come from platform/linux; the linker asks for them:
 *   nephos_trap_calloc, nephos_trap_free   reached only before mbedtls_memory_buffer_alloc_init()
 *   mbedtls_hardware_poll                  entropy; mbedTLS's own reads /dev/urandom with fopen
 *   mbedtls_platform_gmtime_r              UTC; musl's gmtime_r pulls the time zone code and malloc
 */
#ifndef NEPHOS_MBEDTLS_AGENT_CONFIG_H
#define NEPHOS_MBEDTLS_AGENT_CONFIG_H

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

/* RSA, up to 4096 bits: only to check what strangers sign (PLAT_TLS_ANY), which in TLS 1.3 is by PSS. */
#define MBEDTLS_RSA_C
#define MBEDTLS_PKCS1_V21
#define MBEDTLS_X509_RSASSA_PSS_SUPPORT

/* Keys, certificates, and the request for one. */
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
#define MBEDTLS_X509_CSR_WRITE_C
#define MBEDTLS_PSA_CRYPTO_C
#define MBEDTLS_USE_PSA_CRYPTO
#define MBEDTLS_PSA_KEY_SLOT_COUNT 16 /* one connection needs four or five */

/* TLS: 1.3, client only. */
#define MBEDTLS_SSL_TLS_C
#define MBEDTLS_SSL_CLI_C
#define MBEDTLS_SSL_PROTO_TLS1_3
#define MBEDTLS_SSL_TLS1_3_COMPATIBILITY_MODE
#define MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_EPHEMERAL_ENABLED
#define MBEDTLS_SSL_TLS1_3_KEY_EXCHANGE_MODE_PSK_EPHEMERAL_ENABLED
#define MBEDTLS_SSL_KEEP_PEER_CERTIFICATE /* TLS 1.3 insists */
#define MBEDTLS_SSL_SERVER_NAME_INDICATION
#define MBEDTLS_SSL_SESSION_TICKETS
#define MBEDTLS_SSL_MAX_FRAGMENT_LENGTH
#define MBEDTLS_SSL_RECORD_SIZE_LIMIT

/* Sizes. 4 KiB records let a session live in 16 KiB; a window of 4 costs 2 KiB of code and saves
 * a third of a handshake; the round tables of AES stay in ROM. */
#define MBEDTLS_SSL_IN_CONTENT_LEN 4096
#define MBEDTLS_SSL_OUT_CONTENT_LEN 4096
#define MBEDTLS_MPI_MAX_SIZE 512
#define MBEDTLS_ECP_WINDOW_SIZE 4
#define MBEDTLS_ECP_FIXED_POINT_OPTIM 1
#define MBEDTLS_AES_ROM_TABLES
#define MBEDTLS_AES_FEWER_TABLES

#endif
