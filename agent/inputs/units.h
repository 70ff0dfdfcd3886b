/* SPDX-License-Identifier: MIT */
/* How many units of systemd have failed: asked of the manager itself, every minute, in one question.
 *
 * Since systemd 257 it answers anybody at a socket of its own in the Varlink protocol, a JSON object and a
 * zero byte each way: io.systemd.Manager.Describe tells NFailedUnits, the number that `systemctl --failed`
 * counts. Before, only D-Bus tells, which this agent does not speak: then failed_units is missing. Of the
 * answer, some ten kilobytes, nothing is kept but the number. */
#ifndef NEPHOS_INPUTS_UNITS_H
#define NEPHOS_INPUTS_UNITS_H

#include "agent/inputs/units_search.h"
#include "agent/sample.h"
#include "agent/series.h"
#include "platform/platform.h"

struct units {
    struct plat *plat;
    struct series *series;
    int conn;              /* or -1 */
    bool is_ready;         /* reported since it was read */
    bool is_known;
    uint32_t sent;         /* bytes of the question */
    uint64_t failed;
    struct mono ask_at, give_up_at;
    struct units_search search;
};

void units_init(struct units *u, struct plat *p, struct series *series);
void units_ready(struct units *u, int conn);
struct mono units_step(struct units *u, struct mono now);
void units_take(const struct units *u, struct sample *out);
void units_close(struct units *u);

#endif
