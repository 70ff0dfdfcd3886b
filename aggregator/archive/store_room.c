/* SPDX-License-Identifier: MIT */
/* The store of a data directory, opened by a command that has it to itself. */
#include "aggregator/archive/parts.h"

struct store *room_reserve_store(struct memory_map *map, const struct config *config)
{
    struct aggregator_limits limits;
    config_limits(config, &limits);
    const struct store_limits store = {
        .instances_max = limits.agents_max,
        .series_per_instance_max = limits.series_max,
        .histories_max = limits.histories_max,
        .queries_max = 1,
        .database_size_max = limits.database_size_max,
        .sqlite_heap_size = SQLITE_HEAP_SIZE,
    };
    return store_reserve(map, &store);
}

int room_open_store(struct archive *c, struct store *s)
{
    char words[256];
    struct text why;
    text_init(&why, words, sizeof words);
    int err = store_open(s, c->plat, &why);
    if (err == ERR_OK)
        return ARCHIVE_OK;
    return archive_fail(c, archive_exit_of(err == ERR_BUSY ? ERR_SYSTEM : err), "%s: %s", c->config->data,
                        words);
}
