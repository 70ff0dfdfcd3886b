/* SPDX-License-Identifier: MIT */
/* See call.h. */
#include "aggregator/forward/aws/call.h"

#include <string.h>

void aws_put_url(struct text *out, enum aws_service service, const char *url, const char *region,
                 const struct aws_environment *e)
{
    const char *named = url[0] != '\0'                   ? url
                      : e->endpoints[service][0] != '\0' ? e->endpoints[service]
                                                         : e->endpoint;
    if (named[0] == '\0') {
        text_printf(out, "https://%s.%s.amazonaws.com%s/", aws_service_names[service], region,
                    text_starts(region, "cn-") ? ".cn" : "");
        return;
    }
    text_put(out, named);
    if (named[strlen(named) - 1] != '/')
        text_put_char(out, '/');
}

/* 2026-01-15T12:00:00.000Z without what AWS leaves out. */
void aws_put_headers(struct text *out, const struct aws_chain *c, int64_t now_ms)
{
    char words[32];
    struct text iso;
    text_init(&iso, words, sizeof words);
    text_put_iso_ms(&iso, now_ms + c->offset_ms);
    text_put(out, "X-Amz-Date: ");
    for (const char *at = words; *at != '\0' && *at != '.'; at++)
        if (*at != '-' && *at != ':')
            text_put_char(out, *at);
    text_put(out, "Z\n");
    if (c->keys.token[0] != '\0')
        text_printf(out, "X-Amz-Security-Token: %s\n", c->keys.token);
}

void aws_put_scope(struct text *out, enum aws_service service, const char *region)
{
    text_printf(out, "aws:amz:%s:%s", region, aws_service_names[service]);
}

static bool is_one_of(const char *code, const char *const *words, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++)
        if (text_equal(code, words[i]))
            return true;
    return false;
}

/* Is it one of the codes that pass by themselves? */
static bool is_throttled(const char *code)
{
    static const char *const codes[] = {"ThrottlingException",
                                        "Throttling",
                                        "ThrottledException",
                                        "ProvisionedThroughputExceededException",
                                        "RequestLimitExceeded",
                                        "RequestThrottled",
                                        "RequestThrottledException",
                                        "TooManyRequestsException",
                                        "LimitExceededException",
                                        "BandwidthLimitExceeded",
                                        "SlowDown",
                                        "PriorRequestNotComplete",
                                        "TransactionInProgressException",
                                        "KMSThrottlingException",
                                        "Throttled"};
    return is_one_of(code, codes, COUNT_OF(codes));
}

/* What to do about what AWS says; NULL when there is nothing to add. */
static const char *advice_of(const char *code)
{
    static const struct {
        const char *code, *words;
    } table[] = {
        {"UnrecognizedClientException", "AWS does not know these keys: look at user and password_file"},
        {"InvalidClientTokenId", "AWS does not know these keys: look at user and password_file"},
        {"InvalidSignatureException",
         "the signature is not good: a wrong secret key, or a clock that is off"},
        {"SignatureDoesNotMatch", "the signature is not good: a wrong secret key, or a clock that is off"},
        {"ExpiredTokenException", "the session's token has expired: new keys are needed"},
        {"ExpiredToken", "the session's token has expired: new keys are needed"},
        {"RequestTimeTooSkewed", "our clock is off from theirs"},
        {"RequestExpired", "our clock is off from theirs"},
        {"AccessDeniedException", "these keys may not do that: see the policy in packaging/deploy/aws"},
        {"MissingAuthenticationTokenException", "the request came without a signature"},
        {"ResourceNotFoundException", "the table or stream is not there: look at its name and the region"},
    };
    for (uint32_t i = 0; i < COUNT_OF(table); i++)
        if (text_equal(code, table[i].code))
            return table[i].words;
    return NULL;
}

void aws_judge(uint32_t status, const struct aws_error *error, enum verdict *v, struct text *why)
{
    static const char *const refusals[] = {"ValidationException", "SerializationException",
                                           "InvalidArgumentException",
                                           "ItemCollectionSizeLimitExceededException"};
    const char *advice = advice_of(error->code);
    if (status == 0 || (status == 200 && error->code[0] == '\0'))
        return;
    if (error->code[0] == '\0') {
        if (status < 500)
            *v = status == 413 ? VERDICT_DROP : status == 429 ? VERDICT_AGAIN : VERDICT_HOLD;
        if (*v == VERDICT_HOLD)
            text_put(why, " (that is not how AWS answers: look at url)");
        return;
    }
    bool is_refusal = status < 500 && is_one_of(error->code, refusals, COUNT_OF(refusals));
    *v = is_throttled(error->code)                         ? VERDICT_AGAIN
       : is_refusal                                        ? VERDICT_DROP
       : advice != NULL || (status >= 400 && status < 500) ? VERDICT_HOLD
                                                           : VERDICT_AGAIN;
    text_clear(why);
    text_printf(why, "%s: %s", error->code, advice != NULL ? advice : error->message);
}
