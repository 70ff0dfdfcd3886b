/* SPDX-License-Identifier: MIT */
/* The inside of platform/linux: `struct plat`, and what its files tell each other.
 *
 * Connections, listeners and dials live in fixed tables. A connection goes this way:
 *
 *   plat_connect -> LOOKUP -(dial.c)-> CONNECT -(dial.c)-+
 *                                                        +-> HANDSHAKE -(wait.c)-> OPEN
 *   plat_accept -> HELLO -(wait.c)-> [queue] -(wait.c)---+       (plain: straight to OPEN)
 *
 *   plat_udp_listen -> DATAGRAMS
 *
 * and from any of them to FAILED (net.c: conn_fail), where it stays until plat_close. HELLO has no TLS
 * memory yet: a peer that never speaks costs a table slot only. */
#ifndef NEPHOS_LINUX_PLAT_H
#define NEPHOS_LINUX_PLAT_H

#include <errno.h>

#include "platform/base/text.h"
#include "platform/linux/dns.h"
#include "platform/linux/plat_linux.h"

#define NONE (-1)
#define PATH_SIZE 256U
#define WHY_SIZE 160U
#define ADDRESS_TEXT_SIZE 56U /* "[v6]:port" */

enum conn_state {
    CONN_FREE,
    CONN_LISTEN,
    CONN_DATAGRAMS,
    CONN_LOOKUP,    /* its dial asks for the name */
    CONN_FOUND,     /* it was to find addresses only, and has */
    CONN_CONNECT,   /* TCP is under way */
    CONN_HELLO,     /* accepted; the peer has said nothing yet, or waits for a handshake slot */
    CONN_HANDSHAKE,
    CONN_OPEN,
    CONN_FAILED,
};

/* Who shakes hands with us as a server. Each door has its own queue and its own turns, so that strangers at
 * the public one cannot keep agents out. */
enum door {
    DOOR_AGENTS, /* PLAT_TLS */
    DOOR_PUBLIC, /* PLAT_TLS_SERVER */
    DOORS,
};

/* A place in one of the lists below: indexes into the table of connections. */
struct link {
    int32_t next, prev;
    bool linked;
};
struct list {
    int32_t first, last;
    uint32_t count;
};

struct conn {
    int fd;
    uint8_t state;         /* enum conn_state */
    uint8_t security;      /* enum plat_security */
    bool server;           /* came from plat_accept */
    bool paused;
    bool want_write;       /* the program met ERR_AGAIN in plat_send, or TLS has bytes to flush */
    bool drained;          /* the last read emptied the socket: no need to ask again */
    bool ended;            /* the peer has said all it will say; it may still listen */
    bool hung_up;          /* the peer is gone while paused: kept out of epoll until resumed */
    bool turn;             /* holds one of handshakes_max */
    bool gathered;         /* watched by plat.gather */
    int events;            /* asked of epoll; NONE: not registered */
    uint32_t credential;   /* of a client */
    int32_t dial;          /* NONE once TCP is up */
    struct mono deadline;  /* of a connection in `opening` */
    struct mono accepted;  /* of a server's */
    struct link ready;     /* reported by plat_next_ready */
    struct link again;     /* to be reported after the next plat_wait: holds bytes already read */
    struct link opening;   /* has a deadline */
    struct link queue;     /* wants to begin its handshake */
    char peer[ADDRESS_TEXT_SIZE];
    char why[WHY_SIZE];
};

struct dial {
    int32_t conn;          /* NONE: free */
    char host[DNS_NAME_SIZE];
    uint16_t port;
    struct ip addresses[DNS_ADDRESSES_MAX];
    uint32_t address_count, address_next;
    /* the question under way */
    int fd;
    uint16_t id;           /* of the A question; AAAA has the next one */
    uint8_t candidate;     /* which of the names that the search list makes of `host` */
    uint8_t attempt;
    uint8_t waiting_for;   /* bits: 1 A, 2 AAAA */
    bool server_failed;    /* somebody answered "I cannot" */
    bool is_lookup;        /* nothing is to be connected */
};

/* One place in the program that logs, known by its format. */
struct log_site {
    const char *format;    /* NULL: free */
    struct mono since;     /* when its minute began */
    uint32_t lines;        /* in this minute */
    uint32_t left_out;     /* and not told yet */
};
/* More speak within a minute only when everything goes wrong; then the one longest quiet is forgotten. */
#define LOG_SITES 24U

struct log {
    enum log_level level;
    enum plat_log_format format;
    bool journal;          /* standard error is the journal's */
    uint32_t repeats;      /* of `last`, not yet told */
    enum log_level last_level;
    struct mono told;
    struct log_site sites[LOG_SITES];
    char last[256];
};

struct text_slot {
    int fd;                /* NONE: free */
};
struct file_slot {
    int fd;                /* NONE: free */
    bool is_new;           /* its name is not durable yet */
};

/* Bytes that one read took from a socket beyond what TLS asked for; of one connection at a time. */
struct stage {
    int32_t conn;          /* NONE: empty */
    uint32_t at, end;
    uint32_t size;
    uint8_t *bytes;
};
/* An agent receives little; an aggregator reads several records at a time from each of many. */
#define STAGE_SIZE_AGENT 2048U
#define STAGE_SIZE_SERVER 16384U

/* The connections that are reported together (plat_gather). While `armed`, the first of them that has
 * something wakes the program; then all are left alone until `until`, looked at, and so on until a
 * look finds nothing. */
struct gather {
    int fd;                /* an epoll set inside the other; NONE: not in this program */
    bool armed;
    struct mono until;
};

/* The service manager's socket (notify.c). */
struct notify {
    int fd;                /* NONE: nobody listens */
    int64_t period_ms;     /* how often it wants to hear that this program lives; 0: never */
    struct mono due;
};

struct tls;
struct http;

struct plat {
    struct plat_linux_limits limits;
    char root[64];
    const char *state_dir; /* the state or data directory, for words */
    int state_fd;          /* the same, open; NONE: none */
    int lock_fd;
    bool not_durable;
    int epoll_fd, signal_fd;
    int statm_fd;          /* /proc/self/statm; NONE: there is none */
    uint32_t signals;      /* enum plat_signal, not yet told */
    struct gather gather;
    struct notify notify;
    struct http *http;     /* outbound requests; NULL: not in this program */
    int outbound_fd;       /* readable when one of them is over; NONE */
    bool outbound_over;    /* one is; not told yet */
    bool has_excess;       /* for residence_shed() before the next sleep */
    struct log log;

    struct conn *conns;
    struct memory_line *conns_line;
    uint32_t conns_used;
    int32_t free_conn;     /* first of the free ones, chained by ready.next */
    struct list ready, again, opening;
    struct list queues[DOORS]; /* who waits to begin a handshake */
    struct mono opening_deadline; /* not later than the earliest in `opening` */
    uint32_t handshakes[DOORS]; /* turns taken */

    struct dial *dials;
    struct text_slot *texts;
    struct file_slot *files;
    struct stage stage;
    struct tls *tls;
    uint32_t credential;
    struct plat_linux_stats stats;
};

/* --- net.c: the table --- */

struct conn *conn_at(struct plat *p, int index);
int conn_index(const struct plat *p, const struct conn *c);
/* A new slot, or NULL. */
struct conn *conn_new(struct plat *p, enum plat_security security);
/* Sticky: keeps the first cause, leaves epoll, reports the connection ready. */
void conn_fail(struct plat *p, struct conn *c, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Tells epoll what the connection waits for, when that has changed. */
void conn_watch(struct plat *p, struct conn *c);
void conn_ready(struct plat *p, struct conn *c);
/* Sets the deadline of a connection that is not open yet. */
void conn_deadline(struct plat *p, struct conn *c, struct mono deadline);
enum door conn_door(const struct conn *c);
/* Goes on with the handshake as far as it gets now. */
void conn_shake_hands(struct plat *p, struct conn *c);
/* TCP is up: goes on with TLS, or is open. */
void conn_connected(struct plat *p, struct conn *c);
/* Bytes that have left the socket but not TLS, epoll knows nothing of: has them reported next time. */
void conn_note_more(struct plat *p, struct conn *c);
/* Reads from the socket: bytes, ERR_AGAIN, ERR_CLOSED. Through the stage when `ahead`. */
int conn_read(struct plat *p, struct conn *c, void *to, uint32_t size, bool ahead);
int conn_write(struct plat *p, struct conn *c, const void *from, uint32_t size);
/* Milliseconds since the peer of a server's connection said something, whether or not we have read it, also
 * before we accepted it. Where the kernel does not tell: since we have accepted it. */
int64_t conn_quiet_ms(struct plat *p, const struct conn *c);

/* --- list.c --- */

void list_init(struct list *l);
void list_push(struct plat *p, struct list *l, int32_t index, size_t link_offset);
void list_drop(struct plat *p, struct list *l, int32_t index, size_t link_offset);
#define LINK(name) offsetof(struct conn, name)

/* --- dial.c: from "HOST:PORT" to a connected socket --- */

int dial_start(struct plat *p, struct conn *c, const char *address);
/* The same for the path of a socket: open at once, or ERR_MISSING, ERR_DENIED, ERR_BUSY, ERR_MALFORMED. */
int dial_local(struct plat *p, struct conn *c, const char *path);
/* Only finds the addresses of "HOST:PORT": a connection that becomes CONN_FOUND (its dial has them) or fails,
 * or an error. */
int dial_lookup(struct plat *p, const char *address);
void dial_event(struct plat *p, uint32_t dial);      /* an answer about a name */
void dial_connected(struct plat *p, struct conn *c); /* the socket has become writable */
void dial_expired(struct plat *p, struct conn *c);
void dial_end(struct plat *p, struct conn *c);

/* --- address.c --- */

struct sockaddr_storage;
/* Splits "HOST:PORT" and "[V6]:PORT". ERR_MALFORMED. */
int address_split(const char *address, char *host, uint32_t host_size, uint16_t *port);
/* Fills in a socket address; its size. */
uint32_t address_socket(const struct ip *ip, uint16_t port, struct sockaddr_storage *out);
void address_text(const struct sockaddr_storage *from, char *to, uint32_t to_size);

/* --- state_file.c --- */

/* "tokens/5d1f": relative, at most one folder, nothing hidden. */
bool state_name_good(const char *name);
/* Waits until no other process holds `name`, then holds it: a descriptor to close, or an error. */
int state_hold(struct plat *p, const char *name);

/* --- host.c --- */

/* root + path, or ERR_FULL. */
int host_path(const struct plat *p, const char *path, char to[static PATH_SIZE]);

/* --- wait.c and log.c --- */

/* What an epoll event belongs to: a connection (its index alone), the signals, a dial's question, or the
 * gathered connections. */
#define WATCH_SIGNAL UINT64_C(0x100000000)
#define WATCH_DIAL UINT64_C(0x200000000)
#define WATCH_GATHER UINT64_C(0x400000000)
#define WATCH_OUTBOUND UINT64_C(0x800000000)
/* The set of gathered connections, if it can be had; without it each is watched by itself. */
void wait_start(struct plat *p);

/* --- residence.c --- */

/* Gives back the memory of code that has run and may not run again soon, and of a session that is not
 * open. */
void residence_shed(struct plat *p);
/* Tells about repeated lines that nothing else has flushed. */
void log_flush(struct plat *p, struct mono now);
void log_start(struct log *log, enum log_level level, enum plat_log_format format);

/* --- notify.c --- */

void notify_start(struct plat *p);

/* An errno in words. */
const char *errno_words(int error);

#endif
