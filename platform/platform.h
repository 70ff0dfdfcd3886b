/* SPDX-License-Identifier: MIT */
/* The seam: everything that is not a pure function of its arguments comes in through here.
 *
 * Two implementations stand behind these names, chosen by the linker: platform/linux (real clocks,
 * sockets, TLS, files) and platform/sim (many machines in one process, from one seed). No call
 * blocks; plat_wait() is the only place where a program sleeps. errno does not pass this line.
 * A text that explains a failure stays valid until the next call on the same connection. */
#ifndef NEPHOS_PLATFORM_H
#define NEPHOS_PLATFORM_H

#include "platform/base/base.h"

struct plat; /* defined by each implementation */

/* --- clocks, chance, words --- */

struct mono plat_mono(struct plat *p);
struct wall plat_wall(struct plat *p);
/* Time that this machine was suspended since it booted. */
int64_t plat_suspended_ms(struct plat *p);
void plat_random(struct plat *p, void *to, size_t size);

/* What the kernel thinks of its wall clock. */
struct plat_clock {
    bool is_synchronized; /* somebody (NTP, PTP) disciplines it */
    int64_t offset_us;    /* still to be worked off; ahead of true time when negative */
    uint64_t error_us;    /* it is not further off than this, says who disciplines it */
};
/* ERR_OK; ERR_DENIED where a sandbox forbids to ask; ERR_SYSTEM. `out` is cleared on an error. */
int plat_clock(struct plat *p, struct plat_clock *out);

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
/* One line, without newline; "what, where, what to do". Never a secret. Formats no floats. */
void plat_log(struct plat *p, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* --- facts about this machine --- */

struct plat_host {
    char hostname[64];
    char os[64];        /* "Debian GNU/Linux 12 (bookworm)" */
    char kernel[64];    /* "6.1.0-18-amd64" */
    char architecture[16];
    char machine_id[33]; /* 32 hex digits, or "" */
    uint32_t cpu_count;
    uint32_t page_size;  /* bytes; what the kernel counts memory in */
    uint64_t memory_bytes;
};
void plat_host(struct plat *p, struct plat_host *out);

/* Text files of /proc and /sys, kept open and read again from the start: a handle, or ERR_MISSING,
 * ERR_FULL. Paths are absolute ("/proc/stat") and are looked up below the configured root. */
int plat_text_open(struct plat *p, const char *path);
/* The whole text, not terminated: its length; ERR_FULL when buf is too small (buf then holds the
 * beginning), ERR_MISSING when it has gone. */
int plat_text_read(struct plat *p, int handle, char *buf, uint32_t buf_size);
void plat_text_close(struct plat *p, int handle);
/* The same for a text that is read once or rarely: opened, read whole, closed. */
int plat_text_once(struct plat *p, const char *path, char *buf, uint32_t buf_size);
/* The names in a directory, without "." and "..", in no order: each is terminated, and behind the last
 * stands an empty one. Bytes used without that one; ERR_FULL when not all names fitted (those that did
 * are there); ERR_MISSING. `size` is at least 1. */
int plat_list(struct plat *p, const char *path, char *names, uint32_t size);

struct plat_filesystem {
    uint64_t total_bytes, free_bytes, available_bytes;
    uint64_t inodes_total, inodes_free;
};
/* Use of the filesystem mounted at `mount`. Only for local filesystems: others may hang. */
int plat_filesystem(struct plat *p, const char *mount, struct plat_filesystem *out);

/* What this process costs: CPU time since it began, and memory that is resident now. */
struct plat_self {
    uint64_t cpu_ns, rss_bytes;
};
void plat_self(struct plat *p, struct plat_self *out);

/* --- small private files in the state (agent) or data (aggregator) directory --- */

/* Names are relative and may have one folder: "agent.key", "tokens/5d1f". Mode 0600. */
int plat_state_read(struct plat *p, const char *name, void *to, uint32_t size); /* length */
/* Whole or not at all, and durable when it returns. */
int plat_state_write(struct plat *p, const char *name, const void *from, uint32_t size);
int plat_state_delete(struct plat *p, const char *name);
/* The names in a folder of that directory, as plat_list has them. */
int plat_state_list(struct plat *p, const char *folder, char *names, uint32_t size);

/* --- files with random access, in the same directory; for the database --- */

int plat_file_open(struct plat *p, const char *name);  /* created when absent; a handle */
void plat_file_close(struct plat *p, int file);
/* Locks the directory for this process until it ends; ERR_BUSY, said with the directory's name, when another
 * process has it and keeps it for a second. */
int plat_data_lock(struct plat *p);
/* Bytes read, fewer than `size` only at the end of the file. */
int plat_file_read(struct plat *p, int file, int64_t offset, void *to, uint32_t size);
/* ERR_OK; ERR_FULL when the disk is full; ERR_SYSTEM. Durable only after plat_file_sync. */
int plat_file_write(struct plat *p, int file, int64_t offset, const void *from, uint32_t size);
int plat_file_truncate(struct plat *p, int file, int64_t size);
/* The file has this size from now on, and its blocks are allocated: writing into it does not meet a full
 * disk. New bytes are zero. ERR_OK; ERR_FULL (the file is as it was); ERR_SYSTEM. May take as long as
 * writing `size` bytes. */
int plat_file_reserve(struct plat *p, int file, int64_t size);
int plat_file_sync(struct plat *p, int file);
int64_t plat_file_size(struct plat *p, int file);
int plat_file_delete(struct plat *p, const char *name);
bool plat_file_exists(struct plat *p, const char *name);

/* --- connections: small indexes into a fixed table --- */

enum plat_security {
    PLAT_PLAIN,      /* loopback API */
    PLAT_TLS,        /* server: asks for a certificate. client: shows ours, verifies the server's
                        against the stored CA */
    PLAT_TLS_SERVER, /* server only: asks for no certificate, and shows that of authority_serve_own() or
                        authority_serve_files(); for browsers */
    PLAT_TLS_PINNED, /* client only: before enrolment; no certificate of ours, the server's chain
                        must end in a CA with the hash given to credential_pin() */
    PLAT_TLS_ANY,    /* client only: whoever answers, whatever certificate it shows; for looking whether a
                        service of this machine lives. At most one at a time; TLS 1.3 */
};

/* "ADDRESS:PORT" or "[V6]:PORT". Returns a listener (an index in the same table as connections), or
 * ERR_BUSY port in use, ERR_DENIED, ERR_MALFORMED, ERR_FULL, ERR_SYSTEM. */
int plat_listen(struct plat *p, const char *address, enum plat_security security);
/* A socket of this machine with that name in the state directory, for its owner alone; takes the place of one
 * that a dead process has left. A listener; ERR_MISSING where there are none (simulation), or as plat_listen.
 * Peers of its connections are called "local". */
int plat_listen_local(struct plat *p, const char *name);
/* Connects to it, from another process with the same state directory. ERR_MISSING when nobody listens;
 * ERR_DENIED. */
int plat_connect_local(struct plat *p, const char *name);
/* A new connection, ERR_AGAIN when none waits, ERR_FULL when the table is full (the newcomer is
 * closed and counted). */
int plat_accept(struct plat *p, int listener);
/* Datagrams that come to "ADDRESS:PORT": an index like that of a listener, and the same errors. It is
 * reported ready while datagrams wait, and ends with plat_close. */
int plat_udp_listen(struct plat *p, const char *address);
/* One datagram: its size, cut to `size`; ERR_AGAIN when none waits. */
int plat_udp_receive(struct plat *p, int socket, void *to, uint32_t size);
/* How many datagrams that came to it found no room since it was opened; goes on at 0 behind UINT32_MAX.
 * 0 where nobody knows. */
uint32_t plat_udp_dropped(struct plat *p, int socket);
/* Begins to connect to "HOST:PORT"; name look-up and TLS handshake go on inside plat_wait(). */
/* Or at once, for PLAT_PLAIN, to a socket of this machine by its path ("/run/..."), which is looked up below
 * the configured root: ERR_MISSING when nobody listens there. */
int plat_connect(struct plat *p, const char *address, enum plat_security security);
/* True once bytes can flow (name found, TCP and TLS up, peer verified as far as asked). */
bool plat_is_open(struct plat *p, int conn);
/* Bytes taken, ERR_AGAIN (the connection is reported ready when there is room), ERR_CLOSED. */
int plat_send(struct plat *p, int conn, const void *from, uint32_t size);
/* Bytes read, ERR_AGAIN, ERR_CLOSED. A peer that has only said all it will say may still listen: behind
 * ERR_CLOSED, plat_send() goes on until it fails by itself. */
int plat_recv(struct plat *p, int conn, void *to, uint32_t size_max);
/* Why the connection failed, in words with what to do; "" when it did not. */
const char *plat_why(struct plat *p, int conn);
/* The identity in the verified certificate of the peer: its length, 0 when the peer showed none,
 * ERR_DENIED when it showed one that is not good (plat_why tells). `id` is always terminated. */
int plat_peer_identity(struct plat *p, int conn, char *id, uint32_t id_size);
/* "192.0.2.7:51422" */
const char *plat_peer_address(struct plat *p, int conn);
/* Flushes what TLS still holds as far as the socket takes it, then closes. */
void plat_close(struct plat *p, int conn);

/* Sleeps until a connection is ready, a signal for plat_signals() has come, or the deadline has passed.
 * ERR_OK, or ERR_CLOSED when the program has been asked to end (SIGTERM, SIGINT). */
int plat_wait(struct plat *p, struct mono deadline);
/* What a person has asked for by signals since the last call, as bits; none in a program that has not said
 * at its start that it takes them. */
enum plat_signal {
    PLAT_SIGNAL_RELOAD = 1, /* SIGHUP: read the configuration again */
    PLAT_SIGNAL_STATUS = 2, /* SIGUSR1: say how it goes */
    PLAT_SIGNAL_FLUSH = 4,  /* SIGUSR2: send now what is there */
};
uint32_t plat_signals(struct plat *p);
/* The next connection or listener with something to do since the last plat_wait: bytes to read, room
 * to write after ERR_AGAIN, newly open, or failed. ERR_AGAIN when there is no more. A connection
 * that was not read dry is reported again. */
int plat_next_ready(struct plat *p);
/* While paused a connection, or a socket for datagrams, is not reported for reading: how a receiver holds a
 * sender back. */
void plat_pause(struct plat *p, int conn, bool paused);
/* Together: from now on the connection is one of many that say a little now and then: they are reported
 * together, each at most PLAT_GATHER_MS late, and the first after a silence at once. A thousand peers then
 * wake the program ten times a second and not hundreds of times. False: each by itself again. */
#define PLAT_GATHER_MS 100
void plat_gather(struct plat *p, int conn, bool together);

#endif
