/* SPDX-License-Identifier: MIT */
/* Who this agent is: the id in its certificate, its name, and the facts about its machine. */
#ifndef NEPHOS_IDENTITY_H
#define NEPHOS_IDENTITY_H

#include "platform/platform.h"
#include "proto/limits.h"

struct identity {
    char id[INSTANCE_ID_SIZE];
    char name[NAME_SIZE];
    struct plat_host host;
};

/* `id` and `name` are what the user chose, or "". Otherwise the id is the one kept at enrolment, or made
 * from the machine id (so that it survives a lost state directory), or by chance where there is none. */
void identity_init(struct identity *it, struct plat *p, const char *id, const char *name);
/* Keeps the id in the state directory: every later start is for the same one. ERR_OK, or why it could not be
 * written. */
int identity_keep(const struct identity *it, struct plat *p);

#endif
