/* SPDX-License-Identifier: MIT */
/* A folder for the time that this process lives. A second process of a few pages waits for the end of the
 * first, however it comes, and removes the folder then: nobody else can after a kill -9. */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "platform/linux/plat.h"

#define FOLDERS_OPEN_MAX 8

static int remove_one(const char *path, const struct stat *s, int type, struct FTW *f)
{
    (void)s;
    (void)type;
    (void)f;
    (void)remove(path);
    return 0; /* the others all the same */
}

static void remove_tree(const char *path)
{
    (void)nftw(path, remove_one, FOLDERS_OPEN_MAX, FTW_DEPTH | FTW_PHYS);
}

/* The second process: signals for the terminal's programs are not for it, nor is what they print. */
static void watch_over(const char *path, int pipe_end)
{
    static const int ignored[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
    for (uint32_t i = 0; i < COUNT_OF(ignored); i++)
        (void)signal(ignored[i], SIG_IGN);
    (void)setsid();
    int nowhere = open("/dev/null", O_RDWR);
    for (int fd = 0; nowhere >= 0 && fd <= 2; fd++)
        (void)dup2(nowhere, fd);
    char byte;
    while (read(pipe_end, &byte, 1) > 0 || errno == EINTR)
        errno = 0;
    remove_tree(path);
    _exit(0);
}

/* PATH-xxxxxx, as mkdtemp(3) chooses it. */
static bool make_folder(const char *name, char *path, uint32_t size)
{
    const char *parent = getenv("TMPDIR");
    struct text t;
    text_init(&t, path, size);
    text_printf(&t, "%s/%s-", parent != NULL && parent[0] != '\0' ? parent : "/tmp", name);
    for (uint32_t i = 0; i < 6; i++)
        text_put_char(&t, 'X');
    return !t.truncated && mkdtemp(path) != NULL;
}

int plat_linux_scratch(struct plat_linux_scratch *s, const char *name)
{
    int ends[2];
    s->guard = -1;
    if (!make_folder(name, s->path, sizeof s->path))
        return ERR_DENIED;
    if (pipe2(ends, O_CLOEXEC) == 0) {
        s->guard = fork();
        if (s->guard == 0) {
            (void)close(ends[1]);
            watch_over(s->path, ends[0]);
        }
        (void)close(ends[0]);
        s->pipe = ends[1];
        if (s->guard > 0)
            return ERR_OK;
        (void)close(ends[1]);
    }
    remove_tree(s->path);
    return ERR_SYSTEM;
}

void plat_linux_scratch_end(struct plat_linux_scratch *s)
{
    if (s->guard <= 0)
        return;
    (void)close(s->pipe);
    while (waitpid(s->guard, NULL, 0) < 0 && errno == EINTR)
        ;
    s->guard = -1;
}
