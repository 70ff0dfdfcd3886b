/* SPDX-License-Identifier: MIT */
/* See startup.h. */
#include "aggregator/startup.h"

#include <stdlib.h>
#include <string.h>

#include "platform/linux/plat_linux.h"

#define DATA_INSTALLED "/var/lib/nephos"
#define DATA_HERE "./nephos-data"
#define CONFIG_INSTALLED "/etc/nephos/aggregator.conf"
#define TOKEN_LENGTH_LEAST 16U

#define RULES_INSTALLED "/etc/nephos/rules.conf"

static const char *environment(const char *name)
{
    return getenv(name);
}

static int read_config_file(struct startup *s, struct text *why)
{
    const char *name = s->line.config_file;
    bool must_exist = name != NULL;
    return plat_linux_read_settings(&s->settings, must_exist ? name : CONFIG_INSTALLED, must_exist, s->file,
                                    sizeof s->file, why);
}

/* An installed aggregator keeps its data where the package put them; a trial keeps them here. */
static void choose_data(struct config *c)
{
    if (c->data[0] == '\0')
        text_copy(c->data, sizeof c->data,
                  plat_linux_is_writable_directory(DATA_INSTALLED) ? DATA_INSTALLED : DATA_HERE);
}

static bool is_there(const char *path)
{
    char byte;
    int n = plat_linux_read_file(path, &byte, sizeof byte);
    return n >= 0 || n == ERR_FULL;
}

/* What systemd hands over with LoadCredential= counts where nothing else was named. */
static int find_credentials(struct startup *s, struct text *why)
{
    static const struct {
        const char *name, *key;
    } credentials[] = {
        {"api-token", "api.token_file"}, {"api.crt", "api.certificate"}, {"api.key", "api.key"},
                       {"vultr-key", "vultr.key_file"}};
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    for (uint32_t i = 0; directory != NULL && i < COUNT_OF(credentials); i++) {
        char words[CONFIG_PATH_SIZE];
        struct text path;
        int index = settings_find(&s->settings, credentials[i].key);
        text_init(&path, words, sizeof words);
        text_printf(&path, "%s/%s", directory, credentials[i].name);
        if (s->settings.origin[index] != ORIGIN_DEFAULT || path.truncated || !is_there(words))
            continue;
        if (settings_set(&s->settings, (uint32_t)index, words, ORIGIN_CREDENTIAL, "$CREDENTIALS_DIRECTORY",
                         why) < 0)
            return ERR_MALFORMED;
    }
    return ERR_OK;
}

/* The command line is read twice: first for the name of the file, last because flags win. */
static enum startup_result read_all(struct startup *s, struct text *why)
{
    config_init(&s->settings, &s->config);
    if (config_parse_command(&s->settings, s->argc, s->argv, &s->line, why) < 0)
        return STARTUP_BAD_USAGE;
    if (s->line.help || s->line.version)
        return STARTUP_GOOD;
    config_init(&s->settings, &s->config);
    if (read_config_file(s, why) < 0 || settings_parse_environment(&s->settings, environment, why) < 0)
        return STARTUP_BAD_CONFIG;
    int e = config_parse_command(&s->settings, s->argc, s->argv, &s->line, why);
    ASSERT(e == ERR_OK);
    if (find_credentials(s, why) < 0)
        return STARTUP_BAD_CONFIG;
    choose_data(&s->config);
    return config_check(&s->config, why) < 0 ? STARTUP_BAD_CONFIG : STARTUP_GOOD;
}

enum startup_result startup_read(struct startup *s, int argc, char *argv[], struct text *why)
{
    s->argc = argc;
    s->argv = argv;
    return read_all(s, why);
}

/* --- what is behind the settings --- */

static int read_token(struct startup *s, char to[static STARTUP_TOKEN_SIZE], struct text *why)
{
    const char *name = s->config.api_token_file;
    to[0] = '\0';
    if (name[0] == '\0')
        return ERR_OK;
    int n = plat_linux_read_file(name, to, STARTUP_TOKEN_SIZE - 1);
    if (n < 0) {
        text_printf(why, "--api-token-file %s: %s", name,
                    n == ERR_MISSING ? "there is no such file" : "cannot be read as one short line");
        return ERR_MALFORMED;
    }
    while (n > 0 && strchr(" \t\r\n", to[n - 1]) != NULL)
        n--;
    to[n] = '\0';
    for (int i = 0; i < n; i++) {
        if (to[i] <= ' ' || to[i] > '~') {
            text_printf(why, "--api-token-file %s: a token is one word of printable characters", name);
            return ERR_MALFORMED;
        }
    }
    if (n < (int)TOKEN_LENGTH_LEAST) {
        text_printf(why, "--api-token-file %s: a token has at least %u characters; make one with "
                    "`openssl rand -hex 20`", name, TOKEN_LENGTH_LEAST);
        return ERR_MALFORMED;
    }
    return ERR_OK;
}

/* The first line of a file into `to`, or all of it. One without a folder is a credential of the service
 * manager. `section`: as "notify.ops". */
static int read_secret(const char *section, const struct target_secret *secret, struct text *why)
{
    const char *file = secret->file;
    char *to = secret->to;
    char words[CONFIG_PATH_SIZE * 2];
    struct text path;
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    if (file[0] == '\0')
        return ERR_OK;
    text_init(&path, words, sizeof words);
    if (strchr(file, '/') == NULL && directory != NULL)
        text_printf(&path, "%s/", directory);
    text_put(&path, file);
    int n = plat_linux_read_file(words, to, secret->size - 1);
    if (n < 0) {
        to[0] = '\0';
        text_printf(why, "[%s]: %s = %s: %s", section, secret->key, words,
                    n == ERR_MISSING  ? "there is no such file"
                    : n == ERR_DENIED ? "no permission to read it"
                    : secret->is_whole ? "the file is too large"
                                      : "cannot be read as one short line");
        return ERR_MALFORMED;
    }
    to[n] = '\0';
    if (!secret->is_whole)
        to[strcspn(to, "\r\n")] = '\0';
    return ERR_OK;
}

static int read_secrets_of_notify(struct destination *d, struct text *why)
{
    const struct target_secret all[] = {
        {"url_file", d->url_file, d->url, sizeof d->url, false},
        {"token_file", d->token_file, d->token, sizeof d->token, false},
        {"password_file", d->password_file, d->password, sizeof d->password, false}};
    char section[DESTINATION_NAME_SIZE + 8] = "notify.";
    (void)text_copy(section + strlen(section), DESTINATION_NAME_SIZE, d->name);
    for (uint32_t i = 0; i < COUNT_OF(all); i++)
        if (read_secret(section, &all[i], why) < 0)
            return ERR_MALFORMED;
    return destination_check(d, why);
}

static int read_secrets_of_forward(struct target *t, struct text *why)
{
    struct target_secret secret;
    char section[TARGET_NAME_SIZE + 8] = "forward.";
    (void)text_copy(section + strlen(section), TARGET_NAME_SIZE - 1, t->name);
    for (uint32_t i = 0; target_secret(t, i, &secret); i++)
        if (read_secret(section, &secret, why) < 0)
            return ERR_MALFORMED;
    return target_check(t, why);
}

/* The key of Vultr's API: of a file, or else of the environment. A key goes into a line of a header. */
static int read_vultr_key(struct config *c, struct text *why)
{
    struct watcher_settings *v = &c->vultr;
    const struct target_secret secret = {"key_file", c->vultr_key_file, v->key, sizeof v->key, false};
    const char *known = getenv("VULTR_API_KEY");
    v->key[0] = '\0';
    if (c->vultr_key_file[0] != '\0' ? read_secret("vultr", &secret, why) < 0
                                     : known != NULL && !text_copy(v->key, sizeof v->key, known)) {
        if (c->vultr_key_file[0] == '\0')
            text_printf(why, "VULTR_API_KEY is longer than %u characters", WATCHER_KEY_SIZE - 1);
        return ERR_MALFORMED;
    }
    for (const char *at = v->key; *at != '\0'; at++) {
        if (*at > ' ' && *at <= '~')
            continue;
        text_put(why, "[vultr]: the key is one word of printable characters");
        return ERR_MALFORMED;
    }
    return ERR_OK;
}

/* URLs, tokens and passwords of destinations; again at each reload, so that they can change. */
static int read_secrets(struct config *c, struct text *why)
{
    for (uint32_t i = 0; i < c->notify_count; i++)
        if (read_secrets_of_notify(&c->notify[i], why) < 0)
            return ERR_MALFORMED;
    for (uint32_t i = 0; i < c->forward_count; i++)
        if (read_secrets_of_forward(&c->forward[i], why) < 0)
            return ERR_MALFORMED;
    return read_vultr_key(c, why);
}

/* localhost in all its spellings, this host, the address that is listened on, and what was asked for. */
static void put_names(const struct config *c, const char *hostname, struct text *out)
{
    text_put(out, "localhost,127.0.0.1,::1");
    if (hostname[0] != '\0')
        text_printf(out, ",%s", hostname);
    const char *address = c->api_https, *port = strrchr(address, ':');
    bool is_any = text_starts(address, "0.0.0.0:") || text_starts(address, "[::]:");
    if (port != NULL && !is_any && !config_is_loopback(address)) {
        bool has_brackets = address[0] == '[';
        text_put_char(out, ',');
        text_put_n(out, address + has_brackets, (uint32_t)(port - address) - 2 * has_brackets);
    }
    if (c->api_names[0] != '\0')
        text_printf(out, ",%s", c->api_names);
}

/* The file of rules that was named, or the one where packages put it: the length of its text. */
static int read_rules(struct startup *s, struct text *why)
{
    bool is_named = s->config.rules[0] != '\0';
    const char *name = is_named ? s->config.rules : RULES_INSTALLED;
    int n = plat_linux_read_file(name, s->rules, sizeof s->rules - 1);
    if (n >= 0 || (!is_named && n == ERR_MISSING))
        return n < 0 ? 0 : n;
    text_printf(why, "--rules %s: %s", name,
                n == ERR_MISSING ? "there is no such file"
                : n == ERR_FULL  ? "the file is too large"
                                 : "it cannot be read; check its permissions");
    return ERR_MALFORMED;
}

int startup_options(struct startup *s, const char *hostname, struct text *why)
{
    const struct config *c = &s->config;
    char token[STARTUP_TOKEN_SIZE];
    struct text names;
    if (read_token(s, token, why) < 0 || read_secrets(&s->config, why) < 0)
        return ERR_MALFORMED;
    int rules_length = read_rules(s, why);
    if (rules_length < 0)
        return ERR_MALFORMED;
    memcpy(s->api_token, token, sizeof token);
    aws_environment_read(&s->aws, environment);
    text_init(&names, s->api_names, sizeof s->api_names);
    put_names(c, hostname, &names);
    s->options = (struct aggregator_options){
        .listen = c->listen, .api = c->api, .api_https = c->api_https,
        .api_certificate = c->api_certificate, .api_key = c->api_key, .api_names = s->api_names,
        .api_token = s->api_token, .api_is_open = config_api_is_open(c),
        .api_rate_per_s = c->api_rate_per_s, .hints = c->hints,
        .alert_profile = c->alert_profile,
        .rules_name = c->rules[0] != '\0' ? c->rules : RULES_INSTALLED, .rules = s->rules,
        .rules_length = (uint32_t)rules_length,
        .sample_interval_ms = (uint32_t)c->sample_interval_ms,
        .aws = &s->aws, .destinations = c->notify, .destination_count = c->notify_count,
        .targets = c->forward, .target_count = c->forward_count,
        .checks = c->checks, .check_count = c->check_count, .vultr = &c->vultr};
    return ERR_OK;
}

/* --- at SIGHUP --- */

static bool is_changed(const struct startup *s, uint32_t index)
{
    char now_space[CONFIG_HINTS_SIZE], kept_space[CONFIG_HINTS_SIZE];
    struct text now, kept;
    text_init(&now, now_space, sizeof now_space);
    text_init(&kept, kept_space, sizeof kept_space);
    settings_put_value(&s->settings, index, &now);
    settings_put_value(&s->kept_settings, index, &kept);
    return !text_equal(now.at, kept.at);
}

static void note(struct text *list, const char *key)
{
    text_printf(list, "%s%s", list->length > 0 ? ", " : "", key);
}

int startup_read_again(struct startup *s, struct text *changed, struct text *waiting, struct text *why)
{
    char token[STARTUP_TOKEN_SIZE];
    s->kept = s->config;
    s->kept_settings = s->settings;
    s->kept_settings.config = &s->kept;
    if (read_all(s, why) != STARTUP_GOOD || read_token(s, token, why) < 0) {
        s->config = s->kept;
        s->settings = s->kept_settings;
        s->settings.config = &s->config;
        return ERR_MALFORMED;
    }
    for (uint32_t i = 0; i < s->settings.count; i++) {
        if (!is_changed(s, i))
            continue;
        if (config_is_live(s->settings.table[i].key)) {
            note(changed, s->settings.table[i].key);
        } else {
            note(waiting, s->settings.table[i].key);
            settings_keep(&s->settings, &s->kept_settings, i);
        }
    }
    if (s->config.notify_count + s->kept.notify_count > 0)
        note(changed, "notify (read with its files)");
    if (s->config.forward_count + s->kept.forward_count > 0)
        note(changed, "forward (read with its files)");
    if (s->config.check_count + s->kept.check_count > 0)
        note(changed, "check");
    return ERR_OK;
}
