/* SPDX-License-Identifier: MIT */
/* The tag of a series taken apart: "mount=/" is one pair, "code=200,path=/" two. Pure. */
#ifndef NEPHOS_QUERY_TAGS_H
#define NEPHOS_QUERY_TAGS_H

#include "platform/base/base.h"

struct tag_pair {
    const char *key; /* not terminated; length 0 for text that has no '=' */
    const char *value;
    uint32_t key_length, value_length;
};

/* Takes the next pair off *rest; false at the end. A comma ends a value only where another key follows: a
 * mount may have commas, too. */
bool tags_next(const char **rest, struct tag_pair *out);
/* The value of that key: its length, or ERR_MISSING. */
int tags_value(const char *tag, const char *key, const char **value);

#endif
