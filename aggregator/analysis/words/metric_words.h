/* SPDX-License-Identifier: MIT */
/* What metrics and rules are about, in words: a noun for each series, and a subject, which decides what is
 * said of an alert. */
#ifndef NEPHOS_WORDS_METRIC_WORDS_H
#define NEPHOS_WORDS_METRIC_WORDS_H

#include "platform/base/text.h"

/* What trouble is about. */
enum subject {
    SUBJECT_CPU, SUBJECT_LOAD, SUBJECT_STEAL, SUBJECT_CPU_PRESSURE, SUBJECT_MEMORY, SUBJECT_SWAP, SUBJECT_OOM,
    SUBJECT_SPACE, SUBJECT_INODES, SUBJECT_READONLY, SUBJECT_DISK_IO, SUBJECT_NETWORK_ERRORS, SUBJECT_TRAFFIC,
    SUBJECT_TRANSFER, SUBJECT_TCP, SUBJECT_RESPONSE, SUBJECT_HEALTH, SUBJECT_SILENT, SUBJECT_CLOCK,
    SUBJECT_TEMPERATURE, SUBJECT_UNITS, SUBJECT_AGENT, SUBJECT_UNUSUAL, SUBJECT_OTHER, SUBJECT_COUNT,
};

/* Of a metric's name; where that says nothing, of the rule's and the type's. Any may be "". */
enum subject subject_of(const char *metric, const char *rule, const char *type);
/* "disk space", "CPU": what a headline says behind the name of a host. */
const char *subject_noun(enum subject subject);
/* "disk use of /", "CPU use", "requests (path=/x)": the series in a sentence; foreign parts are cleaned. */
void metric_noun(struct text *t, const char *metric, const char *tag);
/* The same at the beginning of a sentence: our own nouns with a capital, foreign names as they are. */
void metric_begin(struct text *t, const char *metric, const char *tag);
/* There is a noun for it. */
bool metric_is_worded(const char *metric);
/* "have been" and not "has been". */
bool metric_is_plural(const char *metric);
/* The values of an alert of that rule are those of the metric. Rules may look at the load of each core: then
 * the rule's own message says what its values are. */
bool metric_is_plain(const char *metric, const char *rule);
/* How the name of the host follows the noun: " on ", or " of " behind "on eth0". */
const char *metric_joint(const char *tag);
/* The value behind '=' of the first tag, or "" . */
const char *tag_value(const char *tag);

#endif
