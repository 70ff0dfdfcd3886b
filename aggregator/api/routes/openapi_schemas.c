/* SPDX-License-Identifier: MIT */
/* Bodies as JSON Schema 2020-12. What is required is promised; more members may come. */
#include "aggregator/api/routes/openapi.h"

#define TEXT "{\"type\":\"string\"}"
#define INTEGER "{\"type\":\"integer\"}"
#define NUMBER "{\"type\":\"number\"}"
#define BOOLEAN "{\"type\":\"boolean\"}"
#define TAGS "{\"type\":\"object\",\"additionalProperties\":" TEXT "}"
#define OBJECT "{\"type\":\"object\"}"
#define SOURCE "{\"enum\":[\"nephos\",\"snowflake-cortex\"]}"
#define ARRAY(of) "{\"type\":\"array\",\"items\":" of "}"
#define PROM_DATA(data) "{\"type\":\"object\",\"required\":[\"status\",\"data\"],\"properties\":{" \
                        "\"status\":" TEXT ",\"data\":" data "}}"
#define REF(name) "{\"$ref\":\"#/components/schemas/" name "\"}"

const struct openapi_schema openapi_schemas[] = {
    {"Any", "{\"type\":\"object\"}"},
    {"Bytes", "{\"type\":\"string\",\"contentMediaType\":\"application/x-protobuf\"}"},
    {"Error", "{\"type\":\"object\",\"required\":[\"error\",\"message\"],\"properties\":{"
              "\"error\":" TEXT ",\"message\":" TEXT "}}"},
    {"Problem", "{\"type\":\"object\",\"required\":[\"title\",\"status\",\"detail\",\"error\",\"message\"],"
                "\"properties\":{\"type\":" TEXT ",\"title\":" TEXT ",\"status\":" INTEGER
                ",\"detail\":" TEXT ",\"error\":" TEXT ",\"message\":" TEXT "}}"},
    {"Instance",
     "{\"type\":\"object\",\"required\":[\"id\",\"name\",\"type\",\"status\",\"region\","
     "\"provider\",\"createdAt\",\"updatedAt\",\"metadata\"],\"properties\":{\"id\":" TEXT ",\"name\":" TEXT
     ",\"type\":" TEXT ",\"status\":" TEXT ",\"region\":" TEXT ",\"endpoint\":" TEXT ",\"provider\":" TEXT
     ",\"createdAt\":" TEXT ",\"updatedAt\":" TEXT ",\"metadata\":{\"type\":\"object\"}}}"},
    {"Instances",
     "{\"type\":\"object\",\"required\":[\"instances\",\"count\"],\"properties\":{"
     "\"instances\":" ARRAY(REF("Instance")) ",\"count\":" INTEGER ",\"lastEvaluatedKey\":" TEXT "}}"},
    {"Metric",
     "{\"type\":\"object\",\"required\":[\"id\",\"instanceId\",\"timestamp\",\"metricName\","
     "\"metricValue\",\"value\",\"unit\",\"tags\",\"createdAt\"],\"properties\":{\"id\":" TEXT
     ",\"instanceId\":" TEXT ",\"timestamp\":" INTEGER ",\"metricName\":" TEXT ",\"metricValue\":" NUMBER
     ",\"value\":" NUMBER ",\"unit\":" TEXT ",\"tags\":" TAGS ",\"createdAt\":" TEXT "}}"},
    {"Metrics", "{\"type\":\"object\",\"required\":[\"metrics\",\"count\"],\"properties\":{"
                "\"metrics\":" ARRAY(REF("Metric")) ",\"count\":" INTEGER "}}"},
    {"Columns", "{\"type\":\"object\",\"required\":[\"from\",\"to\",\"step_ms\",\"t\",\"series\"],"
                "\"properties\":{\"instance\":" TEXT ",\"from\":" INTEGER ",\"to\":" INTEGER
                ",\"step_ms\":{\"type\":\"integer\",\"minimum\":1}"
                ",\"resolution\":{\"enum\":[\"full\",\"1m\",\"1h\"]},\"agg\":" TEXT ",\"matched\":" INTEGER
                ",\"groups\":" INTEGER ",\"t\":" ARRAY(INTEGER) ",\"series\":" ARRAY(REF("Column")) "}}"},
    {"Column", "{\"type\":\"object\",\"required\":[\"metric\",\"unit\",\"kind\",\"fold\",\"v\"],"
               "\"properties\":{\"metric\":" TEXT ",\"instance\":" TEXT ",\"name\":" TEXT ",\"tag\":" TEXT
               ",\"tags\":" TAGS ",\"group\":" TAGS ",\"count\":" INTEGER ",\"unit\":" TEXT
               ",\"kind\":{\"enum\":[\"gauge\",\"counter\"]},\"fold\":" TEXT
               ",\"v\":{\"type\":\"array\",\"items\":{\"type\":[\"number\",\"null\"]}}}}"},
    {"LiveSeries",
     "{\"type\":\"object\",\"required\":[\"id\",\"metric\",\"tag\",\"tags\",\"unit\",\"kind\"],"
     "\"properties\":{\"id\":" INTEGER ",\"metric\":" TEXT ",\"tag\":" TEXT ",\"tags\":" TAGS
     ",\"unit\":" TEXT ",\"kind\":{\"enum\":[\"gauge\",\"counter\"]},\"t\":" INTEGER ",\"v\":" NUMBER "}}"},
    {"LiveInstance", "{\"type\":\"object\",\"required\":[\"id\",\"name\",\"status\",\"connected\","
                     "\"last_sample_ms\",\"last_seen_ms\",\"interval_ms\",\"series\"],\"properties\":{"
                     "\"id\":" TEXT ",\"name\":" TEXT ",\"status\":" TEXT ",\"connected\":" BOOLEAN
                     ",\"last_sample_ms\":" INTEGER ",\"last_seen_ms\":" INTEGER ",\"skew_ms\":" INTEGER
                     ",\"interval_ms\":" INTEGER ",\"series\":" ARRAY(REF("LiveSeries")) "}}"},
    {"Live",
     "{\"type\":\"object\",\"required\":[\"now_ms\",\"instances\"],\"properties\":{\"now_ms\":" INTEGER
     ",\"instances\":" ARRAY(REF("LiveInstance")) ",\"next_cursor\":" INTEGER "}}"},
    {"Processes", "{\"type\":\"object\",\"required\":[\"instance\"],\"properties\":{\"instance\":" TEXT
                  ",\"at\":{\"type\":[\"integer\",\"null\"]},\"processes\":{\"type\":\"array\"},"
                  "\"samples\":{\"type\":\"array\"},\"step_ms\":" INTEGER "}}"},
    {"Evidence", "{\"type\":\"object\",\"required\":[\"metric\",\"tags\",\"unit\",\"is_rate\",\"is_own\","
                 "\"from\",\"step_ms\",\"v\"],\"properties\":{\"metric\":" TEXT ",\"tags\":" TAGS
                 ",\"unit\":" TEXT
                 ",\"is_rate\":" BOOLEAN ",\"is_own\":" BOOLEAN ",\"before\":" NUMBER ",\"during\":" NUMBER
                 ",\"deviations\":" NUMBER ",\"onset\":" INTEGER ",\"from\":" INTEGER ",\"step_ms\":" INTEGER
                 ",\"v\":{\"type\":\"array\",\"items\":{\"type\":[\"number\",\"null\"]}}}}"},
    {"BusyProcess", "{\"type\":\"object\",\"required\":[\"pid\",\"name\",\"count\",\"cpu_percent\","
                    "\"memory_bytes\"],\"properties\":{\"pid\":" INTEGER ",\"name\":" TEXT
                    ",\"count\":" INTEGER ",\"cpu_percent\":" NUMBER ",\"memory_bytes\":" NUMBER "}}"},
    {"Explanation",
     "{\"type\":\"object\",\"required\":[\"alert_id\",\"alert\",\"meaning\",\"causes\",\"evidence\","
     "\"processes\",\"similar\",\"actions\",\"urgency\",\"text\",\"source\",\"generated_ms\"],"
     "\"properties\":{\"alert_id\":" TEXT ",\"alert\":{\"type\":\"object\"},\"meaning\":" TEXT
     ",\"causes\":" TEXT ",\"evidence\":" ARRAY(REF("Evidence"))
     ",\"processes\":{\"type\":\"object\",\"required\":[\"list\"],"
     "\"properties\":{\"at\":" INTEGER ",\"from\":" INTEGER ",\"to\":" INTEGER ",\"samples\":" INTEGER
     ",\"list\":" ARRAY(REF("BusyProcess")) "}},\"similar\":{\"type\":\"object\","
     "\"required\":[\"text\",\"count\",\"by_itself\",\"by_hand\",\"list\"]},\"actions\":{\"type\":\"array\","
     "\"items\":{\"type\":\"object\",\"required\":[\"what\"],\"properties\":{\"what\":" TEXT
     ",\"command\":" TEXT "}}},\"urgency\":{\"type\":\"object\",\"required\":[\"level\",\"reason\"],"
     "\"properties\":{\"level\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":10},\"reason\":" TEXT "}},"
     "\"text\":" TEXT ",\"source\":" SOURCE ",\"aiModel\":" TEXT ",\"facts\":" TEXT
     ",\"generated_ms\":" INTEGER "}}"},
    {"ExplainedAlert",
     "{\"type\":\"object\",\"required\":[\"alertId\",\"explanation\",\"source\",\"meaning\",\"cause\","
     "\"similar\",\"action\",\"urgency\",\"urgencyReason\",\"alert\",\"generatedAt\"],"
     "\"properties\":{\"alertId\":" TEXT ",\"explanation\":" TEXT ",\"source\":" SOURCE
     ",\"aiModel\":" TEXT ",\"facts\":" TEXT ",\"meaning\":" TEXT ",\"cause\":" TEXT
     ",\"similar\":" TEXT ",\"action\":" TEXT
     ",\"urgency\":{\"type\":\"integer\",\"minimum\":0,\"maximum\":10},\"urgencyReason\":" TEXT
     ",\"alert\":" OBJECT ",\"generatedAt\":" TEXT "}}"},
    {"Note", "{\"type\":\"object\",\"required\":[\"id\",\"text\",\"author\",\"from\",\"to\",\"createdAt\","
             "\"updatedAt\"],\"properties\":{\"id\":" TEXT ",\"instance\":" TEXT ",\"text\":" TEXT
             ",\"author\":" TEXT ",\"from\":" INTEGER ",\"to\":" INTEGER ",\"createdAt\":" TEXT
             ",\"updatedAt\":" TEXT "}}"},
    {"NoteInput",
     "{\"type\":\"object\",\"properties\":{\"text\":{\"type\":\"string\",\"maxLength\":1023},"
     "\"instance\":" TEXT ",\"author\":{\"type\":\"string\",\"maxLength\":63},"
     "\"from\":{\"type\":[\"integer\",\"string\"]},\"to\":{\"type\":[\"integer\",\"string\"]}}}"},
    {"Notes", "{\"type\":\"object\",\"required\":[\"notes\"],\"properties\":{\"notes\":" ARRAY(
                  REF("Note")) ",\"next_cursor\":" TEXT "}}"},
    {"CheckInput",
     "{\"type\":\"object\",\"required\":[\"name\",\"url\"],\"properties\":{"
     "\"name\":{\"type\":\"string\",\"maxLength\":31},\"url\":{\"type\":\"string\",\"maxLength\":399},"
     "\"instance\":" TEXT ",\"contains\":{\"type\":\"string\",\"maxLength\":119},\"status\":" INTEGER
     ",\"interval_ms\":" INTEGER ",\"timeout_ms\":" INTEGER ",\"degraded_ms\":" INTEGER
     ",\"unhealthy_ms\":" INTEGER "}}"},
    {"Checks", "{\"type\":\"object\",\"required\":[\"checks\"],\"properties\":{\"checks\":" ARRAY(
                   "{\"type\":\"object\",\"required\":[\"name\",\"url\",\"kind\",\"origin\",\"status\"]}")
                   ",\"next_cursor\":" INTEGER ",\"vultr\":{\"type\":\"object\"},\"complaint\":" TEXT "}}"},
    {"Servers", "{\"type\":\"object\",\"required\":[\"servers\"],\"properties\":{\"servers\":" ARRAY(
                    "{\"type\":\"object\",\"required\":[\"id\",\"provider\",\"health\",\"hasAgent\"]}")
                    ",\"next_cursor\":" INTEGER "}}"},
    {"Anomalies", "{\"type\":\"object\",\"required\":[\"now_ms\",\"threshold\"],"
                  "\"properties\":{\"now_ms\":" INTEGER
                  ",\"threshold\":{\"type\":\"number\"},\"hosts\":" ARRAY("{\"type\":\"object\"}")
                  ",\"events\":" ARRAY("{\"type\":\"object\"}") ",\"next_cursor\":" INTEGER "}}"},
    {"Forecast", "{\"type\":\"object\",\"required\":[\"instance\",\"metric\",\"points\",\"crossing\"],"
                 "\"properties\":{"
                 "\"instance\":" TEXT ",\"metric\":" TEXT ",\"points\":" ARRAY("{\"type\":\"object\"}")
                 ",\"reason\":" TEXT "}}"},
    {"Success",
     "{\"type\":\"object\",\"required\":[\"success\"],\"properties\":{"
     "\"success\":" BOOLEAN "}}"},
    {"Said",
     "{\"type\":\"object\",\"required\":[\"message\"],\"properties\":{"
     "\"message\":" TEXT "}}"},
    {"InstanceInput",
     "{\"type\":\"object\",\"properties\":{"
     "\"id\":" TEXT ",\"name\":" TEXT ",\"type\":" TEXT ",\"region\":" TEXT
     ",\"status\":" TEXT ",\"endpoint\":" TEXT ",\"metadata\":" OBJECT "}}"},
    {"Alert",
     "{\"type\":\"object\",\"required\":[\"id\",\"instanceId\",\"alertType\",\"severity\""
     ",\"message\",\"status\",\"createdAt\",\"updatedAt\",\"occurrences\"],\"properties\":{"
     "\"id\":" TEXT ",\"instanceId\":" TEXT ",\"alertType\":" TEXT ",\"severity\":" TEXT
     ",\"message\":" TEXT ",\"status\":" TEXT ",\"createdAt\":" TEXT ",\"updatedAt\":" TEXT
     ",\"resolvedAt\":" TEXT ",\"occurrences\":" INTEGER ",\"metricName\":" TEXT
     ",\"rule\":" TEXT ",\"tag\":" TEXT "}}"},
    {"Alerts",
     "{\"type\":\"object\",\"required\":[\"alerts\",\"count\"],\"properties\":{"
     "\"alerts\":" ARRAY(REF("Alert")) ",\"count\":" INTEGER ",\"lastEvaluatedKey\":" TEXT "}}"},
    {"AlertInput",
     "{\"type\":\"object\",\"required\":[\"instanceId\",\"alertType\",\"severity\",\"message\"]"
     ",\"properties\":{"
     "\"instanceId\":" TEXT ",\"alertType\":" TEXT ",\"severity\":" TEXT
     ",\"message\":" TEXT "}}"},
    {"AlertChange",
     "{\"type\":\"object\",\"properties\":{"
     "\"status\":" TEXT ",\"message\":" TEXT "}}"},
    {"Insight",
     "{\"type\":\"object\",\"required\":[\"id\",\"type\",\"severity\",\"title\",\"description\""
     ",\"createdAt\"],\"properties\":{"
     "\"id\":" TEXT ",\"type\":" TEXT ",\"severity\":" TEXT ",\"title\":" TEXT
     ",\"description\":" TEXT ",\"affectedInstances\":" ARRAY(TEXT) ",\"metricsAnalyzed\":" ARRAY(TEXT)
     ",\"confidenceScore\":" NUMBER ",\"recommendations\":" TEXT ",\"createdAt\":" TEXT
     ",\"expiresAt\":" TEXT ",\"metadata\":" OBJECT "}}"},
    {"Insights",
     "{\"type\":\"object\",\"required\":[\"insights\",\"count\"],\"properties\":{"
     "\"type\":" TEXT ",\"insights\":" ARRAY(REF("Insight")) ",\"count\":" INTEGER
     ",\"generatedAt\":" TEXT ",\"stats\":" ARRAY(OBJECT) "}}"},
    {"Summary",
     "{\"type\":\"object\",\"required\":[\"summary\",\"generatedAt\"],\"properties\":{"
     "\"summary\":" TEXT ",\"generatedAt\":" TEXT ",\"levels\":" OBJECT ",\"hostCount\":" INTEGER
     ",\"openAlerts\":" INTEGER ",\"acknowledgedAlerts\":" INTEGER ",\"source\":" SOURCE
     ",\"aiModel\":" TEXT ",\"facts\":" TEXT ",\"metadata\":" OBJECT "}}"},
    {"Ingested",
     "{\"type\":\"object\",\"required\":[\"message\",\"metricsIngested\"],\"properties\":{"
     "\"message\":" TEXT ",\"metricsIngested\":" INTEGER ",\"instanceUpdated\":" BOOLEAN
     ",\"alertsGenerated\":" INTEGER "}}"},
    {"Who",
     "{\"type\":\"object\",\"required\":[\"name\",\"role\",\"login\"],\"properties\":{"
     "\"name\":" TEXT ",\"role\":" TEXT ",\"login\":" BOOLEAN "}}"},
    {"Token",
     "{\"type\":\"object\",\"required\":[\"token\"],\"properties\":{"
     "\"token\":" TEXT ",\"name\":" TEXT ",\"role\":" TEXT ",\"expiresAt\":" TEXT "}}"},
    {"Tokens",
     "{\"type\":\"object\",\"required\":[\"tokens\"],\"properties\":{"
     "\"tokens\":" ARRAY(OBJECT) "}}"},
    {"AccessInput",
     "{\"type\":\"object\",\"required\":[\"name\",\"role\"],\"properties\":{"
     "\"name\":" TEXT ",\"role\":" TEXT ",\"ttl_ms\":" INTEGER "}}"},
    {"ReplayInput",
     "{\"type\":\"object\",\"required\":[\"from\"],\"properties\":{"
     "\"name\":" TEXT ",\"from\":" TEXT ",\"to\":" TEXT "}}"},
    {"JoinInput",
     "{\"type\":\"object\",\"properties\":{"
     "\"uses\":" INTEGER ",\"ttl_ms\":" INTEGER "}}"},
    {"Agents",
     "{\"type\":\"object\",\"required\":[\"agents\"],\"properties\":{"
     "\"agents\":" ARRAY(OBJECT) "}}"},
    {"Audit",
     "{\"type\":\"object\",\"required\":[\"entries\"],\"properties\":{"
     "\"entries\":" ARRAY(OBJECT) ",\"next\":" INTEGER "}}"},
    {"PromForm",
     "{\"type\":\"object\",\"properties\":{\"query\":" TEXT ",\"time\":" TEXT ",\"start\":" TEXT
     ",\"end\":" TEXT ",\"step\":" TEXT ",\"match[]\":" ARRAY(TEXT) "}}"},
    {"PromQuery", PROM_DATA("{\"type\":\"object\",\"required\":[\"resultType\",\"result\"],\"properties\":{"
                            "\"resultType\":{\"enum\":[\"vector\",\"matrix\",\"scalar\",\"string\"]},"
                            "\"result\":{\"type\":\"array\"}}}")},
    {"PromStrings", PROM_DATA(ARRAY(TEXT))},
    {"PromSeries", PROM_DATA(ARRAY(TAGS))},
    {"PromObject", PROM_DATA("{\"type\":\"object\"}")},
    {"PromError", "{\"type\":\"object\",\"required\":[\"status\",\"errorType\",\"error\"],\"properties\":{"
                  "\"status\":{\"enum\":[\"error\"]},\"errorType\":" TEXT ",\"error\":" TEXT "}}"},
    {"Self",
     "{\"type\":\"object\",\"required\":[\"name\",\"version\",\"now_ms\",\"store\",\"api\",\"gauges\"],"
     "\"properties\":{\"name\":" TEXT ",\"version\":" TEXT ",\"now_ms\":" INTEGER
     ",\"store\":{\"type\":\"object\"},\"api\":{\"type\":\"object\"},\"gauges\":{\"type\":\"object\"}}}"},
    {"Memory", "{\"type\":\"object\",\"required\":[\"total_bytes\",\"lines\"],\"properties\":{"
               "\"total_bytes\":" INTEGER ",\"lines\":{\"type\":\"array\",\"items\":{\"type\":\"object\","
               "\"required\":[\"name\",\"bytes\",\"in_use\",\"high_water\",\"when_full\"]}}}}"},
};
const uint32_t openapi_schema_count = COUNT_OF(openapi_schemas);
