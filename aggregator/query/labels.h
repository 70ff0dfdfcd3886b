/* SPDX-License-Identifier: MIT */
/* Labels of a series, as Prometheus means the word. Not to be copied: names may lie in the struct itself. */
#ifndef NEPHOS_QUERY_LABELS_H
#define NEPHOS_QUERY_LABELS_H

#include "platform/base/base.h"

#define LABELS_MAX 24U

struct label {
    const char *name;     /* terminated */
    const char *value;    /* not terminated; may hold anything */
    uint32_t length;
};
struct labels {
    uint32_t count;
    struct label at[LABELS_MAX];
    char names[192];      /* of those that come from a tag */
};

/* NULL when there is none of that name. */
const struct label *labels_find(const struct labels *l, const char *name);

#endif
