/* SPDX-License-Identifier: MIT */
/* How numbers, units, durations, times, names and lists read in English sentences.
 *
 * Everything is put into a bounded text. Names of hosts, processes and metrics come from outside:
 * phrase_name() and phrase_foreign() are the only way in which they get into a sentence. */
#ifndef NEPHOS_WORDS_PHRASE_H
#define NEPHOS_WORDS_PHRASE_H

#include "platform/base/text.h"

#define PHRASE_NAME_MAX 48U /* characters of a name that are told */

/* Printable and at most `most` bytes of it, "..." where it was cut; "(no name)" when nothing is left. What is
 * no printable character becomes '?'. `to` may be put into sentences. */
void phrase_foreign(struct text *t, const char *s, uint32_t most);
void phrase_name(struct text *t, const char *name);

/* Three digits that matter, thousands in groups: 0.42, 8.2, 97.3, 1,234, 3.2 million. "no number" for NAN. */
void phrase_number(struct text *t, double v);
/* With its unit: "97.3 %", "8.2 GiB", "350 ms", "1.5 s", "3 h 20 min", "12 pages". `unit` as in
 * proto/metrics.def, "ratio" (1 is 100 %), "count/s", "bytes/s", or any other word, which is put behind the
 * number. */
void phrase_value(struct text *t, double v, const char *unit);
/* The same by time: "12 MiB/s", "40/s", "0.5 %/h" with per = "h". */
void phrase_rate(struct text *t, double v, const char *unit, const char *per);
/* "1 alert", "3 alerts"; `plural` NULL: the noun and an s. */
void phrase_count(struct text *t, uint64_t n, const char *noun, const char *plural);
/* 0..1 as "97 %"; what is not quite none or all is told as "less than 1 %" and "more than 99 %". */
void phrase_share(struct text *t, double share);

/* "45 seconds", "35 minutes", "3 h 20 min", "2 days 4 h", "12 days"; negative as its size. */
void phrase_duration(struct text *t, int64_t ms);
/* As people say what they do not know exactly: "9 hours", "2 days", "40 minutes". */
void phrase_about(struct text *t, int64_t ms);
/* "14:05 UTC", "yesterday 14:05 UTC", "tomorrow 14:05 UTC", "Thu 15 Jan 14:05 UTC", with the year when it is
 * another one. */
void phrase_time(struct text *t, int64_t ms, int64_t now_ms);
/* "at 14:05 UTC", "yesterday at 14:05 UTC", "on Thu 15 Jan at 14:05 UTC" */
void phrase_at(struct text *t, int64_t ms, int64_t now_ms);
/* As phrase_at() within one minute, "from 14:05 to 14:20 UTC" within one day, else both in full. */
void phrase_span(struct text *t, int64_t from_ms, int64_t to_ms, int64_t now_ms);
/* "since 14:05 UTC, 35 minutes ago" */
void phrase_since(struct text *t, int64_t ms, int64_t now_ms);

/* "a, b and c", or "a, b and 3 more": put before each of `total` elements in turn, of which `told` are told.
 * `at` counts from 0. After the last one phrase_list_end(). */
void phrase_list_next(struct text *t, uint32_t at, uint32_t told, uint32_t total);
void phrase_list_end(struct text *t, uint32_t told, uint32_t total);

/* The first letter of what was put from `from` on becomes a capital. */
void phrase_capital(struct text *t, uint32_t from);

#endif
