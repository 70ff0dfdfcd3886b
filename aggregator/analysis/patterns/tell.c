/* SPDX-License-Identifier: MIT */
/* The words of patterns. */
#include "aggregator/analysis/patterns/tell.h"

#include "aggregator/analysis/words/metric_words.h"
#include "aggregator/analysis/words/phrase.h"

struct page {
    struct text title, description, advice;
};

static struct page begin(struct insight *out, enum insight_severity severity, double confidence)
{
    struct page p;
    *out = (struct insight){.type = INSIGHT_PATTERN, .severity = severity};
    confidence = confidence < 0 ? 0 : confidence > 0.99 ? 0.99 : confidence;
    out->confidence_permille = (uint32_t)(confidence * 1000);
    text_init(&p.title, out->title, sizeof(out->title));
    text_init(&p.description, out->description, sizeof(out->description));
    text_init(&p.advice, out->recommendations, sizeof(out->recommendations));
    return p;
}

static void put_key(struct insight *out, const char *kind, const char *instance, const char *a,
                    const char *b)
{
    struct text t;
    text_init(&t, out->key, sizeof(out->key));
    text_printf(&t, "pattern/%s/%s/", kind, instance);
    uint32_t room = ((uint32_t)sizeof(out->key) - 2 - t.length) / 2;
    for (uint32_t i = 0; i < 2; i++) { /* both are in it, however long */
        const char *part = i == 0 ? a : b;
        for (uint32_t k = 0; k < room && part[k] != '\0'; k++)
            text_put_char(&t, part[k]);
        if (i == 0)
            text_put_char(&t, '/');
    }
}

static void put_instance(struct insight *out, const struct instance *in)
{
    if (out->instance_count < INSIGHT_INSTANCES_MAX)
        (void)text_copy(out->instances[out->instance_count++], INSTANCE_ID_SIZE, in->id);
}

static void put_metric(struct insight *out, const char *metric)
{
    if (out->metric_count < INSIGHT_METRICS_MAX)
        (void)text_copy(out->metrics[out->metric_count++], METRIC_SIZE, metric);
}

static void put_kind(struct insight *out, const char *kind)
{
    struct text t;
    text_init(&t, out->metadata, sizeof(out->metadata));
    text_printf(&t, "{\"pattern\":\"%s\"}", kind);
}

static const char *name_of(const struct instance *in)
{
    return in->name[0] != '\0' ? in->name : in->id;
}

static void say_series(struct text *t, const struct instance *in, const struct pattern_series *s)
{
    metric_begin(t, s->metric, s->tag);
    text_put(t, metric_joint(s->tag));
    phrase_name(t, name_of(in));
}

static void say_amount(struct text *t, const struct pattern_series *s, double v)
{
    if (s->is_rate)
        phrase_rate(t, v, s->unit, "s");
    else
        phrase_value(t, v, s->unit);
}

/* From 50 % to 52 % is no growth by 2 %. */
static void say_growth(struct text *t, const struct pattern_series *s, double v)
{
    if (s->is_rate || !text_equal(s->unit, "percent")) {
        say_amount(t, s, v);
        return;
    }
    phrase_number(t, v);
    text_put(t, " percentage points");
}

static const char *verb(const struct pattern_series *s, const char *singular, const char *plural)
{
    return metric_is_plural(s->metric) ? plural : singular;
}

void tell_spike(struct insight *out, const struct instance *in, const struct pattern_series *s,
                const struct spike *spike)
{
    struct page p = begin(out, INSIGHT_LOW, 0.9 * spike->days / spike->days_of);
    char key[TAG_SIZE];
    struct text k;
    text_init(&k, key, sizeof(key)); /* another hour is another pattern */
    text_printf(&k, "%02u %s", spike->hour, s->tag);
    put_key(out, "spike", in->id, s->metric, key);
    put_kind(out, "spike");
    put_instance(out, in);
    put_metric(out, s->metric);
    say_series(&p.title, in, s);
    text_printf(&p.title, " %s every day around %02u:00 UTC", verb(s, "peaks", "peak"), spike->hour);
    text_printf(&p.description, "On %u of the last %u days it was about ", spike->days, spike->days_of);
    say_amount(&p.description, s, spike->peak);
    text_printf(&p.description, " from %02u:00 to %02u:00 UTC, against ", spike->hour,
                (spike->hour + spike->length) % 24);
    say_amount(&p.description, s, spike->usual);
    text_put(&p.description, " at other hours (hourly means).");
    text_put(&p.advice,
             "Find the job of that hour (systemctl list-timers, crontab -l). If it hurts, spread it or "
             "move it.");
}

void tell_leak(struct insight *out, const struct instance *in, const struct pattern_series *s,
               const struct leak *leak)
{
    bool doubles = leak->to > 2 * leak->from;
    struct page p = begin(out, doubles ? INSIGHT_HIGH : INSIGHT_MEDIUM, leak->agreement);
    enum subject subject = subject_of(s->metric, "", "");
    put_key(out, "leak", in->id, s->metric, s->tag);
    put_kind(out, "leak");
    put_instance(out, in);
    put_metric(out, s->metric);
    say_series(&p.title, in, s);
    text_printf(&p.title, " %s growing, ", verb(s, "keeps", "keep"));
    say_growth(&p.title, s, leak->per_day);
    text_put(&p.title, " a day");
    text_put(&p.description, "It went from ");
    say_amount(&p.description, s, leak->from);
    text_put(&p.description, " to ");
    say_amount(&p.description, s, leak->to);
    text_put(&p.description, " within ");
    phrase_about(&p.description, (int64_t)leak->hours * 3600000);
    text_put(&p.description, ", half day after half day; ");
    phrase_share(&p.description, (leak->agreement + 1) / 2);
    text_put(&p.description,
             " of all pairs of hours rise. A leak looks like that, and so does growing use.");
    if (subject == SUBJECT_MEMORY || subject == SUBJECT_SWAP)
        text_put(&p.advice,
                 "See which process grows (ps -eo pid,rss,etime,comm --sort=-rss | head, today and "
                 "tomorrow). Restart it in a quiet hour until it is mended.");
    else if (subject == SUBJECT_TCP)
        text_put(&p.advice, "See who opens connections and does not close them (ss -tanp).");
    else
        text_put(&p.advice, "Find out what grows before it reaches a limit.");
}

void tell_pair(struct insight *out, const struct instance *in, const struct pattern_series *a,
               const struct pattern_series *b, double correlation)
{
    double size = correlation < 0 ? -correlation : correlation;
    struct page p = begin(out, INSIGHT_LOW, size);
    put_key(out, "pair", in->id, a->metric, b->metric);
    put_kind(out, "pair");
    put_instance(out, in);
    put_metric(out, a->metric);
    put_metric(out, b->metric);
    phrase_name(&p.title, name_of(in));
    text_put(&p.title, ": ");
    metric_noun(&p.title, a->metric, a->tag);
    text_put(&p.title, " and ");
    metric_noun(&p.title, b->metric, b->tag);
    text_put(&p.title, correlation < 0 ? " move against each other" : " move together");
    text_put(&p.description,
             "From hour to hour over the last week, the changes of one go with those of the other "
             "(correlation ");
    if (correlation < 0)
        text_put_char(&p.description, '-');
    phrase_number(&p.description, size);
    text_put(&p.description, "). It does not say which drives which.");
    text_put(&p.advice, "When one of them is in trouble, look at the other.");
}

void tell_neighbour(struct insight *out, const struct instance *in, const struct neighbour *n)
{
    struct page p = begin(out, n->steal >= 15 ? INSIGHT_HIGH : INSIGHT_MEDIUM, 0.6 + 0.015 * n->hours);
    put_key(out, "neighbour", in->id, "", "");
    put_kind(out, "neighbour");
    put_instance(out, in);
    put_metric(out, "cpu_seconds");
    text_put(&p.title, "Something beside ");
    phrase_name(&p.title, name_of(in));
    text_put(&p.title, " takes its CPU time");
    text_printf(&p.description, "In %u of the last 24 hours the hypervisor withheld ", n->hours);
    phrase_value(&p.description, n->steal, "percent");
    text_put(&p.description, " of the CPU time (steal) while the host itself used only ");
    phrase_value(&p.description, n->own, "percent");
    if (n->pressure == n->pressure && n->pressure >= 1) {
        text_put(&p.description, "; tasks waited for a CPU during ");
        phrase_value(&p.description, n->pressure, "percent");
        text_put(&p.description, " of the time");
    }
    text_put(&p.description,
             ". A noisy neighbour on the same hardware, or the limit of a plan, looks like that.");
    text_put(&p.advice,
             "Ask the provider. Stop and start the host to have it placed elsewhere, or take dedicated "
             "CPUs.");
}

void tell_spare(struct insight *out, const struct instance *in, double cpu, double memory)
{
    struct page p = begin(out, INSIGHT_LOW, 0.9);
    put_key(out, "spare", in->id, "", "");
    put_kind(out, "spare");
    put_instance(out, in);
    put_metric(out, "cpu_usage");
    put_metric(out, "memory_usage_percent");
    phrase_name(&p.title, name_of(in));
    text_put(&p.title, " has had little to do all week: CPU ");
    phrase_value(&p.title, cpu, "percent");
    text_put(&p.title, ", memory ");
    phrase_value(&p.title, memory, "percent");
    text_put(&p.description,
             "Means of the week; in no hour was the CPU used for more than 20 %, or memory for more "
             "than 40 %. Peaks within an hour are not looked at.");
    text_put(&p.advice, "A smaller plan would do, unless it stands by for others.");
}

void tell_recurring(struct insight *out, const struct instance *in, const struct recurring *r)
{
    struct page p = begin(out, r->count >= 5 ? INSIGHT_MEDIUM : INSIGHT_LOW, 1 - 1.0 / r->count);
    put_key(out, "recurring", in->id, r->rule[0] != '\0' ? r->rule : r->type, r->tag);
    put_kind(out, "recurring");
    put_instance(out, in);
    if (r->metric[0] != '\0')
        put_metric(out, r->metric);
    text_put(&p.title, "The alert on ");
    if (r->metric[0] != '\0')
        metric_noun(&p.title, r->metric, r->tag);
    else
        phrase_foreign(&p.title, r->type, 48);
    text_put(&p.title, " came ");
    phrase_count(&p.title, r->count, "time", NULL);
    text_put(&p.title, " within a week on ");
    phrase_name(&p.title, name_of(in));
    text_put(&p.description, "It mostly lasted ");
    phrase_duration(&p.description, r->median_ms);
    text_put_char(&p.description, '.');
    if (r->has_hour)
        text_printf(&p.description, " Each time it began between %02u:00 and %02u:00 UTC.", r->hour,
                    (r->hour + 2) % 24);
    text_put(&p.advice,
             r->has_hour ? "Look for what runs at that time. If it is meant to, raise the level or set a "
                           "maintenance window."
                         : "Mend the cause, or raise the level if nobody minds.");
}

/* --- groups --- */

void tell_group(struct insight *out, const struct instance *leader, uint32_t count, double correlation)
{
    struct page p = begin(out, INSIGHT_LOW, correlation);
    put_key(out, "group", leader->id, "cpu_usage", "");
    put_kind(out, "group");
    put_instance(out, leader);
    put_metric(out, "cpu_usage");
    text_put(&p.title, "CPU use moves together on ");
    phrase_count(&p.title, count, "host", NULL);
    text_put(&p.title, ": ");
    phrase_foreign(&p.title, name_of(leader), 24);
    text_put(&p.description,
             "From hour to hour over the last week their changes go together (correlation ");
    phrase_number(&p.description, correlation);
    text_put(&p.description, " and more with the first).");
    text_put(&p.advice,
             "When one is in trouble, look at what all of them share: a balancer, a database, a job.");
}

#define GROUP_TOLD 3U

static struct text title_of(struct insight *out)
{
    struct text t = {out->title, sizeof(out->title), 0, false};
    while (out->title[t.length] != '\0')
        t.length++;
    return t;
}

void tell_group_add(struct insight *out, const struct instance *in, uint32_t count)
{
    struct text t = title_of(out);
    if (out->instance_count < GROUP_TOLD) {
        phrase_list_next(&t, out->instance_count, count < GROUP_TOLD ? count : GROUP_TOLD, count);
        phrase_foreign(&t, name_of(in), 24);
    }
    put_instance(out, in);
}

void tell_group_end(struct insight *out, uint32_t count)
{
    struct text t = title_of(out);
    phrase_list_end(&t, count < GROUP_TOLD ? count : GROUP_TOLD, count);
}
