/* SPDX-License-Identifier: MIT */
/* Destinations at AWS. */
#ifndef NEPHOS_FORWARD_AWS_H
#define NEPHOS_FORWARD_AWS_H

#include "aggregator/forward/exporter.h"

extern const struct exporter exporter_dynamodb, exporter_kinesis;

#endif
