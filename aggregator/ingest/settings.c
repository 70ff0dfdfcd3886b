/* SPDX-License-Identifier: MIT */
/* Settings: all that an agent can be asked for. The message is the same for every agent, so it is written
 * once, and told to each of them after Welcome and after every change. */
#include <string.h>

#include "aggregator/ingest/session.h"

int ingest_set_settings(struct ingest *g, uint32_t sample_interval_ms, const struct ingest_hint *hints,
                        uint32_t count)
{
    uint8_t bytes[WIRE_REPLY_MAX];
    struct wire_settings m = {.sample_interval_ms = sample_interval_ms, .hint_count = count};
    if (count > HINTS_MAX)
        return ERR_FULL;
    for (uint32_t i = 0; i < count; i++)
        m.hints[i] = (struct wire_hint){.metric = hints[i].metric, .tag = hints[i].tag,
                                        .level = hints[i].level, .below = hints[i].below,
                                        .hold_s = hints[i].hold_s};
    int n = wire_put_settings(bytes, sizeof bytes, &m);
    if (n < 0)
        return ERR_FULL;
    memcpy(g->settings, bytes, (size_t)n);
    g->settings_size = (uint32_t)n;
    g->settings_number++;
    return ERR_OK;
}

void session_settings(struct ingest *g, struct session *s)
{
    if (s->settings_told == g->settings_number || !session_make_room(g, s, g->settings_size))
        return; /* it knows, or the next sweep tries again */
    uint32_t room;
    uint8_t *to = session_tx(s, &room);
    memcpy(to, g->settings, g->settings_size);
    s->settings_told = g->settings_number;
    g->stats.settings_sent++;
    (void)session_send(g, s, (int)g->settings_size);
}
