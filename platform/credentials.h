/* SPDX-License-Identifier: MIT */
/* Keys and certificates, below the seam: who a peer is allowed to be.
 *
 * The aggregator is its own certificate authority. An agent makes its key itself, sends a request
 * (PKCS#10) with a join token, and gets a certificate whose common name is its instance id. All files
 * lie in the state or data directory with mode 0600; private keys never leave it. */
#ifndef NEPHOS_CREDENTIALS_H
#define NEPHOS_CREDENTIALS_H

#include "platform/base/text.h"
#include "platform/platform.h"

#define HASH_SIZE 32U
#define CERTIFICATE_SIZE_MAX 1024U
/* A certificate of an agent begins before it was signed, for machines whose clock is late: by a day, or by a
 * tenth of a life that is shorter than ten. */
#define CERTIFICATE_LEAD_S_MAX INT64_C(86400)
#define CERTIFICATE_LEAD_PARTS 10
#define SERVER_NAME "nephos-aggregator" /* the DNS name in every aggregator's certificate */

void plat_sha256(struct plat *p, const void *from, size_t size, uint8_t hash[static HASH_SIZE]);

/* --- agent --- */

/* Loads key, certificate and CA from the state directory and uses them for PLAT_TLS. ERR_MISSING when
 * not enrolled yet, ERR_MALFORMED when a file is damaged. */
int credential_load(struct plat *p);
/* The hash that the CA of a PLAT_TLS_PINNED connection must have. */
void credential_pin(struct plat *p, const uint8_t ca_hash[static HASH_SIZE]);
/* Makes a P-256 key, once: it is on disk before this returns, and every further request is for the same
 * one. The request is for `common_name`; DER, its length. */
int credential_request(struct plat *p, const char *common_name, uint8_t *der, uint32_t size);
/* Checks that both belong together and to the pending key and the pin, stores them with the key,
 * and uses them from now on. */
int credential_store(struct plat *p, const uint8_t *certificate_der, uint32_t certificate_size,
                     const uint8_t *ca_der, uint32_t ca_size);

/* From when and until when the certificate in use is valid: wall clock, milliseconds since 1970; 0 when
 * there is none. The dates are by the clock of the aggregator. */
int64_t credential_issued_ms(struct plat *p);
int64_t credential_expires_ms(struct plat *p);
/* A request for another certificate with the same key and name: DER, its length; ERR_MISSING when this
 * agent has not joined. */
int credential_renewal(struct plat *p, uint8_t *der, uint32_t size);
/* Takes the answer to it. ERR_MALFORMED unless it is for our key and name, of our CA, and begins or ends no
 * earlier than the one in use, which then stays. It is stored whole or not at all, and used from the next
 * connection on; those that are open go on. */
int credential_renew(struct plat *p, const uint8_t *certificate_der, uint32_t certificate_size);

/* --- aggregator --- */

/* What PLAT_TLS_SERVER shows from the next handshake on: a new certificate of this CA for `names` (hosts and
 * addresses, with commas between them), or what is in two files (PEM: the certificate and those between it
 * and a root; its key, P-256). On an error the one before stays and `why` says what: ERR_MALFORMED,
 * ERR_MISSING, ERR_DENIED, or ERR_BUSY, soon after a change. Handshakes and connections under way go on. */
int authority_serve_own(struct plat *p, const char *names, struct text *why);
int authority_serve_files(struct plat *p, const char *certificate, const char *key, struct text *why);
/* Opens the authority in the data directory, or makes it with a server certificate on first use. */
int authority_open(struct plat *p);
/* SHA-256 of the CA's certificate (DER). */
void authority_hash(struct plat *p, uint8_t hash[static HASH_SIZE]);
/* The CA's certificate in DER: its length. */
int authority_certificate(struct plat *p, uint8_t *der, uint32_t size);
/* Checks the request's own signature and signs a client certificate for `common_name`, whatever name
 * the request carries, good for `life_s` seconds from now, or as long as the CA. DER, its length;
 * ERR_MALFORMED for a bad request. The same key and name may be signed again as often as wished: that is how
 * agents renew. */
int authority_sign(struct plat *p, const uint8_t *request_der, uint32_t request_size,
                   const char *common_name, int64_t life_s, uint8_t *der, uint32_t size);
/* SHA-256 of the public key in a request, as SubjectPublicKeyInfo in DER. That the sender has the private
 * half is for authority_sign() to check. ERR_MALFORMED for a bad request. */
int authority_request_key(struct plat *p, const uint8_t *request_der, uint32_t request_size,
                          uint8_t hash[static HASH_SIZE]);
/* The same of the certificate that plat_peer_identity() speaks of. ERR_MISSING where that says 0 or less. */
int plat_peer_key(struct plat *p, int conn, uint8_t hash[static HASH_SIZE]);

#endif
