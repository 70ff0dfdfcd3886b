/* SPDX-License-Identifier: MIT */
/* Who has no agent: one sample every few seconds, pushed, and with it an alert that is raised, or settled.
 *
 * It keeps its own books: a sample and a change count as acknowledged when the transaction that was awaited
 * is on disk, as the API answers then. What was not acknowledged when the aggregator died is told again, as
 * a client does after a lost answer; so is one in four that was. Law 9: an acknowledged sample is there once,
 * with its value; a repeat is known as one; an acknowledged change of an alert is there. */
#include "tests/sim/pushes.h"

#include <stdio.h>

#include "aggregator/store/store_alerts.h"
#include "tests/sim/peek.h"
#include "tests/sim/world.h"

#define EVERY_NS (7 * NS_PER_S)
#define RULES 3U
#define PUSHER PUSHES_INSTANCE

static int64_t time_of(const struct world *w, uint32_t n)
{
    return w->pushes.first_ms + (int64_t)n * 1000;
}

static int64_t value_of(uint32_t n)
{
    return (int64_t)n * 7 % 1000 + 3;
}

static int find_pusher(struct store *s)
{
    struct instance facts = {.interval_ms = 1000, .id = PUSHER, .name = PUSHER};
    int found = store_instance_find(s, PUSHER);
    return found >= 0 ? found : store_instance_put(s, &facts);
}

/* What store_push told of sample n, or a negative value: later. */
static int push(struct world *w, struct store *s, uint32_t n)
{
    static const struct store_series_facts facts = {.metric = "pushed", .tag = "", .unit = "count",
                                                    .scale = 1, .kind = METRIC_GAUGE};
    int instance = find_pusher(s);
    int series = instance < 0 ? instance : store_series_put(s, (uint32_t)instance, &facts);
    if (series < 0)
        return series;
    struct store_push_value v = {.time_ms = time_of(w, n), .value = value_of(n),
                                 .series = (uint16_t)series};
    int e = store_push(s, (uint32_t)instance, &v, 1, plat_wall(w->house));
    return e < 0 ? e : v.pushed;
}

/* Odd samples raise the alert of their rule, even ones settle it. */
static int change_alert(struct store *s, uint32_t n)
{
    char rule[16];
    bool was_open;
    snprintf(rule, sizeof rule, "pushed-%u", n / 2 % RULES);
    if (n % 2 == 0)
        return store_alert_settle(s, PUSHER, rule, "", 0) ? 0 : 1;
    struct alert_report report = {.instance = PUSHER, .rule = rule, .tag = "", .type = rule, .metric = "",
                                  .message = "told", .unit = "", .severity = ALERT_HIGH, .write_now = true};
    int64_t number = store_alert_raise(s, &report, &was_open);
    return number < 0 ? (int)number : 0;
}

static void tell(struct world *w, struct store *s)
{
    struct pushes *p = &w->pushes;
    int told = push(w, s, p->next);
    if (told < 0)
        return;
    if (told != PUSHED_NEW && told != PUSHED_REPEATED)
        ledger_break(&w->ledger, "law 9: pushed sample %u is told as %d", p->next, told);
    if (told == PUSHED_NEW && p->is_repeat)
        ledger_break(&w->ledger, "law 9: the acknowledged pushed sample %u is new again", p->next);
    if (!p->is_repeat && change_alert(s, p->next) < 0)
        return;
    p->awaited = store_commit_awaited(s);
    p->is_waiting = true;
    p->process = w->seen.aggregator_deaths;
}

int64_t pushes_step(struct world *w)
{
    struct pushes *p = &w->pushes;
    int64_t now_ns = sim_now(w->sim);
    if (p->first_ms == 0)
        p->first_ms = wall_ms(plat_wall(w->house));
    if (p->due_ns > now_ns)
        return p->due_ns;
    p->due_ns = now_ns + EVERY_NS;
    if (!w->aggregator_runs || !sim_is_alive(w->house))
        return p->due_ns;
    struct store *s = peek_store(w->aggregator);
    p->is_waiting &= p->process == w->seen.aggregator_deaths;
    if (p->is_waiting && store_commit_count(s) < p->awaited)
        return p->due_ns;
    if (p->is_waiting) {
        bool again = !p->is_repeat && p->next % 4 == 3;
        p->is_waiting = false;
        p->acked = p->next + 1;
        p->is_repeat = again;
        p->next += !again;
    }
    tell(w, s);
    return p->due_ns;
}

static void judge_alert(struct world *w, struct store *s, uint32_t rule)
{
    struct alert alerts[4];
    struct alert_filter filter = {.status = -1, .instance = PUSHER, .before_ms = INT64_MAX,
                                  .before = INT64_MAX};
    char name[16];
    bool is_open = false, expected = false, is_sure = true;
    snprintf(name, sizeof name, "pushed-%u", rule);
    for (uint32_t n = 0; n < w->pushes.acked; n++)
        if (n / 2 % RULES == rule)
            expected = n % 2 == 1;
    is_sure = w->pushes.next == w->pushes.acked || w->pushes.next / 2 % RULES != rule;
    int count;
    while ((count = store_alert_list(s, &filter, alerts, 4)) > 0) {
        for (int i = 0; i < count; i++)
            is_open |= text_equal(alerts[i].rule, name) && alerts[i].status == ALERT_ACTIVE;
        filter.before_ms = alerts[count - 1].created_ms;
        filter.before = alerts[count - 1].number;
    }
    if (is_sure && !w->pushes.is_waiting && is_open != expected)
        ledger_break(&w->ledger, "law 9: the alert %s is %s, and the last change that was acknowledged %s it",
                     name, is_open ? "open" : "closed", expected ? "raised" : "settled");
}

void pushes_judge(struct world *w, struct store *s)
{
    int instance = store_instance_find(s, PUSHER);
    if (w->pushes.acked == 0)
        return;
    if (instance < 0) {
        ledger_break(&w->ledger, "law 9: the instance of acknowledged pushed samples is not there");
        return;
    }
    uint32_t count = w->pushes.next + 1;
    struct store_query_ask ask = {.instance = (uint32_t)instance, .series_count = 1, .step_ms = 1000,
                                  .from_ms = time_of(w, 0), .to_ms = time_of(w, count)};
    int query = store_query_begin(s, &ask), more = 1;
    while (query >= 0 && more == 1)
        more = store_query_step(s, query);
    if (query < 0 || more < 0) {
        ledger_break(&w->ledger, "law 9: pushed samples cannot be asked for (%d, %d)", query, more);
        return;
    }
    int64_t start_ms = time_of(w, 0) - time_of(w, 0) % 1000;
    for (uint32_t n = 0; n < count; n++) {
        uint32_t point = (uint32_t)((time_of(w, n) - start_ms) / 1000);
        if (point >= store_query_points(s, query))
            break;
        const struct store_cell *c = store_query_cell(s, query, 0, point);
        if (c->count > 1 || (n < w->pushes.acked && (c->count != 1 || c->sum != value_of(n))))
            ledger_break(&w->ledger, "law 9: the pushed sample %u of %u acknowledged is there %u times", n,
                         w->pushes.acked, c->count);
    }
    store_query_end(s, query);
    for (uint32_t rule = 0; rule < RULES; rule++)
        judge_alert(w, s, rule);
}
