/* SPDX-License-Identifier: MIT */
/* What other systems say of a sample besides its name: pairs of texts. Some name the instance or tell
 * facts of it; the others make the tag, "a=b,c=d" in the order of their names. */
#ifndef NEPHOS_PUSH_PAIRS_H
#define NEPHOS_PUSH_PAIRS_H

#include "proto/fields.h"
#include "aggregator/push/push.h"

#define PAIRS_MAX 64U
#define PAIRS_ASK_SIZE 128U
/* The last label of a tag that cannot hold all: its value is a hash of what there was. */
#define PAIRS_MORE "_more"

struct pair {
    struct bytes name, value;
    bool is_taken;           /* it is not part of the tag */
};

struct pairs {
    struct pair list[PAIRS_MAX];
    uint32_t count;
    bool has_too_many;
};

/* How a sender wants its instances to be found. */
struct pairs_ask {
    char instance[PAIRS_ASK_SIZE]; /* names of labels, separated by commas; the first one present counts */
    bool strip_port;                /* ":9100" is no part of the instance's id */
};

/* Who a series is of, out of its labels; `facts` points in here. */
struct pairs_instance {
    char id[INSTANCE_ID_SIZE], name[NAME_SIZE];
    char region[FACT_SIZE], provider[FACT_SIZE], os[FACT_SIZE];
    struct push_facts facts;
};

static inline void pairs_clear(struct pairs *l)
{
    l->count = 0;
    l->has_too_many = false;
}
void pairs_add(struct pairs *l, struct bytes name, struct bytes value);
/* The label of that name, or NULL. */
struct pair *pairs_find(struct pairs *l, const char *name);
/* Copies the text of a label; false when it is too long, or has a NUL. */
bool pairs_copy(struct bytes text, char *to, uint32_t size);
/* Takes the labels that name the instance and tell facts. False when there is no such label, or its text
 * is too long for an id. Characters that an id cannot have become '_'. */
bool pairs_take_instance(struct pairs *l, const struct pairs_ask *ask, struct pairs_instance *out);
/* The tag of those not taken. When together they are longer than a tag, those that fit one after the other
 * stand in it, and PAIRS_MORE keeps it apart from others. ERR_FULL when there are too many, ERR_MALFORMED
 * when one comes twice, has no name, or bytes that no text has. Sorts them. */
int pairs_tag(struct pairs *l, char tag[static TAG_SIZE]);

#endif
