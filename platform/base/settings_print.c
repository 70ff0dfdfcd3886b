/* SPDX-License-Identifier: MIT */
/* Settings for people: --help and --print-config; see settings.h. */
#include <string.h>

#include "platform/base/settings.h"

#define SECTION_SIZE 64U
#define ORIGIN_COLUMN 40U

void settings_print_help(const struct settings *s, struct text *out)
{
    for (uint32_t i = 0; i < s->count; i++) {
        const struct setting *o = &s->table[i];
        if (o->flag == NULL)
            continue;
        text_printf(out, "  %-23s %s", o->flag, o->help);
        if (*o->default_text != '\0')
            text_printf(out, " [%s]", o->default_text);
        text_put_char(out, '\n');
    }
}

static void put_origin(const struct settings *s, uint32_t i, struct text *out)
{
    switch ((enum setting_origin)s->origin[i]) {
    case ORIGIN_DEFAULT:
        text_put(out, "default");
        break;
    case ORIGIN_CREDENTIAL:
        text_put(out, "credential in $CREDENTIALS_DIRECTORY");
        break;
    case ORIGIN_FILE:
        text_printf(out, "file %s:%u", s->files + s->detail[i], s->line[i]);
        break;
    case ORIGIN_ENVIRONMENT:
        text_printf(out, "environment %s", s->detail[i] == 0 ? s->table[i].environment
                                                             : s->earlier[s->detail[i] - 1].environment);
        break;
    case ORIGIN_FLAG:
        text_printf(out, "flag %s", s->table[i].flag);
        break;
    }
}

void settings_print(const struct settings *s, struct text *out)
{
    char section[SECTION_SIZE] = "";
    for (uint32_t i = 0; i < s->count; i++) {
        const struct setting *o = &s->table[i];
        const char *dot = strchr(o->key, '.');
        size_t length = dot == NULL ? 0 : (size_t)(dot - o->key);
        if (strlen(section) != length || strncmp(section, o->key, length) != 0) {
            text_copy(section, (uint32_t)length + 1, o->key);
            text_printf(out, "[%s]\n", section);
        }
        uint32_t start = out->length;
        text_printf(out, "%s = ", dot == NULL ? o->key : dot + 1);
        settings_put_value(s, i, out);
        while (out->length - start < ORIGIN_COLUMN && !out->truncated)
            text_put_char(out, ' ');
        text_put(out, " # ");
        put_origin(s, i, out);
        text_put_char(out, '\n');
    }
}
