/* SPDX-License-Identifier: MIT */
/* The log: one line on standard error for each event, in logfmt or JSON.
 *
 * Under systemd the journal adds the time and takes the priority from a prefix; elsewhere the line
 * carries its own time. A line that repeats is written once and then counted. A place in the program
 * that speaks too often is cut short and what it left out is counted too: a log that fills the disk, or
 * hides the one line that matters, is worse than a short one. Debug lines are asked for and not cut. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/base/utf8.h"
#include "platform/linux/plat.h"

#define REPEATS_TOLD_AFTER_MS 60000
#define SITE_LINES_MAX 30U
#define SITE_MINUTE_MS 60000

static const char *const level_names[] = {
    [LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"};
static const char *const journal_prefixes[] = {
    [LOG_ERROR] = "<3>", [LOG_WARN] = "<4>", [LOG_INFO] = "<6>", [LOG_DEBUG] = "<7>"};

void log_start(struct log *log, enum log_level level, enum plat_log_format format)
{
    *log = (struct log){.level = level, .format = format};
    const char *stream = getenv("JOURNAL_STREAM"); /* "device:inode" */
    struct stat s;
    if (stream == NULL || fstat(2, &s) < 0)
        return;
    char ours[48];
    snprintf(ours, sizeof ours, "%ju:%ju", (uintmax_t)s.st_dev, (uintmax_t)s.st_ino);
    log->journal = text_equal(stream, ours);
}

void plat_linux_log(struct plat *p, enum log_level level, enum plat_log_format format)
{
    p->log.level = level;
    p->log.format = format;
}

/* --- one line --- */

/* What comes from peers may hold anything: nothing in it may end the line or the quotes. JSON knows no \x,
 * and wants UTF-8. */
static void put_quoted(struct text *t, const char *s, enum plat_log_format format)
{
    char clean[300];
    if (format == PLAT_LOG_JSON) {
        utf8_copy_clean(clean, sizeof clean, s);
        s = clean;
    }
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

static void put_fields(struct plat *p, struct text *t, enum log_level level, const char *message,
                       uint32_t left_out)
{
    bool json = p->log.format == PLAT_LOG_JSON;
    if (!p->log.journal) {
        text_put(t, json ? "{\"time\":\"" : "time=");
        text_put_iso_ms(t, wall_ms(plat_wall(p)));
        text_put(t, json ? "\"," : " ");
    } else if (json) {
        text_put_char(t, '{');
    }
    text_printf(t, json ? "\"level\":\"%s\",\"msg\":" : "level=%s msg=", level_names[level]);
    put_quoted(t, message, p->log.format);
    if (left_out > 0)
        text_printf(t, json ? ",\"left_out\":%u" : " left_out=%u", left_out);
    if (json)
        text_put_char(t, '}');
}

static void put_line(struct plat *p, enum log_level level, const char *message, uint32_t left_out)
{
    char line[1200]; /* a message of control characters grows fourfold */
    struct text t;
    text_init(&t, line, sizeof line - 1);
    if (p->log.journal)
        text_put(&t, journal_prefixes[level]);
    put_fields(p, &t, level, message, left_out);
    line[t.length] = '\n';
    (void)!write(2, line, t.length + 1); /* nobody is left to tell */
}

/* --- repeated lines --- */

static void tell_repeats(struct plat *p)
{
    char message[64];
    struct text t;
    text_init(&t, message, sizeof message);
    text_printf(&t, "the line before, %u more times", (unsigned)p->log.repeats);
    p->log.repeats = 0;
    put_line(p, p->log.last_level, message, 0);
}

/* --- places that speak too often --- */

static void tell_left_out(struct plat *p, struct log_site *site)
{
    if (site->left_out > 0)
        put_line(p, LOG_INFO, site->format, site->left_out);
    site->left_out = 0;
}

static bool minute_is_over(const struct log_site *site, struct mono now)
{
    return mono_reached(now, mono_after_ms(site->since, SITE_MINUTE_MS));
}

/* The site's own entry, a free one, or the one that has been quiet for longest. */
static struct log_site *find_site(struct plat *p, const char *format)
{
    struct log_site *best = &p->log.sites[0];
    for (uint32_t i = 0; i < LOG_SITES; i++) {
        struct log_site *site = &p->log.sites[i];
        if (site->format == format)
            return site;
        if (best->format != NULL && (site->format == NULL || site->since.ns < best->since.ns))
            best = site;
    }
    tell_left_out(p, best);
    *best = (struct log_site){.format = format};
    return best;
}

/* May it speak now? What it has left out since it last did is then told with the line. */
static bool site_may_speak(struct plat *p, const char *format, struct mono now, uint32_t *left_out)
{
    struct log_site *site = find_site(p, format);
    if (site->lines == 0 || minute_is_over(site, now)) {
        site->since = now;
        site->lines = 0;
    }
    if (site->lines >= SITE_LINES_MAX) {
        site->left_out++;
        return false;
    }
    site->lines++;
    *left_out = site->left_out;
    site->left_out = 0;
    return true;
}

void log_flush(struct plat *p, struct mono now)
{
    for (uint32_t i = 0; i < LOG_SITES; i++)
        if (p->log.sites[i].left_out > 0 && minute_is_over(&p->log.sites[i], now))
            tell_left_out(p, &p->log.sites[i]);
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
    struct mono now = plat_mono(p);
    if (level == p->log.last_level && text_equal(message, p->log.last)) {
        p->log.repeats++;
        log_flush(p, now);
        return;
    }
    uint32_t left_out = 0;
    if (level != LOG_DEBUG && !site_may_speak(p, format, now, &left_out))
        return;
    if (p->log.repeats > 0)
        tell_repeats(p);
    text_copy(p->log.last, sizeof p->log.last, message);
    p->log.last_level = level;
    p->log.told = now;
    put_line(p, level, message, left_out);
}
