/* SPDX-License-Identifier: MIT */
/* Wordings: what a language model elsewhere makes of our words. The api asks, forward finds the answer; both
 * meet here. In memory only: after a restart it is asked anew. Nobody depends on them: our own words are
 * there at once, whatever becomes of these. */
#ifndef NEPHOS_STORE_WORDING_H
#define NEPHOS_STORE_WORDING_H

#include "aggregator/store/store.h"

#define WORDINGS_MAX 6U
#define WORDING_PROMPT_SIZE 8192U
#define WORDING_TEXT_SIZE 4096U
#define WORDING_MODEL_SIZE 160U
#define WORDING_LIFE_MS INT64_C(3600000)  /* an answer is as good as its facts, but no longer than this */
#define WORDING_PAUSE_MS INT64_C(60000)   /* what failed is not asked again sooner */

enum wording_state {
    WORDING_NONE,
    WORDING_ASKED,   /* waits for forward */
    WORDING_TAKEN,   /* is under way */
    WORDING_THERE,
    WORDING_FAILED,
};

struct wording {
    enum wording_state state;
    uint64_t key;                    /* of the facts that it is about */
    int64_t asked_ms, done_ms;       /* wall clock */
    char prompt[WORDING_PROMPT_SIZE];
    char text[WORDING_TEXT_SIZE];    /* with line ends; no other control characters */
    char model[WORDING_MODEL_SIZE];  /* that made it, for people */
};

/* Somebody answers, or ("") nobody does; forward says so. */
void store_wording_offer(struct store *s, const char *model);
const char *store_wording_model(const struct store *s);
/* The wording of that key, asked for now unless it has been within WORDING_LIFE_MS (within WORDING_PAUSE_MS,
 * when it failed) and `is_new` is not set. NULL when nobody answers, the prompt is too long, or all places
 * are under way. Valid until the next call: hold the key. */
const struct wording *store_wording_ask(struct store *s, uint64_t key, const char *prompt, bool is_new,
                                        int64_t now_ms);
/* NULL when there is none of that key. */
const struct wording *store_wording(const struct store *s, uint64_t key);
/* For forward: the one that waits longest, now taken; NULL. */
struct wording *store_wording_next(struct store *s);

#endif
