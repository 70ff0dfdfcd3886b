/* SPDX-License-Identifier: MIT */
/* platform/linux: what a confined process can do no more, and what it still can. Each question is asked by a
 * child that has confined itself: it exits with 0 when the answer is right, or is killed. */
#define _GNU_SOURCE
#include "platform/linux/confine.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/platform/linux/pair.h"


struct scene {
    struct plat *p;
    char state[128], elsewhere[128];
    char named[128], parent[128]; /* may be read; of the second, a folder is named that is not there yet */
};

/* The way a child ends: what waitpid() says. */
static int ask(struct scene *s, bool (*question)(struct scene *))
{
    fflush(stdout);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        char later[160];
        snprintf(later, sizeof later, "%s/later", s->parent);
        const char *const paths[] = {s->named, "", "/no/such/folder", later};
        if (plat_linux_confine(s->p, paths, COUNT_OF(paths)) < 0)
            _exit(2);
        _exit(question(s) ? 0 : 1);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child);
    return status;
}

static bool is_killed(struct scene *s, bool (*question)(struct scene *))
{
    int status = ask(s, question);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

static bool is_true(struct scene *s, bool (*question)(struct scene *))
{
    return ask(s, question) == 0;
}

/* --- what ends it --- */

static bool executes(struct scene *s)
{
    (void)s;
    char *const words[] = {NULL};
    execve("/proc/self/exe", words, words);
    return false;
}

static bool forks(struct scene *s)
{
    (void)s;
    return fork() < 0;
}

static bool traces(struct scene *s)
{
    (void)s;
    return syscall(SYS_ptrace, 0, 0, 0, 0) < 0;
}

/* --- what fails --- */

static int open_in(const char *directory, const char *name, int flags)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    int fd = open(path, flags, 0600);
    if (fd >= 0)
        close(fd);
    return fd < 0 ? -errno : 0;
}

static bool files_elsewhere_are_closed(struct scene *s)
{
    return open_in(s->elsewhere, "old", O_RDONLY) == -EACCES &&
           open_in(s->elsewhere, "old", O_WRONLY) == -EACCES &&
           open_in(s->elsewhere, "new", O_WRONLY | O_CREAT) == -EACCES &&
           open_in(s->named, "old", O_WRONLY) == -EACCES &&
           open_in(s->named, "new", O_RDWR | O_CREAT) == -EACCES &&
           open_in("/proc/self", "oom_score_adj", O_WRONLY) == -EACCES && open("/root", O_RDONLY) < 0;
}

static bool other_calls_are_refused(struct scene *s)
{
    (void)s;
    bool mapped = mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
    return !mapped && kill(getpid(), 0) < 0 && errno == EPERM && chdir("/") < 0 && errno == EPERM &&
           fcntl(0, F_GETFL) < 0 && errno == EPERM;
}

static bool other_sockets_are_refused(struct scene *s)
{
    (void)s;
    struct sockaddr_storage any = {.ss_family = AF_INET};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    return fd >= 0 && bind(fd, (struct sockaddr *)&any, sizeof any) < 0 && listen(fd, 1) < 0 &&
           socket(AF_INET, SOCK_RAW, 1) < 0 && errno == EPERM && socket(AF_NETLINK, SOCK_DGRAM, 0) < 0 &&
           errno == EPERM && socket(AF_PACKET, SOCK_DGRAM, 0) < 0 && errno == EPERM;
}

/* --- what still works --- */

static bool folders_may_come_later(struct scene *s)
{
    return open_in(s->parent, "old", O_RDONLY) == 0 && open_in(s->parent, "old", O_WRONLY) == -EACCES;
}

static bool state_can_be_kept(struct scene *s)
{
    char buf[16];
    int file = plat_file_open(s->p, "spool");
    return plat_state_write(s->p, "agent.crt.der", "one", 3) == ERR_OK &&
           plat_state_write(s->p, "agent.crt.der", "newer", 5) == ERR_OK &&
           plat_state_read(s->p, "agent.crt.der", buf, sizeof buf) == 5 &&
           plat_state_write(s->p, "folder/x", "x", 1) == ERR_OK &&
           plat_state_delete(s->p, "folder/x") == ERR_OK &&
           file >= 0 && plat_file_reserve(s->p, file, 100000) == ERR_OK &&
           plat_file_write(s->p, file, 5000, "block", 5) == ERR_OK && plat_file_sync(s->p, file) == ERR_OK &&
           plat_file_read(s->p, file, 5000, buf, 5) == 5 && plat_file_truncate(s->p, file, 10) == ERR_OK &&
           plat_file_exists(s->p, "spool") && plat_file_delete(s->p, "spool") == ERR_OK;
}

static bool machine_can_be_read(struct scene *s)
{
    static char names[65536];
    char text[4096];
    struct plat_filesystem f;
    struct plat_self self;
    struct plat_host host;
    plat_self(s->p, &self);
    plat_host(s->p, &host);
    int listed = plat_list(s->p, "/proc", names, sizeof names);
    return (listed > 0 || listed == ERR_FULL) && plat_list(s->p, "/sys/class", names, sizeof names) > 0 &&
           plat_text_once(s->p, "/proc/stat", text, sizeof text) != ERR_MISSING &&
           plat_text_open(s->p, "/proc/1/stat") >= 0 && plat_filesystem(s->p, "/", &f) == ERR_OK &&
           self.rss_bytes > 0 && self.cpu_ns > 0 && host.hostname[0] != '\0' && host.cpu_count > 0 &&
           plat_list(s->p, s->named, names, sizeof names) > 0 && open_in(s->named, "old", O_RDONLY) == 0;
}

/* Names are looked up (the machine's own hosts file and resolver), and connections made. */
static bool peers_can_be_reached(struct scene *s)
{
    struct plat *p = s->p;
    int by_number = plat_connect(p, "127.0.0.1:1", PLAT_PLAIN);
    int by_name = plat_connect(p, "localhost:1", PLAT_PLAIN);
    struct mono end = mono_after_ms(plat_mono(p), 5000);
    while (!mono_reached(plat_mono(p), end) &&
           (plat_why(p, by_number)[0] == '\0' || plat_why(p, by_name)[0] == '\0')) {
        if (plat_wait(p, end) < 0)
            return false;
        while (plat_next_ready(p) >= 0)
            continue;
    }
    return strstr(plat_why(p, by_number), "connection refused") != NULL &&
           strstr(plat_why(p, by_name), "connection refused") != NULL;
}

static bool chance_and_keys_can_be_had(struct scene *s)
{
    uint8_t request[CERTIFICATE_SIZE_MAX];
    uint64_t random = 0;
    plat_random(s->p, &random, sizeof random);
    return random != 0 && credential_request(s->p, "name", request, sizeof request) > 0;
}

static bool asserts_end_it(struct scene *s)
{
    (void)s;
    ASSERT(!"this line is meant to be seen");
    return false;
}

static void prepare(struct scene *s)
{
    fresh_directory(s->state);
    fresh_directory(s->elsewhere);
    fresh_directory(s->named);
    fresh_directory(s->parent);
    s->p = make_plat(s->state, false, 4, 0);
    CHECK(open_in(s->elsewhere, "old", O_WRONLY | O_CREAT) == 0);
    CHECK(open_in(s->named, "old", O_WRONLY | O_CREAT) == 0);
    CHECK(open_in(s->parent, "old", O_WRONLY | O_CREAT) == 0);
}

/* What this kernel has: in an emulator and in some containers neither of the two. */
static bool can_be_confined(struct scene *s)
{
    (void)s;
    return true;
}

int main(void)
{
    char directory[128];
    struct scene s;
    struct plat *arena = make_plat(fresh_directory(directory), false, 4, ARENA);
    prepare(&s);
    static const struct {
        const char *name;
        bool (*question)(struct scene *);
        bool is_deadly;
    } tests[] = {{"executes", executes, true},
                 {"forks", forks, true},
                 {"traces", traces, true},
                 {"files_elsewhere_are_closed", files_elsewhere_are_closed, false},
                 {"other_calls_are_refused", other_calls_are_refused, false},
                 {"other_sockets_are_refused", other_sockets_are_refused, false},
                 {"folders_may_come_later", folders_may_come_later, false},
                 {"state_can_be_kept", state_can_be_kept, false},
                 {"machine_can_be_read", machine_can_be_read, false},
                 {"peers_can_be_reached", peers_can_be_reached, false},
                 {"chance_and_keys_can_be_had", chance_and_keys_can_be_had, false}};
    if (!is_true(&s, can_be_confined)) {
        printf("skipped: this kernel (or emulator) has no seccomp or no Landlock\n");
        passed("confined where it can be");
        return 0;
    }
    for (size_t i = 0; i < COUNT_OF(tests); i++) {
        CHECK(tests[i].is_deadly ? is_killed(&s, tests[i].question) : is_true(&s, tests[i].question));
        passed(tests[i].name);
    }
    int status = ask(&s, asserts_end_it);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    passed("asserts_end_it");
    end_plat(s.p);
    end_plat(arena);
    return 0;
}
