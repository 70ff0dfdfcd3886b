/* SPDX-License-Identifier: MIT */
/* The instances that samples are pushed of: made when they are first told of, with what is told of them. */
#include "aggregator/push/state.h"
#include "aggregator/store/store_told.h"
#include "platform/base/utf8.h"
#include "proto/instance_id.h"

/* How often a new instance is expected to tell something, until it has shown it. */
#define INTERVAL_MS_FIRST 60000U
#define INTERVAL_MS_LEAST 1000
#define INTERVAL_MS_MOST 600000
/* True when the fact is now another one. */
static bool take_fact(char *to, uint32_t size, const char *fact)
{
    char before[NAME_SIZE];
    if (fact == NULL || fact[0] == '\0')
        return false;
    (void)text_copy(before, sizeof before, to);
    utf8_copy_clean(to, size, fact);
    return !text_equal(before, to);
}
static_assert(FACT_SIZE <= NAME_SIZE, "a fact fits where a name does");

static bool take_facts(struct instance *in, const struct push_facts *facts)
{
    bool changed = take_fact(in->name, sizeof in->name, facts->name);
    changed = take_fact(in->type, sizeof in->type, facts->type) || changed;
    changed = take_fact(in->region, sizeof in->region, facts->region) || changed;
    changed = take_fact(in->provider, sizeof in->provider, facts->provider) || changed;
    return take_fact(in->os, sizeof in->os, facts->os) || changed;
}

static int make_instance(struct push *p, const struct push_facts *facts)
{
    struct instance in = {.interval_ms = INTERVAL_MS_FIRST};
    (void)text_copy(in.id, sizeof in.id, facts->id);
    (void)text_copy(in.name, sizeof in.name, facts->id);
    (void)text_copy(in.type, sizeof in.type, "other");
    (void)text_copy(in.region, sizeof in.region, "unknown");
    (void)text_copy(in.provider, sizeof in.provider, "other");
    (void)take_facts(&in, facts);
    int index = store_instance_put(p->store, &in);
    if (index >= 0)
        store_told_source(p->store, (uint32_t)index, INSTANCE_FROM_INGEST);
    return index == ERR_FULL ? INSTANCE_NO_ROOM : index;
}

int push_instance(struct push *p, const struct push_facts *facts)
{
    if (facts->id == NULL || !instance_id_allowed(facts->id)) {
        text_clear(&p->why);
        text_printf(&p->why, "an instance needs an id of 1 to %u letters, digits, '.', '_', ':' or '-'",
                    INSTANCE_ID_SIZE - 1);
        return ERR_MALFORMED;
    }
    if (p->pass == PUSH_CHECK)
        return 0;
    int index = store_instance_find(p->store, facts->id);
    if (index < 0)
        return make_instance(p, facts);
    struct instance in = *store_instance(p->store, (uint32_t)index);
    if (in.agent_version[0] == '\0' && take_facts(&in, facts))
        (void)store_instance_put(p->store, &in);
    return index;
}

void instances_learn_rhythm(struct push *p, uint32_t instance, int64_t newest_ms)
{
    struct rhythm *r = &p->rhythms[instance];
    if (newest_ms <= r->newest_ms)
        return;
    int64_t pause = newest_ms - r->newest_ms;
    bool is_first = r->newest_ms == 0;
    r->newest_ms = newest_ms;
    if (is_first || pause < INTERVAL_MS_LEAST || pause > INTERVAL_MS_MOST)
        return;
    bool is_again = pause * 5 >= (int64_t)r->pause_ms * 4 && pause * 5 <= (int64_t)r->pause_ms * 6;
    r->pause_ms = (uint32_t)pause;
    struct instance in = *store_instance(p->store, instance);
    bool is_known = pause * 5 >= (int64_t)in.interval_ms * 4 && pause * 5 <= (int64_t)in.interval_ms * 6;
    if (!is_again || is_known || in.agent_version[0] != '\0')
        return;
    in.interval_ms = (uint32_t)pause;
    (void)store_instance_put(p->store, &in);
}
