/* SPDX-License-Identifier: MIT */
/* What all exporters to AWS begin and end with: keys before a request, AWS' way to say no after it. */
#ifndef NEPHOS_FORWARD_AWS_SESSION_H
#define NEPHOS_FORWARD_AWS_SESSION_H

#include "aggregator/forward/aws/call.h"
#include "aggregator/forward/exporter.h"

/* Cleared memory is a new one. */
struct aws_session {
    struct aws_chain chain;
    bool is_asking;          /* the request is one for keys */
    uint32_t refused_in_row; /* items alone in their request that AWS will never take */
};

/* True: address, keys, time and scope of a call are in *r, and its own headers and body are to be added.
 * False: *r is a request for keys, or says why there can be none. */
bool aws_session_open(struct aws_session *s, const struct export_view *v, enum aws_service service,
                      struct export_request *r);
/* Reads the answer, as judge() has it. True: that was all, nothing was done for any item. False: AWS spoke,
 * *error has its code ("" when it took the request, so that the body counts) and *j is as AWS means it. */
bool aws_session_judge(struct aws_session *s, const struct export_view *v, const struct export_request *r,
                       const struct export_answer *a, struct export_judgement *j, struct aws_error *error);

#endif
