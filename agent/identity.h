/* SPDX-License-Identifier: MIT */
/* Who this agent is: the id in its certificate, its name, and the facts about its machine. */
#ifndef NEPHOS_IDENTITY_H
#define NEPHOS_IDENTITY_H

#include "platform/platform.h"
#include "proto/limits.h"

struct identity {
    char id[INSTANCE_ID_SIZE];
    char name[NAME_SIZE];
    bool is_made;            /* the id was made here, and nobody has heard of it yet: the cloud's is better */
    char provider[FACT_SIZE], region[FACT_SIZE], type[FACT_SIZE]; /* "": not known */
    struct plat_host host;
};

/* `id` and `name` are what the user chose, or "". Otherwise the id is the one kept at enrolment, or made
 * from the machine id (so that it survives a lost state directory), or by chance where there is none. */
void identity_init(struct identity *it, struct plat *p, const char *id, const char *name);
/* What the user chose of the three, or "". */
void identity_choose(struct identity *it, const char *provider, const char *region, const char *type);
/* What the cloud says, or "": fills in what nobody has chosen. The id only while it may change, which is
 * before the agent joins. */
void identity_learn(struct identity *it, const char *id, const char *provider, const char *region,
                    const char *type);
/* Keeps the id in the state directory: every later start is for the same one. ERR_OK, or why it could not be
 * written. */
int identity_keep(const struct identity *it, struct plat *p);

#endif
