/* SPDX-License-Identifier: MIT */
/* Texts of sections and keys, line by line: the form of our settings, as rules and silences have it, too.
 *
 *     [section]
 *     key = value     # comment */
#ifndef NEPHOS_RULES_INI_H
#define NEPHOS_RULES_INI_H

#include "platform/base/text.h"

#define INI_LINE_SIZE 512U

struct ini {
    const char *at, *end;
    uint32_t line;              /* of what was read last, from 1 */
    char space[INI_LINE_SIZE];
    const char *section;        /* not NULL: a section begins; else key and value are set */
    const char *key, *value;
};

void ini_begin(struct ini *i, const char *text, uint32_t length);
/* 1: the next section or key, valid until the next call; 0: no more; ERR_MALFORMED with `why`. */
int ini_next(struct ini *i, struct text *why);

#endif
