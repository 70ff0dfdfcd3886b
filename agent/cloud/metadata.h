/* SPDX-License-Identifier: MIT */
/* What the cloud tells a machine about itself: id, region, type. Asked once at start over link-local HTTP,
 * one short question after the other, and over after METADATA_MS_MAX whatever happens. Nothing waits for it
 * but the first connection to the aggregator.
 *
 * Which cloud it is, the firmware tells; only where it names one that has such a service anybody is asked,
 * unless the user wants all of them tried. */
#ifndef NEPHOS_METADATA_H
#define NEPHOS_METADATA_H

#include "agent/cloud/cloud.h"
#include "agent/http.h"

enum metadata_mode {
    METADATA_AUTO, /* the cloud that the firmware names */
    METADATA_ON,   /* where it names none, all that are known, one after the other */
    METADATA_OFF,  /* nobody; the provider is known all the same */
};

/* "" where nothing is known. */
struct metadata_facts {
    char id[INSTANCE_ID_SIZE];
    char provider[FACT_SIZE];
    char region[FACT_SIZE];
    char type[FACT_SIZE];
};

#define METADATA_SECRET_SIZE 200U

struct metadata {
    struct plat *plat;
    const char *address;          /* HOST:PORT */
    enum cloud cloud;             /* who is asked */
    bool is_trying;               /* not known to be this one: if the first answer is none, the next */
    bool is_settled;
    uint32_t question;            /* of this cloud's */
    struct mono deadline;         /* of all questions together */
    char secret[METADATA_SECRET_SIZE]; /* AWS: goes with every question after the first */
    struct metadata_facts facts;
    struct http http;
};

/* `address` outlives it. */
void metadata_init(struct metadata *m, struct plat *p, enum metadata_mode mode, const char *address);
void metadata_ready(struct metadata *m, int conn);
/* Goes on; returns when to come back at the latest. */
struct mono metadata_step(struct metadata *m, struct mono now);
/* Nothing more will be known than what is in `facts`. */
bool metadata_is_settled(const struct metadata *m);
void metadata_close(struct metadata *m);

#endif
