/* SPDX-License-Identifier: MIT */
/* /proc/uptime (proc(5)). */
#ifndef NEPHOS_COLLECT_UPTIME_H
#define NEPHOS_COLLECT_UPTIME_H

#include "platform/base/base.h"

/* Whole seconds since boot, or ERR_MALFORMED. */
int64_t uptime_parse(const char *text, uint32_t length);

#endif
