/* SPDX-License-Identifier: MIT */
/* Names that earlier programs gave to settings: honoured, and explained; see settings.h. */
#include "platform/base/settings_internal.h"

#include <string.h>

/* A host name, a colon and a port fit. */
#define VALUE_SIZE 300U

void settings_use_earlier(struct settings *s, const struct setting_earlier *earlier, uint32_t count)
{
    ASSERT(count <= SETTINGS_EARLIER_MAX);
    for (uint32_t i = 0; i < count; i++)
        ASSERT(settings_find(s, earlier[i].key) >= 0);
    s->earlier = earlier;
    s->earlier_count = count;
}

static bool ends_with(const char *s, uint32_t length, const char *end)
{
    uint32_t end_length = (uint32_t)strlen(end);
    return length >= end_length && strncmp(s + length - end_length, end, end_length) == 0;
}

/* The authority of a URL without user and password: where it begins, and its length. */
static const char *find_authority(const char *url, uint32_t *length)
{
    const char *scheme = strstr(url, "://");
    const char *at = scheme != NULL ? scheme + 3 : url;
    *length = (uint32_t)strcspn(at, "/?#");
    for (uint32_t i = *length; i > 0; i--)
        if (at[i - 1] == '@') {
            at += i;
            *length -= i;
            break;
        }
    return at;
}

/* API Gateway, Lambda and load balancers answer HTTP; what an agent of today speaks they do not know. */
static bool is_foreign(const char *authority, uint32_t length)
{
    const char *colon = memchr(authority, ':', length);
    uint32_t host_length = colon != NULL ? (uint32_t)(colon - authority) : length;
    return ends_with(authority, host_length, ".amazonaws.com") ||
           ends_with(authority, host_length, ".on.aws");
}

static bool is_true(const char *value)
{
    return text_equal(value, "true") || text_equal(value, "1") || text_equal(value, "yes");
}

static bool is_false(const char *value)
{
    return text_equal(value, "false") || text_equal(value, "0") || text_equal(value, "no");
}

/* Earlier agents took any interval. What is no number goes on as it is, and is refused by its new name. */
static enum setting_fate translate_milliseconds(const struct setting *o, const char *value, struct text *out)
{
    uint64_t ms;
    if (!text_to_u64(value, &ms) || (ms >= o->min && ms <= o->max)) {
        text_printf(out, "%sms", value);
        return EARLIER_TAKEN;
    }
    text_printf(out, "%llums", (unsigned long long)(ms < o->min ? o->min : o->max));
    return EARLIER_BOUNDED;
}

/* The value as it is written today. */
static enum setting_fate translate(enum setting_form form, const struct setting *o, const char *value,
                                   struct text *out)
{
    uint32_t length;
    const char *authority;
    switch (form) {
    case FORM_SAME:
        text_put(out, value);
        break;
    case FORM_URL:
        authority = find_authority(value, &length);
        if (is_foreign(authority, length))
            return EARLIER_FOREIGN;
        text_put_n(out, authority, length);
        break;
    case FORM_MILLISECONDS:
        return translate_milliseconds(o, value, out);
    case FORM_DEBUG:
        if (!is_true(value)) /* others mean other programs by it: DEBUG=express:* */
            return is_false(value) ? EARLIER_IDLE : EARLIER_ABSENT;
        text_put(out, "debug");
        break;
    }
    return EARLIER_TAKEN;
}

static bool is_taken(enum setting_fate fate)
{
    return fate == EARLIER_TAKEN || fate == EARLIER_BOUNDED;
}

static int take(struct settings *s, uint32_t i, const char *value, struct text *why)
{
    const struct setting_earlier *name = &s->earlier[i];
    char words[VALUE_SIZE];
    struct text today;
    text_init(&today, words, sizeof words);
    uint32_t index = (uint32_t)settings_find(s, name->key);
    enum setting_fate fate = translate(name->form, &s->table[index], value, &today);
    if (today.truncated) {
        text_printf(why, "%s: the value is too long", name->environment);
        return ERR_MALFORMED;
    }
    if (is_taken(fate) && s->origin[index] == ORIGIN_ENVIRONMENT)
        fate = EARLIER_OVERRULED;
    s->fate[i] = (uint8_t)fate;
    if (!is_taken(fate))
        return ERR_OK;
    int result = settings_set(s, index, today.at, ORIGIN_ENVIRONMENT, name->environment, why);
    if (result == ERR_OK)
        s->detail[index] = (uint16_t)(i + 1);
    return result;
}

int settings_parse_earlier(struct settings *s, const char *(*lookup)(const char *name), struct text *why)
{
    for (uint32_t i = 0; i < s->earlier_count; i++) {
        const char *value = lookup(s->earlier[i].environment);
        s->fate[i] = EARLIER_ABSENT;
        /* The earlier agents took an empty value for none. */
        if (value == NULL || *value == '\0')
            continue;
        int result = take(s, i, value, why);
        if (result < 0)
            return result;
    }
    return ERR_OK;
}

bool settings_explain_earlier(const struct settings *s, uint32_t i, struct text *note)
{
    ASSERT(i < s->earlier_count);
    const struct setting_earlier *name = &s->earlier[i];
    uint32_t index = (uint32_t)settings_find(s, name->key);
    const struct setting *o = &s->table[index];
    switch ((enum setting_fate)s->fate[i]) {
    case EARLIER_ABSENT:
        return false;
    case EARLIER_TAKEN:
    case EARLIER_BOUNDED:
        text_printf(note, "%s is a name of earlier agents and still works; its new name is %s",
                    name->environment, o->environment);
        if (s->origin[index] == ORIGIN_ENVIRONMENT && s->detail[index] == i + 1) {
            text_put_char(note, '=');
            settings_put_value(s, index, note);
        }
        text_printf(note, " (in a file: %s)%s", o->key,
                    s->fate[i] == EARLIER_BOUNDED ? "; that is the nearest value that it takes" : "");
        return true;
    case EARLIER_IDLE:
        text_printf(note, "%s is a name of earlier agents, and changes nothing here; its new name is %s "
                    "(in a file: %s)", name->environment, o->environment, o->key);
        return true;
    case EARLIER_OVERRULED:
        text_printf(note, "%s, a name of earlier agents, is passed over: another name of %s is set too",
                    name->environment, o->key);
        return true;
    case EARLIER_FOREIGN:
        text_printf(note, "%s is passed over: it names a service of AWS, and this agent speaks to a "
                    "nephos-aggregator (which can forward there); give that one's address in %s",
                    name->environment, o->environment);
        return true;
    }
    return false;
}
