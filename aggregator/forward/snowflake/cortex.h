/* SPDX-License-Identifier: MIT */
/* Asks a model of Snowflake's Cortex for words, with the credentials of a destination of metrics:
 *
 *   nothing -(a wording is asked for)-> statement -(202)-> asking how it goes -(200)-> nothing
 *
 * One at a time, with a request of its own beside those of the destination, and for a bounded time. */
#ifndef NEPHOS_SNOWFLAKE_CORTEX_H
#define NEPHOS_SNOWFLAKE_CORTEX_H

#include "aggregator/forward/snowflake/answer.h"
#include "aggregator/forward/snowflake/snowflake.h"
#include "aggregator/store/store_wording.h"

#define CORTEX_MS_MAX 25000         /* from the beginning of a statement to its words */

struct cortex {
    struct target to, next;         /* model "": nobody asks; next: takes its place between requests */
    bool has_next;
    int request;                    /* of the platform, -1: none */
    struct wording *wording;        /* that it is about; NULL: none */
    struct mono deadline, ask_at;
    char handle[SNOWFLAKE_HANDLE_SIZE];
    char subject[SNOWFLAKE_SUBJECT_SIZE];
    char url_bytes[EXPORT_URL_SIZE], headers_bytes[EXPORT_HEADERS_SIZE];
    char body_bytes[WORDING_PROMPT_SIZE * 2 + 2048], answer[WORDING_TEXT_SIZE * 6 + 4096];
    struct text url, headers, body;
    _Alignas(16) uint8_t pool[131072];
};

void cortex_init(struct cortex *c);
/* The first of the list that is Snowflake and has a model. Copied. */
void cortex_configure(struct cortex *c, struct store *s, const struct target *list, uint32_t count);
struct mono cortex_step(struct cortex *c, struct plat *p, struct store *s, struct mono now);

#endif
