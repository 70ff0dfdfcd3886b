/* SPDX-License-Identifier: MIT */
/* How deep a JSON text nests, asked before it is parsed: who walks the result recurses. Pure. */
#ifndef NEPHOS_JSON_DEPTH_H
#define NEPHOS_JSON_DEPTH_H

#include <stdint.h>

/* Brackets that are open at the deepest place; those within texts do not count. */
uint32_t json_depth(const char *bytes, uint32_t size);

#endif
