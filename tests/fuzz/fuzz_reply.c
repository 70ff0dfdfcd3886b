/* SPDX-License-Identifier: MIT */
/* What a local service or a metadata service answers, piece by piece; and the address it was asked at.
 *
 * Promises: the body lies within the text; what is none after the first half is none as a whole; a word made
 * of it is printable; an address that is taken has a port. */
#include "tests/fuzz/fuzz.h"

#include "agent/cloud/cloud.h"
#include "agent/http_reply.h"
#include "agent/http_url.h"
#include "platform/base/utf8.h"

static void check_reply(const uint8_t *bytes, size_t size)
{
    char *text = fuzz_exact(bytes, size), *half = fuzz_exact(bytes, size / 2);
    struct http_reply reply, early;
    int result = http_reply_parse(text, (uint32_t)size, true, &reply);
    int before = http_reply_parse(half, (uint32_t)(size / 2), false, &early);
    FUZZ_CHECK(result == ERR_OK || result == ERR_MALFORMED);
    FUZZ_CHECK(before == ERR_OK || before == ERR_MALFORMED || before == ERR_AGAIN);
    if (before == ERR_MALFORMED)
        FUZZ_CHECK(result == ERR_MALFORMED);
    if (result == ERR_OK) {
        char word[FACT_SIZE];
        FUZZ_CHECK(reply.status >= 100 && reply.status <= 999);
        FUZZ_CHECK(reply.body.at >= text && reply.body.end <= text + size && reply.body.at <= reply.body.end);
        bool is_word = cloud_word(reply.body.at, span_length(reply.body), word, sizeof word);
        FUZZ_CHECK(utf8_printable(word) && is_word == (word[0] != '\0'));
    }
    free(text);
    free(half);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    struct http_url url;
    check_reply(bytes, size);
    char *text = fuzz_text(bytes, size);
    if (http_url_parse(text, &url) == ERR_OK)
        FUZZ_CHECK(strrchr(url.address, ':') != NULL && url.path[0] == '/' && url.host[0] != '\0');
    free(text);
    return 0;
}
