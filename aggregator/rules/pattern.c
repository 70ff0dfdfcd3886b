/* SPDX-License-Identifier: MIT */
/* See pattern.h. */
#include "aggregator/rules/pattern.h"

#include <string.h>

bool pattern_is(const char *pattern)
{
    return strpbrk(pattern, "*?") != NULL;
}

/* Goes back to the newest * only: that is enough, and never more than length times length steps. */
static bool match(const char *p, const char *end, const char *text)
{
    const char *star = NULL, *kept = NULL;
    while (*text != '\0') {
        if (p < end && *p == '*') {
            star = p++;
            kept = text;
        } else if (p < end && (*p == '?' || *p == *text)) {
            p++;
            text++;
        } else if (star != NULL) {
            p = star + 1;
            text = ++kept;
        } else {
            return false;
        }
    }
    while (p < end && *p == '*')
        p++;
    return p == end;
}

bool pattern_match(const char *pattern, const char *text)
{
    return match(pattern, pattern + strlen(pattern), text);
}

bool pattern_list_match(const char *list, const char *text)
{
    bool has_wanted = false, is_wanted = false;
    while (*list != '\0') {
        list += strspn(list, ", \t");
        const char *end = list + strcspn(list, ",");
        const char *stop = end;
        while (stop > list && (stop[-1] == ' ' || stop[-1] == '\t'))
            stop--;
        bool is_not = *list == '!';
        if (stop > list) {
            bool is_match = match(list + is_not, stop, text);
            if (is_not && is_match)
                return false;
            has_wanted = has_wanted || !is_not;
            is_wanted = is_wanted || (!is_not && is_match);
        }
        list = end;
    }
    return is_wanted || !has_wanted;
}
