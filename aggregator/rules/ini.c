/* SPDX-License-Identifier: MIT */
/* See ini.h. */
#include "aggregator/rules/ini.h"

#include <string.h>

void ini_begin(struct ini *i, const char *text, uint32_t length)
{
    i->at = text;
    i->end = text + length;
    i->line = 0;
    i->section = i->key = i->value = NULL;
}

/* The next line into `space`. */
static int take_line(struct ini *i, struct text *why)
{
    const char *stop = memchr(i->at, '\n', (size_t)(i->end - i->at));
    size_t length = (size_t)((stop == NULL ? i->end : stop) - i->at);
    i->line++;
    if (length >= sizeof i->space || memchr(i->at, '\0', length) != NULL) {
        text_printf(why, "%u: a line has up to %u characters, none of them zero", i->line, INI_LINE_SIZE - 1);
        return ERR_MALFORMED;
    }
    memcpy(i->space, i->at, length);
    i->space[length] = '\0';
    i->at = stop == NULL ? i->end : stop + 1;
    return ERR_OK;
}

int ini_next(struct ini *i, struct text *why)
{
    char *line = i->space;
    i->section = i->key = i->value = NULL;
    do {
        if (i->at >= i->end)
            return 0;
        if (take_line(i, why) < 0)
            return ERR_MALFORMED;
        line = text_trim_line(i->space);
    } while (*line == '\0');
    size_t length = strlen(line);
    if (*line == '[') {
        line[length - 1] = line[length - 1] == ']' ? '\0' : line[length - 1];
        i->section = text_trim_line(line + 1);
        if (strlen(line) == length || *i->section == '\0') {
            text_printf(why, "%u: a section is written [name]", i->line);
            return ERR_MALFORMED;
        }
        return 1;
    }
    char *equals = strchr(line, '=');
    if (equals == NULL || equals == line) {
        text_printf(why, "%u: neither [section] nor key = value; mend or remove the line", i->line);
        return ERR_MALFORMED;
    }
    *equals = '\0';
    i->key = text_trim_line(line);
    i->value = text_trim_line(equals + 1);
    return 1;
}
