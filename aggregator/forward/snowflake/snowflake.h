/* SPDX-License-Identifier: MIT */
/* Snowflake's SQL API as a destination; see exporter.h for what that is. */
#ifndef NEPHOS_SNOWFLAKE_H
#define NEPHOS_SNOWFLAKE_H

#include "aggregator/forward/exporter.h"

extern const struct exporter exporter_snowflake;

/* --- connect.c: what every request to it needs. Pure --- */

#define SNOWFLAKE_SUBJECT_SIZE (2U * TARGET_WORD_SIZE)
/* "https://ACCOUNT.snowflakecomputing.com", or the address that the configuration says. */
void snowflake_put_host(struct text *out, const struct target *to);
/* "ACCOUNT.USER" in capitals, the account without region and cloud. */
void snowflake_subject(const struct target *to, char out[static SNOWFLAKE_SUBJECT_SIZE]);
/* Lines for text that is JSON, and for the kind of token that goes along. */
void snowflake_put_headers(struct text *out, const struct target *to);
/* A UUID of version 4 of these 128 bits. */
void snowflake_uuid(const uint64_t random[static 2], char out[static EXPORT_ID_SIZE]);

#endif
