/* SPDX-License-Identifier: MIT */
/* The audit log, for handlers of changes. */
#ifndef NEPHOS_API_AUDIT_H
#define NEPHOS_API_AUDIT_H

#include "aggregator/api/exchange.h"

/* Notes who does what, to become durable in the transaction of what is staged beside it: call it right before
 * the change is staged, and answer with respond_committed(). `format` says what, as "revoked the agent
 * web-1"; never a secret. False when the log takes no more just now: the request has been answered with
 * 503, and the change must not be made. */
bool audit(struct exchange *x, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
