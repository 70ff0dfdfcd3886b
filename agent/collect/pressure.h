/* SPDX-License-Identifier: MIT */
/* /proc/pressure/{cpu,memory,io} (kernel: Documentation/accounting/psi.rst, since Linux 4.20): time in which
 * some tasks, or all that were not idle, waited for the resource. */
#ifndef NEPHOS_COLLECT_PRESSURE_H
#define NEPHOS_COLLECT_PRESSURE_H

#include "platform/base/base.h"

enum pressure_kind { PRESSURE_SOME, PRESSURE_FULL, PRESSURE_KIND_COUNT };

struct pressure_reading {
    bool has[PRESSURE_KIND_COUNT];
    uint64_t avg10_x100[PRESSURE_KIND_COUNT]; /* percent of the last ten seconds, times 100 */
    uint64_t total_us[PRESSURE_KIND_COUNT];
};

void pressure_parse(const char *text, uint32_t length, struct pressure_reading *out);

#endif
