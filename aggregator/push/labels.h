/* SPDX-License-Identifier: MIT */
/* What other systems say of a sample besides its name: pairs of texts. Some name the instance or tell
 * facts of it; the others make the tag, "a=b,c=d" in the order of their names. */
#ifndef NEPHOS_PUSH_LABELS_H
#define NEPHOS_PUSH_LABELS_H

#include "aggregator/push/fields.h"
#include "aggregator/push/push.h"

#define LABELS_MAX 64U
#define LABELS_ASK_SIZE 128U

struct label {
    struct bytes name, value;
    bool is_taken;           /* it is not part of the tag */
};

struct labels {
    struct label list[LABELS_MAX];
    uint32_t count;
    bool has_too_many;
};

/* How a sender wants its instances to be found. */
struct labels_ask {
    char instance[LABELS_ASK_SIZE]; /* names of labels, separated by commas; the first one present counts */
    bool strip_port;                /* ":9100" is no part of the instance's id */
};

/* Who a series is of, out of its labels; `facts` points in here. */
struct labels_instance {
    char id[INSTANCE_ID_SIZE], name[NAME_SIZE];
    char region[FACT_SIZE], provider[FACT_SIZE], os[FACT_SIZE];
    struct push_facts facts;
};

static inline void labels_clear(struct labels *l)
{
    l->count = 0;
    l->has_too_many = false;
}
void labels_add(struct labels *l, struct bytes name, struct bytes value);
/* The label of that name, or NULL. */
struct label *labels_find(struct labels *l, const char *name);
/* Copies the text of a label; false when it is too long, or has a NUL. */
bool labels_copy(struct bytes text, char *to, uint32_t size);
/* Takes the labels that name the instance and tell facts. False when there is no such label, or its text
 * is too long for an id. Characters that an id cannot have become '_'. */
bool labels_take_instance(struct labels *l, const struct labels_ask *ask, struct labels_instance *out);
/* The tag of those not taken. ERR_FULL when they are too long or too many, ERR_MALFORMED when one comes
 * twice, has no name, or bytes that no text has. Sorts them. */
int labels_tag(struct labels *l, char tag[static TAG_SIZE]);

#endif
