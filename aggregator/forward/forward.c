/* SPDX-License-Identifier: MIT */
/* See forward.h. */
#include "aggregator/forward/forward.h"

#include "aggregator/forward/channel.h"

struct forward {
    struct plat *plat;
    struct store *store;
    struct channel *channels;
};

struct forward *forward_reserve(struct memory_map *map)
{
    struct forward *f = memory_reserve(map, "forward", 1, sizeof *f, "fixed");
    struct channel *channels = memory_reserve(map, "forward: destinations", OUTBOX_MAX, sizeof *channels,
                                              "the configuration is refused");
    if (f != NULL)
        f->channels = channels;
    return f;
}

void forward_open(struct forward *f, struct plat *p, struct store *s)
{
    static const struct aws_environment nothing = {.metadata_disabled = true};
    f->plat = p;
    f->store = s;
    forward_aws(f, &nothing);
}

void forward_aws(struct forward *f, const struct aws_environment *aws)
{
    for (uint32_t i = 0; i < OUTBOX_MAX; i++)
        f->channels[i].aws = aws;
}

void forward_heed(struct forward *f, const struct rule_book *book)
{
    for (uint32_t i = 0; i < OUTBOX_MAX; i++)
        f->channels[i].digest.book = book;
}

static struct channel *find(struct forward *f, const struct outbox *box)
{
    struct channel *unused = NULL;
    for (uint32_t i = OUTBOX_MAX; i-- > 0;) {
        struct channel *c = &f->channels[i];
        if (c->is_used && c->box == box)
            return c;
        if (!c->is_used)
            unused = c;
    }
    ASSERT(unused != NULL); /* as many as the store has */
    struct mono now = plat_mono(f->plat);
    unused->is_used = true;
    unused->request = -1;
    unused->retry_at = unused->beat_at = unused->look_at = now;
    unused->group_at = MONO_NEVER;
    return unused;
}

int forward_configure(struct forward *f, const struct destination *list, uint32_t count, struct text *why)
{
    for (uint32_t i = 0; i < store_outbox_count(f->store); i++)
        store_outbox(f->store, i)->is_configured = false;
    for (uint32_t i = 0; i < count; i++) {
        struct outbox *box = store_outbox_open(f->store, list[i].name, destination_type_names[list[i].type]);
        if (box == NULL) {
            text_printf(why,
                        "[notify.%s]: there are more than %u destinations, those counted that were renamed "
                        "since the start: restart",
                        list[i].name, OUTBOX_MAX);
            return ERR_FULL;
        }
        struct channel *c = find(f, box);
        c->box = box;
        c->next = list[i];
        c->has_next = true;
        c->max = shape_max(list[i].type);
        box->is_configured = true;
    }
    return ERR_OK;
}

struct mono forward_step(struct forward *f, struct mono now)
{
    struct mono next = MONO_NEVER;
    for (uint32_t i = 0; i < OUTBOX_MAX; i++)
        if (f->channels[i].is_used)
            next = mono_earlier(next, channel_step(&f->channels[i], f->plat, f->store, now));
    return next;
}
