/* SPDX-License-Identifier: MIT */
/* The slots. */
#include "aggregator/api/routes/words_pool.h"

#include <string.h>

#define SLOTS 4U /* requests at once */

void words_reserve(struct memory_map *map, struct world *w, uint32_t instances_max)
{
    uint32_t marks_size = (instances_max + 3) / 4;
    struct words_slot *slots = memory_reserve(map, "api: words in the making", SLOTS, sizeof(*slots),
                                              "the request is told to come again in a second");
    struct memory_line *line = memory_last_line(map);
    uint8_t *marks = memory_reserve(map, "api: hosts in summaries", SLOTS, marks_size, "never full");
    if (slots == NULL || marks == NULL)
        return;
    for (uint32_t i = 0; i < SLOTS; i++)
        slots[i] = (struct words_slot){.line = line, .marks = marks + (size_t)i * marks_size};
    w->words = slots;
}

struct words_slot *words_take(struct exchange *x)
{
    for (uint32_t i = 0; i < SLOTS; i++) {
        struct words_slot *slot = &x->world->words[i];
        if (slot->is_taken)
            continue;
        slot->is_taken = true;
        slot->reworded[0] = '\0';
        memory_use(slot->line, slot->line->in_use + 1);
        return slot;
    }
    respond_busy(x, 1, "others are being answered; come again");
    return NULL;
}

void words_release(struct words_slot *slot)
{
    slot->is_taken = false;
    memory_use(slot->line, slot->line->in_use - 1);
}
