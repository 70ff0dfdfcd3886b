/* SPDX-License-Identifier: MIT */
/* The agent's settings; see config.h. */
#include "agent/config.h"

#include <string.h>

#include "agent/http_url.h"
#include "agent/limits.h"
#include "proto/instance_id.h"
#include "proto/token.h"

#define FIELD(name) .offset = offsetof(struct config, name), .limit = sizeof(((struct config *)0)->name)

static const struct setting table[] = {
    {.key = "config", .flag = "--config", .environment = "NEPHOS_CONFIG",
     .type = SETTING_TEXT, FIELD(config_file), .default_text = "/etc/nephos/agent.conf",
     .help = "configuration file; need not exist unless named"},
    {.key = "server.address", .flag = "--server", .environment = "NEPHOS_SERVER",
     .type = SETTING_TEXT, FIELD(server), .default_text = "127.0.0.1:7443",
     .help = "HOST:PORT of the aggregator; port 7443 when left out"},
    {.key = "server.token", .flag = "--token", .environment = "NEPHOS_TOKEN",
     .type = SETTING_SECRET, FIELD(token), .default_text = "",
     .help = "join token, for the first start only"},
    {.key = "server.token_file", .flag = "--token-file", .environment = "NEPHOS_TOKEN_FILE",
     .type = SETTING_TEXT, FIELD(token_file), .default_text = "",
     .help = "file with the join token"},
    {.key = "host.state", .flag = "--state", .environment = "NEPHOS_STATE",
     .type = SETTING_TEXT, FIELD(state), .default_text = "",
     .help = "directory for key and certificate: /var/lib/nephos-agent, or ./nephos-agent-state"},
    {.key = "host.id", .flag = "--id", .environment = "NEPHOS_INSTANCE_ID",
     .type = SETTING_TEXT, FIELD(id), .default_text = "",
     .help = "identity at the aggregator; made from the machine id when left out"},
    {.key = "host.name", .flag = "--name", .environment = "NEPHOS_INSTANCE_NAME",
     .type = SETTING_TEXT, FIELD(name), .default_text = "",
     .help = "name to show; the host name when left out"},
    {.key = "host.provider", .flag = "--provider", .environment = "NEPHOS_PROVIDER",
     .type = SETTING_TEXT, FIELD(provider), .default_text = "",
     .help = "provider to show; found out when left out"},
    {.key = "host.region", .flag = "--region", .environment = "NEPHOS_REGION",
     .type = SETTING_TEXT, FIELD(region), .default_text = "",
     .help = "region to show; asked of the cloud when left out"},
    {.key = "host.type", .flag = "--type", .environment = "NEPHOS_INSTANCE_TYPE",
     .type = SETTING_TEXT, FIELD(type), .default_text = "",
     .help = "kind of machine to show; asked of the cloud when left out"},
    {.key = "host.metadata", .flag = "--metadata", .environment = "NEPHOS_METADATA",
     .type = SETTING_TEXT, FIELD(metadata), .default_text = "auto",
     .help = "ask the cloud for id, region and type: auto (the one that the firmware names), on (any), off"},
    {.key = "host.metadata_address", .flag = "--metadata-address", .environment = NULL,
     .type = SETTING_TEXT, FIELD(metadata_address), .default_text = "169.254.169.254:80",
     .help = "ADDRESS:PORT of the cloud's metadata service"},
    {.key = "host.root", .flag = "--root", .environment = NULL,
     .type = SETTING_TEXT, FIELD(root), .default_text = "",
     .help = "goes before /proc and the mounts, as in containers"},
    {.key = "host.confine", .flag = "--confine", .environment = "NEPHOS_CONFINE",
     .type = SETTING_SWITCH, FIELD(confine), .default_text = "yes",
     .help = "give up rights once running (seccomp, Landlock): yes or no"},
    {.key = "sample.interval", .flag = "--interval", .environment = "NEPHOS_INTERVAL",
     .type = SETTING_DURATION_MS, FIELD(interval_ms), .min = INTERVAL_MS_MIN, .max = INTERVAL_MS_MAX,
     .default_text = "1s", .help = "time between samples, 1s to 1m"},
    {.key = "spool.size", .flag = "--spool-size", .environment = "NEPHOS_SPOOL_SIZE",
     .type = SETTING_SIZE, FIELD(spool_size), .max = SPOOL_SIZE_MAX, .default_text = "16MiB",
     .help = "file in --state for samples that cannot be sent, up to 32MiB; 0: memory only"},
    {.key = "check.health_url", .flag = "--health-url", .environment = "NEPHOS_HEALTH_URL",
     .type = SETTING_TEXT, FIELD(health_url), .default_text = "",
     .help = "http or https address of a service on this machine to look at"},
    {.key = "check.interval", .flag = "--health-interval", .environment = "NEPHOS_HEALTH_INTERVAL",
     .type = SETTING_DURATION_MS, FIELD(check_interval_ms), .min = CHECK_MS_MIN, .max = CHECK_MS_MAX,
     .default_text = "10s", .help = "time between two looks at it, 1s to 1h"},
    {.key = "check.timeout", .flag = "--health-timeout", .environment = "NEPHOS_HEALTH_TIMEOUT",
     .type = SETTING_DURATION_MS, FIELD(check_timeout_ms), .min = 100, .max = 60000,
     .default_text = "5s", .help = "no answer after this long is none"},
    {.key = "statsd.address", .flag = "--statsd", .environment = "NEPHOS_STATSD",
     .type = SETTING_TEXT, FIELD(statsd_address), .default_text = "127.0.0.1:8125",
     .help = "ADDRESS:PORT on which applications tell their metrics; empty: none"},
    {.key = "textfile.dir", .flag = "--textfile-dir", .environment = "NEPHOS_TEXTFILE_DIR",
     .type = SETTING_TEXT, FIELD(textfile_dir), .default_text = "/var/lib/nephos-agent/textfile",
     .help = "directory of *.prom files, read every 10 s; need not exist; empty: none"},
    {.key = "alert.cpu", .flag = "--alert-cpu", .environment = "NEPHOS_ALERT_CPU",
     .type = SETTING_COUNT, FIELD(alert_cpu), .max = 100, .default_text = "0",
     .help = "CPU use in percent above which samples are sent at once; 0: only as the aggregator hints"},
    {.key = "alert.memory", .flag = "--alert-memory", .environment = "NEPHOS_ALERT_MEMORY",
     .type = SETTING_COUNT, FIELD(alert_memory), .max = 100, .default_text = "0",
     .help = "the same for memory use"},
    {.key = "alert.disk", .flag = "--alert-disk", .environment = "NEPHOS_ALERT_DISK",
     .type = SETTING_COUNT, FIELD(alert_disk), .max = 100, .default_text = "0",
     .help = "the same for use of the fullest filesystem"},
    {.key = "transfer.allowance_gb", .flag = "--transfer-allowance-gb",
     .environment = "NEPHOS_TRANSFER_ALLOWANCE_GB", .type = SETTING_COUNT, FIELD(allowance_gb),
     .max = 10000000, .default_text = "0",
     .help = "GB that the plan allows in a month, for transfer_usage_percent; 0: not known"},
    {.key = "transfer.counts", .flag = "--transfer-counts", .environment = "NEPHOS_TRANSFER_COUNTS",
     .type = SETTING_TEXT, FIELD(allowance_counts), .default_text = "sent",
     .help = "what the provider counts: sent, received, both, or larger (of the two)"},
    {.key = "log.level", .flag = "--log-level", .environment = "NEPHOS_LOG",
     .type = SETTING_TEXT, FIELD(log_level), .default_text = "info",
     .help = "error, warn, info or debug"},
    {.key = "log.format", .flag = "--log-format", .environment = "NEPHOS_LOG_FORMAT",
     .type = SETTING_TEXT, FIELD(log_format), .default_text = "logfmt",
     .help = "logfmt or json"},
};

/* The names of the batch agent, the speed agent and the cron script that came before. */
static const struct setting_earlier earlier[] = {
    {"NEPHOS_API_URL", "server.address", FORM_URL},
    {"NEPHOS_ENDPOINT", "server.address", FORM_URL},
    {"INGESTION_ENDPOINT", "server.address", FORM_URL},
    {"INSTANCE_ID", "host.id", FORM_SAME},
    {"VULTR_INSTANCE_ID", "host.id", FORM_SAME},
    {"INSTANCE_NAME", "host.name", FORM_SAME},
    {"VULTR_REGION", "host.region", FORM_SAME},
    {"INSTANCE_TYPE", "host.type", FORM_SAME},
    {"HEALTH_ENDPOINT", "check.health_url", FORM_SAME},
    {"NEPHOS_CHECK_INTERVAL", "sample.interval", FORM_MILLISECONDS},
    {"COLLECTION_INTERVAL", "sample.interval", FORM_MILLISECONDS},
    {"ALERT_CPU_THRESHOLD", "alert.cpu", FORM_SAME},
    {"ALERT_MEMORY_THRESHOLD", "alert.memory", FORM_SAME},
    {"ALERT_DISK_THRESHOLD", "alert.disk", FORM_SAME},
    {"DEBUG", "log.level", FORM_DEBUG},
};

void config_init(struct settings *s, struct config *c)
{
    settings_init(s, table, COUNT_OF(table), c);
    settings_use_earlier(s, earlier, COUNT_OF(earlier));
}

/* Adds the port when there is none: "host", "192.0.2.1", "[2001:db8::1]", "2001:db8::1". */
static int complete_server(struct config *c, struct text *why)
{
    char words[CONFIG_SERVER_SIZE];
    struct text t;
    text_init(&t, words, sizeof words);
    const char *first = strchr(c->server, ':');
    const char *last = strrchr(c->server, ':');
    const char *bracket = strchr(c->server, ']');
    if (c->server[0] != '[' && first != last)
        text_printf(&t, "[%s]:7443", c->server);
    else if (first == NULL || (bracket != NULL && bracket[1] == '\0'))
        text_printf(&t, "%s:7443", c->server);
    else
        text_put(&t, c->server);
    uint64_t port = 0;
    last = strrchr(t.at, ':');
    if (t.truncated || last == t.at || !text_to_u64(last + 1, &port) || port == 0 || port > 65535) {
        text_printf(why, "--server: \"%s\" is not an address; give HOST, HOST:PORT or [IPV6]:PORT",
                    c->server);
        return ERR_MALFORMED;
    }
    text_copy(c->server, sizeof c->server, t.at);
    return ERR_OK;
}

static const char *const mode_names[] = {
    [METADATA_AUTO] = "auto", [METADATA_ON] = "on", [METADATA_OFF] = "off",
};

static int find_mode(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(mode_names); i++)
        if (text_equal(name, mode_names[i]))
            return (int)i;
    return ERR_MISSING;
}

enum metadata_mode config_metadata_mode(const struct config *c)
{
    int mode = find_mode(c->metadata);
    return mode < 0 ? METADATA_OFF : (enum metadata_mode)mode;
}

static const char *const counts_names[] = {
    [TRANSFER_SENT] = "sent", [TRANSFER_RECEIVED] = "received", [TRANSFER_BOTH] = "both",
    [TRANSFER_LARGER] = "larger",
};

static int find_counts(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(counts_names); i++)
        if (text_equal(name, counts_names[i]))
            return (int)i;
    return ERR_MISSING;
}

enum transfer_counts config_transfer_counts(const struct config *c)
{
    int counts = find_counts(c->allowance_counts);
    return counts < 0 ? TRANSFER_SENT : (enum transfer_counts)counts;
}

static const char *const level_names[] = {
    [LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug",
};

static int find_level(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(level_names); i++)
        if (text_equal(name, level_names[i]))
            return (int)i;
    return ERR_MISSING;
}

int config_check(struct config *c, struct text *why)
{
    struct token token;
    if (c->token[0] != '\0' && token_read(c->token, &token) < 0) {
        text_put(why, "--token: this is not a join token, or it was cut; copy the whole line that "
                      "`nephos-aggregator token create` prints");
        return ERR_MALFORMED;
    }
    if (c->id[0] != '\0' && !instance_id_allowed(c->id)) {
        text_printf(why, "--id: \"%s\" is not an id; give 1 to 63 of A-Z a-z 0-9 . _ : -", c->id);
        return ERR_MALFORMED;
    }
    if (find_mode(c->metadata) < 0) {
        text_printf(why, "--metadata: \"%s\" is none of auto, on and off", c->metadata);
        return ERR_MALFORMED;
    }
    struct http_url url;
    if (c->health_url[0] != '\0' && http_url_parse(c->health_url, &url) < 0) {
        text_printf(why, "--health-url: \"%s\" is not an address; give http://HOST:PORT/PATH or https://...",
                    c->health_url);
        return ERR_MALFORMED;
    }
    if (find_counts(c->allowance_counts) < 0) {
        text_printf(why, "--transfer-counts: \"%s\" is none of sent, received, both and larger",
                    c->allowance_counts);
        return ERR_MALFORMED;
    }
    if (find_level(c->log_level) < 0) {
        text_printf(why, "--log-level: \"%s\" is not a level; give error, warn, info or debug",
                    c->log_level);
        return ERR_MALFORMED;
    }
    if (!text_equal(c->log_format, "logfmt") && !text_equal(c->log_format, "json")) {
        text_printf(why, "--log-format: \"%s\" is not a format; give logfmt or json", c->log_format);
        return ERR_MALFORMED;
    }
    if (c->spool_size != 0 && c->spool_size < SPOOL_SIZE_MIN) {
        text_put(why, "--spool-size: give 1MiB to 32MiB, or 0 for none");
        return ERR_MALFORMED;
    }
    return complete_server(c, why);
}

bool config_is_live(const char *key)
{
    static const char *const live[] = {
        "server.address", "sample.interval", "alert.cpu", "alert.memory", "alert.disk",
        "transfer.allowance_gb", "transfer.counts", "log.level", "log.format",
    };
    for (size_t i = 0; i < COUNT_OF(live); i++)
        if (text_equal(key, live[i]))
            return true;
    return false;
}

enum log_level config_log_level(const struct config *c)
{
    int level = find_level(c->log_level);
    ASSERT(level >= 0);
    return (enum log_level)level;
}
