/* SPDX-License-Identifier: MIT */
/* The agent's settings: one table (config.c), and the checks that a table cannot make. */
#ifndef NEPHOS_AGENT_CONFIG_H
#define NEPHOS_AGENT_CONFIG_H

#include "agent/cloud/metadata.h"
#include "agent/collect/transfer.h"
#include "platform/base/settings.h"
#include "platform/platform.h"
#include "proto/limits.h"

#define CONFIG_PATH_SIZE 200U
#define CONFIG_ROOT_SIZE 64U
#define CONFIG_SERVER_SIZE 272U /* the longest DNS name, a colon and a port */
#define CONFIG_ADDRESS_SIZE 64U  /* of this machine: "[V6]:PORT" */
#define CONFIG_FILE_SIZE_MAX 16384U
#define CONFIG_URL_SIZE 256U

struct config {
    char server[CONFIG_SERVER_SIZE]; /* HOST:PORT once checked */
    char token[TOKEN_TEXT_SIZE];
    char token_file[CONFIG_PATH_SIZE];
    char state[CONFIG_PATH_SIZE];    /* "": the first of the usual places that exists */
    char config_file[CONFIG_PATH_SIZE];
    char root[CONFIG_ROOT_SIZE];
    char id[INSTANCE_ID_SIZE];
    char name[NAME_SIZE];
    /* What to show instead of what the cloud tells; "": ask it. */
    char provider[FACT_SIZE], region[FACT_SIZE], type[FACT_SIZE];
    bool confine;                       /* give up rights once running */
    char metadata[8];                   /* auto, on or off */
    char metadata_address[CONFIG_ADDRESS_SIZE];
    int64_t interval_ms;
    char health_url[CONFIG_URL_SIZE];   /* "": nothing is looked at */
    int64_t check_interval_ms, check_timeout_ms;
    char statsd_address[CONFIG_ADDRESS_SIZE]; /* "": off */
    char textfile_dir[CONFIG_PATH_SIZE];      /* "": off */
    uint64_t spool_size;                /* bytes; 0: samples that cannot be sent are kept in memory only */
    uint32_t alert_cpu, alert_memory, alert_disk; /* percent; 0: no hint of our own */
    uint32_t allowance_gb;              /* of a month; 0: not known */
    char allowance_counts[12];
    char log_level[8];
    char log_format[8];
};

/* Binds the table to `c` and fills in the defaults. */
void config_init(struct settings *s, struct config *c);
/* Completes the server's address and checks what must fit together; ERR_MALFORMED and `why`. */
int config_check(struct config *c, struct text *why);
/* A change of this key takes effect at SIGHUP; of the others after a restart. */
bool config_is_live(const char *key);
/* Only after config_check. */
enum metadata_mode config_metadata_mode(const struct config *c);
enum transfer_counts config_transfer_counts(const struct config *c);
enum log_level config_log_level(const struct config *c);

#endif
