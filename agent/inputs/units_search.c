/* SPDX-License-Identifier: MIT */
/* The number of failed units; see units_search.h. */
#include "agent/inputs/units_search.h"

/* Quotes within a text of JSON are escaped, so this can only be a member's name. */
static const char name[] = "\"NFailedUnits\":";

static void match(struct units_search *s, char c)
{
    if (c != name[s->matched] && s->matched == sizeof name - 2)
        s->matched = 1; /* the quote at its end may begin another */
    if (c == name[s->matched])
        s->matched++;
    else
        s->matched = c == name[0];
}

int units_search(struct units_search *s, const char *bytes, uint32_t size)
{
    for (uint32_t i = 0; i < size; i++) {
        if (s->read++ >= UNITS_ANSWER_MAX || bytes[i] == '\0')
            return ERR_MALFORMED;
        if (s->matched < sizeof name - 1) {
            match(s, bytes[i]);
        } else if (bytes[i] >= '0' && bytes[i] <= '9' && s->digits < 9) {
            s->count = s->count * 10 + (uint64_t)(bytes[i] - '0');
            s->digits++;
        } else {
            return s->digits > 0 && (bytes[i] == ',' || bytes[i] == '}') ? 1 : ERR_MALFORMED;
        }
    }
    return 0;
}
