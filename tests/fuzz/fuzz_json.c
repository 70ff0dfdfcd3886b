/* SPDX-License-Identifier: MIT */
/* A message of a WebSocket client, through the JSON parser with its fixed pool to the answer.
 *
 * Promises: the answer is JSON and fits; whatever the message, the subscriber stays within its arrays. */
#include "tests/fuzz/fuzz.h"

#include <yyjson.h>

#include "aggregator/api/subscribe.h"
#include "aggregator/api/websocket.h"

const char *const live_type_names[LIVE_TYPE_COUNT] = {"metric", "alert", "instance", "insight"};

/* The store, as far as this door asks it: hosts "a" to "d". */
int store_instance_find(const struct store *s, const char *id)
{
    (void)s;
    return id[0] >= 'a' && id[0] <= 'd' && id[1] == '\0' ? id[0] - 'a' : ERR_MISSING;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size > WEBSOCKET_MESSAGE_MAX)
        return 0;
    static struct subscribe_scratch scratch;
    struct subscription sub;
    char answer[512];
    struct text reply;
    text_init(&reply, answer, sizeof answer);
    char *message = fuzz_exact(bytes, size);
    int err = subscribe_message(&scratch, NULL, message, (uint32_t)size, &sub, &reply);
    FUZZ_CHECK(size == 0 || memcmp(message, bytes, size) == 0);
    free(message);
    FUZZ_CHECK(err == ERR_OK || err == ERR_MALFORMED);
    FUZZ_CHECK(sub.instance_count <= SUBSCRIBED_INSTANCES_MAX);
    for (uint32_t i = 0; i < sub.instance_count; i++)
        FUZZ_CHECK(sub.instances[i] < 4);
    FUZZ_CHECK(sub.types < 1U << LIVE_TYPE_COUNT && memchr(sub.stream, 0, sizeof sub.stream) != NULL);
    if (err != ERR_OK)
        return 0;
    if (sub.is_asked)
        subscribe_confirm(&sub, "0123456789abcdef", UINT64_MAX, UINT64_MAX, &reply);
    FUZZ_CHECK(reply.length > 0 && !reply.truncated);
    yyjson_doc *doc = yyjson_read(reply.at, reply.length, 0);
    FUZZ_CHECK(doc != NULL);
    yyjson_doc_free(doc);
    return 0;
}
