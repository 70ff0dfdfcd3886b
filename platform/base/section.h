/* SPDX-License-Identifier: MIT */
/* Sections that a person may write several of, as [notify.NAME], [forward.NAME], [check.NAME]: a table says
 * which key goes into which field of a struct. What there is only once is in settings.h. */
#ifndef NEPHOS_SECTION_H
#define NEPHOS_SECTION_H

#include "platform/base/text.h"

enum section_kind {
    SECTION_TEXT,    /* char[size] */
    SECTION_TIME_MS, /* int64_t, min..max ms; written with a unit */
    SECTION_NO,      /* bool, which says "no" */
    SECTION_WORD,    /* uint32_t or enum: the place of the value in `words` */
    SECTION_OWN,     /* the caller reads it */
};

struct section_key {
    const char *name;
    enum section_kind kind;
    uint32_t at, size;      /* of the field; of a word: how many there are */
    int64_t min, max;
    const char *const *words;
};

/* Rows of a table of keys, for fields of `type`. */
#define SECTION_KEY_TEXT(type, field) \
    SECTION_TEXT, offsetof(type, field), sizeof(((type *)0)->field), 0, 0, NULL
#define SECTION_KEY_TIME(type, field, min, max) SECTION_TIME_MS, offsetof(type, field), 0, min, max, NULL
#define SECTION_KEY_NO(type, field) SECTION_NO, offsetof(type, field), 0, 0, 0, NULL
#define SECTION_KEY_WORD(type, field, words, count) SECTION_WORD, offsetof(type, field), count, 0, 0, words
#define SECTION_KEY_OWN SECTION_OWN, 0, 0, 0, 0, NULL

struct section {
    const char *what;              /* "a destination": in "a destination has no key tipe" */
    const struct section_key *keys;
    uint32_t count;
    const char *const *secrets;    /* words that stand in files of their own, NULL behind the last; or NULL */
};

/* Puts the value where the key says: ERR_OK; 1 when it is for the caller (SECTION_OWN); ERR_MALFORMED and
 * `why`, which begins with `where`, says what and what to do. */
int section_set(const struct section *s, void *to, const char *key, const char *value, const char *where,
                struct text *why);
/* The place of the first `length` bytes of `word` among the words, or ERR_MISSING. */
int section_find_word(const char *const *words, uint32_t count, const char *word, size_t length);
/* "where: key = value is not one of a, b, c". ERR_MALFORMED. */
int section_refuse_word(const char *key, const char *value, const char *const *words, uint32_t count,
                        const char *where, struct text *why);

#endif
