/* SPDX-License-Identifier: MIT */
/* What Vultr's API (version 2) answers: pages of servers, bandwidth, errors. Bytes in, facts out; of a text
 * that does not fit its beginning is kept. Secrets that come along (default_password, kvm) are left. */
#ifndef NEPHOS_SENTINEL_VULTR_H
#define NEPHOS_SENTINEL_VULTR_H

#include "aggregator/sentinel/judge.h"

#define VULTR_PAGE_MAX 25U        /* servers that we ask for at once */
#define VULTR_ANSWER_SIZE 65536U  /* such a page is half as long */
#define VULTR_CURSOR_SIZE 256U
#define VULTR_POOL_SIZE (VULTR_ANSWER_SIZE * 12U + 65536U) /* what parsing it takes at most */

struct vultr_server {
    char id[INSTANCE_ID_SIZE];
    char label[NAME_SIZE], hostname[NAME_SIZE], os[FACT_SIZE];
    char region[24], plan[40];
    char address[16], address_v6[48];  /* "" while there is none */
    char status[16], power[16], state[24];
    uint32_t cores, memory_mib, disk_gb;
    uint32_t allowance_gb;             /* bytes to the outside in a month, in units of 10^9; 0: not told */
};

static_assert(offsetof(struct vultr_server, cores) % 4 == 0 && sizeof(struct vultr_server) % 4 == 0,
              "no padding: they are compared as bytes");

struct vultr_page {
    uint32_t count, left_out;          /* left_out: without an id that can be one of ours */
    struct vultr_server servers[VULTR_PAGE_MAX];
    uint32_t total;                    /* servers in all, as it says */
    char next[VULTR_CURSOR_SIZE];      /* cursor; "": this is the last page */
};
struct vultr_bandwidth {
    uint64_t incoming_bytes, outgoing_bytes; /* of the month */
};

/* `bytes` is written over, four bytes behind `size` too. `pool` has VULTR_POOL_SIZE bytes. ERR_OK, or
 * ERR_MALFORMED with `why`. */
int vultr_read_page(void *pool, char *bytes, uint32_t size, struct vultr_page *out, struct text *why);
/* Of the days that begin with `month`, as "2026-01-". */
int vultr_read_bandwidth(void *pool, char *bytes, uint32_t size, const char *month,
                         struct vultr_bandwidth *out, struct text *why);
/* "HTTP 401: Invalid API token." */
void vultr_read_error(void *pool, char *bytes, uint32_t size, uint32_t status, struct text *out);
/* Up, on its way, or down. Words that we do not know are no fault. */
enum check_health vultr_health(const struct vultr_server *s);

#endif
