/* SPDX-License-Identifier: MIT */
/* The answer of an HTTP/1 server; see http_reply.h. */
#include "agent/http_reply.h"

#include <string.h>

#include "platform/base/text.h"

/* A first line that is longer, its end included, is none. */
#define STATUS_LINE_MAX 200U

static bool take_line(struct span *rest, struct span *line)
{
    if (!span_line(rest, line))
        return false;
    if (line->at < line->end && line->end[-1] == '\r')
        line->end--;
    return true;
}

int http_reply_status(const char *text, uint32_t length)
{
    static const char start[] = "HTTP/1.";
    uint32_t known = length < sizeof start - 1 ? length : (uint32_t)sizeof start - 1;
    if (memcmp(text, start, known) != 0)
        return ERR_MALFORMED;
    struct span rest = span_of(text, length), line, word;
    bool is_whole = take_line(&rest, &line);
    if ((is_whole ? (uint32_t)(rest.at - text) : length) > STATUS_LINE_MAX)
        return ERR_MALFORMED;
    if (!is_whole)
        return ERR_AGAIN;
    if (!span_word(&line, &word) || span_length(word) != sizeof start || !span_word(&line, &word) ||
        span_length(word) != 3)
        return ERR_MALFORMED;
    int status = 0;
    for (; word.at < word.end; word.at++) {
        if (*word.at < '0' || *word.at > '9')
            return ERR_MALFORMED;
        status = status * 10 + (*word.at - '0');
    }
    return status < 100 ? ERR_MALFORMED : status;
}

/* What stands behind "name:", compared without regard to case. */
static bool is_header(struct span line, const char *name, struct span *value)
{
    size_t length = strlen(name);
    if (span_length(line) <= length || line.at[length] != ':')
        return false;
    for (size_t i = 0; i < length; i++)
        if ((line.at[i] | 0x20) != name[i])
            return false;
    line.at += length + 1;
    return span_word(&line, value);
}

struct framing {
    bool is_chunked;
    bool has_length;
    uint64_t length;
};

static int read_headers(struct span *rest, struct framing *f)
{
    struct span line, value;
    while (take_line(rest, &line)) {
        if (line.at == line.end)
            return ERR_OK;
        if (is_header(line, "transfer-encoding", &value)) {
            if (!span_is(value, "chunked"))
                return ERR_MALFORMED;
            f->is_chunked = true;
        } else if (is_header(line, "content-length", &value)) {
            const char *at = value.at;
            if (!text_take_u64(&at, value.end, &f->length) || at != value.end)
                return ERR_MALFORMED;
            f->has_length = true;
        }
    }
    return ERR_AGAIN;
}

/* "1a2f" or "1a2f;extension". */
static bool chunk_size(struct span line, uint32_t *out)
{
    uint32_t size = 0, digits = 0;
    for (; line.at < line.end && *line.at != ';' && *line.at != ' '; line.at++, digits++) {
        char c = *line.at, lower = (char)(c | 0x20);
        uint32_t digit = c >= '0' && c <= '9'           ? (uint32_t)(c - '0')
                         : lower >= 'a' && lower <= 'f' ? (uint32_t)(lower - 'a' + 10)
                                                        : 16;
        if (digit == 16 || digits == 6)
            return false;
        size = size * 16 + digit;
    }
    *out = size;
    return digits > 0;
}

/* First walks all chunks, then moves them together: a text that is not whole stays as it is. */
static int join_chunks(struct span rest, struct span *body, bool move)
{
    char *to = (char *)(uintptr_t)rest.at;
    *body = (struct span){rest.at, rest.at};
    for (;;) {
        struct span line;
        uint32_t size;
        if (!take_line(&rest, &line))
            return ERR_AGAIN;
        if (!chunk_size(line, &size))
            return ERR_MALFORMED;
        if (size == 0)
            return ERR_OK; /* trailers do not matter */
        if (span_length(rest) < size)
            return ERR_AGAIN;
        if (move)
            memmove(to + span_length(*body), rest.at, size);
        body->end += size;
        rest.at += size;
        if (!take_line(&rest, &line))
            return ERR_AGAIN;
        if (line.at != line.end)
            return ERR_MALFORMED;
    }
}

static int take_body(struct span rest, const struct framing *f, bool ended, struct span *body)
{
    if (f->is_chunked) {
        int result = join_chunks(rest, body, false);
        return result < 0 ? result : join_chunks(rest, body, true);
    }
    *body = rest;
    if (!f->has_length)
        return ended ? ERR_OK : ERR_AGAIN;
    if (span_length(rest) < f->length)
        return ERR_AGAIN;
    body->end = rest.at + f->length;
    return ERR_OK;
}

int http_reply_parse(char *text, uint32_t length, bool ended, struct http_reply *out)
{
    struct framing framing = {0};
    struct span rest = span_of(text, length), line;
    out->status = http_reply_status(text, length);
    int result = out->status;
    if (result > 0) {
        (void)take_line(&rest, &line);
        result = read_headers(&rest, &framing);
    }
    if (result == ERR_OK)
        result = take_body(rest, &framing, ended, &out->body);
    return result == ERR_AGAIN && ended ? ERR_MALFORMED : result;
}
