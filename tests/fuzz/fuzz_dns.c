/* SPDX-License-Identifier: MIT */
/* What a name server, /etc/hosts and /etc/resolv.conf may hold. First byte: which of them.
 *
 * An answer's question part is written over the bytes, so that the interesting rest is reached. */
#include "tests/fuzz/fuzz.h"

#include "platform/linux/dns.h"

static const char name[] = "aggregator.example.org";
#define ID 0x1234

static void check_answer(const uint8_t *bytes, size_t size, enum dns_type type)
{
    struct ip found[DNS_ADDRESSES_MAX];
    uint8_t question[DNS_QUESTION_SIZE_MAX];
    int length = dns_put_question(question, ID, name, type);
    FUZZ_CHECK(length > 12);
    uint8_t *exact = fuzz_exact(bytes, size);
    if (size >= (size_t)length) {
        memcpy(exact, question, 2);
        memcpy(exact + 12, question + 12, (size_t)length - 12);
    }
    int n = dns_parse_answer(exact, (uint32_t)size, ID, name, type, found, DNS_ADDRESSES_MAX);
    FUZZ_CHECK(n == ERR_MISSING || n == ERR_SYSTEM || n == ERR_MALFORMED ||
               (n >= 0 && n <= (int)DNS_ADDRESSES_MAX));
    for (int i = 0; i < n; i++)
        FUZZ_CHECK(found[i].family == (type == DNS_A ? 4 : 6));
    free(exact);
}

static void check_config(const uint8_t *bytes, size_t size)
{
    struct dns_config config;
    char candidate[DNS_NAME_SIZE];
    char *exact = fuzz_exact(bytes, size);
    dns_parse_config(exact, (uint32_t)size, &config);
    FUZZ_CHECK(config.server_count >= 1 && config.server_count <= DNS_SERVERS_MAX);
    FUZZ_CHECK(config.search_count <= DNS_SEARCH_MAX);
    uint32_t tries = 0;
    while (dns_candidate(&config, "web", tries, candidate)) {
        FUZZ_CHECK(memchr(candidate, 0, sizeof candidate) != NULL);
        FUZZ_CHECK(++tries <= DNS_SEARCH_MAX + 1);
    }
    free(exact);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size < 1)
        return 0;
    char kind = (char)bytes[0];
    bytes++;
    size--;
    if (kind == '4' || kind == '6') {
        check_answer(bytes, size, kind == '4' ? DNS_A : DNS_AAAA);
    } else if (kind == 'h') {
        struct ip found;
        char *exact = fuzz_exact(bytes, size);
        (void)dns_parse_hosts_line(exact, (uint32_t)size, name, &found);
        free(exact);
    } else if (kind == 'c') {
        check_config(bytes, size);
    } else {
        struct ip found;
        uint8_t question[DNS_QUESTION_SIZE_MAX];
        char *text = fuzz_text(bytes, size);
        (void)ip_parse(text, &found);
        FUZZ_CHECK(dns_put_question(question, ID, text, DNS_A) <= (int)sizeof question);
        free(text);
    }
    return 0;
}
