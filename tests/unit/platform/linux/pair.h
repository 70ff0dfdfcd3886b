/* SPDX-License-Identifier: MIT */
/* A server and clients in one process over loopback, for the tests of platform/linux.
 *
 * They are static programs with the libraries that ship, so there is no cmocka here: CHECK ends the
 * program with the line that failed. */
#ifndef NEPHOS_TEST_LINUX_PAIR_H
#define NEPHOS_TEST_LINUX_PAIR_H

#include "platform/credentials.h"
#include "platform/linux/plat_linux.h"
#include "platform/linux/tls/certificate.h"

#define LIFE_S (INT64_C(90) * 86400) /* of certificates */
#define ARENA (UINT64_C(4) << 20)    /* of TLS */
#define SITE_ARENA (UINT64_C(16) << 20) /* the same, where many speak at a time */

#define CHECK(condition) check((condition), #condition, __FILE__, __LINE__)
void check(bool good, const char *condition, const char *file, int line);

/* Says so in the words of cmocka, which tools/run_units counts. */
void passed(const char *name);

struct named_test {
    const char *name;
    void (*run)(void);
};
/* Runs one after the other, and says so. */
void run_each(const struct named_test *tests, size_t count);
/* The same with an arena for TLS around it, as all that a program does: 0, for main() to return. */
int run_tests(const struct named_test *tests, size_t count);

/* A fresh directory below the test's own, removed at the end of the program. */
const char *fresh_directory(char to[static 128]);

/* The first plat of a program must have an arena. One without an authority takes signals. */
struct plat *make_plat(const char *directory, bool authority, uint32_t conns_max, uint64_t arena_size);
struct plat *make_plat_of(const char *directory, const struct plat_linux_limits *limits);
void end_plat(struct plat *p);
struct plat_linux_stats stats_of(struct plat *p);

/* A client that has joined the server: key, certificate and CA in `directory`. */
struct plat *make_agent(struct plat *server, const char *directory, const char *name,
                        uint32_t conns_max);

/* Lets both sides work until `conn` of `p` is open or has failed, or five seconds have passed; the
 * server accepts what comes, and the newest connection it got is put into `accepted` (or -1). */
bool settle(struct plat *server, int listener, struct plat *p, int conn, int *accepted);
/* Lets both sides work for so long. */
void work(struct plat *a, struct plat *b, int ms);
/* Moves one message from one side to the other and compares it. */
void check_message(struct plat *from, int from_conn, struct plat *to, int to_conn, const char *text);

/* --- an aggregator's port, and who comes to it --- */

struct site {
    struct plat *server;
    int listener;
    char address[64];
    char directory[128];
};

void open_site(struct site *s);
/* Connects, checks what the server knows, exchanges a message each way, closes. */
void check_visit(struct site *s, struct plat *client, enum plat_security security, int identity_result,
                 const char *identity);
/* Connects and is told `why` not. */
void check_refused(struct site *s, struct plat *client, enum plat_security security, const char *why);
/* Gives the agent a certificate of the right CA for the name "late" with these dates, counted from now. */
void reissue(struct site *s, struct plat *agent, enum certificate_use use, int64_t from_s, int64_t until_s);

#endif
