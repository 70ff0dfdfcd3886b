/* SPDX-License-Identifier: MIT */
/* Inside the simulated platform: what a world, a machine, a connection and a file are made of.
 *
 * world.c keeps time and machines, net.c connections, disk.c files, proc.c the texts of /proc, and
 * credentials.c keys and certificates. Only they include this. */
#ifndef NEPHOS_SIM_WORLD_H
#define NEPHOS_SIM_WORLD_H

#include "platform/sim/sim.h"

#define SEGMENTS_MAX 128U
#define LINKS_MAX 512U
#define BACKLOG_MAX 128U
#define MAILBOX_SIZE 65536U
#define FILE_NAME_SIZE 96U
#define FILES_MAX 128U
#define OPEN_FILES_MAX 32U
#define TEXTS_MAX 128U
#define TEXT_PATH_SIZE 128U
#define TEXT_SIZE 2048U

/* --- network --- */

/* One direction of a connection. Offsets count bytes since the connection began. */
struct flow {
    uint8_t *bytes;          /* SIM_WINDOW_MAX, offset modulo that */
    uint64_t sent, arrived, read;
    struct segment {
        int64_t at_ns;
        uint64_t end;
    } segments[SEGMENTS_MAX]; /* on their way, oldest first */
    uint32_t segment_first, segment_count;
    int64_t last_ns;         /* arrival of the newest segment: order is kept */
    int64_t busy_ns;         /* a slow line is busy until then */
    int64_t fin_ns;          /* end of the stream arrives; SIM_NEVER while open */
};

struct side {
    struct plat *machine;
    int conn;                /* slot on that machine; -1 before accept and after close */
    uint32_t incarnation;    /* of the machine's process */
    bool closed;             /* this side will never read or write again */
    bool dark;               /* its machine lost power with the connection open */
    int64_t open_ns;
    int64_t fail_ns;         /* this side learns of a failure; SIM_NEVER when it does not */
    bool reset;              /* the failure is a reset that discards what has not arrived */
    char why[200];
    int identity;            /* length, 0 or ERR_DENIED: what the peer's certificate says */
    char peer_id[64];
    uint8_t peer_key[32];    /* its hash, when there is an identity */
    char peer_address[32];
};

struct link {
    bool used;
    uint64_t serial;         /* never used twice in a world */
    enum plat_security security;
    struct side side[2];     /* 0 connected, 1 accepted */
    struct flow flow[2];     /* [s] carries bytes from side s */
    uint16_t port;
    int64_t syn_ns;          /* arrives at the listener; SIM_NEVER once it has */
    int64_t timeout_ns;      /* SIM_NEVER once open */
    bool queued;             /* waits in a listener's backlog */
};

/* Datagrams that wait at a socket, oldest first; each is two bytes of length and its bytes. */
struct mailbox {
    uint32_t used, dropped;
    uint8_t bytes[MAILBOX_SIZE];
};

struct slot { /* what a program knows as a connection index */
    enum { SLOT_FREE, SLOT_LISTENER, SLOT_LINK, SLOT_DATAGRAMS } kind;
    uint32_t link;
    uint32_t side;
    bool paused, want_write, open_told, fail_told, eof_told;
    /* listener */
    char address[80];
    uint16_t port;
    bool loopback;
    enum plat_security security;
    uint32_t backlog[BACKLOG_MAX];
    uint32_t backlog_count;
    /* datagrams */
    struct mailbox *mailbox;
};

/* --- disk --- */

struct image {
    uint8_t *bytes;
    int64_t size, capacity;
};

struct file {
    char name[FILE_NAME_SIZE];
    bool exists;             /* as programs see it */
    bool durable;            /* the directory entry would survive a power cut */
    struct image now;        /* as programs read it */
    struct image synced;
    uint8_t *log;            /* unsynced: int64 offset, size (-1: truncate), time; bytes */
    int64_t log_size, log_capacity;
};

/* --- /proc --- */

struct text_entry {
    char path[TEXT_PATH_SIZE];
    int kind;                /* enum of proc.c, or -1 for an override */
    bool open;
    char *override;
    uint32_t length;         /* of the override */
};

/* --- requests to services elsewhere --- */

#define REQUESTS_MAX 8U
struct outgoing {
    bool is_used, is_over;
    uint32_t incarnation, reply_status;
    char *method, *url, *headers, *body; /* copies */
    uint32_t body_size;
    int64_t started_ns, arrives_at_ns, answered_at_ns, fails_at_ns; /* SIM_NEVER */
    struct plat_answer answer;
    char *reply;             /* the answer's body on its way */
    char *brought;           /* where it goes to: `own`, or the caller's memory */
    uint32_t brought_size;
    char own[PLAT_ANSWER_SIZE + 1];
};

struct credential {
    bool loaded;
    uint8_t key[HASH_SIZE];
    uint8_t certificate[256];
    uint32_t certificate_size;
    uint8_t ca[64];
    uint32_t ca_size;
    uint8_t pin[HASH_SIZE];
    bool expired;
    uint8_t authority[64];   /* CA certificate of an aggregator */
    uint32_t authority_size; /* 0: not opened */
};

struct plat {
    struct sim_world *world;
    char name[64];
    uint32_t number, boot, incarnation;
    bool alive, dark;
    int64_t boot_ns;         /* world time of the last boot */
    int64_t wall_offset_ns;
    int32_t wall_drift_ppm;
    struct plat_clock clock;
    int64_t suspended_ms;
    uint32_t signals;        /* enum plat_signal, not yet told */
    int64_t deadline_ns;
    uint32_t doom_effects;   /* 0: not doomed */
    enum sim_death doom_how;
    struct sim_weather weather;
    uint64_t random[4];
    /* net.c */
    struct slot slots[SIM_CONNECTIONS_MAX];
    uint32_t slot_end, ready_next, ready_left;
    uint16_t port_next;
    /* disk.c */
    struct file *files[FILES_MAX];
    uint32_t file_count;
    int open_files[OPEN_FILES_MAX]; /* index into files, plus one; 0 free */
    bool disk_full, lock_busy;
    uint32_t disk_good, disk_bad;
    /* proc.c */
    struct text_entry texts[TEXTS_MAX];
    uint32_t text_count;
    struct sim_proc proc;
    int64_t proc_second;     /* that `proc` is of; -1 none */
    /* outbound.c */
    struct outgoing requests[REQUESTS_MAX];
    /* credentials.c */
    struct credential credential;
};

struct sim_world {
    uint64_t seed, random[4];
    int64_t now_ns;
    uint64_t trace;
    struct plat *machines[SIM_MACHINES_MAX];
    uint32_t machine_count;
    struct link *links[LINKS_MAX];
    uint32_t link_count;     /* slots of `links` ever used */
    uint64_t link_serial;
    int64_t blocked_ns[SIM_MACHINES_MAX][SIM_MACHINES_MAX]; /* [from][to] until */
    bool event_known;
    int64_t event_ns;
    bool proc_brief;
    void (*log_sink)(void *, struct plat *, enum log_level, const char *);
    void *log_ctx;
    struct sim_outbound outbound;
    void (*service)(void *, const struct sim_call *, struct sim_reply *);
    void *service_ctx;
    void (*tap)(void *, struct plat *, uint64_t, const uint8_t *, uint32_t);
    void *tap_ctx;
};

/* world.c */
void trace_word(struct sim_world *w, uint64_t word);
void trace_bytes(struct sim_world *w, const void *bytes, size_t size);
/* Called before every effect: false when the program is dead (then there must be no effect). */
bool effect_allowed(struct plat *p);

/* net.c */
void net_settle(struct sim_world *w);
int64_t net_next_event(struct sim_world *w);
void net_machine_dies(struct plat *p, enum sim_death how);
void net_machine_returns(struct plat *p);
void net_free(struct sim_world *w);

/* outbound.c */
void outbound_settle(struct sim_world *w);
int64_t outbound_next_event(struct sim_world *w);
bool outbound_ready(const struct plat *p);
void outbound_machine_dies(struct plat *p);
void outbound_machine_returns(struct plat *p);

/* disk.c */
void disk_power_cut(struct plat *p);
void disk_free(struct plat *p);
/* Whole file into `to`: its length, ERR_MISSING, ERR_FULL. */
int disk_state_read(struct plat *p, const char *name, void *to, uint32_t size);

/* credentials.c */
/* Fills in what each side of a new TLS connection learns about the other. False when the connecting
 * side refuses; then side[0].why says why. */
bool credentials_meet(struct link *l);

/* connection.c */
/* The program's side of an open connection, or NULL. */
const struct side *connection_side(struct plat *p, int conn);

#endif
