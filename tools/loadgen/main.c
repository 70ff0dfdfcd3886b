/* SPDX-License-Identifier: MIT */
/* nephos-loadgen: many simulated agents in one process, over real TLS, to load and to check an
 * aggregator. Prints what it sent and what was acknowledged; exits with 0 when that is everything. */
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/base/bytes.h"
#include "platform/base/settings.h"
#include "platform/linux/plat_linux.h"
#include "tools/loadgen/report.h"
#include "tools/loadgen/sender.h"

#define STEP_MS 10
#define EXIT_USAGE 64
#define RUN_FILE "run"

struct choices {
    char server[128], token[TOKEN_TEXT_SIZE], token_file[256], state[256], ledger[256], rate[8];
    uint32_t agents, series, seconds, seed, window, batch, opening, history_s, history_batch;
    uint64_t history_rate;
    int64_t interval_ms, ship_ms, patience_ms;
    bool enroll_only;
};

#define TEXT(field) SETTING_TEXT, offsetof(struct choices, field), sizeof(((struct choices *)0)->field)
#define AT(field) offsetof(struct choices, field), 0
static const struct setting table[] = {
    {"server", "--server", NULL, TEXT(server), 0, 0, "127.0.0.1:7443", "the aggregator, HOST:PORT"},
    {"token", "--token", NULL, TEXT(token), 0, 0, "", "join token with as many uses as agents"},
    {"token_file", "--token-file", NULL, TEXT(token_file), 0, 0, "", "file that holds it"},
    {"agents", "--agents", NULL, SETTING_COUNT, AT(agents), 1, 20000, "10", "simulated agents"},
    {"series", "--series", NULL, SETTING_COUNT, AT(series), 1, SENDER_SERIES_MAX, "40",
     "series of each"},
    {"seconds", "--seconds", NULL, SETTING_COUNT, AT(seconds), 1, 100000000, "60",
     "seconds of samples of each"},
    {"seed", "--seed", NULL, SETTING_COUNT, AT(seed), 0, UINT32_MAX, "1", "which fleet"},
    {"interval", "--interval", NULL, SETTING_DURATION_MS, AT(interval_ms), 100, 3600000, "1s",
     "time between samples"},
    {"ship", "--ship", NULL, SETTING_DURATION_MS, AT(ship_ms), 100, 3600000, "10s",
     "time in one block; at most 16 intervals"},
    {"rate", "--rate", NULL, TEXT(rate), 0, 0, "real",
     "real: samples are sent when their time has come; max: as fast as acknowledged"},
    {"batch", "--batch", NULL, SETTING_COUNT, AT(batch), 1, BATCH_BLOCKS_MAX, "1",
     "blocks in one message, at most"},
    {"window", "--window", NULL, SETTING_COUNT, AT(window), 1, 10000, "16",
     "blocks of one agent that are not acknowledged, at most"},
    {"opening", "--opening", NULL, SETTING_COUNT, AT(opening), 1, 20000, "64",
     "connections of agents that come back, opened at one time, at most"},
    {"history_s", "--history-s", NULL, SETTING_COUNT, AT(history_s), 0, 1000000, "0",
     "seconds of samples before these, that each sends as history beside them"},
    {"history_batch", "--history-batch", NULL, SETTING_COUNT, AT(history_batch), 1, BATCH_BLOCKS_MAX, "4",
     "blocks in one message of history, at most"},
    {"history_rate", "--history-rate", NULL, SETTING_SIZE, AT(history_rate), 1, UINT64_C(1) << 30, "32KiB",
     "bytes of history that each sends in a second, at most; an agent's bound"},
    {"state", "--state", NULL, TEXT(state), 0, 0, "",
     "directory that keeps keys and lets a later run go on; without it all is forgotten"},
    {"ledger", "--ledger", NULL, TEXT(ledger), 0, 0, "",
     "file for what was acknowledged: a line of JSON for each agent"},
    {"patience", "--patience", NULL, SETTING_DURATION_MS, AT(patience_ms), 1000, 86400000, "60s",
     "ends when nothing was acknowledged for so long"},
    {"enroll_only", "--enroll-only", NULL, SETTING_SWITCH, AT(enroll_only), 0, 1, "no",
     "get certificates for all into --state, and end"},
};

static struct {
    struct choices choices;
    struct settings settings;
    struct memory_map map;
    char out[8192];
} program;

static int fail(const char *words)
{
    fprintf(stderr, "nephos-loadgen: %s\n", words);
    return 1;
}

static int read_choices(int argc, char *argv[], struct text *why)
{
    int at = 1;
    settings_init(&program.settings, table, COUNT_OF(table), &program.choices);
    if (settings_parse_flags(&program.settings, argc, argv, &at, why) < 0)
        return ERR_MALFORMED;
    if (at < argc) {
        settings_explain_unknown(&program.settings, argv[at], why);
        return ERR_MALFORMED;
    }
    const struct choices *c = &program.choices;
    if (strcmp(c->rate, "real") != 0 && strcmp(c->rate, "max") != 0) {
        text_printf(why, "--rate: \"%s\" is neither real nor max", c->rate);
        return ERR_MALFORMED;
    }
    if (c->ship_ms < c->interval_ms || c->ship_ms / c->interval_ms > BLOCK_SAMPLES_MAX) {
        text_printf(why, "--ship: a block has 1 to %u samples; give --interval to %u times that",
                    BLOCK_SAMPLES_MAX, BLOCK_SAMPLES_MAX);
        return ERR_MALFORMED;
    }
    if (c->enroll_only && c->state[0] == '\0') {
        text_put(why, "--enroll-only: give --state, where certificates are kept");
        return ERR_MALFORMED;
    }
    return ERR_OK;
}

/* The token may be missing when all are enrolled already. */
static int read_token(struct sender_plan *plan)
{
    const struct choices *c = &program.choices;
    text_copy(plan->token, sizeof plan->token, c->token);
    if (c->token_file[0] != '\0') {
        int n = plat_linux_read_file(c->token_file, plan->token, sizeof plan->token - 1);
        if (n < 0)
            return fail("--token-file: it cannot be read as one token");
        plan->token[n] = '\0';
    }
    struct token token;
    if (plan->token[0] == '\0')
        return 0;
    if (token_read(plan->token, &token) < 0)
        return fail("--token: not a join token; copy all of what `nephos-aggregator token create` "
                    "printed");
    memcpy(plan->ca_hash, token.ca_hash, sizeof plan->ca_hash);
    return 0;
}

static void make_plan(struct sender_plan *plan)
{
    const struct choices *c = &program.choices;
    text_copy(plan->server, sizeof plan->server, c->server);
    plan->seed = c->seed;
    plan->agents = c->agents;
    plan->series = c->series;
    plan->samples = (uint64_t)c->seconds * 1000 / (uint64_t)c->interval_ms;
    plan->interval_ms = (uint32_t)c->interval_ms;
    plan->block_samples = (uint32_t)(c->ship_ms / c->interval_ms);
    plan->batch_blocks = c->batch;
    plan->past_samples = (uint64_t)c->history_s * 1000 / (uint64_t)c->interval_ms;
    plan->past_batch = c->history_batch;
    plan->past_rate = (uint32_t)c->history_rate;
    plan->window_blocks = c->window;
    plan->paced = strcmp(c->rate, "real") == 0;
}

static struct senders *reserve(struct plat **plat)
{
    const struct choices *c = &program.choices;
    uint32_t opening = c->opening > OPENING_FIRST_MAX ? c->opening : OPENING_FIRST_MAX;
    const struct plat_linux_limits limits = {
        .conns_max = c->agents + 8,
        .dials_max = opening,
        .handshakes_max = 1,
        .texts_max = 1,
        .files_max = 1,
        .credentials_max = c->agents,
        .tls_arena_size = PLAT_LINUX_TLS_ARENA(c->agents, opening) + c->agents * UINT64_C(8192),
    };
    *plat = plat_linux_reserve(&program.map, &limits);
    return senders_reserve(&program.map, c->agents, c->series, limits.conns_max);
}

/* When the first sample was taken: of this run, or of the run whose state goes on. */
static int64_t choose_start(struct plat *p)
{
    const struct choices *c = &program.choices;
    uint8_t bytes[8];
    if (plat_state_read(p, RUN_FILE, bytes, sizeof bytes) == (int)sizeof bytes)
        return (int64_t)get_u64(bytes);
    int64_t now_s = plat_wall(p).ns / NS_PER_S;
    int64_t start_ms = (strcmp(c->rate, "max") == 0 ? now_s - c->seconds - 1 : now_s) * 1000;
    put_u64(bytes, (uint64_t)start_ms);
    if (plat_state_write(p, RUN_FILE, bytes, sizeof bytes) < 0)
        plat_log(p, LOG_WARN, "--state: a later run cannot go on, the directory takes no writes");
    return start_ms;
}

/* True when everything went as far as it can. */
static bool run(struct senders *g, struct plat *p, int64_t *elapsed_ms)
{
    struct mono began = plat_mono(p), progress = began;
    uint64_t seen = 0;
    for (;;) {
        struct mono now = plat_mono(p);
        *elapsed_ms = (now.ns - began.ns) / NS_PER_MS;
        if (!g->shipping && senders_enrolled(g)) {
            if (program.choices.enroll_only || g->totals.failed == g->plan.agents)
                return g->totals.failed == 0;
            senders_ship(g, choose_start(p));
            began = now;
        }
        for (int conn; (conn = plat_next_ready(p)) >= 0;)
            senders_ready(g, conn, now);
        if ((plat_signals(p) & PLAT_SIGNAL_FLUSH) != 0)
            senders_enough(g);
        senders_step(g, now);
        if (g->shipping && senders_finished(g))
            return g->totals.failed == 0;
        uint64_t good = g->totals.samples_acked + g->totals.past_samples_acked + g->totals.enrolled;
        if (good != seen)
            progress = now;
        seen = good;
        if (mono_reached(now, mono_after_ms(progress, program.choices.patience_ms))) {
            plat_log(p, LOG_ERROR, "nothing was acknowledged for so long; giving up");
            return false;
        }
        if (plat_wait(p, mono_after_ms(now, STEP_MS)) == ERR_CLOSED)
            return false;
    }
}

static int remove_entry(const char *path, const struct stat *s, int type, struct FTW *at)
{
    (void)s;
    (void)type;
    (void)at;
    return remove(path);
}

static int report(const struct senders *g, bool good, int64_t elapsed_ms)
{
    struct text out;
    text_init(&out, program.out, sizeof program.out);
    if (!program.choices.enroll_only) {
        struct plat_linux_stats tls;
        plat_linux_stats(g->plat, &tls);
        report_summary(g, tls.handshakes_full, tls.handshakes_resumed, elapsed_ms, &out);
        plat_linux_print(1, out.at, out.length);
    }
    if (program.choices.ledger[0] != '\0' && report_ledger(g, program.choices.ledger) < 0)
        return fail("--ledger: the file cannot be written");
    return good ? 0 : 1;
}

static int work(const char *state)
{
    struct plat *p;
    memory_map_init(&program.map, NULL, 0);
    (void)reserve(&p);
    void *block = plat_linux_memory(program.map.used);
    if (block == NULL)
        return fail("the system does not give that much memory; take fewer --agents");
    memory_map_init(&program.map, block, program.map.used);
    struct senders *g = reserve(&p);
    const struct plat_linux_options options = {.state_dir = state, .log_level = LOG_INFO,
                                               .not_durable = true, .takes_signals = true};
    if (plat_linux_start(p, &options) < 0)
        return 1;
    make_plan(&g->plan);
    if (read_token(&g->plan) != 0)
        return 1;
    g->use_credential = plat_linux_use_credential;
    g->opening_max = program.choices.opening;
    senders_open(g, p);
    int code = 1;
    if (g->plan.token[0] == '\0' && !senders_enrolled(g)) {
        fail("give --token or --token-file: not all agents have a certificate yet");
    } else {
        int64_t elapsed_ms = 0;
        bool good = run(g, p, &elapsed_ms);
        senders_close(g);
        code = report(g, good, elapsed_ms);
    }
    plat_linux_stop(p);
    return code;
}

static int print_help(void)
{
    struct text out;
    text_init(&out, program.out, sizeof program.out);
    text_put(&out, "nephos-loadgen: simulated agents that load and check an aggregator. SIGUSR2 ends it\n"
                   "with the samples that are due then.\n\n");
    settings_init(&program.settings, table, COUNT_OF(table), &program.choices);
    settings_print_help(&program.settings, &out);
    plat_linux_print(1, out.at, out.length);
    return 0;
}

static int print_version(void)
{
    struct text out;
    text_init(&out, program.out, sizeof program.out);
    plat_linux_version("nephos-loadgen", WIRE_PROTOCOL, &out);
    return plat_linux_print(1, out.at, out.length) < 0;
}

int main(int argc, char *argv[])
{
    char words[400];
    struct text why;
    text_init(&why, words, sizeof words);
    if (argc == 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
        return print_help();
    if (argc == 2 && strcmp(argv[1], "--version") == 0)
        return print_version();
    if (read_choices(argc, argv, &why) < 0) {
        fail(words);
        return EXIT_USAGE;
    }
    if (program.choices.state[0] != '\0')
        return work(program.choices.state);
    char state[64];
    snprintf(state, sizeof state, "/tmp/nephos-loadgen-%d", (int)getpid());
    if (mkdir(state, 0700) < 0) /* also when somebody else has made it */
        return fail("no directory can be made in /tmp; give --state");
    int code = work(state);
    nftw(state, remove_entry, 8, FTW_DEPTH | FTW_PHYS);
    return code;
}
