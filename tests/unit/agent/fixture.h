/* SPDX-License-Identifier: MIT */
/* Texts of /proc from several kernels, and the test that every parser has to pass with each of them: a
 * text that is cut anywhere may tell less, never something else. */
#ifndef NEPHOS_TESTS_FIXTURE_H
#define NEPHOS_TESTS_FIXTURE_H

#include <stdio.h>

#include "tests/unit/unit.h"

#define FIXTURES "tests/fixture/proc/"

struct fixture {
    char *text; /* ends at the end of its memory */
    uint32_t length;
};

static inline bool fixture_exists(const char *host, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, FIXTURES "%s/proc/%s", host, name);
    FILE *f = fopen(path, "rb");
    if (f != NULL)
        fclose(f);
    return f != NULL;
}

static inline struct fixture fixture_read(const char *host, const char *name)
{
    char path[256];
    snprintf(path, sizeof path, FIXTURES "%s/proc/%s", host, name);
    FILE *f = fopen(path, "rb");
    assert_non_null(f);
    static char buffer[65536];
    size_t length = fread(buffer, 1, sizeof buffer, f);
    fclose(f);
    assert_in_range(length, 1, sizeof buffer - 1);
    return (struct fixture){unit_exact(buffer, length), (uint32_t)length};
}

static const char *const fixture_hosts[] = {
    "vm-x86_64-6.1",       "board-aarch64-5.10",  "board-armv7-4.19", "old-x86_64-3.10",
    "storage-x86_64-5.15", "microvm-x86_64-6.18", "board-armv7-5.4",  "board-riscv64-6.12",
    "cloud-x86_64-4.18",   "enterprise-x86_64-3.10", "kvm-x86_64-6.8", "rpi-aarch64-6.6",
};
#define FIXTURE_HOSTS (sizeof fixture_hosts / sizeof fixture_hosts[0])

/* Calls `check` with the whole text and each cut of it, the cut in memory of its own. A host whose kernel
 * does not have the text is passed over, but not all of them. */
static inline void fixture_cut(const char *name, void (*check)(const struct fixture *whole,
                                                               const char *cut, uint32_t length))
{
    uint32_t found = 0;
    for (size_t h = 0; h < FIXTURE_HOSTS; h++) {
        if (!fixture_exists(fixture_hosts[h], name))
            continue;
        found++;
        struct fixture whole = fixture_read(fixture_hosts[h], name);
        uint32_t step = whole.length > 4000 ? 37 : 1;
        for (uint32_t length = 0; length < whole.length; length += step) {
            char *cut = unit_exact(whole.text, length);
            check(&whole, cut, length);
            free(cut);
        }
        free(whole.text);
    }
    assert_true(found >= 2);
}

/* Calls `harm` with texts in which some bytes were replaced. */
static inline void fixture_noise(const char *name, void (*harm)(const char *text, uint32_t length))
{
    static const char alphabet[] = "0123456789 :-.\n\\\tacpu\x80\xff";
    uint64_t random = 11;
    for (size_t h = 0; h < FIXTURE_HOSTS; h++) {
        if (!fixture_exists(fixture_hosts[h], name))
            continue;
        struct fixture f = fixture_read(fixture_hosts[h], name);
        for (uint32_t round = 0; round < 300; round++) {
            for (uint32_t i = 0; i < 3; i++)
                f.text[unit_random(&random) % f.length] =
                    alphabet[unit_random(&random) % (sizeof alphabet - 1)];
            harm(f.text, f.length);
        }
        free(f.text);
    }
}

#endif
