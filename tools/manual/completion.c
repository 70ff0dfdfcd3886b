/* SPDX-License-Identifier: MIT */
/* Completion for bash, zsh and fish. */
#include <stdio.h>
#include <string.h>

#include "tools/manual/manual.h"

/* What may follow a flag: "" anything, "FILE", or words separated by blanks. */
static const char *values_of(const struct setting *o)
{
    static const char *const files[] = {"config", "host.state", "host.root", "textfile.dir", "data.dir"};
    static const char *const words[][2] = {
        {"log.level", "error warn info debug"},
        {"log.format", "logfmt json"},
        {"host.metadata", "auto on off"},
        {"transfer.counts", "sent received both larger"},
    };
    size_t length = strlen(o->key);
    for (size_t i = 0; i < COUNT_OF(words); i++)
        if (strcmp(o->key, words[i][0]) == 0)
            return words[i][1];
    if (length > 5 && strcmp(o->key + length - 5, "_file") == 0)
        return "FILE";
    for (size_t i = 0; i < COUNT_OF(files); i++)
        if (strcmp(o->key, files[i]) == 0)
            return "FILE";
    return "";
}

/* The name of the shell function. */
static void put_function(const struct manual *m)
{
    putchar('_');
    for (const char *at = m->program; *at != '\0'; at++)
        putchar(*at == '-' ? '_' : *at);
}

/* Within single quotes of a shell; `escape` lists what takes a backslash besides. */
static void put_quoted(const char *s, const char *escape)
{
    for (; *s != '\0'; s++)
        if (*s == '\'')
            fputs("'\\''", stdout);
        else {
            if (strchr(escape, *s) != NULL)
                putchar('\\');
            putchar(*s);
        }
}

static void put_all_flags(const struct manual *m, const struct settings *s)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (s->table[i].flag != NULL)
            printf("%s ", s->table[i].flag);
    for (uint32_t i = 0; i < m->word_count; i++)
        if (strchr(m->words[i].word, '=') == NULL)
            printf("%s ", m->words[i].word);
}

/* The values of a word like --once=json: all that stand behind its `=`. */
static void put_forms(const struct manual *m, const char *word)
{
    size_t length = strlen(word);
    for (uint32_t i = 0; i < m->word_count; i++)
        if (strncmp(m->words[i].word, word, length) == 0 && m->words[i].word[length] == '=')
            printf("%s ", m->words[i].word + length + 1);
}

static bool has_forms(const struct manual *m, const char *word)
{
    size_t length = strlen(word);
    for (uint32_t i = 0; i < m->word_count; i++)
        if (strncmp(m->words[i].word, word, length) == 0 && m->words[i].word[length] == '=')
            return true;
    return false;
}

void manual_bash(const struct manual *m, const struct settings *s)
{
    printf("# bash completion for %s; made from its table of settings.\n", m->program);
    put_function(m);
    /* bash takes `=` for a word of its own. */
    puts("() {\n"
         "    local cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} joined=0\n"
         "    if [[ $cur == = ]]; then\n"
         "        cur='' joined=1\n"
         "    elif [[ $prev == = && $COMP_CWORD -ge 2 ]]; then\n"
         "        prev=${COMP_WORDS[COMP_CWORD-2]} joined=1\n"
         "    fi\n"
         "    COMPREPLY=()\n"
         "    case $joined$prev in");
    for (uint32_t i = 0; i < s->count; i++) {
        const struct setting *o = &s->table[i];
        if (o->flag == NULL || o->type == SETTING_SWITCH)
            continue;
        printf("    [01]%s) ", o->flag);
        if (strcmp(values_of(o), "FILE") == 0)
            fputs("mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); ", stdout);
        else if (*values_of(o) != '\0')
            printf("mapfile -t COMPREPLY < <(compgen -W '%s' -- \"$cur\"); ", values_of(o));
        puts("return ;;");
    }
    for (uint32_t i = 0; i < m->word_count; i++)
        if (has_forms(m, m->words[i].word)) {
            printf("    1%s) mapfile -t COMPREPLY < <(compgen -W '", m->words[i].word);
            put_forms(m, m->words[i].word);
            puts("' -- \"$cur\"); return ;;");
        }
    puts("    esac");
    if (*m->commands != '\0')
        printf("    if [[ $cur != -* ]]; then\n"
               "        mapfile -t COMPREPLY < <(compgen -W '%s' -- \"$cur\")\n"
               "        return\n    fi\n", m->commands);
    fputs("    mapfile -t COMPREPLY < <(compgen -W '", stdout);
    put_all_flags(m, s);
    fputs("' -- \"$cur\")\n}\ncomplete -F ", stdout);
    put_function(m);
    printf(" %s\n", m->program);
}

void manual_zsh(const struct manual *m, const struct settings *s)
{
    static const char escape[] = "[]:\\";
    printf("#compdef %s\n# Made from the table of settings of %s.\n_arguments -s \\\n"
           "", m->program, m->program);
    for (uint32_t i = 0; i < s->count; i++) {
        const struct setting *o = &s->table[i];
        if (o->flag == NULL)
            continue;
        printf("    '%s%s[", o->flag, o->type == SETTING_SWITCH ? "" : "=");
        put_quoted(o->help, escape);
        putchar(']');
        if (strcmp(values_of(o), "FILE") == 0)
            fputs(":file:_files", stdout);
        else if (*values_of(o) != '\0')
            printf(":value:(%s)", values_of(o));
        else if (o->type != SETTING_SWITCH)
            fputs(":value: ", stdout);
        puts("' \\");
    }
    for (uint32_t i = 0; i < m->word_count; i++) {
        const struct manual_word *w = &m->words[i];
        if (strchr(w->word, '=') != NULL)
            continue;
        printf("    '%s%s[", w->word, has_forms(m, w->word) ? "=-" : "");
        put_quoted(w->help != NULL ? w->help : m->words[i - 1].help, escape);
        putchar(']');
        if (has_forms(m, w->word)) {
            fputs("::form:(", stdout);
            put_forms(m, w->word);
            putchar(')');
        }
        puts("' \\");
    }
    printf("    '*:command:(%s)'\n", m->commands);
}

void manual_fish(const struct manual *m, const struct settings *s)
{
    printf("# fish completion for %s; made from its table of settings.\ncomplete -c %s -f\n", m->program,
           m->program);
    for (uint32_t i = 0; i < s->count; i++) {
        const struct setting *o = &s->table[i];
        if (o->flag == NULL)
            continue;
        printf("complete -c %s -l %s", m->program, o->flag + 2);
        if (strcmp(values_of(o), "FILE") == 0)
            fputs(" -r -F", stdout);
        else if (*values_of(o) != '\0')
            printf(" -x -a '%s'", values_of(o));
        else if (o->type != SETTING_SWITCH)
            fputs(" -x", stdout);
        fputs(" -d '", stdout);
        put_quoted(o->help, "");
        puts("'");
    }
    for (uint32_t i = 0; i < m->word_count; i++) {
        const struct manual_word *w = &m->words[i];
        const char *help = w->help != NULL ? w->help : m->words[i - 1].help;
        if (w->word[1] != '-')
            printf("complete -c %s -s %s -d '", m->program, w->word + 1);
        else if (strchr(w->word, '=') != NULL)
            printf("complete -c %s -a '%s' -d '", m->program, w->word);
        else
            printf("complete -c %s -l %s -d '", m->program, w->word + 2);
        put_quoted(help, "");
        puts("'");
    }
    if (*m->commands != '\0')
        printf("complete -c %s -n __fish_use_subcommand -a '%s'\n", m->program, m->commands);
}
