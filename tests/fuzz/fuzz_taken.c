/* SPDX-License-Identifier: MIT */
/* Answers of those that metrics are sent to: of Snowflake's SQL API, and of a receiver of OTLP. Promise:
 * words are printable, a handle is fit for a path, and nothing is read beyond the answer. */
#include "tests/fuzz/fuzz.h"

#include "aggregator/forward/otlp.h"
#include "aggregator/forward/snowflake/answer.h"
#include "platform/base/utf8.h"

static _Alignas(64) uint8_t pool[65536];

static void look_at_snowflake(const uint8_t *bytes, uint32_t size)
{
    struct snowflake_answer a;
    snowflake_answer_read((const char *)bytes, size, pool, sizeof pool, &a);
    FUZZ_CHECK(utf8_printable(a.message) && utf8_printable(a.code) && utf8_printable(a.state));
    FUZZ_CHECK(strspn(a.handle, "0123456789abcdefABCDEF-") == strlen(a.handle));
    FUZZ_CHECK(a.cell == NULL || (const uint8_t *)a.cell < pool + sizeof pool);
    FUZZ_CHECK(a.cell == NULL || strlen(a.cell) < sizeof pool);
    (void)snowflake_fault_of(&a);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct otlp_answer a;
    if (size < 1 || size > 16384)
        return 0;
    uint8_t *exact = fuzz_exact(bytes + 1, size - 1);
    if (bytes[0] == '{') {
        free(exact);
        exact = fuzz_exact(bytes, size);
        look_at_snowflake(exact, (uint32_t)size);
    } else {
        otlp_answer_read(exact, (uint32_t)size - 1, bytes[0] & 1 ? 200 : 400, &a);
        FUZZ_CHECK(utf8_printable(a.words));
    }
    free(exact);
    return 0;
}
