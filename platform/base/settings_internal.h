/* SPDX-License-Identifier: MIT */
/* What the files of settings tell each other. */
#ifndef NEPHOS_SETTINGS_INTERNAL_H
#define NEPHOS_SETTINGS_INTERNAL_H

#include "platform/base/settings.h"

/* settings_earlier.c: after the names of today. */
int settings_parse_earlier(struct settings *s, const char *(*lookup)(const char *name), struct text *why);

#endif
