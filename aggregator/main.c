/* SPDX-License-Identifier: MIT */
/* nephos-aggregator: the command line, the memory, the loop. */
#include <string.h>

#include "aggregator/aggregator.h"
#include "aggregator/archive/archive.h"
#include "aggregator/asking.h"
#include "aggregator/config.h"
#include "aggregator/rules/rule.h"
#include "aggregator/startup.h"
#include "aggregator/token_command.h"
#include "platform/credentials.h"
#include "platform/linux/http/plat_http.h"
#include "platform/linux/plat_linux.h"
#include "proto/wire.h"

/* As sysexits(3) has them. */
enum exit_code {
    EXIT_OK = 0,
    EXIT_RUNTIME = 1,
    EXIT_USAGE = 64,
    EXIT_CANNOT_CREATE = 73,
    EXIT_PERMISSION = 77,
    EXIT_CONFIG = 78,
};

/* TLS handshakes at one time; others wait their turn, which costs them no memory. A place is taken for a
 * round trip: a large fleet has more, so that also far agents keep a server busy when all come back. */
#define HANDSHAKES_LEAST 32U
#define HANDSHAKES_MOST 256U
#define SESSIONS_PER_HANDSHAKE 40U
/* Strangers at the API's door have turns of their own beside them. */
#define PUBLIC_HANDSHAKES_MAX 8U
#define FILES_MAX 8U
#define TEXTS_MAX 4U

static struct {
    struct startup startup;
    struct memory_map map;
    struct plat *plat;
    struct http *http;
    char out[16384];
    char body[2 * RULES_TEXT_SIZE];
    struct rule_set rules;
    struct archive archive;
    struct plat_linux_scratch scratch; /* of a demonstration */
} program;

static int fail(enum exit_code code, const struct text *why)
{
    plat_linux_print(2, "nephos-aggregator: ", strlen("nephos-aggregator: "));
    plat_linux_print(2, why->at, why->length);
    plat_linux_print(2, "\n", 1);
    return (int)code;
}

static int print_out(const struct text *t)
{
    return plat_linux_print(1, t->at, t->length) < 0 ? EXIT_RUNTIME : EXIT_OK;
}

/* --- memory and platform --- */

static uint32_t handshakes_at_once(uint32_t sessions)
{
    uint32_t share = sessions / SESSIONS_PER_HANDSHAKE;
    if (sessions < HANDSHAKES_LEAST)
        return sessions;
    return share < HANDSHAKES_LEAST ? HANDSHAKES_LEAST : share > HANDSHAKES_MOST ? HANDSHAKES_MOST : share;
}

static struct plat *reserve_platform(struct memory_map *map, uint32_t sessions, uint32_t conns,
                                     bool has_https)
{
    uint32_t publics = has_https ? PUBLIC_HANDSHAKES_MAX : 0;
    uint32_t handshakes = handshakes_at_once(sessions) + publics;
    const struct plat_linux_limits limits = {
        .conns_max = conns,
        .dials_max = OUTBOUND_MAX,
        .handshakes_max = handshakes,
        .public_handshakes_max = publics,
        .texts_max = TEXTS_MAX,
        .files_max = FILES_MAX,
        .authority = true,
        .tls_arena_size = PLAT_LINUX_TLS_ARENA(sessions, handshakes),
    };
    return plat_linux_reserve(map, &limits);
}

static struct aggregator *reserve_all(const struct aggregator_limits *limits)
{
    program.plat = reserve_platform(&program.map, limits_tls(limits), limits_connections(limits),
                                     limits->api_has_tls);
    program.http = plat_http_reserve(&program.map, OUTBOUND_MAX);
    return aggregator_reserve(&program.map, limits);
}

/* A block for what the map has added up, from now on the map of that block. */
static int obtain_block(struct text *why)
{
    uint64_t total = program.map.used;
    void *block = plat_linux_memory(total);
    if (block == NULL) {
        text_printf(why, "the system does not give %llu MiB of memory; lower --agents-max or "
                    "--series-max (--print-memory-map shows what they cost)",
                    (unsigned long long)(total >> 20));
        return ERR_SYSTEM;
    }
    memory_map_init(&program.map, block, total);
    return ERR_OK;
}

static enum plat_log_format log_format(void)
{
    return text_equal(program.startup.config.log_format, "json") ? PLAT_LOG_JSON : PLAT_LOG_LOGFMT;
}

static int start_platform(void)
{
    const struct plat_linux_options options = {
        .state_dir = program.startup.config.data,
        .log_level = config_log_level(&program.startup.config),
        .log_format = log_format(),
        .takes_signals = true,
    };
    int e = plat_linux_start(program.plat, &options); /* says itself what failed */
    if (e >= 0)
        return EXIT_OK;
    return e == ERR_DENIED ? EXIT_PERMISSION : e == ERR_MISSING ? EXIT_CANNOT_CREATE : EXIT_RUNTIME;
}

/* --- verbs --- */

/* A platform for a command, which needs little. */
static int start_small(struct text *why)
{
    memory_map_init(&program.map, NULL, 0);
    (void)reserve_platform(&program.map, 1, 1, false);
    if (obtain_block(why) < 0)
        return fail(EXIT_RUNTIME, why);
    program.plat = reserve_platform(&program.map, 1, 1, false);
    return start_platform();
}

/* What the aggregator says is for standard output, unless it says no. */
static void print_answer(uint16_t status, const char *bytes, uint32_t size)
{
    (void)plat_linux_print(status < 400 ? 1 : 2, bytes, size);
}

/* The file that the operand names, into startup.rules: 1; 0 when there is none; negative with `why`. */
static int read_operand(struct text *why)
{
    struct startup *s = &program.startup;
    const char *name = s->line.operand;
    enum config_verb verb = s->line.verb;
    if (verb != VERB_RULES_SET && verb != VERB_RULES_TEST && verb != VERB_RULES_CHECK)
        return 0;
    int n = plat_linux_read_file(name, s->rules, sizeof s->rules - 1);
    if (n >= 0)
        s->rules[n] = '\0';
    if (n >= 0 || (n == ERR_MISSING && verb == VERB_RULES_TEST))
        return n >= 0;
    text_printf(why, "%s: %s", name, n == ERR_MISSING ? "there is no such file"
                                     : n == ERR_FULL  ? "the file is too large for rules"
                                                      : "the file cannot be read");
    return n;
}

/* Reads the rules as the aggregator would, on top of the profile. */
static int check_rules(struct text *why)
{
    struct startup *s = &program.startup;
    const char *part, *profile = s->config.alert_profile;
    if (read_operand(why) < 0)
        return fail(EXIT_CONFIG, why);
    for (uint32_t i = 0; (part = rules_profile_part(profile, i)) != NULL; i++)
        (void)rules_parse(&program.rules, profile, part, (uint32_t)strlen(part), RULE_FROM_PROFILE, why);
    uint32_t length = (uint32_t)strlen(s->rules);
    if (rules_parse(&program.rules, s->line.operand, s->rules, length, RULE_FROM_FILE, why) < 0 ||
        rules_check_names(&program.rules, s->line.operand, s->rules, length, why) < 0)
        return fail(EXIT_CONFIG, why);
    struct text out;
    text_init(&out, program.out, sizeof program.out);
    text_printf(&out, "%s: good; with the profile %s there are %u rules\n", s->line.operand, profile,
                program.rules.count);
    return print_out(&out);
}

static int ask(struct text *why)
{
    struct startup *s = &program.startup;
    int has_text = read_operand(why);
    if (has_text < 0)
        return fail(EXIT_CONFIG, why);
    int code = start_small(why);
    if (code != EXIT_OK)
        return code;
    bool has_ttl = s->settings.origin[settings_find(&s->settings, "token.ttl")] != ORIGIN_DEFAULT;
    const struct asking_more more = {.has_ttl = has_ttl, .text = has_text > 0 ? s->rules : NULL,
                                     .body = program.body, .body_size = sizeof program.body};
    int status = asking_run(program.plat, &s->config, &s->line, &more, print_answer, why);
    plat_linux_stop(program.plat);
    if (status < 0)
        return fail(status == ERR_DENIED      ? EXIT_PERMISSION
                    : status == ERR_MALFORMED ? EXIT_USAGE
                                              : EXIT_RUNTIME,
                    why);
    return status < 400 ? EXIT_OK : EXIT_RUNTIME;
}

static int create_token(struct text *why)
{
    char token[TOKEN_TEXT_SIZE + 1];
    int code = start_small(why);
    if (code != EXIT_OK)
        return code;
    if (token_command_create(program.plat, &program.startup.config, token, why) < 0)
        return fail(EXIT_CANNOT_CREATE, why);
    struct text out;
    text_init(&out, program.out, sizeof program.out);
    text_printf(&out, "%s\n", token);
    code = print_out(&out);
    if (plat_linux_is_terminal(2)) {
        text_clear(&out);
        token_command_explain(&program.startup.config, token, &out);
        plat_linux_print(2, out.at, out.length);
    }
    plat_linux_stop(program.plat);
    return code;
}

/* For a person the whole map and what to do next; for a log the same facts in four lines. */
static void announce(struct aggregator *a)
{
    struct plat *p = program.plat;
    const struct config *c = &program.startup.config;
    uint8_t hash[HASH_SIZE];
    authority_hash(p, hash);
    struct text out;
    text_init(&out, program.out, sizeof program.out);
    text_put_hex(&out, hash, sizeof hash);
    plat_log(p, LOG_INFO, "nephos-aggregator " NEPHOS_VERSION ": memory %llu MiB and not a byte more "
             "(--print-memory-map), disk at most %llu MiB in %s",
             (unsigned long long)(program.map.used >> 20),
             (unsigned long long)(c->database_size_max >> 20), c->data);
    plat_log(p, LOG_INFO, "agents on %s, CA sha256 %s", aggregator_agents_address(a), out.at);
    plat_log(p, LOG_INFO, "dashboard and API on http://%s/%s", aggregator_api_address(a),
             config_api_is_open(c) ? "" : ", with a token");
    if (aggregator_https_address(a) != NULL)
        plat_log(p, LOG_INFO, "dashboard and API on https://%s/, with a token", aggregator_https_address(a));
    if (!config_is_loopback(c->api))
        plat_log(p, LOG_WARN, "--api %s sends tokens in clear text over the network: use --api-https "
                              "there, and "
                 "--api on 127.0.0.1", c->api);
    if (!plat_linux_is_terminal(2))
        return;
    char ca[2 * HASH_SIZE + 1];
    text_copy(ca, sizeof ca, out.at);
    text_clear(&out);
    text_put_char(&out, '\n');
    memory_map_print(&program.map, &out);
    text_printf(&out, "\n  dashboard   http://%s/\n  agents      %s\n  CA sha256   %s\n"
                "  add a host  nephos-aggregator token create --data %s\n\n",
                aggregator_api_address(a), aggregator_agents_address(a), ca, c->data);
    plat_linux_print(2, out.at, out.length);
}

/* SIGHUP: what can change does, the rest is named, and a mistake changes nothing. */
static void reload(struct aggregator *a, const char *hostname)
{
    char changed_words[512], waiting_words[512], words[512];
    struct text changed, waiting, why;
    struct plat *p = program.plat;
    text_init(&changed, changed_words, sizeof changed_words);
    text_init(&waiting, waiting_words, sizeof waiting_words);
    text_init(&why, words, sizeof words);
    if (startup_read_again(&program.startup, &changed, &waiting, &why) < 0 ||
        startup_options(&program.startup, hostname, &why) < 0) {
        plat_log(p, LOG_ERROR, "the settings were not read again, the old ones stay in force: %s", words);
        return;
    }
    plat_linux_log(p, config_log_level(&program.startup.config), log_format());
    if (aggregator_configure(a, &program.startup.options, &why) < 0)
        plat_log(p, LOG_ERROR, "not everything could be taken over, and what could not stays as it was: %s",
                 words);
    plat_log(p, LOG_INFO, "the settings were read again; changed: %s",
             changed.length > 0 ? changed_words : "nothing");
    if (waiting.length > 0)
        plat_log(p, LOG_WARN, "these take effect after a restart only: %s", waiting_words);
}

/* A demonstration keeps nothing, and takes ports that nobody else has. */
static int prepare_demo(struct text *why)
{
    struct config *c = &program.startup.config;
    if (plat_linux_scratch(&program.scratch, "nephos-demo") < 0 ||
        !text_copy(c->data, sizeof c->data, program.scratch.path)) {
        text_put(why, "no folder for the demonstration can be made; set TMPDIR to one that can be written");
        return ERR_DENIED;
    }
    (void)text_copy(c->listen, sizeof c->listen, "127.0.0.1:0");
    return ERR_OK;
}

static int serve(const struct aggregator_limits *limits, struct text *why)
{
    struct plat_host host;
    if (obtain_block(why) < 0)
        return fail(EXIT_RUNTIME, why);
    struct aggregator *a = reserve_all(limits);
    int code = start_platform();
    if (code != EXIT_OK)
        return code;
    if (plat_http_start(program.plat, program.http) < 0)
        return EXIT_RUNTIME;
    plat_host(program.plat, &host);
    if (startup_options(&program.startup, host.hostname, why) < 0)
        return fail(EXIT_CONFIG, why);
    int e = aggregator_open(a, program.plat, &program.map, &program.startup.options, why);
    if (e < 0)
        return fail(e == ERR_DENIED ? EXIT_PERMISSION : EXIT_RUNTIME, why);
    announce(a);
    while (plat_wait(program.plat, aggregator_step(a, plat_mono(program.plat))) == ERR_OK)
        if ((plat_signals(program.plat) & PLAT_SIGNAL_RELOAD) != 0)
            reload(a, host.hostname);
    plat_log(program.plat, LOG_INFO, "stopping");
    aggregator_close(a);
    plat_http_stop(program.plat);
    plat_linux_stop(program.plat);
    return EXIT_OK;
}

int main(int argc, char *argv[])
{
    char words[512];
    struct text why, out;
    text_init(&why, words, sizeof words);
    text_init(&out, program.out, sizeof program.out);
    enum startup_result result = startup_read(&program.startup, argc, argv, &why);
    if (result != STARTUP_GOOD)
        return fail(result == STARTUP_BAD_USAGE ? EXIT_USAGE : EXIT_CONFIG, &why);
    if (program.startup.line.help) {
        config_print_help(&program.startup.settings, &out);
        return print_out(&out);
    }
    if (program.startup.line.version) {
        plat_linux_version("nephos-aggregator", WIRE_PROTOCOL, &out);
        return print_out(&out);
    }
    if (program.startup.line.check_config || program.startup.line.print_config) {
        settings_print(&program.startup.settings, &out);
        return print_out(&out);
    }
    if (program.startup.line.verb == VERB_TOKEN_CREATE)
        return create_token(&why);
    if (program.startup.line.verb == VERB_RULES_CHECK)
        return check_rules(&why);
    if (asking_is_verb(program.startup.line.verb))
        return ask(&why);
    bool is_demo = program.startup.line.verb == VERB_DEMO;
    if (program.startup.line.verb != VERB_SERVE && !is_demo)
        return archive_run(&program.archive, &program.startup.config, &program.startup.line);
    struct aggregator_limits limits;
    config_limits(&program.startup.config, &limits);
    limits.is_demo = is_demo;
    memory_map_init(&program.map, NULL, 0);
    (void)reserve_all(&limits);
    if (program.startup.line.print_memory_map) {
        memory_map_print(&program.map, &out);
        return print_out(&out);
    }
    if (is_demo && prepare_demo(&why) < 0)
        return fail(EXIT_CANNOT_CREATE, &why);
    int code = serve(&limits, &why);
    plat_linux_scratch_end(&program.scratch);
    return code;
}
