/* SPDX-License-Identifier: MIT */
/* The simulated platform: many machines in one process, and the hand that makes their weather.
 *
 * A `struct plat` is one machine; programs use it through platform/platform.h as they use the real one.
 * Everything random comes from the seed of the world, so the same seed gives the same history.
 * Time stands still while programs run and moves only by sim_advance(); plat_wait() does not sleep, it
 * notes the deadline. The loop of a test is: step each machine that is sim_due(), call plat_wait with
 * what the step returned, then sim_advance_to(sim_next_due()).
 *
 * Test code only: this folder may use the heap. */
#ifndef NEPHOS_SIM_H
#define NEPHOS_SIM_H

#include "platform/credentials.h"
#include "platform/outbound.h"
#include "platform/platform.h"

#define SIM_MACHINES_MAX 64U
#define SIM_CONNECTIONS_MAX 256U /* of one machine, listeners included */
#define SIM_WINDOW_MAX 65536U    /* bytes on their way or unread, in one direction */
#define SIM_NEVER INT64_MAX

struct sim_world;

/* What a machine's connections and disk suffer. A connection has the weather of who connected. */
struct sim_weather {
    int64_t latency_min_ns, latency_max_ns; /* one way */
    int64_t spike_max_ns;
    uint32_t spike_permille;        /* of sends that are delayed by up to spike_max_ns */
    uint32_t split_permille;        /* of reads that get only a part of what has arrived */
    uint32_t partial_permille;      /* of sends that take only a part of what was offered */
    uint32_t bytes_per_second;      /* 0: no limit */
    uint32_t window;                /* at most SIM_WINDOW_MAX */
    int64_t connect_timeout_ns;
    uint32_t unsynced_lost_permille; /* of unsynced writes that a power cut loses whole */
    uint32_t unsynced_torn_permille; /* of the others, those that lose each sector on a coin */
    int64_t writeback_ns;            /* a write is durable after so long without a sync; 0: never */
};

/* --- the world --- */

struct sim_world *sim_new(uint64_t seed);
void sim_free(struct sim_world *w);
int64_t sim_now(const struct sim_world *w); /* ns since the world began */
void sim_advance(struct sim_world *w, int64_t ns);
void sim_advance_to(struct sim_world *w, int64_t ns);
/* Earliest arrival, handshake end or time-out that is still to come; SIM_NEVER when none. */
int64_t sim_next_event(struct sim_world *w);
/* The same, and the noted deadlines of living machines. */
int64_t sim_next_due(struct sim_world *w);
/* Chance from the world's seed, for the test's own decisions. */
uint64_t sim_below(struct sim_world *w, uint64_t n);          /* 0..n-1; n at least 1 */
bool sim_chance(struct sim_world *w, uint32_t permille);
/* Depends on everything that any machine sent, received, wrote or logged, and when. */
uint64_t sim_trace(const struct sim_world *w);
void sim_log_to(struct sim_world *w,
                void (*sink)(void *ctx, struct plat *p, enum log_level level, const char *line),
                void *ctx);
/* Sees all bytes that plat_recv() gives to a program. `connection` is never used twice in a world. */
void sim_tap(struct sim_world *w,
             void (*tap)(void *ctx, struct plat *p, uint64_t connection, const uint8_t *bytes,
                         uint32_t size),
             void *ctx);

/* --- machines --- */

/* A new machine that is up, in calm weather. Its name is its host name, its address 10.0.0.(number+1). */
struct plat *sim_machine(struct sim_world *w, const char *name);
struct plat *sim_find(struct sim_world *w, const char *name);
const char *sim_name(const struct plat *p);
uint32_t sim_number(const struct plat *p);
uint32_t sim_boot(const struct plat *p); /* 0 at first, one more with each power cut */
uint32_t sim_second(const struct plat *p); /* since that boot: what /proc says now */
struct sim_weather *sim_weather(struct plat *p);
bool sim_ready(struct plat *p); /* a connection has something to do now */
bool sim_due(struct plat *p);   /* ready, or the deadline given to plat_wait has come */
void sim_signal(struct plat *p, uint32_t signals); /* what plat_signals() answers next */

enum sim_death {
    SIM_KILL,      /* the process ends: the kernel closes its connections, what it wrote stays */
    SIM_POWER_CUT, /* the machine goes dark: peers hear nothing, unsynced writes are lost or torn */
};
/* The machine's program is dead from now on: nothing that it still calls has any effect (writes fail,
 * connections are closed), so its memory can be thrown away or closed at leisure. */
void sim_kill(struct plat *p, enum sim_death how);
/* The same in the middle of a step: after `effects` more sends, writes, truncations, syncs or deletes. */
void sim_doom(struct plat *p, uint32_t effects, enum sim_death how);
void sim_spare(struct plat *p); /* takes a doom back */
bool sim_is_alive(const struct plat *p);
/* A new process on the same disk; after a power cut also a new boot. */
void sim_restart(struct plat *p);

/* --- network faults --- */

/* Nothing passes between a and b (NULL: anybody) until then; bytes on their way wait. */
void sim_partition(struct sim_world *w, struct plat *a, struct plat *b, int64_t until_ns);
/* The same one way. */
void sim_stall(struct sim_world *w, struct plat *from, struct plat *to, int64_t until_ns);
void sim_heal(struct sim_world *w);
/* Breaks all connections of a machine; what was on its way is lost. Number of connections. */
uint32_t sim_reset_connections(struct plat *p);
/* A datagram comes to this port of the machine from itself, at once. False when nobody listens there or
 * its mailbox is full: then it is lost, as datagrams are. */
bool sim_datagram(struct plat *p, uint16_t port, const void *bytes, uint16_t size);

/* --- requests to services elsewhere (platform/outbound.h) --- */

/* What a service sees of a request, and what it answers. */
struct sim_call {
    const char *method, *url, *headers, *body;
    uint32_t body_size;
    int64_t now_ns;
};
struct sim_reply {
    uint32_t status;          /* 200 at first */
    const char *retry_after, *date, *location, *body; /* "" at first; must stay */
    int64_t certificate_ends_ms; /* that it shows; 0: none */
};
struct sim_outbound {
    int64_t latency_min_ns, latency_max_ns; /* one way */
    uint32_t refused_permille;     /* of requests that find nobody */
    uint32_t lost_permille;        /* that are lost on their way: a time-out */
    uint32_t answer_lost_permille; /* that arrive, and whose answer is lost: a time-out too */
    uint32_t reset_permille;       /* that arrive, and whose connection breaks then */
};
/* One service for all addresses of the world; NULL: there is none. What was on its way from a program that
 * dies arrives in half of all cases. */
void sim_service(struct sim_world *w, const struct sim_outbound *weather,
                 void (*service)(void *ctx, const struct sim_call *call, struct sim_reply *reply), void *ctx);
struct sim_outbound *sim_outbound(struct sim_world *w);

/* --- disk --- */

void sim_disk_full(struct plat *p, bool full);   /* files cannot grow */
/* After `good` more writes or syncs, `bad` of them fail with ERR_SYSTEM. */
void sim_disk_fail(struct plat *p, uint32_t good, uint32_t bad);
/* What a program would read now; NULL when there is no such file. Valid until the next write. */
const uint8_t *sim_disk_file(struct plat *p, const char *name, int64_t *size);
/* Makes or replaces a file, durably. */
void sim_disk_put(struct plat *p, const char *name, const void *bytes, int64_t size);
void sim_disk_lock_held(struct plat *p, bool by_another); /* plat_data_lock answers ERR_BUSY */

/* --- clock and credentials --- */

void sim_wall_jump(struct plat *p, int64_t ns);
void sim_wall_drift(struct plat *p, int32_t ppm);
/* What plat_clock() says; at first synchronized, with an error of at most 1 ms. */
void sim_clock(struct plat *p, const struct plat_clock *clock);
/* What plat_suspended_ms() says; 0 at first and after a boot. */
void sim_suspended(struct plat *p, int64_t ms);
/* The certificate that this machine shows counts as expired. */
void sim_certificate_expired(struct plat *p, bool expired);

/* --- /proc --- */

/* Everything that the texts of one machine say at one second after its boot. */
#define SIM_PROCESSES 6U
struct sim_proc {
    uint64_t cpu[2][8];   /* per CPU: user nice system idle iowait irq softirq steal, in 1/100 s */
    uint64_t context_switches, forks, running, blocked;
    uint64_t load_centi[3];
    uint64_t memory_kib[8]; /* total free available buffers cached dirty swap_total swap_free */
    uint64_t memory_more_kib[4]; /* shmem slab reclaimable committed */
    uint64_t disk[8];     /* reads, sectors read, writes, sectors written; ms busy, reading, writing, queue */
    uint64_t rx[4], tx[4]; /* of eth0: bytes packets errors drops */
    uint64_t process_ticks[SIM_PROCESSES], process_pages[SIM_PROCESSES];
    struct plat_filesystem root;
    uint64_t pressure_us[3][2], pressure_x100[3][2]; /* CPU, memory, I/O: some, full */
    uint64_t vmstat[4];   /* pages swapped in and out, major faults, OOM kills */
    uint64_t tcp[10];     /* active and passive opens, failed, reset, established, segments in, out, again,
                             bad ones, resets sent */
    uint64_t udp[6];      /* datagrams in, without port, bad, out, receive and send buffer errors */
    uint64_t listen[2];   /* overflows, drops */
    uint64_t sockets[8];  /* used; TCP: in use, orphans, time-wait, pages; UDP; TCP6; UDP6 */
    uint32_t machine, boot;
};
struct sim_process {
    uint32_t pid;
    const char *name;
};
extern const struct sim_process sim_processes[SIM_PROCESSES];
/* A pure function: the oracle of the laws. */
void sim_proc_at(uint32_t machine, uint32_t boot, uint64_t second, struct sim_proc *out);
/* What plat_self() says so long after the boot: half a thousandth of the time as CPU, and this memory. */
#define SIM_SELF_CPU_DIVISOR 2000
#define SIM_SELF_RSS UINT64_C(655360)
/* Answers `text` at this path from now on (NULL: ERR_MISSING), for parser and fault tests. Folders are
 * what the paths of texts make of them: plat_list() has a name for each text that is there. */
void sim_text(struct plat *p, const char *path, const char *text);
/* Texts with only the lines that matter: for long runs. */
void sim_proc_brief(struct sim_world *w, bool brief);

#endif
