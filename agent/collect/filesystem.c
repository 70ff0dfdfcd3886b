/* SPDX-License-Identifier: MIT */
/* /proc/self/mountinfo; see filesystem.h. */
#include "agent/collect/filesystem.h"

#include <string.h>

#include "agent/collect/span.h"
#include "platform/base/text.h"

static const char *const watched_types[] = {
    "ext2", "ext3", "ext4", "xfs", "btrfs", "f2fs", "zfs", "bcachefs", "jfs", "reiserfs", "nilfs2",
    "ubifs", "vfat", "exfat", "ntfs", "ntfs3", "fuseblk", "hfsplus", "ufs",
};

/* The firmware's partition: written once in years. */
static const char *const unwatched_paths[] = {"/boot/efi", "/efi"};

/* "254:1" */
static bool parse_device(struct span word, uint64_t *device)
{
    uint64_t major, minor;
    if (!text_take_u64(&word.at, word.end, &major) || word.at == word.end || *word.at != ':')
        return false;
    word.at++;
    if (word.at == word.end || *word.at < '0' || *word.at > '9' ||
        !text_take_u64(&word.at, word.end, &minor) || word.at != word.end)
        return false;
    if (major > UINT32_MAX || minor > UINT32_MAX)
        return false;
    *device = major << 32 | minor;
    return true;
}

static bool is_octal(char c)
{
    return c >= '0' && c <= '7';
}

/* Blank, tab, newline and backslash stand as \040, \011, \012 and \134. False when it does not fit or
 * holds a zero byte. */
static bool unescape(struct span from, char *to, uint32_t to_size)
{
    uint32_t n = 0;
    while (from.at < from.end) {
        char c = *from.at++;
        if (c == '\\' && from.end - from.at >= 3 && is_octal(from.at[0]) && is_octal(from.at[1]) &&
            is_octal(from.at[2])) {
            c = (char)((from.at[0] - '0') * 64 + (from.at[1] - '0') * 8 + (from.at[2] - '0'));
            from.at += 3;
        }
        if (c == '\0' || n + 1 >= to_size)
            return false;
        to[n++] = c;
    }
    to[n] = '\0';
    return n > 0;
}

/* A mount over another one at the same place hides it. */
static void add(struct mount_reading *r, const struct mount *m)
{
    for (uint32_t i = 0; i < r->count; i++) {
        struct mount *known = &r->mounts[i];
        if (known->device == m->device) {
            if (strlen(m->path) < strlen(known->path))
                *known = *m;
            return;
        }
        if (text_equal(known->path, m->path)) {
            *known = *m;
            return;
        }
    }
    if (r->count == MOUNTS_MAX)
        r->skipped++;
    else
        r->mounts[r->count++] = *m;
}

/* "ro" or "ro,errors=remount-ro" */
static bool is_readonly(struct span options)
{
    return span_length(options) >= 2 && options.at[0] == 'r' && options.at[1] == 'o' &&
           (span_length(options) == 2 || options.at[2] == ',');
}

/* Id, parent, device, root, path, options, optional fields, "-", type, source (which may be nothing at all),
 * options of the filesystem. */
static void parse_line(struct span line, struct mount_reading *r)
{
    struct span skip, device, path, type, options = {line.end, line.end};
    if (!span_word(&line, &skip) || !span_word(&line, &skip) || !span_word(&line, &device) ||
        !span_word(&line, &skip) || !span_word(&line, &path))
        return;
    do {
        if (!span_word(&line, &skip))
            return;
    } while (!span_is(skip, "-"));
    if (!span_word(&line, &type) ||
        !span_matches_any(type, watched_types, COUNT_OF(watched_types)) ||
        span_matches_any(path, unwatched_paths, COUNT_OF(unwatched_paths)))
        return;
    while (span_word(&line, &skip))
        options = skip;
    struct mount m = {.is_readonly = is_readonly(options)};
    if (!parse_device(device, &m.device))
        return;
    if (unescape(path, m.path, sizeof m.path))
        add(r, &m);
    else
        r->skipped++;
}

void mount_parse(const char *text, uint32_t length, struct mount_reading *out)
{
    out->count = 0;
    out->skipped = 0;
    struct span rest = span_of(text, length), line;
    while (span_line(&rest, &line))
        parse_line(line, out);
}
