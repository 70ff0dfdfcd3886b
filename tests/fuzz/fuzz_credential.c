/* SPDX-License-Identifier: MIT */
/* Authorization, Cookie, Sec-WebSocket-Protocol, Origin and Host, and what they carry. */
#include "tests/fuzz/fuzz.h"

#include "aggregator/access/limiter.h"
#include "aggregator/api/credential.h"

static void inside(struct span part, struct span whole)
{
    FUZZ_CHECK(part.length == 0 ||
           (part.at >= whole.at && part.at + part.length <= whole.at + whole.length));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char *data = fuzz_exact(bytes, size);
    struct span all = {data, (uint32_t)size};
    char to[CREDENTIAL_SIZE_MAX], key[LIMITER_KEY_SIZE], address[128];
    inside(credential_bearer(all), all);
    inside(credential_cookie(all, CREDENTIAL_COOKIE), all);
    FUZZ_CHECK(credential_subprotocol(all, to) < sizeof to);
    struct span host = credential_origin_host(all);
    inside(host, all);
    inside(credential_host(all), all);
    FUZZ_CHECK(!credential_is_loopback(host) || credential_is_address(host));
    (void)credential_is_address(all);
    uint32_t n = size < sizeof address - 1 ? (uint32_t)size : (uint32_t)sizeof address - 1;
    memcpy(address, data, n);
    address[n] = '\0';
    limiter_key(address, key);
    FUZZ_CHECK(strlen(key) < sizeof key);
    free(data);
    return 0;
}
