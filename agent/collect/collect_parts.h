/* SPDX-License-Identifier: MIT */
/* What the files of collect share, grouped by file. For each source there is a function that parses its text
 * into the struct, and one that puts what is there into the sample. */
#ifndef NEPHOS_COLLECT_PARTS_H
#define NEPHOS_COLLECT_PARTS_H

#include "agent/collect/collect.h"

/* collect.c */
/* `tag` is what the metric is about, without the key. A value without a slot is left out and counted. */
void collect_put(struct collect *c, struct sample *out, enum metric metric, const char *tag,
                 uint64_t value);
/* Says once that more was there than is watched. */
void collect_say_skipped(struct collect *c, bool *said, uint32_t skipped, uint32_t limit,
                         const char *what);

/* collect_machine.c */
void collect_parse_stat(struct collect *c, const char *text, uint32_t length);
void collect_put_stat(struct collect *c, struct sample *out);
void collect_put_cores(struct collect *c, struct sample *out);
void collect_parse_loadavg(struct collect *c, const char *text, uint32_t length);
void collect_put_loadavg(struct collect *c, struct sample *out);
void collect_parse_uptime(struct collect *c, const char *text, uint32_t length);
void collect_put_uptime(struct collect *c, struct sample *out);
void collect_parse_meminfo(struct collect *c, const char *text, uint32_t length);
void collect_put_meminfo(struct collect *c, struct sample *out);
void collect_parse_vmstat(struct collect *c, const char *text, uint32_t length);
void collect_put_vmstat(struct collect *c, struct sample *out);

/* collect_pressure.c */
void collect_parse_pressure_cpu(struct collect *c, const char *text, uint32_t length);
void collect_put_pressure_cpu(struct collect *c, struct sample *out);
void collect_parse_pressure_memory(struct collect *c, const char *text, uint32_t length);
void collect_put_pressure_memory(struct collect *c, struct sample *out);
void collect_parse_pressure_io(struct collect *c, const char *text, uint32_t length);
void collect_put_pressure_io(struct collect *c, struct sample *out);

/* collect_network.c */
void collect_parse_net_dev(struct collect *c, const char *text, uint32_t length);
void collect_put_net_dev(struct collect *c, struct sample *out);
void collect_parse_snmp(struct collect *c, const char *text, uint32_t length);
void collect_put_snmp(struct collect *c, struct sample *out);
void collect_parse_netstat(struct collect *c, const char *text, uint32_t length);
void collect_put_netstat(struct collect *c, struct sample *out);
void collect_parse_sockstat(struct collect *c, const char *text, uint32_t length);
void collect_parse_sockstat6(struct collect *c, const char *text, uint32_t length);
void collect_put_sockstat(struct collect *c, struct sample *out);

/* collect_self.c; none of these reads a text */
void collect_parse_clocks(struct collect *c, const char *text, uint32_t length);
void collect_put_clocks(struct collect *c, struct sample *out);
void collect_parse_clock_state(struct collect *c, const char *text, uint32_t length);
void collect_put_clock_state(struct collect *c, struct sample *out);
void collect_parse_self(struct collect *c, const char *text, uint32_t length);
void collect_put_self(struct collect *c, struct sample *out);

/* collect_storage.c */
void collect_parse_diskstats(struct collect *c, const char *text, uint32_t length);
void collect_put_diskstats(struct collect *c, struct sample *out);
void collect_parse_mountinfo(struct collect *c, const char *text, uint32_t length);
void collect_put_mountinfo(struct collect *c, struct sample *out);

/* collect_folders.c */
void collect_take_folders(struct collect *c, struct sample *out);

#endif
