/* SPDX-License-Identifier: MIT */
/* OTLP/HTTP as a destination (see exporter.h), and what OpenTelemetry calls things. */
#ifndef NEPHOS_FORWARD_OTLP_H
#define NEPHOS_FORWARD_OTLP_H

#include "aggregator/forward/exporter.h"

extern const struct exporter exporter_otlp;

/* --- otlp_names.c, pure --- */

#define OTLP_NAME_SIZE (METRIC_SIZE + 64U)

struct otlp_name {
    char name[OTLP_NAME_SIZE];
    const char *unit;                /* in UCUM's words; that of the store when there are none */
    uint32_t divisor;                /* a value over this is in that unit */
    const char *key, *value;         /* an attribute that the name alone does not tell; NULL */
    bool since_boot;                 /* a counter of the machine, from 0 at its start */
};
/* `has_cores`: the host tells CPU time by core, so that the sum of them is another metric. */
void otlp_name(const char *metric, const char *unit, bool has_cores, struct otlp_name *out);
/* What the tag's key of a metric of ours is called; NULL: as it is. Not terminated. */
const char *otlp_key(const char *key, uint32_t length);

/* --- otlp_answer.c, pure --- */

struct otlp_answer {
    uint64_t rejected;               /* points of a request that was taken, which were not */
    char words[256];                 /* printable; "" */
};
/* Of a request that was taken (200) an ExportMetricsServiceResponse, else a google.rpc.Status. What is
 * neither says nothing. */
void otlp_answer_read(const uint8_t *bytes, uint32_t size, uint32_t status, struct otlp_answer *out);

#endif
