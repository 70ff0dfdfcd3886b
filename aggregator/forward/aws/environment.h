/* SPDX-License-Identifier: MIT */
/* What AWS' own programs take from the environment, under the names that they
 * give it. Read once at the start: the environment of a running program does
 * not change. Pure. */
#ifndef NEPHOS_FORWARD_AWS_ENVIRONMENT_H
#define NEPHOS_FORWARD_AWS_ENVIRONMENT_H

#include "platform/base/text.h"

#define AWS_KEY_SIZE 256U    /* access key id, secret access key */
#define AWS_TOKEN_SIZE 4096U /* session token: a few hundred bytes to some thousand */
#define AWS_REGION_SIZE 32U
#define AWS_NAME_SIZE 128U
#define AWS_PATH_SIZE 256U

enum aws_service { AWS_DYNAMODB, AWS_KINESIS, AWS_SNS, AWS_SERVICE_COUNT };
/* As in host names and scopes. */
extern const char *const aws_service_names[AWS_SERVICE_COUNT];

struct aws_keys {
    char id[AWS_KEY_SIZE], secret[AWS_KEY_SIZE];
    char token[AWS_TOKEN_SIZE]; /* "": these are lasting keys */
    int64_t expires_ms;         /* 0: never */
};

struct aws_environment {
    struct aws_keys keys;
    char region[AWS_REGION_SIZE], profile[AWS_NAME_SIZE];
    char credentials_file[AWS_PATH_SIZE], config_file[AWS_PATH_SIZE];
    char service_file[AWS_PATH_SIZE]; /* a credentials file from the service
                                       manager */
    char endpoint[AWS_PATH_SIZE], endpoints[AWS_SERVICE_COUNT][AWS_PATH_SIZE];
    char container_full[AWS_PATH_SIZE * 2], container_relative[AWS_PATH_SIZE];
    char container_token[AWS_TOKEN_SIZE], container_token_file[AWS_PATH_SIZE];
    bool container_refused;       /* container_full named a host that must not be asked without TLS */
    char metadata[AWS_PATH_SIZE]; /* of the instance metadata service, without /
                                   at its end */
    bool metadata_disabled;
};

/* `get` is getenv. A value that does not fit counts as not there. */
void aws_environment_read(struct aws_environment *e, const char *(*get)(const char *name));

#endif
