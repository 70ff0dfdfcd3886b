/* SPDX-License-Identifier: MIT */
/* See sns.h. */
#include "aggregator/forward/aws/sns.h"

#include <string.h>

#define ARN_REGION 3 /* arn:aws:sns:REGION:ACCOUNT:TOPIC */

static void region_of(const char *arn, char region[static AWS_REGION_SIZE])
{
    for (uint32_t i = 0; i < ARN_REGION && arn != NULL; i++)
        arn = strchr(arn, ':') != NULL ? strchr(arn, ':') + 1 : NULL;
    size_t length = arn != NULL ? strcspn(arn, ":") : 0;
    if (length >= AWS_REGION_SIZE)
        length = 0;
    memcpy(region, arn != NULL ? arn : "", length);
    region[length] = '\0';
}

enum aws_need sns_sign(struct sns *s, const struct destination *to, const struct aws_environment *e,
                       struct plat *p, int64_t now_ms, struct shaped *o)
{
    char region[AWS_REGION_SIZE];
    char url[AWS_PATH_SIZE * 4], headers[AWS_TOKEN_SIZE + 64];
    struct text to_url, to_headers;
    struct aws_ask ask = {.method = "GET", .url = &to_url, .headers = &to_headers};
    region_of(to->to, region);
    if (to->region[0] != '\0')
        (void)text_copy(region, sizeof region, to->region);
    const struct aws_wish wish = {.id = to->user,
                                  .secret = to->password,
                                  .token = to->token,
                                  .profile = "",
                                  .credentials_file = "",
                                  .region = region};
    text_init(&to_url, url, sizeof url);
    text_init(&to_headers, headers, sizeof headers);
    enum aws_need need = aws_chain_next(&s->chain, &wish, e, p, now_ms, o->lines_bytes, sizeof o->lines_bytes,
                                        &ask);
    s->is_asking = need == AWS_ASKS;
    if (need == AWS_LACKS)
        return need;
    text_clear(&o->url);
    text_clear(&o->scope);
    if (s->is_asking) {
        text_clear(&o->headers);
        text_clear(&o->body);
        text_put(&o->url, url);
        text_put(&o->headers, headers);
        o->method = ask.method;
        return need;
    }
    aws_put_url(&o->url, AWS_SNS, to->url, region, e);
    aws_put_headers(&o->headers, &s->chain, now_ms);
    aws_put_scope(&o->scope, AWS_SNS, region);
    return need;
}

bool sns_take(struct sns *s, const struct plat_answer *a, int64_t now_ms, struct shaped *o)
{
    struct aws_error error;
    uint8_t *pool = (uint8_t *)o->body_bytes;
    if (s->is_asking) {
        aws_chain_take(&s->chain, a->status, a->body, a->body_size, pool, sizeof o->body_bytes, now_ms);
        s->is_asking = false;
        return true;
    }
    if (a->status == 200)
        aws_chain_accepted(&s->chain);
    if (a->status < 400)
        return false;
    aws_error_read(a->body, a->body_size, pool, sizeof o->body_bytes, &error);
    return aws_chain_refused(&s->chain, error.code, a->date, now_ms);
}
