/* SPDX-License-Identifier: MIT */
/* platform/linux without TLS's decisions: moving bytes, waiting, dialling, files, texts. */
#define _GNU_SOURCE
#include "platform/linux/plat.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/platform/linux/pair.h"

#define ARENA (UINT64_C(4) << 20)

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

/* --- files --- */

static void state_files(void)
{
    char directory[128], path[256], buf[64];
    struct plat *p = make_plat(fresh_directory(directory), false, 4, 0);
    struct stat st;
    CHECK(plat_state_read(p, "a.key", buf, sizeof buf) == ERR_MISSING);
    CHECK(plat_state_write(p, "a.key", "secret", 6) == ERR_OK);
    CHECK(plat_state_write(p, "a.key", "newer", 5) == ERR_OK);
    CHECK(plat_state_read(p, "a.key", buf, sizeof buf) == 5 && memcmp(buf, "newer", 5) == 0);
    CHECK(plat_state_read(p, "a.key", buf, 5) == 5);
    CHECK(plat_state_read(p, "a.key", buf, 4) == ERR_FULL);
    snprintf(path, sizeof path, "%s/a.key", directory);
    CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0600);
    CHECK(plat_state_write(p, "tokens/5d1f", "x", 1) == ERR_OK);
    snprintf(path, sizeof path, "%s/tokens", directory);
    CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0700);
    CHECK(plat_state_read(p, "tokens/5d1f", buf, sizeof buf) == 1);
    CHECK(plat_state_delete(p, "tokens/5d1f") == ERR_OK);
    CHECK(plat_state_delete(p, "tokens/5d1f") == ERR_MISSING);
    CHECK(plat_state_write(p, "empty", "", 0) == ERR_OK && plat_state_read(p, "empty", buf, 1) == 0);
    CHECK(plat_state_read(p, "../a.key", buf, sizeof buf) == ERR_MISSING);

    static const char *const bad[] = {"", "/etc/passwd", "..", ".", "a/../b", "a/b/c", "a//b", "a/",
                                      "/a", ".hidden", "a/.b", "a b", "a\nb"};
    for (size_t i = 0; i < COUNT_OF(bad); i++)
        CHECK(!state_name_good(bad[i]));
    CHECK(state_name_good("a-b_c.d") && state_name_good("tokens/0f"));
    end_plat(p);

    snprintf(path, sizeof path, "%s/made", directory); /* absent directories are made, private */
    p = make_plat(path, false, 4, 0);
    CHECK(stat(path, &st) == 0 && (st.st_mode & 0777) == 0700);
    end_plat(p);
}

static void random_files(void)
{
    char directory[128];
    uint8_t buf[32];
    struct plat *p = make_plat(fresh_directory(directory), false, 4, 0);
    CHECK(!plat_file_exists(p, "nephos.db"));
    int f = plat_file_open(p, "nephos.db");
    CHECK(f >= 0 && plat_file_size(p, f) == 0);
    CHECK(plat_file_write(p, f, 5000, "tail", 4) == ERR_OK && plat_file_size(p, f) == 5004);
    CHECK(plat_file_sync(p, f) == ERR_OK);
    CHECK(plat_file_read(p, f, 4998, buf, sizeof buf) == 6 && memcmp(buf, "\0\0tail", 6) == 0);
    CHECK(plat_file_read(p, f, 6000, buf, sizeof buf) == 0);
    CHECK(plat_file_truncate(p, f, 5002) == ERR_OK && plat_file_size(p, f) == 5002);
    CHECK(plat_file_exists(p, "nephos.db"));
    plat_file_close(p, f);
    CHECK(plat_file_delete(p, "nephos.db") == ERR_OK && !plat_file_exists(p, "nephos.db"));

    CHECK(plat_data_lock(p) == ERR_OK && plat_data_lock(p) == ERR_OK);
    struct plat *second = make_plat(directory, false, 4, 0);
    CHECK(plat_data_lock(second) == ERR_BUSY);
    end_plat(p);
    CHECK(plat_data_lock(second) == ERR_OK);
    end_plat(second);
}

static void put_file(const char *root, const char *name, const char *text, size_t length)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", root, name);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    CHECK(fd >= 0 && write(fd, text, length) == (ssize_t)length);
    close(fd);
}

static void texts(void)
{
    char directory[128];
    char *big = malloc(10000), *read_back = malloc(10000);
    struct plat *p = make_plat(fresh_directory(directory), false, 4, 0);
    CHECK(text_copy(p->root, sizeof p->root, directory));
    memset(big, 'a', 10000);
    put_file(directory, "stat", "cpu 1 2 3\n", 10);
    int t = plat_text_open(p, "/stat");
    CHECK(t >= 0 && plat_text_read(p, t, read_back, 100) == 10);
    CHECK(memcmp(read_back, "cpu 1 2 3\n", 10) == 0);
    CHECK(plat_text_read(p, t, read_back, 10) == ERR_FULL); /* it cannot know that this was all */
    put_file(directory, "stat", big, 9000);
    CHECK(plat_text_read(p, t, read_back, 10000) == 9000);
    CHECK(plat_text_read(p, t, read_back, 5000) == ERR_FULL && read_back[4999] == 'a');
    CHECK(plat_text_open(p, "/absent") == ERR_MISSING);
    int others = 0;
    while (plat_text_open(p, "/stat") >= 0)
        others++;
    CHECK(others == 7);
    plat_text_close(p, t);
    CHECK(plat_text_open(p, "/stat") == t);
    end_plat(p);

    p = make_plat(directory, false, 4, 0);
    t = plat_text_open(p, "/proc/self/maps"); /* made of records: more than the kernel gives at once */
    CHECK(t >= 0 && plat_text_read(p, t, read_back, 10000) > 100);
    t = plat_text_open(p, "/proc/stat");
    int n = plat_text_read(p, t, read_back, 10000);
    CHECK(n > 100 && memcmp(read_back, "cpu ", 4) == 0 && read_back[n - 1] == '\n');
    end_plat(p);
    free(big);
    free(read_back);
}

static void host(void)
{
    char directory[128];
    struct plat_host h;
    struct plat_filesystem f;
    struct plat *p = make_plat(fresh_directory(directory), false, 4, 0);
    plat_host(p, &h);
    printf("  %s, %s, %s, %s, [%s], %u cpus, %llu bytes\n", h.hostname, h.os, h.kernel, h.architecture,
           h.machine_id, (unsigned)h.cpu_count, (unsigned long long)h.memory_bytes);
    CHECK(h.hostname[0] != '\0' && h.kernel[0] != '\0' && h.cpu_count > 0 && h.memory_bytes > 0);
    CHECK(plat_filesystem(p, "/", &f) == ERR_OK && f.total_bytes >= f.free_bytes && f.total_bytes > 0);
    CHECK(plat_filesystem(p, "/no/such/mount", &f) == ERR_MISSING);
    end_plat(p);
}

/* --- the authority's files --- */

/* Ten processes at once make one CA, whatever the order. */
static void one_authority(void)
{
    char directory[128];
    fresh_directory(directory);
    int pipes[2];
    CHECK(pipe(pipes) == 0);
    for (int i = 0; i < 10; i++) {
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) {
            uint8_t hash[HASH_SIZE];
            struct plat *p = make_plat(directory, true, 4, 0);
            if (authority_open(p) == ERR_OK) {
                authority_hash(p, hash);
                (void)!write(pipes[1], hash, sizeof hash);
            }
            _exit(0);
        }
    }
    uint8_t first[HASH_SIZE], next[HASH_SIZE];
    for (int i = 0; i < 10; i++) {
        int status;
        CHECK(wait(&status) > 0 && status == 0);
        CHECK(read(pipes[0], i == 0 ? first : next, HASH_SIZE) == (ssize_t)HASH_SIZE);
        CHECK(i == 0 || memcmp(first, next, HASH_SIZE) == 0);
    }
    close(pipes[0]);
    close(pipes[1]);
}

/* A kill after any of its files leaves what the next start completes, with the same CA if agents can
 * know it already. */
static void repaired_authority(void)
{
    static const char *const lost[] = {"ca.crt.der", "server.crt.der", "server.key.der", "ticket.key"};
    char directory[128];
    uint8_t hash[HASH_SIZE], again[HASH_SIZE];
    struct plat *p = make_plat(fresh_directory(directory), true, 4, 0);
    CHECK(authority_open(p) == ERR_OK);
    for (size_t i = 0; i < COUNT_OF(lost); i++) {
        authority_hash(p, hash);
        CHECK(plat_state_delete(p, lost[i]) == ERR_OK);
        end_plat(p);
        p = make_plat(directory, true, 4, 0);
        CHECK(authority_open(p) == ERR_OK);
        authority_hash(p, again);
        CHECK(i == 0 || memcmp(hash, again, HASH_SIZE) == 0);
        CHECK(plat_file_exists(p, lost[i]));
    }
    CHECK(plat_state_delete(p, "ca.key.der") == ERR_OK);
    end_plat(p);
    p = make_plat(directory, true, 4, 0);
    CHECK(authority_open(p) == ERR_MISSING); /* never silently another CA */
    end_plat(p);
}

static void requests(void)
{
    char directory[128], other[128];
    uint8_t request[CERTIFICATE_SIZE_MAX], der[CERTIFICATE_SIZE_MAX], hash[HASH_SIZE];
    uint8_t ca[CERTIFICATE_SIZE_MAX];
    struct plat *p = make_plat(fresh_directory(directory), true, 4, 0);
    struct plat *agent = make_plat(fresh_directory(other), false, 4, 0);
    CHECK(authority_open(p) == ERR_OK);
    int n = credential_request(agent, "x", request, sizeof request);
    CHECK(n > 0);
    for (int i = 0; i < n; i++) { /* whatever bit is changed, it is no longer signed */
        request[i] ^= 4;
        CHECK(authority_sign(p, request, (uint32_t)n, "x", der, sizeof der) == ERR_MALFORMED);
        request[i] ^= 4;
    }
    CHECK(authority_sign(p, request, (uint32_t)n - 1, "x", der, sizeof der) == ERR_MALFORMED);
    CHECK(authority_sign(p, request, (uint32_t)n, "", der, sizeof der) == ERR_MALFORMED);
    CHECK(authority_sign(p, request, (uint32_t)n, "a,CN=b", der, sizeof der) == ERR_MALFORMED);
    int size = authority_sign(p, request, (uint32_t)n, "x", der, sizeof der);
    int ca_size = authority_certificate(p, ca, sizeof ca);
    CHECK(size > 0 && ca_size > 0);
    authority_hash(p, hash);
    hash[0] ^= 1;
    credential_pin(agent, hash);
    CHECK(credential_store(agent, der, (uint32_t)size, ca, (uint32_t)ca_size) == ERR_DENIED);
    hash[0] ^= 1;
    credential_pin(agent, hash);
    CHECK(credential_store(agent, ca, (uint32_t)ca_size, ca, (uint32_t)ca_size) == ERR_MALFORMED);
    der[size - 1] ^= 1;
    CHECK(credential_store(agent, der, (uint32_t)size, ca, (uint32_t)ca_size) == ERR_MALFORMED);
    CHECK(credential_load(agent) == ERR_MISSING);
    der[size - 1] ^= 1;
    CHECK(credential_store(agent, der, (uint32_t)size, ca, (uint32_t)ca_size) == ERR_OK);
    CHECK(plat_state_write(agent, "ca.crt.der", ca, (uint32_t)ca_size - 1) == ERR_OK);
    CHECK(credential_load(agent) == ERR_MALFORMED);
    end_plat(agent);
    end_plat(p);
}

int main(void)
{
    char directory[128];
    struct plat *arena = make_plat(fresh_directory(directory), false, 4, ARENA);
    static void (*const bytes[])(enum plat_security) = {partial_sends, read_in_bits, pause_and_end,
                                                        last_words};
    for (size_t i = 0; i < COUNT_OF(bytes); i++) {
        printf("bytes %zu\n", i);
        bytes[i](PLAT_PLAIN);
        bytes[i](PLAT_TLS);
    }
    static void (*const others[])(void) = {full_table,    dialling, waiting, state_files,
                                           random_files,  texts,    host,    one_authority,
                                           repaired_authority, requests};
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        printf("other %zu\n", i);
        others[i]();
    }
    end_plat(arena);
    printf("ok\n");
    return 0;
}
