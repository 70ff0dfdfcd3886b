/* SPDX-License-Identifier: MIT */
/* Sections that a person names: destinations of notifications and of metrics, and checks. */
#include "aggregator/config.h"

#include <string.h>

static bool is_name(const char *name)
{
    for (const char *at = name; *at != '\0'; at++)
        if (!(*at >= 'a' && *at <= 'z') && !(*at >= 'A' && *at <= 'Z') && !(*at >= '0' && *at <= '9') &&
            *at != '-' && *at != '_')
            return false;
    return name[0] != '\0' && strlen(name) < DESTINATION_NAME_SIZE;
}

/* A line of [notify.NAME]. */
static int set_notify(void *config, const char *name, const char *key, const char *value, const char *where,
                      struct text *why)
{
    struct config *c = config;
    uint32_t i = 0;
    while (i < c->notify_count && !text_equal(c->notify[i].name, name))
        i++;
    if (!is_name(name) || i == OUTBOX_MAX) {
        if (i == OUTBOX_MAX)
            text_printf(why, "%s: there are at most %u destinations; remove one", where, OUTBOX_MAX);
        else
            text_printf(why, "%s: [notify.%s]: a name is at most %u letters, digits, - and _", where, name,
                        DESTINATION_NAME_SIZE - 1);
        return ERR_MALFORMED;
    }
    if (i == c->notify_count)
        destination_init(&c->notify[c->notify_count++], name);
    return destination_set(&c->notify[i], key, value, where, why);
}

/* A line of [forward.NAME]. */
static int set_forward(void *config, const char *name, const char *key, const char *value, const char *where,
                       struct text *why)
{
    struct config *c = config;
    uint32_t i = 0;
    while (i < c->forward_count && !text_equal(c->forward[i].name, name))
        i++;
    if (i == OUTLET_MAX) {
        text_printf(why, "%s: there are at most %u destinations of metrics; remove one", where, OUTLET_MAX);
        return ERR_MALFORMED;
    }
    if (!is_name(name)) {
        text_printf(why, "%s: [forward.%s]: a name is at most %u letters, digits, - and _", where, name,
                    TARGET_NAME_SIZE - 1);
        return ERR_MALFORMED;
    }
    if (i == c->forward_count)
        target_init(&c->forward[c->forward_count++], name);
    return target_set(&c->forward[i], key, value, where, why);
}

/* A line of [check.NAME]. */
static int set_check(void *config, const char *name, const char *key, const char *value, const char *where,
                     struct text *why)
{
    struct config *c = config;
    uint32_t i = 0;
    while (i < c->check_count && !text_equal(c->checks[i].name, name))
        i++;
    if (i == CHECKS_MAX || !check_name_allowed(name)) {
        if (i == CHECKS_MAX)
            text_printf(why, "%s: there are at most %u checks; remove one", where, CHECKS_MAX);
        else
            text_printf(why, "%s: [check.%s]: a name is at most %u letters, digits, -, _ and .", where, name,
                        CHECK_NAME_SIZE - 1);
        return ERR_MALFORMED;
    }
    if (i == c->check_count)
        check_init(&c->checks[c->check_count++], name, CHECK_FROM_FILE);
    return check_set_key(&c->checks[i], key, value, where, why);
}

const struct settings_family *config_families(uint32_t *count)
{
    static const struct settings_family families[] = {
        {.prefix = "notify.", .set = set_notify},
        {.prefix = "forward.", .set = set_forward},
        {.prefix = "check.", .set = set_check}};
    *count = COUNT_OF(families);
    return families;
}
