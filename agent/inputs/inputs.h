/* SPDX-License-Identifier: MIT */
/* What reaches the agent from elsewhere than the kernel: what applications tell (StatsD), what scripts leave
 * behind (*.prom files), whether a service of this machine answers, and what the service manager says. Each
 * puts what it knows into the sample that collect has begun. */
#ifndef NEPHOS_INPUTS_H
#define NEPHOS_INPUTS_H

#include "agent/config.h"
#include "agent/inputs/health.h"
#include "agent/inputs/statsd.h"
#include "agent/inputs/textfile.h"
#include "agent/inputs/units.h"

struct inputs {
    struct statsd statsd;
    struct textfile textfile;
    struct health health;
    struct units units;
};

/* `config` has passed config_check() and outlives the inputs. */
void inputs_init(struct inputs *in, struct plat *p, struct series *series,
                 uint8_t scratch[static SCRATCH_SIZE], const struct config *config);
/* The platform has reported this connection, which may be somebody else's. */
void inputs_ready(struct inputs *in, int conn);
/* Everything that can be done now; returns when to come back if nothing is ready before. */
struct mono inputs_step(struct inputs *in, struct mono now);
void inputs_take(struct inputs *in, struct sample *out, struct mono now);
void inputs_close(struct inputs *in);

#endif
