/* SPDX-License-Identifier: MIT */
/* What the tables of the aggregator do not tell. */
#include "aggregator/config.h"
#include "tools/manual/manual.h"

static struct config config;

void manual_program(struct manual *m, struct settings *s)
{
    config_init(s, &config);
    *m = (struct manual){
        .program = "nephos-aggregator",
        .purpose = "keep and show what agents send",
        .config_file = "/etc/nephos/aggregator.conf",
        .synopsis = ".Nm\n.Op Cm serve\n.Op Ar option ...\n.Nm\n.Cm token create\n.Op Ar option ...\n",
        .description =
            ".Nm\nreceives the samples of every\n.Xr nephos-agent 8 ,\n"
            "acknowledges them once they are on disk, and "
            "serves dashboard and API.\nIts memory is reserved at the start and printed by\n"
            ".Fl \\&-print-memory-map .\n.Pp\n.Cm token create\nprints a token that lets agents join.\n",
        .files =
            ".Bl -tag -width Ds\n.It Pa /etc/nephos/aggregator.conf , Pa "
            "/etc/nephos/aggregator.conf.d/*.conf\n"
            "Settings, see\n.Xr nephos-aggregator.conf 5 .\n"
            ".It Pa /var/lib/nephos\nDatabase, certificate authority, tokens.\n.El\n",
        .signals = ".Bl -tag -width Ds\n.It Dv SIGTERM , Dv SIGINT\nCommit, tell the agents, and end.\n.El\n",
        .exit_codes =
            ".Bl -tag -width Ds -compact\n.It 0\nEnded in order.\n.It 1\nFailed.\n.It 64\nWrong usage.\n"
            ".It 70\nA bug; please report the last lines of the log.\n"
            ".It 73\nThe data directory cannot be written.\n.It 77\nNot permitted.\n.It 78\n"
            "A setting is wrong.\n"
            ".El\n",
        .examples = "A token for a hundred hosts, good for a month:\n"
                    ".Dl nephos-aggregator token create --uses 100 --ttl 30d\n",
        .see_also = ".Xr nephos-aggregator.conf 5 ,\n.Xr nephos-agent 8\n",
        .commands = "serve token create",
    };
    static const struct manual_word config_words[] = {
        {"--config", "read settings from this file"}, {"-c", NULL}};
    for (uint32_t i = 0; i < COUNT_OF(config_words); i++)
        m->words[m->word_count++] = config_words[i];
    const char *flag, *help;
    for (uint32_t i = 0; m->word_count < COUNT_OF(m->words) && config_action(i, &flag, &help); i++)
        m->words[m->word_count++] = (struct manual_word){flag, help};
}
