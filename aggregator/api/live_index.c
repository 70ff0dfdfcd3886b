/* SPDX-License-Identifier: MIT */
/* Doubly linked, by numbers. */
#include "aggregator/api/live_index.h"

void live_index_reserve(struct memory_map *map, struct live_index *ix, uint32_t lists, uint32_t subscribers,
                        uint32_t places)
{
    uint32_t *heads =
        memory_reserve(map, "api: followers of instances", lists, sizeof(*heads), "never full");
    struct live_link *links =
        memory_reserve(map, "api: what listeners follow", (uint64_t)subscribers * places, sizeof(*links),
                       "a longer list is refused in words");
    if (heads == NULL || links == NULL)
        return;
    *ix = (struct live_index){.heads = heads, .links = links, .lists = lists, .places = places};
    for (uint32_t i = 0; i < lists; i++)
        heads[i] = LIVE_INDEX_END;
    for (uint32_t i = 0; i < subscribers * places; i++)
        links[i].list = LIVE_INDEX_END;
}

void live_index_add(struct live_index *ix, uint32_t list, uint32_t subscriber, uint32_t place)
{
    ASSERT(list < ix->lists && place < ix->places);
    uint32_t at = subscriber * ix->places + place, first = ix->heads[list];
    ASSERT(ix->links[at].list == LIVE_INDEX_END);
    ix->links[at] = (struct live_link){.list = list, .next = first, .before = LIVE_INDEX_END};
    if (first != LIVE_INDEX_END)
        ix->links[first].before = at;
    ix->heads[list] = at;
}

static void unlink_place(struct live_index *ix, uint32_t at)
{
    struct live_link *link = &ix->links[at];
    if (link->list == LIVE_INDEX_END)
        return;
    if (link->before == LIVE_INDEX_END)
        ix->heads[link->list] = link->next;
    else
        ix->links[link->before].next = link->next;
    if (link->next != LIVE_INDEX_END)
        ix->links[link->next].before = link->before;
    link->list = LIVE_INDEX_END;
}

void live_index_remove(struct live_index *ix, uint32_t subscriber)
{
    for (uint32_t place = 0; place < ix->places; place++)
        unlink_place(ix, subscriber * ix->places + place);
}
