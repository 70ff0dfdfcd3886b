/* SPDX-License-Identifier: MIT */
/* Making certificates: P-256, ECDSA with SHA-256, version 3. */
#ifndef NEPHOS_LINUX_TLS_CERTIFICATE_H
#define NEPHOS_LINUX_TLS_CERTIFICATE_H

#include "platform/linux/tls/internal.h"

#define CERTIFICATE_NAMES_MAX 16U

enum certificate_use { CERTIFICATE_CA, CERTIFICATE_SERVER, CERTIFICATE_AGENT };

struct certificate_order {
    enum certificate_use use;
    const char *common_name;
    const char *names;               /* of a server: hosts and addresses, with commas; NULL: SERVER_NAME */
    const mbedtls_x509_crt *issuer;  /* NULL: signs itself */
    mbedtls_pk_context *subject_key; /* the public half is enough */
    mbedtls_pk_context *issuer_key;
    int64_t from_s, until_s;         /* wall clock */
};

/* DER: its length; ERR_MALFORMED when the name does not fit into a certificate. */
int certificate_make(struct plat *p, const struct certificate_order *order, uint8_t *der,
                     uint32_t size);

#endif
