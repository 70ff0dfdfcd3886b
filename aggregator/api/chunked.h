/* SPDX-License-Identifier: MIT */
/* The chunked coding of a request's body (RFC 9112 section 7.1), taken off piece by piece. Pure.
 *
 * Strict, because what one reader of a stream takes for the end and another does not is how requests are
 * smuggled: sizes are 1 to 8 hexadecimal digits, lines end in CR LF, nothing else stands before a chunk's
 * data or behind it. Extensions and trailer lines are passed over, within limits. */
#ifndef NEPHOS_API_CHUNKED_H
#define NEPHOS_API_CHUNKED_H

#include "platform/base/base.h"

#define CHUNK_LINE_MAX 256U    /* a size with its extensions, CR LF included */
#define CHUNK_TRAILER_MAX 1024U /* all trailer lines together */

struct chunked {
    uint8_t state;
    uint8_t digits;
    uint32_t left;        /* of the chunk's size, then of its data */
    uint32_t line_length; /* so far */
};

/* Ready for a body; all zero does the same. */
void chunked_begin(struct chunked *d);
/* Decodes `size` bytes into `to`, which may be `from` itself or lie before it, as far as the body and
 * `room` go. ERR_OK: the body has ended. ERR_AGAIN: it goes on. ERR_FULL: more than `room` bytes of data,
 * counted in *taken only as far as they went. ERR_MALFORMED. *taken and *made are always set: bytes of
 * `from` used up and bytes written. */
int chunked_take(struct chunked *d, const char *from, uint32_t size, char *to, uint32_t room, uint32_t *taken,
                 uint32_t *made);

#endif
