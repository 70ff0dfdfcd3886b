/* SPDX-License-Identifier: MIT */
/* See limiter.h. A bucket is kept as the moment at which it will be full again: one number, no rounding. */
#include "aggregator/access/limiter.h"

#include <string.h>

#define NS_PER_MINUTE (60 * NS_PER_S)

struct bucket {
    char key[LIMITER_KEY_SIZE]; /* "": never used */
    struct mono used, full;
};

struct limiter {
    uint32_t capacity, count;
    int64_t each_ns;            /* until one is given back; 0: no limit */
    int64_t burst_ns;           /* until an empty bucket is full */
    struct memory_line *line;
    struct bucket buckets[];
};

struct limiter *limiter_reserve(struct memory_map *map, const char *name, uint32_t capacity)
{
    struct limiter *l = memory_reserve(map, name, 1, sizeof *l + capacity * sizeof l->buckets[0],
                                       "the address that was here longest ago begins anew");
    if (l != NULL)
        *l = (struct limiter){.capacity = capacity, .line = memory_last_line(map)};
    return l;
}

void limiter_set(struct limiter *l, uint32_t per_minute, uint32_t burst)
{
    l->each_ns = per_minute == 0 ? 0 : NS_PER_MINUTE / per_minute;
    l->burst_ns = l->each_ns * burst;
}

/* --- keys --- */

/* The groups of an IPv6 address between `at` and `end`, as numbers: how many. */
static uint32_t take_groups(const char *at, const char *end, uint16_t groups[static 8])
{
    uint32_t count = 0;
    while (at < end && count < 8) {
        uint32_t value = 0;
        for (; at < end && *at != ':'; at++) {
            char c = *at;
            uint32_t digit = c >= '0' && c <= '9' ? (uint32_t)(c - '0')
                             : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a') + 10
                                                    : 0;
            value = value << 4 | digit;
        }
        groups[count++] = (uint16_t)value;
        at += at < end;
    }
    return count;
}

void limiter_key(const char *address, char key[static LIMITER_KEY_SIZE])
{
    struct text t;
    text_init(&t, key, LIMITER_KEY_SIZE);
    if (address[0] != '[') {
        text_put_n(&t, address, (uint32_t)strcspn(address, ":"));
        return;
    }
    const char *at = address + 1, *end = at + strcspn(at, "]");
    const char *gap = strstr(at, "::");
    uint16_t groups[8], tail[8], all[8] = {0};
    uint32_t count = take_groups(at, gap != NULL && gap < end ? gap : end, groups);
    memcpy(all, groups, count * sizeof groups[0]);
    uint32_t tail_count = gap != NULL && gap < end ? take_groups(gap + 2, end, tail) : 0;
    for (uint32_t i = 0; i < tail_count && count + tail_count <= 8; i++)
        all[8 - tail_count + i] = tail[i];
    text_printf(&t, "%x:%x:%x:%x", all[0], all[1], all[2], all[3]);
}

/* --- buckets --- */

static struct bucket *find(struct limiter *l, const char *key, struct mono now)
{
    struct bucket *oldest = &l->buckets[0];
    for (uint32_t i = 0; i < l->count; i++) {
        struct bucket *b = &l->buckets[i];
        if (text_equal(b->key, key))
            return b;
        if (b->used.ns < oldest->used.ns)
            oldest = b;
    }
    if (l->count < l->capacity) {
        oldest = &l->buckets[l->count++];
        memory_use(l->line, l->count);
    }
    *oldest = (struct bucket){.full = now};
    (void)text_copy(oldest->key, sizeof oldest->key, key);
    return oldest;
}

static int64_t look(struct limiter *l, const char *key, struct mono now, bool takes)
{
    if (l->each_ns == 0)
        return 0;
    struct bucket *b = find(l, key, now);
    b->used = now;
    if (b->full.ns < now.ns)
        b->full = now;
    int64_t over_ns = b->full.ns + l->each_ns - now.ns - l->burst_ns;
    if (over_ns > 0)
        return (over_ns + NS_PER_MS - 1) / NS_PER_MS;
    if (takes)
        b->full.ns += l->each_ns;
    return 0;
}

int64_t limiter_take(struct limiter *l, const char *key, struct mono now)
{
    return look(l, key, now, true);
}

int64_t limiter_look(struct limiter *l, const char *key, struct mono now)
{
    return look(l, key, now, false);
}
