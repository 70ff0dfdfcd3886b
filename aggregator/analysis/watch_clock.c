/* SPDX-License-Identifier: MIT */
/* Rules of facts, which the clock judges: above all, who is silent. A host is not to blame while we were not
 * listening: just started, held up, suspended, or unable to commit. */
#include "aggregator/analysis/watch_state.h"

#define LOOK_MS 1000
#define AWAY_MS 5000
/* Agents come back within half a minute, and send within an interval more. */
#define QUIET_MS 60000
#define AGE_MS 10000
#define KEEP_MS 30000
/* One that is no agent has shown its pace by then. */
#define ARRIVALS_LEAST 5U
#define PUSH_INTERVAL_MS_LEAST 15000
#define VANISHED_MS INT64_C(600000)
#define SETTLED_BY_HAND_MS (INT64_C(7) * 86400 * 1000)

static int64_t since_ms(struct mono from, struct mono to)
{
    return (to.ns - from.ns) / NS_PER_MS;
}

static bool is_agent(const struct instance *in)
{
    return in->source == INSTANCE_FROM_AGENT && in->agent_version[0] != '\0';
}

void watch_hear(struct watch_room *w, uint32_t instance, struct mono now)
{
    struct watched *h = &w->hosts[instance];
    int64_t pause_ms = since_ms(h->heard, now);
    if (h->heard.ns != 0 && pause_ms > 0) {
        int64_t decayed = h->interval_ms - h->interval_ms / 32;
        h->interval_ms = h->is_silent ? decayed : pause_ms > decayed ? pause_ms : decayed;
        h->arrivals++;
    }
    h->heard = now;
}

/* Shipments that have not come; negative when nobody can tell. */
static double missed(const struct watch_room *w, uint32_t instance, struct mono now)
{
    const struct instance *in = store_instance(w->store, instance);
    const struct watched *h = &w->hosts[instance];
    int64_t interval_ms = w->limits.ship_interval_ms > in->interval_ms ? w->limits.ship_interval_ms
                                                                       : in->interval_ms;
    if (in->revoked_ms != 0 || in->deleted_ms != 0)
        return -1;
    if (in->source == INSTANCE_FROM_SENTINEL && in->agent_version[0] == '\0')
        return -1; /* it says nothing itself: silence is ours */
    if (!is_agent(in)) {
        if (h->heard.ns == 0 || (h->arrivals < ARRIVALS_LEAST && !h->is_silent))
            return -1;
        interval_ms = h->interval_ms < PUSH_INTERVAL_MS_LEAST ? PUSH_INTERVAL_MS_LEAST : h->interval_ms;
    }
    /* whatever it was before, we have listened only since then */
    struct mono from = h->heard, listened = mono_after_ms(w->quiet_until, -QUIET_MS);
    if (interval_ms <= 0)
        return -1;
    if (!mono_reached(from, listened) && !h->is_silent)
        from = listened;
    double value = (double)since_ms(from, now) / (double)interval_ms;
    if (h->is_silent && h->heard.ns == 0)
        return value < 10 ? 10 : value; /* since before we began to listen */
    bool is_excused = !mono_reached(now, w->quiet_until) && !h->is_silent;
    return is_excused && value > 1 ? 0.9 : value;
}

/* Closed by hand while it was silent, before this program started: known. */
static bool is_known_silence(struct watch_room *w, uint32_t instance, const struct watch *x, int64_t now_ms)
{
    char key[ALERT_RULE_SIZE];
    if (w->hosts[instance].heard.ns != 0)
        return false;
    watch_rule_key(w, instance, x, key);
    return store_alert_last(w->store, store_instance(w->store, instance)->id, key, "", &w->alert) == 1 &&
           w->alert.status == ALERT_RESOLVED && w->alert.who[0] != '\0' &&
           now_ms - w->alert.resolved_ms < SETTLED_BY_HAND_MS;
}

static void look_at_rule(struct watch_room *w, uint32_t instance, struct watch *x,
                         const double facts[static FACT_COUNT], struct mono now, int64_t now_ms)
{
    const struct rule *r = rule_of(w, x);
    enum rule_level before = x->e.level;
    double value;
    if (!evaluate_facts(r, facts, &value)) {
        if (x->is_told && facts[FACT_MISSED_SHIPMENTS] < 0 && r->value.a.fact == FACT_MISSED_SHIPMENTS) {
            watch_settle(w, instance, x, now_ms); /* revoked or deleted: it may be silent */
            x->e = (struct evaluation){.level = LEVEL_NORMAL};
        }
        return;
    }
    int64_t time_ms = w->base_ms + now.ns / NS_PER_MS;
    if (evaluate_value(&x->e, r, time_ms, value, true, watch_hold_ms(x, r)))
        watch_note_change(x, before);
    bool is_silence = r->value.a.kind == TERM_FACT && r->value.a.fact == FACT_MISSED_SHIPMENTS;
    if (is_silence && before == LEVEL_NORMAL && x->e.level != LEVEL_NORMAL &&
        is_known_silence(w, instance, x, now_ms)) {
        x->is_told = x->is_dismissed = true;
        x->told_level = (uint8_t)x->e.level;
    }
    if (x->e.level != LEVEL_NORMAL || x->is_told)
        watch_tell(w, instance, x, true, now_ms);
}

static void look_at_host(struct watch_room *w, uint32_t instance, struct mono now, int64_t now_ms)
{
    const struct instance *in = store_instance(w->store, instance);
    struct watched *h = &w->hosts[instance];
    double facts[FACT_COUNT];
    bool is_silent = false;
    if (in->deleted_ms != 0) {
        if (h->count > 0)
            watch_drop_all(w, instance, now_ms);
        return;
    }
    watch_bind(w, instance);
    evaluate_fill_facts(in, facts);
    facts[FACT_MISSED_SHIPMENTS] = missed(w, instance, now);
    if (in->connected)
        facts[FACT_CLOCK_SKEW] = (double)(in->skew_ms < 0 ? -in->skew_ms : in->skew_ms) / MS_PER_S;
    for (uint32_t at = watch_next_of_facts(h, 0); at != 0; at = watch_next_of_facts(h, at)) {
        struct watch *x = &h->watches[at - 1];
        if (x->binding.series[0] == SERIES_NONE && x->binding.series[1] == SERIES_NONE)
            look_at_rule(w, instance, x, facts, now, now_ms);
        is_silent = is_silent || (rule_of(w, x)->value.a.fact == FACT_MISSED_SHIPMENTS &&
                                  rule_of(w, x)->value.a.kind == TERM_FACT && x->e.level != LEVEL_NORMAL);
    }
    h->is_silent = is_silent;
}

/* A disk that was taken out is not full any more. */
static void age_host(struct watch_room *w, uint32_t instance, int64_t now_ms)
{
    struct watched *h = &w->hosts[instance];
    int64_t newest_ms = store_instance(w->store, instance)->last_sample_ms;
    bool is_listening = mono_reached(w->looked, w->quiet_until) && !h->is_silent;
    for (uint32_t i = 0; i < h->count && is_listening; i++) {
        struct watch *x = &h->watches[i];
        bool is_of_facts = x->binding.series[0] == SERIES_NONE && x->binding.series[1] == SERIES_NONE;
        if (x->e.level == LEVEL_NORMAL || is_of_facts ||
            newest_ms - x->e.last_ms <= VANISHED_MS + rule_of(w, x)->over_ms)
            continue;
        if (x->is_told)
            watch_settle(w, instance, x, now_ms);
        x->e = (struct evaluation){.level = LEVEL_NORMAL};
    }
}

/* Alerts of rules that there are no more, and of hosts. */
static void age_alerts(struct watch_room *w, int64_t now_ms)
{
    const struct alert *a;
    uint32_t at = 0;
    char name[ALERT_RULE_SIZE], rule[ALERT_RULE_SIZE], instance[INSTANCE_ID_SIZE], tag[TAG_SIZE];
    while ((a = store_alert_walk_open(w->store, &at)) != NULL) {
        bool is_ours = text_starts(a->rule, RULE_PREFIX), is_earlier = text_starts(a->rule, "level:");
        if (!is_ours && !is_earlier)
            continue;
        (void)text_copy(rule, sizeof rule, a->rule);
        (void)text_copy(name, sizeof name, a->rule + (is_ours ? sizeof RULE_PREFIX - 1 : 0));
        for (char *c = name; *c != '\0'; c++)
            *c = is_ours && *c == ':' ? '\0' : *c;
        (void)text_copy(instance, sizeof instance, a->instance);
        (void)text_copy(tag, sizeof tag, a->tag);
        int found = rules_find(book_rules(w->book), name), of = store_instance_find(w->store, instance);
        bool is_known = is_ours && found >= 0 && of >= 0;
        const struct instance *in = is_known ? store_instance(w->store, (uint32_t)of) : NULL;
        if (!is_known || !rule_is_for(&book_rules(w->book)->rules[found], in))
            w->stats.settled += store_alert_settle(w->store, instance, rule, tag, now_ms);
    }
}

/* True when we may have missed what was said. */
static bool was_away(struct watch_room *w, struct mono now, int64_t now_ms)
{
    int64_t passed_ms = since_ms(w->looked, now), by_wall_ms = now_ms - w->looked_wall_ms;
    bool is_failing = store_commit_failures(w->store) != w->failures;
    w->failures = store_commit_failures(w->store);
    return is_failing || passed_ms > AWAY_MS || by_wall_ms - passed_ms > AWAY_MS;
}

struct mono watch_look(struct watch_room *w, struct mono now, struct wall wall)
{
    int64_t now_ms = wall_ms(wall);
    struct mono due = mono_on_beat(mono_after_ms(w->looked, LOOK_MS - MONO_BEAT_MS));
    if (!mono_reached(now, due))
        return due;
    if (was_away(w, now, now_ms))
        w->quiet_until = mono_after_ms(now, QUIET_MS);
    w->looked = now;
    w->looked_wall_ms = now_ms;
    uint32_t count = store_instance_count(w->store);
    bool is_aging = mono_reached(now, mono_after_ms(w->aged, AGE_MS));
    for (uint32_t i = 0; i < count; i++) {
        look_at_host(w, i, now, now_ms);
        if (is_aging)
            age_host(w, i, now_ms);
    }
    if (is_aging) {
        w->aged = now;
        age_alerts(w, now_ms);
    }
    if (mono_reached(now, mono_after_ms(w->kept, KEEP_MS))) {
        w->kept = now;
        watch_keep(w);
    }
    return mono_on_beat(mono_after_ms(now, LOOK_MS - MONO_BEAT_MS));
}
