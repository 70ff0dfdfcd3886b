/* SPDX-License-Identifier: MIT */
/* What reaches the agent from elsewhere; see inputs.h. */
#include "agent/inputs/inputs.h"

void inputs_init(struct inputs *in, struct plat *p, struct series *series,
                 uint8_t scratch[static SCRATCH_SIZE], const struct config *config)
{
    statsd_init(&in->statsd, p, series, scratch, config->statsd_address);
    textfile_init(&in->textfile, p, series, scratch, config->textfile_dir);
    health_init(&in->health, p, series, config->health_url, config->check_interval_ms,
                config->check_timeout_ms);
    units_init(&in->units, p, series);
}

void inputs_ready(struct inputs *in, int conn)
{
    statsd_ready(&in->statsd, conn);
    health_ready(&in->health, conn);
    units_ready(&in->units, conn);
}

struct mono inputs_step(struct inputs *in, struct mono now)
{
    struct mono next = mono_earlier(statsd_step(&in->statsd, now), health_step(&in->health, now));
    return mono_earlier(next, units_step(&in->units, now));
}

/* The health check comes last: what it measures wins over what an application tells under the same name. */
void inputs_take(struct inputs *in, struct sample *out, struct mono now)
{
    statsd_take(&in->statsd, out, now);
    textfile_take(&in->textfile, out, now);
    units_take(&in->units, out);
    health_take(&in->health, out);
}

void inputs_close(struct inputs *in)
{
    statsd_close(&in->statsd);
    health_close(&in->health);
    units_close(&in->units);
}
