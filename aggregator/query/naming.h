/* SPDX-License-Identifier: MIT */
/* What Prometheus calls a metric and its labels. Pure.
 *
 * Metrics that Nephos knows have node_exporter's name where it has one; else nephos_ and ours, in base units
 * (ratios, seconds). What people send keeps the name that they gave it. */
#ifndef NEPHOS_QUERY_NAMING_H
#define NEPHOS_QUERY_NAMING_H

#include "aggregator/query/labels.h"
#include "aggregator/store/store.h"

#define FAMILY_NAME_SIZE 96U

enum family_type { FAMILY_GAUGE, FAMILY_COUNTER, FAMILY_UNTYPED };

struct naming {
    char name[FAMILY_NAME_SIZE];
    const char *help;
    enum family_type type;
    int known;             /* enum metric, or negative for what people send */
    uint32_t scale;        /* stored integer / scale = value in the base unit */
};

void naming_metric(const struct store_metric *m, struct naming *out);
/* Adds the label instance; with facts also name, provider, region and type, where they are known. */
void naming_instance(const struct instance *in, bool with_facts, struct labels *out);
/* Adds what a tag says, once; `is_known`: of a metric of ours, whose keys get node_exporter's names. */
void naming_tag(const char *tag, bool is_known, struct labels *out);

#endif
