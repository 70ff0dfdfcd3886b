/* SPDX-License-Identifier: MIT */
/* See json_depth.h. */
#include "platform/base/json_depth.h"

#include <stdbool.h>

uint32_t json_depth(const char *bytes, uint32_t size)
{
    uint32_t depth = 0, most = 0;
    bool in_text = false;
    for (uint32_t i = 0; i < size; i++) {
        char c = bytes[i];
        if (in_text) {
            i += c == '\\';
            in_text = c != '"';
            continue;
        }
        in_text = c == '"';
        if (c == '{' || c == '[')
            most = ++depth > most ? depth : most;
        if ((c == '}' || c == ']') && depth > 0)
            depth--;
    }
    return most;
}
