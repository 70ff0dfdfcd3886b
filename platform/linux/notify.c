/* SPDX-License-Identifier: MIT */
/* What the service manager is told, as sd_notify(3) does it: datagrams of lines to the socket that it names
 * in the environment. */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "platform/linux/plat.h"

/* "/run/systemd/notify", or "@name" for a name that is no file. */
static socklen_t fill_address(const char *name, struct sockaddr_un *to)
{
    size_t length = strlen(name);
    *to = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (length < 2 || length >= sizeof to->sun_path || (name[0] != '/' && name[0] != '@'))
        return 0;
    memcpy(to->sun_path, name, length);
    if (name[0] == '@')
        to->sun_path[0] = '\0';
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
}

static int open_socket(const char *name)
{
    struct sockaddr_un to;
    socklen_t size = fill_address(name, &to);
    if (size == 0)
        return NONE;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, size) == 0)
        return fd;
    if (fd >= 0)
        close(fd);
    return NONE;
}

/* A manager that watches names the process that it means. */
static int64_t watchdog_ms(void)
{
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    uint64_t us, process;
    if (usec == NULL || !text_to_u64(usec, &us) || us / 1000 > INT32_MAX)
        return 0;
    if (pid != NULL && (!text_to_u64(pid, &process) || process != (uint64_t)getpid()))
        return 0;
    return (int64_t)(us / 1000);
}

void notify_start(struct plat *p)
{
    const char *name = getenv("NOTIFY_SOCKET");
    p->notify = (struct notify){.fd = name != NULL ? open_socket(name) : NONE};
    if (name != NULL && p->notify.fd == NONE)
        plat_log(p, LOG_WARN, "cannot speak to the service manager at %s: it will not know how this goes",
                 name);
    if (p->notify.fd != NONE)
        p->notify.period_ms = watchdog_ms() / 2;
}

int plat_linux_notify(struct plat *p, const char *state)
{
    if (p->notify.fd == NONE)
        return ERR_MISSING;
    ssize_t n;
    do
        n = send(p->notify.fd, state, strlen(state), MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n < 0 ? (errno == EAGAIN ? ERR_AGAIN : ERR_SYSTEM) : ERR_OK;
}

bool plat_linux_watchdog(struct plat *p, struct mono now, struct mono *next)
{
    struct notify *n = &p->notify;
    bool is_due = n->period_ms > 0 && mono_reached(now, n->due);
    if (is_due)
        n->due = mono_after_ms(now, n->period_ms);
    *next = n->period_ms > 0 ? n->due : MONO_NEVER;
    return is_due;
}
