/* SPDX-License-Identifier: MIT */
/* OpenTelemetry's requests, protobuf or JSON as the first byte says. Promise: whatever they say, samples
 * handed over are well formed, and no more points are rejected than there were. */
#include "tests/fuzz/push_stub.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct otlp *o = &stub_otlp;
    if (size < 1)
        return 0;
    uint8_t *exact = fuzz_exact(bytes + 1, size - 1);
    memset(o, 0, sizeof *o);
    stub_samples = 0;
    int err = bytes[0] & 1 ? otlp_read_json(o, &stub_json, (const char *)exact, (uint32_t)size - 1)
                           : otlp_read_protobuf(o, exact, (uint32_t)size - 1);
    FUZZ_CHECK(err == ERR_OK || err == ERR_MALFORMED || err == ERR_FULL);
    FUZZ_CHECK(o->rejected <= o->points);
    FUZZ_CHECK(o->rejected == 0 || o->why[0] != '\0');
    free(exact);
    return 0;
}
