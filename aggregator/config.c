/* SPDX-License-Identifier: MIT */
/* The table of settings and the words of the command line. */
#include "aggregator/config.h"

#include <string.h>

#include "aggregator/hints.h"

#define TEXT_SETTING(field) SETTING_TEXT, offsetof(struct config, field), sizeof(((struct config *)0)->field)
#define AT(field) offsetof(struct config, field), 0

static const struct setting table[] = {
    {"data.dir", "--data", "NEPHOS_DATA", TEXT_SETTING(data), 0, 0, "",
     "directory of database, keys and tokens [/var/lib/nephos, else ./nephos-data]"},
    {"data.database_max", "--database-max", "NEPHOS_DATABASE_MAX", SETTING_SIZE,
     AT(database_size_max), DATABASE_MAX_LEAST, DATABASE_MAX_MOST, DATABASE_MAX_DEFAULT,
     "disk that the database may take; the oldest data give way, the finest first"},
    {"data.keep_seconds", "--keep-seconds", "NEPHOS_KEEP_SECONDS", SETTING_DURATION_MS,
     AT(keep_ms[TIER_SECONDS]), KEEP_MS_LEAST, KEEP_MS_MOST, KEEP_SECONDS_DEFAULT,
     "how long samples are kept as they came, while there is room"},
    {"data.keep_minutes", "--keep-minutes", "NEPHOS_KEEP_MINUTES", SETTING_DURATION_MS,
     AT(keep_ms[TIER_MINUTES]), KEEP_MS_LEAST, KEEP_MS_MOST, KEEP_MINUTES_DEFAULT,
     "how long their minutes are kept"},
    {"data.keep_hours", "--keep-hours", "NEPHOS_KEEP_HOURS", SETTING_DURATION_MS,
     AT(keep_ms[TIER_HOURS]), KEEP_MS_LEAST, KEEP_MS_MOST, KEEP_HOURS_DEFAULT,
     "how long their hours are kept; nothing is kept longer than what is coarser"},
    {"agents.listen", "--listen", "NEPHOS_LISTEN", TEXT_SETTING(listen), 0, 0, "0.0.0.0:7443",
     "address for agents (TLS)"},
    {"agents.max", "--agents-max", "NEPHOS_AGENTS_MAX", SETTING_COUNT, AT(agents_max), 1,
     AGENTS_MAX_MOST, AGENTS_MAX_DEFAULT, "agents that memory is reserved for"},
    {"agents.series_max", "--series-max", "NEPHOS_SERIES_MAX", SETTING_COUNT, AT(series_max), 1,
     SERIES_MAX_MOST, SERIES_MAX_DEFAULT, "series of one agent, or of one instance that is pushed"},
    {"agents.histories_max", "--histories-max", "NEPHOS_HISTORIES_MAX", SETTING_COUNT, AT(histories_max), 1,
     HISTORIES_MAX_MOST, HISTORIES_MAX_DEFAULT, "agents that catch up after an outage at one time"},
    {"agents.ship_interval", "--ship-interval", "NEPHOS_SHIP_INTERVAL", SETTING_DURATION_MS,
     AT(ship_interval_ms), SHIP_INTERVAL_MS_LEAST, SHIP_INTERVAL_MS_MOST, SHIP_INTERVAL_DEFAULT,
     "how often agents send while nobody looks"},
    {"agents.sample_interval", "--sample-interval", "NEPHOS_SAMPLE_INTERVAL", SETTING_DURATION_MS,
     AT(sample_interval_ms), 0, SAMPLE_INTERVAL_MS_MOST, SAMPLE_INTERVAL_DEFAULT,
     "how often agents measure; 0s: as each was configured"},
    {"agents.certificate_lifetime", "--certificate-lifetime", "NEPHOS_CERTIFICATE_LIFETIME",
     SETTING_DURATION_MS, AT(certificate_life_ms), CERTIFICATE_LIFE_MS_LEAST, CERTIFICATE_LIFE_MS_MOST,
     CERTIFICATE_LIFE_DEFAULT, "life of an agent's certificate; after two thirds the agent renews it"},
    {"analysis.series_max", "--analysis-series-max", "NEPHOS_ANALYSIS_SERIES_MAX", SETTING_COUNT,
     AT(analysed_max), 0, ANALYSED_MAX_MOST, ANALYSED_MAX_DEFAULT,
     "series of a host that are watched for anomalies; 0: none"},
    {"alerts.hints", "--hints", "NEPHOS_HINTS", TEXT_SETTING(hints), 0, 0, HINTS_DEFAULT,
     "levels at which an agent sends a sample at once; rules: those of the alert rules"},
    {"alerts.rules", "--rules", "NEPHOS_RULES", TEXT_SETTING(rules), 0, 0, "",
     "file of alert rules [/etc/nephos/rules.conf when there is one]"},
    {"alerts.profile", "--alert-profile", "NEPHOS_ALERT_PROFILE", TEXT_SETTING(alert_profile), 0, 0, "nephos",
     "rules to begin with: nephos, agent, ingest, guide, documents or none"},
    {"api.listen", "--api", "NEPHOS_API", TEXT_SETTING(api), 0, 0, "127.0.0.1:8080",
     "address for dashboard and API (HTTP)"},
    {"api.token_file", "--api-token-file", "NEPHOS_API_TOKEN_FILE", TEXT_SETTING(api_token_file), 0,
     0, "", "file with a token of the role admin; with it even this machine must show one"},
    {"api.closed", "--api-closed", "NEPHOS_API_CLOSED", SETTING_SWITCH, AT(api_closed), 0, 0, "no",
     "ask for a token on a loopback address, too"},
    {"api.https", "--api-https", "NEPHOS_API_HTTPS", TEXT_SETTING(api_https), 0, 0, "",
     "address for dashboard and API with TLS"},
    {"api.certificate", "--api-cert", "NEPHOS_API_CERT", TEXT_SETTING(api_certificate), 0, 0, "",
     "its certificate, PEM with those between it and a root [made by our own CA]"},
    {"api.key", "--api-key", "NEPHOS_API_KEY", TEXT_SETTING(api_key), 0, 0, "",
     "file with the key of that certificate, PEM, P-256"},
    {"api.names", "--api-names", "NEPHOS_API_NAMES", TEXT_SETTING(api_names), 0, 0, "",
     "hosts and addresses that our own certificate names, besides localhost and this host"},
    {"api.rate", "--api-rate", "NEPHOS_API_RATE", SETTING_COUNT, AT(api_rate_per_s), 0, API_RATE_MOST,
     API_RATE_DEFAULT, "requests a second of one address or token, where one is needed; 0: any number"},
    {"api.connections_max", "--api-connections-max", "NEPHOS_API_CONNECTIONS_MAX", SETTING_COUNT,
     AT(api_connections_max), 1, API_CONNECTIONS_MAX_MOST, API_CONNECTIONS_MAX_DEFAULT,
     "API clients at one time, WebSocket included"},
    {"api.websockets_max", "--websockets-max", "NEPHOS_WEBSOCKETS_MAX", SETTING_COUNT,
     AT(websockets_max), 1, API_CONNECTIONS_MAX_MOST, WEBSOCKETS_MAX_DEFAULT,
     "of them, WebSocket clients"},
    {"api.bodies_max", "--api-bodies-max", "NEPHOS_API_BODIES_MAX", SETTING_COUNT, AT(api_bodies_max), 2,
     API_BODIES_MAX_MOST, API_BODIES_MAX_DEFAULT,
     "large request bodies at one time; a compressed one counts twice"},
    {"api.body_size", "--api-body-size", "NEPHOS_API_BODY_SIZE", SETTING_SIZE, AT(api_body_size),
     API_BODY_SIZE_LEAST, API_BODY_SIZE_MOST, API_BODY_SIZE_DEFAULT,
     "largest request body, compressed or not"},
    {"api.queries_max", "--queries-max", "NEPHOS_QUERIES_MAX", SETTING_COUNT, AT(queries_max), 1,
     QUERIES_MAX_MOST, QUERIES_MAX_DEFAULT, "queries that run at one time"},
    {"vultr.key_file", "--vultr-key-file", "NEPHOS_VULTR_KEY_FILE", TEXT_SETTING(vultr_key_file), 0, 0, "",
     "file with a key of Vultr's API; its servers are then watched [or VULTR_API_KEY]"},
    {"vultr.interval", "--vultr-interval", "NEPHOS_VULTR_INTERVAL", SETTING_DURATION_MS,
     AT(vultr.interval_ms), VULTR_INTERVAL_MS_LEAST, VULTR_INTERVAL_MS_MOST, VULTR_INTERVAL_DEFAULT,
     "how often Vultr is asked for its servers"},
    {"vultr.url", "--vultr-url", "NEPHOS_VULTR_URL", TEXT_SETTING(vultr.url), 0, 0, VULTR_URL_DEFAULT,
     "where its API is"},
    {"vultr.ca_file", "--vultr-ca-file", "NEPHOS_VULTR_CA_FILE", TEXT_SETTING(vultr.ca_file), 0, 0, "",
     "certificates that it is verified with [those of this system]"},
    {"token.uses", "--uses", NULL, SETTING_COUNT, AT(token_uses), 1, 100000, "1",
     "token create: how many agents may enrol with it"},
    {"access.name", "--name", NULL, TEXT_SETTING(access_name), 0, 0, "",
     "access create: what it is called, in lists and in the audit log"},
    {"access.role", "--role", NULL, TEXT_SETTING(access_role), 0, 0, "viewer",
     "access create: ingest, viewer, operator or admin"},
    {"token.ttl", "--ttl", NULL, SETTING_DURATION_MS, AT(token_ttl_ms), 1000,
     INT64_C(366) * 86400 * 1000, "1h",
     "how long it is good for; token create, and access create, where it is for ever unless said"},
    {"backup.with_keys", "--with-keys", NULL, SETTING_SWITCH, AT(with_keys), 0, 0, "no",
     "backup: all of the data directory, private keys too"},
    {"restore.force", "--force", NULL, SETTING_SWITCH, AT(force), 0, 0, "no",
     "restore: in place of what is there"},
    {"export.format", "--format", NULL, TEXT_SETTING(format), 0, 0, "csv",
     "export, import: csv, prom or jsonl"},
    {"export.instance", "--instance", NULL, TEXT_SETTING(only_instance), 0, 0, "",
     "export, rules test, silence create: these hosts only; names, ids or patterns, commas between"},
    {"export.metric", "--metric", NULL, TEXT_SETTING(only_metric), 0, 0, "",
     "export: these only; * stands for any characters"},
    {"export.from", "--from", NULL, TEXT_SETTING(from), 0, 0, "",
     "export, rules test, silence create, forward replay: not before; RFC 3339, a date, milliseconds since "
     "1970, -6h or now"},
    {"export.to", "--to", NULL, TEXT_SETTING(to), 0, 0, "",
     "export, rules test, silence create, forward replay: before that"},
    {"export.step", "--step", NULL, SETTING_DURATION_MS, AT(step_ms), 0, INT64_C(366) * 86400 * 1000, "0s",
     "export: one mean value for each step; 0s: every sample as it is"},
    {"silence.rule", "--rule", NULL, TEXT_SETTING(rule), 0, 0, "",
     "silence create: these rules only; patterns with commas between them"},
    {"silence.weekly", "--weekly", NULL, TEXT_SETTING(weekly), 0, 0, "",
     "silence create: every week, as \"Sat,Sun 22:00-06:00 Europe/Berlin\""},
    {"silence.comment", "--comment", NULL, TEXT_SETTING(comment), 0, 0, "", "silence create: why"},
    {"log.level", "--log-level", "NEPHOS_LOG", TEXT_SETTING(log_level), 0, 0, "info",
     "error, warn, info or debug"},
    {"log.format", "--log-format", "NEPHOS_LOG_FORMAT", TEXT_SETTING(log_format), 0, 0, "logfmt",
     "logfmt or json"},
};

static const char *const log_levels[] = {
    [LOG_ERROR] = "error", [LOG_WARN] = "warn", [LOG_INFO] = "info", [LOG_DEBUG] = "debug"};

struct action {
    const char *flag, *short_flag, *help;
    uint32_t offset; /* of a bool in struct command_line */
};
static const struct action actions[] = {
    {"--help", "-h", "show this text", offsetof(struct command_line, help)},
    {"--version", "-V", "show the version", offsetof(struct command_line, version)},
    {"--check-config", NULL, "check all settings, show them with their origin",
     offsetof(struct command_line, check_config)},
    {"--print-config", NULL, "show all settings in the form of the file",
     offsetof(struct command_line, print_config)},
    {"--print-memory-map", NULL, "show every byte that will be reserved",
     offsetof(struct command_line, print_memory_map)},
};

void config_init(struct settings *s, struct config *c)
{
    settings_init(s, table, COUNT_OF(table), c);
    s->families = config_families(&s->family_count);
    c->check_count = 0;
    c->notify_count = 0;
    c->forward_count = 0;
}

static bool take_action(const char *word, struct command_line *out)
{
    for (uint32_t i = 0; i < COUNT_OF(actions); i++) {
        const struct action *a = &actions[i];
        if (text_equal(word, a->flag) || (a->short_flag && text_equal(word, a->short_flag))) {
            *(bool *)((char *)out + a->offset) = true;
            return true;
        }
    }
    return false;
}

/* --config FILE, --config=FILE or -c FILE: 1 taken, 0 something else, negative a mistake. */
static int take_config_file(int argc, char *argv[], int *at, struct command_line *out,
                            struct text *why)
{
    if (text_starts(argv[*at], "--config=")) {
        out->config_file = argv[(*at)++] + strlen("--config=");
        return 1;
    }
    if (!text_equal(argv[*at], "--config") && !text_equal(argv[*at], "-c"))
        return 0;
    if (*at + 1 >= argc) {
        text_put(why, "--config: the name of a file must follow");
        return ERR_MALFORMED;
    }
    out->config_file = argv[*at + 1];
    *at += 2;
    return 1;
}

static int explain_flag(const struct settings *s, const char *word, struct text *why)
{
    const char *best = text_distance(word, "--config") <= 3 ? "--config" : NULL;
    uint32_t distance = best != NULL ? text_distance(word, best) : 4;
    for (uint32_t i = 0; i < COUNT_OF(actions); i++) {
        uint32_t d = text_distance(word, actions[i].flag);
        if (d < distance) {
            best = actions[i].flag;
            distance = d;
        }
    }
    for (uint32_t i = 0; i < s->count; i++)
        if (text_distance(word, s->table[i].flag) <= distance)
            best = NULL; /* the table knows a nearer one */
    if (best != NULL)
        text_printf(why, "unknown flag %s (did you mean %s?); --help lists them all", word, best);
    else
        settings_explain_unknown(s, word, why);
    return ERR_MALFORMED;
}

/* A word that is no flag: the file that a verb is about. */
static int take_operand(const char *word, struct command_line *out, struct text *why)
{
    if (verbs_of(out->verb)->operand == NULL || out->operand != NULL)
        return verbs_explain(word, why);
    out->operand = word;
    return ERR_OK;
}

static int check_operand(const struct command_line *line, struct text *why)
{
    const struct verb *v = verbs_of(line->verb);
    if (line->operand != NULL || v->operand == NULL || v->operand[0] == '[' || line->help || line->version)
        return ERR_OK;
    bool is_file = text_equal(v->operand, "FILE");
    text_printf(why, "%s%s%s: %s must follow", v->word, v->second != NULL ? " " : "",
                v->second != NULL ? v->second : "", is_file ? "the name of a file" : v->operand);
    return ERR_MALFORMED;
}

int config_parse_command(struct settings *s, int argc, char *argv[], struct command_line *out,
                         struct text *why)
{
    *out = (struct command_line){0};
    int at = 1;
    int e = verbs_parse(argc, argv, &at, &out->verb, why);
    while (e >= 0 && at < argc) {
        e = take_config_file(argc, argv, &at, out, why);
        if (e != 0)
            continue;
        if (take_action(argv[at], out)) {
            at++;
            continue;
        }
        if (argv[at][0] != '-') {
            e = take_operand(argv[at++], out, why);
            continue;
        }
        int before = at;
        e = settings_parse_flags(s, argc, argv, &at, why);
        if (e >= 0 && at == before)
            e = explain_flag(s, argv[at], why);
    }
    return e < 0 ? e : check_operand(out, why);
}

bool config_is_loopback(const char *address)
{
    if (text_starts(address, "[::1]:") || text_starts(address, "localhost:"))
        return true;
    return text_starts(address, "127.") && address[strspn(address, "0123456789.")] == ':';
}

bool config_api_is_open(const struct config *c)
{
    return config_is_loopback(c->api) && c->api_token_file[0] == '\0' && !c->api_closed;
}

bool config_is_live(const char *key)
{
    static const char *const live[] = {
        "agents.sample_interval", "alerts.hints", "alerts.rules", "alerts.profile", "api.token_file",
        "api.closed", "api.certificate",
        "api.key", "api.names", "api.rate", "vultr.key_file", "vultr.interval", "vultr.url",
        "vultr.ca_file", "log.level", "log.format"};
    for (uint32_t i = 0; i < COUNT_OF(live); i++)
        if (text_equal(key, live[i]))
            return true;
    return false;
}

static int find_log_level(const char *name)
{
    for (uint32_t i = 0; i < COUNT_OF(log_levels); i++)
        if (text_equal(name, log_levels[i]))
            return (int)i;
    return ERR_MISSING;
}

int config_check(const struct config *c, struct text *why)
{
    if (find_log_level(c->log_level) < 0) {
        text_printf(why, "--log-level: \"%s\" is not one of error, warn, info, debug", c->log_level);
        return ERR_MALFORMED;
    }
    if (!text_equal(c->log_format, "logfmt") && !text_equal(c->log_format, "json")) {
        text_printf(why, "--log-format: \"%s\" is not one of logfmt, json", c->log_format);
        return ERR_MALFORMED;
    }
    if ((c->api_certificate[0] == '\0') != (c->api_key[0] == '\0')) {
        text_put(why, "--api-cert and --api-key go together: name both files, or neither");
        return ERR_MALFORMED;
    }
    for (uint32_t i = 0; i < c->check_count; i++)
        if (check_check(&c->checks[i], why) < 0)
            return ERR_MALFORMED;
    if (!text_starts(c->vultr.url, "https://") && !text_starts(c->vultr.url, "http://")) {
        text_printf(why, "--vultr-url %s: it begins with https:// or http://", c->vultr.url);
        return ERR_MALFORMED;
    }
    struct ingest_hint hints[HINTS_MAX];
    text_put(why, "--hints: ");
    if (!text_equal(c->hints, HINTS_DEFAULT) && hints_parse(c->hints, hints, why) < 0)
        return ERR_MALFORMED;
    text_clear(why);
    if (c->websockets_max > c->api_connections_max) {
        text_printf(why, "--websockets-max %u is more than --api-connections-max %u",
                    c->websockets_max, c->api_connections_max);
        return ERR_MALFORMED;
    }
    return ERR_OK;
}

void config_limits(const struct config *c, struct aggregator_limits *out)
{
    *out = (struct aggregator_limits){
        .agents_max = c->agents_max,
        .series_max = c->series_max,
        .histories_max = c->histories_max,
        .api_connections_max = c->api_connections_max,
        .api_has_tls = c->api_https[0] != '\0',
        .websockets_max = c->websockets_max,
        .api_bodies_max = c->api_bodies_max,
        .api_body_size = (uint32_t)c->api_body_size,
        .queries_max = c->queries_max,
        .analysed_max = c->analysed_max,
        .database_size_max = c->database_size_max,
        .keep_ms = {c->keep_ms[TIER_SECONDS], c->keep_ms[TIER_MINUTES], c->keep_ms[TIER_HOURS]},
        .ship_interval_ms = (uint32_t)c->ship_interval_ms,
        .certificate_life_s = c->certificate_life_ms / MS_PER_S,
    };
}

enum log_level config_log_level(const struct config *c)
{
    int level = find_log_level(c->log_level);
    return level < 0 ? LOG_INFO : (enum log_level)level;
}

bool config_action(uint32_t index, const char **flag, const char **help)
{
    if (index >= COUNT_OF(actions))
        return false;
    *flag = actions[index].flag;
    *help = actions[index].help;
    return true;
}

void config_print_help(const struct settings *s, struct text *out)
{
    text_put(out, "nephos-aggregator: keeps every second of every agent, and shows it.\n\n");
    verbs_print(out);
    text_put(out, "\nSettings: a flag wins over the environment (NEPHOS_...), that over the file, that over "
                  "the [default].\n");
    settings_print_help(s, out);
    text_printf(out, "  %-23s %s\n", "-c, --config FILE", "read settings from FILE "
                "[/etc/nephos/aggregator.conf when there is one]");
    text_put(out, "\nInstead of running:\n");
    for (uint32_t i = 0; i < COUNT_OF(actions); i++) {
        char flags[32];
        struct text t;
        text_init(&t, flags, sizeof flags);
        text_printf(&t, "%s%s%s", actions[i].short_flag ? actions[i].short_flag : "",
                    actions[i].short_flag ? ", " : "", actions[i].flag);
        text_printf(out, "  %-23s %s\n", flags, actions[i].help);
    }
}
