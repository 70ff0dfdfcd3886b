/* SPDX-License-Identifier: MIT */
/* Messages of remote write, after decompression. Promise: whatever they say, samples handed over are well
 * formed, and both passes of a request see the same. The first byte chooses version and options. */
#include "tests/fuzz/push_stub.h"

#include "aggregator/push/remote_write.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct remote_write first, second;
    if (size < 1)
        return 0;
    uint8_t *exact = fuzz_exact(bytes + 1, size - 1);
    first = (struct remote_write){.version = bytes[0] & 1 ? REMOTE_WRITE_2 : REMOTE_WRITE_1};
    snprintf(first.ask.instance, sizeof first.ask.instance, bytes[0] & 2 ? "instance,job" : "host");
    first.ask.strip_port = (bytes[0] & 4) != 0;
    second = first;
    stub_samples = 0;
    int a = remote_write_read(&first, exact, (uint32_t)size - 1);
    stub_samples = 0;
    int b = remote_write_read(&second, exact, (uint32_t)size - 1);
    FUZZ_CHECK(a == b && (a == ERR_OK || a == ERR_MALFORMED || a == ERR_FULL));
    FUZZ_CHECK(first.samples == second.samples && first.refused == second.refused);
    FUZZ_CHECK(first.refused == 0 || first.why[0] != '\0');
    free(exact);
    return 0;
}
