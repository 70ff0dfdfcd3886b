/* SPDX-License-Identifier: MIT */
/* platform/linux: the log in both formats, lines that repeat, and places that speak too often. */
#include "platform/linux/plat.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/unit/platform/linux/pair.h"


static char said[65536];
static int standard_error, captured;

/* From here on standard error goes into a file. */
static void begin_capture(void)
{
    char directory[128], name[160];
    snprintf(name, sizeof name, "%s/log", fresh_directory(directory));
    captured = open(name, O_RDWR | O_CREAT | O_TRUNC, 0600);
    standard_error = dup(2);
    CHECK(captured >= 0 && standard_error >= 0);
    dup2(captured, 2);
}

static void end_capture(void)
{
    dup2(standard_error, 2);
    close(standard_error);
    ssize_t n = pread(captured, said, sizeof said - 1, 0);
    close(captured);
    CHECK(n >= 0);
    said[n] = '\0';
}

static uint32_t count_of(const char *words)
{
    uint32_t count = 0;
    for (const char *at = said; (at = strstr(at, words)) != NULL; at++)
        count++;
    return count;
}

static void formats(void)
{
    char directory[128];
    struct plat *p = make_plat(fresh_directory(directory), false, 4, 0);
    begin_capture();
    plat_linux_log(p, LOG_INFO, PLAT_LOG_LOGFMT);
    plat_log(p, LOG_WARN, "a \"b\"\n%s", "\x01\xff");
    plat_log(p, LOG_DEBUG, "unheard");
    plat_linux_log(p, LOG_DEBUG, PLAT_LOG_JSON);
    plat_log(p, LOG_DEBUG, "c \"d\" \\ %s", "\x01\xff\xc3\xa9");
    end_capture();
    CHECK(strstr(said, " level=warn msg=\"a \\\"b\\\"\\x0a\\x01\xff\"\n") != NULL);
    CHECK(strncmp(said, "time=20", 7) == 0);
    CHECK(strstr(said, "{\"time\":\"20") != NULL);
    CHECK(strstr(said, "\"level\":\"debug\",\"msg\":\"c \\\"d\\\" \\\\ ??\xc3\xa9\"}\n") != NULL);
    CHECK(strstr(said, "unheard") == NULL);
    end_plat(p);
}

static void journal(void)
{
    char directory[128], stream[64];
    struct stat s;
    begin_capture();
    CHECK(fstat(2, &s) == 0);
    snprintf(stream, sizeof stream, "%ju:%ju", (uintmax_t)s.st_dev, (uintmax_t)s.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    struct plat *p = make_plat(fresh_directory(directory), false, 4, 0);
    unsetenv("JOURNAL_STREAM");
    plat_linux_log(p, LOG_DEBUG, PLAT_LOG_LOGFMT);
    plat_log(p, LOG_ERROR, "one");
    plat_log(p, LOG_DEBUG, "two");
    plat_linux_log(p, LOG_DEBUG, PLAT_LOG_JSON);
    plat_log(p, LOG_INFO, "three");
    end_capture();
    CHECK(strstr(said, "<3>level=error msg=\"one\"\n<7>level=debug msg=\"two\"\n"
                       "<6>{\"level\":\"info\",\"msg\":\"three\"}\n") != NULL);
    end_plat(p);
}

static void repeated_lines_are_counted(void)
{
    char directory[128];
    struct plat *p = make_plat(fresh_directory(directory), false, 4, 0);
    begin_capture();
    plat_linux_log(p, LOG_INFO, PLAT_LOG_LOGFMT);
    for (uint32_t i = 0; i < 100; i++)
        plat_log(p, LOG_WARN, "the same");
    plat_log(p, LOG_WARN, "another");
    end_capture();
    CHECK(count_of("the same") == 1 && count_of("the line before, 99 more times") == 1);
    CHECK(count_of("another") == 1);
    end_plat(p);
}

static void a_place_that_speaks_too_often_is_cut_short(void)
{
    char directory[128];
    struct plat *p = make_plat(fresh_directory(directory), false, 4, 0);
    begin_capture();
    plat_linux_log(p, LOG_INFO, PLAT_LOG_LOGFMT);
    for (int i = 0; i < 1000; i++)
        plat_log(p, LOG_WARN, "number %d", i);
    plat_log(p, LOG_WARN, "other places go on");
    log_flush(p, MONO_NEVER);
    plat_linux_log(p, LOG_DEBUG, PLAT_LOG_LOGFMT);
    for (int i = 0; i < 100; i++)
        plat_log(p, LOG_DEBUG, "detail %d", i);
    end_capture();
    CHECK(count_of("\"number ") == 31); /* thirty lines, and the one that tells */
    CHECK(count_of("msg=\"number %d\" left_out=970\n") == 1);
    CHECK(count_of("other places go on") == 1);
    CHECK(count_of("detail ") == 100);
    end_plat(p);
}

int main(void)
{
    static const struct named_test tests[] = {
        {"formats", formats},
        {"journal", journal},
        {"repeated_lines_are_counted", repeated_lines_are_counted},
        {"a_place_that_speaks_too_often_is_cut_short", a_place_that_speaks_too_often_is_cut_short}};
    return run_tests(tests, COUNT_OF(tests));
}
