/* SPDX-License-Identifier: MIT */
/* Who is let in, as whom, and what each side is told: TLS of platform/linux over loopback. */
#include "platform/linux/tls/certificate.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/platform/linux/pair.h"


static void mutual(struct site *s)
{
    char directory[128];
    struct plat *agent = make_agent(s->server, fresh_directory(directory), "i-0123456789abcdef", 128);
    check_visit(s, agent, PLAT_TLS, 18, "i-0123456789abcdef");
    end_plat(agent);
    /* The next start finds it all in the directory. */
    agent = make_plat(directory, false, 4, 0);
    CHECK(credential_load(agent) == ERR_OK);
    check_visit(s, agent, PLAT_TLS, 18, "i-0123456789abcdef");
    end_plat(agent);
}

static void without_certificate(struct site *s)
{
    char directory[128];
    uint8_t hash[HASH_SIZE];
    struct plat *newcomer = make_plat(fresh_directory(directory), false, 4, 0);
    check_refused(s, newcomer, PLAT_TLS, "no certificate yet");
    authority_hash(s->server, hash);
    credential_pin(newcomer, hash);
    check_visit(s, newcomer, PLAT_TLS_PINNED, 0, "");
    check_visit(s, newcomer, PLAT_TLS_PINNED, 0, ""); /* and it was given no ticket */
    CHECK(newcomer->tls->credentials[0].ticket_size == 0);
    hash[31] ^= 1;
    credential_pin(newcomer, hash);
    check_refused(s, newcomer, PLAT_TLS_PINNED, "not the one in the token");
    end_plat(newcomer);
}

/* The pin matches the CA in the chain, but the server's certificate is not of that CA. */
static void pinned_ca_of_another(struct site *s)
{
    char directory[128];
    struct site other;
    open_site(&other);
    uint8_t hash[HASH_SIZE];
    struct plat *newcomer = make_plat(fresh_directory(directory), false, 4, 0);
    authority_hash(other.server, hash);
    credential_pin(newcomer, hash);
    const mbedtls_x509_crt *foreign = &other.server->tls->authority->ca;
    CHECK(mbedtls_x509_crt_parse_der(&s->server->tls->authority->chain, foreign->raw.p,
                                     foreign->raw.len) == 0);
    check_refused(s, newcomer, PLAT_TLS_PINNED, "is of another CA");
    end_plat(newcomer);
    end_plat(other.server);
}

static void foreign(struct site *s)
{
    char directory[128];
    struct site other;
    open_site(&other);
    struct plat *agent = make_agent(other.server, fresh_directory(directory), "stranger", 128);
    check_refused(s, agent, PLAT_TLS, "is of another CA");
    /* A client that would not mind: what does the server say? */
    struct credential *k = &agent->tls->credentials[0];
    const mbedtls_x509_crt *ca = &s->server->tls->authority->ca;
    CHECK(mbedtls_x509_crt_parse_der(&k->ca, ca->raw.p, ca->raw.len) == 0);
    check_visit(s, agent, PLAT_TLS, ERR_DENIED, "");
    CHECK(k->ticket_size == 0);
    check_visit(s, agent, PLAT_TLS, ERR_DENIED, "");
    end_plat(agent);
    end_plat(other.server);
}

static void bad_dates(struct site *s)
{
    char directory[128];
    struct plat *agent = make_agent(s->server, fresh_directory(directory), "late", 128);
    reissue(s, agent, CERTIFICATE_AGENT, -2 * DAY_S, -DAY_S);
    check_visit(s, agent, PLAT_TLS, ERR_DENIED, "");
    reissue(s, agent, CERTIFICATE_AGENT, DAY_S, 2 * DAY_S);
    check_visit(s, agent, PLAT_TLS, ERR_DENIED, "");
    reissue(s, agent, CERTIFICATE_SERVER, -DAY_S, DAY_S);
    check_visit(s, agent, PLAT_TLS, ERR_DENIED, "");
    reissue(s, agent, CERTIFICATE_AGENT, -DAY_S, DAY_S);
    check_visit(s, agent, PLAT_TLS, 4, "late");
    end_plat(agent);
}

/* An agent whose name is the server's is still no server. */
static void agent_as_server(struct site *unused)
{
    (void)unused;
    char directory[128];
    uint8_t der[CERTIFICATE_SIZE_MAX];
    struct site s;
    open_site(&s);
    struct plat *agent = make_agent(s.server, fresh_directory(directory), "victim", 128);
    struct authority *a = s.server->tls->authority;
    int64_t now_s = plat_wall(agent).ns / NS_PER_S;
    int n = certificate_make(s.server,
                             &(struct certificate_order){.use = CERTIFICATE_AGENT,
                                                         .common_name = SERVER_NAME,
                                                         .issuer = &a->ca,
                                                         .subject_key = &a->server_key,
                                                         .issuer_key = &a->ca_key,
                                                         .from_s = now_s - DAY_S,
                                                         .until_s = now_s + DAY_S},
                             der, sizeof der);
    mbedtls_x509_crt_free(&a->chain);
    CHECK(n > 0 && mbedtls_x509_crt_parse_der(&a->chain, der, (size_t)n) == 0);
    CHECK(mbedtls_x509_crt_parse_der(&a->chain, a->ca.raw.p, a->ca.raw.len) == 0);
    a->chain.ext_types &= ~MBEDTLS_X509_EXT_EXTENDED_KEY_USAGE; /* its own side would refuse it, too */
    check_refused(&s, agent, PLAT_TLS, "not meant for this use");
    check_refused(&s, agent, PLAT_TLS_PINNED, "not meant for this use");
    end_plat(agent);
    end_plat(s.server);
}

/* --- resumption --- */

static void check_handshakes(struct site *s, uint64_t full, uint64_t resumed)
{
    struct plat_linux_stats st = stats_of(s->server);
    if (st.handshakes_full != full || st.handshakes_resumed != resumed)
        fprintf(stderr, "full %llu resumed %llu\n", (unsigned long long)st.handshakes_full,
                (unsigned long long)st.handshakes_resumed);
    CHECK(st.handshakes_full == full && st.handshakes_resumed == resumed);
}

static void resumption(void)
{
    char directory[128], other_directory[128];
    struct site s;
    open_site(&s);
    struct plat *agent = make_agent(s.server, fresh_directory(directory), "alpha", 128);
    struct plat *other = make_agent(s.server, fresh_directory(other_directory), "beta", 128);
    check_visit(&s, agent, PLAT_TLS, 5, "alpha");
    check_visit(&s, other, PLAT_TLS, 4, "beta");
    check_handshakes(&s, 2, 0);
    check_visit(&s, agent, PLAT_TLS, 5, "alpha");
    check_visit(&s, other, PLAT_TLS, 4, "beta");
    check_visit(&s, agent, PLAT_TLS, 5, "alpha"); /* with the ticket of a resumed session */
    check_handshakes(&s, 2, 3);

    end_plat(s.server); /* the aggregator restarts */
    s.server = make_plat(s.directory, true, 256, 0);
    CHECK(authority_open(s.server) == ERR_OK);
    s.listener = plat_listen(s.server, s.address, PLAT_TLS);
    CHECK(s.listener >= 0);
    check_visit(&s, agent, PLAT_TLS, 5, "alpha");
    check_handshakes(&s, 0, 1);

    struct ticket_key *keys = s.server->tls->authority->tickets;
    keys[0].made_s -= DAY_S + 1; /* a day passes: the next ticket is sealed with a new key */
    check_visit(&s, agent, PLAT_TLS, 5, "alpha");
    CHECK(keys[1].made_s != 0 && memcmp(keys[0].key, keys[1].key, 32) != 0);
    check_visit(&s, other, PLAT_TLS, 4, "beta"); /* the old one is still accepted */
    check_handshakes(&s, 0, 3);
    keys[0].made_s -= 2 * DAY_S;
    keys[1].made_s -= 2 * DAY_S;
    check_visit(&s, agent, PLAT_TLS, 5, "alpha");
    check_handshakes(&s, 1, 3);
    end_plat(agent);
    end_plat(other);
    end_plat(s.server);
}

/* A ticket whose age is wrong is taken for nothing: neither the session nor the name in it. */
static void stale_ticket_without_certificate(struct site *s)
{
    char directory[128];
    struct plat *agent = make_agent(s->server, fresh_directory(directory), "gamma", 128);
    check_visit(s, agent, PLAT_TLS, 5, "gamma");
    struct credential *k = &agent->tls->credentials[0];
    CHECK(k->ticket_size > 0);
    mbedtls_ssl_session session;
    size_t size;
    mbedtls_ssl_session_init(&session);
    CHECK(mbedtls_ssl_session_load(&session, k->ticket, k->ticket_size) == 0);
    session.ticket_reception_time -= 100000;
    CHECK(mbedtls_ssl_session_save(&session, k->ticket, sizeof k->ticket, &size) == 0);
    mbedtls_ssl_session_free(&session);
    /* And the client has no certificate to show. */
    mbedtls_ssl_config_free(&k->config);
    CHECK(session_config(agent, &k->config, MBEDTLS_SSL_IS_CLIENT) == ERR_OK);
    mbedtls_ssl_conf_ca_chain(&k->config, &k->ca, NULL);
    mbedtls_ssl_conf_session_tickets(&k->config, MBEDTLS_SSL_SESSION_TICKETS_ENABLED);
    uint64_t resumed = stats_of(s->server).handshakes_resumed;
    check_visit(s, agent, PLAT_TLS, 0, "");
    CHECK(stats_of(s->server).handshakes_resumed == resumed);
    end_plat(agent);
}

static void forged_ticket(struct site *s)
{
    char directory[128];
    struct plat *agent = make_agent(s->server, fresh_directory(directory), "delta", 128);
    struct credential *k = &agent->tls->credentials[0];
    uint64_t resumed = stats_of(s->server).handshakes_resumed;
    for (uint32_t i = 0; i < 24; i++) { /* all over the ticket, which is saved last */
        check_visit(s, agent, PLAT_TLS, 5, "delta");
        CHECK(k->ticket_size > 150);
        k->ticket[k->ticket_size - 1 - i * 5] ^= 0x40;
    }
    CHECK(stats_of(s->server).handshakes_resumed == resumed);
    end_plat(agent);
}

/* --- other peers --- */

static void not_tls(struct site *s)
{
    char directory[128], byte;
    struct plat *client = make_plat(fresh_directory(directory), false, 4, 0);
    int peer, conn = plat_connect(client, s->address, PLAT_PLAIN);
    work(s->server, client, 1);
    CHECK(conn >= 0 && plat_is_open(client, conn));
    CHECK(plat_send(client, conn, "GET / HTTP/1.1\r\n\r\n", 18) == 18);
    peer = plat_accept(s->server, s->listener);
    CHECK(peer >= 0);
    work(s->server, client, 5);
    printf("  server says: %s\n", plat_why(s->server, peer));
    CHECK(!plat_is_open(s->server, peer) && plat_recv(s->server, peer, &byte, 1) == ERR_CLOSED);
    CHECK(strstr(plat_why(s->server, peer), "does not speak TLS") != NULL);
    plat_close(s->server, peer);
    plat_close(client, conn);
    end_plat(client);
}

static void many(struct site *s)
{
    enum { COUNT = 100 };
    char directory[128], id[IDENTITY_SIZE];
    struct plat *agent = make_agent(s->server, fresh_directory(directory), "crowd", 128);
    int conns[COUNT], peers[COUNT], accepted = 0, open = 0, peers_open = 0;
    for (int i = 0; i < COUNT; i++) {
        conns[i] = plat_connect(agent, s->address, PLAT_TLS);
        CHECK(conns[i] >= 0);
    }
    struct mono until = mono_after_ms(plat_mono(agent), 20000);
    while (open < COUNT || peers_open < COUNT) {
        CHECK(plat_wait(agent, mono_after_ms(plat_mono(agent), 1)) == ERR_OK);
        CHECK(plat_wait(s->server, mono_after_ms(plat_mono(agent), 1)) == ERR_OK);
        CHECK(s->server->handshakes[DOOR_AGENTS] <= s->server->limits.handshakes_max);
        int n;
        while ((n = plat_next_ready(s->server)) >= 0)
            peers_open += plat_is_open(s->server, n) ? 1 : 0;
        while ((n = plat_accept(s->server, s->listener)) >= 0)
            peers[accepted++] = n;
        while ((n = plat_next_ready(agent)) >= 0)
            open += plat_is_open(agent, n) ? 1 : 0;
        CHECK(!mono_reached(plat_mono(agent), until));
    }
    for (int i = 0; i < COUNT; i++)
        CHECK(plat_peer_identity(s->server, peers[i], id, sizeof id) == 5);
    CHECK(s->server->handshakes[DOOR_AGENTS] == 0 && s->server->queues[DOOR_AGENTS].count == 0);
    for (int i = 0; i < COUNT; i++) {
        plat_close(agent, conns[i]);
        plat_close(s->server, peers[i]);
    }
    end_plat(agent);
}

static void wait_for_listener(const char *address)
{
    char directory[128];
    struct plat *p = make_plat(fresh_directory(directory), false, 4, 0);
    for (int i = 0; i < 500; i++) {
        int conn = plat_connect(p, address, PLAT_PLAIN);
        CHECK(conn >= 0);
        while (!plat_is_open(p, conn) && plat_why(p, conn)[0] == '\0')
            CHECK(plat_wait(p, mono_after_ms(plat_mono(p), 10)) == ERR_OK);
        bool open = plat_is_open(p, conn);
        plat_close(p, conn);
        if (open)
            break;
        usleep(10000);
    }
    end_plat(p);
}

_Noreturn static void serve_alone(const struct site *s)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* does not outlive a test that fails */
    struct plat *server = make_plat(s->directory, true, 4, 0);
    int listener = authority_open(server) == ERR_OK ? plat_listen(server, s->address, PLAT_TLS) : -1;
    while (listener >= 0 && plat_wait(server, MONO_NEVER) == ERR_OK)
        for (int ready; (ready = plat_next_ready(server)) >= 0;)
            if (ready == listener)
                plat_accept(server, listener);
    _exit(1);
}

/* A server that answers before the client looks: the handshake is over in one call. Made certain by a
 * socket that waits until the whole answer is there. */
static void answered_at_once(struct site *unused)
{
    (void)unused;
    enum { ANSWER_SIZE = 1150 }; /* seven records; 1,182 bytes, less what signatures vary by */
    char directory[128];
    struct site s;
    open_site(&s);
    struct plat *agent = make_agent(s.server, fresh_directory(directory), "swift", 4);
    plat_close(s.server, s.listener);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0)
        serve_alone(&s);
    wait_for_listener(s.address);
    int conn = plat_connect(agent, s.address, PLAT_TLS), size = ANSWER_SIZE;
    CHECK(conn >= 0 && agent->conns[conn].fd >= 0);
    struct timeval limit = {.tv_sec = 5};
    fcntl(agent->conns[conn].fd, F_SETFL, 0);
    setsockopt(agent->conns[conn].fd, SOL_SOCKET, SO_RCVLOWAT, &size, sizeof size);
    setsockopt(agent->conns[conn].fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    bool told = false;
    for (int i = 0; i < 10 && !told; i++) {
        CHECK(plat_wait(agent, mono_after_ms(plat_mono(agent), 100)) == ERR_OK);
        told = plat_next_ready(agent) == conn;
    }
    CHECK(told && plat_is_open(agent, conn) && stats_of(agent).handshakes_full == 1);
    CHECK(agent->opening.count == 0);
    CHECK(kill(child, SIGKILL) == 0 && waitpid(child, NULL, 0) == child);
    end_plat(agent);
    end_plat(s.server);
}

/* Two agents in one program, as in a load generator. */
static void two_credentials(struct site *s)
{
    char directory[128];
    struct plat *p = make_agent(s->server, fresh_directory(directory), "first", 128);
    plat_linux_use_credential(p, 2);
    CHECK(credential_load(p) == ERR_MISSING);
    uint8_t request[CERTIFICATE_SIZE_MAX], der[CERTIFICATE_SIZE_MAX];
    const mbedtls_x509_crt *ca = &s->server->tls->authority->ca;
    int n = credential_request(p, "third", request, sizeof request);
    n = authority_sign(s->server, request, (uint32_t)n, "third", LIFE_S, der, sizeof der);
    CHECK(n > 0 && credential_store(p, der, (uint32_t)n, ca->raw.p, (uint32_t)ca->raw.len) == ERR_OK);
    check_visit(s, p, PLAT_TLS, 5, "third");
    plat_linux_use_credential(p, 0);
    check_visit(s, p, PLAT_TLS, 5, "first");
    plat_linux_use_credential(p, 2);
    check_visit(s, p, PLAT_TLS, 5, "third");
    end_plat(p);
}

int main(void)
{
    char directory[128];
    struct plat *arena = make_plat(fresh_directory(directory), false, 4, SITE_ARENA);
    struct site s;
    open_site(&s);
    uint64_t high, before, after;
    static const struct {
        const char *name;
        void (*run)(struct site *);
    } tests[] = {
        {"many", many}, /* first: the library keeps its table of keys at the largest size it had */
        {"many again", many},
        {"mutual", mutual},
        {"without_certificate", without_certificate},
        {"foreign", foreign},
        {"bad_dates", bad_dates},
        {"agent_as_server", agent_as_server},
        {"stale_ticket_without_certificate", stale_ticket_without_certificate},
        {"forged_ticket", forged_ticket},
        {"not_tls", not_tls},
        {"answered_at_once", answered_at_once},
        {"two_credentials", two_credentials},
        {"pinned_ca_of_another", pinned_ca_of_another}, /* last: leaves a certificate behind */
    };
    for (size_t i = 0; i < COUNT_OF(tests); i++) {
        plat_linux_tls_use(arena, &high, &before);
        tests[i].run(&s);
        plat_linux_tls_use(arena, &high, &after);
        CHECK(after <= before || i == 0 || i == COUNT_OF(tests) - 1); /* all is given back */
        passed(tests[i].name);
    }
    resumption();
    passed("resumption");
    end_plat(s.server);
    end_plat(arena);
    return 0;
}
