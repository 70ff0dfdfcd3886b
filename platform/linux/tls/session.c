/* SPDX-License-Identifier: MIT */
/* TLS sessions over the table of connections: handshake, bytes in and out, goodbye. */
#include "platform/linux/tls/internal.h"

#include <psa/crypto.h>
#include <string.h>

/* Of strangers; the aggregator and its agents have no RSA. */
static const uint16_t any_signatures[] = {MBEDTLS_TLS1_3_SIG_ECDSA_SECP256R1_SHA256,
                                          MBEDTLS_TLS1_3_SIG_RSA_PSS_RSAE_SHA256, MBEDTLS_TLS1_3_SIG_NONE};

/* --- start --- */

struct tls *tls_reserve(struct memory_map *map, const struct plat_linux_limits *limits)
{
    struct tls counting = {0};
    struct tls *real = memory_reserve(map, "tls: state", 1, sizeof *real, "fixed");
    struct tls *t = real != NULL ? real : &counting;
    t->sessions = memory_reserve(map, "tls: sessions", limits->conns_max, sizeof *t->sessions,
                                 "as many as connections");
    if (limits->credentials_max > 0)
        t->credentials = memory_reserve(map, "tls: credentials", limits->credentials_max,
                                        sizeof *t->credentials, "fixed");
    if (limits->authority)
        t->authority = memory_reserve(map, "tls: authority", 1, sizeof *t->authority, "fixed");
    if (limits->tls_arena_size > 0)
        t->arena = memory_reserve(map, "tls: arena", limits->tls_arena_size, 1,
                                  "the newcomer's handshake is refused");
    t->guest.size = limits->tls_guest_size;
    if (limits->tls_guest_size > 0)
        t->guest.block = memory_reserve(map, "tls: arena for a stranger", limits->tls_guest_size, 1,
                                        "that connection fails and says so");
    return real;
}

int tls_start(struct plat *p)
{
    struct tls *t = p->tls;
    if (t->arena != NULL)
        arena_start(t->arena, (size_t)p->limits.tls_arena_size);
    t->prefers_aes = session_cpu_has_aes();
    t->guest_conn = NONE;
    t->started = psa_crypto_init() == PSA_SUCCESS;
    if (!t->started)
        return ERR_SYSTEM;
    if (t->guest.block == NULL)
        return ERR_OK;
    guest_start(&t->guest);
    int result = session_config(p, &t->any_config, MBEDTLS_SSL_IS_CLIENT);
    mbedtls_ssl_conf_authmode(&t->any_config, MBEDTLS_SSL_VERIFY_NONE);
    mbedtls_ssl_conf_sig_algs(&t->any_config, any_signatures);
    return result;
}

/* Here and not in authority.c, which an agent does not link. */
static void authority_stop(struct authority *a)
{
    if (a == NULL || a->p == NULL)
        return;
    mbedtls_ssl_config_free(&a->config);
    mbedtls_ssl_config_free(&a->public_config);
    for (uint32_t i = 0; i < COUNT_OF(a->identities); i++) {
        mbedtls_pk_free(&a->identities[i].key);
        mbedtls_x509_crt_free(&a->identities[i].chain);
    }
    mbedtls_pk_free(&a->ca_key);
    mbedtls_pk_free(&a->server_key);
    mbedtls_x509_crt_free(&a->ca);
    mbedtls_x509_crt_free(&a->chain);
    mbedtls_platform_zeroize(a, sizeof *a);
}

void tls_stop(struct plat *p)
{
    struct tls *t = p->tls;
    authority_stop(t->authority);
    for (uint32_t i = 0; i < p->limits.credentials_max; i++)
        client_stop(&t->credentials[i]);
    if (t->guest.block != NULL) {
        mbedtls_ssl_config_free(&t->any_config);
        guest_stop();
    }
    if (t->arena != NULL && t->started) {
        mbedtls_psa_crypto_free();
        arena_stop();
    }
    t->started = false;
}

void plat_linux_tls_use(const struct plat *p, uint64_t *high_water, uint64_t *now)
{
    (void)p;
    arena_use(high_water, now);
}

void plat_linux_tls_guest_use(const struct plat *p, uint64_t *high_water, uint64_t *now)
{
    *high_water = p->tls->guest.high_water;
    *now = p->tls->guest.used;
}

struct session *session_of(struct plat *p, const struct conn *c)
{
    return &p->tls->sessions[conn_index(p, c)];
}

/* --- the library's view of a socket --- */

/* The library runs for one connection at a time, `current`; its callbacks find it there. Every way into
 * it enters and leaves. */
static void enter(struct plat *p, struct conn *c)
{
    p->tls->current = c;
    guest_enter(c->security == PLAT_TLS_ANY);
}

static void leave(struct plat *p)
{
    p->tls->current = NULL;
    guest_enter(false);
}

static int send_callback(void *context, const unsigned char *from, size_t size)
{
    struct plat *p = context;
    int n = conn_write(p, p->tls->current, from, (uint32_t)size);
    return n == ERR_AGAIN ? MBEDTLS_ERR_SSL_WANT_WRITE : n < 0 ? MBEDTLS_ERR_SSL_CONN_EOF : n;
}

static int recv_callback(void *context, unsigned char *to, size_t size)
{
    struct plat *p = context;
    int n = conn_read(p, p->tls->current, to, (uint32_t)size, true);
    return n == ERR_AGAIN ? MBEDTLS_ERR_SSL_WANT_READ : n < 0 ? MBEDTLS_ERR_SSL_CONN_EOF : n;
}

/* --- handshake --- */

static int handshake_failed(struct plat *p, struct conn *c, int error)
{
    struct session *s = session_of(p, c);
    struct text why;
    int alert = error == MBEDTLS_ERR_SSL_FATAL_ALERT_MESSAGE ? s->ssl.in_msg[1] : -1;
    text_init(&why, c->why, sizeof c->why);
    const mbedtls_ssl_session *negotiated = s->ssl.session_negotiate;
    bool judged = error == MBEDTLS_ERR_X509_CERT_VERIFY_FAILED || error == MBEDTLS_ERR_SSL_BAD_CERTIFICATE;
    if (c->security == PLAT_TLS_ANY)
        words_for_stranger(error, alert, &why);
    else if (judged && negotiated != NULL && negotiated->peer_cert != NULL)
        words_for_flags(negotiated->verify_result, true, negotiated->peer_cert, &why);
    else
        words_for_handshake(error, alert, &why);
    /* A server that was ended or has no time for us says nothing against the ticket. */
    if (s->offered_ticket && error != MBEDTLS_ERR_SSL_CONN_EOF)
        client_drop_ticket(p, c);
    p->stats.handshakes_failed++;
    conn_fail(p, c, "the TLS handshake failed");
    return ERR_CLOSED;
}

static const mbedtls_ssl_config *server_config(struct plat *p, const struct conn *c)
{
    const struct authority *a = p->tls->authority;
    if (a == NULL || !a->open)
        return NULL;
    if (c->security == PLAT_TLS_SERVER)
        return a->is_public ? &a->public_config : NULL;
    return &a->config;
}

/* The handshake has ended one way or the other. */
static void give_identity_back(struct plat *p, struct session *s)
{
    struct authority *a = p->tls->authority;
    if (s->shown != 0 && a != NULL)
        a->over(a, s);
}

/* Whom a client asks for; a stranger is called by the name in the address, if it has one. */
static int set_name(struct plat *p, const struct conn *c, struct session *s)
{
    struct ip ip;
    if (c->security != PLAT_TLS_ANY)
        return mbedtls_ssl_set_hostname(&s->ssl, SERVER_NAME);
    const char *host = c->dial != NONE ? p->dials[c->dial].host : "";
    return mbedtls_ssl_set_hostname(&s->ssl, host[0] == '\0' || ip_parse(host, &ip) ? NULL : host);
}

static int open_session(struct plat *p, struct conn *c, const mbedtls_ssl_config *config)
{
    struct session *s = session_of(p, c);
    *s = (struct session){.config = config};
    mbedtls_ssl_init(&s->ssl);
    int error = mbedtls_ssl_setup(&s->ssl, config);
    if (error == 0 && !c->server)
        error = set_name(p, c, s);
    if (error != 0)
        return handshake_failed(p, c, error);
    mbedtls_ssl_set_bio(&s->ssl, p, send_callback, recv_callback, NULL);
    if (!c->server)
        client_offer_ticket(p, c);
    return ERR_OK;
}

/* One stranger at a time: ERR_FULL, or the place is taken. */
static int take_guest_place(struct plat *p, struct conn *c)
{
    struct tls *t = p->tls;
    if (t->guest.block == NULL || t->guest_conn != NONE) {
        conn_fail(p, c, t->guest.block == NULL ? "this program looks at no TLS but its own"
                                               : "another TLS service is being looked at: try again later");
        return ERR_FULL;
    }
    t->guest_conn = conn_index(p, c);
    return ERR_OK;
}

static const mbedtls_ssl_config *config_for(struct plat *p, const struct conn *c)
{
    if (c->server)
        return server_config(p, c);
    return c->security == PLAT_TLS_ANY ? &p->tls->any_config : client_config(p, c);
}

int tls_open(struct plat *p, struct conn *c)
{
    if (c->security == PLAT_TLS_ANY && take_guest_place(p, c) < 0)
        return ERR_FULL;
    const mbedtls_ssl_config *config = config_for(p, c);
    if (config == NULL) {
        conn_fail(p, c, c->server ? "no certificate authority is open"
                                  : "this machine has no certificate yet: join with a token");
        return ERR_MISSING;
    }
    if (!c->server)
        client_refresh_random(); /* what it keeps is everybody's: not among the guest's */
    enter(p, c);
    int result = open_session(p, c, config);
    leave(p);
    return result;
}

/* Who the peer of a server is: known once its Finished has been checked. */
static void settle_identity(struct plat *p, struct conn *c)
{
    struct session *s = session_of(p, c);
    if (s->settled)
        return;
    s->settled = true;
    if (!s->full)
        return; /* ticket.c has filled it in */
    const mbedtls_x509_crt *certificate = mbedtls_ssl_get_peer_cert(&s->ssl);
    if (certificate == NULL)
        return;
    uint32_t flags = mbedtls_ssl_get_verify_result(&s->ssl);
    struct text why;
    text_init(&why, c->why, sizeof c->why);
    if (flags != 0) {
        words_for_flags(flags, false, certificate, &why);
        s->identity_result = ERR_DENIED;
    } else if (words_common_name(certificate, s->identity, sizeof s->identity) < 0) {
        text_put(&why, "the agent's certificate names nobody: join again with a new token");
        s->identity_result = ERR_DENIED;
    } else {
        s->identity_until_s = words_time_s(&certificate->valid_to);
        plat_sha256(p, certificate->pk_raw.p, certificate->pk_raw.len, s->key_hash);
    }
}

static int handshake_over(struct plat *p, struct conn *c)
{
    struct session *s = session_of(p, c);
    give_identity_back(p, s);
    if (c->server)
        settle_identity(p, c);
    if (c->security == PLAT_TLS_PINNED && !client_check_pin(p, c)) {
        p->stats.handshakes_failed++;
        conn_fail(p, c, "the server's CA is not the one in the token");
        return ERR_CLOSED;
    }
    if (s->full)
        p->stats.handshakes_full++;
    else
        p->stats.handshakes_resumed++;
    return ERR_OK;
}

static int go_on(struct plat *p, struct conn *c)
{
    struct session *s = session_of(p, c);
    /* Not mbedtls_ssl_is_handshake_over(): to that, a server's ticket comes after the end. */
    while (s->ssl.state != MBEDTLS_SSL_HANDSHAKE_OVER) {
        /* Certificates are spoken of: not a resumed session, whatever a ticket said before. */
        if (s->ssl.state == MBEDTLS_SSL_CERTIFICATE_REQUEST) {
            s->full = true;
            s->identity[0] = '\0';
        }
        if (s->ssl.state == MBEDTLS_SSL_TLS1_3_NEW_SESSION_TICKET && c->server)
            settle_identity(p, c);
        int error = mbedtls_ssl_handshake_step(&s->ssl);
        if (error == MBEDTLS_ERR_SSL_WANT_READ && p->stage.conn == conn_index(p, c))
            continue; /* it passed over a record */
        if (error == MBEDTLS_ERR_SSL_WANT_READ || error == MBEDTLS_ERR_SSL_WANT_WRITE) {
            s->wants_write = error == MBEDTLS_ERR_SSL_WANT_WRITE;
            return ERR_AGAIN;
        }
        if (error != 0)
            return handshake_failed(p, c, error);
    }
    s->wants_write = false;
    return handshake_over(p, c);
}

int tls_handshake(struct plat *p, struct conn *c)
{
    enter(p, c);
    int result = go_on(p, c);
    leave(p);
    p->has_excess |= result != ERR_AGAIN;
    return result;
}

bool tls_wants_write(struct plat *p, const struct conn *c)
{
    const struct session *s = session_of(p, c);
    return s->wants_write || s->owed > 0;
}

int tls_identity(struct plat *p, const struct conn *c, char *id, uint32_t id_size)
{
    const struct session *s = session_of(p, c);
    if (s->identity_result < 0)
        return s->identity_result;
    return text_copy(id, id_size, s->identity) ? (int)strlen(id) : ERR_DENIED;
}

/* --- bytes --- */

static int broken(struct conn *c, struct session *s, int error)
{
    s->closed = true;
    if (error != 0 && error != MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY && error != MBEDTLS_ERR_SSL_CONN_EOF) {
        struct text why;
        text_init(&why, c->why, sizeof c->why);
        text_printf(&why, "the peer sent what is not TLS or was changed on the way (-0x%04x)",
                    (unsigned)-error);
    }
    return ERR_CLOSED;
}

static int flush(struct conn *c, struct session *s)
{
    if (s->owed == 0)
        return ERR_OK;
    /* The record is in the library's buffer: with bytes left there it does not look at ours. */
    static const uint8_t unread[1] = {0};
    int n = mbedtls_ssl_write(&s->ssl, unread, s->owed);
    if (n == MBEDTLS_ERR_SSL_WANT_WRITE || n == MBEDTLS_ERR_SSL_WANT_READ)
        return ERR_AGAIN;
    s->owed = 0;
    return n < 0 ? broken(c, s, n) : ERR_OK;
}

int tls_flush(struct plat *p, struct conn *c)
{
    enter(p, c);
    int result = flush(c, session_of(p, c));
    leave(p);
    return result;
}

/* Once the library has sealed a record it must be sent, so its bytes count as taken even when the
 * socket has no room for all of it: the rest is owed, and goes out before anything else. */
static int seal(struct conn *c, struct session *s, const void *from, uint32_t size)
{
    int result = s->closed ? ERR_CLOSED : flush(c, s);
    if (result < 0)
        return result;
    int record_max = mbedtls_ssl_get_max_out_record_payload(&s->ssl);
    if (record_max <= 0)
        return broken(c, s, record_max);
    uint32_t taken = 0;
    while (taken < size && s->owed == 0) {
        uint32_t n = size - taken < (uint32_t)record_max ? size - taken : (uint32_t)record_max;
        int sent = mbedtls_ssl_write(&s->ssl, (const uint8_t *)from + taken, n);
        if (sent == MBEDTLS_ERR_SSL_WANT_WRITE)
            s->owed = n;
        else if (sent <= 0)
            return broken(c, s, sent);
        taken += n;
    }
    return (int)taken;
}

int tls_send(struct plat *p, struct conn *c, const void *from, uint32_t size)
{
    enter(p, c);
    int result = seal(c, session_of(p, c), from, size);
    leave(p);
    return result;
}

static bool holds_more(struct plat *p, const struct conn *c)
{
    return mbedtls_ssl_check_pending(&session_of(p, c)->ssl) != 0 || p->stage.conn == conn_index(p, c);
}

static int unseal(struct plat *p, struct conn *c, void *to, uint32_t size_max)
{
    struct session *s = session_of(p, c);
    uint32_t got = 0;
    while (got < size_max && !s->closed && !c->ended) {
        int n = mbedtls_ssl_read(&s->ssl, (uint8_t *)to + got, size_max - got);
        if (n > 0) {
            got += (uint32_t)n;
        } else if (n == MBEDTLS_ERR_SSL_RECEIVED_NEW_SESSION_TICKET) {
            client_keep_ticket(p, c);
            p->has_excess = true; /* it is worked off with the code of handshakes */
        } else if (n == MBEDTLS_ERR_SSL_WANT_READ || n == MBEDTLS_ERR_SSL_WANT_WRITE) {
            if (!holds_more(p, c)) /* it stops at each ticket, too */
                break;
        } else {
            c->ended |= n == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY;
            if (!c->ended)
                broken(c, s, n);
        }
    }
    if (got > 0)
        return (int)got;
    return s->closed || c->ended ? ERR_CLOSED : ERR_AGAIN;
}

int tls_recv(struct plat *p, struct conn *c, void *to, uint32_t size_max)
{
    enter(p, c);
    int result = unseal(p, c, to, size_max);
    leave(p);
    return result;
}

bool tls_has_more(struct plat *p, const struct conn *c)
{
    return session_of(p, c)->closed || holds_more(p, c);
}

void tls_close(struct plat *p, struct conn *c, bool politely)
{
    struct session *s = session_of(p, c);
    if (s->config != NULL) {
        give_identity_back(p, s);
        enter(p, c);
        if (politely && flush(c, s) == ERR_OK)
            mbedtls_ssl_close_notify(&s->ssl);
        mbedtls_ssl_free(&s->ssl);
        *s = (struct session){0};
        leave(p);
    }
    if (p->tls->guest_conn == conn_index(p, c)) {
        p->tls->guest_conn = NONE;
        p->has_excess = true;
    }
}

uint32_t tls_idle_memory(struct plat *p, uint8_t **block)
{
    struct guest_arena *g = &p->tls->guest;
    *block = g->block;
    if (g->used > 0)
        return 0;
    g->divided = false;
    return g->size;
}
