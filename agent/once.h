/* SPDX-License-Identifier: MIT */
/* One sample for people (--once), programs (--once=json) and Prometheus (--once=prom). */
#ifndef NEPHOS_ONCE_H
#define NEPHOS_ONCE_H

#include "agent/identity.h"
#include "agent/sample.h"
#include "agent/series.h"
#include "platform/base/text.h"

/* Groups of lines: name, value with its unit. `coloured`: titles bold, high shares yellow and red. */
void once_print_table(const struct sample *sample, const struct series *series, bool coloured,
                      struct text *out);
/* Text exposition 0.0.4, with node_exporter's names and labels where it has one. */
void once_print_prom(const struct sample *sample, const struct series *series, struct text *out);
/* {"instance":, "name":, "timestamp":, "metrics":[{"metric":, "tag":, "value":, "unit":}],
 * "processes":[{"pid":, "name":, "cpu_percent":, "memory_bytes":}]} */
void once_print_json(const struct sample *sample, const struct series *series,
                     const struct identity *identity, struct text *out);

#endif
