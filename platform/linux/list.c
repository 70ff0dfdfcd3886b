/* SPDX-License-Identifier: MIT */
/* Lists of connections, linked through the connections themselves: joining, leaving and asking
 * whether one is in a list cost the same with two connections and with two thousand. */
#include "platform/linux/plat.h"

static struct link *link_at(struct plat *p, int32_t index, size_t offset)
{
    ASSERT(index >= 0 && (uint32_t)index < p->limits.conns_max);
    return (struct link *)(void *)((uint8_t *)&p->conns[index] + offset);
}

void list_init(struct list *l)
{
    *l = (struct list){.first = NONE, .last = NONE};
}

void list_push(struct plat *p, struct list *l, int32_t index, size_t link_offset)
{
    struct link *link = link_at(p, index, link_offset);
    if (link->linked)
        return;
    *link = (struct link){.next = NONE, .prev = l->last, .linked = true};
    if (l->last != NONE)
        link_at(p, l->last, link_offset)->next = index;
    else
        l->first = index;
    l->last = index;
    l->count++;
}

void list_drop(struct plat *p, struct list *l, int32_t index, size_t link_offset)
{
    struct link *link = link_at(p, index, link_offset);
    if (!link->linked)
        return;
    if (link->prev != NONE)
        link_at(p, link->prev, link_offset)->next = link->next;
    else
        l->first = link->next;
    if (link->next != NONE)
        link_at(p, link->next, link_offset)->prev = link->prev;
    else
        l->last = link->prev;
    *link = (struct link){.next = NONE, .prev = NONE};
    ASSERT(l->count > 0);
    l->count--;
}
