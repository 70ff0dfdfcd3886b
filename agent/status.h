/* SPDX-License-Identifier: MIT */
/* How the agent is doing, in words: for the service manager and for whoever sends SIGUSR1. */
#ifndef NEPHOS_AGENT_STATUS_H
#define NEPHOS_AGENT_STATUS_H

#include "agent/agent.h"

/* One line without newline: "connected to HOST:PORT; 12 samples wait". */
void status_line(const struct agent *a, struct text *out);
/* Everything that is counted, a line each. */
void status_report(const struct agent *a, struct text *out);

#endif
