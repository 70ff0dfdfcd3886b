/* SPDX-License-Identifier: MIT */
/* Bytes that went through the interfaces since the first of the month, UTC: what providers charge for.
 *
 * It survives reboots and restarts: what the kernel's counters stood at is kept beside the sums and the
 * identity of the boot. With the same boot nothing is lost, however the agent ended; after a reboot the
 * counters began at zero, and only what passed between the last keeping and the reboot is not known.
 *
 * A clock cannot be trusted at once: another month counts only after the clock has shown it for a minute, an
 * earlier one after an hour, and none before 2024 (a board without a battery). What passed meanwhile then
 * belongs to the new month, and so does what passed unseen while the month changed. */
#ifndef NEPHOS_COLLECT_TRANSFER_H
#define NEPHOS_COLLECT_TRANSFER_H

#include "agent/collect/network.h"

#define BOOT_ID_SIZE 40U
#define TRANSFER_KEPT_SIZE (76U + INTERFACES_MAX * 32U)

enum transfer_counts { TRANSFER_SENT, TRANSFER_RECEIVED, TRANSFER_BOTH, TRANSFER_LARGER };

struct transfer_counters {
    char name[INTERFACE_NAME_SIZE];
    uint64_t rx_bytes, tx_bytes;
};

struct transfer {
    uint32_t month;              /* since year 0; 0: not known yet */
    uint64_t rx_bytes, tx_bytes; /* of that month */
    char boot_id[BOOT_ID_SIZE];
    uint32_t count;
    struct transfer_counters last[INTERFACES_MAX];
    /* another month that the clock shows */
    uint32_t next_month;         /* 0: none */
    struct mono next_since;
    uint64_t next_rx_bytes, next_tx_bytes;
};

/* Of an allowance in GB (10^9 bytes, not 0), in hundredths of a percent. */
uint64_t transfer_usage(const struct transfer *t, enum transfer_counts counts, uint32_t allowance_gb);
void transfer_init(struct transfer *t, const char *boot_id);
/* From what was kept; ERR_MALFORMED, and as if there were nothing, when it is damaged. */
int transfer_load(struct transfer *t, const uint8_t *bytes, uint32_t size);
/* For keeping: number of bytes. */
uint32_t transfer_store(const struct transfer *t, uint8_t to[static TRANSFER_KEPT_SIZE]);
/* `booted_s` is when the machine was started (since 1970), 0 when that is not known. */
void transfer_add(struct transfer *t, const struct network_reading *r, int64_t wall_ms, int64_t booted_s,
                  struct mono now);

#endif
