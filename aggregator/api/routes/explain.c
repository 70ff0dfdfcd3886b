/* SPDX-License-Identifier: MIT */
/* GET /insights/explain-alert/{id}: an alert in sentences, each of which the stored alert bears out. What
 * else is open on the instance is told as that, and not as a cause. */
#include <string.h>

#include "aggregator/api/routes/handlers.h"

#define OTHERS_MAX 3U
#define WORDS_SIZE 512U

struct words {
    char meaning[WORDS_SIZE], cause[WORDS_SIZE];
};

static void say_time(struct text *t, int64_t ms)
{
    text_put_iso_ms(t, ms);
}

static void say_span(struct text *t, int64_t ms)
{
    int64_t s = ms / MS_PER_S;
    if (s < 120)
        text_printf(t, "%lld s", (long long)s);
    else if (s < 7200)
        text_printf(t, "%lld min", (long long)(s / 60));
    else
        text_printf(t, "%lld h %lld min", (long long)(s / 3600), (long long)(s % 3600 / 60));
}

static void say_value(struct text *t, const struct alert *a, int64_t value)
{
    text_put_scaled(t, value, a->scale);
    text_printf(t, " %s", a->unit);
}

static void say_meaning(const struct alert *a, const char *name, struct text *t)
{
    if (a->scale != 0) {
        text_printf(t, "%s of %s was at or %s ", a->metric, name, a->is_low ? "below" : "above");
        say_value(t, a, a->level);
        text_put(t, " from ");
    } else {
        text_printf(t, "%s reported \"%s\" (%s) from ", name, a->message, a->type);
    }
    say_time(t, a->first_ms);
    text_put(t, " to ");
    say_time(t, a->last_ms);
    text_put(t, " (");
    say_span(t, a->last_ms - a->first_ms);
    text_printf(t, "), %u report%s.", a->occurrences, a->occurrences == 1 ? "" : "s");
    if (a->scale != 0) {
        text_printf(t, " %s ", a->is_low ? "Lowest" : "Peak");
        say_value(t, a, a->peak_value);
        text_put(t, " at ");
        say_time(t, a->peak_ms);
        text_put(t, "; last ");
        say_value(t, a, a->last_value);
        text_put(t, ".");
    }
    if (a->reopened > 0)
        text_printf(t, " It came back %u time%s.", a->reopened, a->reopened == 1 ? "" : "s");
}

/* What else is open on the same instance. */
static void say_cause(struct store *s, const struct alert *a, struct text *t)
{
    uint32_t at = 0, told = 0, more = 0;
    const struct alert *other;
    while ((other = store_alert_walk_open(s, &at)) != NULL) {
        if (!text_equal(other->instance, a->instance) || text_equal(other->id, a->id))
            continue;
        if (told == OTHERS_MAX) {
            more++;
            continue;
        }
        text_printf(t, "%s%s", told++ == 0 ? "Open on the same instance: " : "; ", other->message);
    }
    if (more > 0)
        text_printf(t, " and %u more", more);
    text_put(t, told > 0 ? ". The stored facts do not say which caused which."
                         : "Nothing else is open on the same instance; the stored facts name no cause.");
}

static const char *action_of(const struct alert *a)
{
    if (a->status == ALERT_RESOLVED)
        return "Nothing; it is over.";
    if (strstr(a->type, "cpu") != NULL || strstr(a->type, "memory") != NULL)
        return "Look which processes take most of it: GET /api/v1/processes?instance=ID, where the agent "
               "sends them.";
    if (strstr(a->type, "disk") != NULL)
        return "Free space on that file system, or enlarge it, before it is full.";
    if (strstr(a->type, "response_time") != NULL || strstr(a->type, "performance") != NULL)
        return "Compare the time with the load and the network of the instance over the same minutes: GET "
               "/api/v1/query.";
    if (strstr(a->type, "down") != NULL)
        return "Check whether the instance answers, and its endpoint.";
    return "Look at the instance's series over the same time: GET /api/v1/query.";
}

/* 1 (can wait for ever) to 10: by severity, one more after an hour, one less once somebody has seen it. */
static uint32_t urgency_of(const struct alert *a)
{
    static const uint32_t of_severity[ALERT_SEVERITY_COUNT] = {3, 5, 7, 9};
    if (a->status == ALERT_RESOLVED)
        return 1;
    uint32_t urgency = of_severity[a->severity];
    if (a->last_ms - a->first_ms >= 3600 * MS_PER_S)
        urgency++;
    return a->status == ALERT_ACKNOWLEDGED ? urgency - 1 : urgency;
}

static int produce_explanation(struct exchange *x)
{
    const struct alert *a = (const struct alert *)x->state;
    struct store *s = x->world->store;
    struct json *j = &x->json;
    struct words words;
    struct text meaning, cause;
    int index = store_instance_find(s, a->instance);
    const char *name = index >= 0 ? store_instance(s, (uint32_t)index)->name : "";
    text_init(&meaning, words.meaning, WORDS_SIZE);
    text_init(&cause, words.cause, WORDS_SIZE);
    say_meaning(a, name[0] != 0 ? name : a->instance, &meaning);
    say_cause(s, a, &cause);
    char explanation[2 * WORDS_SIZE + 256];
    struct text t;
    text_init(&t, explanation, sizeof(explanation));
    text_printf(&t, "%s %s %s", words.meaning, words.cause, action_of(a));
    json_open_object(j, NULL);
    json_text(j, "alertId", a->id);
    json_text(j, "explanation", explanation);
    json_text(j, "meaning", words.meaning);
    json_text(j, "cause", words.cause);
    json_text(j, "action", action_of(a));
    json_u64(j, "urgency", urgency_of(a));
    alert_write(j, "alert", a);
    json_iso_ms(j, "generatedAt", x->now_ms);
    json_close_object(j);
    return json_is_full(j) ? ERR_FULL : PRODUCE_DONE;
}

void handle_explain_alert(struct exchange *x)
{
    struct alert *a = exchange_state(x, sizeof(*a));
    int n = store_alert_get(x->world->store, x->parameter, a);
    if (n == 1)
        respond_json(x, produce_explanation);
    else if (n == 0)
        respond_error(x, 404, "Alert not found", "no alert has that id");
    else
        respond_not_stored(x, n);
}
