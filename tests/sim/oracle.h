/* SPDX-License-Identifier: MIT */
/* What an agent should have measured: the numbers of the simulated /proc turned into metrics, by a second
 * hand that shares no code with the agent. */
#ifndef NEPHOS_TESTS_SIM_ORACLE_H
#define NEPHOS_TESTS_SIM_ORACLE_H

#include "platform/sim/sim.h"

#define ORACLE_FIELDS_MAX 64U

/* The field of a metric with that tag, or ERR_MISSING when no agent should send it. */
int oracle_field(const char *metric, const char *tag);
const char *oracle_name(uint32_t field);
uint32_t oracle_field_count(void);
/* All fields at one second; `before` is the second of the sample before. */
void oracle_expect(uint32_t machine, uint32_t boot, uint32_t second, uint32_t before,
                   int64_t expected[static ORACLE_FIELDS_MAX]);
/* The field needs a sample before it, and so may be missing in the first of an epoch. */
bool oracle_needs_before(uint32_t field);
/* The use of a file system: agents ask for it only every ten seconds. */
bool oracle_is_slow(uint32_t field);

#endif
