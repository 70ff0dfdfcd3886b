/* SPDX-License-Identifier: MIT */
/* Text for scrapers, between its files: exposition.c walks through what there is, exposition_text.c writes
 * the lines, exposition_self.c what the aggregator says of itself. */
#ifndef NEPHOS_API_EXPOSITION_H
#define NEPHOS_API_EXPOSITION_H

#include "aggregator/api/exchange.h"
#include "aggregator/query/selector.h"

enum exposition { EXPOSITION_NONE, EXPOSITION_TEXT, EXPOSITION_OPENMETRICS };

struct exposition_state {
    enum exposition format;
    bool is_federate;          /* selected, and with times */
    bool is_head_done, is_ended;
    bool has_self;
    struct selection *selection; /* a slot of the pool, or NULL */
    uint32_t own, own_instance; /* families that are not metrics: where it stands */
    uint32_t sorted;           /* instances whose series are in order */
    uint32_t family, instance, position;
};
static_assert(sizeof(struct exposition_state) <= EXCHANGE_STATE_SIZE, "exposition state must fit");

/* What the Accept header asks for: a scraper names a version of the text or OpenMetrics. Clients that list
 * text/plain among others, behind JSON, get JSON. */
enum exposition exposition_accepted(const struct http_request *r);

/* HELP and TYPE. */
void exposition_head(struct text *t, enum exposition format, const char *name, const char *help,
                     enum family_type type);
/* {instance="web-1",mode="idle"} */
void exposition_labels(struct text *t, const struct labels *labels);
/* Ends a sample's line: its time where wanted (0: none), in the unit of the format. */
void exposition_end(struct text *t, enum exposition format, int64_t time_ms);

/* The families that stand before those of hosts; one line or head a step. True while there is more. */
bool exposition_self_next(struct exchange *x, struct exposition_state *st, struct text *t);
/* Is there anything that the selection may take? */
bool exposition_takes_family(const struct exposition_state *st, const char *name);

#endif
