/* SPDX-License-Identifier: MIT */
/* What TLS costs a server: CPU of a full and of a resumed handshake, of a message, memory of a session.
 *
 * Both sides run in this process; only the time inside the server's calls is counted. */
#include "platform/linux/plat.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tests/unit/platform/linux/pair.h"

struct scene {
    struct plat *server, *client;
    int listener;
    int64_t server_ns;
    char address[64];
};

static int64_t cpu_ns(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * NS_PER_S + t.tv_nsec;
}

/* Accepts, reads and answers what there is; returns how many connections have become open. */
static int serve(struct scene *s)
{
    char buf[4096];
    int64_t start = cpu_ns();
    int opened = 0, ready;
    plat_wait(s->server, plat_mono(s->server));
    while ((ready = plat_next_ready(s->server)) >= 0) {
        if (ready == s->listener) {
            while (plat_accept(s->server, s->listener) >= 0)
                continue;
            continue;
        }
        int n = plat_recv(s->server, ready, buf, sizeof buf);
        if (n > 0)
            plat_send(s->server, ready, "ack", 3);
        else if (n == ERR_CLOSED)
            plat_close(s->server, ready);
        else
            opened += plat_is_open(s->server, ready) ? 1 : 0;
    }
    s->server_ns += cpu_ns() - start;
    return opened;
}

static void read_dry(struct plat *p)
{
    char buf[256];
    int ready;
    plat_wait(p, plat_mono(p));
    while ((ready = plat_next_ready(p)) >= 0)
        while (plat_recv(p, ready, buf, sizeof buf) > 0)
            continue;
}

static void handshakes(struct scene *s, int count, bool resume)
{
    s->server_ns = 0;
    for (int i = 0; i < count; i++) {
        int conn = plat_connect(s->client, s->address, PLAT_TLS);
        int opened = 0;
        while (opened == 0 || !plat_is_open(s->client, conn)) {
            read_dry(s->client);
            opened += serve(s);
        }
        read_dry(s->client);
        if (!resume)
            CHECK(credential_load(s->client) == ERR_OK); /* forgets the ticket */
        plat_close(s->client, conn);
        serve(s);
    }
    printf("%-10s %6.3f ms of server CPU a handshake\n", resume ? "resumed" : "full",
           (double)s->server_ns / count / 1e6);
}

static void crowd(struct scene *s, int count, bool resume)
{
    uint64_t high, before, after;
    plat_linux_tls_use(s->server, &high, &before);
    int *conns = calloc((size_t)count, sizeof *conns);
    s->server_ns = 0;
    int64_t start = plat_mono(s->server).ns;
    for (int i = 0; i < count; i++)
        conns[i] = plat_connect(s->client, s->address, PLAT_TLS);
    int opened = 0;
    while (opened < count) {
        if (!resume)
            CHECK(credential_load(s->client) == ERR_OK); /* forgets the ticket */
        read_dry(s->client);
        opened += serve(s);
    }
    for (int i = 0; i < 10; i++) {
        read_dry(s->client);
        serve(s);
    }
    plat_linux_tls_use(s->server, &high, &after);
    printf("%d at once, %s: server CPU %.2f s, wall %.2f s (both sides)\n", count,
           resume ? "resumed" : "full", (double)s->server_ns / 1e9,
           (double)(plat_mono(s->server).ns - start) / 1e9);
    const int rounds = 10, size = 1000;
    char message[1000] = {0};
    s->server_ns = 0;
    for (int r = 0; r < rounds; r++) {
        for (int i = 0; i < count; i++)
            CHECK(plat_send(s->client, conns[i], message, (uint32_t)size) == size);
        for (int i = 0; i < 3; i++)
            serve(s);
        read_dry(s->client);
    }
    printf("message    %6.2f us of server CPU to receive %d bytes and answer 3\n",
           (double)s->server_ns / rounds / count / 1e3, size);
    uint64_t served;
    plat_linux_tls_use(s->server, &high, &after);
    for (int i = 0; i < count; i++)
        plat_close(s->client, conns[i]);
    plat_linux_tls_use(s->server, &high, &served);
    printf("memory     %6.2f KiB a session of the server, %.2f of the client\n",
           (double)(served - before) / count / 1024, (double)(after - served) / count / 1024);
    for (int i = 0; i < 5; i++)
        serve(s);
}

int main(int argc, char *argv[])
{
    uint64_t wanted = 200;
    if (argc > 1 && (!text_to_u64(argv[1], &wanted) || wanted == 0 || wanted > 10000)) {
        fprintf(stderr, "usage: tls [SESSIONS, 1 to 10000]\n");
        return 64;
    }
    int count = (int)wanted;
    char server_directory[128], client_directory[128];
    struct scene s = {0};
    struct memory_map *map = calloc(1, sizeof *map);
    const struct plat_linux_limits limits = {.conns_max = (uint32_t)count + 8,
                                             .dials_max = 2,
                                             .handshakes_max = 64,
                                             .texts_max = 1,
                                             .files_max = 1,
                                             .authority = true,
                                             .tls_arena_size = PLAT_LINUX_TLS_ARENA(2 * count, 128 + count)};
    fresh_directory(server_directory);
    memory_map_init(map, NULL, 0);
    plat_linux_reserve(map, &limits);
    uint64_t size = map->used;
    memory_map_init(map, plat_linux_memory(size), size);
    s.server = plat_linux_reserve(map, &limits);
    const struct plat_linux_options options = {.state_dir = server_directory, .log_level = LOG_WARN};
    CHECK(plat_linux_start(s.server, &options) == ERR_OK && authority_open(s.server) == ERR_OK);
    s.client = make_agent(s.server, fresh_directory(client_directory), "bench", (uint32_t)count + 8);
    s.listener = plat_listen(s.server, "127.0.0.1:0", PLAT_TLS);
    text_copy(s.address, sizeof s.address, plat_peer_address(s.server, s.listener));
    handshakes(&s, 100, false);
    handshakes(&s, 1, true);
    handshakes(&s, 100, true);
    crowd(&s, count, false);
    crowd(&s, count, true);
    struct plat_linux_stats st;
    plat_linux_stats(s.server, &st);
    printf("handshakes: %llu full, %llu resumed, %llu failed\n", (unsigned long long)st.handshakes_full,
           (unsigned long long)st.handshakes_resumed, (unsigned long long)st.handshakes_failed);
    plat_linux_stop(s.client);
    plat_linux_stop(s.server);
    return 0;
}
