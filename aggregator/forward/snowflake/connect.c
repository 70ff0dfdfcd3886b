/* SPDX-License-Identifier: MIT */
/* Address, headers and names that every request to Snowflake has in common. */
#include <string.h>

#include "aggregator/forward/snowflake/snowflake.h"

void snowflake_put_host(struct text *out, const struct target *to)
{
    if (to->url[0] != '\0') {
        size_t length = strlen(to->url);
        while (length > 0 && to->url[length - 1] == '/')
            length--;
        text_put_n(out, to->url, (uint32_t)length);
        return;
    }
    text_put(out, "https://");
    for (const char *at = to->account; *at != '\0'; at++) /* no name of a host has an underscore */
        text_put_char(out, *at == '_' ? '-' : *at);
    text_put(out, ".snowflakecomputing.com");
}

static void put_capitals(struct text *out, const char *word, size_t length)
{
    for (size_t i = 0; i < length; i++)
        text_put_char(out, word[i] >= 'a' && word[i] <= 'z' ? (char)(word[i] - 32) : word[i]);
}

void snowflake_subject(const struct target *to, char out[static SNOWFLAKE_SUBJECT_SIZE])
{
    struct text words;
    text_init(&words, out, SNOWFLAKE_SUBJECT_SIZE);
    put_capitals(&words, to->account, strcspn(to->account, "."));
    text_put_char(&words, '.');
    put_capitals(&words, to->user, strlen(to->user));
}

void snowflake_put_headers(struct text *out, const struct target *to)
{
    text_put(out, "Content-Type: application/json\nAccept: application/json\n");
    text_put(out, to->headers);
    if (to->key[0] != '\0')
        text_put(out, "X-Snowflake-Authorization-Token-Type: KEYPAIR_JWT\n");
    else
        text_printf(out, "Authorization: Bearer %s\n", to->token); /* whose kind Snowflake sees itself */
}

void snowflake_uuid(const uint64_t random[static 2], char out[static EXPORT_ID_SIZE])
{
    struct text words;
    unsigned long long a = random[0], b = random[1];
    text_init(&words, out, EXPORT_ID_SIZE);
    text_printf(&words, "%08llx-%04llx-4%03llx-%04llx-%012llx", a >> 32, a >> 16 & 0xffff, a & 0xfff,
                (b >> 48 & 0x3fff) | 0x8000, b & 0xffffffffffff);
}
