/* SPDX-License-Identifier: MIT */
/* What the run came to: a summary in JSON, and the ledger that a test holds against the API. */
#ifndef NEPHOS_LOADGEN_REPORT_H
#define NEPHOS_LOADGEN_REPORT_H

#include "platform/base/text.h"
#include "tools/loadgen/sender.h"

void report_summary(const struct senders *g, uint64_t handshakes_full, uint64_t handshakes_resumed,
                    int64_t elapsed_ms, struct text *out);
/* One line of JSON for each agent: {"instance","epoch","acknowledged","first_ms","interval_ms","series":
 * [{"metric","tag","scale","fnv"}]}; fnv is FNV-1a (64 bits) over the acknowledged integers, each as eight
 * little-endian bytes. ERR_SYSTEM when the file cannot be written. */
int report_ledger(const struct senders *g, const char *path);

#endif
