/* SPDX-License-Identifier: MIT */
/* Sets of labels in the arena; see promql_table.h. */
#include <string.h>

#include "aggregator/query/promql_table.h"
#include "platform/base/fnv.h"

#define NAME_LABEL "__name__"
#define SET_MAX (LABELS_MAX + 1U)

/* --- reading --- */

bool promql_label_next(const char **at, const char *end, const char **name, const char **value)
{
    if (*at >= end)
        return false;
    *name = *at;
    *value = *name + strlen(*name) + 1;
    *at = *value + strlen(*value) + 1;
    return true;
}

const char *promql_labels_of(const struct promql_table *t, uint32_t row, const char **end)
{
    *end = t->arena + t->rows[row].at + t->rows[row].size;
    return t->arena + t->rows[row].at;
}

const char *promql_label(const struct promql_table *t, uint32_t row, const char *name)
{
    const char *end, *at = promql_labels_of(t, row, &end), *k, *v;
    while (promql_label_next(&at, end, &k, &v))
        if (text_equal(k, name))
            return v;
    return NULL;
}

static bool is_named(const struct promql_filter *f, const char *name)
{
    for (uint32_t i = 0; i < f->names.count; i++)
        if (text_equal(f->q->names[f->names.first + i], name))
            return true;
    return false;
}

static bool passes(const struct promql_filter *f, const char *name)
{
    if (f->is_listed)
        return is_named(f, name);
    return text_equal(name, NAME_LABEL) ? f->keeps_name : !is_named(f, name);
}

/* --- writing --- */

struct set {
    uint32_t count;
    struct label at[SET_MAX];
};

/* By name; one that is there already is replaced. */
static int insert(struct set *s, const char *name, const char *value, uint32_t length)
{
    uint32_t at = 0;
    while (at < s->count && strcmp(s->at[at].name, name) < 0)
        at++;
    bool is_there = at < s->count && text_equal(s->at[at].name, name);
    if (!is_there) {
        if (s->count == SET_MAX)
            return ERR_FULL;
        memmove(&s->at[at + 1], &s->at[at], (s->count - at) * sizeof(s->at[0]));
        s->count++;
    }
    s->at[at] = (struct label){name, value, length};
    return ERR_OK;
}

static int store(struct promql_table *t, uint32_t row, const struct set *s)
{
    uint32_t used = t->arena_used;
    uint64_t hash = FNV_START;
    for (uint32_t i = 0; i < s->count; i++) {
        const struct label *l = &s->at[i];
        uint32_t name_size = (uint32_t)strlen(l->name) + 1;
        if (l->length == 0)
            continue;
        if (used + name_size + l->length + 1 > PROMQL_ARENA_SIZE ||
            used + name_size + l->length + 1 > t->arena_used + PROMQL_LABELS_SIZE)
            return promql_fail(t, "the query needs more than %u bytes of labels (%u for one series)",
                               PROMQL_ARENA_SIZE, PROMQL_LABELS_SIZE);
        memcpy(t->arena + used, l->name, name_size);
        memcpy(t->arena + used + name_size, l->value, l->length);
        t->arena[used + name_size + l->length] = '\0';
        hash = fnv_bytes(hash, t->arena + used, name_size + l->length + 1);
        used += name_size + l->length + 1;
    }
    t->rows[row] = (struct promql_row){hash, t->arena_used, used - t->arena_used};
    t->arena_used = used;
    return ERR_OK;
}

int promql_labels_set(struct promql_table *t, uint32_t row, const char *name, const struct labels *labels)
{
    struct set s = {.count = 0};
    int err = name == NULL ? ERR_OK : insert(&s, NAME_LABEL, name, (uint32_t)strlen(name));
    for (uint32_t i = 0; i < labels->count && err == ERR_OK; i++)
        err = insert(&s, labels->at[i].name, labels->at[i].value, labels->at[i].length);
    return err == ERR_OK ? store(t, row, &s) : promql_fail(t, "a series has too many labels");
}

/* What passes of the row; false when that is everything. */
static bool gather(const struct promql_table *t, uint32_t row, const struct promql_filter *f, struct set *s)
{
    const char *end, *at = promql_labels_of(t, row, &end), *k, *v;
    bool is_less = false;
    while (promql_label_next(&at, end, &k, &v)) {
        if (!passes(f, k))
            is_less = true;
        else
            (void)insert(s, k, v, (uint32_t)strlen(v));
    }
    return is_less;
}

int promql_labels_filter(struct promql_table *t, uint32_t row, const struct promql_filter *f)
{
    struct set s = {.count = 0};
    return gather(t, row, f, &s) ? store(t, row, &s) : ERR_OK;
}

int promql_labels_drop_name(struct promql_table *t, uint32_t row)
{
    static const struct promql_filter others = {.keeps_name = false};
    return promql_labels_filter(t, row, &others);
}

int promql_labels_take(struct promql_table *t, uint32_t row, uint32_t from, const struct promql_filter *f)
{
    static const struct promql_filter all = {.keeps_name = true};
    struct set s = {.count = 0};
    (void)gather(t, row, &all, &s);
    for (uint32_t i = 0; i < f->names.count; i++) {
        const char *name = f->q->names[f->names.first + i], *value = promql_label(t, from, name);
        if (insert(&s, name, value, value != NULL ? (uint32_t)strlen(value) : 0) != ERR_OK)
            return promql_fail(t, "a series has too many labels");
    }
    return store(t, row, &s);
}

/* --- comparing --- */

uint64_t promql_labels_hash(const struct promql_table *t, uint32_t row, const struct promql_filter *f)
{
    const char *end, *at = promql_labels_of(t, row, &end), *k, *v;
    uint64_t h = FNV_START;
    while (promql_label_next(&at, end, &k, &v))
        if (passes(f, k))
            h = fnv_bytes(h, k, (size_t)(at - k));
    return h;
}

/* The next label that passes, or false. */
static bool next_passing(const char **at, const char *end, const struct promql_filter *f, const char **name,
                         const char **value)
{
    while (promql_label_next(at, end, name, value))
        if (passes(f, *name))
            return true;
    return false;
}

bool promql_labels_match(const struct promql_table *t, uint32_t a, uint32_t b, const struct promql_filter *f)
{
    const char *a_end, *a_at = promql_labels_of(t, a, &a_end), *b_end, *b_at = promql_labels_of(t, b, &b_end);
    const char *a_name, *a_value, *b_name, *b_value;
    for (;;) {
        bool has_a = next_passing(&a_at, a_end, f, &a_name, &a_value);
        bool has_b = next_passing(&b_at, b_end, f, &b_name, &b_value);
        if (!has_a || !has_b)
            return has_a == has_b;
        if (!text_equal(a_name, b_name) || !text_equal(a_value, b_value))
            return false;
    }
}
