/* SPDX-License-Identifier: MIT */
/* The aggregator with its store laid open to the judge: the aggregator's source, and one function more. */
#include "aggregator/aggregator.c"

#include "tests/sim/peek.h"

struct store *peek_store(struct aggregator *a)
{
    return a->store;
}
