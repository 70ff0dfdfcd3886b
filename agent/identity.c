/* SPDX-License-Identifier: MIT */
/* Who this agent is; see identity.h. */
#include "agent/identity.h"

#include <string.h>

#include "platform/base/text.h"
#include "platform/base/utf8.h"
#include "platform/credentials.h"
#include "proto/instance_id.h"

#define ID_FILE "agent.id"
#define ID_HASH_SIZE 16U /* bytes: 32 hexadecimal digits */

static bool read_kept(struct plat *p, char id[static INSTANCE_ID_SIZE])
{
    int n = plat_state_read(p, ID_FILE, id, INSTANCE_ID_SIZE - 1);
    id[n > 0 ? n : 0] = '\0';
    return instance_id_allowed(id);
}

/* The machine id itself is meant to stay private (machine-id(5)), so it is hashed. */
static void make_id(struct plat *p, const char *machine_id, char id[static INSTANCE_ID_SIZE])
{
    uint8_t hash[HASH_SIZE];
    char words[64];
    struct text t;
    text_init(&t, words, sizeof words);
    text_put(&t, "nephos");
    text_put(&t, machine_id);
    if (machine_id[0] != '\0')
        plat_sha256(p, t.at, t.length, hash);
    else
        plat_random(p, hash, sizeof hash);
    text_init(&t, id, INSTANCE_ID_SIZE);
    text_put_hex(&t, hash, ID_HASH_SIZE);
}

void identity_init(struct identity *it, struct plat *p, const char *id, const char *name)
{
    plat_host(p, &it->host);
    it->is_made = false;
    it->provider[0] = it->region[0] = it->type[0] = '\0';
    if (id[0] != '\0') {
        text_copy(it->id, sizeof it->id, id);
    } else if (!read_kept(p, it->id)) {
        make_id(p, it->host.machine_id, it->id);
        it->is_made = true;
    }
    utf8_copy_clean(it->name, sizeof it->name, name[0] != '\0' ? name : it->host.hostname);
}

void identity_choose(struct identity *it, const char *provider, const char *region, const char *type)
{
    utf8_copy_clean(it->provider, sizeof it->provider, provider);
    utf8_copy_clean(it->region, sizeof it->region, region);
    utf8_copy_clean(it->type, sizeof it->type, type);
}

static void fill(char *fact, const char *told)
{
    if (fact[0] == '\0')
        utf8_copy_clean(fact, FACT_SIZE, told);
}

void identity_learn(struct identity *it, const char *id, const char *provider, const char *region,
                    const char *type)
{
    if (it->is_made && instance_id_allowed(id))
        text_copy(it->id, sizeof it->id, id);
    it->is_made = false;
    fill(it->provider, provider);
    fill(it->region, region);
    fill(it->type, type);
}

int identity_keep(const struct identity *it, struct plat *p)
{
    char kept[INSTANCE_ID_SIZE];
    if (read_kept(p, kept) && text_equal(kept, it->id))
        return ERR_OK;
    return plat_state_write(p, ID_FILE, it->id, (uint32_t)strlen(it->id));
}
