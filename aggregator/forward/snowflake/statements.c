/* SPDX-License-Identifier: MIT */
/* See statements.h. */
#include "aggregator/forward/snowflake/statements.h"

#include <string.h>

#define TIMEOUT_S 120U

/* A column: how it is declared, how a row's value becomes it ("%" is the value), and whether a row that is
 * there gets it anew. */
struct column {
    const char *name, *type, *from;
    bool is_changed;
};
#define PLAIN "%"
#define TIME "TO_TIMESTAMP_NTZ(%)"
#define JSON "PARSE_JSON(%)"
#define COLUMNS_MAX 12U

struct table {
    const char *name;
    uint32_t count;
    struct column columns[COLUMNS_MAX]; /* the first is the key */
};

static const struct table tables[EXPORT_KIND_COUNT] = {
    [EXPORT_POINTS] = {"METRICS", 8,
                       {{"ID", "VARCHAR(255) NOT NULL PRIMARY KEY", PLAIN, false},
                        {"INSTANCE_ID", "VARCHAR(255) NOT NULL", PLAIN, false},
                        {"TIMESTAMP", "TIMESTAMP_NTZ NOT NULL", TIME, true},
                        {"METRIC_NAME", "VARCHAR(255) NOT NULL", PLAIN, false},
                        {"METRIC_VALUE", "FLOAT NOT NULL", "CAST(% AS DOUBLE)", true},
                        {"UNIT", "VARCHAR(50)", PLAIN, false},
                        {"TAGS", "VARIANT", JSON, false},
                        {"CREATED_AT", "TIMESTAMP_NTZ", TIME, false}}},
    [EXPORT_ALERTS] = {"ALERTS", 9,
                       {{"ID", "VARCHAR(255) NOT NULL PRIMARY KEY", PLAIN, false},
                        {"INSTANCE_ID", "VARCHAR(255) NOT NULL", PLAIN, false},
                        {"ALERT_TYPE", "VARCHAR(100) NOT NULL", PLAIN, false},
                        {"SEVERITY", "VARCHAR(50) NOT NULL", PLAIN, true},
                        {"MESSAGE", "TEXT NOT NULL", PLAIN, true},
                        {"STATUS", "VARCHAR(50) NOT NULL", PLAIN, true},
                        {"CREATED_AT", "TIMESTAMP_NTZ NOT NULL", TIME, false},
                        {"UPDATED_AT", "TIMESTAMP_NTZ NOT NULL", TIME, true},
                        {"RESOLVED_AT", "TIMESTAMP_NTZ", TIME, true}}},
    [EXPORT_INSTANCES] = {"INSTANCES", 10,
                          {{"ID", "VARCHAR(255) NOT NULL PRIMARY KEY", PLAIN, false},
                           {"NAME", "VARCHAR(255) NOT NULL", PLAIN, true},
                           {"TYPE", "VARCHAR(100) NOT NULL", PLAIN, true},
                           {"STATUS", "VARCHAR(50) NOT NULL", PLAIN, true},
                           {"REGION", "VARCHAR(100)", PLAIN, true},
                           {"ENDPOINT", "VARCHAR(500)", PLAIN, true},
                           {"METADATA", "VARIANT", JSON, true},
                           {"CREATED_AT", "TIMESTAMP_NTZ NOT NULL", TIME, false},
                           {"UPDATED_AT", "TIMESTAMP_NTZ NOT NULL", TIME, true},
                           {"LAST_HEALTH_CHECK", "TIMESTAMP_NTZ", TIME, true}}},
    [EXPORT_INSIGHTS] = {"AI_INSIGHTS", 12,
                         {{"ID", "VARCHAR(255) NOT NULL PRIMARY KEY", PLAIN, false},
                          {"INSIGHT_TYPE", "VARCHAR(100) NOT NULL", PLAIN, false},
                          {"SEVERITY", "VARCHAR(50) NOT NULL", PLAIN, true},
                          {"TITLE", "VARCHAR(500) NOT NULL", PLAIN, true},
                          {"DESCRIPTION", "TEXT", PLAIN, true},
                          {"AFFECTED_INSTANCES", "VARIANT", JSON, true},
                          {"METRICS_ANALYZED", "VARIANT", JSON, true},
                          {"CONFIDENCE_SCORE", "FLOAT", "CAST(% AS DOUBLE)", true},
                          {"RECOMMENDATIONS", "TEXT", PLAIN, true},
                          {"CREATED_AT", "TIMESTAMP_NTZ NOT NULL", TIME, false},
                          {"EXPIRES_AT", "TIMESTAMP_NTZ", TIME, true},
                          {"METADATA", "VARIANT", JSON, true}}},
};

static const char *name_of(const struct target *to, enum export_kind kind)
{
    const char *const names[EXPORT_KIND_COUNT] = {
        [EXPORT_POINTS] = to->metrics_table,
        [EXPORT_ALERTS] = to->alerts_table,
        [EXPORT_INSTANCES] = to->instances_table,
        [EXPORT_INSIGHTS] = to->insights_table,
    };
    return names[kind][0] != '\0' ? names[kind] : tables[kind].name;
}

/* --- SQL: no character in it but names needs to be quoted in JSON, and names are checked --- */

static void put_each(struct text *out, const struct table *t, const char *before, bool is_key_left_out)
{
    for (uint32_t i = is_key_left_out; i < t->count; i++)
        text_printf(out, "%s%s%s", i > is_key_left_out ? "," : "", before, t->columns[i].name);
}

/* SELECT that turns texts into what the columns want: VALUES itself takes nothing but bindings. */
static void put_source(struct text *out, const struct table *t, uint32_t rows)
{
    text_put(out, "(SELECT ");
    for (uint32_t i = 0; i < t->count; i++) {
        const struct column *c = &t->columns[i];
        const char *mark = strchr(c->from, '%');
        text_printf(out, "%s%.*sv.C%u%s AS %s", i > 0 ? "," : "", (int)(mark - c->from), c->from, i, mark + 1,
                    c->name);
    }
    text_put(out, " FROM (VALUES ");
    for (uint32_t row = 0; row < rows; row++) {
        text_put(out, row > 0 ? ",(?" : "(?");
        for (uint32_t i = 1; i < t->count; i++)
            text_put(out, ",?");
        text_put_char(out, ')');
    }
    text_put(out, ") AS v (");
    for (uint32_t i = 0; i < t->count; i++)
        text_printf(out, "%sC%u", i > 0 ? "," : "", i);
    text_put(out, "))");
}

static void put_merge(struct text *out, const struct target *to, enum export_kind kind, uint32_t rows)
{
    const struct table *t = &tables[kind];
    const char *between = "";
    text_printf(out, "MERGE INTO %s AS t USING ", name_of(to, kind));
    put_source(out, t, rows);
    text_put(out, " AS s ON t.ID = s.ID WHEN MATCHED THEN UPDATE SET ");
    for (uint32_t i = 0; i < t->count; i++) {
        if (!t->columns[i].is_changed)
            continue;
        text_printf(out, "%s%s=s.%s", between, t->columns[i].name, t->columns[i].name);
        between = ",";
    }
    text_put(out, " WHEN NOT MATCHED THEN INSERT (");
    put_each(out, t, "", false);
    text_put(out, ") VALUES (");
    put_each(out, t, "s.", false);
    text_put_char(out, ')');
}

/* --- the body --- */

static void put_member(struct text *out, const char *name, const char *value, const char *otherwise)
{
    text_printf(out, ",\"%s\":", name);
    export_put_json(out, value[0] != '\0' ? value : otherwise);
}

/* Behind the statement, whose text is not ended yet. */
static void put_where(struct text *out, const struct target *to)
{
    text_printf(out, "\",\"timeout\":%u", TIMEOUT_S);
    put_member(out, "database", to->database, "NEPHOS");
    put_member(out, "schema", to->schema, "PUBLIC");
    put_member(out, "warehouse", to->warehouse, "NEPHOS_WH");
    put_member(out, "role", to->role, "NEPHOS_ROLE");
    text_put(out, ",\"parameters\":{\"query_tag\":\"nephos\"}");
}

static void begin(struct text *out)
{
    text_put(out, "{\"statement\":\"");
}

/* The bindings of a statement, counted as they come. */
struct bindings {
    struct text *out;
    uint32_t count;
};

static void bind_begin(struct bindings *b)
{
    text_printf(b->out, "%s\"%u\":{\"type\":\"TEXT\",\"value\":", b->count > 0 ? "," : "", b->count + 1);
    b->count++;
}

static void bind_text(struct bindings *b, const char *value)
{
    bind_begin(b);
    export_put_json(b->out, value);
    text_put_char(b->out, '}');
}

static void bind_time(struct bindings *b, int64_t ms)
{
    bind_begin(b);
    if (ms == 0) {
        text_put(b->out, "null}");
        return;
    }
    text_put_char(b->out, '"');
    text_put_iso_ms(b->out, ms);
    text_put(b->out, "\"}");
}

static void bind_decimal(struct bindings *b, int64_t value, uint32_t scale)
{
    bind_begin(b);
    text_put_char(b->out, '"');
    export_put_value(b->out, value, scale);
    text_put(b->out, "\"}");
}

/* --- rows: in the order of the columns --- */

static void bind_point(struct bindings *b, const struct export_item *item, int64_t asked_ms)
{
    const struct export_point *p = &item->point;
    char words[TAG_SIZE * 8];
    struct text tags;
    text_init(&tags, words, sizeof words);
    export_put_tags(&tags, p);
    bind_text(b, p->id);
    bind_text(b, item->instance->id);
    bind_time(b, p->time_ms);
    bind_text(b, p->metric);
    bind_decimal(b, p->value, p->value_scale);
    bind_text(b, p->unit);
    bind_text(b, tags.truncated ? "{}" : words);
    bind_time(b, asked_ms);
}

static void bind_alert(struct bindings *b, const struct export_item *item)
{
    const struct alert *a = item->alert;
    bind_text(b, a->id);
    bind_text(b, a->instance);
    bind_text(b, a->type);
    bind_text(b, alert_severity_names[a->severity]);
    bind_text(b, a->message);
    bind_text(b, a->deleted_ms != 0 ? "deleted" : alert_status_names[a->status]);
    bind_time(b, a->created_ms);
    bind_time(b, a->updated_ms);
    bind_time(b, a->resolved_ms);
}

static void bind_instance(struct bindings *b, const struct export_item *item)
{
    const struct instance *in = item->instance;
    const char *metadata = item->told != NULL ? item->told->metadata : "";
    bind_text(b, in->id);
    bind_text(b, in->name);
    bind_text(b, in->type);
    bind_text(b, in->deleted_ms != 0 ? "deleted" : item->status);
    bind_text(b, in->region);
    bind_text(b, item->told != NULL ? item->told->endpoint : "");
    bind_text(b, metadata[0] != '\0' ? metadata : "{}");
    bind_time(b, in->created_ms);
    bind_time(b, in->updated_ms);
    bind_time(b, in->last_seen_ms != 0 ? in->last_seen_ms : in->told_check_ms);
}

/* ["a","b"], as the text of a text. */
static void bind_list(struct bindings *b, const char *first, size_t step, uint32_t count)
{
    char words[INSIGHT_INSTANCES_MAX * (METRIC_SIZE + INSTANCE_ID_SIZE) + 64];
    struct text list;
    text_init(&list, words, sizeof words);
    text_put_char(&list, '[');
    for (uint32_t i = 0; i < count; i++) {
        if (i > 0)
            text_put_char(&list, ',');
        export_put_json(&list, first + i * step);
    }
    text_put_char(&list, ']');
    bind_text(b, list.truncated ? "[]" : words);
}

static void bind_insight(struct bindings *b, const struct export_item *item)
{
    const struct insight *n = item->insight;
    bind_text(b, n->id);
    bind_text(b, insight_type_names[n->type]);
    bind_text(b, insight_severity_names[n->severity]);
    bind_text(b, n->title);
    bind_text(b, n->description);
    bind_list(b, n->instances[0], sizeof n->instances[0], n->instance_count);
    bind_list(b, n->metrics[0], sizeof n->metrics[0], n->metric_count);
    bind_decimal(b, n->confidence_permille, 1000);
    bind_text(b, n->recommendations);
    bind_time(b, n->created_ms);
    bind_time(b, n->expires_ms);
    bind_text(b, n->metadata[0] != '\0' ? n->metadata : "{}");
}

static void bind_item(struct bindings *b, enum export_kind kind, const struct export_item *item,
                      int64_t asked_ms)
{
    switch (kind) {
    case EXPORT_POINTS: bind_point(b, item, asked_ms); return;
    case EXPORT_ALERTS: bind_alert(b, item); return;
    case EXPORT_INSTANCES: bind_instance(b, item); return;
    default: bind_insight(b, item); return;
    }
}

/* --- whole statements --- */

void statement_put_rows(struct text *out, const struct target *to, const struct export_batch *b,
                        const struct export_request *r, int64_t asked_ms)
{
    struct bindings bindings = {.out = out};
    begin(out);
    put_merge(out, to, b->kind, r->count);
    put_where(out, to);
    text_put(out, ",\"bindings\":{");
    for (uint32_t i = 0; i < r->count; i++)
        bind_item(&bindings, b->kind, &b->items[r->items[i]], asked_ms);
    text_put(out, "}}");
}

void statement_put_table(struct text *out, const struct target *to, enum export_kind kind)
{
    const struct table *t = &tables[kind];
    begin(out);
    text_printf(out, "CREATE TABLE IF NOT EXISTS %s (", name_of(to, kind));
    for (uint32_t i = 0; i < t->count; i++)
        text_printf(out, "%s%s %s", i > 0 ? ", " : "", t->columns[i].name, t->columns[i].type);
    text_put_char(out, ')');
    put_where(out, to);
    text_put_char(out, '}');
}

void statement_put_test(struct text *out, const struct target *to)
{
    begin(out);
    text_put(out, "SELECT 1");
    put_where(out, to);
    text_put_char(out, '}');
}

void statement_put_question(struct text *out, const struct target *to, const char *prompt)
{
    struct bindings bindings = {.out = out};
    begin(out);
    text_put(out, "SELECT SNOWFLAKE.CORTEX.COMPLETE(?, ?)");
    put_where(out, to);
    text_put(out, ",\"bindings\":{");
    bind_text(&bindings, to->model);
    bind_text(&bindings, prompt);
    text_put(out, "}}");
}
