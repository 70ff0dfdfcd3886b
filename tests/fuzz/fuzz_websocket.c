/* SPDX-License-Identifier: MIT */
/* Frames of a WebSocket client, one behind the other. First byte: how much is room for.
 *
 * Promise: half a frame is left as it was, so that it can be read again with more bytes behind it. */
#include "tests/fuzz/fuzz.h"

#include "aggregator/api/websocket.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 1)
        return 0;
    uint32_t data_max = bytes[0] % 2 == 0 ? WEBSOCKET_MESSAGE_MAX : bytes[0];
    size--;
    char *copy = fuzz_exact(bytes + 1, size);
    struct websocket_frame f;
    for (uint32_t at = 0; at < size;) {
        int n = websocket_read(copy + at, (uint32_t)size - at, data_max, &f);
        if (n < 0) {
            FUZZ_CHECK(n == ERR_AGAIN || n == ERR_MALFORMED || n == ERR_FULL);
            FUZZ_CHECK(memcmp(copy + at, bytes + 1 + at, size - at) == 0);
            break;
        }
        FUZZ_CHECK((uint32_t)n <= size - at && f.payload + f.size == copy + at + n);
        FUZZ_CHECK(f.opcode >= WEBSOCKET_CLOSE || f.size <= data_max);
        if (f.opcode == WEBSOCKET_CLOSE)
            FUZZ_CHECK(websocket_close_code(&f) >= 1000 && websocket_close_code(&f) <= 4999);
        at += (uint32_t)n;
    }
    free(copy);
    return 0;
}
