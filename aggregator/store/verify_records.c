/* SPDX-License-Identifier: MIT */
/* What is not samples: alerts, insights, notes, documents, who may do what, and how far destinations have
 * come. There are no sums over these rows, so what is looked at is what must hold of them: texts that fit and
 * are texts, numbers within their words, times in order, and revisions that the counter has given. */
#include <string.h>

#include "aggregator/store/store_access.h"
#include "aggregator/store/store_alerts.h"
#include "aggregator/store/store_documents.h"
#include "aggregator/store/store_insights.h"
#include "aggregator/store/store_models.h"
#include "aggregator/store/store_notes.h"
#include "aggregator/store/verify_state.h"

/* What must not be: rows of `table` for which `wrong` holds are told as `what`, by the value of `key`. */
struct rule {
    const char *table, *key, *wrong, *what;
};

#define TEXT(column, size) \
    "typeof(" column ") <> 'text' OR length(CAST(" column " AS BLOB)) >= " size \
    " OR instr(CAST(" column " AS BLOB), x'00') > 0"
#define NUMBER(column) "typeof(" column ") <> 'integer'"
#define TIME(column) NUMBER(column) " OR " column " < 0"
#define WITHIN(column, most) NUMBER(column) " OR " column " NOT BETWEEN 0 AND " most
#define REVISION "(SELECT coalesce(max(value), 0) FROM counter WHERE name = 'revision')"
#define BAD_REVISION \
    NUMBER("revision") " OR " NUMBER("created_revision") " OR created_revision > revision OR revision > " \
    REVISION

static const struct rule rules[] = {
    {"counter", "name", TIME("value"), "is no count"},
    {"alert", "number", "number < 1 OR " TEXT("id", "64") " OR id = '' OR " TEXT("instance", "64"),
     "has no good id"},
    {"alert", "number", TEXT("rule", "64") " OR " TEXT("tag", "80") " OR " TEXT("metric", "96") " OR "
     TEXT("unit", "16") " OR " TEXT("type", "64") " OR " TEXT("message", "400") " OR " TEXT("who", "64"),
     "has a text that is none, or too long"},
    {"alert", "number", WITHIN("severity", "3") " OR " WITHIN("status", "2"), "has no severity or no status"},
    {"alert", "number", TIME("created_ms") " OR " TIME("updated_ms") " OR " TIME("resolved_ms") " OR "
     TIME("acknowledged_ms") " OR " TIME("deleted_ms"),
     "has times that cannot be"},
    {"alert", "number", NUMBER("first_value") " OR " NUMBER("last_value") " OR " NUMBER("peak_value") " OR "
     NUMBER("level") " OR " TIME("scale") " OR " TIME("occurrences") " OR " TIME("reopened"),
     "has values that are none"},
    {"alert", "number", BAD_REVISION, "has a revision that was never given"},
    {"insight", "number", TEXT("id", "40") " OR id = '' OR " TEXT("key", "160") " OR "
     TEXT("title", "160") " OR " TEXT("description", "1024") " OR " TEXT("recommendations", "1024") " OR "
     TEXT("metadata", "1024"),
     "has a text that is none, or too long"},
    {"insight", "number", WITHIN("type", "2") " OR " WITHIN("severity", "3") " OR "
     WITHIN("confidence_permille", "1000") " OR " TIME("created_ms") " OR " TIME("expires_ms")
     " OR " TIME("dismissed_ms"), "has numbers that cannot be"},
    {"insight", "number", "typeof(instances) <> 'text' OR typeof(metrics) <> 'text'", "has no lists"},
    {"insight", "number", BAD_REVISION, "has a revision that was never given"},
    {"note", "number", TEXT("id", "40") " OR id = '' OR " TEXT("instance", "64") " OR "
     TEXT("text", "1024") " OR " TEXT("author", "64"), "has a text that is none, or too long"},
    {"note", "number", NUMBER("from_ms") " OR " NUMBER("to_ms") " OR from_ms > to_ms OR "
     TIME("created_ms") " OR " TIME("updated_ms") " OR " TIME("deleted_ms"), "has times that cannot be"},
    {"note", "number", BAD_REVISION, "has a revision that was never given"},
    {"told", "instance", "instance NOT IN (SELECT id FROM instance)", "is of no instance"},
    {"told", "instance", "typeof(endpoint) <> 'text' OR typeof(metadata) <> 'text' OR"
     " (metadata <> '' AND substr(metadata, 1, 1) <> '{')", "is no text"},
    {"document", "name", TEXT("name", "16") " OR name = '' OR length(CAST(text AS BLOB)) >= 49152",
     "has no good name, or is too long"},
    {"api_token", "place", WITHIN("place", "255") " OR typeof(id) <> 'blob' OR length(id) <> 8 OR"
     " typeof(hash) <> 'blob' OR length(hash) <> 32 OR " TEXT("name", "64") " OR name = '' OR"
     " role NOT BETWEEN 1 AND 4 OR " TIME("created_ms") " OR " TIME("used_ms") " OR " TIME("expires_ms"),
     "is not good: nobody can use it"},
    {"revocation", "instance", "instance NOT IN (SELECT id FROM instance) OR " TIME("revoked_ms"),
     "is of no instance"},
    {"audit", "id", TIME("time_ms") " OR " WITHIN("result", "999") " OR typeof(who) <> 'text' OR"
     " typeof(role) <> 'text' OR typeof(address) <> 'text' OR typeof(method) <> 'text' OR"
     " typeof(path) <> 'text' OR typeof(what) <> 'text'", "is not good"},
    {"outbox", "name", "typeof(name) <> 'text' OR name = '' OR " TIME("cursor") " OR " TIME("messages") " OR"
     " typeof(told) <> 'blob' OR length(told) % 24 <> 0 OR cursor > " REVISION,
     "has a cursor that cannot be"},
    {"outlet", "id", "typeof(name) <> 'text' OR name = '' OR " TIME("start_ms") " OR "
     TIME("alerts") " OR " TIME("instances") " OR " TIME("insights"), "has cursors that cannot be"},
    {"outlet_page", "outlet", "typeof(data) <> 'blob' OR outlet NOT IN (SELECT id FROM outlet)",
     "is of no destination"},
    {"outlet_late", "outlet", "typeof(data) <> 'blob' OR outlet NOT IN (SELECT id FROM outlet)",
     "is of no destination"},
    {"model", "id", "typeof(data) <> 'blob' OR id < 0", "is not good: it is learnt again"},
};

static_assert(ALERT_ID_SIZE == 64 && ALERT_RULE_SIZE == 64 && ALERT_TYPE_SIZE == 64 &&
              ALERT_MESSAGE_SIZE == 400 && ALERT_WHO_SIZE == 64, "the rules of alerts say so");
static_assert(INSIGHT_ID_SIZE == 40 && INSIGHT_KEY_SIZE == 160 && INSIGHT_TITLE_SIZE == 160 &&
              INSIGHT_TEXT_SIZE == 1024 && INSIGHT_METADATA_SIZE == 1024, "the rules of insights say so");
static_assert(NOTE_ID_SIZE == 40 && NOTE_TEXT_SIZE == 1024 && NOTE_AUTHOR_SIZE == 64 &&
              DOCUMENT_NAME_SIZE == 16 && DOCUMENT_SIZE == 49152 && API_TOKENS_MAX == 256 &&
              API_TOKEN_ID_SIZE == 8 && ROLE_ADMIN == 4, "the rules of the others say so");

static void check(struct verify *v, const struct rule *r)
{
    char sql[2048];
    struct text t;
    text_init(&t, sql, sizeof sql);
    text_printf(&t, "SELECT %s FROM %s WHERE %s", r->key, r->table, r->wrong);
    ASSERT(!t.truncated);
    sqlite3_stmt *q = verify_prepare(v, r->table, sql);
    while (q != NULL && verify_next(v, r->table, q) == 1) {
        const char *key = (const char *)sqlite3_column_text(q, 0);
        verify_tell(v, "table %s: row %.60s %s", r->table, key != NULL ? key : "(without a key)", r->what);
    }
}

void verify_records(struct verify *v)
{
    for (uint32_t i = 0; i < COUNT_OF(rules); i++)
        check(v, &rules[i]);
    sqlite3_stmt *q = verify_prepare(v, "(records)",
                                     "SELECT (SELECT count(*) FROM alert) + (SELECT count(*) FROM insight) +"
                                     " (SELECT count(*) FROM note) + (SELECT count(*) FROM document) +"
                                     " (SELECT count(*) FROM api_token) + (SELECT count(*) FROM audit) +"
                                     " (SELECT count(*) FROM outbox)");
    while (q != NULL && verify_next(v, "(records)", q) == 1)
        v->counts.records = (uint64_t)sqlite3_column_int64(q, 0);
}
