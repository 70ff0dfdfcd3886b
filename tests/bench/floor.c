/* SPDX-License-Identifier: MIT */
/* The physical floor of sampling: a bare loop that wakes once an interval, reads the files it is told, and
 * makes numbers of their text. It keeps, encodes and sends nothing. What an agent costs beyond this is
 * the agent's own doing.
 *
 *     floor INTERVAL_MS PATH...     a file is read whole; a directory is asked for its filesystem's use
 *
 * A path that begins with "10:" is read in each tenth interval only. */
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <time.h>
#include <unistd.h>

#define FILES_MAX 64
#define NUMBERS_MAX 4096

static char text[65536];
static volatile uint64_t numbers[NUMBERS_MAX]; /* volatile: the work must not be optimised away */

static uint32_t parse(const char *at, const char *end, uint32_t count)
{
    while (at < end && count < NUMBERS_MAX) {
        while (at < end && (unsigned)(*at - '0') > 9)
            at++;
        if (at == end)
            break;
        uint64_t v = 0;
        while (at < end && (unsigned)(*at - '0') <= 9)
            v = v * 10 + (unsigned)(*at++ - '0');
        numbers[count++] = v;
    }
    return count;
}

int main(int argc, char *argv[])
{
    int fds[FILES_MAX], rarely[FILES_MAX];
    const char *folders[FILES_MAX];
    int fd_count = 0, folder_count = 0;
    struct stat st;
    if (argc < 3 || argc > FILES_MAX) {
        fprintf(stderr, "usage: floor INTERVAL_MS PATH...\n");
        return 64;
    }
    for (int i = 2; i < argc; i++) {
        bool is_rare = strncmp(argv[i], "10:", 3) == 0;
        const char *path = argv[i] + (is_rare ? 3 : 0);
        rarely[fd_count] = is_rare;
        if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
            folders[folder_count++] = path;
        } else if ((fds[fd_count] = open(path, O_RDONLY | O_CLOEXEC)) >= 0) {
            fd_count++;
        } else {
            perror(path);
            return 1;
        }
    }
    int64_t interval_ns = atoll(argv[1]) * 1000000;
    struct timespec next;
    clock_gettime(CLOCK_MONOTONIC, &next);
    for (uint32_t cycle = 0;; cycle++) {
        int64_t ns = next.tv_nsec + interval_ns;
        next.tv_sec += ns / 1000000000;
        next.tv_nsec = ns % 1000000000;
        clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL);
        uint32_t count = 0;
        for (int i = 0; i < fd_count; i++) {
            if (rarely[i] && (cycle + (uint32_t)i) % 10 != 0)
                continue;
            ssize_t n = pread(fds[i], text, sizeof text, 0);
            count = parse(text, text + (n > 0 ? n : 0), count);
        }
        for (int i = 0; i < folder_count; i++) {
            struct statfs fs;
            if (statfs(folders[i], &fs) == 0)
                numbers[count++ % NUMBERS_MAX] = fs.f_blocks - fs.f_bavail;
        }
    }
}
