/* SPDX-License-Identifier: MIT */
/* Why: what else moved then, who used most, what else is open; and how it ended before. */
#include "aggregator/analysis/words/alert_words.h"

#include "aggregator/analysis/words/phrase.h"

#define MINUTE_MS INT64_C(60000)
#define MUCH_OF_ALL 0.6 /* of what the host used: then one process is named as the one */

static void say_amount(struct text *t, const struct alert_evidence *e, double v)
{
    if (e->is_rate)
        phrase_rate(t, v, e->unit, "s");
    else
        phrase_value(t, v, e->unit);
}

/* "load over one minute rose from 0.4 to 8.2" */
static void say_moved(struct text *t, const struct alert_evidence *e)
{
    metric_noun(t, e->metric, e->tag);
    text_put(t, e->during > e->before ? " rose from " : " fell from ");
    say_amount(t, e, e->before);
    text_put(t, " to ");
    say_amount(t, e, e->during);
}

static const struct alert_evidence *earliest(const struct alert_facts *f)
{
    const struct alert_evidence *first = NULL;
    for (uint32_t i = 0; i < f->evidence_count; i++) {
        const struct alert_evidence *e = &f->evidence[i];
        if (e->onset_ms != 0 && (first == NULL || e->onset_ms < first->onset_ms))
            first = e;
    }
    return first;
}

static void say_evidence(const struct alert_facts *f, struct text *t)
{
    if (f->is_silent) {
        text_put(t, "Since then nothing is known of the host.");
        return;
    }
    if (!f->has_baseline) {
        text_put(t, "There are too few samples from before to say what else moved.");
        return;
    }
    if (f->evidence_count == 0) {
        text_put(t, "None of the host's other metrics that were compared moved noticeably.");
        return;
    }
    text_put(t, "What else moved, against the two hours before: ");
    for (uint32_t i = 0; i < f->evidence_count; i++) {
        phrase_list_next(t, i, f->evidence_count, f->evidence_count);
        say_moved(t, &f->evidence[i]);
    }
    text_put_char(t, '.');
    const struct alert_evidence *first = earliest(f);
    if (first == NULL || f->first_ms - first->onset_ms < 2 * MINUTE_MS)
        return;
    text_put(t, " The first to move was ");
    metric_noun(t, first->metric, first->tag);
    text_put(t, ", ");
    phrase_duration(t, f->first_ms - first->onset_ms);
    text_put(t, " before the alert.");
}

/* --- processes --- */

static bool is_of_memory(enum subject subject)
{
    return subject == SUBJECT_MEMORY || subject == SUBJECT_SWAP || subject == SUBJECT_OOM;
}

/* One that used most of what the host used is told as such. */
static void say_share(const struct alert_facts *f, bool by_memory, struct text *t)
{
    const struct alert_process *p = &f->processes[0];
    double share = 0;
    if (!f->has_values)
        return;
    if (by_memory && f->memory_bytes > 0)
        share = p->memory_bytes / f->memory_bytes;
    else if (!by_memory && f->cpu_count > 0 && text_equal(f->metric, "cpu_usage") && f->peak > 0)
        share = p->cpu_percent / f->cpu_count / f->peak;
    if (share < MUCH_OF_ALL)
        return;
    text_put_char(t, ' ');
    phrase_name(t, p->name);
    text_put(t, by_memory ? " alone held " : " alone used ");
    /* At no moment more CPU was in use than at the peak, so that a mean is at least that share of it. */
    if (f->process_samples > 1 && share < 1)
        text_put(t, by_memory ? "on average " : "at least ");
    phrase_share(t, share > 1 ? 1 : share);
    text_put(t, by_memory ? " of the host's memory." : " of the CPU time that was in use.");
}

static void say_process(const struct alert_process *p, bool by_memory, struct text *t)
{
    phrase_name(t, p->name);
    if (p->count > 1)
        text_printf(t, " (at least %u processes, together ", p->count);
    else
        text_printf(t, " (PID %u, ", p->pid);
    if (!by_memory) {
        phrase_number(t, p->cpu_percent);
        text_put(t, " % of a CPU, ");
    }
    phrase_value(t, p->memory_bytes, "bytes");
    text_put_char(t, ')');
}

static void say_processes(const struct alert_facts *f, enum subject subject, struct text *t)
{
    bool by_memory = is_of_memory(subject);
    if (f->process_count == 0)
        return;
    text_printf(t, " %s processes ", by_memory ? "Largest" : "Busiest");
    phrase_span(t, f->processes_from_ms, f->processes_to_ms, f->now_ms);
    if (f->process_samples > 1)
        text_printf(t, ", on average of %u samples", f->process_samples);
    text_put(t, ": ");
    for (uint32_t i = 0; i < f->process_count; i++) {
        phrase_list_next(t, i, f->process_count, f->process_count);
        say_process(&f->processes[i], by_memory, t);
    }
    text_put_char(t, '.');
    say_share(f, by_memory, t);
}

/* --- company --- */

static void say_company(const struct alert_facts *f, struct text *t)
{
    uint32_t told = f->company_count < ALERT_COMPANY_MAX ? f->company_count : ALERT_COMPANY_MAX;
    if (told > 0) {
        text_put(t, " Also open on this host: ");
        for (uint32_t i = 0; i < told; i++) {
            phrase_list_next(t, i, told, f->company_count);
            text_put_char(t, '"');
            phrase_foreign(t, f->company[i], 120);
            text_put_char(t, '"');
        }
        phrase_list_end(t, told, f->company_count);
        text_put_char(t, '.');
    }
    if (f->elsewhere > 0) {
        text_put(t, " The same alert is open on ");
        phrase_count(t, f->elsewhere, "other host", NULL);
        text_put(t, ": look for a cause that they share.");
    }
}

void alert_words_why(const struct alert_facts *f, enum subject subject, struct text *t)
{
    say_evidence(f, t);
    say_processes(f, subject, t);
    say_company(f, t);
    if (f->evidence_count > 0)
        text_put(t, " What moves together need not be cause and effect.");
}

/* --- before --- */

static void say_endings(const struct alert_past *p, struct text *t)
{
    if (p->by_itself == p->count) {
        text_put(t, p->count == 1 ? " It went by itself." : " All went by themselves.");
        return;
    }
    if (p->count == 1 && p->by_hand == 1) {
        text_put(t, " It was resolved by ");
        if (p->last_who[0] != '\0') {
            phrase_name(t, p->last_who);
            text_put(t, ", who may know more.");
        } else {
            text_put(t, "hand.");
        }
    } else if (p->by_hand == p->count) {
        text_put(t, " All were resolved by hand.");
    } else {
        text_put(t, " ");
        text_put_u64(t, p->by_itself);
        text_put(t, p->by_itself == 1 ? " went by itself, " : " went by themselves, ");
        text_put_u64(t, p->by_hand);
        text_put(t, p->by_hand == 1 ? " was resolved by hand." : " were resolved by hand.");
    }
    if (p->last_who[0] != '\0' && p->count > 1) {
        text_put(t, " The newest was resolved by ");
        phrase_name(t, p->last_who);
        text_put(t, ", who may know more.");
    }
}

void alert_words_similar(const struct alert_facts *f, struct text *t)
{
    const struct alert_past *p = &f->past;
    if (p->count == 0) {
        text_put(t, "No earlier alert of this kind is known on this host");
        if (p->elsewhere > 0) {
            text_put(t, "; there ");
            text_put(t, p->elsewhere == 1 ? "was " : "were ");
            text_put_u64(t, p->elsewhere);
            text_put(t, " on other hosts");
        }
        text_put_char(t, '.');
        return;
    }
    text_put(t, alert_is_forecast(f) ? "It was foretold " : "It happened ");
    if (p->count == 1)
        text_put(t, "once");
    else
        phrase_count(t, p->count, "time", NULL);
    text_put(t, p->count == 1 ? " before on this host, " : " before on this host, last ");
    phrase_time(t, p->last_ms, f->now_ms);
    text_put(t, p->count == 1 ? ", and lasted " : ", and mostly lasted ");
    phrase_duration(t, p->median_ms);
    if (p->count > 1 && p->longest_ms >= 2 * p->median_ms) {
        text_put(t, ", once ");
        phrase_duration(t, p->longest_ms);
    }
    text_put_char(t, '.');
    say_endings(p, t);
}
