/* SPDX-License-Identifier: MIT */
/* Prometheus' remote write as a destination; see exporter.h for what that is. */
#ifndef NEPHOS_FORWARD_REMOTE_WRITE_H
#define NEPHOS_FORWARD_REMOTE_WRITE_H

#include "aggregator/forward/exporter.h"

extern const struct exporter exporter_remote_write;

#endif
