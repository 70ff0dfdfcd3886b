/* SPDX-License-Identifier: MIT */
/* What a person can choose, and the command line. Default < file < environment < flag. */
#ifndef NEPHOS_AGGREGATOR_CONFIG_H
#define NEPHOS_AGGREGATOR_CONFIG_H

#include "aggregator/forward/destination.h"
#include "aggregator/forward/target.h"
#include "aggregator/limits.h"
#include "aggregator/sentinel/watcher.h"
#include "aggregator/verbs.h"
#include "platform/base/settings.h"
#include "platform/platform.h"

#define CONFIG_PATH_SIZE 256U
#define CONFIG_ADDRESS_SIZE 80U
#define CONFIG_HINTS_SIZE 512U
#define CONFIG_TIME_SIZE 40U

struct config {
    char data[CONFIG_PATH_SIZE];          /* "" until config_choose_data() */
    char listen[CONFIG_ADDRESS_SIZE];
    char api[CONFIG_ADDRESS_SIZE];
    char api_token_file[CONFIG_PATH_SIZE];
    char api_https[CONFIG_ADDRESS_SIZE];
    char api_certificate[CONFIG_PATH_SIZE], api_key[CONFIG_PATH_SIZE];
    char api_names[CONFIG_HINTS_SIZE];
    bool api_closed;
    uint32_t api_rate_per_s;
    char access_name[NAME_SIZE], access_role[16];
    char log_level[8], log_format[8];
    uint32_t agents_max, series_max, histories_max, api_connections_max, websockets_max, queries_max;
    uint32_t analysed_max;
    uint32_t api_bodies_max;
    uint64_t database_size_max, api_body_size;
    int64_t keep_ms[TIER_COUNT];
    int64_t ship_interval_ms, sample_interval_ms, certificate_life_ms;
    char hints[CONFIG_HINTS_SIZE];
    char rules[CONFIG_PATH_SIZE];
    char alert_profile[NAME_SIZE];
    uint32_t token_uses;
    int64_t token_ttl_ms;
    struct destination notify[OUTBOX_MAX]; /* in the order of the file */
    uint32_t notify_count;
    struct target forward[OUTLET_MAX];     /* likewise */
    uint32_t forward_count;
    struct check checks[CHECKS_MAX];       /* likewise */
    uint32_t check_count;
    struct watcher_settings vultr;         /* the key is read by startup.c */
    char vultr_key_file[CONFIG_PATH_SIZE];
    /* of the commands */
    bool with_keys, force;
    char format[8];
    char only_instance[INSTANCE_ID_SIZE], only_metric[METRIC_SIZE];
    char from[CONFIG_TIME_SIZE], to[CONFIG_TIME_SIZE];
    int64_t step_ms;
    char rule[CONFIG_HINTS_SIZE], weekly[CONFIG_HINTS_SIZE], comment[CONFIG_HINTS_SIZE];
};

struct command_line {
    enum config_verb verb;
    bool help, version, check_config, print_config, print_memory_map;
    const char *config_file; /* NULL: none named */
    const char *operand;     /* the file that the verb is about; NULL: none named */
};

/* The settings table over `c`, with its defaults. */
void config_init(struct settings *s, struct config *c);
/* Sections with names (config_sections.c). */
const struct settings_family *config_families(uint32_t *count);
/* Reads all words of the command line. ERR_MALFORMED for what it does not know or cannot take (exit code
 * 64), with a suggestion in `why`. */
int config_parse_command(struct settings *s, int argc, char *argv[], struct command_line *out,
                         struct text *why);
/* After everything is read: do the choices fit together? */
int config_check(const struct config *c, struct text *why);
/* "127.0.0.1:8080", "[::1]:8080", "localhost:8080". */
bool config_is_loopback(const char *address);
/* Whoever reaches the API needs no token: on loopback, unless asked for otherwise. */
bool config_api_is_open(const struct config *c);
/* Can this setting change while the program runs? */
bool config_is_live(const char *key);
void config_limits(const struct config *c, struct aggregator_limits *out);
enum log_level config_log_level(const struct config *c);
/* Flag number `index` that asks for something else than running, with its help; false behind the last. */
bool config_action(uint32_t index, const char **flag, const char **help);
/* The whole --help text. */
void config_print_help(const struct settings *s, struct text *out);

#endif
