/* SPDX-License-Identifier: MIT */
/* Linux behind the seam: what only a main() needs to know.
 *
 * A program reserves its platform from the same memory map as everything else, starts it once, and
 * hands the `struct plat *` to its rooms, which know platform/platform.h alone. Nothing is allocated
 * after plat_linux_start(). Further promises of this implementation:
 *   - plat_wait() answers ERR_CLOSED once for each SIGTERM or SIGINT, so that a program can go on
 *     waiting while it says goodbye; a second signal is a second ERR_CLOSED.
 *   - plat_peer_address() of a listener is its own address, with the port that the system chose when
 *     the program asked for port 0. */
#ifndef NEPHOS_PLAT_LINUX_H
#define NEPHOS_PLAT_LINUX_H

#include "platform/base/memory_map.h"
#include "platform/base/settings.h"
#include "platform/base/text.h"
#include "platform/platform.h"

struct plat_linux_limits {
    uint32_t conns_max;        /* connections and listeners together */
    uint32_t dials_max;        /* connections under way to others at once */
    uint32_t handshakes_max;   /* TLS handshakes at once as a server; others wait their turn */
    uint32_t public_handshakes_max; /* of these, for PLAT_TLS_SERVER at most; 0: all of them */
    uint32_t texts_max;        /* open texts of /proc and /sys */
    uint32_t files_max;        /* open random access files */
    uint32_t credentials_max;  /* agents that this program is: 0, 1, or many in a load generator */
    bool authority;            /* keeps a CA and serves TLS */
    uint64_t tls_arena_size;   /* 0: an earlier plat of this process has set TLS memory up */
    uint32_t tls_guest_size;   /* memory for one PLAT_TLS_ANY; 0: none are made */
    bool sheds;                /* after a handshake gives back what only handshakes need (residence.c) */
};

/* TLS memory for so many open sessions and so many handshakes at once; see plat_linux_tls_use(). */
#define PLAT_LINUX_TLS_ARENA(sessions, handshakes) \
    (UINT64_C(262144) + (uint64_t)(sessions) * 15360U + (uint64_t)(handshakes) * 16384U)

/* An agent: one uplink, one look at a TLS service of this machine, no server. Its platform fits in a static
 * block of PLAT_LINUX_AGENT_SIZE. */
#define PLAT_LINUX_AGENT_SIZE (88U * 1024U)
extern const struct plat_linux_limits plat_linux_agent_limits;

struct plat *plat_linux_reserve(struct memory_map *map, const struct plat_linux_limits *limits);

enum plat_log_format { PLAT_LOG_LOGFMT, PLAT_LOG_JSON };

struct plat_linux_options {
    const char *state_dir;    /* kept; made with mode 0700 when absent; NULL: this run needs none */
    const char *root;         /* goes before /proc, /sys, /etc/os-release and mounts; NULL: "" */
    enum log_level log_level;
    enum plat_log_format log_format;
    bool takes_signals;       /* HUP, USR1, USR2 go to plat_signals() and do not end the program */
    bool not_durable;         /* state files without fsync: for load generators */
};

/* ERR_OK, or ERR_DENIED, ERR_MISSING, ERR_SYSTEM after having said on standard error what failed. */
int plat_linux_start(struct plat *p, const struct plat_linux_options *options);
/* Closes everything. For orderly ends; a killed program loses nothing by not getting here. */
void plat_linux_stop(struct plat *p);

/* Which of the credentials credential_*() and plat_connect() use from now on; 0 at start. Number 0
 * lies in the state directory itself, the others in folders "1", "2", ... below it. */
void plat_linux_use_credential(struct plat *p, uint32_t index);

/* What is logged from now on, and how. */
void plat_linux_log(struct plat *p, enum log_level level, enum plat_log_format format);

/* --- the service manager, sd_notify(3) --- */

/* "READY=1", "STOPPING=1" and the like, several of them in lines. ERR_MISSING when no manager has given this
 * program a socket, and that is no fault. */
int plat_linux_notify(struct plat *p, const char *state);
/* Asked in each turn of a program's loop: true when it is time to say "WATCHDOG=1", after half of what the
 * manager gives. `next` is when it will be time again: MONO_NEVER when the manager does not watch. */
bool plat_linux_watchdog(struct plat *p, struct mono now, struct mono *next);

/* For an agent that has opened what it needs: from now on this process can start no other program, map no
 * memory, open nothing for writing outside its state directory, and read nothing but /proc, /sys, /etc, the
 * resolver's folders and what lies at or below `paths` ("" is passed over; of one that is not there yet, the
 * folder in which it would be).
 * Does what the kernel can (seccomp, Landlock) and says in a line of the log what that was. ERR_OK when all
 * of it is in force. */
int plat_linux_confine(struct plat *p, const char *const *paths, uint32_t path_count);

struct plat_linux_stats {
    uint64_t conns_refused;      /* newcomers closed because the table was full */
    uint64_t handshakes_full;
    uint64_t handshakes_resumed;
    uint64_t handshakes_failed;
};
void plat_linux_stats(const struct plat *p, struct plat_linux_stats *out);
/* TLS memory: most bytes ever in use (block headers included), and now. */
void plat_linux_tls_use(const struct plat *p, uint64_t *high_water, uint64_t *now);
void plat_linux_tls_guest_use(const struct plat *p, uint64_t *high_water, uint64_t *now);

/* --- for a main(), before there is a plat --- */

/* A file named by the user (configuration, token): its length; ERR_MISSING, ERR_DENIED, ERR_FULL when
 * it is larger than `size`, ERR_SYSTEM. Not terminated. */
int plat_linux_read_file(const char *path, void *to, uint32_t size);
/* The configuration file `path`, then every file *.conf in the directory `path`.d, in the order of the C
 * locale; later ones win. No file at all is in order, unless the first must exist. `buffer` is lent: one file
 * must fit in it. ERR_MALFORMED and `why`. */
int plat_linux_read_settings(struct settings *s, const char *path, bool must_exist, void *buffer,
                             uint32_t buffer_size, struct text *why);
/* All of `length` bytes to standard output (1) or error (2). ERR_CLOSED when nobody reads. */
int plat_linux_print(int fd, const char *text, uint32_t length);
/* A person reads it, not a file or the journal. */
bool plat_linux_is_terminal(int fd);
bool plat_linux_is_writable_directory(const char *path);

/* --- files that a person names, for commands; not for the agent --- */

/* A handle for plat_file_read and the like, of a regular file anywhere: an existing one to read, or with
 * `create` a new one of mode 0600. ERR_MISSING, ERR_DENIED, ERR_BUSY (create: it is there already),
 * ERR_MALFORMED (no regular file), ERR_FULL, ERR_SYSTEM. */
int plat_linux_file(struct plat *p, const char *path, bool create);
/* In place of what has that name; durable when it returns. */
int plat_linux_rename(const char *from, const char *to);
int plat_linux_remove(const char *path); /* an empty folder, too */
bool plat_linux_exists(const char *path);
/* Names in a folder but those that begin with a point, each terminated, an empty one behind the last: bytes
 * used without that one, ERR_FULL, or ERR_MISSING and the like. Memory of libc's: not for a loop. */
int plat_linux_names(const char *folder, char *names, uint32_t size);
/* Bytes of standard input, 0 at its end; waits for them. */
int plat_linux_input(void *to, uint32_t size);
/* A folder with a name of its own where temporary files go. It is removed with all that is in it when this
 * process ends, however it ends. ERR_OK, ERR_DENIED, ERR_SYSTEM. Before any thread. */
struct plat_linux_scratch {
    char path[256];
    int pipe, guard; /* a process; not above 0: there is none */
};
int plat_linux_scratch(struct plat_linux_scratch *s, const char *name);
/* Removes it now, and returns when it is gone. */
void plat_linux_scratch_end(struct plat_linux_scratch *s);
/* One line: program, version, commit, architecture, TLS library, protocol. */
void plat_linux_version(const char *program, uint32_t protocol, struct text *out);
/* One anonymous mapping that lives as long as the process, or NULL. Not for the agent. */
void *plat_linux_memory(uint64_t size);

#endif
