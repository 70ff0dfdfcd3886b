/* SPDX-License-Identifier: MIT */
/* What Snowflake is told, in SQL: tables that are there, and rows by MERGE, so that a row that comes twice is
 * one row. Pure. Statements are bodies of the SQL API: JSON with values as bindings, all of them texts. */
#ifndef NEPHOS_SNOWFLAKE_STATEMENTS_H
#define NEPHOS_SNOWFLAKE_STATEMENTS_H

#include "aggregator/forward/exporter.h"

/* Makes the table for rows of that kind, unless it is there. */
void statement_put_table(struct text *out, const struct target *to, enum export_kind kind);
/* Rows for the items that the request carries. `asked_ms`: when it was first made; rows say so. */
void statement_put_rows(struct text *out, const struct target *to, const struct export_batch *b,
                        const struct export_request *r, int64_t asked_ms);
/* Nothing but a sign of life. */
void statement_put_test(struct text *out, const struct target *to);
/* Words of a model about a prompt. */
void statement_put_question(struct text *out, const struct target *to, const char *prompt);

#endif
