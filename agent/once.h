/* SPDX-License-Identifier: MIT */
/* One sample for people (--once) or programs (--once=json). */
#ifndef NEPHOS_ONCE_H
#define NEPHOS_ONCE_H

#include "agent/identity.h"
#include "agent/sample.h"
#include "agent/series.h"
#include "platform/base/text.h"

void once_print_table(const struct sample *sample, const struct series *series, struct text *out);
/* {"instance":, "name":, "timestamp":, "metrics":[{"metric":, "tag":, "value":, "unit":}]} */
void once_print_json(const struct sample *sample, const struct series *series,
                     const struct identity *identity, struct text *out);

#endif
