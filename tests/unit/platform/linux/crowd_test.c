/* SPDX-License-Identifier: MIT */
/* More come than can be let in at once: whose turn it is, and who is told to come again. */
#include "platform/linux/tls/certificate.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/unit/platform/linux/pair.h"


/* In a crowd a hello may wait for seconds before it is looked at; its ticket is as good as the others'. */
static void late_turn(struct site *s)
{
    char directory[128];
    struct plat *agent = make_agent(s->server, fresh_directory(directory), "patient", 4);
    check_visit(s, agent, PLAT_TLS, 7, "patient");
    uint64_t resumed = stats_of(s->server).handshakes_resumed;
    int conn = plat_connect(agent, s->address, PLAT_TLS);
    CHECK(conn >= 0);
    for (int i = 0; i < 20; i++)
        CHECK(plat_wait(agent, mono_after_ms(plat_mono(agent), 2)) == ERR_OK);
    usleep(7000000); /* the library bears a difference of six seconds */
    int peer = plat_accept(s->server, s->listener);
    CHECK(peer >= 0);
    usleep(500000);
    for (int i = 0; i < 500 && !plat_is_open(s->server, peer); i++)
        work(s->server, agent, 2);
    CHECK(plat_is_open(s->server, peer) && stats_of(s->server).handshakes_resumed == resumed + 1);
    plat_close(agent, conn);
    plat_close(s->server, peer);
    end_plat(agent);
}

/* Who would wait longer than it is ready to is turned away in time, before anything was computed for it, and
 * comes again with the ticket that it has. */
static void turned_away(struct site *s)
{
    char directory[128];
    struct plat *agent = make_agent(s->server, fresh_directory(directory), "early", 4);
    check_visit(s, agent, PLAT_TLS, 5, "early");
    uint32_t turns = s->server->limits.handshakes_max;
    s->server->limits.handshakes_max = 0;
    int conn = plat_connect(agent, s->address, PLAT_TLS), peer = ERR_AGAIN;
    CHECK(conn >= 0);
    for (int i = 0; i < 500 && s->server->queues[DOOR_AGENTS].count == 0; i++) {
        work(s->server, agent, 2);
        peer = peer >= 0 ? peer : plat_accept(s->server, s->listener);
    }
    CHECK(peer >= 0 && s->server->queues[DOOR_AGENTS].count == 1);
    struct conn *c = &s->server->conns[peer];
    int64_t most_ms = (c->deadline.ns - c->accepted.ns) / NS_PER_MS;
    CHECK(most_ms > 0 && most_ms <= 60000 - 10000); /* an agent's patience, less a handshake */
    c->deadline = s->server->opening_deadline = plat_mono(s->server);
    work(s->server, agent, 2);
    CHECK(!plat_is_open(s->server, peer) && strstr(plat_why(s->server, peer), "too many") != NULL);
    plat_close(s->server, peer);
    for (int i = 0; i < 500 && plat_why(agent, conn)[0] == '\0'; i++)
        work(s->server, agent, 2);
    plat_close(agent, conn);
    s->server->limits.handshakes_max = turns;
    uint64_t resumed = stats_of(s->server).handshakes_resumed;
    check_visit(s, agent, PLAT_TLS, 5, "early");
    CHECK(stats_of(s->server).handshakes_resumed == resumed + 1);
    end_plat(agent);
}

/* Strangers who shake hands slowly at the public door take its turns, and none of the agents'. */
static void doors(struct site *s)
{
    enum { COUNT = 24, SHARE = 4 };
    char directory[128], words[200];
    struct text why;
    text_init(&why, words, sizeof words);
    s->server->limits.public_handshakes_max = SHARE;
    CHECK(authority_serve_own(s->server, "localhost", &why) == ERR_OK);
    int door = plat_listen(s->server, "127.0.0.1:0", PLAT_TLS_SERVER);
    CHECK(door >= 0);
    struct plat *stranger = make_plat(fresh_directory(directory), false, 32, 0);
    int conns[COUNT], peers[COUNT], accepted = 0;
    for (int i = 0; i < COUNT; i++)
        CHECK((conns[i] = plat_connect(stranger, plat_peer_address(s->server, door), PLAT_PLAIN)) >= 0);
    struct mono until = mono_after_ms(plat_mono(stranger), 20000);
    while (accepted < COUNT && !mono_reached(plat_mono(stranger), until)) {
        work(s->server, stranger, 1);
        for (int n; (n = plat_accept(s->server, door)) >= 0;)
            peers[accepted++] = n;
    }
    CHECK(accepted == COUNT);
    for (int i = 0; i < COUNT; i++)
        CHECK(plat_send(stranger, conns[i], "\x16\x03", 2) == 2); /* a hello begins like that */
    work(s->server, stranger, 50);
    CHECK(s->server->handshakes[DOOR_PUBLIC] == SHARE && s->server->handshakes[DOOR_AGENTS] == 0);
    CHECK(s->server->queues[DOOR_PUBLIC].count == COUNT - SHARE);
    struct plat *agent = make_agent(s->server, fresh_directory(directory), "unhurt", 4);
    check_visit(s, agent, PLAT_TLS, 6, "unhurt");
    end_plat(agent);
    CHECK(s->server->handshakes[DOOR_PUBLIC] == SHARE);
    for (int i = 0; i < COUNT; i++) {
        plat_close(stranger, conns[i]);
        plat_close(s->server, peers[i]);
    }
    CHECK(s->server->handshakes[DOOR_PUBLIC] == 0 && s->server->queues[DOOR_PUBLIC].count == 0);
    plat_close(s->server, door);
    s->server->limits.public_handshakes_max = 0;
    end_plat(stranger);
}

int main(void)
{
    char directory[128];
    struct plat *arena = make_plat(fresh_directory(directory), false, 4, SITE_ARENA);
    struct site s;
    open_site(&s);
    late_turn(&s);
    passed("late_turn");
    turned_away(&s);
    passed("turned_away");
    doors(&s);
    passed("doors");
    end_plat(s.server);
    end_plat(arena);
    return 0;
}
