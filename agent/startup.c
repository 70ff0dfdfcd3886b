/* SPDX-License-Identifier: MIT */
/* The settings of a run; see startup.h. */
#include "agent/startup.h"

#include <stdlib.h>
#include <string.h>

#include "platform/linux/plat_linux.h"

#define INSTALLED_STATE "/var/lib/nephos-agent"
#define LOCAL_STATE "nephos-agent-state"

static const char *environment(const char *name)
{
    return getenv(name);
}

static int read_config_file(struct startup *s, struct text *why)
{
    char path[CONFIG_PATH_SIZE];
    text_copy(path, sizeof path, s->config->config_file);
    bool was_named = s->settings->origin[settings_find(s->settings, "config")] != ORIGIN_DEFAULT;
    config_init(s->settings, s->config);
    return plat_linux_read_settings(s->settings, path, was_named, s->buffer, CONFIG_FILE_SIZE_MAX, why);
}

/* systemd hands a LoadCredential=token: over in a directory of its own. */
static int find_credential(struct startup *s, struct text *why)
{
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    if (directory == NULL || s->config->token_file[0] != '\0')
        return ERR_OK;
    char words[CONFIG_PATH_SIZE];
    struct text path;
    text_init(&path, words, sizeof words);
    text_printf(&path, "%s/token", directory);
    return settings_set(s->settings, (uint32_t)settings_find(s->settings, "server.token_file"), path.at,
                        ORIGIN_CREDENTIAL, "$CREDENTIALS_DIRECTORY", why);
}

/* A token file that has gone is no error: it is needed for the first start only. */
static int read_token_file(struct config *c, struct text *why)
{
    if (c->token_file[0] == '\0' || c->token[0] != '\0')
        return ERR_OK;
    char words[TOKEN_TEXT_SIZE + 8];
    int n = plat_linux_read_file(c->token_file, words, sizeof words - 1);
    if (n == ERR_MISSING)
        return ERR_OK;
    words[n > 0 ? n : 0] = '\0';
    words[strcspn(words, " \t\r\n")] = '\0';
    if (n < 0 || !text_copy(c->token, sizeof c->token, words) || words[0] == '\0') {
        text_printf(why, "--token-file: %s: %s", c->token_file,
                    n == ERR_DENIED ? "no permission to read it"
                                    : "one join token is expected, as `nephos-aggregator token create` "
                                      "prints it");
        return ERR_MALFORMED;
    }
    return ERR_OK;
}

static void hide_secrets(const struct startup *s)
{
    command_hide_secrets(s->argc, s->argv);
    char *token = getenv("NEPHOS_TOKEN");
    if (token != NULL)
        memset(token, '*', strlen(token));
}

/* Reading a directory as a file fails in its own way: that is how we know that it is one. */
static bool is_directory(const char *path)
{
    char byte;
    return plat_linux_read_file(path, &byte, sizeof byte) == ERR_SYSTEM;
}

/* Flags and environment name the file, and win over what it says. */
static enum startup_result read_all(struct startup *s, enum verb *verb, struct text *why)
{
    config_init(s->settings, s->config);
    if (settings_parse_environment(s->settings, environment, why) < 0)
        return STARTUP_BAD_CONFIG;
    if (command_parse(s->settings, s->argc, s->argv, verb, why) < 0)
        return STARTUP_BAD_USAGE;
    if (*verb == VERB_HELP || *verb == VERB_VERSION)
        return STARTUP_GOOD;
    if (read_config_file(s, why) < 0 || settings_parse_environment(s->settings, environment, why) < 0 ||
        command_parse(s->settings, s->argc, s->argv, verb, why) < 0 || find_credential(s, why) < 0)
        return STARTUP_BAD_CONFIG;
    return STARTUP_GOOD;
}

enum startup_result startup_read(struct startup *s, enum verb *verb, struct text *why)
{
    enum startup_result result = read_all(s, verb, why);
    if (result != STARTUP_GOOD || *verb == VERB_HELP || *verb == VERB_VERSION)
        return result;
    if (read_token_file(s->config, why) < 0 || config_check(s->config, why) < 0)
        return STARTUP_BAD_CONFIG;
    hide_secrets(s);
    if (s->config->state[0] == '\0')
        text_copy(s->config->state, sizeof s->config->state,
                  is_directory(INSTALLED_STATE) ? INSTALLED_STATE : LOCAL_STATE);
    return STARTUP_GOOD;
}

/* --- at SIGHUP --- */

/* The token was for the first start, and its words in argv are overwritten by now. */
static void keep_token(struct startup *s)
{
    int index = settings_find(s->settings, "server.token");
    settings_keep(s->settings, &s->kept_settings, (uint32_t)index);
    if (s->config->state[0] == '\0')
        text_copy(s->config->state, sizeof s->config->state, s->kept.state);
}

static bool is_changed(const struct startup *s, uint32_t index)
{
    char now_space[CONFIG_SERVER_SIZE], kept_space[CONFIG_SERVER_SIZE];
    struct text now, kept;
    text_init(&now, now_space, sizeof now_space);
    text_init(&kept, kept_space, sizeof kept_space);
    settings_put_value(s->settings, index, &now);
    settings_put_value(&s->kept_settings, index, &kept);
    return !text_equal(now.at, kept.at);
}

static void note(struct text *list, const char *key)
{
    text_printf(list, "%s%s", list->length > 0 ? ", " : "", key);
}

int startup_read_again(struct startup *s, struct text *changed, struct text *waiting, struct text *why)
{
    enum verb verb;
    s->kept = *s->config;
    s->kept_settings = *s->settings;
    s->kept_settings.config = &s->kept;
    bool is_good = read_all(s, &verb, why) == STARTUP_GOOD;
    if (is_good) {
        keep_token(s);
        is_good = config_check(s->config, why) == ERR_OK;
    }
    if (!is_good) {
        *s->config = s->kept;
        *s->settings = s->kept_settings;
        s->settings->config = s->config;
        return ERR_MALFORMED;
    }
    for (uint32_t i = 0; i < s->settings->count; i++) {
        if (!is_changed(s, i))
            continue;
        if (config_is_live(s->settings->table[i].key)) {
            note(changed, s->settings->table[i].key);
        } else {
            note(waiting, s->settings->table[i].key);
            settings_keep(s->settings, &s->kept_settings, i);
        }
    }
    return ERR_OK;
}
