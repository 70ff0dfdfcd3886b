/* SPDX-License-Identifier: MIT */
/* A signed call of an AWS service: address, headers, scope. Pure. */
#ifndef NEPHOS_FORWARD_AWS_CALL_H
#define NEPHOS_FORWARD_AWS_CALL_H

#include "aggregator/forward/aws/answers.h"
#include "aggregator/forward/aws/chain.h"
#include "aggregator/forward/retry.h"

/* The service's address: the configuration's (`url`, ""), the environment's,
 * else that of the region. */
void aws_put_url(struct text *out, enum aws_service service, const char *url, const char *region,
                 const struct aws_environment *e);
/* Header lines that a signature needs: the time by AWS' clock, and the
 * session's token. */
void aws_put_headers(struct text *out, const struct aws_chain *c, int64_t now_ms);
/* As platform/outbound.h wants it. */
void aws_put_scope(struct text *out, enum aws_service service, const char *region);

/* What an answer of DynamoDB or Kinesis means, by its code first and its status
 * then: `*v` is changed where AWS means another thing by it than others do, and
 * `why` says it to people. */
void aws_judge(uint32_t status, const struct aws_error *error, enum verdict *v, struct text *why);

#endif
