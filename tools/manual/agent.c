/* SPDX-License-Identifier: MIT */
/* What the tables of the agent do not tell. */
#include "agent/command.h"
#include "agent/config.h"
#include "tools/manual/manual.h"

static struct config config;

void manual_program(struct manual *m, struct settings *s)
{
    config_init(s, &config);
    *m = (struct manual){
        .program = "nephos-agent",
        .purpose = "measure this machine every second",
        .config_file = "/etc/nephos/agent.conf",
        .synopsis = ".Nm\n.Op Ar option ...\n",
        .description =
            ".Nm\nsamples CPU, memory, disks, network and more from\n.Pa /proc ,\nkeeps every sample until\n"
            ".Xr nephos-aggregator 8\nhas it on disk, and sends over TLS 1.3.\n"
            "Its memory is fixed; it runs no other program, and no message can ask it to.\n"
            "At its first start it joins with a token that\n.Ql nephos-aggregator token create\n"
            "prints; from then "
            "on it has a certificate of its own.\n",
        .files =
            ".Bl -tag -width Ds\n.It Pa /etc/nephos/agent.conf , Pa /etc/nephos/agent.conf.d/*.conf\n"
            "Settings, see\n.Xr nephos-agent.conf 5 .\n"
            ".It Pa /etc/credstore/nephos-agent.token\nThe join token, for the unit's first start.\n"
            ".It Pa $CREDENTIALS_DIRECTORY/token\nA join token handed over by\n.Xr systemd.exec 5 .\n"
            ".It Pa /var/lib/nephos-agent\nKey, certificate and what is not sent yet.\n.El\n",
        .signals =
            ".Bl -tag -width Ds\n.It Dv SIGTERM , Dv SIGINT\n"
            "Send what was sampled, for two seconds at most, and "
            "end.\n.It Dv SIGHUP\nRead the settings again.\n"
            "Samples are kept; a mistake leaves the old settings in "
            "force;\nthe log tells which changes need a restart.\n"
            ".It Dv SIGUSR1\nWrite the state of everything to the log.\n"
            ".It Dv SIGUSR2\nSend what there is now.\n.El\n",
        .exit_codes =
            ".Bl -tag -width Ds -compact\n.It 0\nEnded in order.\n.It 1\nFailed.\n.It 64\nWrong usage.\n"
            ".It 65\nThe state directory is damaged.\n.It 70\n"
            "A bug; please report the last lines of the log.\n"
            ".It 73\nThe state directory cannot be written.\n.It 77\nNot permitted, or refused to join.\n"
            ".It 78\nA setting is wrong.\n.El\n",
        .examples =
            "Join, and run from then on:\n.Dl nephos-agent --server central.example --token-file token\n"
            "One sample on the terminal, and for Prometheus:\n.Dl nephos-agent --once\n"
            ".Dl nephos-agent --once=prom\n",
        .see_also = ".Xr nephos-agent.conf 5 ,\n.Xr nephos-aggregator 8\n",
        .commands = "",
    };
    while (m->word_count < COUNT_OF(m->words) &&
           command_verb(m->word_count, &m->words[m->word_count].word, &m->words[m->word_count].help))
        m->word_count++;
}
