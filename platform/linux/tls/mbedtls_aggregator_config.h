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

#include "mbedtls_agent_config.h"

/* Certificates and requests: also signed and checked. */
#define MBEDTLS_X509_CRT_WRITE_C
#define MBEDTLS_X509_CSR_PARSE_C
/* Key slots from the arena as needed: with a fixed table, 64 slots ran out at 15 connections. */
#undef MBEDTLS_PSA_KEY_SLOT_COUNT
#define MBEDTLS_PSA_KEY_STORE_DYNAMIC

/* TLS 1.3, the server's side too. */
#define MBEDTLS_SSL_SRV_C
#define MBEDTLS_SSL_TICKET_C

/* Curves and AES are tuned for speed; P-256's base point has its table in ROM; the window bounds the tables
 * of other points. */
#undef MBEDTLS_ECP_WINDOW_SIZE
#define MBEDTLS_ECP_WINDOW_SIZE 6
#undef MBEDTLS_AES_FEWER_TABLES

#endif
