/* SPDX-License-Identifier: MIT */
/* nephos-agent: settings, special verbs, memory, loop. */
#include <stdlib.h>
#include <string.h>

#include "agent/agent.h"
#include "agent/command.h"
#include "agent/dry_run.h"
#include "agent/once.h"
#include "agent/startup.h"
#include "agent/status.h"
#include "platform/linux/plat_linux.h"

/* sysexits.h, as far as it is used here. */
enum exit_code { EXIT_IN_ORDER = 0, EXIT_FAILED = 1, EXIT_USAGE = 64, EXIT_BAD_DATA = 65,
                 EXIT_CANNOT_CREATE = 73, EXIT_NOT_ALLOWED = 77, EXIT_BAD_CONFIG = 78 };

/* --once: long enough for a share of CPU time to mean something, short enough to wait for. */
#define ONCE_MS 250

/* All of the agent's memory. */
static struct agent agent;
static struct config config;
static struct settings settings;
static struct startup startup;
static struct memory_map map;
static _Alignas(64) uint8_t platform_block[PLAT_LINUX_AGENT_SIZE];

static int complain(const struct text *why, int exit_code)
{
    char words[600];
    struct text line;
    text_init(&line, words, sizeof words);
    text_printf(&line, "nephos-agent: %s\n", why->at);
    (void)plat_linux_print(2, line.at, line.length);
    return exit_code;
}

static int print(const struct text *out)
{
    return plat_linux_print(1, out->at, out->length) < 0 ? EXIT_FAILED : EXIT_IN_ORDER;
}

/* The scratch is free until the agent runs. */
static struct text page(void)
{
    struct text out;
    text_init(&out, (char *)agent.scratch, sizeof agent.scratch);
    return out;
}

/* --- settings --- */

static const char *environment(const char *name)
{
    return getenv(name);
}

static int read_settings(int argc, char *argv[], enum verb *verb)
{
    char words[400];
    struct text why;
    text_init(&why, words, sizeof words);
    startup = (struct startup){.settings = &settings, .config = &config, .argc = argc, .argv = argv,
                               .buffer = agent.scratch};
    switch (startup_read(&startup, verb, &why)) {
    case STARTUP_GOOD: return EXIT_IN_ORDER;
    case STARTUP_BAD_USAGE: return complain(&why, EXIT_USAGE);
    case STARTUP_BAD_CONFIG: break;
    }
    return complain(&why, EXIT_BAD_CONFIG);
}

/* --- verbs --- */

static int print_help(void)
{
    struct text out = page();
    command_help(&settings, &out);
    return print(&out);
}

static int print_version(void)
{
    struct text out = page();
    plat_linux_version("nephos-agent", WIRE_PROTOCOL, &out);
    return print(&out);
}

/* Names of earlier agents are honoured, and each is explained in a line: of the log, or here. */
static void explain_earlier(struct plat *p)
{
    for (uint32_t i = 0; i < settings.earlier_count; i++) {
        char words[300];
        struct text note;
        text_init(&note, words, sizeof words);
        if (!settings_explain_earlier(&settings, i, &note))
            continue;
        if (p != NULL)
            plat_log(p, LOG_WARN, "%s", note.at);
        else
            (void)complain(&note, EXIT_IN_ORDER);
    }
}

static int print_config(void)
{
    explain_earlier(NULL);
    struct text out = page();
    settings_print(&settings, &out);
    return print(&out);
}

static int print_memory_map(void)
{
    struct text out = page();
    memory_map_init(&map, NULL, 0);
    agent_memory(&map);
    (void)plat_linux_reserve(&map, &plat_linux_agent_limits);
    memory_map_print(&map, &out);
    return print(&out);
}

static enum plat_log_format log_format(void)
{
    return text_equal(config.log_format, "json") ? PLAT_LOG_JSON : PLAT_LOG_LOGFMT;
}

static struct plat *start(const char *state_dir)
{
    memory_map_init(&map, platform_block, sizeof platform_block);
    struct plat *p = plat_linux_reserve(&map, &plat_linux_agent_limits);
    const struct plat_linux_options options = {
        .state_dir = state_dir,
        .root = config.root,
        .log_level = config_log_level(&config),
        .log_format = log_format(),
        .takes_signals = state_dir != NULL,
    };
    return plat_linux_start(p, &options) < 0 ? NULL : p;
}

/* A sample of rates needs one before it. Without a state directory: this changes nothing on the machine. */
static struct plat *begin_sampling(void)
{
    struct plat *p = start(NULL);
    if (p == NULL)
        return NULL;
    identity_init(&agent.identity, p, config.id, config.name);
    series_init(&agent.series);
    collect_init(&agent.collect, p, &agent.series, agent.scratch);
    config.statsd_address[0] = '\0'; /* the port belongs to the agent that runs */
    inputs_init(&agent.inputs, p, &agent.series, agent.scratch, &config);
    collect_take(&agent.collect, &agent.sample, plat_mono(p));
    return p;
}

static void take_sample(struct plat *p)
{
    collect_take(&agent.collect, &agent.sample, plat_mono(p));
    inputs_take(&agent.inputs, &agent.sample, plat_mono(p));
}

/* Until that moment and, if told so, until the health check is done. False when the agent has been asked to
 * end. */
static bool sleep_until(struct plat *p, struct mono end, bool wait_for_health)
{
    while (!mono_reached(plat_mono(p), end) ||
           (wait_for_health && health_is_waiting(&agent.inputs.health))) {
        struct mono next = inputs_step(&agent.inputs, plat_mono(p));
        if (plat_wait(p, mono_reached(plat_mono(p), end) ? next : mono_earlier(next, end)) == ERR_CLOSED)
            return false;
        for (int conn; (conn = plat_next_ready(p)) >= 0;)
            inputs_ready(&agent.inputs, conn);
    }
    return true;
}

/* The ring is empty in these verbs, and its room that of the longest text they print. */
static struct text long_page(void)
{
    struct text out;
    text_init(&out, (char *)agent.ring_bytes, sizeof agent.ring_bytes);
    return out;
}

static int once(enum verb verb)
{
    struct plat *p = begin_sampling();
    if (p == NULL)
        return EXIT_FAILED;
    if (!sleep_until(p, mono_after_ms(plat_mono(p), ONCE_MS), true))
        return EXIT_IN_ORDER;
    take_sample(p);
    struct text out = long_page();
    if (verb == VERB_ONCE)
        once_print_table(&agent.sample, &agent.series,
                         plat_linux_is_terminal(1) && environment("NO_COLOR") == NULL, &out);
    else if (verb == VERB_ONCE_PROM)
        once_print_prom(&agent.sample, &agent.series, &out);
    else
        once_print_json(&agent.sample, &agent.series, &agent.identity, &out);
    return print(&out);
}

/* What run() would do, without an uplink. SIGINT ends it early. */
static int dry_run(void)
{
    struct plat *p = begin_sampling();
    if (p == NULL)
        return EXIT_FAILED;
    struct dry_run run;
    dry_run_init(&run);
    block_builder_init(&agent.builder);
    ring_init(&agent.ring, agent.ring_bytes, sizeof agent.ring_bytes);
    int64_t batch_ms = config.interval_ms > SHIP_INTERVAL_MS_DEFAULT ? config.interval_ms
                                                                      : SHIP_INTERVAL_MS_DEFAULT;
    uint32_t batch_samples = (uint32_t)(batch_ms / config.interval_ms);
    struct mono at = mono_after_ms(plat_mono(p), config.interval_ms);
    for (uint32_t i = 1; i <= DRY_RUN_SAMPLES && sleep_until(p, at, false); i++) {
        take_sample(p);
        block_builder_add(&agent.builder, &agent.sample, &agent.ring, agent.scratch);
        at = mono_after_ms(at, config.interval_ms);
        if (i % batch_samples != 0 && i < DRY_RUN_SAMPLES)
            continue;
        block_builder_seal(&agent.builder, &agent.ring, agent.scratch);
        dry_run_batch(&run, &agent.ring, 1, &agent.builder.block, agent.uplink.tx);
    }
    struct text out = long_page();
    dry_run_print(&run, &agent.series, config.interval_ms, config.spool_size, &out);
    return print(&out);
}

/* --- the run --- */

/* Says a state to the service manager, and in a few words how it goes. */
static void tell_manager(struct plat *p, const char *state)
{
    char words[CONFIG_SERVER_SIZE + 128];
    struct text line;
    text_init(&line, words, sizeof words);
    text_printf(&line, "%s\nSTATUS=", state);
    status_line(&agent, &line);
    (void)plat_linux_notify(p, words);
}

/* SIGUSR1, to standard error: a person wants to see it, whatever the log's level. */
static void say_status(struct plat *p)
{
    struct memory_map parts; /* `map` is the platform's, and in use */
    uint64_t now, most, guest_now, guest_most;
    struct text out = page();
    status_report(&agent, &out);
    plat_linux_tls_use(p, &most, &now);
    plat_linux_tls_guest_use(p, &guest_most, &guest_now);
    text_printf(&out, "%-34s %12llu now %llu\n", "most bytes ever in the TLS arena",
                (unsigned long long)most, (unsigned long long)now);
    text_printf(&out, "%-34s %12llu now %llu\n", "most bytes ever of a stranger's TLS",
                (unsigned long long)guest_most, (unsigned long long)guest_now);
    memory_map_init(&parts, NULL, 0);
    agent_memory(&parts);
    (void)plat_linux_reserve(&parts, &plat_linux_agent_limits);
    memory_map_print(&parts, &out);
    (void)plat_linux_print(2, out.at, out.length);
}

/* SIGHUP: the settings are read again; what was sampled stays. */
static void reload(struct plat *p)
{
    char why_space[400], changed_space[200], waiting_space[400];
    struct text why, changed, waiting;
    text_init(&why, why_space, sizeof why_space);
    text_init(&changed, changed_space, sizeof changed_space);
    text_init(&waiting, waiting_space, sizeof waiting_space);
    if (startup_read_again(&startup, &changed, &waiting, &why) < 0) {
        plat_log(p, LOG_ERROR, "the settings were not taken, the old ones stay in force: %s", why.at);
        return;
    }
    plat_linux_log(p, config_log_level(&config), log_format());
    agent_apply(&agent, &config, plat_mono(p));
    plat_log(p, LOG_INFO, "the settings were read again; changed: %s",
             changed.length > 0 ? changed.at : "nothing");
    if (waiting.length > 0)
        plat_log(p, LOG_WARN, "these take effect after a restart only: %s", waiting.at);
}

static void take_signals(struct plat *p)
{
    uint32_t signals = plat_signals(p);
    if ((signals & PLAT_SIGNAL_RELOAD) != 0) {
        tell_manager(p, "RELOADING=1");
        reload(p);
        tell_manager(p, "READY=1");
    }
    if ((signals & PLAT_SIGNAL_STATUS) != 0)
        say_status(p);
    if ((signals & PLAT_SIGNAL_FLUSH) != 0)
        agent_flush(&agent, plat_mono(p));
}

static void loop(struct plat *p)
{
    for (;;) {
        struct mono now = plat_mono(p), watchdog;
        struct mono next = agent_step(&agent, now);
        if (agent_is_done(&agent, now))
            return;
        if (plat_linux_watchdog(p, now, &watchdog))
            tell_manager(p, "WATCHDOG=1");
        if (plat_wait(p, mono_earlier(next, watchdog)) == ERR_CLOSED) {
            tell_manager(p, "STOPPING=1");
            agent_end(&agent, plat_mono(p));
        }
        take_signals(p);
    }
}

/* The folder of a file that the user named: files in it are replaced, so the folder is what may be read. */
static void folder_of(const char *file, char folder[static CONFIG_PATH_SIZE])
{
    text_copy(folder, CONFIG_PATH_SIZE, file);
    char *slash = strrchr(folder, '/');
    if (slash == NULL && folder[0] != '\0')
        text_copy(folder, CONFIG_PATH_SIZE, ".");
    else if (slash != NULL && slash != folder)
        *slash = '\0';
}

/* Everything is open now; what is opened later is named here. */
static void confine(struct plat *p)
{
    char settings_folder[CONFIG_PATH_SIZE], token_folder[CONFIG_PATH_SIZE];
    if (!config.confine)
        return;
    folder_of(config.config_file, settings_folder);
    folder_of(config.token_file, token_folder);
    char textfile_space[CONFIG_ROOT_SIZE + CONFIG_PATH_SIZE];
    struct text textfile_folder;
    text_init(&textfile_folder, textfile_space, sizeof textfile_space);
    text_put(&textfile_folder, config.textfile_dir[0] != '\0' ? config.root : "");
    text_put(&textfile_folder, config.textfile_dir);
    const char *const paths[] = {settings_folder, token_folder, textfile_folder.at};
    (void)plat_linux_confine(p, paths, COUNT_OF(paths)); /* it says what it could not do */
}

static int run(void)
{
    struct plat *p = start(config.state);
    if (p == NULL)
        return EXIT_CANNOT_CREATE;
    explain_earlier(p);
    int ready = agent_init(&agent, p, &config);
    if (ready < 0)
        return ready == ERR_MISSING ? EXIT_BAD_CONFIG
               : ready == ERR_BUSY  ? EXIT_CANNOT_CREATE
                                    : EXIT_BAD_DATA;
    confine(p);
    tell_manager(p, "READY=1");
    loop(p);
    agent_close(&agent);
    plat_linux_stop(p);
    return agent_has_failed(&agent) ? EXIT_NOT_ALLOWED : EXIT_IN_ORDER;
}

int main(int argc, char *argv[])
{
    enum verb verb;
    int code = read_settings(argc, argv, &verb);
    if (code != EXIT_IN_ORDER)
        return code;
    switch (verb) {
    case VERB_HELP: return print_help();
    case VERB_VERSION: return print_version();
    case VERB_CHECK_CONFIG:
    case VERB_PRINT_CONFIG: return print_config();
    case VERB_PRINT_MEMORY_MAP: return print_memory_map();
    case VERB_ONCE:
    case VERB_ONCE_JSON:
    case VERB_ONCE_PROM: return once(verb);
    case VERB_DRY_RUN: return dry_run();
    case VERB_RUN: return run();
    }
    return EXIT_USAGE;
}
