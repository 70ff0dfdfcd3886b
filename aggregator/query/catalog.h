/* SPDX-License-Identifier: MIT */
/* How Prometheus calls what the store holds: a family for each metric, labels for each series, and for each
 * instance its series in the order of families, so that a family can be told without a search through all.
 *
 * Metrics that Nephos knows have node_exporter's name where it has one; else nephos_ and ours, in base units
 * (ratios, seconds). What people send keeps the name that they gave it. CPU time by mode is told per core
 * where the host tells it so, else in all: averages over `cpu` then mean what they mean with node_exporter.
 *
 * The catalog only reads the store. It follows it lazily: entries of an instance are sorted again when the
 * store has more of its series than the catalog. */
#ifndef NEPHOS_QUERY_CATALOG_H
#define NEPHOS_QUERY_CATALOG_H

#include "aggregator/query/naming.h"

#define FAMILY_NONE UINT16_MAX

/* What is known of one of the store's metrics. */
struct catalog_metric {
    char name[FAMILY_NAME_SIZE];
    const char *help;
    enum family_type type;
    uint16_t family;       /* index of the first metric of that name; FAMILY_NONE: it is not exposed */
    int known;             /* enum metric, or negative for what people send */
    uint32_t scale;        /* stored integer / scale = value in the base unit */
};

struct catalog_entry {
    uint16_t family, series;
};

struct catalog;

/* For so many instances with so many series each: as the store. */
struct catalog *catalog_reserve(struct memory_map *map, uint32_t instances_max, uint32_t series_max);
void catalog_open(struct catalog *c, struct store *s);
/* Indexes of store_metric() that are known now; grows when instances are looked at. */
uint32_t catalog_metric_count(const struct catalog *c);
const struct catalog_metric *catalog_metric(const struct catalog *c, uint32_t metric_index);
/* Entries of an instance in the order of families; brought up to date first. */
const struct catalog_entry *catalog_entries(struct catalog *c, uint32_t instance, uint32_t *count);
/* The first entry at or behind `family`, by bisection. */
uint32_t catalog_find(const struct catalog_entry *entries, uint32_t count, uint16_t family);
/* False for a series that has no value now: it, or its host, has been silent for too long, or the same
 * metric and tag come with another scale now. */
bool catalog_is_fresh(const struct catalog *c, uint32_t instance, uint32_t series, int64_t now_ms);

/* --- labels --- */

/* instance and what the tag says; with facts also name, provider, region and type, where they are known. */
void catalog_labels(const struct catalog *c, uint32_t instance, uint32_t series, bool with_facts,
                    struct labels *out);

#endif
