/* SPDX-License-Identifier: MIT */
/* nephos-aggregator: the command line, the memory, the loop. */
#include <stdlib.h>
#include <string.h>

#include "aggregator/aggregator.h"
#include "aggregator/archive/archive.h"
#include "aggregator/config.h"
#include "aggregator/token_command.h"
#include "platform/credentials.h"
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

#define DATA_INSTALLED "/var/lib/nephos"
#define DATA_HERE "./nephos-data"
#define CONFIG_INSTALLED "/etc/nephos/aggregator.conf"
#define CONFIG_FILE_SIZE 16384U
#define API_TOKEN_SIZE 160U
#define API_TOKEN_LENGTH_LEAST 16U
/* TLS handshakes at one time; others wait their turn, which costs them no memory. */
#define HANDSHAKES_MAX 32U
#define FILES_MAX 8U
#define TEXTS_MAX 4U

static struct {
    struct config config;
    struct settings settings;
    struct command_line line;
    struct memory_map map;
    struct plat *plat;
    char file[CONFIG_FILE_SIZE];
    char out[16384];
    char api_token[API_TOKEN_SIZE];
    struct archive archive;
} program;

static const char *environment(const char *name)
{
    return getenv(name);
}

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

/* --- settings --- */

static int read_config_file(struct text *why)
{
    const char *name = program.line.config_file;
    return plat_linux_read_settings(&program.settings, name != NULL ? name : CONFIG_INSTALLED, name != NULL,
                                    program.file, sizeof program.file, why);
}

/* An installed aggregator keeps its data where the package put them; a trial keeps them here. */
static void choose_data(void)
{
    if (program.config.data[0] == '\0')
        text_copy(program.config.data, sizeof program.config.data,
                  plat_linux_is_writable_directory(DATA_INSTALLED) ? DATA_INSTALLED : DATA_HERE);
}

/* The command line is read twice: first for the name of the file, last because flags win. */
static int read_settings(int argc, char *argv[], struct text *why)
{
    config_init(&program.settings, &program.config);
    if (config_parse_command(&program.settings, argc, argv, &program.line, why) < 0)
        return EXIT_USAGE;
    if (program.line.help || program.line.version)
        return EXIT_OK;
    config_init(&program.settings, &program.config);
    if (read_config_file(why) < 0 ||
        settings_parse_environment(&program.settings, environment, why) < 0)
        return EXIT_CONFIG;
    int e = config_parse_command(&program.settings, argc, argv, &program.line, why);
    ASSERT(e == ERR_OK);
    choose_data();
    return config_check(&program.config, why) < 0 ? EXIT_CONFIG : EXIT_OK;
}

static int read_api_token(struct text *why)
{
    const char *name = program.config.api_token_file;
    if (name[0] == '\0')
        return ERR_OK;
    int n = plat_linux_read_file(name, program.api_token, sizeof program.api_token - 1);
    if (n < 0) {
        text_printf(why, "--api-token-file %s: %s", name,
                    n == ERR_MISSING ? "there is no such file" : "cannot be read as one short line");
        return ERR_MALFORMED;
    }
    while (n > 0 && strchr(" \t\r\n", program.api_token[n - 1]) != NULL)
        n--;
    program.api_token[n] = '\0';
    for (int i = 0; i < n; i++) {
        if (program.api_token[i] <= ' ' || program.api_token[i] > '~') {
            text_printf(why, "--api-token-file %s: a token is one word of printable characters", name);
            return ERR_MALFORMED;
        }
    }
    if (n < (int)API_TOKEN_LENGTH_LEAST) {
        text_printf(why, "--api-token-file %s: a token has at least %u characters; make one with "
                    "`openssl rand -hex 20`", name, API_TOKEN_LENGTH_LEAST);
        return ERR_MALFORMED;
    }
    return ERR_OK;
}

/* --- memory and platform --- */

static struct plat *reserve_platform(struct memory_map *map, uint32_t sessions, uint32_t conns)
{
    uint32_t handshakes = sessions < HANDSHAKES_MAX ? sessions : HANDSHAKES_MAX;
    const struct plat_linux_limits limits = {
        .conns_max = conns,
        .handshakes_max = handshakes,
        .texts_max = TEXTS_MAX,
        .files_max = FILES_MAX,
        .authority = true,
        .tls_arena_size = PLAT_LINUX_TLS_ARENA(sessions, handshakes),
    };
    return plat_linux_reserve(map, &limits);
}

static struct aggregator *reserve_all(const struct aggregator_limits *limits)
{
    program.plat = reserve_platform(&program.map, limits_sessions(limits), limits_connections(limits));
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

static int start_platform(void)
{
    const struct plat_linux_options options = {
        .state_dir = program.config.data,
        .log_level = config_log_level(&program.config),
        .log_format = text_equal(program.config.log_format, "json") ? PLAT_LOG_JSON : PLAT_LOG_LOGFMT,
    };
    int e = plat_linux_start(program.plat, &options); /* says itself what failed */
    if (e >= 0)
        return EXIT_OK;
    return e == ERR_DENIED ? EXIT_PERMISSION : e == ERR_MISSING ? EXIT_CANNOT_CREATE : EXIT_RUNTIME;
}

/* --- verbs --- */

static int create_token(struct text *why)
{
    char token[TOKEN_TEXT_SIZE + 1];
    memory_map_init(&program.map, NULL, 0);
    (void)reserve_platform(&program.map, 1, 1);
    if (obtain_block(why) < 0)
        return fail(EXIT_RUNTIME, why);
    program.plat = reserve_platform(&program.map, 1, 1);
    int code = start_platform();
    if (code != EXIT_OK)
        return code;
    if (token_command_create(program.plat, &program.config, token, why) < 0)
        return fail(EXIT_CANNOT_CREATE, why);
    struct text out;
    text_init(&out, program.out, sizeof program.out);
    text_printf(&out, "%s\n", token);
    code = print_out(&out);
    if (plat_linux_is_terminal(2)) {
        text_clear(&out);
        token_command_explain(&program.config, token, &out);
        plat_linux_print(2, out.at, out.length);
    }
    plat_linux_stop(program.plat);
    return code;
}

/* For a person the whole map and what to do next; for a log the same facts in four lines. */
static void announce(struct aggregator *a)
{
    struct plat *p = program.plat;
    const struct config *c = &program.config;
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
    plat_log(p, LOG_INFO, "dashboard and API on http://%s/", aggregator_api_address(a));
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

static int serve(const struct aggregator_limits *limits, struct text *why)
{
    if (read_api_token(why) < 0)
        return fail(EXIT_CONFIG, why);
    if (obtain_block(why) < 0)
        return fail(EXIT_RUNTIME, why);
    struct aggregator *a = reserve_all(limits);
    int code = start_platform();
    if (code != EXIT_OK)
        return code;
    const struct aggregator_options options = {
        .listen = program.config.listen, .api = program.config.api, .api_token = program.api_token,
        .api_is_open = program.api_token[0] == '\0' && config_is_loopback(program.config.api),
        .hints = program.config.hints,
        .sample_interval_ms = (uint32_t)program.config.sample_interval_ms};
    int e = aggregator_open(a, program.plat, &program.map, &options, why);
    if (e < 0)
        return fail(e == ERR_DENIED ? EXIT_PERMISSION : EXIT_RUNTIME, why);
    announce(a);
    while (plat_wait(program.plat, aggregator_step(a, plat_mono(program.plat))) == ERR_OK)
        ;
    plat_log(program.plat, LOG_INFO, "stopping");
    aggregator_close(a);
    plat_linux_stop(program.plat);
    return EXIT_OK;
}

int main(int argc, char *argv[])
{
    char words[512];
    struct text why, out;
    text_init(&why, words, sizeof words);
    text_init(&out, program.out, sizeof program.out);
    int code = read_settings(argc, argv, &why);
    if (code != EXIT_OK)
        return fail((enum exit_code)code, &why);
    if (program.line.help) {
        config_print_help(&program.settings, &out);
        return print_out(&out);
    }
    if (program.line.version) {
        plat_linux_version("nephos-aggregator", WIRE_PROTOCOL, &out);
        return print_out(&out);
    }
    if (program.line.check_config || program.line.print_config) {
        settings_print(&program.settings, &out);
        return print_out(&out);
    }
    if (program.line.verb == VERB_TOKEN_CREATE)
        return create_token(&why);
    if (program.line.verb != VERB_SERVE)
        return archive_run(&program.archive, &program.config, &program.line);
    struct aggregator_limits limits;
    config_limits(&program.config, &limits);
    memory_map_init(&program.map, NULL, 0);
    (void)reserve_all(&limits);
    if (program.line.print_memory_map) {
        memory_map_print(&program.map, &out);
        return print_out(&out);
    }
    return serve(&limits, &why);
}
