/* SPDX-License-Identifier: MIT */
/* Lists that are answered in JSON, or row by row as text when a command of this program asks. */
#ifndef NEPHOS_API_LISTING_H
#define NEPHOS_API_LISTING_H

#include "aggregator/api/exchange.h"

struct listing {
    const char *key;          /* of the array in JSON */
    const char *head;         /* first line of the text */
    /* Writes what stands at *cursor and moves it on, or leaves it out: 1; 0 behind the last. */
    int (*row)(struct exchange *x, int64_t *cursor, bool as_text);
    /* Further members behind the array, or NULL. */
    void (*tail)(struct exchange *x, int64_t cursor);
};

/* Answers with the list, beginning at `cursor`, at most `rows_max` rows. */
void listing_respond(struct exchange *x, const struct listing *l, int64_t cursor, uint32_t rows_max);
/* As the request asks: ?limit= (1 to 1000; without it all), ?cursor=. While there are more rows the answer
 * ends with `next_cursor`. For lists whose cursors begin at 0 and only grow. */
void listing_respond_page(struct exchange *x, const struct listing *l);
/* One sentence to a command, or an object with `message` in JSON. */
void listing_say(struct exchange *x, uint16_t status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* "2026-01-15 12:00", or `never` for 0, padded. */
void listing_put_time(struct text *out, int64_t ms, const char *never);
/* The member of a JSON body: text, or a whole number of at least 0. False, and answered with 400, when the
 * body is no object or the member is of another type; `to` and *out stay as they are when it is absent. */
struct listing_member {
    const char *name;
    char *to;                 /* NULL: a number */
    uint32_t to_size;
    int64_t *out;
};
bool listing_body(struct exchange *x, const struct listing_member *members, uint32_t count);

#endif
