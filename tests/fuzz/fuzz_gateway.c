/* SPDX-License-Identifier: MIT */
/* What the Nephos API of another side answers: ids of what was made, and lists of instances.
 *
 * Promises: what is found is a name, terminated, and no longer than there is room for; a text that is cut
 * short does no harm. */
#include "tests/fuzz/fuzz.h"

#include "aggregator/forward/gateway/gateway.h"

static _Alignas(64) uint8_t pool[EXPORT_BODY_SIZE];

static bool look(const uint8_t *bytes, size_t size, char id[static OUTLET_ALIAS_SIZE])
{
    char *text = fuzz_exact(bytes, size);
    bool found = gateway_find(text, (uint32_t)size, "host-1", pool, id);
    free(text);
    return found;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char id[OUTLET_ALIAS_SIZE] = "", half[OUTLET_ALIAS_SIZE] = "";
    char *text = fuzz_exact(bytes, size);
    if (gateway_read_id(text, (uint32_t)size, pool, id))
        FUZZ_CHECK(id[0] != '\0' && strnlen(id, sizeof id) < sizeof id);
    free(text);
    if (look(bytes, size, id))
        FUZZ_CHECK(id[0] != '\0' && strnlen(id, sizeof id) < sizeof id);
    if (size > 0 && look(bytes, size - 1, half))
        FUZZ_CHECK(half[0] != '\0');
    return 0;
}
