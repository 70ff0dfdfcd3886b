/* SPDX-License-Identifier: MIT */
/* See chain.h. */
#include "aggregator/forward/aws/chain.h"

#include <string.h>

#include "aggregator/forward/aws/answers.h"
#include "aggregator/forward/retry.h"

#define LOOK_MS 60000        /* between looks at files, and tries at services */
#define RENEW_MS 300000      /* before keys end */
#define SKEW_MENDED_MS 30000 /* a smaller difference is not why a signature is refused */
#define METADATA_TOKEN_S 21600
#define CONTAINER_HOST "http://169.254.170.2"

static bool has_keys(const struct aws_keys *k)
{
    return k->id[0] != '\0' && k->secret[0] != '\0';
}

static void take_keys(struct aws_chain *c, const struct aws_keys *k, enum aws_source source, int64_t now_ms)
{
    c->keys = *k;
    c->source = source;
    c->renew_ms = k->expires_ms > 0 ? k->expires_ms - RENEW_MS : 0;
    if (c->renew_ms != 0 && c->renew_ms <= now_ms) /* given with less than that left: not all the time */
        c->renew_ms = now_ms + LOOK_MS;
    c->why[0] = '\0';
}

/* --- files --- */

static bool read_profile(struct plat *p, const char *path, const char *profile, char *file,
                         uint32_t file_size, struct aws_profile *out)
{
    int n = path[0] != '\0' ? plat_text_once(p, path, file, file_size) : ERR_MISSING;
    bool is_found = n > 0 && aws_profile_read(file, (uint32_t)n, profile, out);
    if (n > 0)
        memset(file, 0, (size_t)n);
    return is_found;
}

static bool look_at_files(struct aws_chain *c, const struct aws_wish *wish, const struct aws_environment *e,
                          struct plat *p, int64_t now_ms, char *file, uint32_t file_size)
{
    const char *profile = wish->profile[0] != '\0' ? wish->profile : e->profile;
    bool is_named = wish->credentials_file[0] != '\0';
    memset(&c->found, 0, sizeof c->found);
    (void)read_profile(p, e->config_file, profile, file, file_size, &c->found);
    if (is_named || !read_profile(p, e->service_file, profile, file, file_size, &c->found))
        (void)read_profile(p, is_named ? wish->credentials_file : e->credentials_file, profile, file,
                           file_size, &c->found);
    (void)text_copy(c->region, sizeof c->region, c->found.region);
    if (!has_keys(&c->found.keys))
        return false;
    take_keys(c, &c->found.keys, AWS_FROM_FILE, now_ms);
    return true;
}

/* --- services --- */

static void ask_container(struct aws_chain *c, const struct aws_environment *e, struct plat *p,
                          struct aws_ask *ask)
{
    char *token = c->found.keys.token;
    ask->method = "GET";
    if (e->container_relative[0] != '\0')
        text_printf(ask->url, CONTAINER_HOST "%s", e->container_relative);
    else
        text_put(ask->url, e->container_full);
    (void)text_copy(token, AWS_TOKEN_SIZE, e->container_token);
    if (e->container_token_file[0] != '\0') {
        int n = plat_text_once(p, e->container_token_file, token, AWS_TOKEN_SIZE - 1);
        token[n > 0 ? n : 0] = '\0';
        token[strcspn(token, "\r\n")] = '\0';
    }
    if (token[0] != '\0')
        text_printf(ask->headers, "Authorization: %s\n", token);
}

static void ask_metadata(struct aws_chain *c, const struct aws_environment *e, struct aws_ask *ask)
{
    bool is_token = c->asking == AWS_ASKING_TOKEN;
    ask->method = is_token ? "PUT" : "GET";
    text_put(ask->url, e->metadata);
    if (is_token) {
        text_put(ask->url, "/latest/api/token");
        text_printf(ask->headers, "X-aws-ec2-metadata-token-ttl-seconds: %d\n", METADATA_TOKEN_S);
        return;
    }
    text_printf(ask->headers, "X-aws-ec2-metadata-token: %s\n", c->metadata_token);
    if (c->asking == AWS_ASKING_REGION)
        text_put(ask->url, "/latest/meta-data/placement/region");
    else
        text_printf(ask->url, "/latest/meta-data/iam/security-credentials/%s",
                    c->asking == AWS_ASKING_KEYS ? c->role : "");
}

static bool has_container(const struct aws_environment *e)
{
    return e->container_relative[0] != '\0' || e->container_full[0] != '\0';
}

/* The first of the services that there are. */
static void begin_asking(struct aws_chain *c, const struct aws_environment *e)
{
    c->is_for_region = false;
    if (e->container_refused && !has_container(e)) {
        c->asking = AWS_ASKING_NOTHING;
        (void)text_copy(c->why, sizeof c->why,
                        "AWS_CONTAINER_CREDENTIALS_FULL_URI is not asked: without https its host may "
                        "be loopback, 169.254.170.2, 169.254.170.23 or [fd00:ec2::23] only");
        return;
    }
    c->asking = has_container(e)      ? AWS_ASKING_CONTAINER
              : !e->metadata_disabled ? AWS_ASKING_TOKEN
                                      : AWS_ASKING_NOTHING;
    if (c->asking == AWS_ASKING_NOTHING)
        (void)text_copy(c->why, sizeof c->why,
                        "there are no keys: neither in the configuration nor in the "
                        "environment nor in a file "
                        "(~/.aws/credentials), and the instance metadata is switched off");
}

/* --- what is next --- */

static bool is_good_until_renewed(const struct aws_chain *c, int64_t now_ms)
{
    return has_keys(&c->keys) && (c->keys.expires_ms == 0 || c->keys.expires_ms > now_ms);
}

/* Keys that need no service; false when one must be asked. */
static bool look(struct aws_chain *c, const struct aws_wish *wish, const struct aws_environment *e,
                 struct plat *p, int64_t now_ms, char *file, uint32_t file_size)
{
    bool is_chosen = wish->profile[0] != '\0' || wish->credentials_file[0] != '\0';
    bool from_file = look_at_files(c, wish, e, p, now_ms, file, file_size); /* the region, too */
    struct aws_keys *own = &c->found.keys;
    bool is_whole = text_copy(own->id, sizeof own->id, wish->id) &&
                    text_copy(own->secret, sizeof own->secret, wish->secret) &&
                    text_copy(own->token, sizeof own->token, wish->token);
    own->expires_ms = 0;
    if (is_whole && has_keys(own))
        take_keys(c, own, AWS_FROM_CONFIGURATION, now_ms);
    else if (has_keys(&e->keys) && !is_chosen)
        take_keys(c, &e->keys, AWS_FROM_ENVIRONMENT, now_ms);
    else
        return from_file;
    return true;
}

static bool needs_region(const struct aws_chain *c, const struct aws_wish *wish,
                         const struct aws_environment *e)
{
    return aws_chain_region(c, wish, e)[0] == '\0' && !c->is_region_asked && !e->metadata_disabled;
}

static void look_around(struct aws_chain *c, const struct aws_wish *wish, const struct aws_environment *e,
                        struct plat *p, int64_t now_ms, char *file, uint32_t file_size)
{
    bool is_service = c->source == AWS_FROM_CONTAINER || c->source == AWS_FROM_METADATA;
    char region[AWS_REGION_SIZE];
    (void)text_copy(region, sizeof region, c->region);
    c->has_looked = true;
    c->look_ms = now_ms + LOOK_MS;
    bool is_there = look(c, wish, e, p, now_ms, file, file_size);
    if (c->is_region_asked && c->region[0] == '\0')
        (void)text_copy(c->region, sizeof c->region, region); /* the metadata's */
    c->wants_region = needs_region(c, wish, e);
    bool is_due = !is_good_until_renewed(c, now_ms) || (c->renew_ms != 0 && now_ms >= c->renew_ms);
    if (!is_there && (!is_service || is_due)) {
        begin_asking(c, e);
    } else if (c->wants_region) {
        c->asking = AWS_ASKING_TOKEN;
        c->is_for_region = true;
    }
}

enum aws_need aws_chain_next(struct aws_chain *c, const struct aws_wish *wish,
                             const struct aws_environment *e, struct plat *p, int64_t now_ms, char *file,
                             uint32_t file_size, struct aws_ask *ask)
{
    bool is_look_due = !c->has_looked || now_ms >= c->look_ms || c->look_ms > now_ms + LOOK_MS;
    if (c->asking == AWS_ASKING_NOTHING && is_look_due)
        look_around(c, wish, e, p, now_ms, file, file_size);
    if (c->asking == AWS_ASKING_CONTAINER)
        ask_container(c, e, p, ask);
    else if (c->asking != AWS_ASKING_NOTHING)
        ask_metadata(c, e, ask);
    if (c->asking != AWS_ASKING_NOTHING)
        return AWS_ASKS;
    return is_good_until_renewed(c, now_ms) ? AWS_HAS : AWS_LACKS;
}

/* --- answers --- */

static void give_up(struct aws_chain *c, uint32_t status, const char *what)
{
    struct text why;
    c->asking = AWS_ASKING_NOTHING;
    c->metadata_token[0] = '\0';
    text_init(&why, c->why, sizeof c->why);
    text_printf(&why,
                "there are no keys in the configuration, the environment or a "
                "file, and %s ",
                what);
    if (status == 0)
        text_put(&why, "cannot be reached");
    else
        text_printf(&why, "answers %u%s", status, status == 200 ? " with something else" : "");
}

/* One line of printable characters, which goes into a header or a path. */
static bool take_line(char *to, uint32_t size, const char *body, uint32_t body_size)
{
    uint32_t n = 0;
    while (n < body_size && body[n] > 0x20 && body[n] < 0x7f)
        n++;
    if (n == 0 || n >= size || (n < body_size && body[n] != '\n' && body[n] != '\r'))
        return false;
    memcpy(to, body, n);
    to[n] = '\0';
    return true;
}

static void take_service_keys(struct aws_chain *c, uint32_t status, const char *body, uint32_t body_size,
                              uint8_t *pool, uint32_t pool_size, int64_t now_ms)
{
    struct aws_keys *keys = &c->found.keys;
    bool is_container = c->asking == AWS_ASKING_CONTAINER;
    if (status != 200 || aws_keys_read(body, body_size, pool, pool_size, keys) < 0) {
        give_up(c, status, is_container ? "the container's agent" : "the instance metadata");
        return;
    }
    take_keys(c, keys, is_container ? AWS_FROM_CONTAINER : AWS_FROM_METADATA, now_ms);
    c->is_for_region = c->wants_region && !is_container;
    c->asking = c->is_for_region ? AWS_ASKING_REGION : AWS_ASKING_NOTHING;
}

void aws_chain_take(struct aws_chain *c, uint32_t status, const char *body, uint32_t body_size, uint8_t *pool,
                    uint32_t pool_size, int64_t now_ms)
{
    bool is_good = status == 200;
    switch (c->asking) {
    case AWS_ASKING_TOKEN:
        if (is_good && take_line(c->metadata_token, sizeof c->metadata_token, body, body_size)) {
            c->asking = c->is_for_region ? AWS_ASKING_REGION : AWS_ASKING_ROLE;
            return;
        }
        c->is_region_asked |= c->is_for_region;
        give_up(c, status, "the instance metadata");
        return;
    case AWS_ASKING_ROLE:
        if (is_good && take_line(c->role, sizeof c->role, body, body_size))
            c->asking = AWS_ASKING_KEYS;
        else
            give_up(c, status,
                    status == 404 ? "the instance has no role: its metadata" : "the instance metadata");
        return;
    case AWS_ASKING_REGION:
        c->is_region_asked = true;
        if (!is_good || !take_line(c->region, sizeof c->region, body, body_size))
            c->region[0] = '\0';
        c->asking = AWS_ASKING_NOTHING;
        return;
    case AWS_ASKING_CONTAINER:
    case AWS_ASKING_KEYS: take_service_keys(c, status, body, body_size, pool, pool_size, now_ms); return;
    default: return;
    }
}

const char *aws_chain_region(const struct aws_chain *c, const struct aws_wish *wish,
                             const struct aws_environment *e)
{
    return wish->region[0] != '\0' ? wish->region : e->region[0] != '\0' ? e->region : c->region;
}

/* --- refusals --- */

static bool is_one_of(const char *code, const char *const *words, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (text_equal(code, words[i]))
            return true;
    return false;
}

bool aws_chain_refused(struct aws_chain *c, const char *code, const char *date, int64_t now_ms)
{
    static const char *const of_time[] = {"InvalidSignatureException", "SignatureDoesNotMatch",
                                          "RequestTimeTooSkewed", "RequestExpired",
                                          "IncompleteSignatureException"};
    static const char *const of_keys[] = {
        "ExpiredToken",         "ExpiredTokenException",     "UnrecognizedClientException",
        "InvalidClientTokenId", "InvalidSignatureException", "SignatureDoesNotMatch"};
    int64_t theirs_ms = retry_date_ms(date), offset_ms = theirs_ms < 0 ? c->offset_ms : theirs_ms - now_ms;
    int64_t difference = offset_ms - c->offset_ms;
    if (c->refused_ms != 0 && now_ms >= c->refused_ms && now_ms - c->refused_ms < LOOK_MS)
        return false;
    if (is_one_of(code, of_time, COUNT_OF(of_time)) &&
        (difference > SKEW_MENDED_MS || difference < -SKEW_MENDED_MS)) {
        c->offset_ms = offset_ms;
        c->refused_ms = now_ms;
        return true;
    }
    if (!is_one_of(code, of_keys, COUNT_OF(of_keys)))
        return false;
    c->has_looked = false; /* they may have been rotated */
    if (c->source == AWS_FROM_CONTAINER || c->source == AWS_FROM_METADATA)
        c->renew_ms = now_ms;
    c->refused_ms = now_ms;
    return true;
}

void aws_chain_accepted(struct aws_chain *c)
{
    c->refused_ms = 0;
}
