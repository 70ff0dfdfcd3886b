/* SPDX-License-Identifier: MIT */
/* Texts of names and numbers, of which only some are wanted. Three forms, as the kernel writes them:
 *
 *     fields_lines    "pswpin 12"                           /proc/vmstat, /proc/meminfo
 *     fields_columns  "Tcp: InSegs OutSegs", "Tcp: 7 9"     /proc/net/snmp, /proc/net/netstat
 *     fields_pairs    "TCP: inuse 4 orphan 0 tw 1"          /proc/net/sockstat
 */
#ifndef NEPHOS_COLLECT_FIELDS_H
#define NEPHOS_COLLECT_FIELDS_H

#include "platform/base/base.h"

struct field_name {
    const char *group; /* "Tcp:"; not looked at by fields_lines */
    const char *name;
};

/* Each of them: values[i] is the number of names[i] where has[i], and zero elsewhere. `count` is at most
 * 32. */
void fields_lines(const char *text, uint32_t length, const struct field_name *names, uint32_t count,
                  bool *has, uint64_t *values);
void fields_columns(const char *text, uint32_t length, const struct field_name *names, uint32_t count,
                    bool *has, uint64_t *values);
void fields_pairs(const char *text, uint32_t length, const struct field_name *names, uint32_t count,
                  bool *has, uint64_t *values);

#endif
