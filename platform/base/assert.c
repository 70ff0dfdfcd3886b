/* SPDX-License-Identifier: MIT */
/* What happens when a belief about our own code turns out false: say so, and stop. */
#include <stdio.h>
#include <stdlib.h>

#include "platform/base/base.h"

_Noreturn void base_assert_failed(const char *cond, const char *file, int line)
{
    dprintf(2, "nephos: bug: %s is false at %s:%d; please report this line\n", cond, file, line);
    abort();
}
