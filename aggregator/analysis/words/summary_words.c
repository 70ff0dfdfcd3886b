/* SPDX-License-Identifier: MIT */
/* The summary. */
#include "aggregator/analysis/words/summary_words.h"

#include <string.h>

#include "aggregator/analysis/words/alert_words.h"
#include "aggregator/analysis/words/phrase.h"

static const char *const severity_words[] = {"low", "medium", "high", "critical"};

static uint32_t smaller_of(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

/* --- the first sentence --- */

static bool is_away(const struct summary_host *h)
{
    return text_equal(h->status, "unhealthy") || text_equal(h->status, "degraded");
}

/* "db-1 (disk space, memory)" */
static void say_host(const struct summary_host *h, struct text *t)
{
    phrase_name(t, h->name);
    text_put(t, " (");
    uint32_t told = smaller_of(h->reason_count, SUMMARY_REASONS_MAX);
    bool says_silent = false;
    for (uint32_t i = 0; i < told; i++) {
        text_printf(t, "%s%s", i == 0 ? "" : ", ", subject_noun(h->reasons[i]));
        says_silent |= h->reasons[i] == SUBJECT_SILENT;
    }
    if (h->reason_count > told)
        text_put(t, " and more");
    if (h->status[0] != '\0' && !says_silent) {
        text_put(t, told > 0 ? ", " : "");
        if (is_away(h))
            text_put(t, h->seen_ms == 0 ? "not heard of" : "silent");
        else
            phrase_foreign(t, h->status, 32);
    }
    text_put_char(t, ')');
}

static void say_attention(const struct summary_facts *f, struct text *t)
{
    if (f->hosts == 1)
        text_put(t, "The one host needs attention: ");
    else if (f->attention == f->hosts)
        text_printf(t, "All %u hosts need attention: ", f->hosts);
    else
        text_printf(t, "%u of %u hosts need%s attention: ", f->attention, f->hosts,
                    f->attention == 1 ? "s" : "");
    uint32_t told = smaller_of(f->attention, SUMMARY_HOSTS_MAX);
    for (uint32_t i = 0; i < told; i++) {
        phrase_list_next(t, i, told, f->attention);
        say_host(&f->worst[i], t);
    }
    phrase_list_end(t, told, f->attention);
}

static void say_health(const struct summary_facts *f, struct text *t)
{
    if (f->hosts == 0)
        text_put(t, "No host is known yet");
    else if (f->attention > 0)
        say_attention(f, t);
    else if (f->unknown == f->hosts)
        text_put(t, f->hosts == 1 ? "The one host has not been heard of yet"
                                  : "None of the hosts has been heard of yet");
    else if (f->hosts - f->unknown == 1)
        text_put(t, f->hosts == 1 ? "The one host is healthy" : "The one host that was heard of is healthy");
    else if (f->unknown > 0)
        text_printf(t, "The %u hosts that were heard of are healthy", f->hosts - f->unknown);
    else
        text_printf(t, "All %u hosts are healthy", f->hosts);
    if (f->attention == 0 && f->alert_count == 0 && f->hosts > 0)
        text_put(t, " and no alert is open");
    else if (f->attention == 0 && f->alert_count > 0) /* of hosts that are not known any more */
        text_printf(t, "; %u alert%s open", f->alert_count, f->alert_count == 1 ? " is" : "s are");
}

static void say_rest(const struct summary_facts *f, struct text *t)
{
    uint32_t rest = f->hosts - f->attention;
    rest -= smaller_of(rest, f->unknown);
    if (f->attention > 0 && rest > 0)
        text_printf(t, rest == 1 ? " The other one is fine." : " The other %u are fine.", rest);
    if (f->unknown > 0 && f->unknown < f->hosts)
        text_printf(t, " %u %s never been heard of.", f->unknown, f->unknown == 1 ? "has" : "have");
    if (f->acknowledged > 0) {
        text_put(t, " Somebody is on ");
        if (f->acknowledged == f->alert_count)
            text_put(t, f->alert_count == 1 ? "the one open alert." : "all open alerts.");
        else
            text_printf(t, "%u of the %u open alerts.", f->acknowledged, f->alert_count);
    }
    if (f->alert_count == 0 && f->quiet_since_ms > 0 && f->quiet_since_ms < f->now_ms) {
        text_put(t, " The last alert ended ");
        phrase_time(t, f->quiet_since_ms, f->now_ms);
        text_put(t, ", ");
        phrase_duration(t, f->now_ms - f->quiet_since_ms);
        text_put(t, " ago.");
    }
}

/* --- findings --- */

/* "... for 27 min": then it need not be said again. */
static bool tells_span(const char *message)
{
    for (const char *at = message; (at = strstr(at, " for ")) != NULL;) {
        at += strlen(" for ");
        if (*at >= '0' && *at <= '9')
            return true;
    }
    return false;
}

/* In the words of the rule, or of who reported it. */
static void say_message(const struct summary_facts *f, const struct summary_alert *a, struct text *t)
{
    char name[PHRASE_NAME_MAX + 4];
    struct text host;
    text_init(&host, name, sizeof(name));
    phrase_name(&host, a->host);
    if (strstr(a->message, name) == NULL)
        text_printf(t, "%s: ", name);
    phrase_foreign(t, a->message, 160);
    if (!tells_span(a->message)) {
        text_put(t, ", ");
        phrase_since(t, a->first_ms, f->now_ms);
    }
}

static void say_alert(const struct summary_facts *f, const struct summary_alert *a, struct text *t)
{
    text_put(t, "\n- ");
    if (a->has_values && a->metric[0] != '\0') {
        phrase_name(t, a->host);
        text_put(t, ": ");
        metric_noun(t, a->metric, a->tag);
        text_put(t, metric_is_plural(a->metric) ? " are " : " is ");
        phrase_value(t, a->last, a->unit);
        text_printf(t, ", %s ", a->is_low ? "at or below" : "at or above");
        phrase_value(t, a->level, a->unit);
        text_put_char(t, ' ');
        phrase_since(t, a->first_ms, f->now_ms);
    } else {
        say_message(f, a, t);
    }
    text_printf(t, " (%s%s).", severity_words[a->severity < 4 ? a->severity : 3],
                a->is_acknowledged ? ", acknowledged" : "");
}

/* Hosts that say nothing and have no alert for it. */
static uint32_t say_silent(const struct summary_facts *f, struct text *t)
{
    uint32_t said = 0;
    for (uint32_t i = 0; i < smaller_of(f->attention, SUMMARY_HOSTS_MAX); i++) {
        const struct summary_host *h = &f->worst[i];
        if (h->reason_count > 0 || h->status[0] == '\0')
            continue;
        text_put(t, "\n- ");
        phrase_name(t, h->name);
        if (!is_away(h)) {
            text_put(t, ": its status is ");
            phrase_foreign(t, h->status, 32);
        } else if (h->seen_ms == 0) {
            text_put(t, ": not heard of since this aggregator started");
        } else {
            text_put(t, ": silent ");
            phrase_since(t, h->seen_ms, f->now_ms);
        }
        text_put_char(t, '.');
        said++;
    }
    return said;
}

static void say_findings(const struct summary_facts *f, struct text *t)
{
    uint32_t told = smaller_of(f->alert_count, SUMMARY_ALERTS_MAX);
    uint32_t before = t->length, said = 0;
    text_put(t, "\n\nWhat is wrong");
    for (uint32_t i = 0; i < told; i++)
        if (!f->alerts[i].is_forecast) {
            say_alert(f, &f->alerts[i], t);
            said++;
        }
    said += say_silent(f, t);
    if (said == 0) { /* no heading without a line */
        t->length = before;
        t->at[before] = '\0';
        return;
    }
    if (f->alert_count > told) {
        text_put(t, "\n- and ");
        phrase_count(t, f->alert_count - told, "more alert", NULL);
        text_put_char(t, '.');
    }
}

/* --- what to do --- */

/* What is unusual about a host is what else is wrong with it, when there is something. */
static bool is_explained(const struct summary_facts *f, uint32_t at)
{
    for (uint32_t i = 0; i < smaller_of(f->alert_count, SUMMARY_ALERTS_MAX); i++)
        if (f->alerts[i].subject != SUBJECT_UNUSUAL && text_equal(f->alerts[i].host, f->alerts[at].host))
            return true;
    return false;
}

static bool is_said_before(const struct summary_facts *f, uint32_t at)
{
    const struct summary_alert *a = &f->alerts[at];
    if (a->subject == SUBJECT_UNUSUAL && is_explained(f, at))
        return true;
    for (uint32_t i = 0; i < at; i++) {
        const struct summary_alert *b = &f->alerts[i];
        if (!b->is_acknowledged && b->subject == a->subject && text_equal(a->host, b->host) &&
            text_equal(a->tag, b->tag))
            return true;
    }
    return false;
}

static void say_step(struct text *t, uint32_t number, const char *host)
{
    if (number == 1)
        text_put(t, "\n\nDo now");
    text_printf(t, "\n%u. ", number);
    phrase_name(t, host);
    text_put(t, ": ");
}

static void say_actions(const struct summary_facts *f, struct text *t)
{
    uint32_t number = 0;
    for (uint32_t i = 0; i < smaller_of(f->alert_count, SUMMARY_ALERTS_MAX); i++) {
        const struct summary_alert *a = &f->alerts[i];
        if (a->is_acknowledged || a->severity < 1 || is_said_before(f, i))
            continue;
        say_step(t, ++number, a->host);
        advice_short(a->subject, a->tag, t);
        text_put_char(t, '.');
    }
    for (uint32_t i = 0; i < smaller_of(f->attention, SUMMARY_HOSTS_MAX); i++) {
        const struct summary_host *h = &f->worst[i];
        if (h->reason_count > 0 || !is_away(h))
            continue;
        say_step(t, ++number, h->name);
        advice_short(SUBJECT_SILENT, "", t);
        text_put_char(t, '.');
    }
}

/* --- insights --- */

static void end_sentence(struct text *t)
{
    if (t->length > 0 && strchr(".!?", t->at[t->length - 1]) == NULL)
        text_put_char(t, '.');
}

static void say_insights(const struct summary_insights *s, const char *heading, bool with_advice,
                         struct text *t)
{
    uint32_t told = smaller_of(s->count, SUMMARY_INSIGHTS_MAX);
    if (told == 0)
        return;
    text_printf(t, "\n\n%s", heading);
    for (uint32_t i = 0; i < told; i++) {
        const struct summary_insight *in = &s->list[i];
        text_put(t, "\n- ");
        phrase_foreign(t, in->title, sizeof(in->title));
        if (in->confidence_percent > 0)
            text_printf(t, " (%u %% sure)", in->confidence_percent);
        end_sentence(t);
        if (with_advice && in->advice[0] != '\0') {
            text_put_char(t, ' ');
            phrase_foreign(t, in->advice, sizeof(in->advice));
            end_sentence(t);
        }
    }
    if (s->count > told)
        text_printf(t, "\n- and %u more.", s->count - told);
}

void summary_words_say(const struct summary_facts *f, struct text *t)
{
    say_health(f, t);
    text_put_char(t, '.');
    say_rest(f, t);
    say_findings(f, t);
    say_actions(f, t);
    say_insights(&f->predictions, "Coming up", true, t);
    say_insights(&f->anomalies, "Out of the ordinary", false, t);
    say_insights(&f->patterns, "What keeps happening", true, t);
    say_insights(&f->savings, "Could be leaner", true, t);
}

void summary_words_quick(const struct summary_facts *f, struct text *t)
{
    say_health(f, t);
    if (f->predictions.count > 0) {
        text_put(t, "; coming up: ");
        const char *title = f->predictions.list[0].title;
        uint32_t length = (uint32_t)strlen(title);
        while (length > 0 && title[length - 1] == '.')
            length--;
        char short_title[sizeof(f->predictions.list[0].title)];
        (void)text_copy(short_title, length + 1, title);
        phrase_foreign(t, short_title, sizeof(short_title));
    }
    text_put_char(t, '.');
}
