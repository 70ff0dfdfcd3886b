/* SPDX-License-Identifier: MIT */
/* platform/linux: a configuration file and the pieces beside it. */
#include "platform/linux/plat_linux.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/platform/linux/pair.h"


struct config {
    uint32_t a, b, c;
};
#define AT(field) offsetof(struct config, field)
static const struct setting table[] = {
    {"x.a", "--a", NULL, SETTING_COUNT, AT(a), 0, 0, 9, "0", "first"},
    {"x.b", "--b", NULL, SETTING_COUNT, AT(b), 0, 0, 9, "0", "second"},
    {"x.c", "--c", NULL, SETTING_COUNT, AT(c), 0, 0, 9, "0", "third"},
};

static struct config config;
static struct settings settings;
static char words[600], path[256];

static void write_file(const char *directory, const char *name, const char *text)
{
    char file[400];
    snprintf(file, sizeof file, "%s/%s", directory, name);
    int fd = open(file, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    CHECK(fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text));
    close(fd);
}

static int read_all(bool must_exist)
{
    static char buffer[512];
    struct text why;
    text_init(&why, words, sizeof words);
    settings_init(&settings, table, COUNT_OF(table), &config);
    return plat_linux_read_settings(&settings, path, must_exist, buffer, sizeof buffer, &why);
}

static void pieces_in_order(void)
{
    char directory[128], pieces[300];
    fresh_directory(directory);
    snprintf(path, sizeof path, "%s/t.conf", directory);
    snprintf(pieces, sizeof pieces, "%s.d", path);
    CHECK(read_all(false) == ERR_OK && read_all(true) == ERR_MALFORMED);
    CHECK(strstr(words, "there is no such file") != NULL);
    write_file(directory, "t.conf", "[x]\na = 1\nb = 1\nc = 1\n");
    CHECK(read_all(true) == ERR_OK && config.c == 1);

    CHECK(mkdir(pieces, 0700) == 0);
    /* "10" comes before "9", and capitals before small letters, wherever the directory has put them. */
    write_file(pieces, "9.conf", "[x]\nb = 3\n");
    write_file(pieces, "10.conf", "[x]\nb = 2\nc = 2\n");
    write_file(pieces, "Z.conf", "[x]\nc = 4\n");
    write_file(pieces, "a.conf", "[x]\nc = 5\n");
    write_file(pieces, "z.conf.bak", "nonsense\n");
    write_file(pieces, ".hidden.conf", "nonsense\n");
    CHECK(read_all(true) == ERR_OK);
    CHECK(config.a == 1 && config.b == 3 && config.c == 5);
    char print[1000];
    struct text out;
    text_init(&out, print, sizeof print);
    settings_print(&settings, &out);
    CHECK(strstr(print, "t.conf.d/9.conf:2\n") != NULL && strstr(print, "t.conf:2\n") != NULL);

    write_file(pieces, "b.conf", "[x]\n\nd = 5\n");
    CHECK(read_all(true) == ERR_MALFORMED && strstr(words, "t.conf.d/b.conf:3: unknown key x.d") != NULL);
    static char large[600];
    memset(large, '#', sizeof large - 1);
    write_file(pieces, "b.conf", large);
    CHECK(read_all(true) == ERR_MALFORMED && strstr(words, "t.conf.d/b.conf: cannot be read") != NULL);
}

static void too_many_pieces(void)
{
    char directory[128], pieces[300];
    fresh_directory(directory);
    snprintf(path, sizeof path, "%s/t.conf", directory);
    snprintf(pieces, sizeof pieces, "%s.d", path);
    CHECK(mkdir(pieces, 0700) == 0);
    for (uint32_t i = 0; i < 70; i++) {
        char name[16];
        snprintf(name, sizeof name, "%02u.conf", i);
        write_file(pieces, name, "");
    }
    CHECK(read_all(false) == ERR_MALFORMED && strstr(words, "join some") != NULL);
}

int main(void)
{
    static const struct named_test tests[] = {{"pieces_in_order", pieces_in_order},
                                              {"too_many_pieces", too_many_pieces}};
    return run_tests(tests, COUNT_OF(tests));
}
