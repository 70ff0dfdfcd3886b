/* SPDX-License-Identifier: MIT */
/* What AWS and the services beside it answer, and the files that its programs share. First byte: which.
 *
 * Promises: keys that are taken have no control character in them; an error's code is a word; as many
 * records are marked as are counted. */
#include "tests/fuzz/fuzz.h"

#include "aggregator/forward/aws/answers.h"
#include "aggregator/forward/aws/profile.h"

static _Alignas(16) uint8_t pool[65536];

static void check_clean(const char *text, size_t size)
{
    FUZZ_CHECK(memchr(text, '\0', size) != NULL);
    for (; *text != '\0'; text++)
        FUZZ_CHECK((unsigned char)*text >= 0x20 && *text != 0x7f);
}

static void check_keys(const struct aws_keys *k)
{
    check_clean(k->id, sizeof k->id);
    check_clean(k->secret, sizeof k->secret);
    check_clean(k->token, sizeof k->token);
}

static void check_outcomes(const char *bytes, uint32_t length)
{
    const char *ids[25], *code = "";
    uint64_t failed[2], bits = 0;
    yyjson_val *root = aws_json_read(bytes, length, pool, sizeof pool);
    uint32_t count = aws_unprocessed_ids(root, ids, 25);
    FUZZ_CHECK(count <= 25);
    for (uint32_t i = 0; i < count; i++)
        FUZZ_CHECK(strlen(ids[i]) <= length);
    for (uint32_t records = 1; records <= 100; records += 33) {
        int n = aws_failed_records(root, records, failed, &code);
        bits = (uint64_t)__builtin_popcountll(failed[0]);
        if (records > 64)
            bits += (uint64_t)__builtin_popcountll(failed[1]);
        FUZZ_CHECK(n == ERR_MALFORMED ? bits == 0 : n <= (int)records && bits == (uint64_t)n);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct aws_profile profile;
    static struct aws_keys keys;
    struct aws_error error;
    if (size < 1)
        return 0;
    uint32_t length = (uint32_t)(size - 1);
    char *exact = fuzz_exact(bytes + 1, length);
    memset(&profile, 0, sizeof profile);
    switch (bytes[0] % 4) {
    case 0:
        (void)aws_profile_read(exact, length, "default", &profile);
        check_keys(&profile.keys);
        check_clean(profile.region, sizeof profile.region);
        break;
    case 1:
        if (aws_keys_read(exact, length, pool, sizeof pool, &keys) == ERR_OK)
            FUZZ_CHECK(keys.id[0] != '\0' && keys.secret[0] != '\0' && keys.expires_ms >= 0);
        check_keys(&keys);
        break;
    case 2: check_outcomes(exact, length); break;
    default:
        aws_error_read(exact, length, pool, sizeof pool, &error);
        check_clean(error.message, sizeof error.message);
        FUZZ_CHECK(strspn(error.code, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.") ==
                   strlen(error.code));
    }
    free(exact);
    return 0;
}
