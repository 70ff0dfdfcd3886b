/* SPDX-License-Identifier: MIT */
/* From incidents to alerts: what is said, when, and when not. */
#include "aggregator/analysis/watch_state.h"

#include <math.h>
#include <string.h>

/* What was found silenced is not asked again for so long. */
#define ASKED_MS 2000
#define VALUE_MAX 9e15

void watch_note_change(struct watch *x, enum rule_level before)
{
    if (before == LEVEL_NORMAL && x->e.level != LEVEL_NORMAL) {
        bool is_return = x->ended_ms != 0 && x->e.last_ms - x->ended_ms <= FLAP_WITHIN_MS;
        x->returns = is_return && x->returns < UINT8_MAX ? (uint8_t)(x->returns + 1) : is_return;
    }
    if (x->e.level == LEVEL_NORMAL)
        x->ended_ms = x->e.last_ms;
}

/* --- words --- */

struct words {
    const struct watch_room *w;
    const struct instance *in;
    const struct rule *r;
    const struct watch *x;
    const struct rule_limit *limit;
    const char *tag, *metric, *unit;
    uint32_t scale;
};

static int64_t scaled(double value, uint32_t scale)
{
    double v = value * scale;
    return (int64_t)llround(v > VALUE_MAX ? VALUE_MAX : v < -VALUE_MAX ? -VALUE_MAX : v);
}

static void put_span(struct text *out, int64_t ms)
{
    int64_t s = ms / MS_PER_S;
    if (s < 120)
        text_printf(out, "%lld s", (long long)s);
    else if (s < 7200)
        text_printf(out, "%lld min", (long long)(s / 60));
    else
        text_printf(out, "%lld h", (long long)(s / 3600));
}

static void put_value2(struct text *out, double value)
{
    int64_t v = scaled(value, 100);
    text_printf(out, "%s%lld.%02lld", v < 0 ? "-" : "", (long long)(v < 0 ? -v : v) / 100,
                (long long)(v < 0 ? -v : v) % 100);
}

/* ": HTTP 503", when whoever looked said why. */
static void put_why(const struct words *s, struct text *out)
{
    size_t length = strlen(s->tag);
    if (length > 0 && text_starts(s->in->why, s->tag) && s->in->why[length] == ':')
        text_put(out, s->in->why + length);
}

static void put_field(const struct words *s, const char *field, struct text *out)
{
    bool is_critical = s->limit == &s->r->critical;
    const struct {
        const char *field, *text;
    } texts[] = {
        {"name", s->in->name[0] != '\0' ? s->in->name : s->in->id}, {"instance", s->in->id},
        {"rule", s->r->name}, {"group", s->r->group}, {"tag", s->tag}, {"metric", s->metric},
        {"unit", s->unit},
        {"level", is_critical ? "critical" : "warning"}, {"word", is_critical ? "critical" : "high"},
    };
    for (uint32_t i = 0; i < COUNT_OF(texts); i++)
        if (text_equal(texts[i].field, field)) {
            text_put(out, texts[i].text);
            return;
        }
    if (text_equal(field, "value"))
        text_put_scaled(out, scaled(s->x->e.last, s->scale), s->scale);
    else if (text_equal(field, "value2"))
        put_value2(out, s->x->e.last);
    else if (text_equal(field, "threshold"))
        text_put_scaled(out, scaled(s->limit->at, s->scale), s->scale);
    else if (text_equal(field, "for"))
        put_span(out, s->x->e.last_ms - s->x->e.begin_ms);
    else if (text_equal(field, "why"))
        put_why(s, out);
    else if (text_equal(field, "value_of"))
        expression_print(&s->r->value, out);
    else
        text_printf(out, "{%s}", field);
}

static void put_words(const struct words *s, const char *form, struct text *out)
{
    char field[24];
    while (*form != '\0') {
        const char *end = *form == '{' ? strchr(form, '}') : NULL;
        if (end != NULL && (size_t)(end - form) <= sizeof field) {
            memcpy(field, form + 1, (size_t)(end - form - 1));
            field[end - form - 1] = '\0';
            put_field(s, field, out);
            form = end + 1;
        } else {
            text_put_char(out, *form++);
        }
    }
}

/* --- raising --- */

static struct words words_of(const struct watch_room *w, uint32_t instance, const struct watch *x)
{
    const struct rule *r = rule_of(w, x);
    struct words s = {.w = w, .in = store_instance(w->store, instance), .r = r, .x = x,
                      .limit = x->e.level == LEVEL_CRITICAL ? &r->critical : &r->warning,
                      .tag = watch_tag(w, instance, x), .metric = "", .unit = r->value.unit,
                      .scale = r->value.scale != 0 ? r->value.scale : 100};
    uint16_t series = x->binding.series[0] != SERIES_NONE ? x->binding.series[0] : x->binding.series[1];
    if (series == SERIES_NONE)
        return s;
    const struct store_metric *m =
        store_metric(w->store, store_series(w->store, instance, series)->metric_index);
    s.metric = strlen(m->name) < METRIC_SIZE ? m->name : "";
    if (r->value.scale != 0)
        return s;
    s.unit = m->unit;
    s.scale = m->scale;
    return s;
}

static void raise(struct watch_room *w, uint32_t instance, struct watch *x)
{
    char type[ALERT_TYPE_SIZE], message[ALERT_MESSAGE_SIZE], key[ALERT_RULE_SIZE];
    struct text t, m;
    bool was_open;
    struct words s = words_of(w, instance, x);
    text_init(&t, type, sizeof type);
    text_init(&m, message, sizeof message);
    put_words(&s, s.r->type, &t);
    put_words(&s, s.r->message, &m);
    if (watch_hold_ms(x, s.r) > 0)
        text_printf(&m, "; it comes and goes, %u times by now", x->returns + 1U);
    watch_rule_key(w, instance, x, key);
    const struct alert_report report = {
        .instance = s.in->id, .rule = key, .tag = s.tag, .type = type[0] != '\0' ? type : s.r->name,
        .message = message, .metric = s.metric, .unit = s.unit, .severity = s.limit->severity,
        .time_ms = x->e.last_ms, .begin_ms = x->e.begin_ms, .value = scaled(x->e.last, s.scale),
        .level = scaled(s.limit->at, s.scale), .peak_value = scaled(x->e.peak, s.scale),
        .peak_ms = x->e.peak_ms, .scale = s.scale, .is_low = s.r->is_below, .grace_ms = s.r->grace_ms};
    if (store_alert_raise(w->store, &report, &was_open) < 0) {
        w->stats.refused++;
        return;
    }
    store_hurry(w->store);
    w->stats.raised += !was_open;
    x->is_told = true;
    x->told_level = (uint8_t)x->e.level;
    x->told_ms = x->e.last_ms;
}

/* --- reasons to say nothing --- */

static bool holds_on(const struct watch_room *w, const struct watched *h, const char *rule)
{
    for (uint32_t i = 0; i < h->count; i++)
        if (h->watches[i].e.level != LEVEL_NORMAL && text_equal(rule_of(w, &h->watches[i])->name, rule))
            return true;
    return false;
}

static bool is_suppressed(struct watch_room *w, uint32_t instance, const struct watch *x)
{
    const struct watched *h = &w->hosts[instance];
    const struct rule *r = rule_of(w, x);
    bool is_of_facts = rule_is_of_facts(r);
    if ((h->is_silent && !is_of_facts) || (r->unless[0] != '\0' && holds_on(w, h, r->unless))) {
        w->stats.suppressed++;
        return true;
    }
    return false;
}

static bool is_silenced(struct watch_room *w, uint32_t instance, const struct watch *x, int64_t now_ms)
{
    const struct instance *in = store_instance(w->store, instance);
    const struct rule *r = rule_of(w, x);
    if (!book_is_silenced(w->book, now_ms, in->id, in->name, r->name, watch_tag(w, instance, x)))
        return false;
    w->stats.silenced++;
    return true;
}

/* Somebody resolved or deleted it, and it goes on: that is known, and not told again unless it grows. */
static bool is_dismissed(struct watch_room *w, uint32_t instance, struct watch *x)
{
    char key[ALERT_RULE_SIZE];
    if (!x->is_told || (uint8_t)x->e.level > x->told_level)
        return false;
    watch_rule_key(w, instance, x, key);
    if (!x->is_dismissed)
        x->is_dismissed = store_alert_open(w->store, store_instance(w->store, instance)->id, key,
                                           watch_tag(w, instance, x)) == NULL;
    return x->is_dismissed;
}

void watch_settle(struct watch_room *w, uint32_t instance, struct watch *x, int64_t time_ms)
{
    char key[ALERT_RULE_SIZE];
    watch_rule_key(w, instance, x, key);
    w->stats.settled += store_alert_settle(w->store, store_instance(w->store, instance)->id, key,
                                           watch_tag(w, instance, x), time_ms);
    x->is_told = x->is_dismissed = false;
    x->told_level = LEVEL_NORMAL;
}

/* What is judged are means: the newest may be of before a pause. */
static bool is_held_now(const struct watch *x, const struct rule *r)
{
    int64_t newest_ms = x->e.inputs[0].time_ms > x->e.inputs[1].time_ms ? x->e.inputs[0].time_ms
                                                                        : x->e.inputs[1].time_ms;
    bool is_held = x->e.warning.is_held || x->e.critical.is_held;
    return is_held && newest_ms - x->e.last_ms <= FRESH_MS + r->over_ms;
}

/* On the good side of where it is clear: it may be over soon, and what is told of it stays. */
static bool has_left(const struct watch *x)
{
    const struct threshold *w = &x->e.warning, *c = &x->e.critical;
    return !w->is_held && !w->is_near && !c->is_held && !c->is_near;
}

void watch_tell(struct watch_room *w, uint32_t instance, struct watch *x, bool is_fresh, int64_t now_ms)
{
    const struct rule *r = rule_of(w, x);
    if (x->e.level == LEVEL_NORMAL) {
        x->is_live = false;
        if (x->is_told)
            watch_settle(w, instance, x, x->e.last_ms);
        return;
    }
    x->is_live = x->is_live || (is_fresh && is_held_now(x, r));
    bool is_due = !x->is_told || (uint8_t)x->e.level != x->told_level ||
                  (x->e.last_ms - x->told_ms >= r->repeat_ms && !has_left(x));
    if (!is_fresh || !is_due || (!x->is_told && !x->is_live) || (now_ms >= x->asked_ms &&
                                                                 now_ms - x->asked_ms < ASKED_MS))
        return;
    bool is_hushed = is_silenced(w, instance, x, now_ms);
    if (is_hushed || is_suppressed(w, instance, x)) {
        x->is_live = x->is_live && !is_hushed; /* what is over when a silence ends is not told */
        x->asked_ms = now_ms;
        return;
    }
    if (is_dismissed(w, instance, x)) {
        x->told_ms = x->e.last_ms;
        return;
    }
    x->is_dismissed = false;
    raise(w, instance, x);
}
