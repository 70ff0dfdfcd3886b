/* SPDX-License-Identifier: MIT */
/* Names to addresses: the formats. Pure functions over bytes; dial.c does the asking.
 *
 * RFC 1035 and 3596: questions of type A and AAAA, and the answers to them, with aliases followed.
 * Nothing here trusts a length, a pointer or an order that a message claims. */
#ifndef NEPHOS_LINUX_DNS_H
#define NEPHOS_LINUX_DNS_H

#include "platform/base/base.h"

#define DNS_NAME_SIZE 254U       /* 253 characters and a terminator */
#define DNS_ADDRESSES_MAX 8U
#define DNS_SERVERS_MAX 3U
#define DNS_SEARCH_MAX 4U
#define DNS_QUESTION_SIZE_MAX 272U
#define DNS_ANSWER_SIZE_MAX 1232U

struct ip {
    uint8_t family;              /* 4 or 6 */
    uint8_t bytes[16];
};

enum dns_type { DNS_A = 1, DNS_CNAME = 5, DNS_AAAA = 28 };

/* "192.0.2.7" or "2001:db8::7". */
bool ip_parse(const char *text, struct ip *out);

/* Writes the question: its length; ERR_MALFORMED when `name` cannot be a host's name. */
int dns_put_question(uint8_t to[static DNS_QUESTION_SIZE_MAX], uint16_t id, const char *name,
                     enum dns_type type);

/* Reads the answer to that question: the number of addresses put into `out`, 0 when the name has none
 * of this type. ERR_MISSING: there is no such name. ERR_SYSTEM: the server says that it cannot.
 * ERR_MALFORMED: not an answer to this question; go on waiting. */
int dns_parse_answer(const uint8_t *bytes, uint32_t size, uint16_t id, const char *name,
                     enum dns_type type, struct ip *out, uint32_t out_max);

/* A line of /etc/hosts: true when it gives `name` the address `out`. */
bool dns_parse_hosts_line(const char *line, uint32_t length, const char *name, struct ip *out);

struct dns_config {
    struct ip servers[DNS_SERVERS_MAX];
    uint32_t server_count;
    char search[DNS_SEARCH_MAX][DNS_NAME_SIZE];
    uint32_t search_count;
};
/* /etc/resolv.conf; without a server in it, the one on this machine is asked. */
void dns_parse_config(const char *text, uint32_t length, struct dns_config *out);

/* The name to ask for on try `candidate`: single words go through the search list first, names with
 * dots are asked as they are. False when there are no more. */
bool dns_candidate(const struct dns_config *config, const char *host, uint32_t candidate,
                   char name[static DNS_NAME_SIZE]);

#endif
