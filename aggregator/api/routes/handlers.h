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
/* healthy: a commit with its samples within 3 shipping intervals and some grace. degraded: connected but
 * silent. unhealthy: was heard of and is gone. unknown: nothing yet. */
const char *instance_status(const struct instance *in, int64_t now_ms);

void instance_write(struct json *j, const char *key, struct store *s, uint32_t instance, int64_t now_ms);

/* records.c */
void alert_write(struct json *j, const char *key, const struct alert *alert);
void insight_write(struct json *j, const char *key, const struct insight *insight);

/* metrics.c */
void handle_metrics(struct exchange *x);
/* True for the series that existing clients mean by their nine metric names. */
bool metric_is_classic(const struct store_metric *metric, const char *tag);
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

/* backup.c */
void handle_backup(struct exchange *x);

/* processes.c */
void handle_processes(struct exchange *x);

/* series.c */
void handle_series(struct exchange *x);
void handle_live(struct exchange *x);
/* "mount=/" becomes {"mount":"/"}, "code=200,path=/" becomes {"code":"200","path":"/"}. */
void tags_write(struct json *j, const char *key, const char *tag);

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

/* pages.c */
void handle_page(struct exchange *x);
void handle_asset(struct exchange *x);
void handle_no_upgrade(struct exchange *x);

#endif
