/* SPDX-License-Identifier: MIT */
/* The JSON form of OTLP; see otlp.h. */
#ifndef NEPHOS_PUSH_OTLP_JSON_H
#define NEPHOS_PUSH_OTLP_JSON_H

#include "aggregator/push/otlp.h"

/* Room for the values and texts of one message. */
#define OTLP_JSON_SIZE (8U << 20)

struct otlp_json {
    _Alignas(16) char bytes[OTLP_JSON_SIZE];
};

/* As otlp_read_protobuf(); ERR_FULL also when the message has more values than there is room for. */
int otlp_read_json(struct otlp *o, struct otlp_json *work, const char *message, uint32_t size);

#endif
