/* SPDX-License-Identifier: MIT */
/* What Prometheus calls our metrics and tags where node_exporter has no name (metrics.def has those): nephos_
 * and ours, in base units. Pure. */
#ifndef NEPHOS_PROTO_PROMETHEUS_H
#define NEPHOS_PROTO_PROMETHEUS_H

#include "platform/base/text.h"

/* "disk_await_ms" as "nephos_disk_await_seconds", a counter with _total at its end. *scale, so many stored
 * units to one, becomes that of the base unit. `name` is empty before. */
void prometheus_put_metric(struct text *name, const char *metric, const char *unit, bool is_counter,
                           uint32_t *scale);
/* Letters, digits and _ stay, and ':' where it may be; all else becomes _. */
void prometheus_put_word(struct text *t, const char *s, size_t length, bool may_have_colon);
/* node_exporter's word for a key of our tags, or NULL: it is the same. */
const char *prometheus_label(const char *key, size_t length);
bool prometheus_is_total(const char *name);

#endif
