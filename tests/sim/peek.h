/* SPDX-License-Identifier: MIT */
/* The store of an aggregator, which its public header keeps to itself. */
#ifndef NEPHOS_TESTS_SIM_PEEK_H
#define NEPHOS_TESTS_SIM_PEEK_H

#include "aggregator/aggregator.h"
#include "aggregator/store/store.h"

struct store *peek_store(struct aggregator *a);

#endif
