/* SPDX-License-Identifier: MIT */
/* What the sentinel finds becomes samples and facts of instances. */
#ifndef NEPHOS_SENTINEL_TELL_H
#define NEPHOS_SENTINEL_TELL_H

#include "aggregator/sentinel/board.h"
#include "aggregator/store/store_told.h"

#define TELL_VALUES_MAX 12U
#define CHECK_INSTANCE_PREFIX "check-" /* of the id of a check's own instance; behind it stands its name */

struct tell_value {
    const char *metric, *unit;
    uint32_t scale;
    int64_t value;
};
struct tell_values {
    uint32_t count;
    struct tell_value values[TELL_VALUES_MAX];
};

/* Stages samples of one moment, all with that tag. ERR_OK, also when there is no room for some of their
 * series (the store counts them); ERR_FULL or ERR_SYSTEM: try all of it again later. */
int tell_values(struct store *s, uint32_t instance, const char *tag, const struct tell_values *v,
                int64_t time_ms, struct wall now);
void tell_add(struct tell_values *v, const char *metric, const char *unit, uint32_t scale, int64_t value);

/* Why those samples are as they are, for words; "" when there is nothing to say. */
void tell_why(struct store *s, uint32_t instance, const char *tag, const char *words);

/* A check's finding: its instance is made when it is not there. The instance's index; ERR_FULL or ERR_SYSTEM:
 * try again later; ERR_MISSING: there is no room for another instance. */
int tell_finding(struct store *s, const struct check *c, struct check_state *state, struct wall now);
/* The check is gone, and with it the instance that was its own. */
void tell_check_gone(struct store *s, const char *name);
/* The same of each own instance that no check has. */
void tell_orphans_gone(struct store *s, const struct check_set *set);

/* Facts of a server at Vultr. Its index; ERR_FULL: no room; ERR_DENIED: deleted by a person. */
int tell_server(struct store *s, struct server *server, int64_t interval_ms, int64_t now_ms);
/* Samples of its state, and of its bandwidth when `has_bandwidth`. As tell_values(). */
int tell_server_values(struct store *s, const struct server *server, bool has_bandwidth, struct wall now);
/* It is in no listing any more: marked, and deleted when it has been so for a day. */
void tell_server_gone(struct store *s, uint32_t instance, int64_t now_ms);

#endif
