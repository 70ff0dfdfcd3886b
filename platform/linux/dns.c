/* SPDX-License-Identifier: MIT */
/* The formats of DNS messages, /etc/hosts and /etc/resolv.conf; see dns.h. */
#include "platform/linux/dns.h"

#include <arpa/inet.h>
#include <string.h>

#include "platform/base/text.h"

#define HEADER_SIZE 12U
#define LABEL_MAX 63U
#define CLASS_IN 1U
#define RCODE_NAME_ERROR 3U

static uint32_t get_u16_be(const uint8_t *at)
{
    return (uint32_t)at[0] << 8 | at[1];
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool same_name(const char *a, const char *b)
{
    while (*a != '\0' && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return *a == *b;
}

bool ip_parse(const char *text, struct ip *out)
{
    *out = (struct ip){.family = 4};
    if (inet_pton(AF_INET, text, out->bytes) == 1)
        return true;
    out->family = 6;
    return inet_pton(AF_INET6, text, out->bytes) == 1;
}

/* --- question --- */

/* "a.example." as length-prefixed labels; returns the bytes written, or 0. */
static uint32_t put_name(uint8_t *to, const char *name)
{
    uint32_t at = 0;
    while (*name != '\0') {
        const char *dot = strchr(name, '.');
        size_t length = dot != NULL ? (size_t)(dot - name) : strlen(name);
        if (length == 0 || length > LABEL_MAX || at + length + 2 > 255)
            return 0;
        to[at++] = (uint8_t)length;
        memcpy(to + at, name, length);
        at += (uint32_t)length;
        name += length + (dot != NULL ? 1 : 0);
    }
    if (at == 0)
        return 0;
    to[at++] = 0;
    return at;
}

int dns_put_question(uint8_t to[static DNS_QUESTION_SIZE_MAX], uint16_t id, const char *name,
                     enum dns_type type)
{
    /* Flags: recursion desired. Counts: one question. */
    const uint8_t header[HEADER_SIZE] = {(uint8_t)(id >> 8), (uint8_t)id, 1, 0, 0, 1};
    memcpy(to, header, sizeof header);
    uint32_t at = HEADER_SIZE;
    uint32_t n = put_name(to + at, name);
    if (n == 0)
        return ERR_MALFORMED;
    at += n;
    const uint8_t tail[4] = {0, (uint8_t)type, 0, CLASS_IN};
    memcpy(to + at, tail, sizeof tail);
    return (int)(at + sizeof tail);
}

/* --- answer --- */

/* Expands the name at `at`: returns the offset behind it, or 0. Pointers must go backwards, each to
 * before the one that was followed last, so this ends. */
static uint32_t take_name(const uint8_t *bytes, uint32_t size, uint32_t at,
                          char to[static DNS_NAME_SIZE])
{
    uint32_t length = 0, behind = 0, limit = at;
    for (;;) {
        if (at >= size)
            return 0;
        uint32_t n = bytes[at];
        if (n == 0)
            break;
        if (n >= 0xc0) {
            if (at + 1 >= size)
                return 0;
            uint32_t target = (n & 0x3f) << 8 | bytes[at + 1];
            if (behind == 0)
                behind = at + 2;
            if (target >= limit)
                return 0;
            limit = at = target;
            continue;
        }
        if (n > LABEL_MAX || n >= size - at || length + n + 2 > DNS_NAME_SIZE)
            return 0;
        if (length > 0)
            to[length++] = '.';
        for (uint32_t i = 0; i < n; i++) {
            if (bytes[at + 1 + i] == 0)
                return 0;
            to[length++] = (char)bytes[at + 1 + i];
        }
        at += 1 + n;
    }
    to[length] = '\0';
    return behind != 0 ? behind : at + 1;
}

static uint32_t skip_name(const uint8_t *bytes, uint32_t size, uint32_t at)
{
    while (at < size) {
        uint32_t n = bytes[at];
        if (n == 0)
            return at + 1;
        if (n >= 0xc0)
            return at + 2 <= size ? at + 2 : 0;
        if (n > LABEL_MAX)
            return 0;
        at += 1 + n;
    }
    return 0;
}

/* The header and the one question; returns the offset of the first answer, or 0. */
static uint32_t check_question(const uint8_t *bytes, uint32_t size, uint16_t id, const char *name,
                               enum dns_type type)
{
    char asked[DNS_NAME_SIZE];
    if (size < HEADER_SIZE || get_u16_be(bytes) != id || (bytes[2] & 0xf8) != 0x80 ||
        get_u16_be(bytes + 4) != 1)
        return 0;
    uint32_t at = take_name(bytes, size, HEADER_SIZE, asked);
    if (at == 0 || size - at < 4 || !same_name(asked, name))
        return 0;
    if (get_u16_be(bytes + at) != (uint32_t)type || get_u16_be(bytes + at + 2) != CLASS_IN)
        return 0;
    return at + 4;
}

static bool add_address(const uint8_t *data, uint32_t length, enum dns_type type, struct ip *out)
{
    if (length != (type == DNS_A ? 4U : 16U))
        return false;
    *out = (struct ip){.family = type == DNS_A ? 4 : 6};
    memcpy(out->bytes, data, length);
    return true;
}

int dns_parse_answer(const uint8_t *bytes, uint32_t size, uint16_t id, const char *name,
                     enum dns_type type, struct ip *out, uint32_t out_max)
{
    uint32_t at = check_question(bytes, size, id, name, type);
    if (at == 0)
        return ERR_MALFORMED;
    uint32_t rcode = bytes[3] & 0x0f;
    if (rcode == RCODE_NAME_ERROR)
        return ERR_MISSING;
    if (rcode != 0)
        return ERR_SYSTEM;

    char wanted[DNS_NAME_SIZE], owner[DNS_NAME_SIZE];
    text_copy(wanted, sizeof wanted, name);
    uint32_t found = 0;
    /* Stops without complaint where the message ends early: what came before was whole. */
    for (uint32_t left = get_u16_be(bytes + 6); left > 0 && found < out_max; left--) {
        uint32_t fixed = take_name(bytes, size, at, owner);
        if (fixed == 0 || size - fixed < 10)
            break;
        uint32_t record_type = get_u16_be(bytes + fixed);
        uint32_t length = get_u16_be(bytes + fixed + 8);
        uint32_t data = fixed + 10;
        if (length > size - data)
            break;
        at = data + length;
        if (get_u16_be(bytes + fixed + 2) != CLASS_IN || !same_name(owner, wanted))
            continue;
        if (record_type == DNS_CNAME && skip_name(bytes, size, data) == at) {
            if (take_name(bytes, size, data, wanted) == 0)
                break;
        } else if (record_type == (uint32_t)type &&
                   add_address(bytes + data, length, type, &out[found])) {
            found++;
        }
    }
    return (int)found;
}

/* --- files --- */

/* The next word of a line, up to a comment: its length, 0 at the end. */
static uint32_t take_word(const char **at, const char *end, const char **word)
{
    const char *s = *at;
    while (s < end && (*s == ' ' || *s == '\t' || *s == '\r'))
        s++;
    *word = s;
    while (s < end && *s != ' ' && *s != '\t' && *s != '\r' && *s != '#' && *s != ';' && *s != '\0')
        s++;
    *at = s;
    return (uint32_t)(s - *word);
}

static bool copy_word(char *to, uint32_t to_size, const char *word, uint32_t length)
{
    if (length >= to_size)
        return false;
    memcpy(to, word, length);
    to[length] = '\0';
    return true;
}

bool dns_parse_hosts_line(const char *line, uint32_t length, const char *name, struct ip *out)
{
    const char *at = line, *end = line + length, *word;
    char text[DNS_NAME_SIZE];
    uint32_t n = take_word(&at, end, &word);
    if (n == 0 || !copy_word(text, sizeof text, word, n) || !ip_parse(text, out))
        return false;
    while ((n = take_word(&at, end, &word)) > 0) {
        if (copy_word(text, sizeof text, word, n) && same_name(text, name))
            return true;
    }
    return false;
}

static void parse_config_line(const char *line, const char *end, struct dns_config *out)
{
    const char *at = line, *word;
    char text[DNS_NAME_SIZE];
    uint32_t n = take_word(&at, end, &word);
    if (n == 0 || !copy_word(text, sizeof text, word, n))
        return;
    if (text_equal(text, "nameserver")) {
        n = take_word(&at, end, &word);
        if (out->server_count < DNS_SERVERS_MAX && n > 0 && copy_word(text, sizeof text, word, n) &&
            ip_parse(text, &out->servers[out->server_count]))
            out->server_count++;
    } else if (text_equal(text, "search") || text_equal(text, "domain")) {
        out->search_count = 0; /* the last line counts */
        while (out->search_count < DNS_SEARCH_MAX && (n = take_word(&at, end, &word)) > 0) {
            if (copy_word(out->search[out->search_count], DNS_NAME_SIZE, word, n))
                out->search_count++;
        }
    }
}

void dns_parse_config(const char *text, uint32_t length, struct dns_config *out)
{
    const char *at = text, *end = text + length;
    *out = (struct dns_config){0};
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        const char *line_end = newline != NULL ? newline : end;
        parse_config_line(at, line_end, out);
        at = newline != NULL ? newline + 1 : end;
    }
    if (out->server_count == 0) {
        ip_parse("127.0.0.1", &out->servers[0]);
        out->server_count = 1;
    }
}

bool dns_candidate(const struct dns_config *config, const char *host, uint32_t candidate,
                   char name[static DNS_NAME_SIZE])
{
    struct text t;
    text_init(&t, name, DNS_NAME_SIZE);
    text_put(&t, host);
    uint32_t searched = strchr(host, '.') == NULL ? config->search_count : 0;
    if (candidate < searched) {
        text_put_char(&t, '.');
        text_put(&t, config->search[candidate]);
    }
    /* A final dot says "as it is" and is not sent. */
    if (t.length > 0 && name[t.length - 1] == '.')
        name[--t.length] = '\0';
    return candidate <= searched;
}
