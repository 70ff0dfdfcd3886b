/* SPDX-License-Identifier: MIT */
/* Landlock: what may still be opened. A rule names a folder by what it is, not by its path, so a file that is
 * replaced by another (an edited resolv.conf) is found again only if its folder is what was allowed. */
#define _GNU_SOURCE /* O_PATH */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/linux/confine.h"
#include "platform/linux/kernel_call.h"

/* linux/landlock.h, of which the C library knows nothing. The numbers are the same on all architectures. */
#define CALL_CREATE_RULESET 444
#define CALL_ADD_RULE 445
#define CALL_RESTRICT_SELF 446
#define CREATE_RULESET_VERSION 1U
#define RULE_PATH_BENEATH 1

enum access {
    ACCESS_EXECUTE = 1 << 0,
    ACCESS_WRITE_FILE = 1 << 1,
    ACCESS_READ_FILE = 1 << 2,
    ACCESS_READ_DIR = 1 << 3,
    ACCESS_REMOVE_FILE = 1 << 5,
    ACCESS_MAKE_DIR = 1 << 7,
    ACCESS_MAKE_REG = 1 << 8,
    ACCESS_TRUNCATE = 1 << 14,
    ACCESS_ALL_1 = (1 << 13) - 1, /* of version 1; later ones add a bit each */
    ACCESS_ALL_2 = (1 << 14) - 1, /* linking and renaming between folders */
    ACCESS_ALL_3 = (1 << 15) - 1, /* truncating */
    ACCESS_ALL_5 = (1 << 16) - 1, /* controlling devices */
};
#define NET_BIND_TCP UINT64_C(1) /* version 4 */
#define SCOPE_ALL UINT64_C(3)    /* version 6: abstract unix sockets and signals of others */

#define READ_ALL (ACCESS_READ_FILE | ACCESS_READ_DIR)
#define CHANGE_ALL                                                                                    \
    (ACCESS_WRITE_FILE | ACCESS_TRUNCATE | ACCESS_REMOVE_FILE | ACCESS_MAKE_DIR | ACCESS_MAKE_REG)
/* What a rule for a file that is no folder may name. */
#define FILE_ALL (ACCESS_EXECUTE | ACCESS_WRITE_FILE | ACCESS_READ_FILE | ACCESS_TRUNCATE)

struct ruleset_attributes {
    uint64_t handled_access_fs, handled_access_net, scoped;
};
struct path_beneath {
    uint64_t allowed_access;
    int32_t parent_fd;
} __attribute__((packed));

static uint64_t all_of(int version)
{
    return version >= 5   ? ACCESS_ALL_5
           : version >= 3 ? ACCESS_ALL_3
           : version == 2 ? ACCESS_ALL_2
                          : ACCESS_ALL_1;
}

static int create_ruleset(int version)
{
    const struct ruleset_attributes a = {
        .handled_access_fs = all_of(version),
        .handled_access_net = NET_BIND_TCP,
        .scoped = SCOPE_ALL,
    };
    size_t size = version >= 6 ? sizeof a : version >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
    return (int)KERNEL_CALL(CALL_CREATE_RULESET, &a, size, 0, 0);
}

/* What is not there, or may not be looked at, is no loss: it could not be read either. */
static int allow(int ruleset, int version, int fd, uint64_t access)
{
    struct stat s;
    if (fd < 0)
        return ERR_OK;
    if (fstat(fd, &s) < 0)
        return ERR_SYSTEM;
    if (!S_ISDIR(s.st_mode))
        access &= FILE_ALL;
    const struct path_beneath rule = {.allowed_access = access & all_of(version), .parent_fd = fd};
    return KERNEL_CALL(CALL_ADD_RULE, ruleset, RULE_PATH_BENEATH, &rule, 0) < 0 ? ERR_SYSTEM : ERR_OK;
}

/* The path, or the folder in which it may yet be made; never the root. */
static int open_path(const char *path)
{
    char folder[PATH_SIZE];
    int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd >= 0 || errno != ENOENT || !text_copy(folder, sizeof folder, path))
        return fd;
    char *slash = strrchr(folder, '/');
    if (slash == NULL || slash == folder)
        return fd;
    *slash = '\0';
    return open(folder, O_PATH | O_CLOEXEC);
}

static int allow_path(int ruleset, int version, const char *path)
{
    int fd = open_path(path);
    int result = allow(ruleset, version, fd, READ_ALL);
    if (fd >= 0)
        close(fd);
    return result;
}

/* The machine's own descriptions; names of hosts; the log's other end needs no opening. resolv.conf is often
 * a link into one of the folders of /run. */
static int allow_always(struct plat *p, int ruleset, int version)
{
    /* A slash at the end: that folder or nothing. */
    static const char *const below_root[] = {"/proc", "/sys"};
    static const char *const paths[] = {"/proc", "/etc", "/run/systemd/resolve/", "/run/resolvconf/",
                                        "/run/NetworkManager/", "/run/connman/"};
    char full[PATH_SIZE];
    int result = ERR_OK;
    for (size_t i = 0; i < COUNT_OF(below_root) && result == ERR_OK; i++)
        if (host_path(p, below_root[i], full) == ERR_OK)
            result = allow_path(ruleset, version, full);
    for (size_t i = 0; i < COUNT_OF(paths) && result == ERR_OK; i++)
        result = allow_path(ruleset, version, paths[i]);
    return result == ERR_OK ? allow(ruleset, version, p->state_fd, READ_ALL | CHANGE_ALL) : result;
}

int confine_paths(struct plat *p, const char *const *paths, uint32_t path_count)
{
    int version = (int)KERNEL_CALL(CALL_CREATE_RULESET, 0, 0, CREATE_RULESET_VERSION, 0);
    if (version < 1)
        return ERR_MISSING;
    int ruleset = create_ruleset(version);
    if (ruleset < 0)
        return ERR_SYSTEM;
    int result = allow_always(p, ruleset, version);
    for (uint32_t i = 0; i < path_count && result == ERR_OK; i++)
        if (paths[i][0] != '\0')
            result = allow_path(ruleset, version, paths[i]);
    if (result == ERR_OK && KERNEL_CALL(CALL_RESTRICT_SELF, ruleset, 0, 0, 0) < 0)
        result = ERR_SYSTEM;
    close(ruleset);
    return result < 0 ? result : version;
}
