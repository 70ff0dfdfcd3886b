/* SPDX-License-Identifier: MIT */
/* Records of the stream: JSON as the consumers of the field read it, and every metric with its id. Pure. */
#ifndef NEPHOS_FORWARD_AWS_RECORD_H
#define NEPHOS_FORWARD_AWS_RECORD_H

#include "aggregator/forward/exporter.h"

/* {"id","timestamp","type":"vm-metrics","source","cpu":{},"memory":{},"disk":{},"network":{},"metrics":[...]}
 * of points of one instance and window: `count` items of the batch, at least one. An instance whose type
 * says that it is an application is of type "webapp-metrics", without the four objects. */
void record_put_points(struct text *out, const struct export_batch *b, const uint16_t *list, uint32_t count);
/* {"id","timestamp","type":"alert",...}; "deleted":true of one that was removed. */
void record_put_alert(struct text *out, const struct export_item *item);

#endif
