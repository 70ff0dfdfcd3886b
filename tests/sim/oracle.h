/* SPDX-License-Identifier: MIT */
/* What an agent should have measured: the numbers of the simulated /proc turned into metrics, by a second
 * hand that shares no code with the agent. */
#ifndef NEPHOS_TESTS_SIM_ORACLE_H
#define NEPHOS_TESTS_SIM_ORACLE_H

#include "platform/sim/sim.h"
#include "proto/processes.h"

#define ORACLE_FIELDS_MAX 192U

/* The field of a metric with that tag, or ERR_MISSING when no agent should send it. */
int oracle_field(const char *metric, const char *tag);
const char *oracle_name(uint32_t field);
uint32_t oracle_field_count(void);
/* All fields at one second; `before` is when the agent looked the time before. */
void oracle_expect(uint32_t machine, uint32_t boot, uint32_t second, uint32_t before,
                   int64_t expected[static ORACLE_FIELDS_MAX]);
/* The top processes of one second: all five that have memory are there, with what they have, and nobody else.
 * NULL, or what is wrong. Shares depend on when each was read before: they are only held to be possible. */
const char *oracle_processes(uint32_t machine, uint32_t boot, uint32_t second,
                             const struct process_tops *tops);
/* The field tells about the time since `before`, and is missing when none has passed. */
bool oracle_needs_time(uint32_t field);
/* Agents ask for it only every ten seconds. It does not depend on `before`. */
bool oracle_is_slow(uint32_t field);
/* Only that it is there can be judged. */
bool oracle_is_loose(uint32_t field);

#endif
