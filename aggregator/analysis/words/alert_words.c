/* SPDX-License-Identifier: MIT */
/* What an alert means, and how urgent it is. */
#include "aggregator/analysis/words/alert_words.h"

#include "aggregator/analysis/words/phrase.h"

#define HOUR_MS INT64_C(3600000)

/* What the state leads to, as a general truth and not as a claim about this host. */
static const char *const consequence[SUBJECT_COUNT] = {
    [SUBJECT_CPU] = "With no CPU time to spare, programs wait for each other and answers become slower.",
    [SUBJECT_LOAD] = "More threads want to run or wait for disks than the CPUs can serve.",
    [SUBJECT_STEAL] = "The hypervisor gives CPU time that this host asks for to somebody else; nothing "
                      "inside the host can change that.",
    [SUBJECT_CPU_PRESSURE] = "Tasks that could run had to wait for a CPU.",
    [SUBJECT_MEMORY] = "When no memory is left the kernel first drops its caches, then swaps, and at last "
                       "kills a process.",
    [SUBJECT_SWAP] = "What lies in swap has to be read back before it can be used; a host that swaps all the "
                     "time is slow.",
    [SUBJECT_OOM] = "Memory ran out and the kernel killed a process; what it did is not done now unless "
                    "something has started it again.",
    [SUBJECT_SPACE] = "On a full file system writes fail: databases stop, logs and uploads are lost.",
    [SUBJECT_INODES] = "Without free inodes no file can be made, however much space is left.",
    [SUBJECT_READONLY] = "Nothing can be written there. The kernel does this to itself after errors of the "
                         "file system or the disk.",
    [SUBJECT_DISK_IO] = "Whatever reads or writes there waits longer than usual.",
    [SUBJECT_NETWORK_ERRORS] = "Packets are lost and have to be sent again, which shows as slow connections.",
    [SUBJECT_TRAFFIC] = "The line may become the limit, and traffic may cost money.",
    [SUBJECT_TRANSFER] = "Traffic beyond the allowance is usually billed or slowed down.",
    [SUBJECT_TCP] = "Clients may see slow or refused connections.",
    [SUBJECT_RESPONSE] = "Whoever uses the service waits longer.",
    [SUBJECT_HEALTH] = "The address that tells whether the service works does not say that it does.",
    [SUBJECT_SILENT] = "Whether the host, its network or only its agent is down cannot be told from here.",
    [SUBJECT_CLOCK] = "Certificates, logs and whatever compares times between hosts go wrong with a wrong "
                      "clock.",
    [SUBJECT_TEMPERATURE] = "Hot hardware slows itself down, and in the end switches itself off.",
    [SUBJECT_UNITS] = "A service that should run does not.",
    [SUBJECT_AGENT] = "What this host sends may be incomplete.",
    [SUBJECT_UNUSUAL] = "Several of its metrics have left what is usual for this host at once; whether that "
                        "is harm, a deployment or a busy day the numbers alone do not say.",
    [SUBJECT_OTHER] = "",
};

enum subject alert_subject(const struct alert_facts *f)
{
    return subject_of(f->metric, f->rule, f->type);
}

bool alert_is_forecast(const struct alert_facts *f)
{
    return text_starts(f->rule, "forecast:");
}

/* "from 14:05 UTC to 14:40 UTC, for 35 minutes", "since 14:05 UTC, 35 minutes ago" */
static void say_when(const struct alert_facts *f, struct text *t)
{
    if (f->state != STATE_RESOLVED) {
        phrase_since(t, f->first_ms, f->now_ms);
        return;
    }
    text_put(t, "from ");
    phrase_time(t, f->first_ms, f->now_ms);
    text_put(t, " to ");
    phrase_time(t, f->last_ms, f->now_ms);
    text_put(t, ", for ");
    phrase_duration(t, f->last_ms - f->first_ms);
}

/* "CPU use on web-3 has been at or above 90 % since 14:05 UTC, 35 minutes ago: last 97 %, peak 99 %." */
static void say_values(const struct alert_facts *f, struct text *t)
{
    bool is_plural = metric_is_plural(f->metric);
    metric_begin(t, f->metric, f->tag);
    text_put(t, metric_joint(f->tag));
    phrase_name(t, f->host);
    if (f->state == STATE_RESOLVED)
        text_put(t, is_plural ? " were" : " was");
    else
        text_put(t, is_plural ? " have been" : " has been");
    text_printf(t, " at or %s ", f->is_low ? "below" : "above");
    phrase_value(t, f->level, f->unit);
    text_put_char(t, ' ');
    say_when(f, t);
    text_put(t, ": ");
    if (f->state != STATE_RESOLVED) {
        text_put(t, "last ");
        phrase_value(t, f->last, f->unit);
        text_put(t, ", ");
    }
    text_put(t, f->is_low ? "lowest " : "peak ");
    phrase_value(t, f->peak, f->unit);
    text_put_char(t, ' ');
    phrase_at(t, f->peak_ms, f->now_ms);
    text_put_char(t, '.');
}

/* Of metrics that are 0 or 1 the number says nothing. True when the metric is one of them. */
static bool say_state(const struct alert_facts *f, struct text *t)
{
    bool is_over = f->state == STATE_RESOLVED;
    if (text_equal(f->metric, "disk_readonly")) {
        text_put(t, "File system ");
        phrase_name(t, tag_value(f->tag));
        text_put(t, " on ");
        phrase_name(t, f->host);
        text_put(t, is_over ? " was read-only " : " has been read-only ");
    } else if (text_equal(f->metric, "health_up")) {
        text_put(t, "The health check of ");
        phrase_name(t, f->host);
        text_put(t, is_over ? " failed " : " has failed ");
    } else if (text_equal(f->metric, "clock_synchronized")) {
        text_put(t, "The clock of ");
        phrase_name(t, f->host);
        text_put(t, is_over ? " was not synchronised " : " has not been synchronised ");
    } else {
        return false;
    }
    say_when(f, t);
    text_put_char(t, '.');
    return true;
}

/* Somebody reported it in words of his own. */
static void say_report(const struct alert_facts *f, struct text *t)
{
    phrase_name(t, f->host);
    text_put(t, ": \"");
    phrase_foreign(t, f->message, 300);
    text_put(t, "\" ");
    say_when(f, t);
    if (f->occurrences > 1) {
        text_put(t, ", ");
        phrase_count(t, f->occurrences, "report", NULL);
        if (f->state != STATE_RESOLVED) {
            text_put(t, ", the last ");
            phrase_at(t, f->last_ms, f->now_ms);
        }
    }
    text_put_char(t, '.');
}

/* Foretold at 14:05 UTC: "Disk use of / on web-3 will reach 95 % in about 8 hours: now 88 %". */
static void say_forecast(const struct alert_facts *f, struct text *t)
{
    text_put(t, "Foretold ");
    if (f->state == STATE_RESOLVED)
        phrase_span(t, f->first_ms, f->last_ms, f->now_ms);
    else
        phrase_at(t, f->last_ms, f->now_ms);
    if (f->state != STATE_RESOLVED && f->last_ms - f->first_ms >= HOUR_MS) {
        text_put(t, ", for the first time ");
        phrase_at(t, f->first_ms, f->now_ms);
    }
    text_put(t, ": \"");
    phrase_foreign(t, f->message, 300);
    text_put(t, "\".");
    if (f->state != STATE_RESOLVED && alert_subject(f) != SUBJECT_TRANSFER) /* that was not counted */
        text_put(t, " Two of three such forecasts come true within half and twice the time.");
    else if (f->state == STATE_RESOLVED && f->who[0] == '\0')
        text_put(t, " It is not expected any more.");
}

/* What the values are of. */
static void say_size(const struct alert_facts *f, enum subject subject, struct text *t)
{
    if (subject == SUBJECT_LOAD && f->cpu_count > 0 && text_starts(f->metric, "load_average")) {
        text_put(t, " That is ");
        phrase_number(t, f->peak / f->cpu_count);
        if (f->cpu_count == 1)
            text_put(t, " at the peak for its one CPU.");
        else
            text_printf(t, " at the peak for each of its %u CPUs.", f->cpu_count);
    } else if (subject == SUBJECT_MEMORY && f->memory_bytes > 0 &&
               text_equal(f->metric, "memory_usage_percent")) {
        text_put(t, " The host has ");
        phrase_value(t, f->memory_bytes, "bytes");
        text_put(t, " of memory; at the peak ");
        double share = f->peak > 100 ? 100 : f->peak;
        phrase_value(t, f->memory_bytes * (100 - share) / 100, "bytes");
        text_put(t, " were available.");
    }
}

static void say_meaning(const struct alert_facts *f, enum subject subject, struct text *t)
{
    bool is_forecast = alert_is_forecast(f);
    bool has_values = !is_forecast && f->has_values && metric_is_plain(f->metric, f->rule);
    if (is_forecast) {
        say_forecast(f, t);
    } else if (has_values) {
        if (!say_state(f, t))
            say_values(f, t);
    } else {
        say_report(f, t);
    }
    if (has_values)
        say_size(f, subject, t);
    if (f->reopened > 0) {
        text_put(t, " It came back ");
        if (f->reopened == 1)
            text_put(t, "once");
        else
            phrase_count(t, f->reopened, "time", NULL);
        text_put(t, " after it had gone.");
    }
    if (consequence[subject][0] != '\0')
        text_printf(t, " %s", consequence[subject]);
}

/* --- urgency --- */

static const char *const severity_words[] = {"low", "medium", "high", "critical"};

struct weighing {
    int points;
    struct text reason;
};

static void weigh(struct weighing *w, int points, const char *reason)
{
    w->points += points;
    text_printf(&w->reason, "%s%s", w->reason.length == 0 ? "" : ", ", reason);
}

static bool is_lasting_harm(enum subject subject)
{
    return subject == SUBJECT_SPACE || subject == SUBJECT_INODES || subject == SUBJECT_OOM ||
           subject == SUBJECT_READONLY || subject == SUBJECT_SILENT;
}

static void say_urgency(const struct alert_facts *f, struct alert_words *out)
{
    static const int of_severity[] = {2, 4, 6, 8};
    struct weighing w = {.points = 0};
    char first[32];
    struct text t;
    text_init(&w.reason, out->urgency_reason, sizeof(out->urgency_reason));
    if (f->state == STATE_RESOLVED) {
        weigh(&w, 0, "it is over");
        out->urgency = 0;
        return;
    }
    uint32_t severity = f->severity < COUNT_OF(of_severity) ? f->severity : COUNT_OF(of_severity) - 1;
    text_init(&t, first, sizeof(first));
    text_printf(&t, "severity %s", severity_words[severity]);
    weigh(&w, of_severity[severity], first);
    if (is_lasting_harm(out->subject) && severity >= 2 && !alert_is_forecast(f))
        weigh(&w, 1, "what is lost does not come back by itself");
    if (f->elsewhere > 0)
        weigh(&w, 1, "other hosts have it too");
    if (f->now_ms - f->first_ms >= HOUR_MS && !alert_is_forecast(f))
        weigh(&w, 1, "it has lasted for more than an hour");
    if (f->past.count >= 3 && f->past.by_itself == f->past.count && !is_lasting_harm(out->subject))
        weigh(&w, -1, "it has always gone by itself so far");
    if (f->state == STATE_ACKNOWLEDGED)
        weigh(&w, -2, "somebody is on it");
    out->urgency = w.points < 1 ? 1 : w.points > 10 ? 10 : (uint32_t)w.points;
}

/* --- all --- */

void alert_words_say(const struct alert_facts *f, struct alert_words *out)
{
    struct text t;
    *out = (struct alert_words){.subject = alert_subject(f)};
    text_init(&t, out->meaning, sizeof(out->meaning));
    say_meaning(f, out->subject, &t);
    text_init(&t, out->why, sizeof(out->why));
    alert_words_why(f, out->subject, &t);
    text_init(&t, out->similar, sizeof(out->similar));
    alert_words_similar(f, &t);
    alert_words_actions(f, out);
    say_urgency(f, out);
}

void alert_words_join(const struct alert_words *w, struct text *t)
{
    text_printf(t, "%s\n\nWhy: %s\n\nBefore: %s\n\nWhat to do:", w->meaning, w->why, w->similar);
    for (uint32_t i = 0; i < w->action_count; i++) {
        text_printf(t, "\n%u. %s", i + 1, w->actions[i].what);
        if (w->actions[i].command[0] != '\0')
            text_printf(t, "\n   %s", w->actions[i].command);
    }
    text_printf(t, "\n\nUrgency %u of 10: %s.", w->urgency, w->urgency_reason);
}
