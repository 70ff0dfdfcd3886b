/* SPDX-License-Identifier: MIT */
/* The dashboard's files as tools/embed put them into the binary (build/gen/assets.c). */
#ifndef NEPHOS_API_ASSETS_H
#define NEPHOS_API_ASSETS_H

#include "platform/base/base.h"

struct asset {
    const char *name;         /* "app.js" */
    const char *hashed;       /* "app-0123456789abcdef.js": what has this name is always the same */
    const char *content_type;
    const char *hash;         /* of the content, hexadecimal */
    const uint8_t *plain;
    const uint8_t *gzip;
    uint32_t plain_size, gzip_size;
};

extern const struct asset assets[];
extern const uint32_t asset_count;

#endif
