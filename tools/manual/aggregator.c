/* SPDX-License-Identifier: MIT */
/* What the tables of the aggregator do not tell. */
#include <ctype.h>
#include <string.h>

#include "aggregator/config.h"
#include "tools/manual/manual.h"

static struct config config;
static char synopsis[4096], commands[1024], verbs[8192];

/* "[FILE]" as "file", and whether it may be left out. */
static bool name_operand(const char *operand, char *name, size_t size)
{
    bool is_optional = operand[0] == '[';
    struct text t;
    text_init(&t, name, (uint32_t)size);
    for (const char *at = operand; *at != '\0'; at++)
        if (*at != '[' && *at != ']')
            text_put_char(&t, (char)tolower((unsigned char)*at));
    return is_optional;
}

/* From the table of verbs: the lines of the synopsis, the words for completion, and what each does. */
static void put_verbs(void)
{
    struct text lines, words, list;
    text_init(&lines, synopsis, sizeof synopsis);
    text_init(&words, commands, sizeof commands);
    text_init(&list, verbs, sizeof verbs);
    const struct verb *v;
    for (uint32_t i = 0; (v = verbs_at(i)) != NULL; i++) {
        const char *blank = v->second != NULL ? " " : "", *second = v->second != NULL ? v->second : "";
        char name[32] = "";
        bool is_optional = v->operand != NULL && name_operand(v->operand, name, sizeof name);
        const char *ar = name[0] == '\0' ? "" : is_optional ? " Op Ar " : " Ar ";
        text_printf(&lines, ".Nm\n.Cm %s%s%s%s%s\n.Op Ar option ...\n", v->word, blank, second, ar, name);
        text_printf(&words, "%s%s%s%s", i > 0 ? " " : "", v->word, blank, second);
        text_printf(&list, ".It Cm %s%s%s%s%s\n", v->word, blank, second, ar, name);
        text_printf(&list, "%c%s.\n", toupper((unsigned char)v->help[0]), v->help + 1);
    }
    ASSERT(!lines.truncated && !words.truncated && !list.truncated);
}

void manual_program(struct manual *m, struct settings *s)
{
    static char description[sizeof verbs + 1024];
    struct text t;
    put_verbs();
    text_init(&t, description, sizeof description);
    text_printf(&t, ".Nm\nreceives the samples of every\n.Xr nephos-agent 8 ,\n"
                "acknowledges them once they are on disk, and "
                "serves dashboard and API.\nIts memory is reserved at the start and printed by\n"
                ".Fl \\&-print-memory-map .\n.Pp\nWithout a command it serves.\n"
                ".Bl -tag -width Ds\n%s.El\n", verbs);
    ASSERT(!t.truncated);
    config_init(s, &config);
    *m = (struct manual){
        .program = "nephos-aggregator",
        .purpose = "keep and show what agents send",
        .config_file = "/etc/nephos/aggregator.conf",
        .synopsis = synopsis,
        .description = description,
        .files =
            ".Bl -tag -width Ds\n.It Pa /etc/nephos/aggregator.conf , Pa "
            "/etc/nephos/aggregator.conf.d/*.conf\n"
            "Settings, see\n.Xr nephos-aggregator.conf 5 .\n"
            ".It Pa /var/lib/nephos\nDatabase, certificate authority, tokens.\n.El\n",
        .signals = ".Bl -tag -width Ds\n.It Dv SIGTERM , Dv SIGINT\nCommit, tell the agents, and end.\n"
                   ".It Dv SIGHUP\nRead the settings, the rules and the files that they name again.\n.El\n",
        .exit_codes =
            ".Bl -tag -width Ds -compact\n.It 0\nEnded in order.\n.It 1\nFailed.\n.It 64\nWrong usage.\n"
            ".It 65\nA database, a backup or an imported file is damaged.\n.It 66\nThere is no such file.\n"
            ".It 70\nA bug; please report the last lines of the log.\n"
            ".It 73\nThe data directory cannot be written.\n.It 77\nNot permitted.\n.It 78\n"
            "A setting is wrong.\n"
            ".El\n",
        .examples = "A token for a hundred hosts, good for a month:\n"
                    ".Dl nephos-aggregator token create --uses 100 --ttl 30d\n"
                    "A backup while it runs, checked; and one hour of a host for a spreadsheet:\n"
                    ".Dl nephos-aggregator backup /srv/backup/nephos.db\n"
                    ".Dl nephos-aggregator export --instance web-1 --from -1h\n",
        .see_also = ".Xr nephos-aggregator.conf 5 ,\n.Xr nephos-agent 8\n",
        .commands = commands,
        .named = {{"notify", "where alerts are told", &destination_section},
                  {"forward", "where metrics go", &target_section},
                  {"check", "what is looked at from outside", &check_section}},
    };
    static const struct manual_word config_words[] = {
        {"--config", "read settings from this file"}, {"-c", NULL}};
    for (uint32_t i = 0; i < COUNT_OF(config_words); i++)
        m->words[m->word_count++] = config_words[i];
    const char *flag, *help;
    for (uint32_t i = 0; m->word_count < COUNT_OF(m->words) && config_action(i, &flag, &help); i++)
        m->words[m->word_count++] = (struct manual_word){flag, help};
}
