/* SPDX-License-Identifier: MIT */
/* What an instance id may look like, for both sides: it becomes a common name, a path segment of the API
 * and a word in log lines. */
#ifndef NEPHOS_INSTANCE_ID_H
#define NEPHOS_INSTANCE_ID_H

#include "platform/base/base.h"
#include "proto/limits.h"

/* 1 to INSTANCE_ID_SIZE - 1 characters out of A-Z a-z 0-9 . _ : - */
bool instance_id_allowed(const char *id);

#endif
