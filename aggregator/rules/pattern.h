/* SPDX-License-Identifier: MIT */
/* Patterns: * stands for any characters, ? for one. A list has commas between its patterns; one that begins
 * with ! takes away from what the others match. */
#ifndef NEPHOS_RULES_PATTERN_H
#define NEPHOS_RULES_PATTERN_H

#include "platform/base/base.h"

bool pattern_is(const char *pattern);
bool pattern_match(const char *pattern, const char *text);
/* An empty list, and one of exceptions only, match everything else. */
bool pattern_list_match(const char *list, const char *text);

#endif
