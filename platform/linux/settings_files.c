/* SPDX-License-Identifier: MIT */
/* Configuration files: one, and the directory beside it for pieces that packages and tools drop in.
 *
 * The names in the directory are not kept: each round looks for the smallest one behind the last. That reads
 * a short directory a few times, and needs neither memory nor a limit on names. */
#define _GNU_SOURCE /* getdents */
#include <dirent.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "platform/linux/plat.h"

#define NAME_BYTES 256U /* NAME_MAX and a terminator */
/* A directory with more is a mistake, and would make a start slow. */
#define PIECES_MAX 64U

static bool is_piece(const char *name)
{
    size_t length = strlen(name);
    return name[0] != '.' && length > 5 && length < NAME_BYTES && text_equal(name + length - 5, ".conf");
}

/* The smallest piece behind `last` into `next`, "" when there is none: ERR_OK, or ERR_MALFORMED and `why`. It
 * opens the directory anew each time: a confined agent may do that, and may not seek. */
static int find_next(const char *folder, const char *last, char next[static NAME_BYTES], struct text *why)
{
    _Alignas(struct dirent) char entries[2048]; /* readdir() would need a heap */
    int n = 0;
    next[0] = '\0';
    int directory = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0 && (errno == ENOENT || errno == ENOTDIR))
        return ERR_OK;
    while (directory >= 0 && (n = getdents(directory, (struct dirent *)(void *)entries, sizeof entries)) > 0)
        for (int at = 0; at < n;) {
            const struct dirent *e = (const struct dirent *)(const void *)(entries + at);
            if (is_piece(e->d_name) && strcmp(e->d_name, last) > 0 &&
                (next[0] == '\0' || strcmp(e->d_name, next) < 0))
                text_copy(next, NAME_BYTES, e->d_name);
            at += e->d_reclen;
        }
    if (directory < 0 || n < 0)
        text_printf(why, "%s: cannot be read: %s", folder, errno_words(errno));
    if (directory >= 0)
        close(directory);
    return directory < 0 || n < 0 ? ERR_MALFORMED : ERR_OK;
}

static int read_one(struct settings *s, const char *path, bool must_exist, void *buffer, uint32_t size,
                    struct text *why)
{
    int n = plat_linux_read_file(path, buffer, size);
    if (n == ERR_MISSING && !must_exist)
        return ERR_OK;
    if (n < 0) {
        text_printf(why, "%s: cannot be read: %s", path,
                    n == ERR_MISSING  ? "there is no such file"
                    : n == ERR_DENIED ? "no permission"
                    : n == ERR_FULL   ? "larger than 16 KiB; this is not a configuration of Nephos"
                                      : "not a file");
        return ERR_MALFORMED;
    }
    return settings_parse_file(s, path, buffer, (uint32_t)n, why);
}

static int read_pieces(struct settings *s, const char *folder, void *buffer, uint32_t size, struct text *why)
{
    char last[NAME_BYTES] = "", next[NAME_BYTES], words[PATH_SIZE + NAME_BYTES];
    for (uint32_t i = 0;; i++) {
        struct text path;
        int result = find_next(folder, last, next, why);
        if (result < 0 || next[0] == '\0')
            return result;
        text_init(&path, words, sizeof words);
        text_printf(&path, "%s/%s", folder, next);
        if (i == PIECES_MAX) {
            text_printf(why, "%s: more than %u files *.conf; join some", folder, PIECES_MAX);
            return ERR_MALFORMED;
        }
        result = read_one(s, path.at, true, buffer, size, why);
        if (result < 0)
            return result;
        text_copy(last, sizeof last, next);
    }
}

int plat_linux_read_settings(struct settings *s, const char *path, bool must_exist, void *buffer,
                             uint32_t buffer_size, struct text *why)
{
    int result = read_one(s, path, must_exist, buffer, buffer_size, why);
    if (result < 0)
        return result;
    char words[PATH_SIZE];
    struct text folder;
    text_init(&folder, words, sizeof words);
    text_printf(&folder, "%s.d", path);
    return folder.truncated ? ERR_OK : read_pieces(s, folder.at, buffer, buffer_size, why);
}
