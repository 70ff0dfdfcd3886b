/* SPDX-License-Identifier: MIT */
/* Who follows which instance: a list of subscribers for each instance, and one for those who follow all.
 * Subscribers are numbers; each can be in one list per place it has. */
#ifndef NEPHOS_API_LIVE_INDEX_H
#define NEPHOS_API_LIVE_INDEX_H

#include "platform/base/memory_map.h"

#define LIVE_INDEX_END UINT32_MAX

struct live_link {
    uint32_t list, next, before; /* links; list is LIVE_INDEX_END when it is in none */
};

struct live_index {
    uint32_t *heads;  /* of lists: a link, or LIVE_INDEX_END */
    struct live_link *links;
    uint32_t lists, places;
};

/* Lists are numbered below `lists`; each subscriber has `places`. `ix` may be NULL while counting. */
void live_index_reserve(struct memory_map *map, struct live_index *ix, uint32_t lists, uint32_t subscribers,
                        uint32_t places);
void live_index_add(struct live_index *ix, uint32_t list, uint32_t subscriber, uint32_t place);
/* Out of all lists. */
void live_index_remove(struct live_index *ix, uint32_t subscriber);
/* First and next link of a list; LIVE_INDEX_END behind the last. Nothing may be added or removed between. */
static inline uint32_t live_index_first(const struct live_index *ix, uint32_t list)
{
    return ix->heads[list];
}
static inline uint32_t live_index_next(const struct live_index *ix, uint32_t link)
{
    return ix->links[link].next;
}
static inline uint32_t live_index_subscriber(const struct live_index *ix, uint32_t link)
{
    return link / ix->places;
}

#endif
