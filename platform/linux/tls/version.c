/* SPDX-License-Identifier: MIT */
/* What this program is made of, for --version. The Makefile tells this file alone the commit and the
 * architecture, so that a new commit compiles nothing else. */
#include "platform/linux/plat_linux.h"

#include <mbedtls/build_info.h>

#ifndef NEPHOS_COMMIT /* compiled by hand or for a test */
#define NEPHOS_COMMIT "unknown"
#define NEPHOS_ARCHITECTURE "unknown"
#endif

void plat_linux_version(const char *program, uint32_t protocol, struct text *out)
{
    text_printf(out, "%s " NEPHOS_VERSION " (git " NEPHOS_COMMIT ", " NEPHOS_ARCHITECTURE
                ", mbedTLS " MBEDTLS_VERSION_STRING ", protocol %u)\n", program, (unsigned)protocol);
}
