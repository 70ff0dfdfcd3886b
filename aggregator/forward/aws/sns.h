/* SPDX-License-Identifier: MIT */
/* A message for SNS on its way out: address and keys, and what the answer says of them. */
#ifndef NEPHOS_FORWARD_AWS_SNS_H
#define NEPHOS_FORWARD_AWS_SNS_H

#include "aggregator/forward/aws/call.h"
#include "aggregator/forward/destination.h"
#include "aggregator/forward/shape.h"
#include "platform/outbound.h"

/* Cleared memory is a new one. */
struct sns {
    struct aws_chain chain;
    bool is_asking; /* the request is one for keys */
};

/* AWS_HAS: url, scope and headers are in *o beside the message, and it is signed with sns->chain.keys.
 * AWS_ASKS: *o is a request for keys in place of the message, which must be made again afterwards.
 * AWS_LACKS: sns->chain.why. */
enum aws_need sns_sign(struct sns *s, const struct destination *to, const struct aws_environment *e,
                       struct plat *p, int64_t now_ms, struct shaped *o);
/* Reads the answer. True: it says nothing of the message, which is to be made and sent again at once. `o`
 * is room to work in. */
bool sns_take(struct sns *s, const struct plat_answer *a, int64_t now_ms, struct shaped *o);

#endif
