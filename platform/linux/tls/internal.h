/* SPDX-License-Identifier: MIT */
/* The inside of platform/linux/tls: the only files that see mbedTLS.
 *
 * One session belongs to each slot of the table of connections. A program that is an agent has
 * credentials (client.c); one that keeps a CA has an authority (authority.c, certificate.c, ticket.c),
 * which the agent does not link: session.c reaches it only through `struct authority`. */
#ifndef NEPHOS_LINUX_TLS_INTERNAL_H
#define NEPHOS_LINUX_TLS_INTERNAL_H

#define MBEDTLS_ALLOW_PRIVATE_ACCESS /* the state of a handshake, the times of a ticket */

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wundef" /* ssl.h asks for a macro that it has not defined */
#include <mbedtls/oid.h>
#include <mbedtls/pk.h>
#include <mbedtls/platform_util.h>
#include <mbedtls/psa_util.h>
#include <mbedtls/ssl.h>
#include <mbedtls/x509_crt.h>
#pragma GCC diagnostic pop

#include "platform/credentials.h"
#include "platform/linux/tls/arena.h"
#include "platform/linux/tls/tls.h"

#define IDENTITY_SIZE 65U     /* a common name (64 at most) and a terminator */
#define KEY_DER_SIZE 256U     /* of a P-256 key pair; it takes 121 */
#define TICKET_SIZE_MAX 512U  /* a saved session of a client, ticket included */
#define DAY_S INT64_C(86400)

struct session {
    mbedtls_ssl_context ssl;
    const mbedtls_ssl_config *config; /* NULL: no session */
    uint32_t owed;             /* size of the record that the socket has not taken whole */
    bool wants_write;          /* what the handshake waits for */
    bool offered_ticket;
    bool full;                 /* certificates were exchanged: not a resumed session */
    bool settled;              /* the identity is known */
    bool closed;               /* nothing more will come */
    int identity_result;       /* ERR_DENIED: it showed a certificate that is not good */
    char identity[IDENTITY_SIZE];
    uint8_t key_hash[HASH_SIZE]; /* of the key in that certificate */
    int64_t identity_until_s;  /* wall clock: end of the certificate that proved it */
    uint8_t shown;             /* PLAT_TLS_SERVER: which identity it was shown, from 1; 0: none yet */
    bool shown_over;           /* and needs it no longer */
};

struct credential {
    mbedtls_ssl_config config, pinned_config;
    mbedtls_pk_context key;
    mbedtls_x509_crt certificate, ca;
    bool prepared, has_key, loaded, pinned;
    uint8_t pin[HASH_SIZE];
    uint32_t ticket_size;      /* 0: none */
    uint8_t ticket[TICKET_SIZE_MAX];
};

struct ticket_key {
    uint8_t id[4];
    int64_t made_s;            /* wall clock; 0: no key */
    uint8_t key[32];
};

/* A certificate for clients without one (public.c). */
struct public_identity {
    mbedtls_pk_context key;
    mbedtls_x509_crt chain;
    uint32_t handshakes;       /* under way with it */
};
#define PUBLIC_FILE_SIZE 16384U

struct authority {
    struct plat *p;
    mbedtls_ssl_config config;
    mbedtls_pk_context ca_key, server_key;
    mbedtls_x509_crt ca;       /* trusted for clients */
    mbedtls_x509_crt chain;    /* shown to clients: the server's certificate, then the CA's */
    uint8_t ca_hash[HASH_SIZE];
    struct ticket_key tickets[2]; /* the one in use, the one before */
    bool open;
    mbedtls_ssl_config public_config;
    struct public_identity identities[2];
    uint8_t identity;          /* the one that is shown */
    bool is_public;            /* it is there */
    void (*over)(struct authority *a, struct session *s); /* public_handshake_over(), which an agent lacks */
    uint8_t file[PUBLIC_FILE_SIZE]; /* being read */
};

struct tls {
    struct session *sessions;  /* one for each connection */
    uint8_t *arena;
    struct credential *credentials;
    struct authority *authority; /* NULL: this program keeps none */
    struct guest_arena guest;
    mbedtls_ssl_config any_config; /* for PLAT_TLS_ANY */
    int32_t guest_conn;        /* that has the guest arena; NONE */
    struct conn *current;      /* whose handshake runs: callbacks of the library do not tell */
    bool started;
    bool prefers_aes;
};

struct session *session_of(struct plat *p, const struct conn *c);
/* --- config.c --- */

bool session_cpu_has_aes(void);
/* What both sides have in common: TLS 1.3, our curves and ciphers. */
int session_config(struct plat *p, mbedtls_ssl_config *config, int endpoint);
/* A new P-256 key pair in DER: its length. */
int session_make_key(uint8_t *der, uint32_t size);

/* --- client.c --- */

/* The configuration for a connection of this kind, or NULL when there is none. */
const mbedtls_ssl_config *client_config(struct plat *p, const struct conn *c);
/* Before a connection and before a key is made. */
void client_refresh_random(void);
/* Offers the newest ticket of the connection's credential. */
void client_offer_ticket(struct plat *p, const struct conn *c);
void client_keep_ticket(struct plat *p, const struct conn *c);
void client_drop_ticket(struct plat *p, const struct conn *c);
/* After a pinned handshake: is the chain's CA the one that the token names? Says why not. */
bool client_check_pin(struct plat *p, struct conn *c);
void client_stop(struct credential *credential);

/* --- words.c --- */

/* Why the certificate of a peer, the server or an agent, is not good, and what to do. */
void words_for_flags(uint32_t flags, bool is_server, const mbedtls_x509_crt *certificate,
                     struct text *out);
/* Why a handshake ended, in words; `alert` is the peer's, or -1. */
void words_for_handshake(int error, int alert, struct text *out);
/* The same for a service that knows nothing of us, and may be any. */
void words_for_stranger(int error, int alert, struct text *out);
/* The one common name of a subject: its length, or ERR_MALFORMED. */
int words_common_name(const mbedtls_x509_crt *certificate, char *to, uint32_t to_size);
int64_t words_time_s(const mbedtls_x509_time *t);

#endif
