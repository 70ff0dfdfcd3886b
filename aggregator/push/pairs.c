/* SPDX-License-Identifier: MIT */
/* See pairs.h. */
#include "aggregator/push/pairs.h"

#include <string.h>

#include "platform/base/fnv.h"

void pairs_add(struct pairs *l, struct bytes name, struct bytes value)
{
    if (l->count == PAIRS_MAX) {
        l->has_too_many = true;
        return;
    }
    l->list[l->count++] = (struct pair){.name = name, .value = value};
}

static bool is_named(const struct pair *label, const char *name, size_t length)
{
    return label->name.size == length && memcmp(label->name.at, name, length) == 0;
}

struct pair *pairs_find(struct pairs *l, const char *name)
{
    for (uint32_t i = 0; i < l->count; i++)
        if (is_named(&l->list[i], name, strlen(name)))
            return &l->list[i];
    return NULL;
}

bool pairs_copy(struct bytes text, char *to, uint32_t size)
{
    if (text.size >= size || memchr(text.at, 0, text.size) != NULL)
        return false;
    memcpy(to, text.at, text.size);
    to[text.size] = '\0';
    return true;
}

/* --- who --- */

static struct pair *find_instance(struct pairs *l, const char *names)
{
    while (names[0] != '\0') {
        size_t length = strcspn(names, ",");
        for (uint32_t i = 0; i < l->count; i++)
            if (is_named(&l->list[i], names, length) && l->list[i].value.size > 0)
                return &l->list[i];
        names += length + (names[length] == ',');
    }
    return NULL;
}

static uint32_t without_port(struct bytes text)
{
    uint32_t end = text.size;
    while (end > 0 && text.at[end - 1] >= '0' && text.at[end - 1] <= '9')
        end--;
    return end > 1 && end < text.size && text.at[end - 1] == ':' ? end - 1 : text.size;
}

static bool is_of_id(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '_' || c == ':' || c == '-';
}

static void take_fact(struct pairs *l, const char *name, char *to, uint32_t size)
{
    struct pair *label = pairs_find(l, name);
    if (label != NULL && pairs_copy(label->value, to, size))
        label->is_taken = true;
}

bool pairs_take_instance(struct pairs *l, const struct pairs_ask *ask, struct pairs_instance *out)
{
    struct pair *label = find_instance(l, ask->instance);
    *out = (struct pairs_instance){.facts = {.id = out->id, .name = out->name, .region = out->region,
                                              .provider = out->provider, .os = out->os}};
    if (label == NULL)
        return false;
    struct bytes id = label->value;
    if (ask->strip_port)
        id.size = without_port(id);
    if (id.size >= sizeof out->id)
        return false;
    for (uint32_t i = 0; i < id.size; i++)
        out->id[i] = is_of_id(id.at[i]) ? (char)id.at[i] : '_';
    label->is_taken = true;
    (void)pairs_copy(id, out->name, sizeof out->name);
    take_fact(l, "region", out->region, sizeof out->region);
    take_fact(l, "cloud_region", out->region, sizeof out->region);
    take_fact(l, "cloud.region", out->region, sizeof out->region);
    take_fact(l, "os.description", out->os, sizeof out->os);
    take_fact(l, "provider", out->provider, sizeof out->provider);
    take_fact(l, "cloud_provider", out->provider, sizeof out->provider);
    take_fact(l, "cloud.provider", out->provider, sizeof out->provider);
    return true;
}

/* --- the tag --- */

static int compare(struct bytes a, struct bytes b)
{
    uint32_t size = a.size < b.size ? a.size : b.size;
    int order = memcmp(a.at, b.at, size);
    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

/* Mostly in order already. */
static void sort(struct pairs *l)
{
    for (uint32_t i = 1; i < l->count; i++)
        for (uint32_t k = i; k > 0 && compare(l->list[k - 1].name, l->list[k].name) > 0; k--) {
            struct pair t = l->list[k];
            l->list[k] = l->list[k - 1];
            l->list[k - 1] = t;
        }
}

/* A comma would end the value: it becomes a semicolon. */
static void put_text(struct text *to, struct bytes text)
{
    for (uint32_t i = 0; i < text.size && !to->truncated; i++)
        text_put_char(to, text.at[i] == ',' ? ';' : (char)text.at[i]);
}

static bool is_of_tag(const struct pair *label)
{
    return !label->is_taken && label->value.size > 0;
}

static void put_pair(struct text *to, const struct pair *label)
{
    if (to->length > 0)
        text_put_char(to, ',');
    put_text(to, label->name);
    text_put_char(to, '=');
    put_text(to, label->value);
}

/* A zero behind it, which no text has. */
static uint64_t hash_text(uint64_t h, struct bytes text)
{
    return fnv_number(fnv_bytes(h, text.at, text.size), 0);
}

/* The pairs that fit, whole and in order, and a last one that tells these labels from others. */
static void shorten(const struct pairs *l, char tag[static TAG_SIZE])
{
    struct text to;
    uint64_t h = FNV_START;
    text_init(&to, tag, TAG_SIZE);
    for (uint32_t i = 0; i < l->count; i++) {
        const struct pair *label = &l->list[i];
        if (!is_of_tag(label))
            continue;
        h = hash_text(hash_text(h, label->name), label->value);
        uint64_t end = (uint64_t)to.length + (to.length > 0) + label->name.size + 1 + label->value.size;
        bool fits = end + strlen("," PAIRS_MORE "=") + 16 < TAG_SIZE;
        if (fits && !is_named(label, PAIRS_MORE, strlen(PAIRS_MORE)))
            put_pair(&to, label);
    }
    text_printf(&to, "%s" PAIRS_MORE "=%016llx", to.length > 0 ? "," : "", (unsigned long long)h);
    ASSERT(!to.truncated);
}

int pairs_tag(struct pairs *l, char tag[static TAG_SIZE])
{
    struct text to;
    text_init(&to, tag, TAG_SIZE);
    sort(l);
    for (uint32_t i = 0; i < l->count; i++) {
        const struct pair *label = &l->list[i];
        if (label->name.size == 0 || (i > 0 && compare(label->name, l->list[i - 1].name) == 0))
            return ERR_MALFORMED;
        if (memchr(label->name.at, 0, label->name.size) != NULL ||
            (label->value.size > 0 && memchr(label->value.at, 0, label->value.size) != NULL))
            return ERR_MALFORMED;
        if (is_of_tag(label))
            put_pair(&to, label);
    }
    if (to.truncated)
        shorten(l, tag);
    return l->has_too_many ? ERR_FULL : ERR_OK;
}
