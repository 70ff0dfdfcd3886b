/* SPDX-License-Identifier: MIT */
/* The rule for instance ids; see instance_id.h. */
#include "proto/instance_id.h"

bool instance_id_allowed(const char *id)
{
    uint32_t length = 0;
    for (; id[length] != '\0'; length++) {
        char c = id[length];
        bool allowed = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '_' || c == ':' || c == '-';
        if (!allowed || length >= INSTANCE_ID_SIZE - 1)
            return false;
    }
    return length > 0;
}
