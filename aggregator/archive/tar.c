/* SPDX-License-Identifier: MIT */
/* The whole data directory in one file: a tar (POSIX.1, ustar) whose first member is the database, so that
 * everybody's tar can read it. */
#include <string.h>

#include "aggregator/archive/parts.h"

#define DATABASE_NAME "nephos.db"
#define MAGIC_AT 257U
#define SIZE_AT 124U
#define SUM_AT 148U
#define SMALL_FILE_MAX 65536U

static int64_t rounded(int64_t size)
{
    return (size + TAR_BLOCK - 1) / TAR_BLOCK * TAR_BLOCK;
}

static void put_octal(char *to, uint32_t digits, uint64_t value)
{
    for (uint32_t i = digits; i > 0; i--, value >>= 3)
        to[i - 1] = (char)('0' + (value & 7));
}

/* GNU's way for sizes that twelve octal digits do not hold. */
static void put_size(char *to, uint64_t value)
{
    if (value < UINT64_C(1) << 33) {
        put_octal(to, 11, value);
        return;
    }
    memset(to, 0, 12);
    to[0] = (char)0x80;
    for (uint32_t i = 11; value > 0; i--, value >>= 8)
        to[i] = (char)(value & 0xff);
}

static int64_t get_size(const char *from)
{
    uint64_t value = 0;
    if (((uint8_t)from[0] & 0x80) != 0) {
        for (uint32_t i = 4; i < 12; i++)
            value = value << 8 | (uint8_t)from[i];
        return value > INT64_MAX / 2 ? -1 : (int64_t)value;
    }
    for (uint32_t i = 0; i < 12 && from[i] >= '0' && from[i] <= '7'; i++)
        value = value << 3 | (uint64_t)(from[i] - '0');
    return (int64_t)value;
}

static uint32_t sum_of(const char *head)
{
    uint32_t sum = 0;
    for (uint32_t i = 0; i < TAR_BLOCK; i++)
        sum += i >= SUM_AT && i < SUM_AT + 8 ? ' ' : (uint8_t)head[i];
    return sum;
}

int tar_put_head(struct archive *c, int file, int64_t at, const char *name, int64_t size)
{
    char head[TAR_BLOCK] = {0};
    (void)text_copy(head, 100, name);
    put_octal(head + 100, 7, 0600);
    put_octal(head + 108, 7, 0);
    put_octal(head + 116, 7, 0);
    put_size(head + SIZE_AT, (uint64_t)size);
    put_octal(head + 136, 11, (uint64_t)(wall_ms(plat_wall(c->plat)) / MS_PER_S));
    head[156] = '0';
    memcpy(head + MAGIC_AT, "ustar\00000", 8);
    put_octal(head + SUM_AT, 6, sum_of(head));
    head[SUM_AT + 7] = ' ';
    return plat_file_write(c->plat, file, at, head, sizeof head);
}

/* A member's head: its size, ERR_MISSING at the end of the archive, ERR_MALFORMED. */
static int64_t get_head(struct archive *c, int file, int64_t at, char name[static 101])
{
    char head[TAR_BLOCK];
    int n = plat_file_read(c->plat, file, at, head, sizeof head);
    if (n != (int)sizeof head)
        return ERR_MALFORMED;
    if (head[0] == '\0')
        return ERR_MISSING;
    char sum[7] = {0};
    put_octal(sum, 6, sum_of(head));
    int64_t size = get_size(head + SIZE_AT);
    if (memcmp(head + MAGIC_AT, "ustar", 5) != 0 || memcmp(head + SUM_AT, sum, 6) != 0 || size < 0)
        return ERR_MALFORMED;
    memcpy(name, head, 100);
    name[100] = '\0';
    return size;
}

int tar_look(struct archive *c, int file, int64_t *at, int64_t *size)
{
    static const char magic[16] = "SQLite format 3";
    char begin[16], name[101];
    int64_t file_size = plat_file_size(c->plat, file);
    if (plat_file_read(c->plat, file, 0, begin, sizeof begin) != (int)sizeof begin)
        return ERR_MALFORMED;
    *at = 0;
    *size = file_size;
    if (memcmp(begin, magic, sizeof magic) == 0)
        return ERR_OK;
    *at = TAR_BLOCK;
    *size = get_head(c, file, 0, name);
    bool good = *size > 0 && text_equal(name, DATABASE_NAME) && *size <= file_size - (int64_t)TAR_BLOCK;
    return good ? ERR_OK : ERR_MALFORMED;
}

/* One small file of the data directory. ERR_MISSING for what is no file. */
static int put_member(struct archive *c, int file, int64_t *at, const char *name)
{
    int n = plat_state_read(c->plat, name, c->buffer, SMALL_FILE_MAX);
    if (n < 0)
        return n == ERR_FULL ? ERR_FULL : ERR_MISSING;
    memset(c->buffer + n, 0, TAR_BLOCK);
    int err = tar_put_head(c, file, *at, name, n);
    if (err == ERR_OK && n > 0)
        err = plat_file_write(c->plat, file, *at + TAR_BLOCK, c->buffer, (uint32_t)rounded(n));
    *at += TAR_BLOCK + rounded(n);
    return err;
}

static bool is_left_out(const char *name)
{
    return text_starts(name, DATABASE_NAME) || text_equal(name, "lock") || text_equal(name, "restored.db");
}

static int put_folder(struct archive *c, int file, int64_t *at, const char *folder, uint32_t *count)
{
    char path[ARCHIVE_PATH_SIZE], name[112];
    struct text t;
    bool is_inner = folder[0] != '\0';
    text_init(&t, path, sizeof path);
    text_printf(&t, "%s%s%s", c->config->data, is_inner ? "/" : "", folder);
    char *names = c->names + (is_inner ? ARCHIVE_NAMES_SIZE : 0);
    int n = plat_linux_names(path, names, ARCHIVE_NAMES_SIZE);
    if (n < 0)
        return is_inner ? ERR_OK : n;
    for (const char *one = names; *one != '\0'; one += strlen(one) + 1) {
        text_init(&t, name, sizeof name);
        text_printf(&t, "%s%s%s", folder, is_inner ? "/" : "", one);
        if (t.truncated || (!is_inner && is_left_out(one)))
            continue;
        int err = put_member(c, file, at, name);
        *count += err == ERR_OK;
        if (err == ERR_MISSING) /* a folder: one level of them */
            err = is_inner ? ERR_OK : put_folder(c, file, at, one, count);
        if (err < 0)
            return err;
    }
    return ERR_OK;
}

int tar_put_rest(struct archive *c, int file, int64_t at, uint32_t *count)
{
    static const uint8_t zeros[2 * TAR_BLOCK];
    *count = 0;
    at = rounded(at);
    int err = put_folder(c, file, &at, "", count);
    return err < 0 ? err : plat_file_write(c->plat, file, at, zeros, sizeof zeros);
}

int tar_take_rest(struct archive *c, int file, int64_t at, uint32_t *count)
{
    char name[101];
    *count = 0;
    for (at = rounded(at);;) {
        int64_t size = get_head(c, file, at, name);
        if (size == ERR_MISSING)
            return ERR_OK;
        if (size < 0 || size > SMALL_FILE_MAX)
            return ERR_MALFORMED;
        int n = plat_file_read(c->plat, file, at + TAR_BLOCK, c->buffer, (uint32_t)size);
        if (n != (int)size || is_left_out(name))
            return ERR_MALFORMED;
        int err = plat_state_write(c->plat, name, c->buffer, (uint32_t)size);
        if (err < 0)
            return err;
        ++*count;
        at += TAR_BLOCK + rounded(size);
    }
}
