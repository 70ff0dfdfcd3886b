/* SPDX-License-Identifier: MIT */
/* The handlers that router.c lists, and the few shapes that several of them write. */
#ifndef NEPHOS_API_HANDLERS_H
#define NEPHOS_API_HANDLERS_H

#include "aggregator/api/exchange.h"
#include "aggregator/store/store_alerts.h"
#include "aggregator/store/store_insights.h"

/* instances.c */
void handle_instances(struct exchange *x);
void handle_instance(struct exchange *x);
void handle_instance_post(struct exchange *x);
void handle_instance_put(struct exchange *x);
void handle_instance_delete(struct exchange *x);

/* instance_write.c */
/* Told by a client of the API; no agent speaks for it. */
bool instance_is_told(const struct instance *in);
/* As told by a client; "unknown" when it said healthy and has been silent for 5 minutes. Of an agent:
 * healthy: a commit with its samples within 3 shipping intervals and some grace. degraded: connected but
 * silent. unhealthy: was heard of and is gone. unknown: nothing yet. */
const char *instance_status(const struct instance *in, int64_t now_ms);

/* Index of one that is there; else answers 404. */
int instance_find(struct exchange *x, const char *id);
void instance_write(struct json *j, const char *key, struct store *s, uint32_t instance, int64_t now_ms);

/* records.c */
void alert_write(struct json *j, const char *key, const struct alert *alert);
void insight_write(struct json *j, const char *key, const struct insight *insight);

/* alerts.c, alert_changes.c */
void handle_alerts(struct exchange *x);
void handle_alert(struct exchange *x);
void handle_alert_post(struct exchange *x);
void handle_alert_put(struct exchange *x);
void handle_alert_delete(struct exchange *x);

/* dashboard.c, analytics.c */
void handle_dashboard(struct exchange *x);
void handle_analytics(struct exchange *x);

/* words_pool.c */
void words_reserve(struct memory_map *map, struct world *w, uint32_t instances_max);
/* insights.c, summary.c, explain.c, trend.c */
void handle_insights(struct exchange *x);
void handle_insights_of_type(struct exchange *x);
void handle_insights_generate(struct exchange *x);
void handle_insight_dismiss(struct exchange *x);
void handle_summary(struct exchange *x);
void handle_quick_summary(struct exchange *x);
void handle_summary_generate(struct exchange *x);
void handle_explain_alert(struct exchange *x);
void handle_explanation(struct exchange *x);
void handle_trend(struct exchange *x);

/* ingest.c, metric_post.c */
void handle_ingest(struct exchange *x);
void handle_metric_post(struct exchange *x);
void handle_metric(struct exchange *x);

/* changes.c */
/* What every change answers when the store had no room just now (ERR_AGAIN, ERR_FULL) or failed. */
void respond_not_stored(struct exchange *x, int err);
/* 200 {"success":true} once it is durable. */
void respond_success(struct exchange *x);
/* "limit" and "lastEvaluatedKey" ("ms-number") of a list that goes from new to old. False: answered. */
struct page {
    uint32_t limit;
    int64_t before_ms, before;
};
bool page_read(struct exchange *x, uint32_t limit_default, struct page *page);
/* The key alone, by another name; the page stays as it is when there is none. */
bool page_read_key(struct exchange *x, const char *name, struct page *page);
void page_write_key(struct json *j, const char *name, const struct page *page);

/* metrics.c */
void handle_metrics(struct exchange *x);
/* True for the series that existing clients mean by their nine metric names. */
bool metric_is_classic(const struct store_metric *metric, const char *tag);
/* One that lists show when no name is asked for: of agents, which have many series, the classic ones; of
 * whoever sends samples over the API, all. */
bool metric_is_shown(const struct instance *in, const struct store_metric *metric, const char *tag);
struct metric_point {
    uint32_t instance, series;
    int64_t time_ms, value;
};
void metric_write(struct json *j, const char *key, struct store *s, const struct metric_point *point);
/* Scratch of requests that run at once; one more waits for nothing and is told to come again. */
void metrics_reserve(struct memory_map *map, struct world *w);

/* exposition.c */
void handle_exposition(struct exchange *x);
void handle_federate(struct exchange *x);
void exposition_reserve(struct memory_map *map, struct world *w);

/* query.c */
void handle_query(struct exchange *x);
/* Memory of queries across hosts. */
void across_reserve(struct memory_map *map, struct world *w);

/* promql.c, promql_meta.c */
#define PROMQL_BODY_MAX 16384U
void promql_routes_reserve(struct memory_map *map, struct world *w);
void handle_promql_query(struct exchange *x);
void handle_promql_query_range(struct exchange *x);
void handle_promql_labels(struct exchange *x);
void handle_promql_label_values(struct exchange *x);
void handle_promql_series(struct exchange *x);
void handle_promql_metadata(struct exchange *x);
void handle_promql_build(struct exchange *x);

/* backup.c */
void handle_backup(struct exchange *x);
/* notes.c */
#define NOTES_BODY_MAX 8192U
void notes_reserve(struct memory_map *map, struct world *w);
void handle_notes(struct exchange *x);
void handle_note(struct exchange *x);
void handle_note_create(struct exchange *x);
void handle_note_change(struct exchange *x);
void handle_note_remove(struct exchange *x);

/* anomalies.c, forecast.c */
void handle_anomalies(struct exchange *x);
void handle_forecast(struct exchange *x);
void forecast_reserve(struct memory_map *map, struct world *w);

/* rules.c, rules_test.c, silences.c */
void silences_reserve(struct memory_map *map, struct world *w);
void backtest_reserve(struct memory_map *map, struct world *w);
void handle_rules(struct exchange *x);
void handle_rules_stored(struct exchange *x);
void handle_rules_put(struct exchange *x);
void handle_rules_test(struct exchange *x);
void handle_silences(struct exchange *x);
void handle_silence_create(struct exchange *x);
void handle_silence_remove(struct exchange *x);

/* checks.c, check_changes.c */
void checks_reserve(struct memory_map *map, struct world *w);
void handle_checks(struct exchange *x);
void handle_servers(struct exchange *x);
void handle_check_create(struct exchange *x);
void handle_check_remove(struct exchange *x);

/* processes.c */
void handle_processes(struct exchange *x);

/* series.c */
void handle_series(struct exchange *x);
void handle_live(struct exchange *x);
/* "mount=/" becomes {"mount":"/"}, "code=200,path=/" becomes {"code":"200","path":"/"}. */
void tags_write(struct json *j, const char *key, const char *tag);

/* destinations.c */
struct outbox;
void destinations_write(struct json *j, const struct outbox *o, int64_t now_ms);
struct outlet;
void outlets_write(struct json *j, const struct outlet *o, int64_t now_ms);
void handle_forward_replay(struct exchange *x);
void handle_destinations(struct exchange *x);
void handle_destination_test(struct exchange *x);

/* api_tokens.c, join_tokens.c, agents.c, audit_log.c, session.c */
void handle_access_list(struct exchange *x);
void handle_access_create(struct exchange *x);
void handle_access_revoke(struct exchange *x);
void handle_tokens_list(struct exchange *x);
void handle_tokens_create(struct exchange *x);
void handle_tokens_revoke(struct exchange *x);
void handle_agents(struct exchange *x);
void handle_agent_revoke(struct exchange *x);
void handle_agent_allow(struct exchange *x);
void handle_audit(struct exchange *x);
void handle_session_who(struct exchange *x);
void handle_session_begin(struct exchange *x);
void handle_session_end(struct exchange *x);

/* self.c */
void handle_self(struct exchange *x);
void handle_memory(struct exchange *x);
void handle_health(struct exchange *x);
/* Notices whether commits fail; called often. */
void self_watch_commits(struct world *w);

/* remote_write.c */
void handle_remote_write(struct exchange *x);

/* otlp.c */
void handle_otlp_metrics(struct exchange *x);
/* openapi.c */
void handle_openapi(struct exchange *x);

/* pages.c */
void handle_page(struct exchange *x);
void handle_asset(struct exchange *x);
void handle_no_upgrade(struct exchange *x);

#endif
