/* SPDX-License-Identifier: MIT */
/* What AWS and the services beside it answer, and the files that its programs share. First byte: which.
 *
 * Promises: keys that are taken have no control character in them; an error's code is a word. */
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
    switch (bytes[0] % 3) {
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
    default:
        aws_error_read(exact, length, pool, sizeof pool, &error);
        check_clean(error.message, sizeof error.message);
        FUZZ_CHECK(strspn(error.code, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.") ==
                   strlen(error.code));
    }
    free(exact);
    return 0;
}
