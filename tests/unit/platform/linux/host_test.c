/* SPDX-License-Identifier: MIT */
/* platform/linux: what a machine tells of itself, and what people tell a program by signals. */
#include "platform/linux/plat.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/platform/linux/pair.h"


/* --- names and texts --- */

static bool has_name(const char *names, const char *name)
{
    for (; *names != '\0'; names += strlen(names) + 1)
        if (text_equal(names, name))
            return true;
    return false;
}

static void lists(void)
{
    char directory[128], path[256], names[4096];
    struct plat *p = make_plat(fresh_directory(directory), false, 4, 0);
    CHECK(plat_list(p, "/no/such/folder", names, sizeof names) == ERR_MISSING && names[0] == '\0');
    CHECK(plat_list(p, "/proc/stat", names, sizeof names) == ERR_MISSING);
    CHECK(plat_list(p, "/proc/self/task", names, sizeof names) > 1);
    CHECK(text_copy(p->root, sizeof p->root, directory));
    CHECK(plat_list(p, "/", names, sizeof names) == 0 && names[0] == '\0');
    for (int i = 0; i < 500; i++) { /* more than the kernel says at once */
        snprintf(path, sizeof path, "%s/hwmon%03d", directory, i);
        CHECK(mkdir(path, 0700) == 0);
    }
    CHECK(plat_list(p, "/", names, sizeof names) == ERR_FULL);
    uint32_t count = 0, used = 0;
    for (; names[used] != '\0'; used += (uint32_t)strlen(names + used) + 1, count++)
        CHECK(strlen(names + used) == 8);
    CHECK(count == (sizeof names - 1) / 9);
    static char all[500 * 9 + 1];
    CHECK(plat_list(p, "/", all, sizeof all) == 500 * 9);
    CHECK(has_name(all, "hwmon000") && has_name(all, "hwmon499") && !has_name(all, "."));
    CHECK(plat_list(p, "/", all, sizeof all - 1) == ERR_FULL);
    CHECK(plat_list(p, "/", all, 1) == ERR_FULL && all[0] == '\0');
    end_plat(p);
}

static void texts_once(void)
{
    char directory[128], path[256], buf[64];
    struct plat *p = make_plat(fresh_directory(directory), false, 4, 0);
    CHECK(text_copy(p->root, sizeof p->root, directory));
    snprintf(path, sizeof path, "%s/name", directory);
    int fd = open(path, O_WRONLY | O_CREAT, 0600);
    CHECK(fd >= 0 && write(fd, "coretemp\n", 9) == 9);
    for (int i = 0; i < 100; i++) /* takes no slot */
        CHECK(plat_text_once(p, "/name", buf, sizeof buf) == 9 && memcmp(buf, "coretemp\n", 9) == 0);
    CHECK(plat_text_once(p, "/name", buf, 4) == ERR_FULL && memcmp(buf, "core", 4) == 0);
    CHECK(plat_text_once(p, "/absent", buf, sizeof buf) == ERR_MISSING);
    CHECK(plat_text_once(p, "/", buf, sizeof buf) == ERR_MISSING);
    snprintf(path, sizeof path, "%s/pipe", directory);
    CHECK(mkfifo(path, 0600) == 0);
    CHECK(plat_text_once(p, "/pipe", buf, sizeof buf) == ERR_MISSING); /* at once */
    CHECK(close(fd) == 0 && open(path, O_RDWR | O_NONBLOCK) == fd); /* nothing was left open below it */
    close(fd);
    end_plat(p);
}

/* --- files --- */

static void reserved_files(void)
{
    char directory[128], path[256], byte = 1;
    struct stat st;
    struct plat *p = make_plat(fresh_directory(directory), false, 4, 0);
    int f = plat_file_open(p, "spool");
    CHECK(plat_file_write(p, f, 0, "head", 4) == ERR_OK);
    CHECK(plat_file_reserve(p, f, 300000) == ERR_OK && plat_file_size(p, f) == 300000);
    snprintf(path, sizeof path, "%s/spool", directory);
    CHECK(stat(path, &st) == 0 && (int64_t)st.st_blocks * 512 >= 300000);
    CHECK(plat_file_read(p, f, 299999, &byte, 1) == 1 && byte == 0);
    CHECK(plat_file_read(p, f, 3, &byte, 1) == 1 && byte == 'd');
    CHECK(plat_file_reserve(p, f, 5000) == ERR_OK && plat_file_size(p, f) == 5000);
    /* More than any disk has, or than a file may have: as it was. */
    CHECK(plat_file_reserve(p, f, INT64_MAX) == ERR_FULL && plat_file_size(p, f) == 5000);
    CHECK(plat_file_reserve(p, f, -1) == ERR_SYSTEM);
    CHECK(plat_file_reserve(p, f, 0) == ERR_OK && plat_file_size(p, f) == 0);
    end_plat(p);
}

/* From now on fallocate() answers as on a filesystem that does not know it. False without filters here. */
static bool forget_fallocate(void)
{
    const struct {
        uint16_t code;
        uint8_t jump_true, jump_false;
        uint32_t value;
    } filter[] = {{0x20, 0, 0, 0}, /* the number of the call */
                  {0x15, 0, 1, SYS_fallocate},
                  {0x06, 0, 0, UINT32_C(0x00050000) | EOPNOTSUPP},
                  {0x06, 0, 0, UINT32_C(0x7fff0000)}};
    const struct {
        unsigned short length;
        const void *instructions;
    } program = {COUNT_OF(filter), filter};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && prctl(PR_SET_SECCOMP, 2, &program) == 0;
}

static void reserved_without_help(void)
{
    char directory[128];
    fresh_directory(directory);
    pid_t child = fork();
    CHECK(child >= 0);
    if (child == 0) {
        char path[256], bytes[4] = "";
        struct stat st;
        struct plat *p = make_plat(directory, false, 4, 0);
        int f = plat_file_open(p, "spool");
        bool good = plat_file_write(p, f, 0, "head", 4) == ERR_OK;
        if (!forget_fallocate())
            _exit(77);
        good = good && plat_file_reserve(p, f, 300000) == ERR_OK && plat_file_size(p, f) == 300000;
        snprintf(path, sizeof path, "%s/spool", directory);
        good = good && stat(path, &st) == 0 && (int64_t)st.st_blocks * 512 >= 290000;
        good = good && plat_file_read(p, f, 0, bytes, 4) == 4 && memcmp(bytes, "head", 4) == 0;
        _exit(good && plat_file_reserve(p, f, 5000) == ERR_OK && plat_file_size(p, f) == 5000 ? 0 : 1);
    }
    int status;
    CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status));
    if (WEXITSTATUS(status) == 77)
        printf("  skipped: no seccomp here to take fallocate() away\n");
    else
        CHECK(WEXITSTATUS(status) == 0);
}

/* --- datagrams --- */

static void send_to(const char *address, const void *bytes, size_t size)
{
    uint64_t port;
    CHECK(text_to_u64(strrchr(address, ':') + 1, &port));
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    CHECK(fd >= 0 && sendto(fd, bytes, size, 0, (struct sockaddr *)&to, sizeof to) == (ssize_t)size);
    close(fd);
}

static void datagrams(void)
{
    char directory[128], buf[16];
    struct plat *p = make_plat(fresh_directory(directory), false, 4, 0);
    CHECK(plat_udp_listen(p, "127.0.0.1") == ERR_MALFORMED);
    CHECK(plat_udp_listen(p, "statsd:8125") == ERR_MALFORMED);
    CHECK(plat_udp_listen(p, "192.0.2.1:8125") == ERR_MALFORMED);
    int socket = plat_udp_listen(p, "127.0.0.1:0");
    CHECK(socket >= 0);
    char address[ADDRESS_TEXT_SIZE];
    CHECK(text_copy(address, sizeof address, plat_peer_address(p, socket)));
    CHECK(plat_udp_listen(p, address) == ERR_BUSY);
    CHECK(plat_udp_receive(p, socket, buf, sizeof buf) == ERR_AGAIN);
    send_to(address, "a:1|c", 5);
    send_to(address, "", 0);
    send_to(address, "a.name.that.is.long:1|c", 23);
    CHECK(plat_wait(p, mono_after_ms(plat_mono(p), 2000)) == ERR_OK && plat_next_ready(p) == socket);
    CHECK(plat_udp_receive(p, socket, buf, sizeof buf) == 5 && memcmp(buf, "a:1|c", 5) == 0);
    CHECK(plat_wait(p, mono_after_ms(plat_mono(p), 2000)) == ERR_OK);
    CHECK(plat_next_ready(p) == socket); /* it was not read dry */
    CHECK(plat_udp_receive(p, socket, buf, sizeof buf) == 0);
    CHECK(plat_udp_receive(p, socket, buf, sizeof buf) == 16);
    CHECK(plat_udp_receive(p, socket, buf, sizeof buf) == ERR_AGAIN);
    CHECK(plat_wait(p, mono_after_ms(plat_mono(p), 5)) == ERR_OK && plat_next_ready(p) == ERR_AGAIN);
    plat_close(p, socket);
    socket = plat_udp_listen(p, address);
    CHECK(socket >= 0);
    end_plat(p);
}

/* --- clocks, cost, signals --- */

static void clocks(void)
{
    char directory[128];
    struct plat_clock clock;
    struct plat_self before, after;
    struct plat *p = make_plat(fresh_directory(directory), false, 4, 0);
    int result = plat_clock(p, &clock);
    CHECK(result == ERR_OK || result == ERR_DENIED); /* a sandbox may forbid it */
    printf("  clock: %s, %s, off by %lld us, at most %llu us\n", result == ERR_OK ? "told" : "not told",
           clock.is_synchronized ? "synchronized" : "not synchronized", (long long)clock.offset_us,
           (unsigned long long)clock.error_us);
    CHECK(plat_suspended_ms(p) >= 0);
    plat_self(p, &before);
    uint8_t *touched = malloc(8U << 20);
    for (uint32_t i = 0; i < 20; i++)
        memset(touched, (int)i + 1, 8U << 20);
    plat_self(p, &after);
    CHECK(after.cpu_ns > before.cpu_ns && after.cpu_ns < 60 * (uint64_t)NS_PER_S);
    CHECK(before.rss_bytes > 100000 && after.rss_bytes >= before.rss_bytes + (7U << 20));
    CHECK(touched[12345] == 20);
    free(touched);
    end_plat(p);
}

static void signals(void)
{
    char directory[128];
    struct plat *p = make_plat(fresh_directory(directory), false, 4, 0);
    CHECK(plat_signals(p) == 0);
    kill(getpid(), SIGHUP);
    kill(getpid(), SIGUSR2);
    kill(getpid(), SIGPIPE);
    struct mono late = mono_after_ms(plat_mono(p), 5000);
    uint32_t got = 0;
    while (got != (PLAT_SIGNAL_RELOAD | PLAT_SIGNAL_FLUSH)) { /* wakes, and does not ask to end */
        CHECK(plat_wait(p, late) == ERR_OK && !mono_reached(plat_mono(p), late));
        got |= plat_signals(p);
    }
    kill(getpid(), SIGUSR1);
    kill(getpid(), SIGTERM);
    int ends = 0;
    for (got = 0; got == 0 || ends == 0;) {
        ends += plat_wait(p, late) == ERR_CLOSED;
        got |= plat_signals(p);
        CHECK(!mono_reached(plat_mono(p), late));
    }
    CHECK(got == PLAT_SIGNAL_STATUS && ends == 1);
    CHECK(plat_wait(p, mono_after_ms(plat_mono(p), 5)) == ERR_OK && plat_signals(p) == 0);
    end_plat(p);
}

/* --- the service manager --- */

static int manager(const char *name, socklen_t size)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    memcpy(at.sun_path, name, size);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    CHECK(fd >= 0);
    CHECK(bind(fd, (struct sockaddr *)&at, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size)) == 0);
    return fd;
}

static void check_told(int fd, const char *words)
{
    char got[256];
    ssize_t n = recv(fd, got, sizeof got, 0);
    CHECK(n == (ssize_t)strlen(words) && memcmp(got, words, (size_t)n) == 0);
    CHECK(recv(fd, got, sizeof got, 0) < 0);
}

static void notified(void)
{
    char directory[128], name[200];
    struct mono next;
    fresh_directory(directory);
    snprintf(name, sizeof name, "%s/notify", directory);
    int fd = manager(name, (socklen_t)strlen(name) + 1);
    CHECK(setenv("NOTIFY_SOCKET", name, 1) == 0);
    struct plat *p = make_plat(directory, false, 4, 0);
    CHECK(plat_linux_notify(p, "READY=1\nSTATUS=well") == ERR_OK);
    check_told(fd, "READY=1\nSTATUS=well");
    CHECK(!plat_linux_watchdog(p, plat_mono(p), &next) && next.ns == MONO_NEVER.ns); /* it does not watch */
    end_plat(p);
    close(fd);

    snprintf(name, sizeof name, "%cnephos-test-%d", 0, (int)getpid());
    fd = manager(name, (socklen_t)strlen(name + 1) + 1);
    name[0] = '@';
    CHECK(setenv("NOTIFY_SOCKET", name, 1) == 0 && setenv("WATCHDOG_USEC", "30000000", 1) == 0);
    p = make_plat(directory, false, 4, 0);
    struct mono now = plat_mono(p);
    CHECK(plat_linux_watchdog(p, now, &next) && next.ns == now.ns + 15 * NS_PER_S);
    CHECK(!plat_linux_watchdog(p, mono_after_ms(now, 14999), &next) && next.ns == now.ns + 15 * NS_PER_S);
    CHECK(plat_linux_watchdog(p, mono_after_ms(now, 15000), &next) && next.ns == now.ns + 30 * NS_PER_S);
    CHECK(plat_linux_notify(p, "WATCHDOG=1") == ERR_OK);
    check_told(fd, "WATCHDOG=1");
    close(fd);
    CHECK(plat_linux_notify(p, "WATCHDOG=1") == ERR_SYSTEM); /* it has gone: nothing breaks */
    end_plat(p);

    CHECK(setenv("WATCHDOG_PID", "1", 1) == 0); /* it means another process */
    CHECK(setenv("NOTIFY_SOCKET", "relative", 1) == 0);
    p = make_plat(directory, false, 4, 0);
    CHECK(plat_linux_notify(p, "READY=1") == ERR_MISSING && !plat_linux_watchdog(p, now, &next));
    end_plat(p);
    CHECK(unsetenv("NOTIFY_SOCKET") == 0 && unsetenv("WATCHDOG_USEC") == 0 && unsetenv("WATCHDOG_PID") == 0);
}

int main(void)
{
    static const struct named_test tests[] = {{"lists", lists},
                                              {"texts_once", texts_once},
                                              {"reserved_files", reserved_files},
                                              {"reserved_without_help", reserved_without_help},
                                              {"datagrams", datagrams},
                                              {"clocks", clocks},
                                              {"signals", signals},
                                              {"notified", notified}};
    return run_tests(tests, COUNT_OF(tests));
}
