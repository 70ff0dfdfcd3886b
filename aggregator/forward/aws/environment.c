/* SPDX-License-Identifier: MIT */
/* See environment.h. */
#include "aggregator/forward/aws/environment.h"

#include <string.h>

#define METADATA_DEFAULT "http://169.254.169.254"
#define CREDENTIAL_NAME "aws-credentials" /* LoadCredential=aws-credentials:PATH */

const char *const aws_service_names[AWS_SERVICE_COUNT] = {
    [AWS_DYNAMODB] = "dynamodb", [AWS_KINESIS] = "kinesis", [AWS_SNS] = "sns"};

/* Values go into header lines and paths: one with a control character in it is
 * none. */
static bool take(char *to, uint32_t size, const char *value)
{
    to[0] = '\0';
    if (value == NULL || !text_copy(to, size, value)) {
        to[0] = '\0';
        return false;
    }
    for (const char *at = to; *at != '\0'; at++) {
        if ((unsigned char)*at >= 0x20 && *at != 0x7f)
            continue;
        to[0] = '\0';
        return false;
    }
    return to[0] != '\0';
}

static void take_file(char *to, const char *named, const char *folder, const char *below)
{
    char words[AWS_PATH_SIZE];
    struct text path;
    text_init(&path, words, sizeof words);
    if (take(to, AWS_PATH_SIZE, named) || folder == NULL || folder[0] == '\0')
        return;
    text_printf(&path, "%s/%s", folder, below);
    if (!path.truncated)
        (void)take(to, AWS_PATH_SIZE, words);
}

/* Its token goes there, and keys come from there: encrypted, or within the machine (loopback, the agents of
 * ECS and EKS), as AWS' own clients have it. */
static bool is_container_allowed(const char *url)
{
    static const char *const hosts[] = {"localhost", "[::1]", "169.254.170.2", "169.254.170.23",
                                        "[fd00:ec2::23]"};
    if (text_starts(url, "https://"))
        return true;
    if (!text_starts(url, "http://"))
        return false;
    const char *host = url + strlen("http://");
    size_t whole = strcspn(host, "/?#"), length = strcspn(host, host[0] == '[' ? "]/?#" : ":/?#");
    length += host[0] == '[' && host[length] == ']';
    size_t port = length < whole ? strspn(host + length + 1, "0123456789") : 0;
    if (length < whole && (host[length] != ':' || length + 1 + port != whole)) /* NAME@HOST, too */
        return false;
    for (uint32_t i = 0; i < COUNT_OF(hosts); i++)
        if (length == strlen(hosts[i]) && memcmp(host, hosts[i], length) == 0)
            return true;
    return text_starts(host, "127.") && strspn(host, "0123456789.") == length;
}

static void take_container(struct aws_environment *e, const char *(*get)(const char *name))
{
    (void)take(e->container_relative, AWS_PATH_SIZE, get("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"));
    (void)take(e->container_token, AWS_TOKEN_SIZE, get("AWS_CONTAINER_AUTHORIZATION_TOKEN"));
    (void)take(e->container_token_file, AWS_PATH_SIZE, get("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"));
    bool is_there = take(e->container_full, sizeof e->container_full,
                         get("AWS_CONTAINER_CREDENTIALS_FULL_URI"));
    if (!is_there || is_container_allowed(e->container_full))
        return;
    e->container_full[0] = '\0';
    e->container_refused = true;
}

void aws_environment_read(struct aws_environment *e, const char *(*get)(const char *name))
{
    static const char *const endpoints[AWS_SERVICE_COUNT] = {
        "AWS_ENDPOINT_URL_DYNAMODB", "AWS_ENDPOINT_URL_KINESIS", "AWS_ENDPOINT_URL_SNS"};
    memset(e, 0, sizeof *e);
    if (!take(e->keys.id, AWS_KEY_SIZE, get("AWS_ACCESS_KEY_ID")) ||
        !take(e->keys.secret, AWS_KEY_SIZE, get("AWS_SECRET_ACCESS_KEY")))
        memset(&e->keys, 0, sizeof e->keys);
    else
        (void)take(e->keys.token, AWS_TOKEN_SIZE, get("AWS_SESSION_TOKEN"));
    if (!take(e->region, AWS_REGION_SIZE, get("AWS_REGION")))
        (void)take(e->region, AWS_REGION_SIZE, get("AWS_DEFAULT_REGION"));
    if (!take(e->profile, AWS_NAME_SIZE, get("AWS_PROFILE")))
        (void)text_copy(e->profile, AWS_NAME_SIZE, "default");
    take_file(e->credentials_file, get("AWS_SHARED_CREDENTIALS_FILE"), get("HOME"), ".aws/credentials");
    take_file(e->config_file, get("AWS_CONFIG_FILE"), get("HOME"), ".aws/config");
    take_file(e->service_file, NULL, get("CREDENTIALS_DIRECTORY"), CREDENTIAL_NAME);
    for (uint32_t i = 0; i < AWS_SERVICE_COUNT; i++)
        (void)take(e->endpoints[i], AWS_PATH_SIZE, get(endpoints[i]));
    (void)take(e->endpoint, AWS_PATH_SIZE, get("AWS_ENDPOINT_URL"));
    take_container(e, get);
    if (!take(e->metadata, AWS_PATH_SIZE, get("AWS_EC2_METADATA_SERVICE_ENDPOINT"))) {
        const char *mode = get("AWS_EC2_METADATA_SERVICE_ENDPOINT_MODE");
        bool is_v6 = mode != NULL && (text_equal(mode, "IPv6") || text_equal(mode, "ipv6"));
        (void)text_copy(e->metadata, AWS_PATH_SIZE, is_v6 ? "http://[fd00:ec2::254]" : METADATA_DEFAULT);
    }
    size_t length = strlen(e->metadata);
    if (length > 0 && e->metadata[length - 1] == '/')
        e->metadata[length - 1] = '\0';
    const char *disabled = get("AWS_EC2_METADATA_DISABLED");
    e->metadata_disabled = disabled != NULL && (text_equal(disabled, "true") ||
                                                text_equal(disabled, "TRUE") || text_equal(disabled, "True"));
}
