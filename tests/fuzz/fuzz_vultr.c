/* SPDX-License-Identifier: MIT */
/* What the sentinel reads: Vultr's pages, bandwidth and errors, redirects, and checks as they are stored.
 * Promises: all texts end and are printable, ids are ids, an address that is followed to is one that may be
 * looked at, and checks that are read and written are read again as the same. */
#include "tests/fuzz/fuzz.h"

#include "aggregator/sentinel/address.h"
#include "aggregator/sentinel/vultr.h"
#include "platform/base/utf8.h"
#include "proto/instance_id.h"

static char pool[VULTR_POOL_SIZE], copy[VULTR_ANSWER_SIZE + 8];

static void try_page(uint32_t size, struct text *why)
{
    static struct vultr_page page;
    if (vultr_read_page(pool, copy, size, &page, why) < 0) {
        FUZZ_CHECK(why->length > 0);
        return;
    }
    FUZZ_CHECK(page.count <= VULTR_PAGE_MAX && strlen(page.next) < sizeof page.next);
    for (uint32_t i = 0; i < page.count; i++) {
        const struct vultr_server *s = &page.servers[i];
        FUZZ_CHECK(instance_id_allowed(s->id) && utf8_printable(s->label) && utf8_printable(s->os));
        FUZZ_CHECK(utf8_printable(s->address) && utf8_printable(s->address_v6) && utf8_printable(s->state));
        FUZZ_CHECK(vultr_health(s) <= UNHEALTHY);
    }
}

static void try_redirect(const char *bytes, uint32_t size)
{
    char to[CHECK_URL_SIZE], *base = fuzz_text(bytes, size), *location = strchr(base, '\n');
    if (location != NULL) {
        *location++ = '\0';
        if (address_allowed(base) && address_follow(base, location, to, sizeof to) == ERR_OK)
            FUZZ_CHECK(address_allowed(to) && text_starts(to, "http"));
    }
    free(base);
}

static void try_checks(const char *bytes, uint32_t size)
{
    static struct check_set set, again;
    static char text[128 * 1024], second[128 * 1024];
    char words[400];
    struct text why, out;
    text_init(&why, words, sizeof words);
    text_init(&out, text, sizeof text);
    set.count = again.count = 0;
    if (checks_parse(&set, bytes, size, CHECK_FROM_API, &why) < 0)
        return;
    for (uint32_t i = 0; i < set.count; i++)
        if (check_check(&set.checks[i], &why) < 0)
            return;
    checks_print(&set, &out);
    FUZZ_CHECK(!out.truncated && checks_parse(&again, text, out.length, CHECK_FROM_API, &why) == 0);
    struct text twice;
    text_init(&twice, second, sizeof second);
    checks_print(&again, &twice);
    FUZZ_CHECK(again.count == set.count && twice.length == out.length && strcmp(text, second) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    char words[400];
    struct text why;
    struct vultr_bandwidth b;
    if (size < 1 || size > VULTR_ANSWER_SIZE)
        return 0;
    uint32_t length = (uint32_t)size - 1;
    memcpy(copy, bytes + 1, length);
    text_init(&why, words, sizeof words);
    switch (bytes[0] % 5) {
    case '0' % 5: try_page(length, &why); break;
    case '1' % 5:
        if (vultr_read_bandwidth(pool, copy, length, "2026-01-", &b, &why) == ERR_OK)
            FUZZ_CHECK(b.incoming_bytes <= INT64_MAX && b.outgoing_bytes <= INT64_MAX);
        break;
    case '2' % 5:
        vultr_read_error(pool, copy, length, 401, &why);
        FUZZ_CHECK(utf8_printable(words) && text_starts(words, "HTTP 401"));
        break;
    case '3' % 5: try_redirect((const char *)bytes + 1, length); break;
    default: try_checks((const char *)bytes + 1, length); break;
    }
    return 0;
}
