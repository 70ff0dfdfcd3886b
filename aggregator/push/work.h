/* SPDX-License-Identifier: MIT */
/* Memory for reading one request, reserved once for all readers: requests are read one after the other. */
#ifndef NEPHOS_PUSH_WORK_H
#define NEPHOS_PUSH_WORK_H

#include "aggregator/push/inflate.h"
#include "aggregator/push/otlp_json.h"
#include "aggregator/push/symbols.h"

struct push_work {
    struct symbols *symbols;
    struct otlp *otlp;
    struct otlp_json *json;
    struct inflate_memory *inflate;
};

struct push_work *push_work(struct push *p);

#endif
