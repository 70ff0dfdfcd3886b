/* SPDX-License-Identifier: MIT */
/* Headers that a request to any web service carries: those of headers_file, and who we are. Pure. */
#ifndef NEPHOS_FORWARD_CREDIT_H
#define NEPHOS_FORWARD_CREDIT_H

#include "aggregator/forward/exporter.h"

/* A bearer token, or user and password, and the headers of headers_file. */
void credit_put(struct export_request *r, const struct target *to);

#endif
