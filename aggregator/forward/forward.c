/* SPDX-License-Identifier: MIT */
/* See forward.h. */
#include "aggregator/forward/forward.h"

#include "aggregator/forward/channel.h"
#include "aggregator/forward/sender.h"
#include "aggregator/forward/snowflake/cortex.h"

struct forward {
    struct plat *plat;
    struct store *store;
    struct channel *channels;
    struct sender *senders;
    struct sender_world world;      /* that senders share */
    struct cortex *cortex;
};

static void reserve_senders(struct forward *f, struct memory_map *map, uint32_t instances_max)
{
    struct sender *senders = memory_reserve(map, "forward: outlets", OUTLET_MAX, sizeof *senders,
                                            "the configuration is refused");
    struct export_item *items =
        memory_reserve(map, "forward: outlets, items", (uint64_t)OUTLET_MAX * EXPORT_ITEMS_MAX, sizeof *items,
                       "the next batch takes what is left");
    struct sender_told *told =
        memory_reserve(map, "forward: outlets, instances", (uint64_t)OUTLET_MAX * instances_max, sizeof *told,
                       "as instances");
    uint8_t *scratch = memory_reserve(map, "forward: work space", EXPORT_BODY_SIZE, 1, "never full");
    cutter_reserve(f != NULL ? &f->world.cutter : NULL, map, instances_max);
    if (f == NULL)
        return;
    f->senders = senders;
    f->world.scratch = scratch;
    for (uint32_t i = 0; senders != NULL && i < OUTLET_MAX; i++) {
        senders[i].points.items = items + (size_t)i * EXPORT_ITEMS_MAX;
        senders[i].told = told + (size_t)i * instances_max;
    }
}

struct forward *forward_reserve(struct memory_map *map, uint32_t instances_max)
{
    struct forward *f = memory_reserve(map, "forward", 1, sizeof *f, "fixed");
    struct channel *channels = memory_reserve(map, "forward: destinations", OUTBOX_MAX, sizeof *channels,
                                              "the configuration is refused");
    if (f != NULL)
        f->channels = channels;
    reserve_senders(f, map, instances_max);
    struct cortex *cortex = memory_reserve(map, "forward: words of a model", 1, sizeof *cortex,
                                           "one question waits for the other");
    if (f != NULL)
        f->cortex = cortex;
    return f;
}

void forward_open(struct forward *f, struct plat *p, struct store *s)
{
    static const struct aws_environment nothing = {.metadata_disabled = true};
    f->plat = p;
    f->store = s;
    f->world.plat = p;
    f->world.store = s;
    cutter_open(&f->world.cutter, s, wall_ms(plat_wall(p)));
    cortex_init(f->cortex);
    forward_aws(f, &nothing);
}

void forward_aws(struct forward *f, const struct aws_environment *aws)
{
    for (uint32_t i = 0; i < OUTBOX_MAX; i++)
        f->channels[i].aws = aws;
    f->world.aws = aws;
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

int forward_configure_targets(struct forward *f, const struct target *list, uint32_t count, struct text *why)
{
    for (uint32_t i = 0; i < store_outlet_count(f->store); i++)
        store_outlet(f->store, i)->is_configured = false;
    for (uint32_t i = 0; i < count; i++) {
        struct outlet *o = store_outlet_open(f->store, list[i].name, target_type_names[list[i].type]);
        if (o == NULL) {
            text_printf(why,
                        "[forward.%s]: there are more than %u destinations, those counted that were renamed "
                        "since the start, or the database cannot be read: restart",
                        list[i].name, OUTLET_MAX);
            return ERR_FULL;
        }
        struct sender *d = &f->senders[store_outlet_find(f->store, list[i].name)];
        if (!d->is_used) {
            d->is_used = true;
            d->request = -1;
            d->outlet = o;
        }
        d->next = list[i];
        d->has_next = true;
        o->is_configured = true;
    }
    cortex_configure(f->cortex, f->store, list, count);
    return ERR_OK;
}

struct mono forward_step(struct forward *f, struct mono now)
{
    struct mono next = MONO_NEVER;
    for (uint32_t i = 0; i < OUTBOX_MAX; i++)
        if (f->channels[i].is_used)
            next = mono_earlier(next, channel_step(&f->channels[i], f->plat, f->store, now));
    for (uint32_t i = 0; i < OUTLET_MAX; i++)
        if (f->senders[i].is_used)
            next = mono_earlier(next, sender_step(&f->senders[i], &f->world, now));
    return mono_earlier(next, cortex_step(f->cortex, f->plat, f->store, now));
}
