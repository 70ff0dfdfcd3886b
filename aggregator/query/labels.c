/* SPDX-License-Identifier: MIT */
#include "aggregator/query/labels.h"

#include "platform/base/text.h"

const struct label *labels_find(const struct labels *l, const char *name)
{
    for (uint32_t i = 0; i < l->count; i++)
        if (text_equal(l->at[i].name, name))
            return &l->at[i];
    return NULL;
}
