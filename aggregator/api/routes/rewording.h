/* SPDX-License-Identifier: MIT */
/* Our words put better by a model elsewhere, where the configuration names one (store_wording.h). What is
 * told is marked with who said it, and our own words go along; without an answer in time they stand alone. */
#ifndef NEPHOS_API_REWORDING_H
#define NEPHOS_API_REWORDING_H

#include "aggregator/api/routes/words_pool.h"

/* Of what the words are about, times and values left out: that may be asked for again. */
uint64_t rewording_key_of_summary(const struct summary_facts *f);
uint64_t rewording_key_of_alert(const struct alert *a);
/* Asks for it, once; `is_new`: also when there is an answer already. False when nobody answers. */
bool rewording_ask(struct exchange *x, struct words_slot *slot, uint64_t key, const char *what,
                   const char *words, bool is_new);
/* ERR_BUSY while it is worth waiting for since `since`, else ERR_OK. */
int rewording_wait(struct exchange *x, uint64_t key, struct mono since);
/* Keeps the answer, if there is one, in the slot. */
void rewording_take(struct exchange *x, uint64_t key, struct words_slot *slot);
/* Members source and, of somebody else's words, aiModel and facts, which are ours. */
void rewording_write(struct json *j, const struct words_slot *slot, const char *ours);

#endif
