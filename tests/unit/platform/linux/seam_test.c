/* SPDX-License-Identifier: MIT */
/* platform/linux without TLS's decisions: moving bytes, dialling, waiting. */
#define _GNU_SOURCE
#include "platform/linux/plat.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "tests/unit/platform/linux/pair.h"


struct scene {
    struct plat *server, *client;
    enum plat_security security;
    int listener, conn, peer;
    char server_directory[128], client_directory[128];
};

static void open_scene(struct scene *s, enum plat_security security)
{
    *s = (struct scene){.security = security};
    fresh_directory(s->server_directory);
    s->server = make_plat(s->server_directory, true, 8, 0);
    CHECK(authority_open(s->server) == ERR_OK);
    s->client = make_agent(s->server, fresh_directory(s->client_directory), "tester", 128);
    s->listener = plat_listen(s->server, "127.0.0.1:0", security);
    CHECK(s->listener >= 0);
    s->conn = plat_connect(s->client, plat_peer_address(s->server, s->listener), security);
    CHECK(s->conn >= 0);
    CHECK(settle(s->server, s->listener, s->client, s->conn, &s->peer));
    work(s->server, s->client, 5);
    char byte;
    CHECK(plat_recv(s->client, s->conn, &byte, 1) == ERR_AGAIN); /* takes the ticket in */
}

static void close_scene(struct scene *s)
{
    end_plat(s->client);
    end_plat(s->server);
}

static uint8_t byte_at(uint32_t i)
{
    return (uint8_t)(i * 2654435761U >> 13);
}

/* Is `conn` reported by the next wait? Takes every report. */
static bool reported(struct plat *p, int conn)
{
    bool found = false;
    CHECK(plat_wait(p, mono_after_ms(plat_mono(p), 20)) == ERR_OK);
    for (int ready; (ready = plat_next_ready(p)) >= 0;)
        found |= ready == conn;
    return found;
}

/* --- bytes --- */

/* Sends until the kernel takes no more; how much that was. */
static uint32_t fill(struct scene *s, uint32_t from)
{
    uint8_t chunk[5000];
    uint32_t sent = from;
    for (;;) {
        for (uint32_t i = 0; i < sizeof chunk; i++)
            chunk[i] = byte_at(sent + i);
        int n = plat_send(s->client, s->conn, chunk, sizeof chunk);
        if (n == ERR_AGAIN)
            return sent;
        CHECK(n > 0);
        sent += (uint32_t)n;
    }
}

static uint32_t empty(struct scene *s, uint32_t from)
{
    uint8_t chunk[3000];
    uint32_t got = from;
    for (;;) {
        int n = plat_recv(s->server, s->peer, chunk, sizeof chunk);
        if (n == ERR_AGAIN)
            return got;
        CHECK(n > 0);
        for (int i = 0; i < n; i++)
            CHECK(chunk[i] == byte_at(got + (uint32_t)i));
        got += (uint32_t)n;
    }
}

/* A sender that is faster than its receiver is told to wait, is told when there is room, and nothing is
 * lost, doubled or reordered. */
static void partial_sends(enum plat_security security)
{
    struct scene s;
    open_scene(&s, security);
    uint32_t sent = fill(&s, 0), got = 0;
    CHECK(sent > 100000);
    CHECK(!reported(s.client, s.conn));
    for (int round = 0; round < 5; round++) {
        uint32_t before = sent;
        struct mono until = mono_after_ms(plat_mono(s.client), 5000);
        bool told = false;
        while (!told || got < before) {
            if (reported(s.server, s.peer))
                got = empty(&s, got);
            told |= reported(s.client, s.conn);
            CHECK(!mono_reached(plat_mono(s.client), until));
        }
        sent = fill(&s, sent);
        CHECK(sent > before);
    }
    /* What plat_send took arrives even if nothing is sent any more. */
    struct mono until = mono_after_ms(plat_mono(s.client), 5000);
    while (got < sent) {
        (void)reported(s.client, s.conn);
        if (reported(s.server, s.peer))
            got = empty(&s, got);
        CHECK(!mono_reached(plat_mono(s.client), until));
    }
    CHECK(got == sent);
    (void)reported(s.client, s.conn); /* there is room again */
    CHECK(!reported(s.server, s.peer));
    CHECK(!reported(s.client, s.conn));
    close_scene(&s);
}

/* A receiver that takes a little at a time is reported to until nothing is left. */
static void read_in_bits(enum plat_security security)
{
    struct scene s;
    open_scene(&s, security);
    uint8_t message[7500], bit[70];
    for (uint32_t i = 0; i < sizeof message; i++)
        message[i] = byte_at(i);
    CHECK(plat_send(s.client, s.conn, message, sizeof message) == (int)sizeof message);
    uint32_t got = 0;
    while (got < sizeof message) {
        CHECK(reported(s.server, s.peer));
        int n = plat_recv(s.server, s.peer, bit, sizeof bit);
        CHECK(n > 0 && memcmp(bit, message + got, (size_t)n) == 0);
        got += (uint32_t)n;
        if (got > 4000 && got < 4200) { /* in the middle of what has been read from the socket */
            plat_pause(s.server, s.peer, true);
            CHECK(!reported(s.server, s.peer));
            plat_pause(s.server, s.peer, false);
        }
    }
    CHECK(got == sizeof message);
    (void)reported(s.server, s.peer);
    CHECK(!reported(s.server, s.peer));
    CHECK(plat_recv(s.server, s.peer, bit, sizeof bit) == ERR_AGAIN);
    close_scene(&s);
}

static void pause_and_end(enum plat_security security)
{
    struct scene s;
    char buf[16];
    open_scene(&s, security);
    plat_pause(s.server, s.peer, true);
    CHECK(plat_send(s.client, s.conn, "hello", 5) == 5);
    CHECK(!reported(s.server, s.peer));
    plat_close(s.client, s.conn); /* says goodbye while the other side is not listening */
    struct mono before = plat_mono(s.server);
    CHECK(!reported(s.server, s.peer));
    CHECK(plat_mono(s.server).ns - before.ns >= 15 * NS_PER_MS); /* slept, did not spin */
    plat_pause(s.server, s.peer, false);
    CHECK(reported(s.server, s.peer));
    CHECK(plat_recv(s.server, s.peer, buf, sizeof buf) == 5 && memcmp(buf, "hello", 5) == 0);
    CHECK(reported(s.server, s.peer));
    CHECK(plat_recv(s.server, s.peer, buf, sizeof buf) == ERR_CLOSED);
    CHECK(plat_recv(s.server, s.peer, buf, sizeof buf) == ERR_CLOSED);
    CHECK(strstr(plat_why(s.server, s.peer), "closed by the peer") != NULL);
    plat_close(s.server, s.peer);
    CHECK(s.server->conns_used == 1); /* the listener */
    close_scene(&s);
}

/* A client that has said all it will say, and listens: its answer arrives, and nobody spins meanwhile. */
static void half_closed(enum plat_security security)
{
    struct scene s;
    char buf[16];
    open_scene(&s, security);
    CHECK(plat_send(s.client, s.conn, "question", 8) == 8);
    CHECK(shutdown(s.client->conns[s.conn].fd, SHUT_WR) == 0);
    CHECK(reported(s.server, s.peer));
    CHECK(plat_recv(s.server, s.peer, buf, sizeof buf) == 8);
    CHECK(reported(s.server, s.peer));
    CHECK(plat_recv(s.server, s.peer, buf, sizeof buf) == ERR_CLOSED);
    struct mono before = plat_mono(s.server);
    CHECK(!reported(s.server, s.peer));
    CHECK(plat_mono(s.server).ns - before.ns >= 15 * NS_PER_MS);
    CHECK(plat_is_open(s.server, s.peer) && plat_send(s.server, s.peer, "answer", 6) == 6);
    CHECK(reported(s.client, s.conn));
    CHECK(plat_recv(s.client, s.conn, buf, sizeof buf) == 6 && memcmp(buf, "answer", 6) == 0);
    plat_close(s.client, s.conn); /* with nothing to read it is gone altogether */
    CHECK(plat_recv(s.server, s.peer, buf, sizeof buf) == ERR_CLOSED);
    close_scene(&s);
}

/* The first report of a silent connection comes at once, the next one on the next beat; what was not read dry
 * is reported without delay, an end like bytes. And by itself again, each is reported at once. */
static void gathered(enum plat_security security)
{
    struct scene s;
    uint8_t message[5000] = {0}, bit[700];
    open_scene(&s, security);
    plat_gather(s.server, s.peer, true);
    work(s.server, s.client, 5);
    while (plat_mono(s.server).ns % (PLAT_GATHER_MS * NS_PER_MS) > 5 * NS_PER_MS) {} /* a beat begins */
    CHECK(plat_send(s.client, s.conn, "first", 5) == 5);
    CHECK(reported(s.server, s.peer));
    struct mono first = plat_mono(s.server);
    CHECK(plat_recv(s.server, s.peer, bit, sizeof bit) == 5);
    CHECK(plat_send(s.client, s.conn, message, sizeof message) == (int)sizeof message);
    CHECK(!reported(s.server, s.peer));
    while (!reported(s.server, s.peer))
        CHECK(plat_mono(s.server).ns - first.ns < 5 * NS_PER_S);
    CHECK(plat_mono(s.server).ns - first.ns >= (PLAT_GATHER_MS - 40) * NS_PER_MS);
    for (uint32_t got = 0; got < sizeof message;) {
        int n = plat_recv(s.server, s.peer, bit, sizeof bit);
        CHECK(n > 0);
        got += (uint32_t)n;
        CHECK(got == sizeof message || reported(s.server, s.peer));
    }
    struct mono until = mono_after_ms(plat_mono(s.server), 2 * PLAT_GATHER_MS + 40);
    while (!mono_reached(plat_mono(s.server), until))
        (void)reported(s.server, s.peer);
    plat_gather(s.server, s.peer, false);
    for (uint32_t i = 0; i < 5; i++) {
        CHECK(plat_send(s.client, s.conn, "again", 5) == 5);
        CHECK(reported(s.server, s.peer));
        CHECK(plat_recv(s.server, s.peer, bit, sizeof bit) == 5);
    }
    plat_close(s.client, s.conn);
    CHECK(reported(s.server, s.peer));
    CHECK(plat_recv(s.server, s.peer, bit, sizeof bit) == ERR_CLOSED);
    plat_close(s.server, s.peer);
    CHECK(s.server->conns_used == 1);
    close_scene(&s);
}

/* The last words of a server that refuses arrive, although it has not read all that was sent to it. */
static void last_words(enum plat_security security)
{
    struct scene s;
    char buf[64];
    open_scene(&s, security);
    for (int i = 0; i < 20; i++)
        CHECK(plat_send(s.client, s.conn, "0123456789", 10) == 10);
    CHECK(reported(s.server, s.peer));
    CHECK(plat_send(s.server, s.peer, "no", 2) == 2);
    plat_close(s.server, s.peer);
    CHECK(reported(s.client, s.conn));
    CHECK(plat_recv(s.client, s.conn, buf, sizeof buf) == 2 && memcmp(buf, "no", 2) == 0);
    close_scene(&s);
}

static void full_table(void)
{
    struct scene s;
    open_scene(&s, PLAT_PLAIN);
    const char *address = plat_peer_address(s.server, s.listener);
    int conns[7];
    for (int i = 0; i < 7; i++)
        conns[i] = plat_connect(s.client, address, PLAT_PLAIN);
    work(s.client, s.client, 5);
    int accepted = 0, n;
    while ((n = plat_accept(s.server, s.listener)) >= 0)
        accepted++;
    CHECK(accepted == 6 && n == ERR_FULL); /* of 8: a listener, the scene's own, six more */
    struct plat_linux_stats stats;
    plat_linux_stats(s.server, &stats);
    CHECK(stats.conns_refused == 1);
    CHECK(plat_accept(s.server, s.listener) == ERR_AGAIN);
    char byte;
    CHECK(reported(s.client, conns[6]) && plat_recv(s.client, conns[6], &byte, 1) == ERR_CLOSED);
    close_scene(&s);
}

/* --- dialling --- */

static void check_fails(struct plat *p, const char *address, const char *why)
{
    int conn = plat_connect(p, address, PLAT_PLAIN);
    CHECK(conn >= 0);
    struct mono until = mono_after_ms(plat_mono(p), 30000);
    bool told = false;
    while (!told) {
        told = reported(p, conn);
        CHECK(!mono_reached(plat_mono(p), until));
    }
    printf("  %s\n", plat_why(p, conn));
    CHECK(!plat_is_open(p, conn) && strstr(plat_why(p, conn), why) != NULL);
    plat_close(p, conn);
}

static void dialling(void)
{
    struct scene s;
    open_scene(&s, PLAT_PLAIN);
    char named[64];
    snprintf(named, sizeof named, "localhost:%s",
             strrchr(plat_peer_address(s.server, s.listener), ':') + 1);
    int peer, conn = plat_connect(s.client, named, PLAT_PLAIN);
    CHECK(settle(s.server, s.listener, s.client, conn, &peer));
    CHECK(strncmp(plat_peer_address(s.client, conn), "127.0.0.1:", 10) == 0);
    CHECK(strncmp(plat_peer_address(s.server, peer), "127.0.0.1:", 10) == 0);
    check_message(s.client, conn, s.server, peer, "by name");

    check_fails(s.client, "127.0.0.1:1", "connection refused");
    CHECK(plat_connect(s.client, "127.0.0.1", PLAT_PLAIN) == ERR_MALFORMED);
    CHECK(plat_connect(s.client, ":7443", PLAT_PLAIN) == ERR_MALFORMED);
    CHECK(plat_connect(s.client, "a..b:7443", PLAT_PLAIN) == ERR_MALFORMED);
    CHECK(plat_connect(s.client, "::1:7443", PLAT_PLAIN) == ERR_MALFORMED);
    CHECK(plat_connect(s.client, "host:70000", PLAT_PLAIN) == ERR_MALFORMED);

    CHECK(plat_listen(s.server, plat_peer_address(s.server, s.listener), PLAT_PLAIN) == ERR_BUSY);
    CHECK(plat_listen(s.server, "192.0.2.1:0", PLAT_PLAIN) == ERR_MALFORMED);
    CHECK(plat_listen(s.server, "example.com:80", PLAT_PLAIN) == ERR_MALFORMED);
    close_scene(&s);
}

/* --- waiting --- */

static void waiting(void)
{
    char directory[128];
    struct plat *p = make_plat(fresh_directory(directory), false, 4, 0);
    struct mono before = plat_mono(p), deadline = mono_after_ms(before, 30);
    CHECK(plat_wait(p, deadline) == ERR_OK && plat_next_ready(p) == ERR_AGAIN);
    int64_t late_ns = plat_mono(p).ns - deadline.ns;
    CHECK(late_ns >= 0 && late_ns < 100 * NS_PER_MS);
    kill(getpid(), SIGTERM);
    CHECK(plat_wait(p, MONO_NEVER) == ERR_CLOSED);
    CHECK(plat_wait(p, mono_after_ms(plat_mono(p), 1)) == ERR_OK);
    kill(getpid(), SIGINT);
    CHECK(plat_wait(p, mono_after_ms(plat_mono(p), 5000)) == ERR_CLOSED);
    end_plat(p);
}

/* --- sockets of this machine --- */

static void a_socket_by_its_path(void)
{
    char directory[128], path[160];
    struct plat *p = make_plat(fresh_directory(directory), false, 8, 0);
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(path, sizeof path, "%s/manager", directory);
    CHECK(text_copy(at.sun_path, sizeof at.sun_path, path));
    CHECK(plat_connect(p, path, PLAT_PLAIN) == ERR_MISSING);
    CHECK(plat_connect(p, path, PLAT_TLS) == ERR_MALFORMED);
    int listener = socket(AF_UNIX, SOCK_STREAM, 0);
    CHECK(listener >= 0 && bind(listener, (struct sockaddr *)&at, sizeof at) == 0);
    CHECK(listen(listener, 1) == 0);
    int conn = plat_connect(p, path, PLAT_PLAIN);
    CHECK(conn >= 0 && plat_is_open(p, conn));
    CHECK(plat_send(p, conn, "question", 9) == 9);
    int peer = accept(listener, NULL, NULL);
    char got[16];
    CHECK(peer >= 0 && read(peer, got, sizeof got) == 9 && strcmp(got, "question") == 0);
    CHECK(plat_recv(p, conn, got, sizeof got) == ERR_AGAIN);
    while (reported(p, conn))
        CHECK(plat_recv(p, conn, got, sizeof got) == ERR_AGAIN);
    CHECK(write(peer, "answer", 7) == 7);
    CHECK(reported(p, conn) && plat_recv(p, conn, got, sizeof got) == 7 && strcmp(got, "answer") == 0);
    close(peer);
    CHECK(reported(p, conn) && plat_recv(p, conn, got, sizeof got) == ERR_CLOSED);
    plat_close(p, conn);
    close(listener);
    CHECK(plat_connect(p, path, PLAT_PLAIN) == ERR_MISSING); /* nobody listens any more */
    CHECK(unlink(path) == 0);
    end_plat(p);
}

int main(void)
{
    char directory[128];
    struct plat *arena = make_plat(fresh_directory(directory), false, 4, ARENA);
    static const struct {
        const char *name;
        void (*run)(enum plat_security);
    } bytes[] = {{"partial_sends", partial_sends},
                 {"read_in_bits", read_in_bits},
                 {"pause_and_end", pause_and_end},
                 {"half_closed", half_closed},
                 {"gathered", gathered},
                 {"last_words", last_words}};
    for (size_t i = 0; i < COUNT_OF(bytes); i++) {
        bytes[i].run(PLAT_PLAIN);
        bytes[i].run(PLAT_TLS);
        passed(bytes[i].name);
    }
    static const struct named_test others[] = {{"full_table", full_table},
                                               {"dialling", dialling},
                                               {"waiting", waiting},
                                               {"a_socket_by_its_path", a_socket_by_its_path}};
    run_each(others, COUNT_OF(others));
    end_plat(arena);
    return 0;
}
