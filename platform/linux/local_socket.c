/* SPDX-License-Identifier: MIT */
/* Sockets in the state directory: how the commands of a program reach the one that runs. Who may open the
 * directory may connect, nobody else. */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "platform/linux/plat.h"

#define BACKLOG 16

/* The path in the directory; where that is too long for an address, through the descriptor. */
static int local_address(const struct plat *p, const char *name, struct sockaddr_un *to)
{
    struct text t;
    *to = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (p->state_fd == NONE || !state_name_good(name))
        return ERR_MISSING;
    text_init(&t, to->sun_path, sizeof to->sun_path);
    text_printf(&t, "%s/%s", p->state_dir, name);
    if (!t.truncated)
        return ERR_OK;
    text_clear(&t);
    text_printf(&t, "/proc/self/fd/%d/%s", p->state_fd, name);
    return t.truncated ? ERR_MALFORMED : ERR_OK;
}

static int bind_local(struct plat *p, int fd, const char *name, const struct sockaddr_un *to)
{
    (void)unlinkat(p->state_fd, name, 0); /* of a process that has died: the directory is ours */
    mode_t before = umask(0177);
    int bound = bind(fd, (const struct sockaddr *)to, sizeof *to);
    (void)umask(before);
    if (bound < 0 || listen(fd, BACKLOG) < 0)
        return errno == EACCES || errno == EPERM || errno == EROFS ? ERR_DENIED : ERR_SYSTEM;
    return ERR_OK;
}

int plat_listen_local(struct plat *p, const char *name)
{
    struct sockaddr_un to;
    int result = local_address(p, name, &to);
    if (result < 0)
        return result;
    struct conn *c = conn_new(p, PLAT_PLAIN);
    if (c == NULL)
        return ERR_FULL;
    int index = conn_index(p, c);
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    result = c->fd < 0 ? ERR_SYSTEM : bind_local(p, c->fd, name, &to);
    c->state = result < 0 ? CONN_FAILED : CONN_LISTEN;
    if (result < 0) {
        plat_close(p, index);
        return result;
    }
    (void)text_copy(c->peer, sizeof c->peer, "local");
    conn_watch(p, c);
    return index;
}

int plat_connect_local(struct plat *p, const char *name)
{
    struct sockaddr_un to;
    int result = local_address(p, name, &to);
    if (result < 0)
        return result;
    struct conn *c = conn_new(p, PLAT_PLAIN);
    if (c == NULL)
        return ERR_FULL;
    int index = conn_index(p, c);
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        result = ERR_SYSTEM;
    else if (connect(c->fd, (struct sockaddr *)&to, sizeof to) < 0)
        result = errno == EACCES || errno == EPERM ? ERR_DENIED : errno == EAGAIN ? ERR_BUSY : ERR_MISSING;
    if (result < 0) {
        c->state = CONN_FAILED;
        plat_close(p, index);
        return result;
    }
    (void)text_copy(c->peer, sizeof c->peer, "local");
    conn_connected(p, c);
    return index;
}
