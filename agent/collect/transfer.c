/* SPDX-License-Identifier: MIT */
/* Bytes of the month; see transfer.h. What is kept, little-endian:
 *
 *     u8 version (1)   3 zero   u32 month   u64 received   u64 sent   40 boot   u32 interfaces n
 *     n times: 16 name   u64 received   u64 sent
 *     u32 CRC-32C of all before */
#include "agent/collect/transfer.h"

#include <string.h>

#include "platform/base/bytes.h"
#include "platform/base/calendar.h"
#include "platform/base/crc32c.h"
#include "platform/base/text.h"

#define VERSION 1
#define HEAD_SIZE 68U
#define COUNTERS_SIZE (INTERFACE_NAME_SIZE + 16U)
static_assert(HEAD_SIZE + INTERFACES_MAX * COUNTERS_SIZE + 4U <= TRANSFER_KEPT_SIZE, "all of it is kept");

#define MONTH_OF_2024 (2024U * 12U)
#define YEAR_10000_S INT64_C(253402300800)
#define LATER_MONTH_MS 60000
#define EARLIER_MONTH_MS 3600000

void transfer_init(struct transfer *t, const char *boot_id)
{
    *t = (struct transfer){0};
    text_copy(t->boot_id, sizeof t->boot_id, boot_id);
}

/* --- months --- */

/* Months since year 0; 0 for a time before 2024, or behind the year 9999. */
static uint32_t month_of(int64_t seconds)
{
    if (seconds < 0 || seconds >= YEAR_10000_S)
        return 0;
    struct calendar_date date = calendar_date(seconds / 86400);
    uint32_t months = (uint32_t)date.year * 12 + date.month - 1;
    return months < MONTH_OF_2024 ? 0 : months;
}

static void follow_month(struct transfer *t, uint32_t month, uint64_t rx, uint64_t tx, struct mono now)
{
    if (month == 0 || month == t->month) {
        t->next_month = 0;
        return;
    }
    if (t->next_month != month) {
        t->next_month = month;
        t->next_since = now;
        t->next_rx_bytes = t->next_tx_bytes = 0;
    }
    t->next_rx_bytes += rx;
    t->next_tx_bytes += tx;
    int64_t patience_ms = month > t->month ? LATER_MONTH_MS : EARLIER_MONTH_MS;
    if (!mono_reached(now, mono_after_ms(t->next_since, patience_ms)))
        return;
    t->month = month;
    t->rx_bytes = t->next_rx_bytes;
    t->tx_bytes = t->next_tx_bytes;
    t->next_month = 0;
}

/* --- counters --- */

static const struct transfer_counters *find(const struct transfer *t, const char *name, uint32_t guess)
{
    if (guess < t->count && text_equal(t->last[guess].name, name))
        return &t->last[guess];
    for (uint32_t i = 0; i < t->count; i++)
        if (text_equal(t->last[i].name, name))
            return &t->last[i];
    return NULL;
}

/* An interface that is new, or whose counter went back, began at zero. */
static uint64_t passed(uint64_t before, uint64_t now)
{
    return now >= before ? now - before : now;
}

static void remember(struct transfer *t, const struct network_reading *r)
{
    t->count = r->count;
    for (uint32_t i = 0; i < r->count; i++) {
        text_copy(t->last[i].name, sizeof t->last[i].name, r->interfaces[i].name);
        t->last[i].rx_bytes = r->interfaces[i].rx_bytes;
        t->last[i].tx_bytes = r->interfaces[i].tx_bytes;
    }
}

void transfer_add(struct transfer *t, const struct network_reading *r, int64_t wall_ms, int64_t booted_s,
                  struct mono now)
{
    uint32_t month = month_of(wall_ms / 1000);
    if (r->count == 0 || (t->month == 0 && month == 0))
        return;
    uint64_t rx = 0, tx = 0;
    for (uint32_t i = 0; i < r->count; i++) {
        const struct interface *it = &r->interfaces[i];
        const struct transfer_counters *last = find(t, it->name, i);
        rx += passed(last != NULL ? last->rx_bytes : 0, it->rx_bytes);
        tx += passed(last != NULL ? last->tx_bytes : 0, it->tx_bytes);
    }
    remember(t, r);
    if (t->month == 0) {
        /* Never kept before: the counters are of this month if the machine was started in it. */
        t->month = month;
        if (month_of(booted_s) != month)
            return;
    }
    t->rx_bytes += rx;
    t->tx_bytes += tx;
    follow_month(t, month, rx, tx, now);
}

/* --- keeping --- */

uint64_t transfer_usage(const struct transfer *t, enum transfer_counts counts, uint32_t allowance_gb)
{
    uint64_t rx = t->rx_bytes, tx = t->tx_bytes;
    uint64_t used = counts == TRANSFER_SENT       ? tx
                    : counts == TRANSFER_RECEIVED ? rx
                    : counts == TRANSFER_BOTH     ? rx + tx
                                                  : (rx > tx ? rx : tx);
    return used / (allowance_gb * (UINT64_C(1000000000) / 10000));
}

uint32_t transfer_store(const struct transfer *t, uint8_t to[static TRANSFER_KEPT_SIZE])
{
    memset(to, 0, TRANSFER_KEPT_SIZE);
    to[0] = VERSION;
    put_u32(to + 4, t->month);
    put_u64(to + 8, t->rx_bytes);
    put_u64(to + 16, t->tx_bytes);
    memcpy(to + 24, t->boot_id, BOOT_ID_SIZE);
    put_u32(to + 64, t->count);
    uint32_t at = HEAD_SIZE;
    for (uint32_t i = 0; i < t->count; i++, at += COUNTERS_SIZE) {
        memcpy(to + at, t->last[i].name, INTERFACE_NAME_SIZE);
        put_u64(to + at + INTERFACE_NAME_SIZE, t->last[i].rx_bytes);
        put_u64(to + at + INTERFACE_NAME_SIZE + 8, t->last[i].tx_bytes);
    }
    put_u32(to + at, crc32c(0, to, at));
    return at + 4;
}

int transfer_load(struct transfer *t, const uint8_t *bytes, uint32_t size)
{
    if (size < HEAD_SIZE + 4 || bytes[0] != VERSION)
        return ERR_MALFORMED;
    uint32_t count = get_u32(bytes + 64);
    if (count > INTERFACES_MAX || size != HEAD_SIZE + count * COUNTERS_SIZE + 4 ||
        get_u32(bytes + size - 4) != crc32c(0, bytes, size - 4))
        return ERR_MALFORMED;
    t->month = get_u32(bytes + 4);
    t->rx_bytes = get_u64(bytes + 8);
    t->tx_bytes = get_u64(bytes + 16);
    t->count = 0;
    /* After a reboot, or when that cannot be told, the counters began anew. */
    if (t->boot_id[0] == '\0' || memcmp(bytes + 24, t->boot_id, BOOT_ID_SIZE) != 0)
        return ERR_OK;
    const uint8_t *at = bytes + HEAD_SIZE;
    for (; t->count < count; t->count++, at += COUNTERS_SIZE) {
        struct transfer_counters *c = &t->last[t->count];
        memcpy(c->name, at, sizeof c->name - 1);
        c->name[sizeof c->name - 1] = '\0';
        c->rx_bytes = get_u64(at + INTERFACE_NAME_SIZE);
        c->tx_bytes = get_u64(at + INTERFACE_NAME_SIZE + 8);
    }
    return ERR_OK;
}
