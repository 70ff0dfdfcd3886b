/* SPDX-License-Identifier: MIT */
/* A server and clients in one process; see pair.h. */
#include "tests/unit/platform/linux/pair.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void check(bool good, const char *condition, const char *file, int line)
{
    if (good)
        return;
    fprintf(stderr, "%s:%d: not true: %s\n", file, line, condition);
    exit(1);
}

void passed(const char *name)
{
    printf("[       OK ] %s\n", name);
    fflush(stdout); /* a child must not say it again */
}

void run_each(const struct named_test *tests, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        tests[i].run();
        passed(tests[i].name);
    }
}

int run_tests(const struct named_test *tests, size_t count)
{
    char directory[128];
    struct plat *arena = make_plat(fresh_directory(directory), false, 4, ARENA);
    run_each(tests, count);
    end_plat(arena);
    return 0;
}

static void remove_directories(void)
{
    char command[128];
    snprintf(command, sizeof command, "rm -rf /tmp/nephos-test-%d", (int)getpid());
    CHECK(system(command) == 0);
}

const char *fresh_directory(char to[static 128])
{
    snprintf(to, 128, "/tmp/nephos-test-%d", (int)getpid());
    if (mkdir(to, 0700) == 0)
        atexit(remove_directories);
    snprintf(to, 128, "/tmp/nephos-test-%d/%s", (int)getpid(), "XX" "XX" "XX");
    CHECK(mkdtemp(to) != NULL);
    return to;
}

struct plat *make_plat(const char *directory, bool authority, uint32_t conns_max, uint64_t arena_size)
{
    const struct plat_linux_limits limits = {
        .conns_max = conns_max,
        .dials_max = conns_max,
        .handshakes_max = 16,
        .texts_max = 8,
        .files_max = 4,
        .credentials_max = authority ? 0 : 3,
        .authority = authority,
        .tls_arena_size = arena_size,
    };
    return make_plat_of(directory, &limits);
}

struct plat *make_plat_of(const char *directory, const struct plat_linux_limits *limits)
{
    struct memory_map *map = calloc(1, sizeof *map);
    memory_map_init(map, NULL, 0);
    plat_linux_reserve(map, limits);
    uint64_t size = map->used;
    memory_map_init(map, plat_linux_memory(size), size);
    struct plat *p = plat_linux_reserve(map, limits);
    const struct plat_linux_options options = {.state_dir = directory,
                                               .log_level = LOG_WARN,
                                               .takes_signals = !limits->authority,
                                               .not_durable = true};
    CHECK(plat_linux_start(p, &options) == ERR_OK);
    return p;
}

void end_plat(struct plat *p)
{
    plat_linux_stop(p);
}

struct plat_linux_stats stats_of(struct plat *p)
{
    struct plat_linux_stats s;
    plat_linux_stats(p, &s);
    return s;
}

struct plat *make_agent(struct plat *server, const char *directory, const char *name,
                        uint32_t conns_max)
{
    struct plat *p = make_plat(directory, false, conns_max, 0);
    uint8_t hash[HASH_SIZE], request[CERTIFICATE_SIZE_MAX], certificate[CERTIFICATE_SIZE_MAX];
    uint8_t ca[CERTIFICATE_SIZE_MAX];
    CHECK(credential_load(p) == ERR_MISSING);
    authority_hash(server, hash);
    credential_pin(p, hash);
    int request_size = credential_request(p, "whatever", request, sizeof request);
    CHECK(request_size > 0);
    int size =
        authority_sign(server, request, (uint32_t)request_size, name, LIFE_S, certificate,
                       sizeof certificate);
    int ca_size = authority_certificate(server, ca, sizeof ca);
    CHECK(size > 0 && ca_size > 0);
    CHECK(credential_store(p, certificate, (uint32_t)size, ca, (uint32_t)ca_size) == ERR_OK);
    return p;
}

void work(struct plat *a, struct plat *b, int ms)
{
    struct mono until = mono_after_ms(plat_mono(a), ms);
    while (!mono_reached(plat_mono(a), until)) {
        CHECK(plat_wait(a, mono_after_ms(plat_mono(a), 1)) == ERR_OK);
        CHECK(plat_wait(b, mono_after_ms(plat_mono(b), 1)) == ERR_OK);
        while (plat_next_ready(a) >= 0)
            continue;
        while (plat_next_ready(b) >= 0)
            continue;
    }
}

bool settle(struct plat *server, int listener, struct plat *p, int conn, int *accepted)
{
    struct mono until = mono_after_ms(plat_mono(p), 5000);
    *accepted = -1;
    for (;;) {
        CHECK(plat_wait(server, mono_after_ms(plat_mono(p), 1)) == ERR_OK);
        CHECK(plat_wait(p, mono_after_ms(plat_mono(p), 1)) == ERR_OK);
        while (plat_next_ready(p) >= 0)
            continue;
        int ready;
        while ((ready = plat_next_ready(server)) >= 0) {
            int n = ready == listener ? plat_accept(server, listener) : -1;
            if (n >= 0)
                *accepted = n;
        }
        bool server_done = *accepted >= 0 && (plat_is_open(server, *accepted) ||
                                              plat_why(server, *accepted)[0] != '\0');
        if (plat_why(p, conn)[0] != '\0')
            return false;
        if (plat_is_open(p, conn) && server_done)
            return true;
        CHECK(!mono_reached(plat_mono(p), until));
    }
}

void check_message(struct plat *from, int from_conn, struct plat *to, int to_conn, const char *text)
{
    char got[256] = "";
    uint32_t length = (uint32_t)strlen(text), have = 0;
    struct mono until = mono_after_ms(plat_mono(to), 5000);
    CHECK(plat_send(from, from_conn, text, length) == (int)length);
    while (have < length) {
        CHECK(plat_wait(to, mono_after_ms(plat_mono(to), 10)) == ERR_OK);
        int ready;
        while ((ready = plat_next_ready(to)) >= 0) {
            if (ready != to_conn)
                continue;
            int n = plat_recv(to, to_conn, got + have, sizeof got - 1 - have);
            CHECK(n > 0 || n == ERR_AGAIN);
            have += n > 0 ? (uint32_t)n : 0;
        }
        CHECK(!mono_reached(plat_mono(to), until));
    }
    CHECK(have == length && memcmp(got, text, length) == 0);
}

/* --- an aggregator's port --- */

void open_site(struct site *s)
{
    fresh_directory(s->directory);
    s->server = make_plat(s->directory, true, 256, 0);
    CHECK(authority_open(s->server) == ERR_OK);
    s->listener = plat_listen(s->server, "127.0.0.1:0", PLAT_TLS);
    CHECK(s->listener >= 0);
    snprintf(s->address, sizeof s->address, "%s", plat_peer_address(s->server, s->listener));
}

/* The server knows whose key it is, whether certificates were exchanged now or stand behind a ticket. */
static void check_key(struct plat *server, int peer, struct plat *client, bool is_known)
{
    uint8_t request[CERTIFICATE_SIZE_MAX], shown[HASH_SIZE], own[HASH_SIZE];
    int result = plat_peer_key(server, peer, shown);
    CHECK(result == (is_known ? ERR_OK : ERR_MISSING));
    if (!is_known)
        return;
    int size = credential_renewal(client, request, sizeof request);
    CHECK(size > 0);
    CHECK(authority_request_key(server, request, (uint32_t)size, own) == ERR_OK);
    CHECK(memcmp(shown, own, HASH_SIZE) == 0);
}

void check_visit(struct site *s, struct plat *client, enum plat_security security, int identity_result,
                 const char *identity)
{
    char id[IDENTITY_SIZE];
    int peer, conn = plat_connect(client, s->address, security);
    CHECK(conn >= 0);
    if (!settle(s->server, s->listener, client, conn, &peer))
        fprintf(stderr, "client: %s\n", plat_why(client, conn));
    CHECK(plat_is_open(client, conn) && plat_is_open(s->server, peer));
    CHECK(plat_peer_identity(s->server, peer, id, sizeof id) == identity_result);
    CHECK(strcmp(id, identity) == 0);
    check_key(s->server, peer, client, identity_result > 0);
    check_message(s->server, peer, client, conn, "who are you?");
    check_message(client, conn, s->server, peer, "an agent");
    if (identity_result == ERR_DENIED)
        printf("  server says: %s\n", plat_why(s->server, peer));
    plat_close(client, conn);
    work(s->server, client, 5);
    char byte;
    CHECK(plat_recv(s->server, peer, &byte, 1) == ERR_CLOSED);
    plat_close(s->server, peer);
}

void check_refused(struct site *s, struct plat *client, enum plat_security security, const char *why)
{
    int peer, conn = plat_connect(client, s->address, security);
    CHECK(conn >= 0);
    CHECK(!settle(s->server, s->listener, client, conn, &peer));
    printf("  client says: %s\n", plat_why(client, conn));
    CHECK(strstr(plat_why(client, conn), why) != NULL);
    CHECK(!plat_is_open(client, conn));
    char byte;
    CHECK(plat_send(client, conn, "x", 1) == ERR_CLOSED && plat_recv(client, conn, &byte, 1) == ERR_CLOSED);
    plat_close(client, conn);
    if (peer >= 0)
        plat_close(s->server, peer);
}

void reissue(struct site *s, struct plat *agent, enum certificate_use use, int64_t from_s, int64_t until_s)
{
    struct authority *a = s->server->tls->authority;
    struct credential *k = &agent->tls->credentials[0];
    uint8_t der[CERTIFICATE_SIZE_MAX];
    int64_t now_s = plat_wall(agent).ns / NS_PER_S;
    int n = certificate_make(s->server,
                             &(struct certificate_order){.use = use,
                                                         .common_name = "late",
                                                         .issuer = &a->ca,
                                                         .subject_key = &k->key,
                                                         .issuer_key = &a->ca_key,
                                                         .from_s = now_s + from_s,
                                                         .until_s = now_s + until_s},
                             der, sizeof der);
    CHECK(n > 0);
    CHECK(credential_store(agent, der, (uint32_t)n, a->ca.raw.p, (uint32_t)a->ca.raw.len) == ERR_OK);
}
