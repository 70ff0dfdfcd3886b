/* SPDX-License-Identifier: MIT */
/* The beginning and the end of a platform: its memory, its state directory, its signals. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/linux/plat.h"
#include "platform/linux/tls/tls.h"

/* Descriptors beside those in the tables: standard streams, epoll, signals, directory, lock, spare. */
#define OTHER_FDS 24U

const struct plat_linux_limits plat_linux_agent_limits = {
    .conns_max = 6, /* uplink, StatsD, health, metadata; two to spare */
    .dials_max = 3, /* uplink, health, metadata */
    .handshakes_max = 1,
    .texts_max = 64,
    .files_max = 4,
    .credentials_max = 1,
    .tls_arena_size = 40U * 1024U,
    .tls_guest_size = 32U * 1024U,
    .sheds = true,
};

struct plat *plat_linux_reserve(struct memory_map *map, const struct plat_linux_limits *limits)
{
    struct plat counting = {0};
    struct plat *real = memory_reserve(map, "platform: state", 1, sizeof *real, "fixed");
    struct plat *p = real != NULL ? real : &counting;
    p->limits = *limits;
    p->conns = memory_reserve(map, "platform: connections", limits->conns_max, sizeof *p->conns,
                              "the newcomer is closed and counted");
    p->conns_line = memory_last_line(map);
    p->dials = memory_reserve(map, "platform: dials", limits->dials_max, sizeof *p->dials,
                              "the caller tries again later");
    p->texts = memory_reserve(map, "platform: texts of /proc", limits->texts_max, sizeof *p->texts,
                              "the text is not read");
    p->files = memory_reserve(map, "platform: files", limits->files_max, sizeof *p->files, "fixed");
    p->stage.size = limits->authority ? STAGE_SIZE_SERVER : STAGE_SIZE_AGENT;
    p->stage.bytes = memory_reserve(map, "platform: read ahead", 1, p->stage.size, "fixed");
    p->tls = tls_reserve(map, limits);
    return real;
}

static void init_tables(struct plat *p)
{
    p->free_conn = NONE;
    for (uint32_t i = p->limits.conns_max; i-- > 0;) {
        p->conns[i] = (struct conn){.fd = NONE, .state = CONN_FREE};
        p->conns[i].ready.next = p->free_conn;
        p->free_conn = (int32_t)i;
    }
    for (uint32_t i = 0; i < p->limits.dials_max; i++)
        p->dials[i] = (struct dial){.conn = NONE, .fd = NONE};
    for (uint32_t i = 0; i < p->limits.texts_max; i++)
        p->texts[i].fd = NONE;
    for (uint32_t i = 0; i < p->limits.files_max; i++)
        p->files[i].fd = NONE;
    list_init(&p->ready);
    list_init(&p->again);
    list_init(&p->opening);
    for (uint32_t door = 0; door < DOORS; door++)
        list_init(&p->queues[door]);
    p->opening_deadline = MONO_NEVER;
    p->stage.conn = NONE;
    p->outbound_fd = NONE;
    p->state_fd = p->lock_fd = p->epoll_fd = p->signal_fd = p->gather.fd = p->statm_fd = p->notify.fd = NONE;
    p->signals = 0;
    p->has_excess = true; /* what the start has left */
}

static int open_state(struct plat *p, const char *path)
{
    if (mkdir(path, 0700) < 0 && errno != EEXIST) {
        plat_log(p, LOG_ERROR, "cannot make the directory %s: %s; make it or choose another", path,
                 errno_words(errno));
        return errno == ENOENT ? ERR_MISSING : errno == EACCES || errno == EROFS ? ERR_DENIED : ERR_SYSTEM;
    }
    p->state_dir = path;
    p->state_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (p->state_fd < 0) {
        p->state_fd = NONE;
        plat_log(p, LOG_ERROR, "cannot open the directory %s: %s; check its owner and mode", path,
                 errno_words(errno));
        return errno == EACCES ? ERR_DENIED : ERR_SYSTEM;
    }
    /* Not faccessat(): musl's makes a child process for it, and the agent must not be able to. */
    if (access(path, W_OK) < 0) {
        plat_log(p, LOG_ERROR, "cannot write into the directory %s: %s; check its owner and mode", path,
                 errno_words(errno));
        return ERR_DENIED;
    }
    return ERR_OK;
}

static int open_waiting(struct plat *p, bool takes_signals)
{
    sigset_t taken;
    sigemptyset(&taken);
    sigaddset(&taken, SIGTERM);
    sigaddset(&taken, SIGINT);
    if (takes_signals) {
        sigaddset(&taken, SIGHUP);
        sigaddset(&taken, SIGUSR1);
        sigaddset(&taken, SIGUSR2);
    }
    signal(SIGPIPE, SIG_IGN);
    struct epoll_event e = {.events = EPOLLIN, .data.u64 = WATCH_SIGNAL};
    p->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (p->epoll_fd < 0 || sigprocmask(SIG_BLOCK, &taken, NULL) < 0)
        return ERR_SYSTEM;
    p->signal_fd = signalfd(-1, &taken, SFD_NONBLOCK | SFD_CLOEXEC);
    if (p->signal_fd < 0 || epoll_ctl(p->epoll_fd, EPOLL_CTL_ADD, p->signal_fd, &e) < 0)
        return ERR_SYSTEM;
    if (p->limits.authority) /* only a server has many peers */
        wait_start(p);
    return ERR_OK;
}

/* The tables promise descriptors: gets them now, or says that the promise cannot be kept. */
static void raise_fd_limit(struct plat *p)
{
    const struct plat_linux_limits *l = &p->limits;
    rlim_t wanted = OTHER_FDS + l->conns_max + l->dials_max + l->texts_max + l->files_max;
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
        return;
    rlim_t had = limit.rlim_cur;
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0)
        limit.rlim_cur = had;
    if (limit.rlim_cur < wanted)
        plat_log(p, LOG_WARN, "only %llu of %llu file descriptors: raise LimitNOFILE or ulimit -n",
                 (unsigned long long)limit.rlim_cur, (unsigned long long)wanted);
}

int plat_linux_start(struct plat *p, const struct plat_linux_options *options)
{
    init_tables(p);
    log_start(&p->log, options->log_level, options->log_format);
    p->not_durable = options->not_durable;
    if (!text_copy(p->root, sizeof p->root, options->root != NULL ? options->root : "")) {
        plat_log(p, LOG_ERROR, "the root %s is too long: at most %zu characters", options->root,
                 sizeof p->root - 1);
        return ERR_SYSTEM;
    }
    int result = options->state_dir != NULL ? open_state(p, options->state_dir) : ERR_OK;
    if (result < 0)
        return result;
    raise_fd_limit(p);
    p->statm_fd = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    notify_start(p);
    result = open_waiting(p, options->takes_signals);
    if (result < 0) {
        plat_log(p, LOG_ERROR, "cannot set up waiting for events: %s", errno_words(errno));
        return result;
    }
    result = tls_start(p);
    if (result < 0)
        plat_log(p, LOG_ERROR, "TLS does not start: its arena of %llu KiB is too small, or a bug",
                 (unsigned long long)(p->limits.tls_arena_size / 1024));
    return result;
}

static void close_fd(int *fd)
{
    if (*fd != NONE)
        close(*fd);
    *fd = NONE;
}

void plat_linux_stop(struct plat *p)
{
    for (uint32_t i = 0; i < p->limits.conns_max; i++)
        if (p->conns[i].state != CONN_FREE)
            plat_close(p, (int)i);
    for (uint32_t i = 0; i < p->limits.texts_max; i++)
        close_fd(&p->texts[i].fd);
    for (uint32_t i = 0; i < p->limits.files_max; i++)
        close_fd(&p->files[i].fd);
    tls_stop(p);
    close_fd(&p->statm_fd);
    close_fd(&p->notify.fd);
    close_fd(&p->signal_fd);
    close_fd(&p->gather.fd);
    close_fd(&p->epoll_fd);
    close_fd(&p->lock_fd);
    close_fd(&p->state_fd);
    log_flush(p, MONO_NEVER);
}

void plat_linux_use_credential(struct plat *p, uint32_t index)
{
    ASSERT(index < p->limits.credentials_max);
    p->credential = index;
}

void plat_linux_stats(const struct plat *p, struct plat_linux_stats *out)
{
    *out = p->stats;
}
