/* SPDX-License-Identifier: MIT */
/* Hints as a person writes them: levels at which agents send a sample at once.
 *
 *     cpu_usage>90, disk_usage_percent{mount=/}>95, memory_available_bytes<104857600
 *
 * Each is a metric of proto/metrics.def, a tag in braces where only one series of it is meant, > or < (or >=
 * or <=, when the level itself counts, too), and the level in the unit of the metric. */
#ifndef NEPHOS_AGGREGATOR_HINTS_H
#define NEPHOS_AGGREGATOR_HINTS_H

#include "aggregator/ingest/ingest.h"
#include "aggregator/rules/rule.h"
#include "platform/base/text.h"

/* The number of hints; ERR_MALFORMED, with what is wrong with which of them in `why`. */
int hints_parse(const char *text, struct ingest_hint hints[static HINTS_MAX], struct text *why);

/* In place of a list: what follows from the rules. */
#define HINTS_OF_RULES "rules"
/* The levels of rules that look at one metric of agents, up to HINTS_MAX: their number. A rule that wants to
 * see its value there for some seconds, at most HINT_HOLD_S_MAX, has agents send each of them. */
uint32_t hints_of_rules(const struct rule_set *set, struct ingest_hint hints[static HINTS_MAX]);
/* The same for hints that a person wrote: so long as rules look at the same metric. */
void hints_hold(const struct rule_set *set, struct ingest_hint hints[static HINTS_MAX], uint32_t count);

#endif
