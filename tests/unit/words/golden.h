/* SPDX-License-Identifier: MIT */
/* Texts that were read and found good, kept in tests/fixture/words, each below a line "== name". When the
 * words change on purpose: NEPHOS_GOLDEN=write, run the test, read the difference, commit it. */
#ifndef NEPHOS_TESTS_WORDS_GOLDEN_H
#define NEPHOS_TESTS_WORDS_GOLDEN_H

#include <stdio.h>

#include "tests/unit/unit.h"

#include "platform/base/text.h"

struct golden {
    char path[128];
    char *all;    /* the file */
    FILE *write;  /* or what it is to be */
    unsigned checked, in_file;
};

static inline struct golden golden_open(const char *name)
{
    struct golden g = {.all = calloc(1, 1 << 20)};
    assert_non_null(g.all);
    snprintf(g.path, sizeof g.path, "tests/fixture/words/%s.txt", name);
    FILE *f = fopen(g.path, "r");
    if (f != NULL) {
        size_t n = fread(g.all, 1, (1 << 20) - 1, f);
        assert_true(n < (1 << 20) - 1);
        fclose(f);
    }
    for (const char *at = g.all; (at = strstr(at, "== ")) != NULL; at++)
        g.in_file += at == g.all || at[-1] == '\n';
    if (getenv("NEPHOS_GOLDEN") != NULL)
        g.write = fopen(g.path, "w");
    return g;
}

static inline void golden_check(struct golden *g, const char *name, const char *text)
{
    g->checked++;
    if (g->write != NULL) {
        fprintf(g->write, "== %s\n%s\n", name, text);
        return;
    }
    char heading[160];
    snprintf(heading, sizeof heading, "== %s\n", name);
    const char *want = strstr(g->all, heading);
    if (want == NULL)
        fail_msg("%s has no \"%s\"; it would be:\n%s", g->path, name, text);
    want += strlen(heading);
    const char *end = strstr(want, "\n== ");
    size_t length = end == NULL ? strlen(want) - 1 : (size_t)(end - want);
    if (strlen(text) != length || memcmp(text, want, length) != 0)
        fail_msg("%s: %s\nis:     %s\nshould: %.*s", g->path, name, text, (int)length, want);
}

/* Every text of the file was made. */
static inline void golden_close(struct golden *g)
{
    if (g->write != NULL)
        fclose(g->write);
    else
        assert_int_equal(g->checked, g->in_file);
    free(g->all);
}

#endif
