/* SPDX-License-Identifier: MIT */
/* Manual pages in mdoc(7). */
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "tools/manual/manual.h"

/* What a value looks like. */
static const char *value_name(const struct setting *o)
{
    switch (o->type) {
    case SETTING_COUNT: return "number";
    case SETTING_DURATION_MS: return "duration";
    case SETTING_SIZE: return "size";
    case SETTING_SWITCH: return "yes|no";
    default: return "text";
    }
}

/* Text of a line: a point or an apostrophe at its start would be a request. */
static void put_text(const char *s)
{
    if (*s == '.' || *s == '\'')
        fputs("\\&", stdout);
    for (; *s != '\0'; s++)
        if (*s == '\\')
            fputs("\\e", stdout);
        else
            putchar(*s);
}

/* Cuts the next word off, or NULL. */
static char *next_word(char **rest)
{
    char *word = *rest + strspn(*rest, " ");
    if (*word == '\0')
        return NULL;
    *rest = word + strcspn(word, " ");
    if (**rest != '\0')
        *(*rest)++ = '\0';
    return word;
}

/* A sentence on lines of its own. */
static void put_sentence(const char *s)
{
    char sentence[400];
    snprintf(sentence, sizeof sentence, "%s%s", s, s[strlen(s) - 1] == '.' ? "" : ".");
    sentence[0] = (char)toupper((unsigned char)sentence[0]);
    char *rest = sentence;
    size_t column = 0;
    for (char *word = next_word(&rest); word != NULL; word = next_word(&rest)) {
        if (column > 0 && column + 1 + strlen(word) > 78) {
            putchar('\n');
            column = 0;
        }
        if (column > 0)
            putchar(' ');
        column += 1 + strlen(word);
        put_text(word);
    }
    putchar('\n');
}

static void put_head(const char *name, int section, const char *purpose, const char *date)
{
    printf(".\\\" SPDX-License-Identifier: MIT\n.\\\" Made from the table of settings; edit that.\n"
           ".Dd %s\n.Dt ",
           date);
    for (const char *at = name; *at != '\0'; at++)
        putchar(toupper((unsigned char)*at));
    printf(" %d\n.Os\n.Sh NAME\n.Nm %s\n.Nd %s\n", section, name, purpose);
}

static void put_default(const struct setting *o)
{
    if (*o->default_text != '\0')
        printf("The default is\n.Ql %s .\n", o->default_text);
}

static void put_flags(const struct settings *s)
{
    puts(".Bl -tag -width Ds");
    for (uint32_t i = 0; i < s->count; i++) {
        const struct setting *o = &s->table[i];
        if (o->flag == NULL)
            continue;
        printf(".It Fl \\&-%s", o->flag + 2);
        if (o->type != SETTING_SWITCH)
            printf(" Ar %s", value_name(o));
        putchar('\n');
        put_sentence(o->help);
        put_default(o);
        if (o->environment != NULL)
            printf("Also\n.Ev %s .\n", o->environment);
    }
    puts(".El");
}

static void put_words(const struct manual *m)
{
    puts(".Pp\nInstead of running:\n.Bl -tag -width Ds");
    for (uint32_t i = 0; i < m->word_count; i++) {
        const struct manual_word *w = &m->words[i];
        if (w->help == NULL)
            continue;
        printf(".It Fl \\&%s", w->word + 1);
        if (i + 1 < m->word_count && m->words[i + 1].help == NULL)
            printf(" , Fl %s", m->words[i + 1].word + 1);
        putchar('\n');
        put_sentence(w->help);
    }
    puts(".El");
}

static void put_earlier(const struct settings *s)
{
    if (s->earlier_count == 0)
        return;
    puts(".Pp\nNames of earlier agents are honoured where the one of today is not set,\n"
         "each with a warning:\n"
         ".Bl -column \"NEPHOS_CHECK_INTERVAL\" \"NEPHOS_INSTANCE_NAME\" \"in milliseconds, bounded\"");
    for (uint32_t i = 0; i < s->earlier_count; i++) {
        const struct setting_earlier *e = &s->earlier[i];
        const struct setting *o = &s->table[settings_find(s, e->key)];
        printf(".It Ev %s Ta Ev %s Ta %s\n", e->environment, o->environment,
               e->form == FORM_MILLISECONDS ? "in milliseconds, bounded"
               : e->form == FORM_URL        ? "a URL: host and port count"
               : e->form == FORM_DEBUG      ? "true: debug"
                                            : "the same");
    }
    puts(".El");
}

void manual_page(const struct manual *m, const struct settings *s, const char *date)
{
    put_head(m->program, 8, m->purpose, date);
    printf(".Sh SYNOPSIS\n%s.Sh DESCRIPTION\n%s.Pp\n"
           "A flag wins over the environment, that over the pieces in\n"
           ".Pa %s.d/*.conf ,\nthose over\n.Pa %s ,\nand that over the default.\nThe options:\n",
           m->synopsis, m->description, m->config_file, m->config_file);
    put_flags(s);
    put_words(m);
    printf(".Sh SIGNALS\n%s.Sh ENVIRONMENT\nEach option names its variable above.\n", m->signals);
    put_earlier(s);
    printf(".Sh FILES\n%s.Sh EXIT STATUS\n%s.Sh EXAMPLES\n%s.Sh SEE ALSO\n%s", m->files, m->exit_codes,
           m->examples, m->see_also);
}

static void put_value(const struct section_key *k)
{
    if (k->kind == SECTION_WORD)
        for (uint32_t i = 0; i < k->size; i++)
            printf("%s%s", i > 0 ? " | " : " ", k->words[i]);
    else
        printf(" Ar %s", k->kind == SECTION_TIME_MS ? "duration" : k->kind == SECTION_NO ? "yes|no" : "text");
}

/* What their keys mean takes examples: those are in the guide. */
static void put_named(const struct manual *m)
{
    if (m->named[0].name == NULL)
        return;
    puts(".Ss Sections with a name\nThere may be several of each; the guide\n.Pa OPERATING.md ,\n"
         "which comes with the program, explains them by examples.\n"
         "Secrets stand in files of their own, whose keys end in\n.Ql _file .");
    for (uint32_t i = 0; i < COUNT_OF(m->named) && m->named[i].name != NULL; i++) {
        const struct section *s = m->named[i].section;
        printf(".Pp\n.Ql [%s.NAME] :\n%s.\n.Bl -tag -width Ds -compact\n", m->named[i].name,
               m->named[i].what);
        for (uint32_t k = 0; k < s->count; k++) {
            printf(".It Ic %s No =", s->keys[k].name);
            put_value(&s->keys[k]);
            putchar('\n');
        }
        puts(".El");
    }
}

void manual_config_page(const struct manual *m, const struct settings *s, const char *date)
{
    char name[64], section[64] = "";
    snprintf(name, sizeof name, "%s.conf", m->program);
    put_head(name, 5, "settings of the program", date);
    printf(".Sh DESCRIPTION\n.Pa %s\nand every file\n.Pa %s.d/*.conf ,\n"
           "read in the order of their names in the C "
           "locale, hold the settings of\n.Xr %s 8 .\n"
           "Later ones win, and the environment and flags win over all of them.\n"
           "A line is\n.Ql [section] ,\n.Ql key = value\nor a comment that begins with\n.Ql # .\n"
           "Durations and sizes carry a unit:\n.Ql 500ms ,\n.Ql 10s ,\n.Ql 5m ,\n.Ql 1h ,\n.Ql 7d ;\n"
           ".Ql 64KiB ,\n.Ql 16MiB ,\n.Ql 2GiB .\n"
           "An unknown key is an error, and the program does not start.\n"
           ".Pp\n.Ql %s --check-config\nshows every value that is in force, with file and line.\n",
           m->config_file, m->config_file, m->program, m->program);
    for (uint32_t i = 0; i < s->count; i++) {
        const struct setting *o = &s->table[i];
        const char *dot = strchr(o->key, '.');
        if (dot == NULL)
            continue;
        if (strncmp(section, o->key, (size_t)(dot - o->key)) != 0 || section[dot - o->key] != '\0') {
            if (section[0] != '\0')
                puts(".El");
            snprintf(section, sizeof section, "%.*s", (int)(dot - o->key), o->key);
            printf(".Ss Section %s\n.Bl -tag -width Ds\n", section);
        }
        printf(".It Ic %s No = Ar %s\n", dot + 1, value_name(o));
        put_sentence(o->help);
        put_default(o);
    }
    puts(".El");
    put_named(m);
    printf(".Sh SEE ALSO\n.Xr %s 8\n", m->program);
}
