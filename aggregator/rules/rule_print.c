/* SPDX-License-Identifier: MIT */
/* A rule as a file would have it. */
#include "aggregator/rules/rule.h"

static void put_ms(struct text *out, const char *key, int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *suffix;
    } units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}};
    uint32_t i = ms == 0 ? 3 : 0;
    while (ms % units[i].ms != 0)
        i++;
    text_printf(out, "%s = %lld%s\n", key, (long long)(ms / units[i].ms), units[i].suffix);
}

static void put_double(struct text *out, double v)
{
    text_put_scaled(out, (int64_t)(v * 1000 + (v < 0 ? -0.5 : 0.5)), 1000);
}

static void put_limit(struct text *out, const struct rule *r, const struct rule_limit *l, const char *word)
{
    if (!l->is_set)
        return;
    text_printf(out, "%s = %c%s ", word, r->is_below ? '<' : '>', l->is_strict ? "" : "=");
    put_double(out, l->at);
    if (l->clear != l->at) { /* where it begins is where it is over, unless said otherwise */
        text_printf(out, "\n%s_clear = ", word);
        put_double(out, l->clear);
    }
    char key[24];
    struct text t;
    text_init(&t, key, sizeof key);
    text_printf(&t, "%s_for", word);
    text_put_char(out, '\n');
    put_ms(out, key, l->for_ms);
    text_printf(out, "%s_severity = %s\n", word, alert_severity_names[l->severity]);
}

static void put_text(struct text *out, const char *key, const char *value)
{
    if (value[0] != '\0')
        text_printf(out, "%s = %s\n", key, value);
}

void rule_print(const struct rule *r, struct text *out)
{
    text_printf(out, "[%s]\nvalue = ", r->name);
    expression_print(&r->value, out);
    text_put_char(out, '\n');
    if (r->only_if_operation != 0) {
        text_put(out, "only_if = ");
        expression_print(&r->only_if, out);
        text_printf(out, " %c ", r->only_if_operation);
        put_double(out, r->only_if_level);
        text_put_char(out, '\n');
    }
    if (r->source != RULE_OF_ALL)
        put_text(out, "source", r->source == RULE_OF_AGENTS ? "agents" : "clients");
    put_text(out, "instance", r->instances);
    put_text(out, "tags", r->tags);
    put_limit(out, r, &r->warning, "warn");
    put_limit(out, r, &r->critical, "critical");
    put_ms(out, "over", r->over_ms);
    put_ms(out, "bridge", r->bridge_ms);
    put_ms(out, "clear_for", r->clear_for_ms);
    put_ms(out, "forget_after", r->gap_ms);
    put_ms(out, "grace", r->grace_ms);
    put_ms(out, "repeat", r->repeat_ms);
    put_text(out, "group", r->group);
    put_text(out, "unless", r->unless);
    put_text(out, "message", r->message);
    put_text(out, "type", r->type);
    if (r->silence.days != 0) {
        text_put(out, "silence = ");
        window_print(&r->silence, out);
        text_put_char(out, '\n');
    }
    if (r->is_off)
        text_put(out, "enabled = no\n");
}
