/* SPDX-License-Identifier: MIT */
/* A byte at a time through the frame, whole stretches of data at once. */
#include "aggregator/api/chunked.h"

#include <string.h>

enum state {
    SIZE,         /* hexadecimal digits */
    EXTENSION,    /* ";name=value" behind them */
    SIZE_LF,
    DATA,
    DATA_CR,
    DATA_LF,
    TRAILER,      /* at the start of a line, or inside one */
    TRAILER_LF,
    END_LF,       /* of the empty line behind everything */
    END,
};

#define DIGITS_MAX 8U

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

void chunked_begin(struct chunked *d)
{
    *d = (struct chunked){.state = SIZE};
}

static void begin_size(struct chunked *d)
{
    chunked_begin(d);
}

static int take_size(struct chunked *d, char c)
{
    int value = digit(c);
    if (value >= 0) {
        d->left = d->left << 4 | (uint32_t)value;
        return ++d->digits <= DIGITS_MAX ? ERR_AGAIN : ERR_MALFORMED;
    }
    if (d->digits == 0 || (c != ';' && c != '\r'))
        return ERR_MALFORMED;
    d->state = c == ';' ? EXTENSION : SIZE_LF;
    return ERR_AGAIN;
}

static bool is_text(char c)
{
    return (uint8_t)c >= ' ' ? c != 0x7f : c == '\t';
}

/* What comes next when `c` must be CR (to go to `then`) or a character of a line. */
static int take_line(struct chunked *d, char c, enum state then)
{
    if (c == '\r')
        d->state = (uint8_t)then;
    else if (!is_text(c))
        return ERR_MALFORMED;
    return ERR_AGAIN;
}

static int take_trailer(struct chunked *d, char c)
{
    bool is_line_start = d->digits == 0;
    d->digits = c != '\r';
    return take_line(d, c, is_line_start ? END_LF : TRAILER_LF);
}

static int take_line_feed(struct chunked *d, char c)
{
    if (c != '\n')
        return ERR_MALFORMED;
    switch ((enum state)d->state) {
    case SIZE_LF:
        d->state = d->left > 0 ? DATA : TRAILER;
        d->digits = 0;
        d->line_length = 0;
        return ERR_AGAIN;
    case DATA_LF:
        begin_size(d);
        return ERR_AGAIN;
    case TRAILER_LF:
        d->state = TRAILER;
        return ERR_AGAIN;
    default:
        d->state = END;
        return ERR_OK;
    }
}

/* One byte of the frame around the data. */
static int take_frame(struct chunked *d, char c)
{
    bool is_trailer = d->state == TRAILER || d->state == TRAILER_LF;
    if (++d->line_length > (is_trailer ? CHUNK_TRAILER_MAX : CHUNK_LINE_MAX))
        return ERR_MALFORMED;
    switch ((enum state)d->state) {
    case SIZE:
        return take_size(d, c);
    case EXTENSION:
        return take_line(d, c, SIZE_LF);
    case TRAILER:
        return take_trailer(d, c);
    case DATA_CR:
        d->state = DATA_LF;
        return c == '\r' ? ERR_AGAIN : ERR_MALFORMED;
    default:
        return take_line_feed(d, c);
    }
}

int chunked_take(struct chunked *d, const char *from, uint32_t size, char *to, uint32_t room, uint32_t *taken,
                 uint32_t *made)
{
    uint32_t at = 0, out = 0;
    int answer = d->state == END ? ERR_OK : ERR_AGAIN;
    while (answer == ERR_AGAIN && at < size) {
        if (d->state != DATA) {
            answer = take_frame(d, from[at++]);
            continue;
        }
        uint32_t n = d->left < size - at ? d->left : size - at;
        if (n > room - out) {
            n = room - out;
            answer = ERR_FULL;
        }
        memmove(to + out, from + at, n);
        at += n;
        out += n;
        d->left -= n;
        if (d->left == 0)
            d->state = DATA_CR;
    }
    *taken = at;
    *made = out;
    return answer;
}
