/* SPDX-License-Identifier: MIT */
/* Reading the texts of /proc: a span is a piece of text that is eaten from the front. No span ever reads
 * at or behind its end, whatever the text holds. */
#ifndef NEPHOS_SPAN_H
#define NEPHOS_SPAN_H

#include "platform/base/base.h"

struct span {
    const char *at, *end;
};

static inline struct span span_of(const char *text, uint32_t length)
{
    return (struct span){text, text + length};
}

static inline uint32_t span_length(struct span s)
{
    return (uint32_t)(s.end - s.at);
}

/* Takes the next line off `text`, without its newline. A last line without newline was cut off when the
 * text was read, so its numbers cannot be trusted: it is left out. */
bool span_line(struct span *text, struct span *line);
/* Takes the next word: whatever stands between blanks. */
bool span_word(struct span *line, struct span *word);
/* Takes the next number, which must be a word of digits; saturates. False without effect otherwise. */
bool span_u64(struct span *line, uint64_t *out);
/* Takes as many of `count` numbers as there are; the rest is zero. How many there were. */
uint32_t span_numbers(struct span *line, uint64_t *out, uint32_t count);
/* Takes a decimal with exactly two digits behind the point, as the kernel prints loads and pressures, times
 * 100; what follows does not matter. False without effect otherwise. */
bool span_x100(struct span *line, uint64_t *out);
bool span_is(struct span s, const char *text);
/* Terminated copy; false when it does not fit (then `to` is empty). */
bool span_copy(struct span s, char *to, uint32_t to_size);
/* `pattern` is a text in which a final '*' stands for anything and a final '#' for one or more digits. */
bool span_matches(struct span s, const char *pattern);
bool span_matches_any(struct span s, const char *const *patterns, size_t count);

#endif
