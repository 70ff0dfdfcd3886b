/* SPDX-License-Identifier: MIT */
/* The log: one line on standard error for each event, in logfmt.
 *
 * Under systemd the journal adds the time and takes the priority from a prefix; elsewhere the line
 * carries its own time. A line that repeats is written once and then counted. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/linux/plat.h"

#define REPEATS_TOLD_AFTER_MS 60000

static const char *const level_names[] = {
    [LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"};
static const char *const journal_prefixes[] = {
    [LOG_ERROR] = "<3>", [LOG_WARN] = "<4>", [LOG_INFO] = "<6>", [LOG_DEBUG] = "<7>"};

void log_start(struct log *log, enum log_level level)
{
    *log = (struct log){.level = level};
    const char *stream = getenv("JOURNAL_STREAM"); /* "device:inode" */
    struct stat s;
    if (stream == NULL || fstat(2, &s) < 0)
        return;
    char ours[48];
    snprintf(ours, sizeof ours, "%ju:%ju", (uintmax_t)s.st_dev, (uintmax_t)s.st_ino);
    log->journal = text_equal(stream, ours);
}

/* What comes from peers may hold anything: nothing in it may end the line or the quotes. */
static void put_quoted(struct text *t, const char *s)
{
    text_put_char(t, '"');
    for (; *s != '\0'; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\') {
            text_put_char(t, '\\');
            text_put_char(t, (char)c);
        } else if (c < 0x20 || c == 0x7f) {
            text_printf(t, "\\x%02x", c);
        } else {
            text_put_char(t, (char)c);
        }
    }
    text_put_char(t, '"');
}

static void put_line(struct plat *p, enum log_level level, const char *message)
{
    char line[640];
    struct text t;
    text_init(&t, line, sizeof line - 1);
    if (p->log.journal) {
        text_put(&t, journal_prefixes[level]);
    } else {
        text_put(&t, "time=");
        text_put_iso_ms(&t, wall_ms(plat_wall(p)));
        text_put_char(&t, ' ');
    }
    text_put(&t, "level=");
    text_put(&t, level_names[level]);
    text_put(&t, " msg=");
    put_quoted(&t, message);
    line[t.length] = '\n';
    (void)!write(2, line, t.length + 1); /* nobody is left to tell */
}

static void tell_repeats(struct plat *p)
{
    char message[64];
    struct text t;
    text_init(&t, message, sizeof message);
    text_printf(&t, "the line before, %u more times", (unsigned)p->log.repeats);
    p->log.repeats = 0;
    put_line(p, p->log.last_level, message);
}

void log_flush(struct plat *p, struct mono now)
{
    if (p->log.repeats == 0 || !mono_reached(now, mono_after_ms(p->log.told, REPEATS_TOLD_AFTER_MS)))
        return;
    p->log.told = now;
    tell_repeats(p);
}

void plat_log(struct plat *p, enum log_level level, const char *format, ...)
{
    if (level > p->log.level)
        return;
    char message[sizeof p->log.last];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (level == p->log.last_level && text_equal(message, p->log.last)) {
        p->log.repeats++;
        log_flush(p, plat_mono(p));
        return;
    }
    if (p->log.repeats > 0)
        tell_repeats(p);
    text_copy(p->log.last, sizeof p->log.last, message);
    p->log.last_level = level;
    p->log.told = plat_mono(p);
    put_line(p, level, message);
}
