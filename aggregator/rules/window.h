/* SPDX-License-Identifier: MIT */
/* A stretch of the week in a time zone: "Sat,Sun 22:00-06:00 Europe/Berlin". */
#ifndef NEPHOS_RULES_WINDOW_H
#define NEPHOS_RULES_WINDOW_H

#include "platform/base/text.h"

#define ZONE_SIZE 48U

struct window {
    uint8_t days;            /* bit 0 is Monday: those on which it begins; 0: there is no window */
    uint16_t from_min, to_min; /* of the day; to <= from: it ends on the day after */
    char zone[ZONE_SIZE];
};

/* Days are "Mon-Fri", "Sat,Sun" or "daily", and may be left out; so may the zone, which then is UTC. Zones
 * are names ("Europe/Berlin"), offsets ("+05:30") or rules as POSIX has them
 * ("CET-1CEST,M3.5.0,M10.5.0/3"). */
int window_parse(const char *text, struct window *out, struct text *why);
void window_print(const struct window *w, struct text *out);
/* Is it open at that time (milliseconds since 1970)? */
bool window_holds(const struct window *w, int64_t ms);
/* Seconds east of Greenwich at that time; ERR_MALFORMED as false. */
bool zone_offset(const char *zone, int64_t s, int64_t *offset_s);

#endif
