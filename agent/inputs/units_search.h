/* SPDX-License-Identifier: MIT */
/* The number of failed units in the answer of systemd's manager (units.h). Pure. */
#ifndef NEPHOS_INPUTS_UNITS_SEARCH_H
#define NEPHOS_INPUTS_UNITS_SEARCH_H

#include "agent/limits.h"

/* Looks for the number in an answer that comes in pieces. */
struct units_search {
    uint32_t matched; /* characters of the name */
    uint32_t digits;
    uint32_t read;    /* bytes of the answer */
    uint64_t count;
};

/* 1: search->count is the number; 0: more is needed; ERR_MALFORMED: the answer ended, or is too long. */
int units_search(struct units_search *s, const char *bytes, uint32_t size);

#endif
