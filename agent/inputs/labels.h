/* SPDX-License-Identifier: MIT */
/* Names and tags as strangers write them, made fit to be kept: "a=1,b=2" in the order of the keys, printable,
 * whole or not at all. What points into a span is valid as long as the text it came from. */
#ifndef NEPHOS_INPUTS_LABELS_H
#define NEPHOS_INPUTS_LABELS_H

#include "agent/collect/span.h"
#include "proto/limits.h"

/* More do not fit in TAG_SIZE in any sensible way. */
#define LABELS_MAX 16U

struct label {
    struct span key, value;
};

struct labels {
    uint32_t count;
    bool is_escaped; /* values hold \\ \" \n, as Prometheus writes them */
    struct label at[LABELS_MAX];
};

/* False when there are too many. */
bool labels_add(struct labels *l, struct span key, struct span value);
/* Sorted by key; of two with the same key the first stays. What would spoil the form becomes '_' in a key
 * (blanks, commas, equals signs, wildcards) and ';' in a value (commas). ERR_OK; ERR_MALFORMED: no key, or
 * not printable UTF-8; ERR_FULL: longer than TAG_SIZE. */
int labels_write(const struct labels *l, char to[static TAG_SIZE]);
/* A metric's name with `suffix`; blanks, commas and wildcards become '_'. Errors as above, for
 * METRIC_SIZE. */
int labels_write_name(struct span name, const char *suffix, char to[static METRIC_SIZE]);
/* The unit that a name tells by its end (_bytes, _seconds, _ms, ...), else "count". */
const char *labels_unit(const char *name);

#endif
