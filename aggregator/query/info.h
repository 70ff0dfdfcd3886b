/* SPDX-License-Identifier: MIT */
/* Families that tell who a host is: their value is 1, what they say stands in their labels. */
#ifndef NEPHOS_QUERY_INFO_H
#define NEPHOS_QUERY_INFO_H

#include "aggregator/query/labels.h"
#include "aggregator/store/store.h"

struct info_family {
    const char *name, *help;
    void (*labels)(const struct instance *in, struct labels *out); /* added to what is there */
};

#define INFO_FAMILIES 2U
extern const struct info_family info_families[INFO_FAMILIES];

/* A label more, unless its value is empty, it is there already, or there is no room. Both must last. */
void info_add_label(struct labels *l, const char *name, const char *value);
/* name, provider, region, type: for whichever labels a series has of its own, its own stay. */
void info_add_facts(const struct instance *in, struct labels *out);

#endif
