/* SPDX-License-Identifier: MIT */
/* One table of options, five uses; see settings.h. */
#include "platform/base/settings.h"

#include "platform/base/settings_internal.h"

#include <string.h>

#define LINE_MAX 512U
#define KEY_MAX 64U
#define SUGGEST_DISTANCE_MAX 3U

struct unit {
    const char *name;
    uint64_t factor;
};

/* The largest first: printing takes the first that divides. */
static const struct unit duration_units[] = {
    {"d", 86400000}, {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1},
};
static const struct unit size_units[] = {
    {"TiB", UINT64_C(1) << 40}, {"GiB", UINT64_C(1) << 30}, {"MiB", UINT64_C(1) << 20},
    {"KiB", UINT64_C(1) << 10}, {"B", 1},
};

/* --- values --- */

/* A number with a unit that must be there, as in 10s or 64MiB. */
static bool parse_with_unit(const char *value, const struct unit *units, size_t unit_count,
                            uint64_t *out)
{
    const char *at = value;
    uint64_t number;
    if (*at < '0' || *at > '9' || !text_take_u64(&at, value + strlen(value), &number))
        return false;
    for (size_t i = 0; i < unit_count; i++)
        if (text_equal(at, units[i].name))
            return !__builtin_mul_overflow(number, units[i].factor, out);
    return false;
}

bool settings_take_duration(const char *value, uint64_t *ms)
{
    return parse_with_unit(value, duration_units, COUNT_OF(duration_units), ms);
}

static void put_with_unit(struct text *out, uint64_t number, const struct unit *units,
                          size_t unit_count)
{
    for (size_t i = 0; i < unit_count; i++) {
        if (i + 1 < unit_count && (number == 0 || number % units[i].factor != 0))
            continue;
        text_put_u64(out, number / units[i].factor);
        text_put(out, units[i].name);
        return;
    }
}

static void put_number(struct text *out, const struct setting *o, uint64_t number)
{
    if (o->type == SETTING_DURATION_MS)
        put_with_unit(out, number, duration_units, COUNT_OF(duration_units));
    else if (o->type == SETTING_SIZE)
        put_with_unit(out, number, size_units, COUNT_OF(size_units));
    else
        text_put_u64(out, number);
}

static const char *expected(const struct setting *o)
{
    switch (o->type) {
    case SETTING_COUNT:
        return "a whole number";
    case SETTING_DURATION_MS:
        return "a duration with its unit, as 500ms, 10s, 5m, 1h or 7d";
    case SETTING_SIZE:
        return "a size with its unit, as 64KiB, 16MiB or 2GiB";
    case SETTING_SWITCH:
        return "yes or no";
    default:
        return "a shorter text";
    }
}

static bool parse_number(const struct setting *o, const char *value, uint64_t *out)
{
    switch (o->type) {
    case SETTING_COUNT:
        return text_to_u64(value, out);
    case SETTING_DURATION_MS:
        return settings_take_duration(value, out);
    case SETTING_SIZE:
        return parse_with_unit(value, size_units, COUNT_OF(size_units), out);
    default:
        *out = text_equal(value, "yes") || text_equal(value, "true") || text_equal(value, "1");
        return *out != 0 || text_equal(value, "no") || text_equal(value, "false") ||
               text_equal(value, "0");
    }
}

static void store_number(const struct setting *o, void *field, uint64_t number)
{
    if (o->type == SETTING_COUNT)
        *(uint32_t *)field = (uint32_t)number;
    else if (o->type == SETTING_DURATION_MS)
        *(int64_t *)field = (int64_t)number;
    else if (o->type == SETTING_SIZE)
        *(uint64_t *)field = number;
    else
        *(bool *)field = number != 0;
}

static uint64_t load_number(const struct setting *o, const void *field)
{
    if (o->type == SETTING_COUNT)
        return *(const uint32_t *)field;
    if (o->type == SETTING_DURATION_MS)
        return (uint64_t) * (const int64_t *)field;
    if (o->type == SETTING_SIZE)
        return *(const uint64_t *)field;
    return *(const bool *)field;
}

static bool is_text(const struct setting *o)
{
    return o->type == SETTING_TEXT || o->type == SETTING_SECRET;
}

int settings_set(struct settings *s, uint32_t index, const char *value, enum setting_origin origin,
                 const char *where, struct text *why)
{
    ASSERT(index < s->count);
    const struct setting *o = &s->table[index];
    void *field = (char *)s->config + o->offset;
    if (is_text(o)) {
        if (strlen(value) >= o->limit) {
            text_printf(why, "%s: the value is too long; give at most %u characters", where,
                        o->limit - 1);
            return ERR_MALFORMED;
        }
        text_copy(field, o->limit, value);
    } else {
        uint64_t number = 0;
        if (!parse_number(o, value, &number)) {
            text_printf(why, "%s: \"%s\" is not what it takes; give %s", where, value, expected(o));
            return ERR_MALFORMED;
        }
        if (o->type != SETTING_SWITCH && (number < o->min || number > o->max)) {
            text_printf(why, "%s: \"%s\" is out of range; give ", where, value);
            put_number(why, o, o->min);
            text_put(why, " to ");
            put_number(why, o, o->max);
            return ERR_MALFORMED;
        }
        store_number(o, field, number);
    }
    s->origin[index] = (uint8_t)origin;
    s->detail[index] = 0;
    return ERR_OK;
}

void settings_keep(struct settings *s, const struct settings *from, uint32_t index)
{
    ASSERT(index < s->count && s->table == from->table);
    const struct setting *o = &s->table[index];
    void *to = (char *)s->config + o->offset;
    const void *value = (const char *)from->config + o->offset;
    if (is_text(o))
        text_copy(to, o->limit, value);
    else
        store_number(o, to, load_number(o, value));
    s->origin[index] = from->origin[index];
    s->detail[index] = from->detail[index];
    s->line[index] = from->line[index];
}

void settings_init(struct settings *s, const struct setting *table, uint32_t count, void *config)
{
    ASSERT(count <= SETTINGS_MAX);
    *s = (struct settings){.table = table, .count = count, .config = config};
    char words[200];
    struct text why;
    text_init(&why, words, sizeof words);
    for (uint32_t i = 0; i < count; i++) {
        int result = settings_set(s, i, table[i].default_text, ORIGIN_DEFAULT, table[i].key, &why);
        ASSERT(result == ERR_OK);
    }
}

void settings_put_value(const struct settings *s, uint32_t index, struct text *out)
{
    const struct setting *o = &s->table[index];
    const void *field = (const char *)s->config + o->offset;
    if (o->type == SETTING_SECRET)
        text_put(out, *(const char *)field == '\0' ? "" : "***");
    else if (o->type == SETTING_TEXT)
        text_put(out, field);
    else if (o->type == SETTING_SWITCH)
        text_put(out, load_number(o, field) != 0 ? "yes" : "no");
    else
        put_number(out, o, load_number(o, field));
}

/* --- the nearest known word --- */

struct suggestion {
    const char *best;
    uint32_t distance;
};

static void consider(struct suggestion *s, const char *word, const char *candidate)
{
    if (candidate == NULL)
        return;
    uint32_t distance = text_distance(word, candidate);
    if (distance < s->distance)
        *s = (struct suggestion){candidate, distance};
}

static void put_suggestion(struct text *why, const struct suggestion *s)
{
    if (s->best != NULL)
        text_printf(why, " (did you mean %s?)", s->best);
}

void settings_explain_unknown(const struct settings *s, const char *flag, struct text *why)
{
    char word[KEY_MAX];
    text_copy(word, sizeof word, flag);
    char *value = strchr(word, '=');
    if (value != NULL)
        *value = '\0';
    struct suggestion near = {NULL, SUGGEST_DISTANCE_MAX + 1};
    for (uint32_t i = 0; i < s->count; i++)
        consider(&near, word, s->table[i].flag);
    text_printf(why, "unknown flag %s", word);
    put_suggestion(why, &near);
    text_put(why, "; --help lists them all");
}

/* --- configuration file --- */

int settings_find(const struct settings *s, const char *key)
{
    for (uint32_t i = 0; i < s->count; i++)
        if (text_equal(s->table[i].key, key))
            return (int)i;
    return ERR_MISSING;
}

/* Where a value was found. */
struct place {
    const char *where; /* "t.conf:12" */
    uint16_t file, line;
};

static int parse_assignment(struct settings *s, char *line, const char *section, const struct place *at,
                            struct text *why)
{
    const char *where = at->where;
    char *equals = strchr(line, '=');
    if (equals == NULL) {
        text_printf(why, "%s: neither [section] nor key = value; mend or remove the line", where);
        return ERR_MALFORMED;
    }
    *equals = '\0';
    for (uint32_t i = 0; i < s->family_count; i++) {
        const struct settings_family *family = &s->families[i];
        if (text_starts(section, family->prefix))
            return family->set(s->config, section + strlen(family->prefix), text_trim_line(line),
                               text_trim_line(equals + 1), where, why);
    }
    char key_space[KEY_MAX * 2];
    struct text key;
    text_init(&key, key_space, sizeof key_space);
    text_printf(&key, "%s%s%s", section, *section == '\0' ? "" : ".", text_trim_line(line));
    int index = settings_find(s, key.at);
    if (index < 0) {
        struct suggestion near = {NULL, SUGGEST_DISTANCE_MAX + 1};
        for (uint32_t i = 0; i < s->count; i++)
            consider(&near, key.at, s->table[i].key);
        text_printf(why, "%s: unknown key %s", where, key.at);
        put_suggestion(why, &near);
        return ERR_MALFORMED;
    }
    int result = settings_set(s, (uint32_t)index, text_trim_line(equals + 1), ORIGIN_FILE, where, why);
    if (result < 0)
        return result;
    s->detail[index] = at->file;
    s->line[index] = at->line;
    return ERR_OK;
}

static int parse_line(struct settings *s, char *line, char section[static KEY_MAX], const struct place *at,
                      struct text *why)
{
    line = text_trim_line(line);
    if (*line == '\0')
        return ERR_OK;
    if (*line != '[')
        return parse_assignment(s, line, section, at, why);
    size_t length = strlen(line);
    if (line[length - 1] != ']' || length - 1 > KEY_MAX) {
        text_printf(why, "%s: a section is written [name]", at->where);
        return ERR_MALFORMED;
    }
    line[length - 1] = '\0';
    text_copy(section, KEY_MAX, text_trim_line(line + 1));
    return ERR_OK;
}

/* Keeps the name for settings_print(): where it begins in `files`. */
static int keep_name(struct settings *s, const char *name, struct text *why)
{
    uint32_t size = (uint32_t)strlen(name) + 1;
    if (size > sizeof s->files - s->files_length) {
        text_printf(why, "%s: the names of all configuration files take more than %u characters; join some",
                    name, SETTINGS_FILE_NAMES_SIZE);
        return ERR_MALFORMED;
    }
    uint32_t at = s->files_length;
    memcpy(s->files + at, name, size);
    s->files_length += size;
    return (int)at;
}

int settings_parse_file(struct settings *s, const char *name, const char *text, uint32_t length,
                        struct text *why)
{
    char section[KEY_MAX] = "";
    uint16_t line_number = 0;
    int file = keep_name(s, name, why);
    if (file < 0)
        return file;
    for (uint32_t at = 0; at < length;) {
        uint32_t end = at;
        while (end < length && text[end] != '\n')
            end++;
        line_number++;
        char where_space[300];
        struct text where;
        text_init(&where, where_space, sizeof where_space);
        text_printf(&where, "%s:%u", name, line_number);
        const struct place place = {where.at, (uint16_t)file, line_number};
        char line[LINE_MAX];
        if (end - at >= sizeof line || memchr(text + at, '\0', end - at) != NULL) {
            text_printf(why, "%s: the line is too long or not text", where.at);
            return ERR_MALFORMED;
        }
        memcpy(line, text + at, end - at);
        line[end - at] = '\0';
        int result = parse_line(s, line, section, &place, why);
        if (result < 0)
            return result;
        at = end + 1;
    }
    return ERR_OK;
}

/* --- environment and flags --- */

int settings_parse_environment(struct settings *s, const char *(*lookup)(const char *name),
                               struct text *why)
{
    for (uint32_t i = 0; i < s->count; i++) {
        const char *name = s->table[i].environment;
        const char *value = name == NULL ? NULL : lookup(name);
        if (value == NULL)
            continue;
        int result = settings_set(s, i, value, ORIGIN_ENVIRONMENT, name, why);
        if (result < 0)
            return result;
    }
    return settings_parse_earlier(s, lookup, why);
}

/* Index of the setting whose flag begins `word`; *value is what follows "=", or NULL. */
static int find_flag(const struct settings *s, const char *word, const char **value)
{
    for (uint32_t i = 0; i < s->count; i++) {
        const char *flag = s->table[i].flag;
        if (flag == NULL || !text_starts(word, flag))
            continue;
        const char *rest = word + strlen(flag);
        if (*rest != '\0' && *rest != '=')
            continue;
        *value = *rest == '=' ? rest + 1 : NULL;
        return (int)i;
    }
    return ERR_MISSING;
}

int settings_parse_flags(struct settings *s, int argc, char *argv[], int *at, struct text *why)
{
    while (*at < argc) {
        const char *value;
        int index = find_flag(s, argv[*at], &value);
        if (index < 0)
            return ERR_OK;
        const struct setting *o = &s->table[index];
        if (value == NULL && o->type == SETTING_SWITCH) {
            value = "yes";
        } else if (value == NULL) {
            if (*at + 1 >= argc) {
                text_printf(why, "%s: a value must follow; give %s", o->flag, expected(o));
                return ERR_MALFORMED;
            }
            value = argv[++*at];
        }
        int result = settings_set(s, (uint32_t)index, value, ORIGIN_FLAG, o->flag, why);
        if (result < 0)
            return result;
        ++*at;
    }
    return ERR_OK;
}
